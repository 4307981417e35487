"""Notes from files and manifests: each read as it stands, each mistake named, the rest still read."""

import io
import json
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notelint.errors import InputError
from notelint.inputs import Defaults, decode, from_manifest, from_paths, parse_date, parse_setting
from notelint.note import Note, split_codes
from notelint.report import Failure

DAY = date(2026, 4, 14)
DEFAULTS = Defaults(codes=("M45.7",), setting="outpatient", date_of_service=DAY, note_type="progress note")


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(folder: Path, lines: list[Mapping[str, object] | str], defaults: Defaults = Defaults()) -> list[Note | Failure]:  # noqa: B008
    manifest = write(folder / "list.jsonl", "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return list(from_manifest(manifest, defaults))


def cells(folder: Path, text: str, name: str = "list.csv") -> list[Note | Failure]:
    return list(from_manifest(write(folder / name, text), Defaults()))


def refusal(read: Callable[[str], object], text: str) -> str | None:
    try:
        read(text)
    except InputError as error:
        return str(error)
    return None


def message(found: Note | Failure) -> str:
    assert isinstance(found, Failure)
    return found.message


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("", ()),
        (" ,; ", ()),
        ("M45.7", ("M45.7",)),
        ("M46.46,B95.61", ("M46.46", "B95.61")),
        ("M46.46; B95.61 | E11.9\tI10\nZ79.4", ("M46.46", "B95.61", "E11.9", "I10", "Z79.4")),
        ("b95.61 m46.46 b95.61", ("b95.61", "m46.46", "b95.61")),
    ],
)
def test_codes_keep_their_order(text: str, codes: tuple[str, ...]) -> None:
    assert split_codes(text) == codes


def test_dates_of_the_command_line() -> None:
    assert parse_date("2026-04-14") == DAY
    assert parse_date(" 2026-04-14\n") == DAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20260414",
        "2026-W16-2",
        "2026-104",
        "04/14/2026",
        "2026-4-14",
        "2026-02-30",
        "2026-04-14T10:00",
        "today",
        "\ud800",
        "2026\0-04-14",
    ],
)
def test_other_forms_of_dates_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no date of the form YYYY-MM-DD"):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "setting"),
    [("inpatient", "inpatient"), (" Outpatient ", "outpatient"), ("UNKNOWN", "unknown"), ("", "unknown"), ("  ", "unknown")],
)
def test_setting(text: str, setting: str) -> None:
    assert parse_setting(text) == setting


def test_other_settings_are_refused() -> None:
    with pytest.raises(InputError, match="the setting is none of inpatient, outpatient, unknown"):
        parse_setting(" ward")


@settings(deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_any_text_of_a_cell_is_read_or_refused(text: str) -> None:
    assert all(code and not set(code) & set(" ,;|\t\n") for code in split_codes(text))
    for parse in (parse_date, parse_setting):
        mistake = refusal(parse, text)
        assert mistake is None or (len(mistake) < 200 and "\n" not in mistake)


# Text


@pytest.mark.parametrize("text", ["AS", "\ufeffAS\r\n", "AS of the lumbar spine\0\x0c", " \u00a0fièvre e\u0301 😀\r"])
def test_text_stays_as_it_stands(text: str, tmp_path: Path) -> None:
    assert decode(text.encode(), "n.txt") == text
    assert list(from_paths([str(write(tmp_path / "n.txt", text))], Defaults())) == [Note(text, "n", f"{tmp_path}/n.txt")]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n\t\0"])
def test_an_empty_note_is_none(content: bytes) -> None:
    with pytest.raises(InputError, match=r"^n\.txt: empty note$"):
        decode(content, "n.txt")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xff\xfeA\0S\0", "AS"),
        (b"\xfe\xff\0A\0S", "AS"),
        (b"A\0S\0", "AS"),
        (b"\0A\0S", "AS"),
        (b"HPI\r\nfi\xe8vre", "HPI\r\nfièvre"),
        (b"CRP \x96 12", "CRP \u2013 12"),
        (b"a\n\nb\xc3", "a\n\nbÃ"),
    ],
)
def test_text_in_other_encodings(content: bytes, expected: str) -> None:
    assert decode(content, "n.txt") == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\n\nb\x81", "n.txt: line 3: neither UTF-8 nor Windows-1252 (byte 5)"),
        ("HPI\nCRP ≥ 12\nL4–".encode() + b"\xe9 5", "n.txt: line 3: not UTF-8 (byte 21)"),
        (b"\xff\xfeA\0S", "n.txt: line 1: not UTF-16 (byte 5)"),
        (b"\xff\xfe\0\0A\0\0\0S\0\0\0", "n.txt: no format that notelint reads"),
        (b"A\0S\x0c", "n.txt: no format that notelint reads"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "n.txt: no format that notelint reads"),
    ],
)
def test_the_byte_that_is_no_text_is_named(content: bytes, expected: str) -> None:
    with pytest.raises(InputError) as error:
        decode(content, "n.txt")
    assert str(error.value) == expected


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    mistake = refusal(lambda name: decode(content, name), "n.txt")
    assert mistake is None or mistake.startswith("n.txt: ")
    if mistake is None:
        text = decode(content, "n.txt")
        assert any(text.encode(name) == content for name in ("utf-8", "cp1252", "utf-16-le", "utf-16-be")) or (
            content[2:] in (text.encode("utf-16-le"), text.encode("utf-16-be"))
        )


