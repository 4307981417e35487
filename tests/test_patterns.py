"""The shipped patterns: sound, complete in their cases, true to the code set; and each case beside them holds."""

import re
import textwrap
from pathlib import Path

import pytest

from conftest import ROOT
from notelint import Linter, library, load_codesets, schemas
from notelint.packs import Case, Element, FamilyFile, Route, Shared
from notelint.selftest import of_case, of_cases, of_reference, uncovered

CASES = [
    pytest.param(case, id=f"{name}-{number}")
    for name, (_, cases) in library.read_cases().items()
    for number, case in enumerate(cases, start=1)
]


@pytest.mark.parametrize("case", CASES)
def test_case(linter: Linter, case: Case) -> None:
    assert list(of_case(linter, case)) == []


def test_every_piece_of_knowledge_has_a_case_that_meets_it_and_one_that_misses_it(linter: Linter) -> None:
    read = library.read_cases()
    assert list(uncovered(linter.library, library.load_wordings(), read)) == []
    assert list(of_cases(linter.library, load_codesets().on(None)[0], read)) == []


def test_every_code_is_in_the_code_set(linter: Linter) -> None:
    codeset, _ = load_codesets().on(None)
    assert list(library.check_codes(linter.library, codeset)) == []


def test_pages_and_claims_are_true_to_the_code_set(linter: Linter) -> None:
    codeset, _ = load_codesets().on(None)
    assert list(of_reference(linter.library, library.load_reference(), codeset)) == []


def test_mistakes_of_pages_and_claims_are_told(linter: Linter, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "M99.99.yaml").write_text(
        "page: M99.99Z\nabout: x\nmistakes:\n  - {what: a, rules: [code/none], because: b, source: nowhere}\n"
        "questions:\n  - {question: 'what of {cod}?', answer: c, source: tabular}\n",
        encoding="utf-8",
    )
    (tmp_path / "claims.yaml").write_text(
        "omitted: {payment: 0}\nclaims:\n  - {id: m45-7-a, page: M45.7, part: tip, claim: a, verdict: supported, because: b, source: tabular,\n"
        "     proof: [{code: M45.7, billable: false}], rules: [site/none]}\n",
        encoding="utf-8",
    )
    codeset, _ = load_codesets().on(None)
    assert list(of_reference(linter.library, library.load_reference(tmp_path), codeset)) == [
        "pages/M99.99Z: is no code of release 2026-04-01",
        "pages/M99.99Z: mistakes[1]: there is no rule code/none",
        "pages/M99.99Z: mistakes[1]: no source is called nowhere",
        "pages/M99.99Z: questions[1]: there is no placeholder {cod}",
        "claims: m45-7-a: there is no rule site/none",
        "claims: m45-7-a: M45.7 is billable",
    ]


def test_all_families_of_m45_and_m46_have_a_pack(linter: Linter) -> None:
    codeset, _ = load_codesets().on(None)
    for category in ("M45", "M46"):
        for code in codeset.under(category):
            assert linter.library.family_of(code.code) is not None, code.code


def test_region_codes_come_from_the_titles(linter: Linter) -> None:
    codeset, _ = load_codesets().on(None)
    assert linter.library.region_codes("M45.A", codeset) == {
        "unspecified": "M45.A0", "occipito-atlanto-axial": "M45.A1", "cervical": "M45.A2", "cervicothoracic": "M45.A3", "thoracic": "M45.A4",
        "thoracolumbar": "M45.A5", "lumbar": "M45.A6", "lumbosacral": "M45.A7", "sacral-sacrococcygeal": "M45.A8", "multiple": "M45.AB",
    }  # fmt: skip
    assert "multiple" not in linter.library.region_codes("M46.2", codeset)
    assert linter.library.region_codes("M45", codeset)["multiple"] == "M45.0"
    assert linter.library.region_codes("M47.81", codeset)["lumbar"] == "M47.816"


