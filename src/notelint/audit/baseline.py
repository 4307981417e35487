"""What is new in a run, known from an earlier one, and gone since: diagnostics of the same note, rule and code are the same.

A note is the same where it stands in the same place, whether its words have changed or not; the key of a note tells of its place as well.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from notelint.audit import store, writing
from notelint.audit.rows import TABLES
from notelint.errors import InputError
from notelint.rules import SEVERITIES, Severity

_NAMES = {table: [column.name for column in TABLES[table]] for table in TABLES}
_SAME = "b.run != a.run AND b.source = a.source AND b.rule = a.rule AND b.code = a.code"


@dataclass(frozen=True, slots=True)
class Standing:
    """How many diagnostics are new, known and gone; `notes_with` counts the notes that have a new one of a severity or a graver one."""

    new: int
    known: int
    gone: int
    notes_with: dict[Severity, int]


def run_in(folder: Path) -> store.Run:
    """The finished run of a folder; InputError when there is none."""
    found = store.finished(folder)
    if found is None:
        raise InputError(f"{folder}: holds no finished audit")
    return found


def compare(now: Path, before: Path) -> Standing:
    """The standing of a finished run against an earlier one, each by its folder. InputError when their tables can not be read."""
    # What does not fit into memory goes to a file that nobody else sees.
    with closing(sqlite3.connect("", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE notes (run INTEGER, note TEXT, source TEXT, PRIMARY KEY (run, note)) WITHOUT ROWID")
        connection.execute("CREATE TABLE told (run INTEGER, note TEXT, rule TEXT, code TEXT, severity TEXT)")
        connection.execute("BEGIN")
        for number, folder in enumerate((now, before)):
            _load(connection, number, folder)
        connection.execute(
            "CREATE TABLE placed AS SELECT told.run, source, rule, code, severity FROM told JOIN notes ON notes.run = told.run AND notes.note = told.note"
        )
        connection.execute("CREATE INDEX same ON placed (source, rule, code, run)")
        connection.execute("ALTER TABLE placed ADD COLUMN found INTEGER")
        connection.execute(f"UPDATE placed AS a SET found = EXISTS (SELECT 1 FROM placed AS b WHERE {_SAME})")  # noqa: S608
        counted = dict(connection.execute("SELECT 10 * run + found, count(*) FROM placed GROUP BY 1"))
        notes_with = {
            severity: connection.execute(
                f"SELECT count(DISTINCT source) FROM placed WHERE run = 0 AND NOT found AND severity IN ({', '.join('?' * n)})",  # noqa: S608
                SEVERITIES[:n],
            ).fetchone()[0]
            for n, severity in enumerate(SEVERITIES, 1)
        }
    return Standing(counted.get(0, 0), counted.get(1, 0), counted.get(10, 0), notes_with)


def _load(connection: sqlite3.Connection, number: int, folder: Path) -> None:
    format_ = run_in(folder).options.format
    note, source = (_NAMES["notes"].index(name) for name in ("note", "source"))
    connection.executemany(
        "INSERT OR IGNORE INTO notes VALUES (?, ?, ?)",
        ((number, row[note], row[source]) for row in writing.rows_in(folder, format_, "notes")),
    )
    note, rule, code, severity = (_NAMES["diagnostics"].index(name) for name in ("note", "rule", "code", "severity"))
    connection.executemany(
        "INSERT INTO told VALUES (?, ?, ?, ?, ?)",
        ((number, row[note], row[rule], row[code] or "", row[severity]) for row in writing.rows_in(folder, format_, "diagnostics")),
    )
