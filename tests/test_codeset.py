"""The official code set: what the release of April 2026 says, and how releases are kept."""

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notelint import codeset as module
from notelint.cache import cache_folder, data_folder
from notelint.codes import order
from notelint.codeset import (
    Code,
    CodeRange,
    CodeSet,
    CodeSets,
    InstructionNote,
    NoteKind,
    add_release,
    load_codesets,
    normalize_code,
)
from notelint.errors import CodeSetError
from test_tabular import TINY, package_files

APRIL = date(2026, 4, 1)
SEPTEMBER = date(2026, 9, 30)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CodeSets]:
    """One cache folder for all tests, filled with the compiled release, and what was loaded from it."""
    cache, data = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTELINT_CACHE_DIR", str(cache))
        patch.setenv("NOTELINT_DATA_DIR", str(data))
        codesets = load_codesets()
        shutil.copytree(cache, cache.with_name("pristine"))
        return cache, codesets


@pytest.fixture(scope="session")
def pristine(compiled: tuple[Path, CodeSets]) -> Path:
    """What the first load wrote, which no test adds to."""
    return compiled[0].with_name("pristine")


@pytest.fixture(autouse=True)
def folders(compiled: tuple[Path, CodeSets], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shared cache, and for each test a data folder of its own."""
    monkeypatch.setenv("NOTELINT_CACHE_DIR", str(compiled[0]))
    monkeypatch.setenv("NOTELINT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(scope="session")
def april(compiled: tuple[Path, CodeSets]) -> CodeSet:
    return compiled[1].on(None)[0]


@pytest.fixture
def own_cache(pristine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the compiled release, for a test that does harm to it."""
    cache = tmp_path / "cache"
    shutil.copytree(pristine, cache)
    monkeypatch.setenv("NOTELINT_CACHE_DIR", str(cache))
    return cache


def index_in(cache: Path) -> Path:
    (index,) = cache.glob("*.sqlite")
    return index


def texts(notes: tuple[InstructionNote, ...]) -> list[tuple[str, str, str]]:
    return [(note.node, str(note.kind), note.text) for note in notes]


# ----------------------------------------------------------------------------------------------------------------- spelling


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("M45.7", "M45.7"),
        ("m45.7", "M45.7"),
        ("M457", "M45.7"),
        ("  m457\n", "M45.7"),
        ("M45", "M45"),
        ("t84.63xa", "T84.63XA"),
        ("T8463XA", "T84.63XA"),
        ("c4a.0", "C4A.0"),
        ("QA0.0101", "QA0.0101"),
        ("M49.07", "M49.07"),
    ],
)
def test_normalize_code(text: str, code: str) -> None:
    assert normalize_code(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "M",
        "M4",
        "M45.",
        "M45.7-",
        "M45.-",
        "M45 .7",
        "M45.7XXAB",
        "M45..7",
        "L5-S1",
        "HLA",
        "NOTE",
        "45.7",
        "M４5",
        "ſ45.7",
        "M45-M49",
    ],
)
def test_normalize_code_rejects(text: str) -> None:
    assert normalize_code(text) is None


