"""What a worker does with notes: a linter of its own, built once, and the rows of its reports."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from notelint.audit.intake import Placed
from notelint.audit.rows import TABLES, Row, Table, rows_of
from notelint.linter import Linter, Wanted
from notelint.note import Note

Rows = Mapping[Table, Sequence[Row]]
Judge = Callable[[Sequence[Placed], Callable[[Placed], None]], Rows]
"""Gives the rows of the notes of one encounter, in their order; with each note it calls what it is given, before it reads it and before it judges it."""
Start = Callable[[], Judge]
"""Makes a judge in the process of a worker, to which it travels as a pickle. NotelintError when there can be none."""


@dataclass(frozen=True)
class Lint:
    """Starts a linter: the patterns, profile and rules as `Linter` has them, which findings, and whether rows hold words of the notes."""

    patterns: Path | None
    profile: str
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    findings: Wanted
    quotes: bool

    def __call__(self) -> Judge:
        """A judge, all that it needs built."""
        # As in the command: what a start makes it keeps.
        gc.set_threshold(100_000, 50, 100)
        linter = Linter(patterns=self.patterns, profile=self.profile, select=self.select, ignore=self.ignore)
        linter.check(Note("Ankylosing spondylitis."), findings=self.findings)
        gc.collect()
        gc.freeze()

        def judge(group: Sequence[Placed], begin: Callable[[Placed], None]) -> Rows:
            of_note = {id(placed.note): placed for placed in group}
            reports = linter.check_pairs(
                (placed.note for placed in group), findings=self.findings, watch=lambda note: begin(of_note[id(note)])
            )
            rows: dict[Table, list[Row]] = {table: [] for table in TABLES}
            for placed, (note, report) in zip(group, reports, strict=True):
                for table, some in rows_of(note, report, placed.source, linter.families(report), quotes=self.quotes).items():
                    rows[table] += some
            return rows

        return judge
