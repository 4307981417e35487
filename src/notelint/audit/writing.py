"""Tables as files: Parquet, CSV, JSON Lines, SQLite. The same rows give the same bytes, in whatever pieces they come."""

import csv
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from notelint.audit.rows import TABLES, Row, Table, Type, columns_of
from notelint.audit.store import SQLITE, TableFormat
from notelint.errors import InputError

if TYPE_CHECKING:
    import pyarrow

Add = Callable[[Table, Sequence[Row]], None]

ROW_GROUP = 100_000
"""Rows of a row group of Parquet: many for who reads columns, few enough to be held."""
_CHUNK = 5_000
"""Rows that are held as Python values, before they are packed or written."""
_SQL: Mapping[Type, str] = {"text": "TEXT", "integer": "INTEGER", "number": "REAL", "boolean": "BOOLEAN"}


def check(format_: TableFormat) -> None:
    """InputError when a library is missing that a format needs, or does not go together with others."""
    if format_ == "parquet":
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise InputError('Parquet needs pyarrow: pip install "notelint[audit]"; or choose another --format') from None


@contextmanager
def writer(format_: TableFormat, folder: Path, facts: Mapping[str, str]) -> Iterator[Add]:
    """What writes rows into the files of a folder; at the end they are whole. `facts` say how the tables were made, where a format has room for it."""
    with _WRITERS[format_](folder, facts) as write:
        held: dict[Table, list[Row]] = {table: [] for table in TABLES}

        def add(table: Table, rows: Sequence[Row]) -> None:
            held[table] += rows
            while len(held[table]) >= _CHUNK:
                write(table, held[table][:_CHUNK])
                del held[table][:_CHUNK]

        yield add
        for table, rows in held.items():
            if rows:
                write(table, rows)


@contextmanager
def _csv(folder: Path, facts: Mapping[str, str]) -> Iterator[Add]:
    """RFC 4180. Texts stand between quotation marks and null does not, which before Python 3.12 the library can not write."""
    del facts
    with ExitStack() as stack:
        files = _opened(stack, folder, "csv")
        for table, columns in TABLES.items():
            files[table].write(",".join(_cell(column.name) for column in columns) + "\r\n")

        def write(table: Table, rows: Sequence[Row]) -> None:
            files[table].writelines(",".join(map(_cell, row)) + "\r\n" for row in rows)

        yield write


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    return "" if value is None else json.dumps(value)


@contextmanager
def _jsonl(folder: Path, facts: Mapping[str, str]) -> Iterator[Add]:
    del facts
    with ExitStack() as stack:
        files = _opened(stack, folder, "jsonl")

        def write(table: Table, rows: Sequence[Row]) -> None:
            names = [column.name for column in TABLES[table]]
            files[table].writelines(json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)

        yield write


def _opened(stack: ExitStack, folder: Path, ending: str) -> dict[Table, IO[str]]:
    return {
        table: stack.enter_context((folder / f"{table}.{ending}").open("w", encoding="utf-8", errors="replace", newline=""))
        for table in TABLES
    }


@contextmanager
def _parquet(folder: Path, facts: Mapping[str, str]) -> Iterator[Add]:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    with ExitStack() as stack:
        schemas = {table: _schema(table, facts) for table in TABLES}
        files = {
            table: stack.enter_context(ParquetWriter(folder / f"{table}.parquet", schema, compression="zstd"))
            for table, schema in schemas.items()
        }
        packed: dict[Table, list[pyarrow.RecordBatch]] = {table: [] for table in TABLES}

        def flush(table: Table) -> None:
            if packed[table]:
                files[table].write_table(pyarrow.Table.from_batches(packed[table]).combine_chunks(), row_group_size=ROW_GROUP)
                packed[table].clear()

        def write(table: Table, rows: Sequence[Row]) -> None:
            packed[table].append(pyarrow.RecordBatch.from_pydict(columns_of(rows, table), schema=schemas[table]))
            if len(packed[table]) * _CHUNK >= ROW_GROUP:
                flush(table)

        yield write
        for table in TABLES:
            flush(table)