# Files


def test_files(tmp_path: Path) -> None:
    first, second = write(tmp_path / "visit.one.txt", "AS"), write(tmp_path / "two", "\ufeffdiscitis\r\n")
    assert list(from_paths([str(first), str(second)], DEFAULTS)) == [
        Note("AS", "visit.one", str(first), ("M45.7",), "outpatient", DAY, "progress note"),
        Note("\ufeffdiscitis\r\n", "two", str(second), ("M45.7",), "outpatient", DAY, "progress note"),
    ]


def test_the_readable_ones_among_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("good.txt"), "AS")
    write(Path("broken.txt"), b"ok\nf\x8dvre")
    write(Path("empty.txt"), " \n")
    Path("folder").mkdir()
    names = ["gone.txt", "./gone.txt", "broken.txt", "empty.txt", "folder", "nul\0l.txt", "half\ud800.txt", "x" * 5000, "good.txt"]
    found = list(from_paths(names, Defaults()))
    assert found[-1] == Note("AS", "good", "good.txt")
    assert [(one.path, one.message) for one in found[:-1] if isinstance(one, Failure)] == [
        ("gone.txt", "no such file or directory"),
        ("./gone.txt", "no such file or directory"),
        ("broken.txt", "line 2: neither UTF-8 nor Windows-1252 (byte 5)"),
        ("empty.txt", "empty note"),
        ("folder", "holds no files"),
        ("nul\\x00l.txt", "can not be read"),
        ("half\\ud800.txt", "can not be read"),
        ("x" * 5000, "file name too long"),
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are no UTF-8")
def test_a_file_whose_name_is_no_utf8(tmp_path: Path) -> None:
    name = f"{tmp_path}/caf\udce9.txt"
    write(Path(name), "AS")
    (note,) = from_paths([name], Defaults())
    assert isinstance(note, Note)
    assert (note.text, note.id, note.path) == ("AS", "caf\\udce9", f"{tmp_path}/caf\\udce9.txt")


def test_a_file_too_large_for_a_note(tmp_path: Path) -> None:
    path = tmp_path / "disk.img"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    (failure,) = from_paths([str(path)], Defaults())
    assert message(failure) == "larger than 64 MiB, too large for a note"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"AS\r\n"), encoding="ascii"))
    assert list(from_paths(["-"], DEFAULTS)) == [Note("AS\r\n", "stdin", None, ("M45.7",), "outpatient", DAY, "progress note")]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b""), encoding="utf-8"))
    assert list(from_paths(["-"], Defaults())) == [Failure(path="-", message="<stdin>: empty note")]


# Manifests


def test_the_cells_of_a_row(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "discitis")
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub" / "b.txt", "AS")
    assert rows(
        tmp_path,
        [
            {
                "id": "n1", "path": "a.txt", "codes": "M46.46; B95.61", "setting": "Inpatient", "date-of-service": "2026-05-01", "note-type": "discharge summary",
                "encounter": "e1", "ward": "7B",
            },
            {"path": "sub/b.txt", "codes": ["M45.7", "H20.9"], "date_of_service": "2026-05-02", "note_type": "consult"},
            {"text": "AS\r\n\ufeff", "id": 7, "encounter": 0},
            {"text": 12},
            {"path": "a.txt", "text": None, "id": None, "codes": None, "setting": None},
        ],
    ) == [
        Note("discitis", "n1", "a.txt", ("M46.46", "B95.61"), "inpatient", date(2026, 5, 1), "discharge summary", "e1"),
        Note("AS", "b", "sub/b.txt", ("M45.7", "H20.9"), "unknown", date(2026, 5, 2), "consult"),
        Note("AS\r\n\ufeff", "7", None, encounter="0"),
        Note("12"),
        Note("discitis", "a", "a.txt"),
    ]  # fmt: skip