codes_of_format = st.from_regex(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?", fullmatch=True).filter(str.isascii)


@given(codes_of_format, st.booleans(), st.booleans(), st.sampled_from(["", " ", "\t", "\n "]))
def test_normalize_code_round_trip(code: str, lower: bool, dotless: bool, blank: str) -> None:
    written = code.replace(".", "") if dotless else code
    assert normalize_code(blank + (written.lower() if lower else written) + blank) == code


@given(st.text())
@example("ß45")
def test_normalize_code_of_anything(text: str) -> None:
    code = normalize_code(text)
    if code is not None:
        assert re.fullmatch(r"([A-Z][0-9]|QA)[0-9A-Z](\.[0-9A-Z]{1,4})?", code)
        assert normalize_code(code) == code
        assert code.replace(".", "") == text.strip().upper().replace(".", "")


# ------------------------------------------------------------------------------------------------------------------- ranges


@given(codes_of_format, codes_of_format, st.from_regex(r"[0-9A-Z]{0,4}", fullmatch=True).filter(str.isascii))
def test_range_covers_its_ends_and_what_is_under_them(one: str, other: str, more: str) -> None:
    first, last = sorted((one, other), key=order)
    below = normalize_code(last.replace(".", "") + more)
    covered = CodeRange(first, last)
    assert first in covered
    assert last in covered
    assert below is None or below in covered
    assert normalize_code(first) in CodeRange(first, first)
    if not last.startswith(first) and order(first)[0] != order(last)[0]:
        assert last not in CodeRange(first, first)
        assert first not in CodeRange(last, last)


def test_anything_else_is_in_no_range() -> None:
    covered = CodeRange("A00", "Z99")
    assert [text for text in ("", "M45-M49", "13", "NOTE", "M45.7-") if text in covered] == []


# -------------------------------------------------------------------------------------------------------------------- codes


def test_get(april: CodeSet) -> None:
    assert april.get("M45.7") == Code("M45.7", "Ankylosing spondylitis of lumbosacral region", True, "M45", (), ())
    assert april.get("m457 ") == april.get("M45.7")
    assert april.get("M45.7-") is None
    assert april.get("M49.07") is None
    assert april.get("M45-M49") is None
    assert april.get("13") is None
    category = april.get("M45")
    assert category is not None
    assert (category.billable, category.parent, category.seventh) == (False, None, ())
    assert category.children == (*(f"M45.{digit}" for digit in range(10)), "M45.A")


def test_seventh_characters(april: CodeSet) -> None:
    device = april.get("T84.63")
    assert device == Code(
        "T84.63",
        "Infection and inflammatory reaction due to internal fixation device of spine",
        False,
        "T84.6",
        ("T84.63XA", "T84.63XD", "T84.63XS"),
        (("A", "initial encounter"), ("D", "subsequent encounter"), ("S", "sequela")),
    )
    assert april.get("t8463xa") == Code("T84.63XA", f"{device.title}, initial encounter", True, "T84.63", (), ())
    assert april.get("T84.63A") is None
    assert april.get("T84.63XB") is None
    short = april.get("T84.7XXA")
    assert short is not None
    assert short.parent == "T84.7"
    # A category that is a leaf, and a placeholder that is part of the code.
    assert april.get("X58.XXXD") == Code("X58.XXXD", "Exposure to other specified factors, subsequent encounter", True, "X58", (), ())
    placeholder = april.get("T36.0X5A")
    assert placeholder is not None
    assert placeholder.parent == "T36.0X5"
    # Seven characters that need no further one.
    assert april.get("C44.1021") == Code(
        "C44.1021", "Unspecified malignant neoplasm of skin of right upper eyelid, including canthus", True, "C44.102", (), ()
    )


def test_the_nearest_definition_of_the_7th_character_wins(april: CodeSet) -> None:
    fracture, torus = april.get("S52.121"), april.get("S52.111")
    assert fracture is not None
    assert torus is not None
    assert "".join(character for character, _ in fracture.seventh) == "ABCDEFGHJKMNPQRS"
    assert "".join(character for character, _ in torus.seventh) == "ADGKPS"
    died = april.get("S06.1X7")
    assert died is not None
    assert died.seventh == (("A", "initial encounter"),)
    assert april.get("S06.1X7D") is None


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("M45.7", "M45.7"),
        ("M46.29", "M46.2"),
        ("M45.A9", "M45.A"),
        ("M49.07", "M49"),
        ("T84.63XB", "T84.63"),
        ("T84.63XA", "T84.63XA"),
        ("Z00.0000", "Z00.00"),
    ],
)
def test_nearest(april: CodeSet, code: str, nearest: str) -> None:
    found = april.nearest(code)
    assert found is not None
    assert found.code == nearest


@pytest.mark.parametrize("text", ["M44.1", "Y00Y", "", "spine", "M45.7-"])
def test_nearest_of_nothing(april: CodeSet, text: str) -> None:
    found = april.nearest(text)
    assert found is None or found.code == "Y00"


