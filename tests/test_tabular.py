"""The reading of an official release: references in notes, the tabular list and the code list, 7th characters."""

import re
from datetime import date
from pathlib import Path

import pytest

from notelint import codeset, tabular
from notelint.codeset import CodeRange, CodeSet, NoteKind, Release, load_codesets, parse_ranges
from notelint.errors import CodeSetError

TINY = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2027</version>
  <introduction><introSection type="title"><title>Not a note</title></introSection></introduction>
  <chapter>
    <name>13</name>
    <desc>Of the spine (M00-M99)</desc>
    <notes><note>Of the chapter</note></notes>
    <sectionIndex><sectionRef first="M40" last="M49" id="M40-M49">Wide</sectionRef></sectionIndex>
    <section id="M40-M49"><desc>Wide (M40-M49)</desc><includes><note>wide</note></includes></section>
    <section id="M45-M46">
      <desc>Narrow (M45-M46)</desc>
      <diag>
        <name>M45</name><desc>Caf\u00e9 spine</desc>
        <excludes1><note>other (M46.-)</note></excludes1>
        <sevenChrNote><note>The appropriate 7th character is to be added</note></sevenChrNote>
        <sevenChrDef><extension char="A">initial encounter</extension><extension char="S">sequela</extension></sevenChrDef>
        <diag><name>M45.0</name><desc>Upper</desc></diag>
        <diag placeholder="true">
          <name>M45.1</name><desc>Lower</desc>
          <sevenChrDef><extension char="D">subsequent encounter</extension></sevenChrDef>
          <diag><name>M45.12</name><desc>Lower left</desc></diag>
        </diag>
      </diag>
      <diag><name>M46</name><desc>Other spine</desc></diag>
    </section>
    <section id="M4A"><desc>Single (M4A)</desc><diag><name>M4A</name><desc>New</desc></diag></section>
  </chapter>