def test_no_code_title_is_typed_into_a_pack(linter: Linter) -> None:
    codeset, _ = load_codesets().on(None)
    titles = [code.title for category in ("M45", "M46", "M49") for code in codeset.under(category)]
    for name, path in library.pattern_files().items():
        # The ledger of claims quotes titles to prove its verdicts, and is itself held against the code set.
        if not name.endswith(library.CASES) and name != "claims.yaml":
            text = path.read_text(encoding="utf-8")
            assert [title for title in titles if title in text and len(title) > 40] == [], name


def test_the_description_of_the_tables_is_current() -> None:
    assert (ROOT / "docs" / "tables.md").read_text(encoding="utf-8") == "\n".join(schemas.tables()) + "\n", "run `make schemas`"


@pytest.mark.parametrize("name", sorted(schemas.schemas()))
def test_schema_is_current(name: str) -> None:
    kept = ROOT / "patterns" / "schema" / f"{name}.schema.json"
    assert kept.read_text(encoding="utf-8") == schemas.schemas()[name], "run `make schemas`"


def readme_blocks() -> dict[str, str]:
    """{first words: text} of the indented blocks of patterns/README.md."""
    readme = (ROOT / "patterns" / "README.md").read_text(encoding="utf-8")
    blocks = (textwrap.dedent(block) for block in re.findall(r"(?<=\n\n)((?:    .*\n|\n(?=    ))+)", readme))
    return {block.partition("\n")[0]: block for block in blocks}


