"""Formats: each recognised by what is in it, its text as it stands, and what is damaged or crafted told in one line without its words."""

import csv
import gzip
import io
import json
import logging
import random
import sqlite3
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from notelint import formats
from notelint.errors import InputError
from notelint.formats import Defaults, Options, files_of, is_table, notes_of, notes_within, parse_columns, parse_setting, pdf, plain, tables
from notelint.inputs import from_manifest, from_paths
from notelint.note import Note
from notelint.report import Failure

Command = Callable[..., tuple[int, str, str]]
TEXT = "HISTORY: Zyxwvut reports nightly pain.\nASSESSMENT: Ankylosing spondylitis, lumbar spine.\n"
WORDS = ("Zyxwvut", "nightly", "Ankylosing")


# ---------------------------------------------------------------------------------------------------- files made by code


def made_pdf(pages: Sequence[bytes], fonts: bytes = b"/F1 3 0 R", more: Sequence[bytes] = (), resources: bytes = b"") -> bytes:
    """A PDF of pages of such contents; `more` are further objects, from number 4."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        *more,
    ]
    kids = []
    for content in pages:
        objects.append(stream(content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << %b >> %b >> /Contents %d 0 R >>"
            % (fonts, resources, len(objects))
        )
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(kids), b" ".join(b"%d 0 R" % kid for kid in kids))
    return of_objects(objects)


def of_objects(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    out, places = io.BytesIO(), []
    out.write(b"%PDF-1.4\n")
    for number, each in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%b\nendobj\n" % (number, each))
    start = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places))
    out.write(b"trailer << /Size %d /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start))
    return out.getvalue()


def stream(content: bytes, entries: bytes = b"") -> bytes:
    packed = zlib.compress(content)
    return b"<< /Length %d /Filter /FlateDecode %b >>\nstream\n%b\nendstream" % (len(packed), entries, packed)


def printed(text: str) -> bytes:
    lines = (line.encode("cp1252").replace(b"(", b"\\(").replace(b")", b"\\)") for line in text.splitlines())
    return b"BT /F1 12 Tf 72 720 Td 14 TL " + b" T* ".join(b"(%b) Tj" % line for line in lines) + b" ET"


def made_rtf(text: str) -> bytes:
    body = text.replace("\n", "\\par\n").encode("ascii")
    return b"{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fnil\\fcharset0 Calibri;}}{\\colortbl;\\red0;}\\pard " + body + b"}"


def made_docx(fill: Callable[[Any], None]) -> bytes:
    from docx import Document

    document, out = Document(), io.BytesIO()
    fill(document)
    document.save(out)
    return out.getvalue()


def repacked(package: bytes, change: Callable[[str, bytes], bytes], more: Mapping[str, bytes] | None = None) -> bytes:
    """A zip file with its parts changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
        for name, content in (more or {}).items():
            new.writestr(name, content)
    return out.getvalue()


def within_body(package: bytes, xml: str) -> bytes:
    """A Word document with XML put in front of its body."""
    return repacked(
        package, lambda name, part: part.replace(b"<w:body>", b"<w:body>" + xml.encode(), 1) if name == "word/document.xml" else part
    )


def made_sqlite(path: Path, rows: Sequence[Sequence[object]], columns: Sequence[str] = ("id", "text"), table: str = "notes") -> Path:
    connection = sqlite3.connect(path)
    connection.execute(f'create table "{table}" ({", ".join(columns)})')
    connection.executemany(f'insert into "{table}" values ({", ".join("?" * len(columns))})', rows)
    connection.commit()
    connection.close()
    return path


def made_parquet(path: Path, columns: Mapping[str, Any], **options: Any) -> Path:
    import pyarrow
    from pyarrow.parquet import write_table

    write_table(pyarrow.table(dict(columns)), path, **options)
    return path


def made_csv(rows: Sequence[Sequence[object]], **options: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, **options).writerows(rows)
    return out.getvalue().encode()


def made_jsonl(*rows: Mapping[str, object]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def texts(content: bytes, name: str = "note") -> list[str]:
    return [note.text for note in notes_within(content, name) if isinstance(note, Note)]


def refusal(content: bytes, name: str = "x") -> str:
    """The one line that is said of a file that can not be read."""
    with pytest.raises(InputError) as error:
        list(notes_within(content, name))
    message = str(error.value)
    assert message.startswith(f"{name}:")
    assert "\n" not in message
    return message.removeprefix(f"{name}: ")


def told_of(content: bytes, name: str) -> list[str]:
    """All that is said of what can not be read in a file; each text that is read is whole."""
    said = []
    try:
        for found in notes_within(content, name):
            if isinstance(found, Failure):
                said.append(f"{found.path}: {found.message}")
            else:
                found.text.encode()
    except InputError as error:
        said.append(str(error))
    return said


@pytest.fixture(scope="module")
def word() -> bytes:
    def fill(document: Any) -> None:
        for line in TEXT.splitlines():
            document.add_paragraph(line)

    return made_docx(fill)


# ---------------------------------------------------------------------------------------------------- recognition


@pytest.mark.parametrize("name", ["note.txt", "note", "note.pdf", "note.docx", "note.jsonl.txt", "note.xml", "note.parquet", "note.md"])
def test_a_document_is_what_is_in_it_whatever_its_name(name: str, word: bytes) -> None:
    for content in (TEXT.encode(), made_rtf(TEXT.rstrip()), word, made_pdf([printed(TEXT)])):
        (note,) = notes_within(content, name)
        assert isinstance(note, Note)
        assert (note.text.rstrip(), note.id, note.path) == (TEXT.rstrip(), Path(name).stem, name)


@pytest.mark.parametrize("name", ["list.csv", "list.txt", "list", "list.jsonl", "list.docx"])
def test_a_table_is_what_is_in_it_whatever_its_name(name: str, tmp_path: Path) -> None:
    expected = [Note("AS", "n1", f"{tmp_path}/{name}:2"), Note("two\nlines", "n2", f"{tmp_path}/{name}:3")]
    for delimiter in ",\t;|":
        path = write(tmp_path / name, made_csv([["id", "text"], ["n1", "AS"], ["n2", "two\nlines"]], delimiter=delimiter))
        assert is_table(path)
        assert list(notes_of(path)) == expected
    path = write(tmp_path / name, b"\n" + made_jsonl({"id": "n1", "text": "AS"}, {"id": "n2", "text": "two\nlines"}))
    assert is_table(path)
    assert list(notes_of(path)) == expected
    path.unlink()
    made_sqlite(path, [["n1", "AS"], ["n2", "two\nlines"]])
    assert is_table(path)
    assert [(note.id, note.text, note.path) for note in notes_of(path) if isinstance(note, Note)] == [
        ("n1", "AS", f"{path}:1"), ("n2", "two\nlines", f"{path}:2"),
    ]  # fmt: skip
    made_parquet(path, {"id": ["n1", "n2"], "text": ["AS", "two\nlines"]})
    assert is_table(path)
    assert [(note.id, note.text, note.path) for note in notes_of(path) if isinstance(note, Note)] == [
        ("n1", "AS", f"{path}:1"), ("n2", "two\nlines", f"{path}:2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "{Patient name} was seen.\nAS.",
        "{\n  slot: AS\n}",
        "[x] AS",
        "text, as dictated: AS",
        "id: 12, AS\ntext",
        "PAR1 is a protein. AS",
        "< 5 mg of it. AS",
        "<b>AS</b>",
        "MSH stands for nothing here. AS",
        "%PDF is no word. AS",
        '{"id": 7} and AS',
        "id\ntext\nAS",
    ],
)
def test_a_note_that_begins_like_something_else_is_a_text(text: str) -> None:
    assert texts(text.encode()) == [text]
    assert texts(text.encode("utf-16")) == [text]


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        ("cda", b'\xef\xbb\xbf<?xml version="1.0"?><ClinicalDocument/>', "a.txt"),
        ("cda", b'\n<ClinicalDocument xmlns="urn:hl7-org:v3">', "a"),
        ("cda", '<?xml version="1.0"?><x:ClinicalDocument/>'.encode("utf-16"), "a.json"),
        ("hl7", b"MSH|^~\\&|A|B", "a.txt"),
        ("hl7", b"\x0bMSH|^~\\&|A|B\r\x1c\r", "a"),
        ("hl7", b"FHS|^~\\&|", "a.csv"),
        ("hl7", b"\r\nBHS|^~\\&|", "a.dat"),
        ("fhir", b'{"resourceType": "Bundle"}', "a.json"),
        ("fhir", b'{"resourceType": "Bundle"}\n', "a"),
        ("fhir", b'{\n "id": "7",\n "resourceType" : "Bundle"\n}', "a.txt"),
        ("fhir", b'{"id": "' + b"7" * 100_000 + b'"}', "a.json"),
        ("fhir", b'{"resourceType": "Bundle", "x": "' + b"7" * 100_000 + b'"}', "a"),
        ("fhir", b"[1]", "a.json"),
    ],
)
def test_what_other_modules_read(monkeypatch: pytest.MonkeyPatch, kind: str, content: bytes, name: str) -> None:
    asked = reading(monkeypatch, kind)
    assert list(notes_within(content, name, Options(Defaults(("M45.7",), "inpatient", date(2026, 1, 1), "letter")))) == [
        Note("AS", "d1", name, ("M45.7",), "outpatient", date(2026, 1, 1), "letter"),
        Failure(path=name, message="one is not"),
    ]
    assert asked == [(content, name)]


