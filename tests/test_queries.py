"""Queries: what is drafted passes the checker, what people write is judged by the rules, and the record keeps what was asked."""

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from notelint import Linter, Note
from notelint import library as library_
from notelint.cli import app
from notelint.compliance import Checker
from notelint.drafting import Drafter
from notelint.errors import PackError
from notelint.library import read_cases
from notelint.packs import Asking
from notelint.query import Person, Query
from notelint.render import query as sheets
from notelint.render.fhir import as_bundle
from notelint.report import Diagnostic

ROOT = Path(__file__).parent.parent
SEEN = date(2026, 6, 20)
ASKED, ASKS = Person(name="A. Attending", credential="MD"), Person(name="C. Specialist", credential="CCS", contact="ext. 12")


@pytest.fixture(scope="module")
def asking() -> Asking:
    return library_.load_asking()


@pytest.fixture(scope="module")
def drafter(linter: Linter, asking: Asking) -> Drafter:
    codeset, _ = linter.codesets.on(None)
    return Drafter(linter.library, asking, codeset, patterns=library_.fingerprint())


@pytest.fixture(scope="module")
def checker(linter: Linter) -> Checker:
    return Checker(linter, library_.load_wordings())


def drafts(linter: Linter, drafter: Drafter, *notes: Note) -> list[Query]:
    """The queries of one encounter, addressed."""
    queries, _ = drafter.draft(list(linter.check_pairs(notes)))
    return [query.model_copy(update={"recipient": ASKED, "author": ASKS, "written": notes[-1].date_of_service}) for query in queries]


def rules(diagnostics: tuple[Diagnostic, ...]) -> set[str]:
    """The names of the rules, without their category."""
    return {diagnostic.rule.removeprefix("query/") for diagnostic in diagnostics}


# ---------------------------------------------------------------------------------------------------- drafting


DISC = Note(
    id="progress-1103", codes=("M46.47",), setting="inpatient", date_of_service=date(2026, 11, 3), note_type="progress note", author="A. Attending, MD",
    text=(
        "PROGRESS NOTE 11/03/2026\nTemp 38.4 on 11/02/2026.\n\nLABS 11/02/2026: CRP 148 mg/L (ref <5). ESR 92 mm/h. Blood cultures: MSSA in 2 of 2 sets.\n\n"
        "IMAGING: MRI lumbar spine 11/02/2026: T2 hyperintensity of the L5-S1 disc with endplate erosion. No epidural abscess.\n\n"
        "ASSESSMENT: Discitis L5-S1, on IV cefazolin.\n"
    ),
)  # fmt: skip
REGION = Note(
    id="clinic-0410", codes=("M45.9",), setting="outpatient", date_of_service=date(2026, 4, 10), note_type="rheumatology note",
    text=(
        "HPI: Neck and low back stiffness of 90 minutes each morning.\n\nIMAGING: XR cervical spine 03/28/2026: bridging syndesmophytes C4-C6. "
        "XR lumbar spine 03/28/2026: syndesmophytes L1-L3.\n\nASSESSMENT: Ankylosing spondylitis, active.\n"
    ),
)  # fmt: skip
DEVICE = Note(
    id="consult-0615", codes=("M46.26",), setting="inpatient", date_of_service=date(2026, 6, 15), note_type="consult note",
    text=(
        "HISTORY: Posterior fusion L4-L5 with pedicle screws on 05/20/2026. Wound drainage since 06/13/2026.\n\nIMAGING: CT 06/14/2026: lucency around the L5 screws.\n\n"
        "ASSESSMENT: Vertebral osteomyelitis L4-L5, possible hardware infection.\n"
    ),
)  # fmt: skip


def test_a_disc_of_which_the_nature_is_open(linter: Linter, drafter: Drafter, checker: Checker) -> None:
    query = next(query for query in drafts(linter, drafter, DISC) if query.matter == "structure-of-discitis")
    assert query.title == "Disc process: clarification"
    assert query.form == "multiple-choice"
    assert [option.label for option in query.options] == [
        "Bacterial infection of the disc", "Bacterial infection of the disc with osteomyelitis of the vertebra", "Not infectious",
    ]  # fmt: skip
    assert all(option.supported_by for option in query.options)
    assert "“Discitis”" in query.stem
    for indicator in query.indicators:
        assert DISC.text[indicator.start : indicator.end] == indicator.text
        assert indicator.date is not None
    assert {indicator.polarity for indicator in query.indicators} >= {"for", "neutral"}
    assert checker.check_query(query, {"progress-1103": DISC}) == ()


