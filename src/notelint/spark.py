"""Archives on a cluster: the tables of an audit, made of a Spark DataFrame of notes in one pass over it.

    from notelint.spark import audit, tables

    audit(notes, columns={"text": "note_text"}).write.parquet("audited")
    told = tables(spark.read.parquet("audited"))
    told["diagnostics"].groupBy("rule").count().show()

A note becomes one row that holds its rows of every table, so that no note is read twice; `tables` takes them apart. The work is done in the
Python workers of Spark, each with a linter of its own; nothing of a note is kept there, logged, or sent to the driver.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notelint.audit.rows import TABLES, Row, Table, columns_of, row_of_failure, rows_of
from notelint.errors import InputError
from notelint.formats import FIELDS, shown
from notelint.formats.tables import row_of
from notelint.library import fingerprint
from notelint.linter import Linter, Wanted, named_rules
from notelint.note import Note
from notelint.report import Failure

if TYPE_CHECKING:
    from pyarrow import ListArray, RecordBatch
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType

_FIELDS = tuple(field for field in FIELDS if field != "path")
"""The fields of a note that columns give; files are not opened here."""
_TOLD = tuple(field.replace("-", "_") for field in _FIELDS if field != "id")
_WORDS = frozenset({"string", "varchar", "char"})
_TYPES: Mapping[str, frozenset[str]] = {
    "text": _WORDS | {"binary"},
    "codes": _WORDS | {"array<string>"},
    "date-of-service": _WORDS | {"date", "timestamp", "timestamp_ntz"},
}
_OTHER_TYPES = _WORDS | {"tinyint", "smallint", "int", "bigint"}
"""The types, as Spark names them, of the columns of all other fields."""

_ROWS = 200
"""So many notes go back to Spark at once."""
_LINTERS = 2
"""So many linters a worker keeps: the audits of a session may differ in their options."""

Rows = Mapping[Table, Sequence[Row]]
"""Of a note; a table that is not there has none."""


@dataclass(frozen=True, slots=True)
class _Options:
    """What a worker has to know. `pooled`: the notes of an encounter follow each other, and are judged together."""

    patterns: Path | None
    profile: str
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    findings: Wanted
    quotes: bool
    pooled: bool


def audit(
    notes: "DataFrame",
    *,
    columns: Mapping[str, str] | None = None,
    source: str | None = None,
    encounter: str | None = None,
    order: str | None = None,
    patterns: Path | str | None = None,
    profile: str = "audit",
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    findings: Wanted = "all",
    quotes: bool = True,
) -> "DataFrame":
    """One row for each note, with a column for each table of `audit.rows.TABLES`: the list of the note's rows in it.

    `columns`: {field of a note: column}, where columns are not called as the fields are. `source`: the column that tells where a note stands, of
    which its key is made; without it, the one that holds the id. A row that can not be read has a row in `errors`, and in no other table.

    `encounter`: the column that tells the encounters whose notes pool their evidence. All notes are shuffled for it, into as many parts as
    `spark.sql.shuffle.partitions` says, and those of one encounter are in memory together. `order` is the column that tells their order, where
    their dates do not; without it, `source` does. Without `encounter` each note stands alone.

    `patterns`: a site's own folder of patterns; a relative one is among the files that were shipped with the session. `profile`, `select`, `ignore`
    and `findings` as of a `Linter`. With `quotes=False` no row holds words of a note.

    Lazy as all of Spark: the notes are read each time that the result is used. InputError where the columns are not there or of no use.
    """
    from pyspark.sql import functions

    types = {field.name: field.dataType.simpleString() for field in notes.schema.fields}
    pooled = encounter is not None
    placed = _placed(types, {**(columns or {}), **({"encounter": encounter} if encounter is not None else {})})
    place = source or placed.get("id", "id")
    for name in (place, *((order,) if order is not None else ())):
        if name not in types:
            raise InputError(f"the notes have no column `{name}`")
    read = notes.select(
        *(_as_text(field, column, types[column]).alias(field) for field, column in placed.items()),
        _as_text("source", place, types[place]).alias("source"),
        *((_column(order).alias("order"),) if order is not None else ()),
    )
    if pooled:
        # Notes without an encounter do not all come into one part. Parts of a given number are never joined into fewer.
        apart = functions.coalesce(functions.col("encounter"), functions.col("source"))
        number = int(str(notes.sparkSession.conf.get("spark.sql.shuffle.partitions")))
        read = read.repartition(number, apart).sortWithinPartitions("encounter", *(("order",) if order is not None else ()), "source")
    folder = Path(patterns) if patterns is not None else None
    options = _Options(folder, profile, tuple(select), tuple(ignore), findings, quotes, pooled)
    try:
        return read.drop("order").mapInArrow(partial(_batches, options=options), _schema())
    except ImportError:
        raise InputError('an audit in Spark needs pyarrow and pandas: pip install "notelint[spark]"') from None


def tables(audited: "DataFrame") -> "dict[Table, DataFrame]":
    """{table: its rows} of what `audit` gave, or of what was read again from where that was written. Lazy."""
    from pyspark.sql import functions

    return {table: audited.select(functions.explode(table).alias("row")).select("row.*") for table in TABLES}


# ---------------------------------------------------------------------------------------------------- columns


def _placed(types: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, str]:
    """{field: its column} of those that there are; in names of fields, _ is as good as -."""
    named = {field.replace("_", "-"): column for field, column in columns.items()}
    for field, column in named.items():
        if field not in _FIELDS:
            raise InputError(f"`{field}` is no field of a note; fields are {', '.join(_FIELDS)}")
        if column not in types:
            raise InputError(f"the notes have no column `{column}`")
    own = {name.replace("_", "-"): name for name in types}
    placed = {field: found for field in _FIELDS if (found := named.get(field) or own.get(field))}
    if "text" not in placed:
        raise InputError("the notes have no column `text`")
    return placed


def _column(name: str) -> "Column":
    from pyspark.sql import functions

    return functions.col(f"`{name.replace('`', '``')}`")


def _as_text(field: str, name: str, type_: str) -> "Column":
    """The column of a field as a text, or as bytes; null where a text is empty. InputError where its type is none of a field."""
    from pyspark.sql import functions

    kind = type_.partition("(")[0].partition(" ")[0]
    if kind not in _TYPES.get(field, _OTHER_TYPES):
        raise InputError(f"the column `{name}` is of type {type_}, which is none for `{field}`")
    column = _column(name)
    if kind == "array<string>":
        return functions.concat_ws(" ", column)
    if kind == "binary":
        return column
    if kind in ("timestamp", "timestamp_ntz"):
        column = column.cast("date")
    return functions.nullif(column.cast("string"), functions.lit(""))


def _schema() -> "StructType":
    from pyspark.sql.types import ArrayType, BooleanType, DoubleType, LongType, StringType, StructField, StructType

    types = {"text": StringType(), "integer": LongType(), "number": DoubleType(), "boolean": BooleanType()}
    return StructType(
        [
            StructField(table, ArrayType(StructType([StructField(column.name, types[column.type]) for column in listed])))
            for table, listed in TABLES.items()
        ]
    )


# ---------------------------------------------------------------------------------------------------- in a worker


def _batches(batches: "Iterable[RecordBatch]", options: _Options) -> "Iterator[RecordBatch]":
    """The rows of a part of the notes."""
    items = _read(batches)
    first = next(items, None)
    if first is None:
        # Of many small parts some are empty, and need no linter.
        return
    folder = _shipped(options.patterns)
    linter = _linter(options, folder, fingerprint(folder))
    groups = _groups(chain([first], items), pooled=options.pooled)
    judged = (rows for group in groups for rows in _judged(group, linter, options))
    while some := list(islice(judged, _ROWS)):
        yield _packed(some)


def _shipped(patterns: Path | None) -> Path | None:
    if patterns is None or patterns.is_absolute():
        return patterns
    from pyspark import SparkFiles

    return Path(SparkFiles.get(str(patterns)))


@lru_cache(_LINTERS)
def _linter(options: _Options, patterns: Path | None, content: str) -> Linter:
    """One for each worker, kept as long as it lives. `content` tells the patterns of a folder apart from those that it held before."""
    del content
    rules = (named_rules(options.select, patterns), named_rules(options.ignore, patterns))
    linter = Linter(patterns=patterns, profile=options.profile, select=rules[0], ignore=rules[1])
    # What is missing on a machine ends the task here, and does not become an error of each note.
    linter.check(Note("Ankylosing spondylitis."))
    return linter


def _read(batches: "Iterable[RecordBatch]") -> "Iterator[Note | Row]":
    """The notes, and a row of `errors` for each that can not be read."""
    for batch in batches:
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        sources = columns.pop("source")
        for number in range(batch.num_rows):
            source: str | None = None
            try:
                source = _cell("source", sources[number])
                yield _note(source, {field: _cell(field, column[number]) for field, column in columns.items()})
            except InputError as error:
                yield source, str(error)


def _cell(field: str, cell: Any) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError as error:
        raise InputError(f"`{field}` is not UTF-8 (byte {error.start + 1})") from None


def _note(source: str | None, cells: Mapping[str, Any]) -> Note:
    """InputError with the first cell that is not what it has to be, as of any table."""
    if source is None:
        raise InputError("nothing tells where this note stands")
    if cells["text"] is None:
        raise InputError("empty note")
    row = row_of(cells)
    told = {name: value for name in _TOLD if (value := getattr(row, name)) not in (None, ())}
    return Note(path=source, id=shown(row.id) if row.id else None, **told)


def _groups(items: "Iterable[Note | Row]", *, pooled: bool) -> "Iterator[list[Note] | Row]":
    """The notes that are judged together. What was not read parts no encounter."""
    held: list[Note] = []
    for item in items:
        if not isinstance(item, Note):
            yield item
            continue
        if held and not (pooled and item.encounter is not None and item.encounter == held[0].encounter):
            yield held
            held = []
        held.append(item)
    if held:
        yield held


def _judged(group: list[Note] | Row, linter: Linter, options: _Options) -> Iterator[Rows]:
    """The rows of each note of a group."""
    if isinstance(group, tuple):
        yield {"errors": [group]}
        return
    failures: list[Failure] = []
    for note, report in linter.check_pairs(group, findings=options.findings, failures=failures):
        yield rows_of(note, report, str(note.path), linter.families(report), quotes=options.quotes)
    for failure in failures:
        yield {"errors": [row_of_failure(failure)]}


def _packed(notes: Sequence[Rows]) -> "RecordBatch":
    """The rows of some notes, as `_schema` has them."""
    from pyarrow import RecordBatch

    return RecordBatch.from_arrays([_lists([rows.get(table, ()) for rows in notes], table) for table in TABLES], names=list(TABLES))


def _lists(lists: Sequence[Sequence[Row]], table: Table) -> "ListArray":
    """A list of rows for each note."""
    import pyarrow

    types = {"text": pyarrow.string(), "integer": pyarrow.int64(), "number": pyarrow.float64(), "boolean": pyarrow.bool_()}
    values = columns_of((row for rows in lists for row in rows), table)
    made = [pyarrow.array(values[column.name], types[column.type]) for column in TABLES[table]]
    rows = pyarrow.StructArray.from_arrays(made, names=list(values))
    return pyarrow.ListArray.from_arrays(pyarrow.array(accumulate(map(len, lists), initial=0), pyarrow.int32()), rows)