def reading(monkeypatch: pytest.MonkeyPatch, kind: str) -> list[tuple[bytes, str]]:
    """A format that reads one note and one that can not be read out of everything; gives what it was asked for."""
    asked = []

    def notes(content: bytes, name: str) -> Iterator[Note | Failure]:
        asked.append((content, name))
        yield Note("AS", "d1", name, setting="outpatient")
        yield Failure(path=name, message="one is not")

    module = ModuleType(kind)
    module.notes = notes  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, f"notelint.formats.{kind}", module)
    return asked


def test_fhir_in_utf16_is_given_as_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = reading(monkeypatch, "fhir")
    content = '{"resourceType": "Bundle", "id": "é"}'
    list(notes_within(content.encode("utf-16"), "a"))
    assert asked == [(content.encode(), "a")]


def test_a_bulk_export_of_fhir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = reading(monkeypatch, "fhir")
    line = b'{"resourceType": "DocumentReference", "id": "\xc3\xa9"}'
    for name in ("a.ndjson", "a"):
        path = write(tmp_path / name, line + b"\n" + line + b"\nno JSON\n" + b'{"resourceType": "Patient"}\n')
        assert is_table(path)
        assert list(notes_of(path, Options(columns={"text": "note_text"}))) == [
            Note("AS", "d1", f"{path}:1", setting="outpatient"),
            Failure(path=f"{path}:1", message="one is not"),
            Note("AS", "d1", f"{path}:2", setting="outpatient"),
            Failure(path=f"{path}:2", message="one is not"),
            Failure(path=f"{path}:3", message="no JSON (column 1)"),
        ]
    assert asked[0] == (line + b"\n", f"{tmp_path}/a.ndjson:1")
    assert len(asked) == 4
    patients = write(tmp_path / "Patient.ndjson", b'{"resourceType": "Patient"}\n' * 3)
    with pytest.raises(InputError, match=r"/Patient\.ndjson: holds no notes$"):
        list(notes_of(patients))


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        b"\x7fELF\x02\x01\x01" + bytes(100),
        random.Random(1).randbytes(5000),
        zlib.compress(random.Random(2).randbytes(5000)),
        TEXT.encode("utf-32"),
        b"II*\0" + bytes(range(256)),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.doc", "a", "a.csv", "a.jsonl", "a.json"])
def test_what_is_no_text_is_refused(content: bytes, name: str) -> None:
    assert refusal(content, name) == "no format that notelint reads"


@pytest.mark.parametrize("name", ["a.txt", "a.rtf", "a.docx", "a.pdf", "a.parquet", "a.xml", "a.json"])
def test_an_empty_file(name: str) -> None:
    assert refusal(b"", name) == "empty note"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert not is_table(tmp_path / "gone.csv")
    assert not is_table(tmp_path)
    with pytest.raises(InputError, match=r"/gone\.csv: no such file or directory$"):
        list(notes_of(tmp_path / "gone.csv"))
    with pytest.raises(InputError, match=r": is a folder; name its files"):
        list(notes_of(tmp_path))


# ---------------------------------------------------------------------------------------------------- packed files


def test_packed_files(tmp_path: Path, word: bytes) -> None:
    for content in (TEXT.encode(), made_rtf(TEXT), word, made_pdf([printed(TEXT)])):
        (note,) = notes_within(gzip.compress(content), "visit.one.txt.gz")
        assert isinstance(note, Note)
        assert (note.text.rstrip(), note.id, note.path) == (TEXT.rstrip(), "visit.one", "visit.one.txt.gz")
    for content, line in ((made_csv([["id", "text"], ["n1", "AS"]]), 2), (made_jsonl({"id": "n1", "text": "AS"}), 1)):
        path = write(tmp_path / "list.gz", gzip.compress(content))
        assert is_table(path)
        assert list(notes_of(path)) == [Note("AS", "n1", f"{path}:{line}")]


def test_databases_are_not_packed(tmp_path: Path) -> None:
    database = made_sqlite(tmp_path / "a.db", [["n1", "AS"]]).read_bytes()
    columns = made_parquet(tmp_path / "a.parquet", {"text": ["AS"]}).read_bytes()
    for content in (database, columns):
        path = write(tmp_path / "packed.gz", gzip.compress(content))
        with pytest.raises(InputError, match=r"packed\.gz: is read only from a file that is not packed$"):
            list(notes_of(path))
    assert refusal(database) == "is read only from a file that is not packed"
    assert texts(columns) == ["AS"]


