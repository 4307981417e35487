"""Notes from the rows of tables: CSV, JSON Lines (FHIR bulk exports among them), Parquet, SQLite, read row by row in constant memory.

A row is first told as `Cells`, the fields of a note that it has, whatever its columns are called; then it becomes notes, those of a file where
it names one. A row with a mistake costs that row alone.
"""

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from notelint.errors import InputError
from notelint.formats import FIELDS, parse_date, parse_setting
from notelint.formats.plain import BLANK, MAX_BYTES, UndecodableError, stem_of, text_of
from notelint.note import Note, Setting, split_codes
from notelint.report import Failure

_MAX_LINE = 100_000_000
"""A longer line (bytes) is skipped: its beginning is all of it that is ever held."""
_SKIPPED = 1 << 20
_MAPPED_WITHIN = 1000
"""A column that none of so many rows has, there is not: writers of JSON Lines leave out what is empty."""
_BATCH = 32
"""Rows of Parquet that are held at once."""
_TEXTS = sorted(set(FIELDS) - {"codes"})
_RESOURCES = frozenset({"Bundle", "Composition", "DiagnosticReport", "DocumentReference"})
"""What holds a note; the other resources of a bulk export are passed over."""
_NAMED = 10
_NAME = re.compile(r"[^\W\d][^\n]{0,39}")
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d\d(?::?\d\d)?))?)?", re.ASCII)
_CARRIAGE_RETURN = re.compile(r"(?<=\r)(?!\n)")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")

Cells = Mapping[str, Any]
Places = Iterator[tuple[int, "Cells | Resource | InputError"]]
"""(line or row, from 1; what it holds)."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A line that is a FHIR resource."""

    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Skipped:
    """A line that can not be read, and how many quotation marks it holds; -1 where no line follows."""

    reason: str
    quotes: int = 0


class _UnreadError(Exception):
    def __init__(self, line: _Skipped) -> None:
        super().__init__()
        self.line = line


# ---------------------------------------------------------------------------------------------------- columns


def _placed(names: Iterable[str], columns: Mapping[str, str]) -> dict[str, str]:
    """{field: its column} of those that there are; in names of fields, _ is as good as -. Other columns are not read."""
    there = set(names)
    own = {name.replace("_", "-"): name for name in sorted(there)}
    found = {field: columns[field] if field in columns else own.get(field) for field in FIELDS}
    return {field: name for field, name in found.items() if name in there}


def _told(names: Iterable[str]) -> str:
    """The names of columns, for a message; not where they look like the cells of a note."""
    shown = list(dict.fromkeys(names))
    if not all(_NAME.fullmatch(name) and len(name.split()) < 5 for name in shown):
        return "; what stands in its place are no names of columns"
    more = f" and {len(shown) - _NAMED} more" if len(shown) > _NAMED else ""
    return f"; there are {', '.join(f'`{name}`' for name in shown[:_NAMED])}{more}" if shown else ""


def _refuse_missing(names: Sequence[str], columns: Mapping[str, str], place: str) -> dict[str, str]:
    """The columns of the fields; InputError where one that was named is missing, or there is neither text nor path."""
    found = _placed(names, columns)
    for wanted, name in columns.items():
        if wanted not in found:
            raise InputError(f"{place}: has no column `{name}`{_told(names)}")
    if not {"text", "path"} & found.keys():
        raise InputError(f"{place}: has neither a column `path` nor a column `text`{_told(names)}")
    return found


# ---------------------------------------------------------------------------------------------------- lines


def _lines(stream: BinaryIO, name: str) -> Iterator[str | _Skipped]:
    """The lines of a file with their line ends, without a byte-order mark; each is UTF-8 or Windows-1252. In place of one that can not be read,
    why."""
    first = True
    while True:
        try:
            line = stream.readline(_MAX_LINE + 1)
            if too_long := len(line) > _MAX_LINE:
                quotes = line.count(b'"')
                while line and not line.endswith(b"\n"):
                    line = stream.readline(_SKIPPED)
                    quotes += line.count(b'"')
        except InputError as error:
            yield _Skipped(f"{str(error).removeprefix(f'{name}: ')}; what follows was not read", -1)
            return
        if too_long:
            yield _Skipped(f"longer than {_MAX_LINE // 1_000_000} MB", quotes)
        elif not line:
            return
        else:
            try:
                text = text_of(line)
                yield text.removeprefix("\ufeff") if first else text
            except UndecodableError as error:
                yield _Skipped(f"{error.reason} (byte {error.start + 1})", line.count(b'"'))
        first = False


