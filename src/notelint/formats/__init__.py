"""Notes from the files that hospitals hold, each format in its own module, with what the format knows of a note.

A file is recognised by what is in it; only where that leaves it open, its name decides. A document is read whole, into memory; a table row by
row. Formats are imported when a file of theirs is read.
"""

import codecs
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import date
from importlib import import_module
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, BinaryIO, Literal

from notelint.errors import InputError
from notelint.formats import plain
from notelint.note import Note, Setting
from notelint.report import Failure

if TYPE_CHECKING:
    from notelint.formats.tables import Places

Kind = Literal["plain", "rtf", "word", "pdf", "cda", "hl7", "fhir", "csv", "jsonl", "parquet", "sqlite"]
"""The formats, by their modules; the last four are tables."""

FIELDS = tuple(each.name.replace("_", "-") for each in fields(Note))
"""What can be told of a note."""

_TABLES = frozenset({"csv", "jsonl", "parquet", "sqlite"})
_HEAD = 64 * 1024
"""So much of a file tells its format."""
_MAX_HEADER = 8192
"""The first line of a table is never longer."""
_PIECE = 256 * 1024
_HARMLESS = 64 * 1024 * 1024
_MAX_RATIO = 400
"""Notes pack to a fifth, copies of one template to a fiftieth: what unpacks to more than the one and so many times its size is no archive."""

_BEGINNINGS: Mapping[Kind, re.Pattern[str]] = {
    "rtf": re.compile(r"\{\\rtf"),
    "pdf": re.compile(r"%PDF-"),
    "hl7": re.compile(r"[\x0b\s]*(?:MSH|FHS|BHS)\|"),
    "cda": re.compile(r"<\?xml\s|<(?:[\w.-]+:)?ClinicalDocument[\s>]"),
}
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}\|")
_RESOURCE = re.compile(r'"resourceType"\s*:')
_FIRST_KEY = re.compile(r'\{\s*"([^"\n]{1,80})"\s*:')


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the command line says of all notes, where their own files do not say it of one."""

    codes: tuple[str, ...] = ()
    setting: Setting = "unknown"
    date_of_service: date | None = None
    note_type: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How files are read. `columns`: {field of a note: column of a table}, for tables whose columns have other names; `table`: the one of
    an SQLite file that holds the notes, where several could."""

    defaults: Defaults = Defaults()
    columns: Mapping[str, str] = field(default_factory=dict)
    table: str | None = None


PLAIN = Options()
"""As files stand."""


def parse_date(text: str) -> date:
    """A date as YYYY-MM-DD; InputError when it is none."""
    written = text.strip()
    try:
        found = date.fromisoformat(written)
    except ValueError:
        found = None
    # ISO 8601 has further forms, as of weeks.
    if found is None or found.isoformat() != written:
        raise InputError("the date of service is no date of the form YYYY-MM-DD")
    return found


def parse_setting(text: str) -> Setting:
    """inpatient, outpatient or unknown, or a word that exports have for them; InputError when it is none."""
    from notelint.formats.settings import SETTINGS

    value = SETTINGS.get(" ".join(text.lower().split()) or "unknown")
    if value is None:
        # A cell that slipped may hold words of a note: it is not repeated.
        raise InputError("the setting is none of inpatient, outpatient, unknown")
    return value


def parse_columns(cells: Iterable[str]) -> dict[str, str]:
    """{field: column} of cells such as `text=note_text,codes=dx`; InputError where a field is none of a note."""
    found: dict[str, str] = {}
    for part in (part for cell in cells for part in cell.split(",") if part.strip()):
        name, equals, column = (each.strip() for each in part.partition("="))
        name = name.replace("_", "-")
        if not equals or not column or name not in FIELDS:
            raise InputError(
                f"{part.strip()[:40]!r} maps no field of a note to a column, as text=note_text does; fields are {', '.join(FIELDS)}"
            )
        found[name] = column
    return found


def shown(name: str) -> str:
    """The name of a file as it can be written in a report: of one that is no UTF-8 the odd bytes are escaped."""
    printable = "".join(
        char if char.isprintable() or 0xD800 <= ord(char) < 0xE000 else char.encode("unicode_escape").decode() for char in name
    )
    return printable.encode("utf-8", "backslashreplace").decode("utf-8")