@pytest.mark.parametrize("ending", ["txt", "csv"])
def test_a_packed_file_that_is_damaged(ending: str) -> None:
    content = gzip.compress(b"id,text\nn1," + random.Random(1).randbytes(3000).hex().encode())
    for damaged in (content[:40], content[:-4], content[:30] + b"\0\0" + content[32:]):
        assert refusal(damaged, f"a.{ending}.gz") == "is damaged or cut short"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(10)) + b"".join([gzip.compress(bytes(40 * 2**20), 1)] * 3)
    tracemalloc.start()
    assert refusal(bomb, "a.txt.gz") in ("unpacks to far more than notes do", "unpacks to more than 64 MiB, too large for a note")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 64 * 2**20


def test_a_table_that_is_a_bomb_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_HARMLESS", 100_000)
    bomb = gzip.compress(b"id,text\nn1,AS\nn2," + b"x" * 40_000_000 + b"\nn3,AS\n")
    tracemalloc.start()
    found = list(notes_within(bomb, "a.csv.gz"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [
        Note("AS", "n1", "a.csv.gz:2"),
        Failure(path="a.csv.gz:3", message="unpacks to far more than notes do; what follows was not read"),
    ]
    assert peak < 8_000_000


# ---------------------------------------------------------------------------------------------------- text

ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CP1252 = st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=30)


@settings(deadline=None)
@given(ANY)
def test_utf8_is_read_exactly(text: str) -> None:
    assume(text.strip(plain.BLANK))
    content = f"HPI: seen today. {text}".encode()
    assume(not plain.is_binary(content, None))
    assert plain.decode(content, "n") == f"HPI: seen today. {text}"
    assert plain.decode(b"\xef\xbb\xbf" + content, "n") == f"\ufeffHPI: seen today. {text}"


@settings(deadline=None)
@given(ANY.filter(lambda text: "\0" not in text))
def test_utf16_is_read_exactly(text: str) -> None:
    assume(text.strip(plain.BLANK))
    for order in ("utf-16-le", "utf-16-be"):
        assert plain.decode(f"\ufeff{text}".encode(order), "n") == text
        assert plain.decode(f"Assessment of today, by the provider who saw him: {text[:8]}".encode(order), "n").endswith(text[:8])


@settings(deadline=None)
@given(CP1252)
def test_windows_text_is_read_exactly(text: str) -> None:
    # Signs that stand alone: two of them may be one of UTF-8.
    text = "HPI " + " ".join(text)
    assert plain.decode(text.encode("cp1252"), "n") == text


@settings(deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["a", "a.csv", "a.jsonl", "a.rtf"]))
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    assume(not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"MSH"))
    said = told_of(content, name)
    assert all(line.startswith(name) and "\n" not in line for line in said)


# ---------------------------------------------------------------------------------------------------- RTF


def test_what_a_reader_of_rtf_sees() -> None:
    content = (
        rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset161 Arial Greek;}}{\info{\author Secret}}"
        rb"{\header page of Secret}\pard A\{b\}\\ caf\'e9 L4\endash L5\line \u8805?12 \u-10179?\u-8704? {\f1\'ec}g\par"
        rb"{\field{\*\fldinst{HYPERLINK \"http://secret.example\"}}{\fldrslt link}}{\*\generator Secret;}\par "
        rb"CRP\cell 12\cell\row\tab{\pict\wmetafile8 010009}{\pict\bin6 }}}{{\}done\par}"
    )
    assert texts(content) == ["A{b}\\ café L4–L5\n≥12 😀 μg\nlink\nCRP|12|\n\tdone\n"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (made_rtf(TEXT)[:-1], "RTF that is cut short, or whose groups do not close"),
        (made_rtf(TEXT)[:60], "RTF that is cut short, or whose groups do not close"),
        (rb"{\rtf1" + b"{" * 2000 + TEXT.encode() + b"}" * 2001, "RTF that is cut short, or whose groups do not close"),
        (rb"{\rtf1\ansi{\fonttbl" + rb"\f1\fcharset0 Zyxwvut" * 300 + rb";} Zyxwvut}", "RTF with a font table that is none"),
        (rb"{\rtf1\ansi{\fonttbl" + rb"{\f1\fcharset0 Arial;}" * 20_000 + b"} Zyxwvut}", "RTF with a font table that is none"),
        (rb"{\rtf1 \u99999999999999 Zyxwvut}", "no RTF that can be read"),
        (rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}}", "empty note"),
        (rb"{\rtf1 Zyxwvut" + b"\x81\xe2" * 5 + b"}", "line 1: neither UTF-8 nor Windows-1252 (byte 15)"),
        (rb"{\rtf1 Zyxwvut" + b"\0\1\2\3" * 5 + b"}", "no format that notelint reads"),
    ],
)
def test_rtf_that_is_damaged_or_crafted(content: bytes, expected: str) -> None:
    assert refusal(content) == expected


def test_rtf_is_read_in_linear_time() -> None:
    # Of fields that are no links striprtf alone takes time by their square, of pictures a second for each million digits.
    content = rb"{\rtf1 " + rb"{\field{\*\fldinst{HYPERLINK x}}{\fldrslt y}}" * 8000 + rb"{\pict " + b"0f" * 5_000_000 + b"}AS}"
    assert texts(content) == ["y" * 8000 + "AS"]


# ---------------------------------------------------------------------------------------------------- Word


def test_paragraphs_tables_and_headers_of_word() -> None:
    def fill(document: Any) -> None:
        document.sections[0].header.paragraphs[0].text = "General Hospital"
        document.add_heading("HPI", 1)
        document.add_paragraph("Pain\twith stiffness\nsecond line")
        table = document.add_table(2, 3)
        for number, cell in enumerate(table._cells):
            cell.text = f"c{number}"
        layout = document.add_table(1, 2)
        layout.cell(0, 0).text = "ASSESSMENT\nAS"
        layout.cell(0, 1).text = "Signed"
        inner = layout.cell(0, 1).add_table(1, 2)
        inner.cell(0, 0).text, inner.cell(0, 1).text = "x", "y"
        document.add_section()
        document.sections[1].header.paragraphs[0].text = "General Hospital"
        document.add_paragraph("End")

    assert texts(made_docx(fill)) == [
        "General Hospital\nHPI\nPain\twith stiffness\nsecond line\nc0\tc1\tc2\nc3\tc4\tc5\nASSESSMENT\nAS\nSigned\nx\ty\n\nEnd"
    ]


def test_what_python_docx_passes_over(word: bytes) -> None:
    xml = (
        "<w:sdt><w:sdtPr/><w:sdtContent><w:p><w:r><w:t>from a form</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:p><w:r><w:t>HLA</w:t><w:noBreakHyphen/><w:t>B27 </w:t></w:r>"
        "<w:ins><w:r><w:t>positive</w:t></w:r></w:ins><w:del><w:r><w:delText>SECRET</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>SECRET</w:t></w:r></w:moveFrom><w:sdt><w:sdtContent><w:r><w:t>, 2019</w:t></w:r></w:sdtContent></w:sdt></w:p>"
        "<w:p><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>in a box</w:t></w:r></w:p></w:txbxContent></w:pict></w:r></w:p>"
    )
    assert texts(within_body(word, xml)) == [f"from a form\nHLA-B27 positive, 2019\n\nin a box\n{TEXT.rstrip()}"]