def json_rows(stream: BinaryIO, name: str, columns: Mapping[str, str]) -> Places:
    """The rows of JSON Lines; of a FHIR bulk export, its resources. InputError where none of the first has a column that was named."""
    missing = dict(columns)
    seen: dict[str, None] = {}
    keys: list[str] = []
    placed: dict[str, str] = {}
    number = 0
    for number, line in enumerate(_lines(stream, name), start=1):
        if isinstance(line, _Skipped):
            yield number, InputError(line.reason)
            continue
        if not line.strip():
            continue
        try:
            row = json.loads(line.removesuffix("\n"))
        except (ValueError, RecursionError) as error:
            yield number, InputError(f"no JSON (column {getattr(error, 'colno', 1)})")
            continue
        if not isinstance(row, dict):
            yield number, InputError("no JSON object")
        elif isinstance(row.get("resourceType"), str):
            missing.clear()
            if row["resourceType"] in _RESOURCES:
                yield number, Resource(line.encode())
        else:
            missing = {field: column for field, column in missing.items() if column not in row}
            if missing and len(seen) < _MAPPED_WITHIN:
                seen.update(dict.fromkeys(row))
            if missing and number >= _MAPPED_WITHIN:
                break
            if keys != list(row):
                keys = list(row)
                placed = _placed(keys, columns)
            yield number, {field: row[column] for field, column in placed.items()}
    if missing and seen:
        raise InputError(f"{name}: no row of the first {number:,} has a column `{next(iter(missing.values()))}`{_told(seen)}")


class _Feed:
    """Lines for csv, which ends them at a carriage return too; counts them."""

    def __init__(self, lines: Iterator[str | _Skipped]) -> None:
        self._lines = lines
        self._parts: list[str] = []
        self.number = 0
        self.held = 0
        """Characters of the row so far."""

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        self.number += 1
        if not self._parts:
            line = next(self._lines)
            if isinstance(line, _Skipped):
                raise _UnreadError(line)
            self._parts = [*filter(None, _CARRIAGE_RETURN.split(line))][::-1] if "\r" in line.rstrip("\r\n") else [line]
        part = self._parts.pop()
        self.held += len(part)
        if self.held > _MAX_LINE:
            raise _UnreadError(_Skipped(f"a row longer than {_MAX_LINE // 1_000_000} MB", -1))
        return part


def csv_rows(stream: BinaryIO, name: str, columns: Mapping[str, str], delimiter: str) -> Places:
    """The rows of a table of cells between delimiters, its header behind empty lines at most."""
    # Newlines inside a quoted note are the note's own: they are kept as they stand. A note may be longer than csv lets a cell be.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_BYTES))
    feed = _Feed(_lines(stream, name))
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    width = 0
    placed: dict[str, int] = {}
    begins = 1
    while True:
        begins, feed.held = feed.number + 1, 0
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if not width:
                raise InputError(f"{name}:{begins}: no CSV: {error}") from None
            yield begins, InputError(f"no CSV: {error}; what follows was not read")
            return
        except _UnreadError as error:
            if not width:
                raise InputError(f"{name}:{begins}: {error.line.reason}") from None
            # Where a quotation is open, the lines that follow are not the beginnings of rows.
            lost = feed.number > begins or error.line.quotes % 2 == 1
            ending = "; what follows was not read" if lost and not error.line.reason.endswith("was not read") else ""
            yield begins, InputError(error.line.reason + ending)
            if lost:
                return
            continue
        if not row:
            continue
        if not width:
            names = [cell.strip() for cell in row]
            width = len(names)
            last = {cell: number for number, cell in enumerate(names)}
            placed = {field: last[column] for field, column in _refuse_missing(names, columns, f"{name}:{begins}").items()}
        elif len(row) > width:
            yield begins, InputError("more cells than the header has columns")
        else:
            yield begins, {field: row[number] for field, number in placed.items() if number < len(row) and row[number]}
    if not width:
        raise InputError(f"{name}:1: has neither a column `path` nor a column `text`")