def test_the_example_of_the_readme_works_as_it_stands(tmp_path: Path) -> None:
    blocks = readme_blocks()
    words, cases = blocks["vocabulary: own"].split("cases:\n")
    for name, text in {
        "M48.1.yaml": blocks["family: M48.1"], "M48.1.cases.yaml": blocks["cases:"], "vocabulary/own.yaml": words,
        "vocabulary/own.cases.yaml": "cases:\n" + cases, "profiles/our-clinic.yaml": blocks["profile: our-clinic"],
        "pages/M48.1.yaml": blocks["page: M48.1"],
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    own = Linter(patterns=tmp_path)
    codeset, _ = load_codesets().on(None)
    found = {name: cases for name, (_, cases) in library.read_cases(tmp_path).items()}
    assert [list(of_case(own, case)) for name in ("M48.1", "vocabulary/own") for case in found[name]] == [[]] * 7
    read = library.read_cases(tmp_path)
    assert list(uncovered(own.library, library.load_wordings(tmp_path), read)) == []
    assert list(of_cases(own.library, codeset, read)) == []
    assert list(library.check_codes(own.library, codeset, tmp_path)) == []
    assert list(of_reference(own.library, library.load_reference(tmp_path), codeset)) == []


def test_names_in_cases_that_nothing_bears_are_told_with_file_and_line(linter: Linter, tmp_path: Path) -> None:
    (tmp_path / "own.cases.yaml").write_text(
        "cases:\n  - code: M45.6\n    text: x\n    met: [regoin]\n    routes: [nowhere]\n    rules: [support/nothing]\n    alternatives: [M45.66]\n"
        "  - code: M45.6\n    text: x\n    profile: nobody\n    absent: [nothing]\n    look-alike: [like-nothing]\n"
        "  - {text: x, not-found: [dysphagja], found: [{concept: nothing-like-it}]}\n  - {code: E11.9, text: x}\n",
        encoding="utf-8",
    )
    codeset, _ = load_codesets().on(None)
    told = [mistake.replace(str(tmp_path), "") for mistake in of_cases(linter.library, codeset, library.read_cases(tmp_path))]
    profiles = ", ".join(sorted(profile.profile for profile in linter.library.profiles))
    assert told == [
        "/own.cases.yaml:2: case 1: M45 has no element regoin",
        "/own.cases.yaml:2: case 1: M45 has no route nowhere",
        "/own.cases.yaml:2: case 1: there is no rule support/nothing",
        "/own.cases.yaml:2: case 1: M45.66 is no code of release 2026-04-01",
        f"/own.cases.yaml:8: case 2: there is no profile nobody; there are {profiles}",
        "/own.cases.yaml:8: case 2: there is no element nothing",
        "/own.cases.yaml:8: case 2: M45 has no element and no route like-nothing",
        "/own.cases.yaml:13: case 3: nothing is called nothing-like-it",
        "/own.cases.yaml:13: case 3: nothing is called dysphagja",
        "/own.cases.yaml:14: case 4: E11.9 is in no family",
    ]


def test_codes_that_lead_nowhere_are_told_with_file_and_line(tmp_path: Path) -> None:
    text = (library.shipped_folder() / "M46.1.yaml").read_text(encoding="utf-8")
    text = text.replace("code: M47.818", "code: M47.81").replace("    title: Side\n", "    title: Side\n    regions: [cervikal]\n")
    (tmp_path / "M46.1.yaml").write_text(text.replace("code: A18.01", "code: A18.99").replace("2026-04-01", "2025-10-01"), encoding="utf-8")
    codeset, _ = load_codesets().on(None)
    told = [mistake.replace(str(tmp_path), "") for mistake in library.check_codes(library.load(tmp_path), codeset, tmp_path)]
    assert [re.sub(r":\d+:", ":N:", mistake) for mistake in told] == [
        "/M46.1.yaml:N: M46.1: was checked against the release of 2025-10-01; read it against that of 2026-04-01 and say so there",
        "/M46.1.yaml:N: M46.1: laterality: no region is called cervikal; there are cervical, cervicothoracic, lumbar, lumbosacral, multiple,"
        " occipito-atlanto-axial, sacral-sacrococcygeal, thoracic, thoracolumbar",
        "/M46.1.yaml:N: M46.1: spinal-tuberculosis: A18.99 is no code of release 2026-04-01",
        "/M46.1.yaml:N: M46.1: si-joint-arthritis: M47.81 is no complete code",
    ]


def test_every_shared_piece_is_used() -> None:
    models = [library.read_file(path)[0] for name, path in library.pattern_files().items() if not name.endswith(library.CASES)]
    used = {
        item.use for m in models if isinstance(m, FamilyFile) for item in (*m.elements, *m.routes) if not isinstance(item, Element | Route)
    }
    (shared,) = [m for m in models if isinstance(m, Shared)]
    assert {e.id for e in shared.elements} | {g.group for g in shared.groups} == used


def test_mistakes_of_shared_pieces_and_profiles_are_told_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "M46.1.yaml").write_text(
        "family: M46.1\nrelease: 2026-04-01\ndiagnosis: [sacroiliitis]\nelements:\n  - use: diagnosis\n  - use: diagnosys\nroutes:\n"
        "  - use: degenerativ\n",
        encoding="utf-8",
    )
    with pytest.raises(library.PackError) as caught:
        library.load(tmp_path)
    assert [mistake.replace(str(tmp_path), "") for mistake in caught.value.mistakes] == [
        "/M46.1.yaml:6: elements: no shared element is called diagnosys",
        "/M46.1.yaml:8: routes: no shared group is called degenerativ",
    ]
    (tmp_path / "M46.1.yaml").unlink()
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "own.yaml").write_text(
        "profile: own\ntitle: Own\nabout: x\nrecommended: [imging]\nelements:\n  - families: [M99]\n    elements:\n      - id: extra\n"
        "        title: x\n        level: recommended\n        met: [nothing-like-it]\n        because: x\n        source: nowhere\n        ask: x\n",
        encoding="utf-8",
    )
    with pytest.raises(library.PackError) as caught:
        library.load(tmp_path)
    assert [mistake.replace(str(tmp_path), "") for mistake in caught.value.mistakes] == [
        "/profiles/own.yaml:4: recommended: no element is called imging",
        "/profiles/own.yaml:6: elements: there is no family M99",
        "/profiles/own.yaml:11: extra: nothing is called nothing-like-it",
        "/profiles/own.yaml:13: extra: no source is called nowhere",
    ]