def test_word_that_is_damaged_or_crafted(word: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = "no Word document, or one that is damaged"
    assert refusal(word[:-100]) == damaged
    assert refusal(word[: len(word) // 2]) == damaged
    assert refusal(word[:100]) == damaged
    assert refusal(repacked(word, lambda name, part: part[:-30] if name == "word/document.xml" else part)) == damaged
    assert refusal(repacked(word, lambda name, part: b"" if name.endswith(".rels") else part)) == damaged
    assert refusal(made_docx(lambda document: None)) == "empty note"
    sheet = repacked(word, lambda name, part: part)
    assert refusal(sheet.replace(b"word/", b"xlsx/")) == "no format that notelint reads"
    entity = b'<!DOCTYPE x [<!ENTITY a "Zyxwvut"><!ENTITY b "&a;&a;&a;&a;">]>'
    for encoding in ("utf-8", "utf-16"):
        crafted = repacked(
            word,
            lambda name, part: (
                part.decode().replace("<w:document", entity.decode() + "<w:document", 1).replace("UTF-8", encoding).encode(encoding)  # noqa: B023
                if name == "word/document.xml"
                else part
            ),
        )
        assert refusal(crafted) == "has a document type, which no Word document has"


def test_a_zip_bomb_is_not_unpacked(word: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    too_much = "unpacks to more than a document holds"
    bombs = [
        within_body(word, "<w:p/>" * 6_000_000),
        repacked(word, lambda name, part: part, {"word/media/image1.png": bytes(20_000_000)}),
    ]
    flagged = bytearray(word)
    flagged[flagged.index(b"PK\x01\x02") + 8] |= 1
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))
    assert [refusal(bomb) for bomb in bombs] == [too_much, too_much]
    assert refusal(bytes(flagged)) == "is encrypted"


def test_word_without_its_library(word: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content, said in (
        ("docx", word, "Word documents need python-docx"),
        ("striprtf.striprtf", made_rtf(TEXT), "RTF needs striprtf"),
        ("pypdf", made_pdf([printed(TEXT)]), "PDF needs pypdf"),
    ):
        monkeypatch.setitem(sys.modules, name, None)
        assert refusal(content) == f'{said}: pip install "notelint[documents]"'


# ---------------------------------------------------------------------------------------------------- PDF


def test_the_pages_of_a_pdf() -> None:
    content = made_pdf([printed("HISTORY\nL4\u2013L5 (mild)"), printed("ASSESSMENT: AS")])
    assert list(notes_within(content, "dir/visit.pdf")) == [Note("HISTORY\nL4–L5 (mild)\nASSESSMENT: AS", "visit", "dir/visit.pdf")]


def test_joined_letters_are_those_that_they_join() -> None:
    names = b"<< /Type /Encoding /BaseEncoding /WinAnsiEncoding /Differences [1 /fi /fl] >>"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding 4 0 R >>"
    assert texts(made_pdf([b"BT /F2 12 Tf 72 720 Td (\\001brosis, in\\002amed) Tj ET"], b"/F2 5 0 R", [names, font])) == [
        "fibrosis, inflamed"
    ]


IMAGE = stream(bytes(300), b"/Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceRGB /BitsPerComponent 8")


def test_a_scan_has_no_text_layer() -> None:
    resources = b"/XObject << /Im1 4 0 R >>"
    scan = b"q 612 0 0 792 0 0 cm /Im1 Do Q"
    assert refusal(made_pdf([scan, scan], more=[IMAGE], resources=resources)) == "has no text layer"
    assert refusal(made_pdf([b""])) == "has no text layer"
    assert refusal(made_pdf([])) == "has no text layer"
    mixed = made_pdf([printed("AS"), *[scan] * 12, printed("end")], more=[IMAGE], resources=resources)
    note, failure = notes_within(mixed, "a.pdf")
    assert isinstance(note, Note)
    assert note.text.split() == ["AS", "end"]
    assert failure == Failure(path="a.pdf", message="has pages without a text layer: 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more")
    assert texts(made_pdf([printed("AS"), b""])) == ["AS\n"]


def test_an_encrypted_pdf() -> None:
    from pypdf import PdfReader, PdfWriter

    writer, out = PdfWriter(PdfReader(io.BytesIO(made_pdf([printed(TEXT)])))), io.BytesIO()
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    assert refusal(out.getvalue()) == "is encrypted"


def test_a_pdf_that_is_damaged_is_told_in_silence(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    content = made_pdf([printed(TEXT)])
    with caplog.at_level(logging.DEBUG):
        for length in (6, 60, 200, len(content) // 2):
            assert refusal(content[:length]) == "no PDF that can be read, or one that is damaged"
        assert texts(content.replace(b"startxref\n", b"startxref\n9")) == [TEXT.rstrip()]
        generator = random.Random(3)
        for _ in range(60):
            broken = bytearray(content)
            for _ in range(4):
                broken[generator.randrange(9, len(broken))] = generator.randrange(256)
            assert not [word for word in WORDS if word in " ".join(told_of(bytes(broken), "x"))]
    told = capfd.readouterr()
    assert (told.out, told.err, caplog.text) == ("", "", "")


def test_a_pdf_that_asks_for_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    too_much = "has more pages, or more in them, than a note has"
    assert refusal(made_pdf([b"BT (" + b"a" * 20_000_000 + b") Tj ET"])).startswith("no PDF that can be read")
    inner = [
        stream(b"/X Do " * 50, b"/Type /XObject /Subtype /Form /Resources << /XObject << /X %d 0 R >> >>" % (number + 1))
        for number in range(4, 9)
    ]
    leaf = stream(printed("AS"), b"/Type /XObject /Subtype /Form /Resources << /Font << /F1 3 0 R >> >>")
    nested = made_pdf([printed("AS") + b" /X Do"], more=[*inner, leaf], resources=b"/XObject << /X 4 0 R >>")
    monkeypatch.setattr(pdf, "_MAX_SECONDS", 0.2)
    assert refusal(nested) == too_much
    monkeypatch.undo()
    monkeypatch.setattr(pdf, "_MAX_PAGES", 2)
    assert refusal(made_pdf([printed("AS")] * 3)) == too_much
    monkeypatch.setattr(pdf, "MAX_BYTES", 3)
    assert refusal(made_pdf([printed("AS")] * 2)) == too_much
    assert texts(made_pdf([printed("AS")])) == ["AS"]


# ---------------------------------------------------------------------------------------------------- tables

COLUMNS = {"id": "note_id", "text": "note_text", "codes": "dx", "setting": "class", "date-of-service": "seen", "role": "writer role"}
FACTS = Note("AS\r\nstable", "n1", None, ("M45.7", "H20.9"), "inpatient", date(2026, 6, 3), "consult", "e1", "A. Attending", "physician", "7B", "t1")  # fmt: skip
OTHERS = {"note_type": "consult", "encounter": "e1", "author": "A. Attending", "site": "7B", "template": "t1"}
ROW = {
    "note_id": "n1",
    "note_text": "AS\r\nstable",
    "dx": "M45.7 H20.9",
    "class": "IMP",
    "seen": "2026-06-03T10:00:00",
    "writer role": "physician",
    **OTHERS,
}


def tables_of(folder: Path, *rows: Mapping[str, object]) -> Iterator[Path]:
    """The rows, all with the same columns, as a table of each kind."""
    names = list(rows[0])
    cells = [[row[name] for name in names] for row in rows]
    yield write(folder / "list.csv", made_csv([names, *cells]))
    yield write(folder / "list.tsv", made_csv([names, *cells], delimiter="\t").decode().encode("utf-16"))
    yield write(folder / "list.jsonl", made_jsonl(*rows))
    yield made_parquet(folder / "list.parquet", {name: [row[name] for row in rows] for name in names})
    yield made_sqlite(folder / "list.db", cells, [f'"{name}"' for name in names])


def places(found: Sequence[Note | Failure]) -> list[str]:
    return [str(each.path).rpartition(":")[2] for each in found]


def test_every_kind_of_table_tells_the_same(tmp_path: Path) -> None:
    for path in tables_of(tmp_path, ROW, {**ROW, "class": "home on the range", "seen": None}, {**ROW, "note_id": "n3"}):
        found = list(notes_of(path, Options(columns=COLUMNS)))
        first = {".csv": 2, ".tsv": 2}.get(path.suffix, 1)
        # A note with a line end in it takes two lines of CSV.
        lines = [str(first + number * (2 if path.suffix in (".csv", ".tsv") else 1)) for number in range(3)]
        assert places(found) == lines, path
        assert found == [
            Note(**{**vars(FACTS), "path": f"{path}:{lines[0]}"}),
            Failure(path=f"{path}:{lines[1]}", message="the setting is none of inpatient, outpatient, unknown"),
            Note(**{**vars(FACTS), "id": "n3", "path": f"{path}:{lines[2]}"}),
        ]


def test_a_table_as_a_manifest_tells_the_same(tmp_path: Path) -> None:
    for path in tables_of(tmp_path, ROW):
        assert list(from_manifest(path, Defaults(), columns=COLUMNS)) == [FACTS]


def test_a_manifest_puts_encounters_together_by_the_column_that_is_named(tmp_path: Path) -> None:
    rows = [{"text": text, "visit": visit} for text, visit in (("a", "1"), ("b", "2"), ("c", None), ("d", "1"), ("e", "2"))]
    for path in tables_of(tmp_path, *rows):
        found = list(from_manifest(path, Defaults(), columns={"encounter": "visit"}))
        assert [note.text for note in found if isinstance(note, Note)] == ["a", "d", "b", "e", "c"]


def test_lists_dates_and_bytes_of_databases(tmp_path: Path) -> None:
    import pyarrow

    path = made_parquet(
        tmp_path / "a.parquet",
        {
            "text": pyarrow.array([b"AS caf\xe9", "AS é".encode(), b"\x81", b"AS"], pyarrow.binary()),
            "codes": [["M45.7", "H20.9"], None, [], ["M45.7", None]],
            "date_of_service": pyarrow.array([datetime(2026, 6, 3, 23, 59), None, None, None], pyarrow.timestamp("us")),  # noqa: DTZ001
            "encounter": [7, None, None, None],
        },
    )
    assert list(notes_of(path)) == [
        Note("AS café", None, f"{path}:1", ("M45.7", "H20.9"), date_of_service=date(2026, 6, 3), encounter="7"),
        Note("AS é", None, f"{path}:2"),
        Failure(path=f"{path}:3", message="`text` is no text"),
        Failure(path=f"{path}:4", message="`codes` is neither a text nor a list of texts"),
    ]
    made_parquet(path, {"text": ["AS"], "date-of-service": pyarrow.array([date(2026, 6, 3)], pyarrow.date32()), "codes": pyarrow.array(["M45.7"]).dictionary_encode()})  # fmt: skip
    assert list(notes_of(path)) == [Note("AS", None, f"{path}:1", ("M45.7",), date_of_service=date(2026, 6, 3))]
    path = made_sqlite(tmp_path / "a.db", [[b"AS caf\xe9", 7], ["AS", None], [None, None], [1.5, None]], ("text", "id"))
    assert list(notes_of(path)) == [
        Note("AS café", "7", f"{path}:1"),
        Note("AS", None, f"{path}:2"),
        Failure(path=f"{path}:3", message="has neither `path` nor `text`"),
        Failure(path=f"{path}:4", message="`text` is no text"),
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-06-03", date(2026, 6, 3)),
        ("2026-06-03T10:00", date(2026, 6, 3)),
        ("2026-06-03T10:00:00", date(2026, 6, 3)),
        ("2026-06-03 10:00:00.123456", date(2026, 6, 3)),
        ("2026-06-03T10:00:00Z", date(2026, 6, 3)),
        ("2026-06-03T10:00:00-05:00", date(2026, 6, 3)),
        ("", None),
        (None, None),
    ],
)
def test_dates_of_a_row(told: str | None, expected: date | None) -> None:
    assert list(notes_within(made_jsonl({"text": "AS", "date-of-service": told}), "a.jsonl")) == [
        Note("AS", None, "a.jsonl:1", date_of_service=expected)
    ]


@pytest.mark.parametrize(
    "told", ["06/03/2026", "2026-06-03T", "2026-06-03 nightly pain", "2026-02-30T10:00:00", "20260603", "2026-W23", "٢٠٢٦-٠٦-٠٣"]
)
def test_other_dates_of_a_row_are_refused(told: str) -> None:
    assert list(notes_within(made_jsonl({"text": "AS", "date-of-service": told}), "a.jsonl")) == [
        Failure(path="a.jsonl:1", message="the date of service is no date of the form YYYY-MM-DD")
    ]


@pytest.mark.parametrize(
    ("told", "setting"),
    [
        ("I", "inpatient"), ("imp", "inpatient"), ("ACUTE", "inpatient"), (" Inpatient ", "inpatient"), ("O", "outpatient"),
        ("AMB", "outpatient"), ("ambulatory", "outpatient"), ("E", "outpatient"), ("emergency", "outpatient"), ("unknown", "unknown"), ("", "unknown"),
    ],
)  # fmt: skip
def test_settings_of_exports(told: str, setting: str) -> None:
    assert parse_setting(told) == setting


@pytest.mark.parametrize("told", ["ward", "home", "in", "inpatient outpatient", "x"])
def test_other_settings_are_refused(told: str) -> None:
    with pytest.raises(InputError, match="the setting is none of inpatient, outpatient, unknown"):
        parse_setting(told)


def test_columns_of_the_command_line() -> None:
    assert parse_columns([]) == {}
    assert parse_columns(["text=note_text,codes=dx", " date_of_service = seen on "]) == {
        "text": "note_text", "codes": "dx", "date-of-service": "seen on",
    }  # fmt: skip
    for wrong in ("text", "text=", "=x", "words=x", "text=a,b"):
        with pytest.raises(InputError, match=r"maps no field of a note to a column.*fields are text, id, path, codes"):
            parse_columns([wrong])


def test_a_column_that_there_is_not(tmp_path: Path) -> None:
    rows = {"note_id": "n1", "note_text": "AS", **{f"c{number}": "x" for number in range(12)}}
    there = "there are `note_id`, `note_text`, `c0`, `c1`, `c2`, `c3`, `c4`, `c5`, `c6`, `c7` and 4 more"
    for path in tables_of(tmp_path, rows):
        place = {".csv": f"{path}:1", ".tsv": f"{path}:1"}.get(path.suffix, str(path))
        with pytest.raises(InputError) as error:
            list(notes_of(path, Options(columns={"text": "note_text", "codes": "dx"})))
        row = "no row of the first 1 has a column" if path.suffix == ".jsonl" else "has no column"
        assert str(error.value) == f"{place}: {row} `dx`; {there}"
        assert [note.text for note in notes_of(path, Options(columns={"text": "note_text"})) if isinstance(note, Note)] == ["AS"]


def test_a_table_with_neither_text_nor_path(tmp_path: Path) -> None:
    neither = "has neither a column `path` nor a column `text`; there are `note`, `dx`"
    csv_, tsv, jsonl, parquet, sqlite = tables_of(tmp_path, {"note": "Zyxwvut", "dx": "M45.7"})
    for path, message in ((csv_, f":1: {neither}"), (tsv, f":1: {neither}"), (parquet, f": {neither}"), (sqlite, ": no table has a column `text`; there are `note`, `dx`")):  # fmt: skip
        with pytest.raises(InputError) as error:
            list(notes_of(path))
        assert str(error.value) == f"{path}{message}"
    assert list(notes_of(jsonl)) == [Failure(path=f"{jsonl}:1", message="has neither `path` nor `text`")]


def test_a_table_without_a_header_shows_no_words() -> None:
    content = made_csv([["n1", TEXT, "M45.7"], ["n2", TEXT, "M45.7"]])
    message = refusal(content, "a.csv")
    assert message == "a.csv:1: has neither a column `path` nor a column `text`; what stands in its place are no names of columns"


def test_one_column_may_tell_two_fields(tmp_path: Path) -> None:
    for path in tables_of(tmp_path, {"text": "AS", "visit": "v1"}):
        (note,) = notes_of(path, Options(columns={"id": "visit", "encounter": "visit"}))
        assert isinstance(note, Note)
        assert (note.id, note.encounter) == ("v1", "v1")


def test_columns_of_json_lines_may_be_left_out_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"text": "AS"}] * 5 + [{"text": "AS", "dx": "M45.7"}] + [{"text": "AS"}] * 3
    found = list(notes_within(made_jsonl(*rows), "a.jsonl", Options(columns={"codes": "dx"})))
    assert [note.codes for note in found if isinstance(note, Note)] == [()] * 5 + [("M45.7",)] + [()] * 3
    monkeypatch.setattr(tables, "_MAPPED_WITHIN", 4)
    with pytest.raises(InputError, match=r"^a\.jsonl: no row of the first 4 has a column `dx`; there are `text`$"):
        list(notes_within(made_jsonl(*rows), "a.jsonl", Options(columns={"codes": "dx"})))


def test_rows_that_name_files_of_other_formats(tmp_path: Path, word: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "files").mkdir()
    write(tmp_path / "files" / "a.docx", word)
    write(tmp_path / "files" / "b.pdf", made_pdf([printed("AS")]))
    write(tmp_path / "files" / "c.txt", gzip.compress("café".encode("cp1252")))
    write(tmp_path / "files" / "d.pdf", made_pdf([]))
    write(tmp_path / "files" / "e.hl7", b"MSH|^~\\&|")
    write(tmp_path / "files" / "list.csv", made_csv([["id", "path"], ["n1", "list.csv"]]))
    reading(monkeypatch, "hl7")
    names = ["a.docx", "b.pdf", "c.txt", "d.pdf", "e.hl7", "list.csv", "gone.rtf"]
    rows = [{"id": f"n{number}", "path": f"files/{name}", "setting": "I"} for number, name in enumerate(names)]
    for path in tables_of(tmp_path, *rows):
        place = [f"{path}:{number + (2 if path.suffix in ('.csv', '.tsv') else 1)}" for number in range(len(rows))]
        assert list(notes_of(path, Options(Defaults(("M45.7",), "outpatient")))) == [
            Note(TEXT.rstrip(), "n0", "files/a.docx", ("M45.7",), "inpatient"),
            Note("AS", "n1", "files/b.pdf", ("M45.7",), "inpatient"),
            Note("café", "n2", "files/c.txt", ("M45.7",), "inpatient"),
            Failure(path=place[3], message=f"{tmp_path}/files/d.pdf: has no text layer"),
            Note("AS", "n4", "files/e.hl7", ("M45.7",), "inpatient"),
            Failure(path=place[4], message=f"{tmp_path}/files/e.hl7: one is not"),
            Failure(path=place[5], message=f"{tmp_path}/files/list.csv: is a table itself"),
            Failure(path=place[6], message=f"{tmp_path}/files/gone.rtf: no such file or directory"),
        ]


def test_the_notes_of_one_file_that_a_row_names_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("hl7")
    module.notes = lambda content, name: iter([Note("a", "1", name), Note("b", "2", name, encounter="own")])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "notelint.formats.hl7", module)
    write(tmp_path / "batch", b"FHS|")
    path = write(tmp_path / "a.jsonl", made_jsonl({"path": "batch", "id": "n1"}, {"path": "batch", "encounter": "e"}))
    assert list(notes_of(path)) == [
        Note("a", "n1/1", "batch"), Note("b", "n1/2", "batch", encounter="own"),
        Note("a", "1", "batch", encounter="e"), Note("b", "2", "batch", encounter="e"),
    ]  # fmt: skip


def test_the_table_of_several_that_holds_the_notes(tmp_path: Path) -> None:
    path = made_sqlite(tmp_path / "a.db", [["1", "M45.7"]], ("id", "code"), "codes")
    made_sqlite(path, [["n1", "AS"]], table='the ""notes""')
    found = [Note("AS", "n1", f"{path}:1")]
    assert list(notes_of(path)) == found
    made_sqlite(path, [["n2", "discitis"]], table="drafts")
    with pytest.raises(InputError, match=r'several tables have a text; choose one with --table; there are `drafts`, `the "notes"`$'):
        list(notes_of(path))
    assert list(notes_of(path, Options(table='the "notes"'))) == found
    with pytest.raises(InputError, match=r"has no table `gone`; there are `codes`, `drafts`, "):
        list(notes_of(path, Options(table="gone")))
    connection = sqlite3.connect(path)
    connection.execute("create view later as select id, upper(text) as text from drafts")
    connection.close()
    assert list(notes_of(path, Options(table="later"))) == [Note("DISCITIS", "n2", f"{path}:1")]


def test_a_database_is_only_read(tmp_path: Path) -> None:
    path = made_sqlite(tmp_path / "a.db", [["n1", "AS"]])
    before = path.read_bytes()
    path.chmod(0o400)
    assert len(list(notes_of(path))) == 1
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.db"]


def test_a_table_that_is_damaged(tmp_path: Path) -> None:
    text = TEXT * 200
    rows = [{"id": f"n{number}", "text": text} for number in range(300)]
    *_, parquet, sqlite = tables_of(tmp_path, *rows)
    for path, said in ((parquet, "no Parquet, or one that is damaged or encrypted"), (sqlite, "no SQLite, or one that is damaged")):
        content = path.read_bytes()
        for length in (50, 1000):
            with pytest.raises(InputError) as error:
                list(notes_of(write(path, content[:length])))
            assert str(error.value) == f"{path}: {said}"
        spoilt = bytearray(content)
        spoilt[len(content) // 4 : len(content) // 4 + 9000] = b"\xff" * 9000
        told = []
        try:
            told = [each.message for each in notes_of(write(path, bytes(spoilt))) if isinstance(each, Failure)]
        except InputError as error:
            told = [str(error)]
        assert not [word for word in WORDS if word in " ".join(told)]


def test_a_table_without_rows(tmp_path: Path) -> None:
    for path in (
        write(tmp_path / "a.csv", b"id,text\n"),
        write(tmp_path / "a.jsonl", b"\n\n"),
        made_sqlite(tmp_path / "a.db", []),
        made_parquet(tmp_path / "a.parquet", {"text": []}),
    ):
        with pytest.raises(InputError) as error:
            list(notes_of(path))
        assert str(error.value) in (f"{path}: holds no notes", f"{path}:1: has neither a column `path` nor a column `text`")


def test_a_line_that_is_too_long_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MAX_LINE", 2_000_000)
    monkeypatch.setattr(tables, "_SKIPPED", 1000)
    long = "x" * 30_000_000
    said = Failure(path="a:3", message="longer than 2 MB")
    for encoding in ("utf-8", "utf-16"):
        content = f'id,text\n1,AS\n2,{long}\n"3","AS"\n'.encode(encoding)
        rows = f'{{"id":"0","text":"AS"}}\n{{"id":"1","text":"AS"}}\n{{"text":"{long}"}}\n{{"id":"3","text":"AS"}}'.encode(encoding)
        for each, last in ((content, 4), (rows, 4)):
            tracemalloc.start()
            found = list(notes_within(each, "a"))
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert found[-3:] == [Note("AS", "1", "a:2"), said, Note("AS", "3", f"a:{last}")]
            assert peak < 20_000_000


def test_a_long_line_with_an_open_quotation_ends_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MAX_LINE", 1000)
    rows = '1,AS\n2,"' + "x" * 2000 + '\n3,AS\n",AS\n4,AS\n'
    assert list(notes_within(f"id,text\n{rows}".encode(), "a.csv")) == [
        Note("AS", "1", "a.csv:2"),
        Failure(path="a.csv:3", message="longer than 0 MB; what follows was not read"),
    ]
    rows = '1,AS\n2,"' + "x\n" * 2000
    assert list(notes_within(f"id,text\n{rows}".encode(), "a.csv"))[1:] == [
        Failure(path="a.csv:3", message="a row longer than 0 MB; what follows was not read")
    ]


def test_a_table_is_read_in_constant_memory(tmp_path: Path) -> None:
    text = "nightly pain " * 2000
    rows = [{"id": f"n{number}", "text": f"{number} {text}"} for number in range(600)]
    for path in tables_of(tmp_path, *rows):
        tracemalloc.start()
        assert sum(1 for _ in notes_of(path)) == 600
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert path.suffix == ".parquet" or path.stat().st_size > 14_000_000
        assert peak < 3_000_000, path


def test_lines_of_other_encodings() -> None:
    content = "id,text\n1,café\n2,CRP ≥ 12\n".encode() + b"3,caf\xe9\n4,\x81\n5,AS\n"
    assert list(notes_within(content, "a.csv")) == [
        Note("café", "1", "a.csv:2"), Note("CRP ≥ 12", "2", "a.csv:3"), Note("café", "3", "a.csv:4"),
        Failure(path="a.csv:5", message="neither UTF-8 nor Windows-1252 (byte 3)"), Note("AS", "5", "a.csv:6"),
    ]  # fmt: skip
    cut = "id,text\n1,AS\n2,AS".encode("utf-16")[:-1]
    assert list(notes_within(cut, "a.csv")) in (
        [Note("AS", "1", "a.csv:2"), Failure(path="a.csv:3", message="not UTF-16; what follows was not read")],
        [Failure(path="a.csv:2", message="not UTF-16; what follows was not read")],
    )


def test_lines_that_end_at_a_carriage_return() -> None:
    assert list(notes_within(b'id,text\r1,AS\r2,"a\rb"\r', "a.csv")) == [Note("AS", "1", "a.csv:2"), Note("a\rb", "2", "a.csv:3")]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(lambda text: text.strip(plain.BLANK)), min_size=1, max_size=4), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.booleans())  # fmt: skip