def test_a_region_is_offered_where_an_image_shows_it(linter: Linter, drafter: Drafter, checker: Checker) -> None:
    (query,) = drafts(linter, drafter, REGION)
    assert (query.matter, query.reason, query.title) == ("region", "specificity", "Spinal region: clarification")
    assert [option.label for option in query.options] == ["Cervical region", "Lumbar region"]
    assert checker.check_query(query, {"clinic-0410": REGION}) == ()


def test_a_device_may_be_the_cause(linter: Linter, drafter: Drafter, checker: Checker) -> None:
    query = next(query for query in drafts(linter, drafter, DEVICE) if query.matter == "infection-source")
    assert query.reason == "cause-effect"
    assert "Due to a fixation device of the spine" in [option.label for option in query.options]
    assert "osteomyelitis" not in query.title.lower()
    assert checker.check_query(query, {"consult-0615": DEVICE}) == ()


def test_words_wider_than_the_code_are_asked_about_as_they_stand(linter: Linter, drafter: Drafter, checker: Checker) -> None:
    text = (
        "Rheumatology follow-up 09/14/2026\n33-year-old woman on adalimumab. HLA-B27 positive. X-ray SI joints 2023: no sacroiliitis.\n"
        "A/P: axial SpA, doing well, continue adalimumab.\n"
    )
    note = Note(id="n1", codes=("M45.7",), text=text)
    (query,) = drafts(linter, drafter, note)
    assert (query.matter, query.reason) == ("radiographic-status", "specificity")
    assert "“axial SpA”" in query.stem
    assert [option.label for option in query.options] == ["Non-radiographic", "Radiographic"]
    # An image has its own date, all else that of the head of the note.
    assert [(indicator.text, indicator.date) for indicator in query.indicators] == [
        ("A/P: axial SpA, doing well, continue adalimumab.", "2026-09-14"),
        ("X-ray SI joints 2023: no sacroiliitis.", "2023"),
    ]
    assert checker.check_query(query, {"n1": note}) == ()


def test_an_infection_of_a_level_is_asked_for_its_structure(linter: Linter, drafter: Drafter) -> None:
    text = "Date: 11/02/2026\nDOB: 01/02/1960\nMRI 10/24/2026: L5-S1 disc edema.\nASSESSMENT: L5-S1 infection, on cefazolin."
    queries = drafts(linter, drafter, Note(id="n1", codes=("M46.57",), text=text))
    (query,) = (query for query in queries if query.matter == "structure")
    assert {indicator.date for indicator in query.indicators} == {"2026-11-02", "2026-10-24"}


@pytest.mark.parametrize(
    ("head", "day"),
    [
        ("DOS: 3/4/2026", "2026-03-04"),
        ("** Date of service ** March 4, 2026", "2026-03-04"),
        ("Progress note 2026-03-04", "2026-03-04"),
        ("Date of birth: 3/4/1960", None),
        ("Up to date with vaccines 3/4/2026", None),
        ("Date: March 2026", None),
    ],
)
def test_the_date_of_a_note_is_read_from_its_head(linter: Linter, drafter: Drafter, head: str, day: str | None) -> None:
    (document,) = drafter.documents(list(linter.check_pairs([Note(id="n1", text=f"{head}\nASSESSMENT: Discitis L4-5.")])))
    assert document.day == day


def test_what_is_negative_or_pending_supports_no_infection(linter: Linter, drafter: Drafter) -> None:
    text = (
        "LABS 11/02/2026: CRP 148 mg/L (ref <5).\nOld tuberculosis, treated in 1974; blood cultures negative. The culture of the aspirate is pending.\n\n"
        "ASSESSMENT: Discitis L4-L5 and L5-S1, on IV cefazolin.\n"
    )
    query = next(q for q in drafts(linter, drafter, replace(DISC, codes=("M46.47",), text=text)) if q.matter == "structure-of-discitis")
    quoted = {indicator.id: (indicator.text, indicator.date) for indicator in query.indicators}
    # The year is that of the tuberculosis, not of the cultures.
    negative = ("Old tuberculosis, treated in 1974; blood cultures negative.", "2026-11-02")
    assert {option.label: [quoted[name] for name in option.supported_by] for option in query.options} == {
        "Bacterial infection of the disc": [
            ("LABS 11/02/2026: CRP 148 mg/L (ref <5).", "2026-11-02"), ("ASSESSMENT: Discitis L4-L5 and L5-S1, on IV cefazolin.", "2026-11-03"),
        ],
        "Not infectious": [negative],
    }  # fmt: skip