def test_ancestors(april: CodeSet) -> None:
    assert april.ancestors("M45.7") == ("M45", "M45-M49", "M40-M54", "13")
    assert april.ancestors("M45") == ("M45-M49", "M40-M54", "13")
    assert april.ancestors("T84.63XA") == ("T84.63", "T84.6", "T84", "T80-T88", "T07-T88", "19")
    assert april.ancestors("C50.911") == ("C50.91", "C50.9", "C50", "C50-C50", "C00-C75", "C00-C96", "2")
    assert april.ancestors("C7A.00") == ("C7A.0", "C7A", "C7A-C7A", "C00-C96", "2")
    assert april.ancestors("M1A.00X0")[-5:] == ("M1A.0", "M1A", "M05-M14", "M00-M25", "13")
    assert april.ancestors("M45-M49") == ("M40-M54", "13")
    assert april.ancestors("13") == ()
    assert april.ancestors("M49.07") == ()


def test_under(april: CodeSet) -> None:
    assert [code.code for code in april.under("M45")][9:13] == ["M45.9", "M45.A", "M45.A0", "M45.A1"]
    assert len(list(april.under("M45"))) == 21
    assert [code.code for code in april.under("T84.63")] == ["T84.63XA", "T84.63XD", "T84.63XS"]
    assert list(april.under("M45.7")) == []
    assert list(april.under("T84.63XA")) == []
    assert list(april.under("M49.07")) == []
    assert next(april.under("M45-M49")).code == "M45"
    assert all(code == april.get(code.code) for node in ("M45-M49", "S06.1", "T84") for code in april.under(node))


def test_normalize_of_a_release(april: CodeSet) -> None:
    assert april.normalize("m4907") == "M49.07"
    assert april.normalize("M45.7-") is None
    assert april.normalize("note") is None


def test_every_code_of_the_list_and_no_other_is_billable(april: CodeSet) -> None:
    listed = {
        code
        for line in package_files()[1].read_text(encoding="ascii").split()
        if "-" not in line and (code := normalize_code(line)) is not None
    }
    chapters = [april.under(str(number)) for number in range(1, 23)]
    codes = {code.code: code for chapter in chapters for code in chapter}
    assert set(codes) == listed
    assert sum(code.billable for code in codes.values()) == 74719
    for code in codes.values():
        assert code.billable is not bool(code.children)
        assert not code.seventh or len(code.seventh) == len(code.children)
        assert all(codes[child].parent == code.code for child in code.children)


def test_categories_stand_in_the_order_of_the_list(april: CodeSet) -> None:
    categories = [code.code for number in range(1, 22) for code in april.under(str(number)) if len(code.code) == 3]
    assert len(categories) > 1900
    assert categories == sorted(categories, key=order)


@given(st.data())
def test_a_range_of_one_node_is_the_node_and_what_is_under_it(april: CodeSet, data: st.DataObject) -> None:
    codes = [code.code for code in april.under("M45-M49")] + [code.code for code in april.under("T84.6")]
    node = data.draw(st.sampled_from(codes))
    assert {code for code in codes if code in CodeRange(node, node)} == {node} | {code.code for code in april.under(node)}


# -------------------------------------------------------------------------------------------------------------------- notes


def test_notes_at_a_node(april: CodeSet) -> None:
    assert texts(april.notes("M45", inherited=False)) == [
        ("M45", "inclusion-term", "Rheumatoid arthritis of spine"),
        ("M45", "excludes1", "arthropathy in Reiter's disease (M02.3-)"),
        ("M45", "excludes1", "juvenile (ankylosing) spondylitis (M08.1)"),
        ("M45", "excludes2", "Behçet's disease (M35.2)"),
    ]
    assert april.notes("M46", inherited=False) == ()
    assert april.notes("T84.63XA", inherited=False) == ()
    assert april.notes("M49.07") == ()