def test_any_text_survives_in_csv_and_json_lines(told: list[str], quoting: int, ascii_: bool) -> None:
    content = made_csv([["id", "text", "note-type"], *([number, text, "letter"] for number, text in enumerate(told))], quoting=quoting)
    lines = "\n".join(json.dumps({"id": number, "text": text}, ensure_ascii=ascii_) for number, text in enumerate(told)).encode()
    for each in (content, lines, "\ufeff".encode() + content, gzip.compress(lines)):
        assert [(note.id, note.text) for note in notes_within(each, "a") if isinstance(note, Note)] == [
            (str(number), text) for number, text in enumerate(told)
        ]


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(lambda text: text.strip(plain.BLANK)), min_size=1, max_size=4))  # fmt: skip
def test_any_text_survives_in_databases(tmp_path: Path, told: list[str]) -> None:
    (tmp_path / "a.db").unlink(missing_ok=True)
    for path in (made_sqlite(tmp_path / "a.db", [[None, text] for text in told]), made_parquet(tmp_path / "a.parquet", {"text": told})):
        assert [note.text for note in notes_of(path) if isinstance(note, Note)] == told


# ---------------------------------------------------------------------------------------------------- files by name


def test_files_of_folders_patterns_and_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b/2.txt", "b/1.txt", "a.txt", "b/c/3.xml", ".hidden/x.txt", "b/.y.txt", "[z].txt", "empty/.x"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        write(Path(name), b"AS")
    assert list(files_of(["b"])) == [Path("b/1.txt"), Path("b/2.txt"), Path("b/c/3.xml")]
    assert list(files_of(["b/*", "**/*.xml", "[z].txt", "gone.txt"])) == [
        Path("b/1.txt"), Path("b/2.txt"), Path("b/c/3.xml"), Path("[z].txt"), Path("gone.txt"),
    ]  # fmt: skip
    assert list(files_of(["empty", "*.pdf"])) == [
        Failure(path="empty", message="holds no files"), Failure(path="*.pdf", message="fits no file"),
    ]  # fmt: skip
    assert [note.path for note in from_paths(["b", "./a.txt"], Defaults())] == ["b/1.txt", "b/2.txt", "b/c/3.xml", "./a.txt"]


