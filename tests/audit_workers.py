"""What takes the place of the linter in tests of audits: light, and as faulty as the words of a note ask for. Workers import it by its name."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from notelint import Note, formats
from notelint.audit.intake import Placed
from notelint.audit.judging import Judge, Rows
from notelint.audit.rows import TABLES, Row, Table, rows_of
from notelint.formats import Options
from notelint.report import Diagnostic, Failure, NoteReport

if TYPE_CHECKING:
    from notelint.audit.summary import Summary


def report_of(note: Note, pooled: int) -> NoteReport:
    """An error for each `!` of a note, a warning for each `?`; `codes` tells how many notes are pooled."""
    said = [("error", "gap/loud") for _ in range(note.text.count("!"))] + [("warning", "site/unsure") for _ in range(note.text.count("?"))]
    return NoteReport(
        id=note.id, path=note.path, setting=note.setting, date_of_service=note.date_of_service, profile="audit", codes=(f"P{pooled}",),
        codes_from="given", findings=(), assessments=(),
        diagnostics=tuple(Diagnostic(rule=rule, severity=severity, code="M45.6", message="loud", help="hush") for severity, rule in said),  # type: ignore[arg-type]
    )  # fmt: skip


def judge(group: Sequence[Placed], begin: Callable[[Placed], None]) -> Rows:
    """Rows of the reports."""
    rows: dict[Table, list[Row]] = {table: [] for table in TABLES}
    for placed in group:
        begin(placed)
        _do_as_asked(placed.note.text)
        for table, some in rows_of(placed.note, report_of(placed.note, len(group)), placed.source, {}, quotes=True).items():
            rows[table] += some
    return rows


def _do_as_asked(text: str) -> None:
    if multiprocessing.parent_process():
        time.sleep(0.01 * text.count("slowly"))
    if text.startswith("once"):
        mark = Path(text.split()[1])
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
    if "exit" in text:
        os._exit(7)
    if "segfault" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "memory" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in text:
        while True:
            time.sleep(1)
    if "fault" in text.split():
        os.write(1, text.encode())
        os.write(2, text.encode())
        raise ValueError(text)


def page(summary: "Summary", title: str, facts: Sequence[tuple[str, str]]) -> str:
    """A page that is soon made."""
    return f"{title}: {summary.notes} notes, {facts}"


def start() -> Judge:
    """A start without a linter."""
    return judge


def start_with_processes() -> Judge:
    """As `start`; the template of each note is the process that judged it."""

    def judged(group: Sequence[Placed], begin: Callable[[Placed], None]) -> Rows:
        rows = dict(judge(group, begin))
        at = [column.name for column in TABLES["notes"]].index("template")
        rows["notes"] = [(*row[:at], str(os.getpid()), *row[at + 1 :]) for row in rows["notes"]]
        return rows

    return judged


def start_with_reader() -> Judge:
    """As `start`, with files that are as faulty to read as their names ask for."""
    plain = formats.notes_of

    def notes_of(path: Path, options: Options) -> Iterator[Note | Failure]:
        if "exit" in path.name:
            os._exit(7)
        if "hang" in path.name:
            time.sleep(1000)
        if "fault" in path.name:
            raise ValueError(path.read_text())
        return plain(path, options)

    formats.notes_of = notes_of  # type: ignore[assignment]
    return judge


def start_never() -> Judge:
    """A start that ends the process."""
    os._exit(9)