def test_a_question_without_choices_has_no_box_to_write_in(linter: Linter, drafter: Drafter) -> None:
    note = Note(id="n1", codes=("M46.46",), date_of_service=SEEN, text="HPI: Fever, back pain. CRP 180 mg/L. MRI: L4-5 disc edema.\n")
    (query,) = drafts(linter, drafter, note)
    assert query.form == "open"
    assert [line.strip()[:11] for line in sheets.as_text(query) if "____" in line or "[ ]" in line][-2:] == [
        "Answer: ___",
        "[ ] Unable t"[:11],
    ]


def test_nothing_is_asked_where_nothing_is_open(linter: Linter, drafter: Drafter) -> None:
    note = Note(
        id="n1", codes=("M45.6",), date_of_service=SEEN,
        text="ASSESSMENT: Ankylosing spondylitis of the lumbar spine, HLA-B27 positive, CRP 2 mg/L, on adalimumab.",
    )  # fmt: skip
    queries, nothing = drafter.draft(list(linter.check_pairs([note])))
    assert queries == ()
    assert nothing == (("n1", "nothing is open that changes a code"),)


def test_a_doubt_is_asked_as_a_doubt(linter: Linter, drafter: Drafter) -> None:
    note = Note(
        id="n1", codes=("M46.46",), setting="outpatient", date_of_service=SEEN, text="ASSESSMENT: Possible discitis at L4-L5. CRP 80 mg/L."
    )
    (query,) = drafts(linter, drafter, note)
    assert (query.matter, [option.label for option in query.options]) == (
        "status", ["Confirmed", "Ruled out", "Still suspected and under evaluation"],
    )  # fmt: skip


def test_what_is_stated_and_denied_is_asked_as_a_conflict(linter: Linter, drafter: Drafter, checker: Checker) -> None:
    text = "ASSESSMENT: Discitis L4-L5, not infectious.\n\nADDENDUM: There is no discitis, the changes are degenerative."
    (query,) = (
        q for q in drafts(linter, drafter, Note(id="n1", codes=("M46.46",), date_of_service=SEEN, text=text)) if q.matter == "conflict"
    )
    quoted = {indicator.id: indicator.text for indicator in query.indicators}
    assert [(option.label, [quoted[name] for name in option.supported_by]) for option in query.options] == [
        ("The condition is present", ["ASSESSMENT: Discitis L4-L5, not infectious."]),
        ("The condition was ruled out", ["ADDENDUM: There is no discitis, the changes are degenerative."]),
    ]
    assert checker.check_query(query) == ()


def test_what_radiology_denies_is_a_question_of_validity(linter: Linter, drafter: Drafter) -> None:
    text = "IMAGING: MRI lumbar spine 06/18/2026 (radiology): no discitis or osteomyelitis.\n\nASSESSMENT: Vertebral osteomyelitis of L3, on cefazolin."
    (query,) = (
        q for q in drafts(linter, drafter, Note(id="n1", codes=("M46.26",), date_of_service=SEEN, text=text)) if q.matter == "validity"
    )
    assert query.reason == "clinical-validity"
    assert [option.label for option in query.options] == ["Confirmed", "Ruled out"]
    assert [i.text for i in query.indicators if i.polarity == "against"] == [
        "IMAGING: MRI lumbar spine 06/18/2026 (radiology): no discitis or osteomyelitis."
    ]


def test_an_organism_of_the_laboratory_is_asked_about_by_yes_and_no(linter: Linter, drafter: Drafter, checker: Checker) -> None:
    text = "MICROBIOLOGY: Blood cultures 06/18/2026: MSSA in 2 of 2 sets.\n\nASSESSMENT: Vertebral osteomyelitis of L3, on cefazolin."
    note = Note(id="n1", codes=("M46.26",), date_of_service=SEEN, text=text)
    (query,) = (q for q in drafts(linter, drafter, note) if q.matter == "organism-link")
    assert (query.form, [option.label for option in query.options]) == ("yes-no", ["Yes", "No"])
    assert query.stem == "Is the infection documented as “Vertebral osteomyelitis” due to the organism reported as “MSSA”?"
    assert checker.check_query(query, {"n1": note}) == ()
    told = note.text.replace("osteomyelitis of L3", "osteomyelitis of L3 due to MSSA")
    assert all(
        q.matter != "organism-link" for q in drafts(linter, drafter, Note(id="n1", codes=("M46.26",), date_of_service=SEEN, text=told))
    )