def test_an_element_or_route_that_stands_twice_is_a_mistake(tmp_path: Path) -> None:
    text = (library.shipped_folder() / "M46.0.yaml").read_text(encoding="utf-8")
    (tmp_path / "M46.0.yaml").write_text(
        text.replace("  - use: degenerative\n", "  - use: degenerative\n  - use: degenerative\n"), encoding="utf-8"
    )
    with pytest.raises(library.PackError, match=r"M46\.0\.yaml:1: family: the route dish stands twice"):
        library.load(tmp_path)


def test_mistakes_are_all_told_with_file_line_and_place(tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocabulary"
    vocabulary.mkdir()
    (vocabulary / "own.yaml").write_text(
        "vocabulary: own\ntitle: Own\nconcepts:\n  - concept: Bad Name\n    kind: test\n    title: x\n    phrases: [a (b]\n"
        "  - concept: fine\n    kind: tset\n    title: x\n    phrases: [fine]\n    colour: red\n",
        encoding="utf-8",
    )
    (tmp_path / "M99.yaml").write_text("family: M99\nrelease: 2026-04-01\n", encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("family: [M98\n", encoding="utf-8")
    (tmp_path / "twice.yaml").write_text("vocabulary: a\ntitle: b\ntitle: c\n", encoding="utf-8")
    with pytest.raises(library.PackError) as caught:
        library.load(tmp_path)
    told = [mistake.replace(str(tmp_path), "") for mistake in caught.value.mistakes]
    assert told == [
        "/M99.yaml:1: diagnosis: is missing",
        "/M99.yaml:1: elements: is missing",
        "/broken.yaml:2: file: no YAML: expected ',' or ']', but got '<stream end>'",
        '/twice.yaml:3: file: no YAML: found duplicate key "title" with value "c" (original value: "b")',
        "/vocabulary/own.yaml:4: concepts[1 Bad Name].concept: 'Bad Name' is no kebab-case name",
        "/vocabulary/own.yaml:7: concepts[1 Bad Name].phrases[1]: unbalanced brackets in 'a (b'",
        told[6],
        "/vocabulary/own.yaml:12: concepts[2 fine].colour: no such key",
    ]
    assert told[6].startswith("/vocabulary/own.yaml:9: concepts[2 fine].kind: Input should be 'site'")


def test_a_sites_own_folder_is_laid_over_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "vocabulary").mkdir()
    (tmp_path / "vocabulary" / "house.yaml").write_text(
        "vocabulary: house\ntitle: House words\nconcepts:\n  - concept: discitis\n    kind: diagnosis\n    title: discitis\n    phrases: [rotten disc]\n",
        encoding="utf-8",
    )
    from notelint import Note

    found = Linter(patterns=tmp_path).extract(Note("Rotten disc at L4-L5."))
    assert [(f.concept, f.attributes["levels"]) for f in found if f.kind == "diagnosis"] == [("discitis", ["L4-L5"])]


def test_an_unknown_name_between_files_is_a_mistake(tmp_path: Path) -> None:
    text = (
        (library.shipped_folder() / "M46.1.yaml").read_text(encoding="utf-8").replace("diagnosis: [sacroiliitis", "diagnosis: [sacroilitis")
    )
    (tmp_path / "M46.1.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(library.PackError, match=r"M46\.1\.yaml:\d+: diagnosis: nothing is called sacroilitis"):
        library.load(tmp_path)


def test_no_route_rests_on_criteria(tmp_path: Path) -> None:
    text = (library.shipped_folder() / "M45.A.yaml").read_text(encoding="utf-8")
    route = "routes:\n  - id: own\n    when: bone-marrow-edema\n    kind: candidate\n    site-parent: M45\n    because: x\n    source: tabular\n"
    (tmp_path / "M45.A.yaml").write_text(text.replace("routes:\n", route, 1), encoding="utf-8")
    with pytest.raises(
        library.PackError, match="bone-marrow-edema is of kind imaging, no statement of a provider: criteria never make a code"
    ):
        library.load(tmp_path)