# ---------------------------------------------------------------------------------------------------- the command line

WRONG_REGION = "Assessment: Ankylosing spondylitis of the cervical spine."


def test_check_reads_every_format(command: Command, tmp_path: Path, word: bytes) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    write(folder / "a.rtf", made_rtf(WRONG_REGION))
    write(folder / "b.pdf", made_pdf([printed(WRONG_REGION)]))
    write(folder / "c.docx", made_docx(lambda document: document.add_paragraph(WRONG_REGION)))
    write(folder / "d.csv", made_csv([["key", "words"], ["n1", WRONG_REGION], ["n2", WRONG_REGION]]))
    write(folder / "e.png", b"\x89PNG\r\n\x1a\n" + bytes(100))
    write(folder / "f.txt", WRONG_REGION.encode("utf-16"))
    arguments = ("--map", "text=words", "--map", "id=key", "--code", "M45.6", "--select", "site", "--format", "jsonl")
    status, out, err = command("check", folder, *arguments)
    assert (status, err) == (2, f"notelint: {folder}/e.png: no format that notelint reads\n")
    found = [json.loads(line) for line in out.splitlines()]
    assert [(note["path"].removeprefix(f"{folder}/"), note["id"]) for note in found] == [
        ("a.rtf", "a"), ("b.pdf", "b"), ("c.docx", "c"), ("d.csv:2", "n1"), ("d.csv:3", "n2"), ("f.txt", "f"),
    ]  # fmt: skip
    assert all([d["rule"] for d in note["diagnostics"]] == ["site/mismatch"] for note in found)
    assert command("check", folder / "[ab].*", *arguments)[1] == "".join(out.splitlines(keepends=True)[:2])
    _, out, _ = command("extract", folder / "d.csv", "--map", "text=words", "--format", "jsonl")
    assert [json.loads(line)["path"] for line in out.splitlines()] == [f"{folder}/d.csv:2", f"{folder}/d.csv:3"]