def _schema(table: Table, facts: Mapping[str, str]) -> "pyarrow.Schema":
    import pyarrow

    types = {"text": pyarrow.string(), "integer": pyarrow.int64(), "number": pyarrow.float64(), "boolean": pyarrow.bool_()}
    fields = [pyarrow.field(column.name, types[column.type], metadata={"about": column.about}) for column in TABLES[table]]
    return pyarrow.schema(fields, metadata=dict(facts))


@contextmanager
def _sqlite(folder: Path, facts: Mapping[str, str]) -> Iterator[Add]:
    with closing(sqlite3.connect(folder / SQLITE, isolation_level=None)) as connection:
        # The file is thrown away when it does not become whole: nothing has to be kept for that case.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE facts (name TEXT, value TEXT)")
        connection.executemany("INSERT INTO facts VALUES (?, ?)", facts.items())
        for table, columns in TABLES.items():
            made = ", ".join(f'"{column.name}" {_SQL[column.type]}' for column in columns)
            connection.execute(f"CREATE TABLE {table} ({made})")

        def write(table: Table, rows: Sequence[Row]) -> None:
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(TABLES[table]))})", rows)  # noqa: S608

        yield write
        for table, columns in TABLES.items():
            if columns[0].name == "note":
                connection.execute(f"CREATE {'UNIQUE ' if table == 'notes' else ''}INDEX {table}_note ON {table} (note)")
        connection.execute("COMMIT")


_WRITERS = {"parquet": _parquet, "csv": _csv, "jsonl": _jsonl, "sqlite": _sqlite}


# ---------------------------------------------------------------------------------------------------- read again


def rows_in(folder: Path, format_: TableFormat, table: Table) -> Iterator[Row]:
    """The rows of a table of a run, in constant memory. Of CSV an empty text is null too. InputError when it can not be read."""
    path = folder / (SQLITE if format_ == "sqlite" else f"{table}.{format_}")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        yield from _READERS[format_](path, table)
    except (OSError, ValueError, KeyError, sqlite3.Error):
        # pyarrow's errors are of these kinds too; what a library says of it may hold what stands in the file.
        raise InputError(f"{path}: is no table of an audit") from None


def _from_csv(path: Path, table: Table) -> Iterator[Row]:
    csv.field_size_limit(max(csv.field_size_limit(), 2**30))
    read: Mapping[Type, Callable[[str], Any]] = {"text": str, "integer": int, "number": float, "boolean": "true".__eq__}
    types = [read[column.type] for column in TABLES[table]]
    with path.open(encoding="utf-8", newline="") as file:
        for row in islice(csv.reader(file), 1, None):
            yield tuple(made(cell) if cell else None for made, cell in zip(types, row, strict=True))


def _from_jsonl(path: Path, table: Table) -> Iterator[Row]:
    names = [column.name for column in TABLES[table]]
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield tuple(row[name] for name in names)


def _from_parquet(path: Path, table: Table) -> Iterator[Row]:
    check("parquet")
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as file:
        for batch in file.iter_batches(_CHUNK, columns=[column.name for column in TABLES[table]]):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _from_sqlite(path: Path, table: Table) -> Iterator[Row]:
    booleans = [column.type == "boolean" for column in TABLES[table]]
    names = ", ".join(f'"{column.name}"' for column in TABLES[table])
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        for row in connection.execute(f"SELECT {names} FROM {table} ORDER BY rowid"):  # noqa: S608
            yield tuple(bool(value) if flag and value is not None else value for flag, value in zip(booleans, row, strict=True))


_READERS = {"parquet": _from_parquet, "csv": _from_csv, "jsonl": _from_jsonl, "sqlite": _from_sqlite}