def test_a_text_outranks_a_path_and_an_absolute_path_is_taken(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a.txt", "discitis"))
    (tmp_path / "lists").mkdir()
    assert rows(tmp_path / "lists", [{"path": path}, {"path": "gone.txt", "text": "AS"}]) == [Note("discitis", "a", path), Note("AS")]


def test_what_a_manifest_leaves_open_the_command_line_says(tmp_path: Path) -> None:
    assert rows(
        tmp_path,
        [
            {"text": "AS"},
            {"text": "AS", "codes": "", "setting": "", "date-of-service": "", "note-type": ""},
            {"text": "AS", "codes": [], "setting": "inpatient"},
        ],
        DEFAULTS,
    ) == [
        Note("AS", None, None, ("M45.7",), "outpatient", DAY, "progress note"),
        Note("AS", None, None, ("M45.7",), "outpatient", DAY, "progress note"),
        Note("AS", None, None, ("M45.7",), "inpatient", DAY, "progress note"),
    ]


def test_an_empty_cell_is_no_encounter_and_no_name(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "AS")
    assert rows(tmp_path, [{"path": "a.txt", "id": "", "encounter": ""}]) == [Note("AS", "a", "a.txt")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "no JSON (column 2)"),
        ('{"text": "AS"} x', "no JSON (column 16)"),
        ("[" * 100_000, "no JSON (column 1)"),
        ("9" * 5000, "no JSON (column 1)"),
        ('["AS"]', "no JSON object"),
        ("null", "no JSON object"),
        ("{}", "has neither `path` nor `text`"),
        ('{"path": ""}', "has neither `path` nor `text`"),
        ('{"id": "n1", "codes": "M45.7"}', "has neither `path` nor `text`"),
        ('{"text": ""}', "empty note"),
        ('{"text": "\\ufeff \\u0000"}', "empty note"),
        ('{"text": ["AS"]}', "`text` is no text"),
        ('{"text": true}', "`text` is no text"),
        ('{"text": 1.5}', "`text` is no text"),
        ('{"text": "AS", "note-type": {}, "id": []}', "`id` is no text"),
        ('{"text": "AS \\ud800"}', "`text` holds half a character (a surrogate)"),
        ('{"text": "AS", "id": "\\udfff"}', "`id` holds half a character (a surrogate)"),
        ('{"text": "AS", "codes": 45}', "`codes` is neither a text nor a list of texts"),
        ('{"text": "AS", "codes": ["M45.7", 1]}', "`codes` is neither a text nor a list of texts"),
        ('{"text": "AS", "codes": ["\\ud800"]}', "`codes` is neither a text nor a list of texts"),
        ('{"text": "AS", "codes": "\\ud800"}', "`codes` is neither a text nor a list of texts"),
        ('{"text": "AS", "setting": "ward"}', "the setting is none of inpatient, outpatient, unknown"),
        ('{"text": "AS", "date-of-service": "14.04.2026"}', "the date of service is no date of the form YYYY-MM-DD"),
        ('{"text": "AS", "date-of-service": 20260414}', "the date of service is no date of the form YYYY-MM-DD"),
    ],
)
def test_the_mistakes_of_a_row_and_the_rest_still_read(tmp_path: Path, line: str, expected: str) -> None:
    found = rows(tmp_path, [{"text": "AS"}, "", line, {"text": "discitis"}])
    assert found == [Note("AS"), Failure(path=f"{tmp_path}/list.jsonl:3", message=expected), Note("discitis")]


def test_a_file_of_a_manifest_that_can_not_be_read(tmp_path: Path) -> None:
    write(tmp_path / "bad.txt", b"\n\x81")
    found = rows(tmp_path, [{"path": "gone.txt"}, {"path": "bad.txt"}, {"path": "a\0b"}])
    assert [(one.path, one.message) for one in found if isinstance(one, Failure)] == [
        (f"{tmp_path}/list.jsonl:1", f"{tmp_path}/gone.txt: no such file or directory"),
        (f"{tmp_path}/list.jsonl:2", f"{tmp_path}/bad.txt: line 2: neither UTF-8 nor Windows-1252 (byte 2)"),
        (f"{tmp_path}/list.jsonl:3", f"{tmp_path}/a\\x00b: can not be read"),
    ]


def test_a_manifest_with_a_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    manifest = write(tmp_path / "list.jsonl", '\ufeff{"text": "AS"}\r\n\r\n{"text": "line\u2028line"}\r\n')
    assert list(from_manifest(manifest, Defaults())) == [Note("AS"), Note("line\u2028line")]


@pytest.mark.parametrize("name", ["list.jsonl", "list.csv"])
def test_a_manifest_that_can_not_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"gone: no such file or directory$"):
        list(from_manifest(tmp_path / "gone", Defaults()))
    assert list(from_manifest(write(tmp_path / "empty.jsonl", ""), Defaults())) == []


