"""An audit from its inputs to its final files: what is missing is done, then all parts are merged in their order.

The final files depend on the work alone: not on the number of processes, and not on how often the run was broken off and begun again.
"""

import hashlib
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import date
from pathlib import Path
from types import FrameType
from typing import NoReturn

from notelint import formats, library
from notelint.audit import intake, store, workers, writing
from notelint.audit.judging import Lint, Start
from notelint.audit.page import as_html
from notelint.audit.rows import SCHEMA, TABLES, Table
from notelint.audit.summary import Tally
from notelint.audit.workers import Done
from notelint.codeset import load_codesets
from notelint.errors import NotelintError
from notelint.rules import SEVERITIES

Size = Callable[[Callable[[], bool]], int | None]
"""Tells how much there is to do, in the measure of `Done.size`; None when the function that it is given says to stop. It may take a while."""
Show = Callable[[Size], AbstractContextManager[Callable[[Done], None]]]
"""Shows how far a run is: called at the beginning, what it gives is called with each part that is done."""

_NAMED = 5
"""So many inputs are named on the page; a pattern that the shell resolves may give thousands."""


class Stopped(BaseException):
    """The user or the system has asked the run to stop, by the signal of this number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def unseen(size: Size) -> AbstractContextManager[Callable[[Done], None]]:
    """Shows nothing."""
    del size
    return nullcontext(lambda _: None)


def run(
    inputs: Sequence[str],
    output: Path,
    options: store.Options,
    *,
    patterns: Path | None = None,
    jobs: int = 1,
    start: Start | None = None,
    tell: Callable[[str], None] = print,
    show: Show = unseen,
) -> store.Run:
    """Read inputs, and leave tables and a report in the folder `output`; goes on where a run of the same work was broken off.

    `start` makes what judges the notes, a linter if it is None. `tell` hears, in a line, that the run is finished already, goes on, or begins anew
    and why. Stopped when a signal ends it; what is done is kept. NotelintError when it can not go on.
    """
    writing.check(options.format)
    files = intake.files_of(inputs, output, _reading(options))
    work = store.Work(
        inputs=store.inputs_of(inputs, files), options=options, patterns=library.fingerprint(patterns),
        code_sets=tuple(f"{release.name} to {release.effective_to}, {release.source}" for release in load_codesets().releases),
    )  # fmt: skip
    lint = Lint(patterns, options.profile, options.select, options.ignore, options.findings, options.quotes)
    with store.held(output), _stoppable():
        finished = store.finished(output)
        if finished is not None and not store.changes(finished, work):
            store.clear(output)
            tell(f"{output}: this audit is finished already, nothing is done")
            return finished
        before = store.begun(output) or finished
        changed = store.changes(before, work) if before else ()
        if changed:
            tell(f"{output}: not what it was before: {', '.join(changed)}; all is done anew")
        folder = store.begin(output, work)
        done = store.done(folder)
        if done:
            tell(f"{output}: goes on with what is missing; {len(done):,} part{'s are' if len(done) > 1 else ' is'} done")
        number = 0

        def missing() -> Iterator[intake.Part]:
            nonlocal number
            for part in intake.parts(files):
                number += 1
                if part.number in done:
                    advance(Done(part.number, intake.size_of(part)))
                else:
                    yield part

        with (
            show(lambda stopped: intake.size(files, stopped)) as advance,
            closing(workers.work(missing(), files, start or lint, folder=folder, jobs=jobs, timeout=options.timeout)) as coming,
        ):
            for part in coming:
                advance(part)
        try:
            final = store.final_folder(folder)
            made = _merge(folder, number, work, final)
            store.publish(output, final)
        except (OSError, sqlite3.Error) as error:
            raise store.unwritable(output, error) from None
        return made


def _reading(options: store.Options) -> formats.Options:
    """How files are read."""
    day = date.fromisoformat(options.date_of_service) if options.date_of_service else None
    return formats.Options(formats.Defaults(options.code, options.setting, day, options.note_type), options.map, options.table)


@contextmanager
def _stoppable() -> Iterator[None]:
    """An interrupt from the keyboard, or a request to end, becomes Stopped, once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored from the start, as in the background of a shell, stays so.
    asked = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) != signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        del frame
        # What is under way is now cleaned up, whoever grows impatient.
        for each in asked:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped(number)

    before = [(each, signal.signal(each, stop)) for each in asked]
    try:
        yield
    finally:
        for each, handler in before:
            signal.signal(each, handler or signal.SIG_DFL)


# ---------------------------------------------------------------------------------------------------- the final files


def _merge(parts: Path, number: int, work: store.Work, final: Path) -> store.Run:
    """Write the final files of so many parts, in constant memory."""
    facts = {
        "notelint:schema": SCHEMA, "notelint:version": work.version, "notelint:patterns": work.patterns,
        "notelint:code-sets": "; ".join(work.code_sets),
    }  # fmt: skip
    text_hash, *severities = (_number("notes", name) for name in ("sha256", "errors", "warnings", "infos"))
    identity = hashlib.sha256(work.model_dump_json(by_alias=True, exclude={"inputs"}).encode())
    tally = Tally()
    given = 0
    rows_in: Counter[Table] = Counter()
    notes_with = [0, 0, 0]
    diagnostics = [0, 0, 0]
    with writing.writer(work.options.format, final, facts) as add:
        for part in range(number):
            given += store.given_in(parts, part)
            for rows in store.rows_of_part(parts, part):
                tally.add(rows)
                for table, some in rows.items():
                    add(table, some)
                    rows_in[table] += len(some)
                for row in rows.get("notes", ()):
                    identity.update(row[text_hash].encode())
                    any_so_far = False
                    for n, column in enumerate(severities):
                        diagnostics[n] += row[column]
                        any_so_far = any_so_far or row[column] > 0
                        notes_with[n] += any_so_far
    if given != rows_in["notes"] + rows_in["errors"]:
        raise NotelintError(
            f"{given} notes were given, {rows_in['notes']} are told of and {rows_in['errors']} were not read: that is a fault of notelint, please report it"
        )
    counts = store.Counts(
        given=given, read=rows_in["notes"], unreadable=rows_in["errors"], errors=diagnostics[0], warnings=diagnostics[1],
        infos=diagnostics[2], notes_with=dict(zip(SEVERITIES, notes_with, strict=True)),
    )  # fmt: skip
    made = store.Run(**dict(work), run=identity.hexdigest()[:16], counts=counts, tables={table: rows_in[table] for table in TABLES})
    summary = tally.summary()
    for name, content in (
        (store.SUMMARY, summary.model_dump_json(by_alias=True, indent=1)),
        (store.PAGE, as_html(summary, "Audit of notes", _facts(made))),
        (store.RUN, made.model_dump_json(by_alias=True, indent=1)),
    ):
        (final / name).write_text(content + "\n", encoding="utf-8")
    return made


def _number(table: Table, name: str) -> int:
    return next(number for number, column in enumerate(TABLES[table]) if column.name == name)


def _facts(made: store.Run) -> tuple[tuple[str, str], ...]:
    """What the page tells of a run."""
    given = made.inputs.given
    options = made.options.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"profile"})
    return (
        ("Run", made.run),
        ("notelint", made.version),
        ("Patterns", made.patterns),
        ("ICD-10-CM", "; ".join(made.code_sets)),
        ("Profile", made.options.profile),
        ("Inputs", f"{', '.join(given[:_NAMED])}{f' and {len(given) - _NAMED:,} more' if len(given) > _NAMED else ''}"),
        *((f"--{name}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)) for name, value in options.items()),
    )
