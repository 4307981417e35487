"""Notes of one encounter: pooled evidence, order in time, copied text, contradictions between writers."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from notelint import Linter, Note
from notelint.report import NoteReport


def encounter(linter: Linter, *notes: dict[str, Any], code: str = "M46.46", setting: str = "inpatient") -> dict[str, NoteReport]:
    made = [Note(codes=(code,), setting=setting, encounter="e", **note) for note in notes]  # type: ignore[arg-type]
    return {str(report.id): report for report in linter.check_all(made)}


def elements(report: NoteReport) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {element.element: (element.status, element.documents) for element in report.assessments[0].elements}


def rules(report: NoteReport, *categories: str) -> Sequence[str]:
    return [d.rule for d in report.diagnostics if not categories or d.rule.partition("/")[0] in categories]


FIRST = {
    "id": "first",
    "text": "Assessment: discitis at L4-L5, on intravenous cefazolin since this morning.",
    "date_of_service": date(2026, 5, 3),
}


def test_what_one_document_holds_is_no_gap_in_another_and_is_named(linter: Linter) -> None:
    told = encounter(linter, FIRST, {"id": "labs", "text": "CRP 88 mg/L. Blood cultures: no growth.", "date_of_service": date(2026, 5, 3)})
    assert elements(told["first"])["inflammatory-markers"] == ("met", ("labs",))
    assert elements(told["labs"])["diagnosis"] == ("met", ("first",))
    assert elements(told["labs"])["region"] == ("met", ("first",))
    assert rules(told["first"], "support", "site", "note") == []


@pytest.mark.parametrize("turned", [False, True])
def test_a_later_word_takes_the_place_of_an_earlier_one(linter: Linter, turned: bool) -> None:
    later = {"id": "later", "text": "Assessment: discitis ruled out by MRI.", "date_of_service": date(2026, 5, 6)}
    told = encounter(linter, *((later, FIRST) if turned else (FIRST, later)))
    assert elements(told["first"])["diagnosis"] == ("conflict", ("later",))
    assert rules(told["first"], "support", "note") == ["support/diagnosis-negated"]
    assert "(in later)" in next(d.message for d in told["first"].diagnostics if d.rule == "support/diagnosis-negated")
    assert told["first"].assessments[0].decision == "unsupported"


def test_without_dates_the_order_given_is_the_order_of_time(linter: Linter) -> None:
    plain = {"id": "first", "text": FIRST["text"]}
    told = encounter(linter, {"id": "before", "text": "Assessment: no discitis."}, plain)
    assert elements(told["before"])["diagnosis"] == ("met", ("first",))
    assert elements(told["first"])["diagnosis"] == ("met", ())


def test_a_suspicion_that_is_confirmed_later_is_none(linter: Linter) -> None:
    told = encounter(linter, {"id": "ed", "text": "Impression: possible discitis.", "date_of_service": date(2026, 5, 1)}, FIRST)
    assert elements(told["ed"])["diagnosis"] == ("met", ("first",))
    assert rules(told["ed"], "support") == []


def test_two_writers_who_say_the_opposite_contradict_each_other(linter: Linter) -> None:
    consult = {
        "id": "consult", "text": "Assessment: no discitis, the endplate changes are degenerative.", "date_of_service": date(2026, 5, 4),
        "note_type": "neurosurgery consult",
    }  # fmt: skip
    told = encounter(linter, {**FIRST, "note_type": "progress note"}, consult)
    assert rules(told["first"], "support", "note") == ["note/contradiction"]
    assert rules(told["consult"], "support", "note") == ["support/diagnosis-negated", "note/contradiction"]
    assert next(d.message for d in told["first"].diagnostics if d.rule == "note/contradiction") == (
        "discitis: stated here and denied there (in consult)"
    )
    # Authors outrank types of notes: one person may write both.
    same = encounter(linter, {**FIRST, "note_type": "progress note", "author": "A"}, {**consult, "author": "a"})
    assert rules(same["first"], "support", "note") == ["support/diagnosis-negated"]


def test_a_result_for_life_that_differs_between_documents_is_a_contradiction(linter: Linter) -> None:
    told = encounter(
        linter,
        {"id": "letter", "text": "Assessment: ankylosing spondylitis, lumbar spine. HLA-B27 positive."},
        {"id": "labs", "text": "HLA-B27: negative."},
        code="M45.6",
    )
    assert [d.message for d in told["labs"].diagnostics if d.rule == "note/contradiction"] == [
        "HLA-B27: negative here and positive there (in letter)"
    ]


def test_copied_text_is_marked_and_never_counts_twice(linter: Linter) -> None:
    copy = {"id": "copy", "text": f"{FIRST['text']} Sleeping better.", "date_of_service": date(2026, 5, 5)}
    ruled_out = {"id": "between", "text": "Assessment: discitis ruled out.", "date_of_service": date(2026, 5, 4)}
    told = encounter(linter, FIRST, ruled_out, copy)
    assert {f.attributes.get("copied-from") for f in told["copy"].findings} == {"first"}
    # What was copied is as old as its original: the denial in between stands.
    assert elements(told["copy"])["diagnosis"] == ("conflict", ("between",))
    alone = encounter(linter, FIRST, copy)
    assert elements(alone["copy"])["diagnosis"] == ("met", ("first",))
    assert elements(alone["first"])["diagnosis"] == ("met", ())


def test_short_sentences_are_copied_only_in_company(linter: Linter) -> None:
    told = encounter(
        linter,
        {
            "id": "one",
            "text": "Discitis at L4-L5 as seen on the MRI of Monday. Blood cultures negative.",
            "date_of_service": date(2026, 5, 3),
        },
        {
            "id": "two",
            "text": "Discitis at L4-L5 as seen on the MRI of Monday. Blood cultures negative.",
            "date_of_service": date(2026, 5, 4),
        },
        {"id": "three", "text": "Walks well today. Blood cultures negative.", "date_of_service": date(2026, 5, 5)},
    )
    assert {f.attributes.get("copied-from") for f in told["two"].findings} == {"one"}
    assert [f.attributes.get("copied-from") for f in told["three"].findings if f.concept == "blood-culture"] == [None]


def test_other_encounters_are_not_pooled(linter: Linter) -> None:
    notes = [
        Note("Assessment: discitis at L4-L5.", id="a", codes=("M46.46",), encounter="1"),
        Note("CRP 88 mg/L.", id="b", codes=("M46.46",), encounter="2"),
        Note("CRP 88 mg/L.", id="c", codes=("M46.46",)),
    ]
    told = {report.id: elements(report) for report in linter.check_all(notes)}
    assert told["a"]["inflammatory-markers"] == ("missing", ())
    assert told["b"]["diagnosis"] == ("missing", ())
    assert told["c"]["diagnosis"] == ("missing", ())