</ICD10CM.tabular>
"""


@pytest.fixture(scope="module")
def april() -> CodeSet:
    return load_codesets().on(None)[0]


def package_files() -> tuple[Path, Path]:
    folder = codeset._package_folder()
    assert folder is not None
    (tabular,) = folder.glob("*.xml")
    (codes,) = folder.glob("*.txt")
    return tabular, codes


# ---------------------------------------------------------------------------------------------- references in a note's text


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("M02.3-", ["M02.3", "M02.30", "M02.38", "m0238"], ["M02", "M02.2", "M02.4", "M02.9"]),
        ("(M46.4-)", ["M46.4", "M46.46"], ["M46", "M46.3", "M46.36", "M46.5"]),
        ("A23.-", ["A23", "A23.0", "A23.9"], ["A22.9", "A24.0"]),
        ("(M45.-)", ["M45", "M45.7", "M45.A7"], ["M46.0", "M44"]),
        ("(B95-B97)", ["B95", "B95.61", "B96.20", "B97", "B97.89"], ["B94.9", "B98", "B99.9"]),
        ("T84.5-T84.7", ["T84.50XA", "T84.63XA", "T84.7", "T84.7XXS"], ["T84", "T84.498A", "T84.81XA"]),
        ("M50.-, M53.3", ["M50", "M50.30", "M53.3"], ["M51", "M53", "M53.2X6"]),
        ("(M05.-, M06.-)", ["M05.9", "M06.1"], ["M04.1", "M07.68", "M08.1"]),
        ("(A00-B99)", ["A00", "A18.01", "B20", "B99.9"], ["C00.0", "M00.9", "Z16.11"]),
        ("(N39.3-N39.4-)", ["N39.3", "N39.46"], ["N39.2", "N39.8"]),
        ("(P28.3- - P28.4-)", ["P28.30", "P28.49"], ["P28.5"]),
        ("(M05.00 to M05.8A)", ["M05.00", "M05.79", "M05.8A"], ["M05.9"]),
        # The place of the categories with a letter is that of the list, not of the alphabet.
        ("C00-C75", ["C43.9", "C4A.0", "C75.9"], ["C7A.00", "C7B.1", "C76.0"]),
        ("C76-C80", ["C76.0", "C80.1"], ["C7A.00", "C7B.1"]),
        ("D37-D44", ["D44.9"], ["D3A.00", "D48.1"]),
        ("M05-M14", ["M1A.00X0"], ["M15.0"]),
        ("Z30-Z36", ["Z36.9"], ["Z3A.10", "Z37.0"]),
        # conditions
        (
            "(T36-T50 with fifth or sixth character 5)",
            ["T36.0X5A", "T36.95XA", "T45.515D"],
            ["T36.0X1A", "T36.91XA", "T43.651A", "T51.0X5A"],
        ),
        ("(T36-T65 with fifth or sixth character 1-4 or 6)", ["T36.0X1A", "T36.0X6A", "T36.93XA"], ["T36.0X5A", "T36.95XA"]),
        ("(T36-T50 with final character 6)", ["T36.0X6A", "T36.96XA"], ["T36.0X5A"]),
        ("(E08-E13 with .21)", ["E08.21", "E11.21"], ["E11.22", "E11.2", "E14.21"]),
        ("(E08-E13 with .51-.52)", ["E11.51", "E11.52"], ["E11.59"]),
        ("(E08-E13 with .62-)", ["E11.620", "E11.628"], ["E11.618"]),
        ("(E08, E09, E11, E13 with final characters .00 or .01)", ["E08.00", "E13.01"], ["E08.10", "E10.00"]),
        ("(I69. with final characters -23)", ["I69.023", "I69.323"], ["I69.321"]),
        ("(F11-F19 with fifth to sixth characters 51)", ["F11.151"], ["F11.150"]),
        ("(S92.-with 7th character B)", ["S92.001B"], ["S92.001A", "S92.001"]),
        ("(S52.- with open fracture 7th character)", ["S52.001C"], ["S52.001A", "S52.001P"]),
    ],
)
def test_parse_ranges(text: str, inside: list[str], outside: list[str]) -> None:
    ranges = parse_ranges(text)
    assert ranges
    assert [code for code in inside if not any(code in one for one in ranges)] == []
    assert [code for code in outside if any(code in one for one in ranges)] == []


def test_parse_ranges_keeps_what_is_written() -> None:
    assert parse_ranges("hepatitis (B15-B19), or (M05.-, M45.0-)") == (
        CodeRange("B15", "B19", "B15-B19"),
        CodeRange("M05", "M05", "M05.-"),
        CodeRange("M45.0", "M45.0", "M45.0-"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "head injury NOS",
        "(with C3 glomerulopathy)",
        "influenza A/H1N1",
        "(S92.- with a condition that nobody knows)",
        "(E08-E13 with ketoacidosis)",
        "(e.g. bronchitis in J40)",
    ],
)
def test_parse_ranges_finds_nothing(text: str) -> None:
    assert parse_ranges(text) == ()


def test_codes_in_prose_count_only_without_parentheses() -> None:
    assert [one.first for one in parse_ranges("pneumoconiosis with tuberculosis, any type in A15 (J65)")] == ["J65"]
    assert [one.first for one in parse_ranges("torticollis NOS M43.6")] == ["M43.6"]


def test_a_stale_reference_is_read_as_its_category(april: CodeSet) -> None:
    (note,) = (note for note in april.notes("M08.1", inherited=False) if "M45" in note.text)
    assert note.ranges == (CodeRange("M45", "M45", "M45.0-"),)
    (note,) = (note for note in april.notes("M35.6", inherited=False) if "M79" in note.text)
    assert note.ranges == (CodeRange("M79.3", "M79.3", "M79.3-"),)


def test_a_range_follows_the_order_of_the_list(april: CodeSet) -> None:
    (note,) = (note for note in april.notes("N16", {NoteKind.CODE_FIRST}) if "lymphoma" in note.text)
    assert [code for code in ("C81.00", "C96.0", "C96.A", "C96.9") if not any(code in one for one in note.ranges)] == []
    (note,) = (note for note in april.notes("Y93.B9", {NoteKind.EXCLUDES1}, inherited=False))
    assert [code for code in ("Y93.01", "Y93.A1", "Y93.81") if any(code in one for one in note.ranges)] == ["Y93.01", "Y93.A1"]


def test_all_references_are_understood_but_known_ones(april: CodeSet) -> None:
    """A reference that is not understood would silently part no codes."""
    kinds = {NoteKind.EXCLUDES1, NoteKind.EXCLUDES2, NoteKind.CODE_FIRST, NoteKind.USE_ADDITIONAL_CODE, NoteKind.CODE_ALSO}
    nodes = [name for (name,) in april._rows("SELECT DISTINCT node.name FROM note JOIN node ON node.id = note.node")]
    notes = [note for node in nodes for note in april.notes(node, kinds, inherited=False)]
    assert len(notes) > 10000
    looks_like_code = re.compile(r"\b[A-TV-Z]\d[0-9A-Z]\b(?!/)")
    assert [(note.node, note.text) for note in notes if not note.ranges and looks_like_code.search(note.text)] == [
        ("E87.2", "diabetic acidosis - see categories E08-E10, E11, E13 with ketoacidosis"),
        ("G31", "code, if applicable, for codes G31.0-G31.83, G31.85-G31.9, to identify:"),
    ]
    for note in notes:
        for one in note.ranges:
            assert one.first[:3] == one.first.replace(".", "")[:3]
            assert april.nearest(one.first) is not None
            assert note.node not in one or note.kind is not NoteKind.EXCLUDES1


# ------------------------------------------------------------------------------------------------------------ the two files


def test_7th_characters_without_a_code_list_are_those_of_the_list() -> None:
    xml, codes = package_files()
    nodes = tabular._TabularReader("tabular").read(xml.read_bytes())
    listed = tabular._read_code_list(codes.read_bytes(), "codes")
    assert tabular._seventh_of_leaves(nodes, None, "") == tabular._seventh_of_leaves(nodes, listed, "")


def complaint(xml: bytes, codes: bytes | None = None) -> str:
    release = Release("2026-10-01", date(2026, 10, 1), None, "test")
    with pytest.raises(CodeSetError) as caught:
        tabular.compile_release(release, xml, "bad.xml" if codes is None else "good.xml", codes, "list.txt")
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("", ":1: not well-formed XML: no element found"),
        ("<ICD10CM.tabular>\n<chapter>\n</ICD10CM.tabular>", ":3: not well-formed XML: mismatched tag"),
        ("<ICD10CM.index>\n</ICD10CM.index>", ":1: the root element is <ICD10CM.index>, not <ICD10CM.tabular>: this is not a tabular list"),
        ("<ICD10CM.tabular>\n</ICD10CM.tabular>", ":2: holds no codes"),
        (
            '<!DOCTYPE a [\n<!ENTITY x "y">\n<!ENTITY z "&x;&x;">]>\n<ICD10CM.tabular>&z;</ICD10CM.tabular>',
            ":1: a document type declaration is not accepted",
        ),
        ('<?xml version="1.0" encoding="no-such"?>\n<ICD10CM.tabular/>', ":1: not readable: unknown encoding: no-such"),
        (TINY.replace("<name>M45.0</name>", "<name>M46.0</name>"), ":18: M46.0 can not stand under M45"),
        (TINY.replace("<name>M45.0</name>", "<name>4-5</name>"), ":18: '4-5' is not a code"),
        (TINY.replace("<name>M45.0</name>", "<name>M45</name>"), ":18: M45 stands in the list twice"),
        (TINY.replace("<name>M45.0</name>", ""), ":18: a <diag> without a name"),
        (TINY.replace("<desc>Upper</desc>", ""), ":18: M45.0 has no description"),
        (TINY.replace("<name>M45</name>", ""), ":18: a <diag> before the name of what it stands in"),
        (TINY.replace("<name>13</name>", "<name>XIII</name>"), ":6: a chapter whose name is not a number"),
        (TINY.replace('char="A"', 'char="AB"'), ":17: a 7th character that is not one character"),
        (TINY.replace('<section id="M40-M49">', "<section>"), ":10: a <section> without a range of categories as its id"),
        (TINY.replace("<version>2027</version>", "<diag/>"), ":3: a <diag> in the wrong place"),
        (TINY.replace("<name>M45</name>", "<chapter/>"), ":14: a <chapter> in the wrong place"),
    ],
)
def test_what_is_no_tabular_list_is_refused(xml: str, message: str) -> None:
    assert complaint(xml.encode()) == f"bad.xml{message}"


def test_entities_in_another_encoding_are_refused_too() -> None:
    xml = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "y">]><ICD10CM.tabular/>'
    assert complaint(xml.encode("utf-16")) == "bad.xml:1: a document type declaration is not accepted"


def test_a_code_list_that_does_not_fit_is_refused() -> None:
    assert complaint(TINY.encode(), b"nothing here\n") == "list.txt: holds no codes"
    assert complaint(TINY.encode(), b"M46\nM47\nM480\n") == (
        "list.txt: 2 of its codes are not in the tabular list, M47 for one: the two files are not of the same release"
    )