def test_notes_are_inherited_nearest_first(april: CodeSet) -> None:
    kinds = {NoteKind.EXCLUDES1, NoteKind.USE_ADDITIONAL_CODE}
    assert [note.node for note in april.notes("M45.A7")][:4] == ["M45"] * 4
    assert {note.node for note in april.notes("M45.A7")} == {"M45", "13"}
    assert texts(april.notes("T84.63XA", kinds)) == [
        ("T84.6", "use-additional-code", "code to identify infection"),
        *texts(april.notes("T84", kinds)),
    ]
    assert texts(april.notes("M54.50", kinds))[-2:] == [
        ("M50-M54", "excludes1", "current injury - see injury of spine by body region"),
        ("M50-M54", "excludes1", "discitis NOS (M46.4-)"),
    ]
    # A block above a block, and the chapter.
    assert ("T20-T32", "includes", "burns (thermal) from electrical heating appliances") in texts(april.notes("T20.00XA"))
    assert {"T20-T32", "19"} <= {note.node for note in april.notes("T20.00XA")}


def test_use_additional_code_and_code_first(april: CodeSet) -> None:
    assert april.additional("M46.36") == (
        InstructionNote(
            "M46.3", NoteKind.USE_ADDITIONAL_CODE, "code (B95-B97) to identify infectious agent.", (CodeRange("B95", "B97", "B95-B97"),)
        ),
    )
    for code in ("M46.26", "M46.46", "M46.56"):
        assert april.additional(code) == ()
    assert [(note.text, [one.as_written for one in note.ranges]) for note in april.code_first("M49.84")] == [
        ("underlying disease, such as:", []),
        ("brucellosis (A23.-)", ["A23.-"]),
        ("Charcot-Marie-Tooth disease (G60.0)", ["G60.0"]),
        ("enterobacterial infections (A01-A04)", ["A01-A04"]),
        ("osteitis fibrosa cystica (E21.0)", ["E21.0"]),
    ]
    assert april.code_first("M45.7") == ()


def test_only_kinds_that_refer_have_references(april: CodeSet) -> None:
    (note,) = april.notes("A18.01", {NoteKind.INCLUSION_TERM})[:1]
    assert note.ranges == ()
    assert {note.kind for note in april.notes("B95-B97", inherited=False)} == {NoteKind.NOTE}


@pytest.mark.parametrize(
    ("first", "second", "node", "text"),
    [
        ("M46.46", "M54.50", "M50-M54", "discitis NOS (M46.4-)"),
        ("M45.7", "M08.1", "M45", "juvenile (ankylosing) spondylitis (M08.1)"),
        ("M08.1", "M45.7", "M08.1", "ankylosing spondylitis in adults (M45.0-)"),
        ("M45.7", "M02.38", "M45", "arthropathy in Reiter's disease (M02.3-)"),
        ("M45.A7", "M02.38", "M45", "arthropathy in Reiter's disease (M02.3-)"),
        ("A18.01", "M49.84", "M49", "curvature of spine in tuberculosis [Pott's] (A18.01)"),
        ("M43.26", "M45.6", "M43.2", "ankylosing spondylitis (M45.0-)"),
        ("G55", "M46.27", "G55", "nerve root compression (due to) (in) spondylopathies (M46.-, M48.-)"),
        ("M05.9", "M45.2", "M05", "rheumatoid arthritis of spine (M45.-)"),
        ("m4646", "m5450", "M50-M54", "discitis NOS (M46.4-)"),
        (
            "M51.34",
            "S23.0XXA",
            "S23.0",
            "rupture or displacement (nontraumatic) of thoracic intervertebral disc NOS (M51.- with fifth character 4)",
        ),
    ],
)
def test_excludes1(april: CodeSet, first: str, second: str, node: str, text: str) -> None:
    for one, other in ((first, second), (second, first)):
        assert april.excludes1(one, other) is not None
    note = april.excludes1(first, second)
    assert note is not None
    assert (note.node, note.kind, note.text) == (node, NoteKind.EXCLUDES1, text)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("M46.46", "M46.26"),
        ("M45.7", "M35.2"),
        ("M46.26", "M54.50"),
        ("M45.7", "M45.7"),
        ("M45", "M45.7"),
        ("M45.7", "M45"),
        ("M46.46", "M49.07"),
        ("M46.46", "spine"),
        ("T84.63", "T84.63XA"),
        ("M51.36", "S23.0XXA"),
        # The hyphen at a leaf is a remnant: not all of M79 is panniculitis.
        ("M35.6", "M79.18"),
    ],
)
def test_not_kept_apart(april: CodeSet, first: str, second: str) -> None:
    assert april.excludes1(first, second) is None
    assert april.excludes1(second, first) is None