# ---------------------------------------------------------------------------------------------------- databases


def parquet_rows(stream: BinaryIO, name: str, columns: Mapping[str, str]) -> Places:
    """The rows of a Parquet file, a few at a time, of the columns alone that are wanted."""
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise InputError(f'{name}: Parquet needs pyarrow: pip install "notelint[audit]"') from None
    try:
        # What is not read ahead is not held: a group of rows may be larger than memory.
        file = ParquetFile(stream, buffer_size=1 << 16, pre_buffer=False)
        names = [str(each) for each in file.schema_arrow.names]
    except Exception:
        raise InputError(f"{name}: no Parquet, or one that is damaged or encrypted") from None
    placed = _refuse_missing(names, columns, name)
    number = 0
    batches = file.iter_batches(_BATCH, columns=list(dict.fromkeys(placed.values())), use_threads=False)
    while True:
        try:
            batch = next(batches, None)
        except Exception:
            yield number + 1, InputError("the file is damaged here; what follows was not read")
            return
        if batch is None:
            return
        held = {field: batch.column(column) for field, column in placed.items()}
        for at in range(batch.num_rows):
            number += 1
            try:
                cells = {field: values[at].as_py() for field, values in held.items()}
            except (ValueError, OverflowError, TypeError):
                yield number, InputError("a cell can not be read")
            else:
                yield number, cells


def sqlite_rows(path: Path, name: str, columns: Mapping[str, str], table: str | None) -> Places:
    """The rows of a table of an SQLite file: of that named, else of the only one that has a text or a path."""
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except (sqlite3.Error, ValueError):
        raise InputError(f"{name}: can not be read") from None
    with closing(connection):
        # What is no UTF-8 is read as any other text, and told by no message of SQLite.
        connection.text_factory = bytes
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            chosen, placed = _chosen(connection, name, columns, table)
            wanted = ", ".join(_quoted(column) for column in placed.values())
            cursor = connection.execute(f"SELECT {wanted} FROM {_quoted(chosen)}")  # noqa: S608
        except (sqlite3.Error, UnicodeDecodeError):
            raise InputError(f"{name}: no SQLite, or one that is damaged") from None
        number = 0
        while True:
            try:
                row = next(cursor, None)
            except sqlite3.DataError:
                yield number + 1, InputError(f"larger than {MAX_BYTES // 2**20} MiB, too large for a note; what follows was not read")
                return
            except sqlite3.Error:
                yield number + 1, InputError("the file is damaged here; what follows was not read")
                return
            if row is None:
                return
            number += 1
            yield number, dict(zip(placed, row, strict=True))