def test_documents_of_one_encounter_are_quoted_together(linter: Linter, drafter: Drafter) -> None:
    image = Note(
        id="mri", encounter="e1", note_type="radiology report", date_of_service=date(2026, 6, 18), codes=("M46.40",),
        text="FINDINGS: Enhancement of the L2-L3 disc with endplate erosion.\nIMPRESSION: Findings of discitis L2-L3.",
    )  # fmt: skip
    note = Note(
        id="hp", encounter="e1", note_type="H&P", date_of_service=SEEN, codes=("M46.40",), text="ASSESSMENT: Discitis.\nPLAN: cultures."
    )
    queries = drafts(linter, drafter, image, note)
    (query,) = [query for query in queries if query.matter == "structure-of-discitis"]
    assert {(indicator.document, indicator.author) for indicator in query.indicators} == {("mri", "radiology"), ("hp", "provider")}
    assert query.encounter == "e1"


CASES = [(name, case) for name, (_, cases) in read_cases().items() for case in cases if case.code and not case.look_alike]


def test_each_element_and_each_route_can_be_asked_about(linter: Linter, drafter: Drafter, checker: Checker, asking: Asking) -> None:
    elements: set[tuple[str, str]] = set()
    routes: set[tuple[str, str]] = set()
    faults: list[object] = []
    for _, case in CASES:
        note = Note(
            case.text,
            id="n1",
            codes=(*case.before, str(case.code), *case.codes),
            setting=case.setting,
            note_type=case.note_type,
            date_of_service=SEEN,
        )
        read = list(linter.check_pairs([note]))
        documents = drafter.documents(read)
        for assessment in read[0][1].assessments:
            nearest = linter.codesets.on(None)[0].nearest(assessment.code)
            family = linter.library.family_of(nearest.code) if nearest else None
            if family is None:
                continue
            matters = []
            for assessed in assessment.elements:
                question = asking.of_element(assessed.element, family.family)
                if assessed.level != "recommended" and question is not None:
                    elements.add((family.family, assessed.element))
                    matters += list(drafter.of_code(documents, 0, assessment, family))
            for alternative in assessment.alternatives:
                if alternative.route and alternative.evidence:
                    routes.add((family.family, alternative.route))
                    matters.append(drafter.of_route(documents, 0, family, alternative))
            for matter in matters:
                query = drafter.build(documents, matter).model_copy(update={"recipient": ASKED, "author": ASKS})
                found = checker.check_query(query, {"n1": note})
                if found:
                    faults.append((family.family, query.title, query.stem, [(d.rule, d.message) for d in found]))
    assert faults == []
    for family in linter.library.families:
        asked = {e.id for e in family.elements if e.level != "recommended" or e.required_if}
        assert {e for f, e in elements if f == family.family} >= asked - {"diagnosis"}, family.family
        assert all(asking.of_element(e, family.family) for e in asked), family.family
    # A route that families share has its case in one of them.
    assert {route for _, route in routes} == {route.id for family in linter.library.families for route in family.routes}


# ---------------------------------------------------------------------------------------------------- shapes


@pytest.fixture(scope="module")
def query(linter: Linter, drafter: Drafter) -> Query:
    return next(query for query in drafts(linter, drafter, DISC) if query.matter == "structure-of-discitis")


def test_every_shape_can_be_read_again_without_a_fault(checker: Checker, query: Query, tmp_path: Path) -> None:
    from notelint.inputs import read_queries
    from notelint.render.word import as_docx

    (tmp_path / "q.txt").write_text("\n".join(sheets.as_text(query)), encoding="utf-8")
    (tmp_path / "q.md").write_text("\n".join(sheets.as_markdown(query)), encoding="utf-8")
    (tmp_path / "q.json").write_text(query.model_dump_json(by_alias=True), encoding="utf-8")
    (tmp_path / "q.docx").write_bytes(as_docx([query]))
    failures: list[object] = []
    read = dict(read_queries([str(tmp_path / f"q.{kind}") for kind in ("txt", "md", "json", "docx")], failures))  # type: ignore[arg-type]
    assert failures == []
    assert read.pop(str(tmp_path / "q.json")) == query
    for name, text in read.items():
        assert isinstance(text, str)
        assert checker.check_text(text) == (), name