def test_standard_input_is_recognised(command: Command, word: bytes) -> None:
    rows = made_jsonl({"id": "n1", "text": WRONG_REGION}, {"text": ""}, {"text": WRONG_REGION})
    status, out, err = command("check", "-", "--format", "jsonl", stdin=rows)
    assert (status, err) == (2, "notelint: <stdin>:2: empty note\n")
    assert [(note["id"], note["path"]) for note in map(json.loads, out.splitlines())] == [("n1", "<stdin>:1"), (None, "<stdin>:3")]
    for content in (word, made_rtf(TEXT), gzip.compress(TEXT.encode())):
        _, out, _ = command("extract", "-", "--format", "jsonl", stdin=content)
        found = json.loads(out)
        assert (found["id"], found["path"], found["findings"][0]["text"]) == ("stdin", None, "nightly pain")
    status, out, err = command("check", "-", stdin=made_pdf([]))
    assert (status, err) == (2, "notelint: -: <stdin>: has no text layer\n")


def test_wrong_columns_are_one_line(command: Command, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", made_csv([["key", "words"], ["n1", TEXT]]))
    status, _, err = command("check", path)
    assert (status, err) == (2, f"notelint: {path}:1: has neither a column `path` nor a column `text`; there are `key`, `words`\n")
    assert command("check", path, "--map", "words=text")[::2] == (
        2,
        "notelint: 'words=text' maps no field of a note to a column, as text=note_text does; fields are text, id, path, codes, setting, "
        "date-of-service, note-type, encounter, author, role, site, template\n",
    )
    database = made_sqlite(tmp_path / "a.db", [["n1", WRONG_REGION]])
    made_sqlite(database, [["n2", WRONG_REGION]], table="other")
    assert command("check", database)[2].startswith(f"notelint: {database}: several tables have a text; choose one with --table; there are")
    assert json.loads(command("check", database, "--table", "other", "--format", "jsonl")[1])["id"] == "n2"


def test_a_draft_pools_files_and_never_the_rows_of_a_table(tmp_path: Path) -> None:
    letter, labs = write(tmp_path / "a.txt", b"AS"), write(tmp_path / "b.rtf", made_rtf("HLA-B27 positive."))
    table = write(tmp_path / "c.csv", made_csv([["text", "encounter"], ["one", ""], ["two", "e2"]]))
    found = from_paths([str(letter), str(labs), str(table)], Defaults(), encounter="this")
    assert [(note.text, note.encounter) for note in found if isinstance(note, Note)] == [
        ("AS", "this"), ("HLA-B27 positive.", "this"), ("one", None), ("two", "e2"),
    ]  # fmt: skip


def test_queries_are_read_by_what_is_in_them(command: Command, tmp_path: Path) -> None:
    query = "Please clarify the diagnosis.\n[ ] Discitis\n[ ] Other\n[ ] Unable to determine\n"
    rules = set()
    for path in (
        write(tmp_path / "a.txt", query.encode()),
        write(tmp_path / "b.txt", made_docx(lambda document: [document.add_paragraph(line) for line in query.splitlines()] and None)),
        write(tmp_path / "c", query.encode("utf-16")),
    ):
        _, out, err = command("query", "check", path, "--format", "json")
        assert err == ""
        rules.add(tuple(d["rule"] for d in json.loads(out)["queries"][0]["diagnostics"]))
    assert len(rules) == 1


# ---------------------------------------------------------------------------------------------------- privacy and cost

_SPOIL = """
import sys
from pathlib import Path
from notelint.cli import main
sys.argv = ["notelint", "check", *sys.argv[1:]]
main()
"""


def test_damaged_files_of_every_format_show_no_words(tmp_path: Path, word: bytes) -> None:
    whole = [TEXT.encode() * 3, made_rtf(TEXT), word, made_pdf([printed(TEXT)]), made_csv([["id", "text"], *[["n", TEXT]] * 3])]
    whole += [made_jsonl(*[{"text": TEXT}] * 3), made_sqlite(tmp_path / "x", [["n", TEXT]] * 90).read_bytes()]
    whole += [made_parquet(tmp_path / "x", {"text": [TEXT] * 90}).read_bytes()]
    names = []
    for number, content in enumerate([*whole, *map(gzip.compress, whole)]):
        names.append(str(write(tmp_path / f"cut{number}", content[: len(content) * 2 // 3])))
        names.append(str(write(tmp_path / f"spoilt{number}", content[:100] + b'\x81\0\xff{"' + content[105:])))
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", _SPOIL, *names, "--no-quotes", "--ignore", "gap"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert all(line.startswith(f"notelint: {tmp_path}/") for line in done.stderr.splitlines()), done.stderr
    assert len(done.stderr.splitlines()) > 20
    assert not [word for word in WORDS if word in done.stderr]


def test_a_plain_note_imports_no_format(tmp_path: Path) -> None:
    path = write(tmp_path / "note.txt", b"Knee pain after a fall.")
    script = (
        "import sys\nfrom notelint.inputs import Defaults, from_paths\n"
        f"assert len(list(from_paths([{str(path)!r}], Defaults()))) == 1\n"
        "heavy = {'docx', 'lxml', 'pypdf', 'striprtf', 'pyarrow', 'csv', 'gzip', 'glob', 'zipfile'} & set(sys.modules)\n"
        "ours = {name for name in sys.modules if name.startswith('notelint.formats')}\n"
        "assert not heavy, heavy\nassert ours == {'notelint.formats', 'notelint.formats.plain'}, ours\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
