"""What a chosen code means beside others and beside what the note documents; what would decide it."""

import pytest

from notelint import Linter, Note
from notelint.report import Diagnostic, NoteReport


def check(linter: Linter, text: str, *codes: str, profile: str | None = None, **facts: str) -> NoteReport:
    return linter.asking(profile).check(Note(text, codes=codes, **facts))  # type: ignore[arg-type]


def of(report: NoteReport, rule: str) -> list[Diagnostic]:
    return [d for d in report.diagnostics if d.rule == rule]


BONE = "Vertebral osteomyelitis of L3. Blood cultures pending. "


@pytest.mark.parametrize(
    ("codes", "node"),
    [
        # Within the block, across blocks, from either side, and through pointers of the list that name a code which is now a leaf.
        (("M45.6", "M08.1"), "M45"),
        (("M45.A6", "M08.1"), "M45"),
        (("M02.38", "M45.6"), "M45"),
        (("M45.6", "M43.26"), "M43.2"),
        (("M45.2", "M05.79"), "M05"),
        (("M45.6", "G55"), "G55"),
        (("M46.46", "G55"), "G55"),
        (("M46.46", "M51.360"), "M50-M54"),
        (("M46.46", "M54.50"), "M50-M54"),
        (("M49.86", "A18.01"), "M49"),
    ],
)
def test_excludes1_between_chosen_codes(linter: Linter, codes: tuple[str, str], node: str) -> None:
    (told,) = of(check(linter, "Seen today.", *codes), "code/excludes1")
    assert told.message == f"{codes[0]} and {codes[1]} are not coded together: Excludes1 at {node}"
    assert told.severity == "error"


@pytest.mark.parametrize(
    "codes", [("M45.6", "M35.2"), ("M46.26", "M46.36"), ("M46.36", "M54.50"), ("M46.26", "G06.1"), ("M45.6", "L40.53")]
)
def test_codes_that_no_excludes1_note_parts(linter: Linter, codes: tuple[str, str]) -> None:
    assert of(check(linter, "Seen today.", *codes), "code/excludes1") == []


@pytest.mark.parametrize(
    ("codes", "severity"),
    [
        (("M45.6", "M45.A6"), "error"),
        (("M45.A6", "M45.0"), "error"),
        (("M46.26", "B95.62", "Z16.11"), "error"),
        (("M46.46", "M46.36"), "warning"),
        (("M45.6", "M46.1"), "info"),
        (("M46.1", "M45.A7"), "info"),
        (("M45.6", "M45.7"), None),
        (("M45.A6", "M45.A7"), None),
        (("M46.26", "B95.61", "Z16.11"), None),
    ],
)
def test_codes_that_contradict_each_other_without_a_note(linter: Linter, codes: tuple[str, ...], severity: str | None) -> None:
    assert [d.severity for d in of(check(linter, "Seen today.", *codes), "code/conflict")] == ([severity] if severity else [])


@pytest.mark.parametrize("first", ["B95.62", "Z16.12", "B96.20"])
def test_what_only_adds_never_stands_first(linter: Linter, first: str) -> None:
    assert [d.code for d in of(check(linter, BONE, first, "M46.26"), "code/sequence")] == [first]
    assert of(check(linter, BONE, "M46.26", first), "code/sequence") == []


def test_the_code_of_a_complication_goes_before_that_of_the_infection(linter: Linter) -> None:
    text = BONE + "Infection of the pedicle screws."
    (late,) = of(check(linter, text, "M46.26", "T84.63XA"), "code/sequence")
    assert late.message.endswith("goes before M46.26")
    assert of(check(linter, text, "T84.63XA", "M46.26"), "code/sequence") == []
    # Another 7th character is the same complication at another stage.
    again = check(linter, text, "T84.63XD", "M46.26")
    assert of(again, "code/sequence") == []
    assert [a.code for a in again.assessments[1].alternatives] == []


def test_a_chosen_answer_closes_a_choice(linter: Linter) -> None:
    text = BONE + "Postoperative, due to the surgical site infection."
    assert {a.code for a in check(linter, text, "M46.26").assessments[0].alternatives} >= {"T81.42XA", "T81.43XA"}
    assert [a.code for a in check(linter, text, "T81.42XA", "M46.26").assessments[1].alternatives] == []


def test_an_exacter_code_of_the_cause_is_that_cause(linter: Linter) -> None:
    assert of(check(linter, "Brucellar spondylitis L4.", "A23.0", "M49.86"), "code/additional") == []
    assert of(check(linter, "Brucellar spondylitis L4.", "A23.0", "M49.86"), "code/sequence") == []


def test_excludes2_is_said_to_let_both_stand(linter: Linter) -> None:
    (told,) = of(check(linter, "Ankylosing spondylitis, lumbar spine. Behçet's disease.", "M45.6"), "code/additional")
    assert "M45, Excludes2, which lets both stand" in told.help


def test_a_parent_without_a_code_for_several_sites_takes_one_code_a_region(linter: Linter) -> None:
    report = check(linter, "Vertebral osteomyelitis of T8 and L3.", "M46.29")
    assert [d.rule for d in report.diagnostics if d.severity == "error"] == ["code/unknown"]
    assert {a.code for a in report.assessments[0].alternatives} == {"M46.24", "M46.26"}


# ---------------------------------------------------------------------------------------------------- what would decide


def prospects(report: NoteReport) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(p.code, [(need.element, need.words) for need in p.needs]) for p in report.assessments[0].prospects]


def test_an_open_region_names_every_region(linter: Linter) -> None:
    told = prospects(check(linter, "Ankylosing spondylitis.", "M45.7"))
    assert ("M45.7", [("region", "lumbosacral region")]) in told
    assert ("M45.9", [("region", "no region")]) in told
    assert [code for code, _ in told] == [f"M45.{n}" for n in range(10)]


def test_words_that_fit_two_regions_name_these(linter: Linter) -> None:
    assert prospects(check(linter, "Discitis L4-L5 and L5-S1.", "M46.47")) == [
        ("M46.47", [("region", "lumbosacral region")]),
        ("M46.49", [("region", "multiple sites in spine")]),
    ]


def test_an_open_element_names_every_answer(linter: Linter) -> None:
    told = prospects(check(linter, "Axial spondyloarthritis, lumbar spine.", "M45.A6"))
    assert told == [
        ("M45.A6", [("radiographic-status", "non-radiographic")]),
        ("M45.6", [("radiographic-status", "radiographic")]),
    ]


def test_what_is_settled_has_no_prospects(linter: Linter) -> None:
    assert prospects(check(linter, "Ankylosing spondylitis, lumbar spine.", "M45.6")) == []
    assert prospects(check(linter, "No ankylosing spondylitis.", "M45.6")) == []


def test_a_missing_statement_is_all_that_is_asked_first(linter: Linter) -> None:
    told = prospects(
        check(linter, "MRI of the lumbar spine\nFINDINGS: none.\nIMPRESSION: Discitis at L1-L2.", "M46.46", note_type="radiology report")
    )
    assert told == [("M46.46", [("diagnosis", "a provider's statement of the diagnosis as present")])]