def test_text_keeps_to_eighty_columns(query: Query) -> None:
    lines = list(sheets.as_text(query))
    assert max(map(len, lines)) <= 80
    assert lines[:2] == ["Disc process: clarification", f"Query {query.id}, draft"]
    assert "  [ ] Unable to determine" in lines


def test_html_holds_nothing_from_outside(query: Query) -> None:
    page = sheets.as_html([query, query.model_copy(update={"title": "A <b>title</b>"})])
    assert "http" not in page
    assert "<script" not in page
    assert "A &lt;b&gt;title&lt;/b&gt;" in page


def test_fhir_is_valid(query: Query) -> None:
    bundle_of = pytest.importorskip("fhir.resources.R4B.bundle").Bundle
    for state in ("draft", "released", "answered"):
        made = as_bundle([query.model_copy(update={"status": state})])
        bundle_of.model_validate(made)
        kinds = [entry["resource"]["resourceType"] for entry in made["entry"]]
        assert kinds == ["Questionnaire", "DocumentReference", "Task"]
    asked = made["entry"][0]["resource"]["item"][-1]
    assert asked["type"] == "open-choice"
    assert [option["valueString"] for option in asked["answerOption"]] == [*(o.label for o in query.options), "Unable to determine"]


def test_a_query_has_no_place_for_a_code_or_its_worth(query: Query) -> None:
    assert not re.search(r"\b[A-Z]\d\d\.\d", query.model_dump_json())
    assert not {"code", "codes", "payer", "drg", "weight"} & set(Query.model_fields)


def test_what_drafts_knows_nothing_of_payment() -> None:
    words = (ROOT / "patterns" / "asking.yaml").read_text(encoding="utf-8").lower()
    assert not re.search(r"\bdrg|payment|reimburs|hcc|denial", words)


# ---------------------------------------------------------------------------------------------------- checking structured queries


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"reason": None}, {"reason"}),
        ({"recipient": None}, {"addressee"}),
        ({"author": None, "status": "released"}, {"addressee", "release"}),
        ({"written": None, "status": "released"}, {"addressee"}),
        ({"other": None}, {"options"}),
        ({"undetermined": None}, {"options"}),
        ({"indicators": ()}, {"indicators", "options"}),
        ({"indicators": (), "options": (), "form": "open", "verbal": True}, {"indicators", "verbal"}),
        ({"written": date(2027, 12, 1)}, {"retrospective"}),
        ({"title": "Sepsis: clarification"}, {"leading-title"}),
        ({"stem": "Would you agree that this is an infected disc?"}, {"leading-wording"}),
        ({"stem": "Please clarify the nature of the process, so that the MCC can be captured."}, {"payment"}),
    ],
)
def test_a_structured_query_that_breaks_a_rule(checker: Checker, query: Query, change: dict[str, object], expected: set[str]) -> None:
    assert rules(checker.check_query(query.model_copy(update=change), {"progress-1103": DISC})) == expected


def test_a_quotation_has_to_stand_in_the_note(checker: Checker, query: Query) -> None:
    other = Note(id="progress-1103", text=DISC.text.replace("Discitis", "Diskitis"))
    found = checker.check_query(query, {"progress-1103": other})
    assert rules(found) == {"indicators"}
    assert "does not stand in progress-1103" in found[0].message
    assert "no note is called" in checker.check_query(query, {})[0].message


def test_what_an_option_rests_on_has_to_be_cited(checker: Checker, query: Query) -> None:
    bare = tuple(option.model_copy(update={"supported_by": ()}) for option in query.options)
    assert rules(checker.check_query(query.model_copy(update={"options": bare}))) == {"options"}


# ---------------------------------------------------------------------------------------------------- the record


def test_the_record_verifies_its_chain(query: Query, tmp_path: Path) -> None:
    from notelint import ledger
    from notelint.errors import InputError

    log = tmp_path / "log.jsonl"
    ledger.release(log, query, ASKS, retention="10 years")
    ledger.release(log, query.model_copy(update={"id": "q-2"}), ASKS, verbal=True)
    ledger.respond(log, query.id, ledger.Response(answer="Not infectious", by=ASKED, addendum="addendum 7"))
    entries, mistakes = ledger.read(log)
    assert mistakes == ()
    assert [(entry.number, entry.event) for entry in entries] == [(1, "released"), (2, "released"), (3, "answered")]
    assert entries[0].query is not None
    assert (entries[0].query.status, entries[0].query.records) == ("released", query.records)
    lines = log.read_text(encoding="utf-8").splitlines()
    for changed, place in (
        ([lines[0].replace("10 years", "1 year"), *lines[1:]], 1),
        ([lines[1], lines[0], lines[2]], 1),
        ([lines[0], lines[2]], 2),
        ([*lines, "{}"], 4),
    ):
        log.write_text("\n".join(changed) + "\n", encoding="utf-8")
        assert ledger.read(log)[1][0].startswith(f"{log}:{place}: ")
        with pytest.raises(InputError, match="broken log"):
            ledger.respond(log, query.id, ledger.Response(answer="Not infectious", by=ASKED))