@pytest.mark.parametrize(("name", "row"), [("list.jsonl", b'{"text": "%b"}'), ("list.csv", b"%b")])
def test_a_line_of_a_manifest_that_is_no_text(tmp_path: Path, name: str, row: bytes) -> None:
    lines = [*([b"text"] if name == "list.csv" else []), row % b"AS", row % b"A\x81", row % b"fi\xe8vre"]
    place = f"{tmp_path}/{name}:{len(lines) - 1}"
    found = list(from_manifest(write(tmp_path / name, b"\n".join(lines)), Defaults()))
    reason = f"neither UTF-8 nor Windows-1252 (byte {(row % b'A!').index(b'!') + 1})"
    assert found == [Note("AS"), Failure(path=place, message=reason), Note("fièvre")]


# Tables


def test_a_table(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "discitis")
    assert cells(
        tmp_path,
        "\ufeffid, path,text,codes,setting,date_of_service,note-type,encounter,ward\r\n"
        "n1,a.txt,,M46.46;B95.61,inpatient,2026-05-01,consult,e1,7B\r\n"
        'n2,,"AS, stable","M45.7, H20.9",,,,,\r\n'
        ",a.txt\r\n",
    ) == [
        Note("discitis", "n1", "a.txt", ("M46.46", "B95.61"), "inpatient", date(2026, 5, 1), "consult", "e1"),
        Note("AS, stable", "n2", None, ("M45.7", "H20.9")),
        Note("discitis", "a", "a.txt"),
    ]


def test_a_table_with_tabs(tmp_path: Path) -> None:
    assert cells(tmp_path, "id\ttext\nn1\tAS, stable\n", "list.TSV") == [Note("AS, stable", "n1")]


@pytest.mark.parametrize("text", ['HPI:\r\n"stiff"\n\n\rback', "form\x0cfeed\x85and\u2028line\x1cends", "x" * 200_000])
def test_a_note_in_a_cell_stays_as_it_stands(tmp_path: Path, text: str) -> None:
    quoted = '"' + text.replace('"', '""') + '"'
    assert cells(tmp_path, f"id,text\nn1,{quoted}\nn2,AS\n") == [Note(text, "n1"), Note("AS", "n2")]


def test_only_a_line_end_ends_a_row(tmp_path: Path) -> None:
    assert cells(tmp_path, "id,text\nn1,form\x0cfeed\x85and\u2028line\nn2,AS") == [
        Note("form\x0cfeed\x85and\u2028line", "n1"),
        Note("AS", "n2"),
    ]


def test_the_line_of_each_mistake_of_a_table(tmp_path: Path) -> None:
    found = cells(tmp_path, '\nid,text\n\nn1,"two\n\nlines"\n\n\nn2,\nn3,AS,more\nn4,AS\n')
    place = f"{tmp_path}/list.csv"
    assert found == [
        Note("two\n\nlines", "n1"),
        Failure(path=f"{place}:9", message="has neither `path` nor `text`"),
        Failure(path=f"{place}:10", message="more cells than the header has columns"),
        Note("AS", "n4"),
    ]


def test_a_broken_quote_ends_a_table_and_is_named(tmp_path: Path) -> None:
    found = cells(tmp_path, 'id,text\nn1,AS\nn2,"he said "stiff" and left"\nn3,AS\n')
    assert found[0] == Note("AS", "n1")
    assert isinstance(found[1], Failure)
    assert found[1].path == f"{tmp_path}/list.csv:3"
    assert found[1].message.startswith("no CSV: ")
    assert found[1].message.endswith("what follows was not read")
    assert len(found) == 2
    assert message(cells(tmp_path, 'id,text\nn1,"AS\n')[0]).startswith("no CSV: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "list.csv:1: has neither a column `path` nor a column `text`"),
        ("\n\n", "list.csv:1: has neither a column `path` nor a column `text`"),
        ("\nid,codes\nn1,M45.7\n", "list.csv:2: has neither a column `path` nor a column `text`"),
        ('"id" x,text\n', "list.csv:1: no CSV: "),
    ],
)
def test_a_table_without_a_usable_header(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InputError) as error:
        cells(tmp_path, text)
    assert str(error.value).startswith(f"{tmp_path}/{expected}")


NAMES = st.sampled_from(["id", "path", "text", "codes", "setting", "date-of-service", "note_type", "encounter", "ward"])
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.lists(st.text(max_size=4), max_size=2),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.one_of(st.dictionaries(NAMES, VALUES, max_size=5), st.text(max_size=10)), max_size=4),
    st.sampled_from(["list.jsonl", "list.csv"]),
)
def test_any_manifest_is_read_or_refused(tmp_path: Path, lines: list[dict[str, object] | str], name: str) -> None:
    content = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    manifest = write(tmp_path / name, ("text,id\n" if name == "list.csv" else "") + content)
    for found in from_manifest(manifest, Defaults()):
        if isinstance(found, Note):
            assert found.text
            for shown in (found.text, found.id or "", found.path or "", *found.codes, found.note_type or "", found.encounter or ""):
                shown.encode()
        else:
            assert found.path.startswith(f"{manifest}:")
            assert found.message