def test_excludes2(april: CodeSet) -> None:
    for pair in (("M45.7", "M35.2"), ("M35.2", "M45.7")):
        note = april.excludes2(*pair)
        assert note is not None
        assert (note.node, note.text) == ("M45", "Behçet's disease (M35.2)")
    note = april.excludes2("M46.26", "B95.61")
    assert note is not None
    assert note.node == "13"
    assert april.excludes2("M46.46", "M46.26") is None


# ----------------------------------------------------------------------------------------------------------------- releases


def codeset_of(start: date, end: date | None) -> CodeSet:
    release = module.Release(start.isoformat(), start, end, "test")
    connection = sqlite3.connect(":memory:")
    return CodeSet(release, connection, lambda: connection)


def test_the_shipped_release(compiled: tuple[Path, CodeSets]) -> None:
    codesets = compiled[1]
    (release,) = codesets.releases
    assert (release.name, release.effective_from, release.effective_to) == ("2026-04-01", APRIL, SEPTEMBER)
    assert release.source == "icd10c-tabular-April-1-2026.xml (SHA-256 f161f8182aff3ce3)"
    assert codesets.on(None) == (codesets.on(APRIL)[0], True)
    assert repr(codesets.on(None)[0]) == "<CodeSet 2026-04-01>"
    for day, covered in ((APRIL, True), (SEPTEMBER, True), (date(2026, 3, 31), False), (date(2026, 10, 1), False)):
        assert codesets.on(day)[1] is covered


def test_the_release_of_a_day() -> None:
    october, april, next_october = date(2025, 10, 1), APRIL, date(2026, 10, 1)
    codesets = CodeSets([codeset_of(april, SEPTEMBER), codeset_of(next_october, None), codeset_of(october, None)])
    assert [release.name for release in codesets.releases] == ["2025-10-01", "2026-04-01", "2026-10-01"]

    def on(*day: int) -> tuple[str, bool]:
        codeset, covered = codesets.on(date(*day))
        return codeset.release.name, covered

    assert on(2025, 9, 30) == ("2025-10-01", False)
    assert on(2025, 10, 1) == ("2025-10-01", True)
    assert on(2026, 3, 31) == ("2025-10-01", True)
    assert on(2026, 4, 1) == ("2026-04-01", True)
    assert on(2030, 1, 1) == ("2026-10-01", True)
    assert codesets.on(None)[0].release.name == "2026-10-01"


def test_a_gap_and_an_overlap() -> None:
    codesets = CodeSets([codeset_of(date(2024, 10, 1), date(2025, 9, 30)), codeset_of(date(2025, 4, 1), date(2025, 6, 30))])
    assert [codesets.on(day)[0].release.name for day in (date(2025, 3, 31), date(2025, 5, 1), date(2025, 7, 1))] == [
        "2024-10-01",
        "2025-04-01",
        "2024-10-01",
    ]
    later, covered = codesets.on(date(2026, 1, 1))
    assert (later.release.name, covered) == ("2025-04-01", False)


def test_an_open_end_ends_where_the_next_begins() -> None:
    codesets = CodeSets([codeset_of(date(2025, 10, 1), None), codeset_of(APRIL, SEPTEMBER)])
    later, covered = codesets.on(date(2026, 12, 1))
    assert (later.release.name, covered) == ("2026-04-01", False)


def test_no_release_at_all() -> None:
    with pytest.raises(CodeSetError, match=r"^no ICD-10-CM release is known: .*`notelint codes add`$"):
        CodeSets([])


# ------------------------------------------------------------------------------------------------------ loading and the cache


