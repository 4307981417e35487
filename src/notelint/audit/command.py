"""The commands on archives: thin, like all of the command line; nothing heavy is imported before a command needs it."""

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notelint.errors import InputError
from notelint.options import Findings, FindingsOption, Ignore, Map, Patterns, Select, SettingOption, Table

if TYPE_CHECKING:
    from notelint.audit.baseline import Standing
    from notelint.audit.run import Size
    from notelint.audit.store import Run
    from notelint.audit.workers import Done
    from notelint.rules import Severity

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


class TableFormat(StrEnum):
    """Shapes of the tables."""

    parquet = "parquet"
    csv = "csv"
    jsonl = "jsonl"
    sqlite = "sqlite"


class CompareFormat(StrEnum):
    """Shapes of a comparison."""

    text = "text"
    json = "json"
    markdown = "markdown"


@app.command()
def run(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT…", help="Notes as `check` reads them: files, folders, patterns such as notes/*.xml.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where tables and report go: a new folder, or that of a run.")],
    format_: Annotated[TableFormat, typer.Option("--format", help="Shape of the tables.")] = TableFormat.parquet,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes; one for each processor.", show_default=False)] = None,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, metavar="SECONDS", help="A note that takes longer is given up.")] = 60,
    map_: Map = None, table: Table = None,
    code: Annotated[list[str] | None, typer.Option("--code", "-c", metavar="CODE", help="A chosen code where a file tells none.")] = None,
    setting: Annotated[SettingOption, typer.Option("--setting", help="Where patients were seen, where a file does not tell.")] = SettingOption.unknown,
    date_of_service: Annotated[str | None, typer.Option("--date-of-service", metavar="YYYY-MM-DD", help="The date where a file tells none.")] = None,
    note_type: Annotated[str | None, typer.Option("--note-type", metavar="TEXT", help="The type where a file tells none.")] = None,
    profile: Annotated[str, typer.Option("--profile", metavar="NAME", help="Which recommended elements are asked for.")] = "audit",
    select: Select = None,
    ignore: Ignore = None,
    findings: Findings = FindingsOption.all,
    patterns: Patterns = None,
    no_quotes: Annotated[bool, typer.Option("--no-quotes", help="Tables and report without any words of the notes.")] = False,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="SEVERITY[:SHARE%]", help="Exit status 1 where more than this share of notes has such a diagnostic: error:2%.")
    ] = "never",
    baseline: Annotated[Path | None, typer.Option("--baseline", metavar="RUN", help="The folder of an earlier run: what stands there fails nothing.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on the way, and no line at the end.")] = False,
) -> None:  # fmt: skip
    """Check an archive, and leave tables and a report in a folder.

    A run that was broken off goes on where it was when the same command is given again. Adjacent notes of one encounter pool their evidence. What can
    not be read stands in the table of errors. Exit status: 0 done, 1 more than --fail-on allows, 2 wrong use, or nothing could be read.
    """
    from notelint.audit import baseline as baseline_
    from notelint.audit import run as run_
    from notelint.audit.store import Options
    from notelint.formats import parse_columns, parse_date
    from notelint.linter import Linter, named_rules
    from notelint.note import split_codes

    limit = _limit(fail_on)
    if baseline is not None:
        baseline_.run_in(baseline)
        if output.exists() and output.samefile(baseline):
            raise InputError(f"{baseline}: is the folder of this run, and can not be the baseline as well")
    options = Options(
        format=format_.value, profile=profile, select=named_rules(select or (), patterns), ignore=named_rules(ignore or (), patterns),
        findings=findings.value, quotes=not no_quotes, timeout=timeout, code=tuple(part for cell in code or () for part in split_codes(cell)),
        setting=setting.value, date_of_service=parse_date(date_of_service).isoformat() if date_of_service else None, note_type=note_type,
        map=parse_columns(map_ or ()), table=table,
    )  # fmt: skip
    # Faulty patterns and a profile that there is not are told before anything is begun.
    assert Linter(patterns=patterns, profile=profile).profile

    def tell(line: str) -> None:
        if not quiet:
            typer.echo(f"notelint: {line}", err=True)

    try:
        made = run_.run(
            inputs, output, options, patterns=patterns, jobs=jobs or _processors(), tell=tell,
            show=_shown if sys.stderr.isatty() and not quiet else run_.unseen,
        )  # fmt: skip
    except run_.Stopped as stop:
        typer.echo("notelint: stopped; what is done is kept, and the same command goes on from there", err=True)
        raise typer.Exit(128 + stop.number) from None
    standing = baseline_.compare(output, baseline) if baseline else None
    if made.counts.unreadable:
        tell(f"{_counted(made.counts.unreadable, 'note')} could not be read; the table of errors in {output} says why")
    if not quiet:
        typer.echo(_closing(made, standing, output))
    if not made.counts.read:
        raise typer.Exit(2)
    if limit is not None:
        severity, share = limit
        failing = (standing or made.counts).notes_with[severity]
        if failing and failing > share * made.counts.read:
            raise typer.Exit(1)


@app.command()
def compare(
    a: Annotated[Path, typer.Argument(metavar="A", help="The folder of a run.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The folder of another, such as a later one.")],
    format_: Annotated[CompareFormat, typer.Option("--format", help="Shape of the output.")] = CompareFormat.text,
) -> None:
    """What rose and fell between two audits, which notes are in one alone, and which codes are no longer valid."""
    from notelint.audit import compare as compare_

    comparison = compare_.of_runs(a, b)
    if format_ is CompareFormat.json:
        typer.echo(comparison.model_dump_json(by_alias=True, indent=1))
        return
    width = max(60, shutil.get_terminal_size().columns)
    for line in compare_.as_markdown(comparison) if format_ is CompareFormat.markdown else compare_.as_text(comparison, width):
        typer.echo(line)


# ---------------------------------------------------------------------------------------------------- shared


def _limit(text: str) -> "tuple[Severity, float] | None":
    """(severity, share of notes) of `error`, `error:2%`; None of `never`."""
    from notelint.rules import SEVERITIES

    if text == "never":
        return None
    name, colon, share = text.partition(":")
    severity = next((each for each in SEVERITIES if each == name), None)
    try:
        percent = float(share.removesuffix("%")) if colon else 0.0
    except ValueError:
        percent = -1.0
    if severity is None or not 0 <= percent <= 100 or (colon and not share.endswith("%")):
        raise InputError("--fail-on is none of error, warning, info, never, nor one of these with a share such as error:2%")
    return severity, percent / 100


def _processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _counted(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _closing(made: "Run", standing: "Standing | None", output: Path) -> str:
    counts = made.counts
    told = f"{counts.given:,} given, {counts.read:,} read, {counts.unreadable:,} not read; {_counted(counts.errors, 'error')}, {_counted(counts.warnings, 'warning')}"
    if standing:
        told += f"; {standing.new:,} new, {standing.known:,} known, {standing.gone:,} gone"
    return f"{told}; {output / 'report.html'}"


@contextmanager
def _shown(size: "Size") -> "Iterator[Callable[[Done], None]]":
    """How far a run is, on the terminal; how much there is to do is counted beside the work."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("0 notes", total=None)
        ended = threading.Event()
        counting = threading.Thread(target=lambda: progress.update(task, total=size(ended.is_set)), daemon=True)
        counting.start()
        given = unreadable = errors = 0

        def advance(done: "Done") -> None:
            nonlocal given, unreadable, errors
            given, unreadable, errors = given + done.given, unreadable + done.unreadable, errors + done.errors
            rate = given / max(progress.tasks[0].elapsed or 0.0, 0.001)
            told = f"{given:,} notes, {rate:,.0f}/s, {errors:,} errors, {unreadable:,} not read"
            progress.update(task, advance=done.size, description=told)

        try:
            yield advance
        finally:
            ended.set()
            counting.join()