def _tables(connection: sqlite3.Connection, kind: str) -> dict[str, list[str]]:
    """{table: its columns}; the kind is table or view."""
    names = [name.decode() for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = ? ORDER BY name", (kind,))]
    return {
        name: [column.decode() for (column,) in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        for name in names
        if not name.startswith("sqlite_")
    }


def _chosen(connection: sqlite3.Connection, name: str, columns: Mapping[str, str], table: str | None) -> tuple[str, dict[str, str]]:
    """(table, its columns of the fields). A view counts only where it is named: it may show the rows of a table anew."""
    tables = _tables(connection, "table")
    if table is not None:
        tables |= _tables(connection, "view")
        if table not in tables:
            raise InputError(f"{name}: has no table `{table}`{_told(tables)}")
        return table, _refuse_missing(tables[table], columns, name)
    usable = [each for each, names in tables.items() if {"text", "path"} & _placed(names, columns).keys()]
    if len(usable) > 1:
        raise InputError(f"{name}: several tables have a text; choose one with --table{_told(usable)}")
    if not usable:
        there = _told(column for names in tables.values() for column in names)
        raise InputError(f"{name}: no table has a column `{columns.get('text', 'text')}`{there}")
    return usable[0], _refuse_missing(tables[usable[0]], columns, name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# ---------------------------------------------------------------------------------------------------- rows


@dataclass(frozen=True, slots=True)
class Row:
    """The facts of a row; what is None, it does not tell."""

    text: str | None = field(repr=False)
    path: str | None
    id: str | None
    codes: tuple[str, ...]
    setting: Setting | None
    date_of_service: date | None
    note_type: str | None
    encounter: str | None
    author: str | None
    role: str | None
    site: str | None
    template: str | None


_GIVEN = tuple(field.name for field in fields(Row) if field.name not in ("text", "path", "id"))


def row_of(cells: Cells) -> Row:
    """What the cells tell; InputError with the first that is not what it has to be."""
    cells = {field: _unpacked(value, field) for field, value in cells.items()}
    for name in _TEXTS:
        value = cells.get(name)
        if value is not None and not (name == "date-of-service" and isinstance(value, date)):
            if not isinstance(value, (str, int)) or isinstance(value, bool):
                raise InputError(f"`{name}` is no text")
            if _HALF_CHARACTER.search(str(value)):
                raise InputError(f"`{name}` holds half a character (a surrogate)")

    def told(field: str) -> str | None:
        # An empty cell tells nothing: of an encounter, notes of several patients would be pooled.
        return str(cells[field]) if cells.get(field) not in (None, "") else None

    text = str(cells["text"]) if cells.get("text") is not None else None
    if text is not None and not text.strip(BLANK):
        raise InputError("empty note")
    if text is not None and len(text) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES // 2**20} MiB, too large for a note")
    if text is None and told("path") is None:
        raise InputError("has neither `path` nor `text`")
    setting, day = told("setting"), cells.get("date-of-service")
    return Row(
        text=text, path=told("path"), id=told("id"), codes=_codes(cells.get("codes")),
        setting=parse_setting(setting) if setting is not None else None, date_of_service=_day(day) if day not in (None, "") else None,
        note_type=told("note-type"), encounter=told("encounter"), author=told("author"), role=told("role"), site=told("site"),
        template=told("template"),
    )  # fmt: skip


def notes_of_row(
    row: Row, folder: Path, read: Callable[[Path], Iterator[Note | Failure]], shown: Callable[[str], str]
) -> Iterator[Note | Failure]:
    """The note of a row, or those of the file that it names, which `read` reads; what the row tells outranks what the file tells.

    Paths are relative to the folder. InputError where the file can not be read.
    """
    given: dict[str, Any] = {name: value for name in _GIVEN if (value := getattr(row, name)) not in (None, ())}
    if row.text is not None:
        yield Note(text=row.text, id=shown(row.id) if row.id else None, **given)
        return
    path = row.path or ""
    found = list(read(folder / path))
    several = sum(isinstance(each, Note) for each in found) > 1
    for each in found:
        if isinstance(each, Failure):
            yield each
            continue
        own = each.id or shown(stem_of(path))
        name = own if row.id is None else f"{shown(row.id)}/{own}" if several else shown(row.id)
        yield replace(each, id=name, path=shown(path), **given)


def _unpacked(value: Any, field: str) -> Any:
    """A cell, its bytes as text."""
    if not isinstance(value, bytes):
        return value
    try:
        return text_of(value)
    except UndecodableError:
        raise InputError(f"`{field}` is no text") from None


def _codes(given: Any) -> tuple[str, ...]:
    if isinstance(given, list) and all(isinstance(code, str) and not _HALF_CHARACTER.search(code) for code in given):
        return tuple(given)
    if given is None or (isinstance(given, str) and not _HALF_CHARACTER.search(given)):
        return split_codes(given or "")
    raise InputError("`codes` is neither a text nor a list of texts")


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    written = _DATE.fullmatch(str(value).strip())
    return parse_date(written[1] if written else str(value))