def files_of(inputs: Iterable[str]) -> Iterator[Path | Failure]:
    """The files of folders (with all below them), of patterns such as `notes/*.xml`, and of names, in the order of their names; hidden ones
    are passed over."""
    for name in inputs:
        path = Path(name)
        failures: list[Failure] = []
        if _is(path.is_dir):
            found = sorted(_below(path, failures))
        elif not any(sign in name for sign in "*?[") or _is(path.exists):
            found = [path]
        else:
            from glob import iglob

            # `Path.glob` takes no pattern from the root of a disk.
            found = sorted(each for each in map(Path, iglob(name, recursive=True)) if not each.is_dir())  # noqa: PTH207
        if not found and not failures:
            yield Failure(path=shown(name), message="holds no files" if _is(path.is_dir) else "fits no file")
        yield from failures
        yield from found


def _is(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:
        # Why it can not be read, the reading tells.
        return False


def _below(folder: Path, failures: list[Failure]) -> Iterator[Path]:
    def fault(error: OSError) -> None:
        failures.append(Failure(path=shown(str(error.filename)), message=(error.strerror or "can not be read").lower()))

    for place, folders, names in os.walk(folder, onerror=fault):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (path for name in names if not name.startswith(".") and (path := Path(place, name)).is_file())


def is_table(path: Path, options: Options = PLAIN) -> bool:
    """Does a file hold many notes as rows, to be read row by row in constant memory? False for one that can not be read."""
    name = shown(str(path))
    try:
        with _opened(path, name) as stream:
            return _kind_of(stream.read(_HEAD), name, options.columns) in _TABLES
    except InputError:
        return False


def notes_of(path: Path, options: Options = PLAIN) -> Iterator[Note | Failure]:
    """The notes of a file of any format. InputError, whose message begins with the file's name, when it can not be read as a whole."""
    name = shown(str(path))
    with _opened(path, name) as stream:
        yield from _notes_in(stream, name, path, options)


def content_of(path: Path) -> bytes:
    """What a document holds. InputError when it can not be read, or is too large for one."""
    name = shown(str(path))
    with _opened(path, name) as stream:
        return _whole(b"", stream, name)


def notes_within(content: bytes, name: str, options: Options = PLAIN) -> Iterator[Note | Failure]:
    """As `notes_of`, of a file that is not on disk; the files that its rows name are relative to the working folder."""
    return _notes_in(_unpacked(io.BytesIO(content), name), name, None, options)


def rows_of(path: Path, options: Options = PLAIN) -> "Places":
    """The rows of a table; a file without a sign of one is read as JSON Lines. InputError when it can not be read."""
    name = shown(str(path))
    with _opened(path, name) as stream:
        head = stream.read(_HEAD)
        kind = _kind_of(head, name, options.columns)
        yield from _rows(kind if kind in _TABLES else "jsonl", head, stream, name, path, options)


def notes_of_rows(rows: "Places", name: str, folder: Path, defaults: Defaults, *, placed: bool = False) -> Iterator[Note | Failure]:
    """The notes of the rows of a table of that name; files that rows name are relative to the folder.

    `placed`: a note that stands in its row has the place of the row as its path.
    """
    from notelint.formats import tables

    for number, row in rows:
        place = f"{name}:{number}"
        try:
            if isinstance(row, InputError):
                raise row
            if isinstance(row, tables.Resource):
                found = _document("fhir", row.content, place)
            else:
                found = tables.notes_of_row(tables.row_of(row), folder, _notes_of_document, shown)
            for each in found:
                if isinstance(each, Failure):
                    yield Failure(path=place, message=each.message if each.path == place else f"{each.path}: {each.message}")
                else:
                    yield _completed(replace(each, path=place) if placed and each.path is None else each, defaults)
        except InputError as error:
            yield Failure(path=place, message=str(error).removeprefix(f"{place}: "))


def _notes_in(stream: BinaryIO, name: str, path: Path | None, options: Options) -> Iterator[Note | Failure]:
    head = stream.read(_HEAD)
    kind = _kind_of(head, name, options.columns)
    if kind not in _TABLES:
        yield from (_completed(each, options.defaults) for each in _document(kind, _whole(head, stream, name), name))
        return
    rows = _rows(kind, head, stream, name, path, options)
    found = notes_of_rows(rows, name, path.parent if path else Path(), options.defaults, placed=True)
    first = next(found, None)
    if first is None:
        raise InputError(f"{name}: holds no notes")
    yield first
    yield from found


def _notes_of_document(path: Path) -> Iterator[Note | Failure]:
    """The notes of a file that a row names, as they stand."""
    name = shown(str(path))
    with _opened(path, name) as stream:
        head = stream.read(_HEAD)
        kind = _kind_of(head, name, {})
        if kind in _TABLES:
            raise InputError(f"{name}: is a table itself")
        yield from _document(kind, _whole(head, stream, name), name)


def _document(kind: Kind, content: bytes, name: str) -> Iterator[Note | Failure]:
    if kind == "fhir" and (encoding := plain.wide_encoding(content)):
        content = content.decode(encoding, "replace").encode()
    notes: Callable[[bytes, str], Iterator[Note | Failure]] = import_module(f"notelint.formats.{kind}").notes
    return notes(content, name)


def _completed(note: Note | Failure, defaults: Defaults) -> Note | Failure:
    """A note with what the command line says, where its file does not say it."""
    if isinstance(note, Failure) or defaults == Defaults():
        return note
    return replace(
        note,
        codes=note.codes or defaults.codes,
        setting=note.setting if note.setting != "unknown" else defaults.setting,
        date_of_service=note.date_of_service or defaults.date_of_service,
        note_type=note.note_type or defaults.note_type,
    )


# ---------------------------------------------------------------------------------------------------- files


@contextmanager
def _opened(path: Path, name: str) -> Iterator[BinaryIO]:
    """What a file holds, unpacked where it is packed. InputError where it can not be read."""
    try:
        if path.is_dir():
            raise InputError(f"{name}: is a folder; name its files, or list them in a manifest")
        if path.exists() and not path.is_file():
            raise InputError(f"{name}: is no regular file")
        stream = path.open("rb")
    except (OSError, ValueError) as error:
        # No file has a name with a null in it.
        raise InputError(f"{name}: {(getattr(error, 'strerror', None) or 'can not be read').lower()}") from None
    with stream:
        yield _unpacked(stream, name)


def _unpacked(stream: BinaryIO, name: str) -> BinaryIO:
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    return io.BufferedReader(_Unpacked(stream, name), _PIECE) if packed else stream


class _Unpacked(io.RawIOBase):
    """What a file packed by gzip holds, a piece at a time. InputError where it is damaged, or unpacks to far more than notes do."""

    def __init__(self, packed: BinaryIO, name: str) -> None:
        from gzip import GzipFile

        self._packed, self._name = packed, name
        self._file = GzipFile(fileobj=packed, mode="rb")

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is, at the price of unpacking it anew."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any file."""
        return self._file.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next piece; it is never larger than the buffer."""
        from zlib import error as damaged

        try:
            piece = self._file.read(len(buffer))
        except (OSError, EOFError, damaged):
            raise InputError(f"{self._name}: is damaged or cut short") from None
        if self._file.tell() > max(_HARMLESS, _MAX_RATIO * self._packed.tell()):
            raise InputError(f"{self._name}: unpacks to far more than notes do")
        buffer[: len(piece)] = piece
        return len(piece)


class _Recoded(io.RawIOBase):
    """A file in UTF-16 as UTF-8, a piece at a time. InputError where it is none."""

    def __init__(self, wide: BinaryIO, encoding: str, name: str) -> None:
        self._wide, self._name = wide, name
        self._decode = codecs.getincrementaldecoder(encoding)().decode
        self._left = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """What fits of the next piece."""
        piece = b"more"
        while piece and not self._left:
            piece = self._wide.read(_PIECE)
            try:
                self._left = self._decode(piece, not piece).encode()
            except UnicodeDecodeError:
                raise InputError(f"{self._name}: not UTF-16") from None
        size = min(len(buffer), len(self._left))
        buffer[:size], self._left = self._left[:size], self._left[size:]
        return size


def _is_packed(stream: BinaryIO) -> bool:
    return isinstance(stream, io.BufferedReader) and isinstance(stream.raw, _Unpacked)


def _whole(head: bytes, stream: BinaryIO, name: str) -> bytes:
    content = head + stream.read(plain.MAX_BYTES + 1 - len(head))
    if len(content) > plain.MAX_BYTES:
        larger = "unpacks to more" if _is_packed(stream) else "larger"
        raise InputError(f"{name}: {larger} than {plain.MAX_BYTES // 2**20} MiB, too large for a note")
    return content


# ---------------------------------------------------------------------------------------------------- formats


def _kind_of(head: bytes, name: str, columns: Mapping[str, str]) -> Kind:
    """The format of a file by its beginning, and by its name where that leaves it open."""
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    # Behind the mark of Parquet stands a byte that is no sign of a text.
    if head.startswith(b"PAR1") and head[4:5] < b" ":
        return "parquet"
    if head.startswith(b"PK\x03\x04"):
        return "word"
    start = _start_of(head)
    for kind, beginning in _BEGINNINGS.items():
        if beginning.match(start):
            return kind
    ending = _ending_of(name)
    if ending == ".hl7" and _SEGMENT.match(start):
        # A message that has lost its first segment: as a text its codes would be read as words.
        return "hl7"
    if start.startswith("{") or (ending == ".json" and start.startswith("[")):
        found = _json_kind(start, ending, columns, ends=len(head) < _HEAD)
        if found is not None:
            return found
    if _delimiter(start, columns, least=2):
        return "csv"
    if plain.is_binary(head, plain.wide_encoding(head)):
        return "plain"
    if ending in (".csv", ".tsv"):
        return "csv"
    return "jsonl" if ending in (".jsonl", ".ndjson") else "plain"


def _start_of(head: bytes) -> str:
    """The beginning of a file as a text, if it is one; what is not UTF-8 is replaced."""
    return head.decode(plain.wide_encoding(head) or "utf-8", "replace").lstrip("\ufeff \t\r\n")


def _ending_of(name: str) -> str:
    return PurePath(name.lower().removesuffix(".gz")).suffix


def _json_kind(start: str, ending: str, columns: Mapping[str, str], *, ends: bool) -> Kind | None:
    """The format of what begins with a brace; None where that may be a text. `ends`: this is all of the file."""
    import json

    first, more, rest = start.partition("\n")
    row: object = None
    if more or ends:
        try:
            row = json.loads(first)
        except (ValueError, RecursionError):
            row = None
    lines = ending in (".jsonl", ".ndjson")
    keys = {*FIELDS, *columns.values()}
    if isinstance(row, dict):
        if "resourceType" in row:
            return "jsonl" if lines or rest.strip() else "fhir"
        if keys & row.keys():
            return "jsonl"
    elif not lines and _RESOURCE.search(start):
        # One resource over many lines, or in a line longer than what was looked at.
        return "fhir"
    elif not more and not ends and ending != ".json" and (key := _FIRST_KEY.match(start)) and key[1] in keys:
        return "jsonl"
    return "jsonl" if lines else "fhir" if ending == ".json" else None


def _delimiter(start: str, columns: Mapping[str, str], *, least: int) -> str | None:
    """What stands between the columns of a table, by its first line; None where that does not name a text or a path, and so many fields."""
    line = start[:_MAX_HEADER].partition("\n")[0]
    for sign in ",\t;|" if len(line) < _MAX_HEADER else "":
        names = [name.strip().strip('"').strip() for name in line.split(sign)]
        known = {
            field for field in FIELDS if columns.get(field, field) in names or (field not in columns and field.replace("-", "_") in names)
        }
        if len(names) > 1 and len(known) >= least and known & {"text", "path"}:
            return sign
    return None


def _rows(kind: Kind, head: bytes, stream: BinaryIO, name: str, path: Path | None, options: Options) -> "Places":
    from notelint.formats import tables

    stream.seek(0)
    if kind in ("parquet", "sqlite") and (_is_packed(stream) or (kind == "sqlite" and path is None)):
        raise InputError(f"{name}: is read only from a file that is not packed")
    if kind == "sqlite" and path is not None:
        return tables.sqlite_rows(path, name, options.columns, options.table)
    if kind == "parquet":
        return tables.parquet_rows(stream, name, options.columns)
    if encoding := plain.wide_encoding(head):
        stream = io.BufferedReader(_Recoded(stream, encoding, name), _PIECE)
    if kind == "jsonl":
        return tables.json_rows(stream, name, options.columns)
    delimiter = _delimiter(_start_of(head), options.columns, least=1) or ("\t" if _ending_of(name) == ".tsv" else ",")
    return tables.csv_rows(stream, name, options.columns, delimiter)