def test_only_what_was_asked_can_be_answered(query: Query, tmp_path: Path) -> None:
    from notelint import ledger
    from notelint.errors import InputError

    log = tmp_path / "log.jsonl"
    ledger.release(log, query, ASKS)
    with pytest.raises(InputError, match="does not offer"):
        ledger.respond(log, query.id, ledger.Response(answer="Gout", by=ASKED))
    with pytest.raises(InputError, match="no query q-9 was released"):
        ledger.respond(log, "q-9", ledger.Response(answer="Not infectious", by=ASKED))
    with pytest.raises(InputError, match="in the log already"):
        ledger.release(log, query, ASKS)


def test_no_words_of_the_record_in_a_repr(query: Query) -> None:
    from notelint.ledger import Response

    shown = repr(query) + repr(Response(answer="secret", by=ASKED))
    assert "cefazolin" not in shown
    assert "secret" not in shown


# ---------------------------------------------------------------------------------------------------- the command line


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["query", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_from_a_draft_to_its_answer(tmp_path: Path) -> None:
    from notelint.errors import InputError

    note = tmp_path / "note.txt"
    note.write_text(DISC.text, encoding="utf-8")
    draft, log = tmp_path / "draft.json", tmp_path / "log.jsonl"
    asked = (
        "draft",
        note,
        "--code",
        "M46.47",
        "--setting",
        "inpatient",
        "--date-of-service",
        "2026-11-03",
        "--format",
        "json",
        "--output",
        draft,
    )
    assert run(*asked) == (0, "")
    found = json.loads(draft.read_text(encoding="utf-8"))
    (name,) = [query["id"] for query in found["queries"] if query["matter"] == "structure-of-discitis"]
    status, told = run("check", draft, "--note", note)
    assert (status, "query/addressee" in told) == (1, True)
    with pytest.raises(InputError, match="named person"):
        run("log", log, "--add", draft, "--query", name)
    status, told = run("log", log, "--add", draft, "--query", name, "--released-by", "C. Specialist, CCS")
    assert (status, "query/addressee" in told, log.exists()) == (1, True, False)
    status, told = run("log", log, "--add", draft, "--query", name, "--released-by", "C. Specialist, CCS", "--to", "A. Attending, MD")
    assert (status, name in told) == (0, True)
    status, told = run("respond", log, name, "--answer", "Not infectious", "--by", "A. Attending, MD")
    assert (status, "query/response" in told) == (0, True)
    status, told = run("log", log)
    assert (status, "the chain holds" in told, "query/response" in told) == (0, True, True)
    log.write_text(log.read_text(encoding="utf-8").replace("Attending", "Attendant"), encoding="utf-8")
    assert run("log", log)[0] == 1


def test_nothing_to_ask_is_said(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The rash is gone.", encoding="utf-8")
    assert run("draft", note, "--code", "M45.6") == (
        0, "note: nothing to ask: nothing in the record bears on the diagnosis of the code, or it is denied\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("q.json", "{", "no JSON"),
        ("q.json", "{}", "id: is missing"),
        ("q.json", '{"queries": 7}', "is missing"),
        ("q.txt", "", "empty note"),
        ("q.docx", "PK\x03\x04 no zip", "no Word document"),
        ("gone.txt", None, "no such file"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, name: str, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    status, told = run("check", tmp_path / name, "--quiet")
    assert status == 2
    (line,) = told.strip().splitlines()
    assert line.startswith(f"notelint: {tmp_path / name}:")
    assert said in line


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  - list: courtesy\n", "  - list: politeness\n", "no part of a query is called 'politeness'"),
        ("    rule: payer\n", "    rule: payers\n", "there is no rule 'payers'"),
        ("    counts: as-answer\n", "    counts: nowhere\n", "counts"),
    ],
)
def test_a_mistake_in_the_words_of_queries_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (ROOT / "patterns" / "query.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "query.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError) as raised:
        library_.load_wordings(tmp_path)
    (mistake,) = raised.value.mistakes
    assert said in mistake