def test_a_release_is_known_by_content_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tabular, codes = package_files()
    package = tmp_path / "package"
    package.mkdir()
    monkeypatch.setattr(module, "_package_folder", lambda: package)
    (package / "icd10c-tabular-April-1-2026.xml").write_bytes(tabular.read_bytes() + b"\n")
    (package / "list.txt").write_bytes(codes.read_bytes())
    with pytest.raises(CodeSetError, match=r"^none of the files in .*package is an ICD-10-CM release .*`notelint codes add`$"):
        load_codesets()
    # Under another name, and with a list that is not known: the codes come from the tabular list then.
    (package / "something.xml").write_bytes(tabular.read_bytes())
    (package / "list.txt").write_bytes(b"A00\n")
    codeset, _ = load_codesets().on(None)
    assert codeset.release.name == "2026-04-01"
    assert codeset.release.source == "something.xml (SHA-256 f161f8182aff3ce3)"
    assert codeset.get("T84.63XA") is not None
    assert codeset.get("S06.1X7D") is None


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGE", "no_such_package_at_all")
    with pytest.raises(CodeSetError, match=r"^no ICD-10-CM release is known: .*`notelint codes add`$"):
        load_codesets()


def test_a_second_start_neither_reads_the_files_nor_compiles(april: CodeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(module._Source, "compile", refuse)
    monkeypatch.setattr(hashlib, "file_digest", refuse)
    monkeypatch.setattr(module, "_read", refuse)
    large = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        assert path.stat().st_size < 100_000
        return large(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    codeset, _ = load_codesets().on(None)
    assert codeset.get("M45.7") == april.get("M45.7")


def test_a_second_start_does_not_import_what_compiles(april: CodeSet) -> None:
    script = (
        "import sys\n"
        "from notelint.codeset import load_codesets\n"
        "codeset, _ = load_codesets().on(None)\n"
        "print(codeset.excludes1('M46.46', 'M54.50').node, sys.modules.keys() & {'notelint.tabular', 'pyexpat'})\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(module.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("M50-M54 set()\n", "", 0)


def test_the_index_can_not_be_written_through(april: CodeSet) -> None:
    codeset, _ = load_codesets().on(None)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        codeset._connection.execute("DELETE FROM node")


def test_nothing_is_left_behind_in_the_cache(compiled: tuple[Path, CodeSets]) -> None:
    assert not [path.name for path in compiled[0].iterdir() if path.name.startswith(".")]


def damage(change: Callable[[bytearray], bytes | bytearray]) -> Callable[[Path], None]:
    return lambda path: path.write_bytes(change(bytearray(path.read_bytes()))) and None


def overwrite_middle(data: bytearray) -> bytearray:
    start = max(len(data) // 20, 4096)
    data[start:-100] = b"\xff" * (len(data) - start - 100)
    return data


def other_schema(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("UPDATE node SET title = 'old'; PRAGMA user_version = 0;")
    connection.close()


def no_meta(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript("DELETE FROM meta WHERE key = 'source'")
    connection.close()


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(damage(lambda data: b""), id="empty"),
        pytest.param(damage(lambda data: data[: len(data) // 2]), id="truncated"),
        pytest.param(damage(lambda data: b"no database at all" * 100), id="not a database"),
        pytest.param(damage(overwrite_middle), id="overwritten"),
        pytest.param(other_schema, id="other schema"),
        pytest.param(no_meta, id="no meta"),
    ],
)
def test_a_damaged_index_is_compiled_again(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(module, "_PACKAGE", "no_such_package_at_all")
    monkeypatch.setenv("NOTELINT_CACHE_DIR", str(tmp_path / "cache"))
    add_release(tiny, None, NEXT, None)
    index = index_in(tmp_path / "cache")
    whole = index.read_bytes()
    before, _ = load_codesets().on(None)
    asked = [*before.under("13")], before.notes("M45.0"), before.ancestors("M45.12")
    harm(index)
    after, _ = load_codesets().on(None)
    assert ([*after.under("13")], after.notes("M45.0"), after.ancestors("M45.12")) == asked
    assert after.release == before.release
    assert index.read_bytes() == whole


def test_an_index_damaged_after_its_beginning(own_cache: Path, april: CodeSet) -> None:
    """The damage shows only when a question comes upon it."""
    damage(overwrite_middle)(index_in(own_cache))
    codeset, _ = load_codesets().on(None)
    for code in ("M45.7", "T84.63XA", "A00.0", "Z99.89"):
        assert codeset.get(code) == april.get(code)
    assert codeset.notes("M54.50") == april.notes("M54.50")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"a": ["x", 1]}'])
def test_damaged_digests_are_taken_anew(own_cache: Path, content: str) -> None:
    digests = own_cache / "digests.json"
    whole = digests.read_text()
    digests.write_text(content)
    assert load_codesets().releases[0].name == "2026-04-01"
    assert digests.read_text() == whole


def test_an_unwritable_cache_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, april: CodeSet) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("NOTELINT_CACHE_DIR", str(in_the_way / "cache"))
    codeset, _ = load_codesets().on(None)
    assert codeset.get("M45.7") == april.get("M45.7")
    assert codeset.excludes1("M46.46", "M54.50") == april.excludes1("M46.46", "M54.50")


def test_the_folders_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTELINT_CACHE_DIR")
    monkeypatch.delenv("NOTELINT_DATA_DIR")
    assert "notelint" in cache_folder().parts
    assert data_folder().name == "codes"
    assert "notelint" in data_folder().parts


def test_two_processes_at_once_and_the_package_is_not_imported(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from notelint.codeset import load_codesets\n"
        "codeset, _ = load_codesets().on(None)\n"
        "print(codeset.excludes1('M46.46', 'M54.50').node, 'simple_icd_10_cm' in sys.modules)\n"
    )
    source = str(Path(module.__file__).parents[1])
    environment = os.environ | {"NOTELINT_CACHE_DIR": str(tmp_path / "fresh"), "PYTHONPATH": source}
    started = [
        subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in started:
        assert (*process.communicate(timeout=120), process.returncode) == ("M50-M54 False\n", "", 0)
    assert sorted(path.suffix for path in (tmp_path / "fresh").iterdir()) == [".json", ".sqlite"]


# --------------------------------------------------------------------------------------------------------- releases of the user

NEXT = date(2026, 10, 1)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tabular.xml"
    path.write_text(TINY, encoding="utf-8")
    return path


def test_add_release(tiny: Path, folders: Path) -> None:
    release = add_release(tiny, None, NEXT, None)
    assert (release.name, release.effective_from, release.effective_to) == ("2026-10-01", NEXT, None)
    assert release.source.startswith("tabular.xml (SHA-256 ")
    assert [path.name for path in folders.iterdir()] == ["2026-10-01.zip"]
    tiny.unlink()  # the release must not need it any more
    codesets = load_codesets()
    assert [one.name for one in codesets.releases] == ["2026-04-01", "2026-10-01"]
    assert codesets.releases[1] == release
    codeset, covered = codesets.on(date(2026, 12, 31))
    assert covered
    assert [code.code for code in codeset.under("13")] == [
        "M45", "M45.0", "M45.0XXA", "M45.0XXS", "M45.1", "M45.12", "M45.12XD", "M46", "M4A",
    ]  # fmt: skip
    assert codeset.get("M45.12XD") == Code("M45.12XD", "Lower left, subsequent encounter", True, "M45.12", (), ())
    category = codeset.get("M45")
    assert category is not None
    assert category.title == "Café spine"
    assert codeset.ancestors("M45.12XD") == ("M45.12", "M45.1", "M45", "M45-M46", "M40-M49", "13")
    assert codeset.ancestors("M4A") == ("M4A-M4A", "13")
    assert texts(codeset.notes("M45.0")) == [
        ("M45", "excludes1", "other (M46.-)"),
        ("M40-M49", "includes", "wide"),
        ("13", "note", "Of the chapter"),
    ]
    note = codeset.excludes1("M46", "M45.0XXA")
    assert note is not None
    assert note.node == "M45"


def test_add_release_compiles_once(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add_release(tiny, None, NEXT, None)

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(module._Source, "compile", refuse)
    assert len(load_codesets().releases) == 2


def test_an_added_release_survives_the_loss_of_the_cache(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = add_release(tiny, None, NEXT, date(2027, 9, 30))
    monkeypatch.setattr(module, "_PACKAGE", "no_such_package_at_all")
    monkeypatch.setenv("NOTELINT_CACHE_DIR", str(tmp_path / "other-cache"))
    codesets = load_codesets()
    assert codesets.releases == (release,)
    assert codesets.on(date(2027, 10, 1))[1] is False


def test_an_added_release_replaces_that_of_the_same_day(tiny: Path) -> None:
    add_release(tiny, None, APRIL, None)
    (release,) = load_codesets().releases
    assert release.source.startswith("tabular.xml")
    add_release(tiny, None, APRIL, SEPTEMBER)
    (release,) = load_codesets().releases
    assert release.effective_to == SEPTEMBER


@pytest.mark.parametrize(
    "lines",
    [
        "M450XXA\nM4512XD\nM46\nM4A\nM45\n",
        "M450XXA Upper, initial\r\nM4512XD Lower left\r\nM46 Other\r\n",
        "00001 M45     0 Spine\n00002 M450XXA 1 Upper\n00003 M4512XD 1 Lower\n00004 M46 1 Other\n",
    ],
)
def test_add_release_with_a_code_list(tiny: Path, tmp_path: Path, lines: str) -> None:
    codes = tmp_path / "codes.txt"
    codes.write_text(lines)
    add_release(tiny, codes, NEXT, None)
    codeset, _ = load_codesets().on(None)
    upper = codeset.get("M45.0")
    assert upper is not None
    assert upper.seventh == (("A", "initial encounter"),)
    assert codeset.get("M45.0XXS") is None


def complaint(tabular: Path, codes: Path | None = None, start: date = NEXT, end: date | None = None) -> str:
    with pytest.raises(CodeSetError) as caught:
        add_release(tabular, codes, start, end)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_refused_release_leaves_nothing_behind(tmp_path: Path, folders: Path) -> None:
    path = tmp_path / "bad.xml"
    path.write_text("<ICD10CM.tabular>\n</ICD10CM.tabular>")
    assert complaint(path) == f"{path}:2: holds no codes"
    assert not folders.exists()


def test_add_release_refuses_files(tiny: Path, tmp_path: Path) -> None:
    assert complaint(tmp_path / "none.xml") == f"{tmp_path / 'none.xml'}: can not be read: No such file or directory"
    assert complaint(tiny, tmp_path / "none.txt") == f"{tmp_path / 'none.txt'}: can not be read: No such file or directory"
    codes = tmp_path / "codes.txt"
    codes.write_text("nothing here\n")
    assert complaint(tiny, codes) == f"{codes}: holds no codes"
    codes.write_text("M46\nM47\nM480\n")
    assert complaint(tiny, codes) == (
        f"{codes}: 2 of its codes are not in the tabular list, M47 for one: the two files are not of the same release"
    )
    assert complaint(tiny, None, NEXT, APRIL) == f"{tiny}: the release ends (2026-04-01) before it begins (2026-10-01)"


def test_add_release_to_an_unwritable_folder(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("NOTELINT_DATA_DIR", str(in_the_way / "codes"))
    assert complaint(tiny).startswith(f"{in_the_way / 'codes' / '2026-10-01.zip'}: can not be written: ")


def test_add_release_with_an_unwritable_cache(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("NOTELINT_CACHE_DIR", str(in_the_way / "cache"))
    assert add_release(tiny, None, NEXT, None).name == "2026-10-01"


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x05\x06" + b"\0" * 18])
def test_a_damaged_stored_release_is_an_error(tiny: Path, folders: Path, content: bytes) -> None:
    add_release(tiny, None, NEXT, None)
    stored = folders / "2026-10-01.zip"
    stored.write_bytes(content)
    with pytest.raises(CodeSetError) as caught:
        load_codesets()
    assert str(caught.value) == f"{stored}: the stored release is damaged; remove it and add one with `notelint codes add`"
