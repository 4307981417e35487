"""Queries: what is drafted passes the checker, what people write is judged by the rules, and the record keeps what was asked."""

from datetime import date
from pathlib import Path

import pytest

from notelint import Linter, Note
from notelint import library as library_
from notelint.compliance import Checker
from notelint.drafting import Drafter
from notelint.library import read_cases
from notelint.packs import Asking
from notelint.query import Person, Query
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
    return [query.model_copy(update={"recipient": ASKED, "author": ASKS, "written": SEEN}) for query in queries]


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
        "Bacterial infection of the disc", "Bacterial infection of the disc with osteomyelitis of the vertebra", "Cause not known", "Not infectious",
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
                    matters += list(drafter._of_code(documents, 0, assessment, family))
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
