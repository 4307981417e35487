"""The command line: thin, all work is done by the modules it names when a command needs them."""

import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from notelint import __version__
from notelint.errors import InputError, NotelintError, PackError
from notelint.options import Findings, FindingsOption, Ignore, Map, Patterns, Select, SettingOption, Table

if TYPE_CHECKING:
    from notelint.drafting import Drafter
    from notelint.explain import CodePage, Explainer, RulePage
    from notelint.inputs import Defaults
    from notelint.ledger import Entry
    from notelint.linter import Linter
    from notelint.note import Note
    from notelint.query import Drafts, Person, Query
    from notelint.report import CodeSetName, Failure, NoteReport
    from notelint.rules import Severity

app = typer.Typer(
    help="A linter for clinical notes: checks what a note says against what its ICD-10-CM code asks of the chart. Local and offline.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
codes_app = typer.Typer(
    help="The code set: show a code, list the loaded releases, add another official release.", no_args_is_help=True, rich_markup_mode=None
)
patterns_app = typer.Typer(help="Pattern files: check, test, list them, print their schemas.", no_args_is_help=True, rich_markup_mode=None)
query_app = typer.Typer(
    help="Queries to providers: draft them, check any that somebody wrote, keep the record.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(query_app, name="query")


class _Audit(TyperGroup):
    """The commands on archives, which have a module of their own: it is imported by who asks for them, so that no other start pays for it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return self._group().list_commands(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The one of a name."""
        return self._group().get_command(ctx, cmd_name)

    def _group(self) -> TyperGroup:
        from typer.main import get_group

        from notelint.audit.command import app

        return get_group(app)


app.add_typer(
    typer.Typer(
        cls=_Audit, help="Archives: many notes in many processes, as tables and a report.", no_args_is_help=True, rich_markup_mode=None
    ),
    name="audit",
)
app.add_typer(codes_app, name="codes")
app.add_typer(patterns_app, name="patterns")


class Format(StrEnum):
    """Shapes of output."""

    text = "text"
    json = "json"
    jsonl = "jsonl"


class QueryFormat(StrEnum):
    """Shapes of queries."""

    text = "text"
    markdown = "markdown"
    html = "html"
    json = "json"
    docx = "docx"
    fhir = "fhir"


class FailOn(StrEnum):
    """From which severity on the exit status is 1."""

    error = "error"
    warning = "warning"
    info = "info"
    never = "never"


Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH… | -",
        help="Notes: text, RTF, Word, PDF, C-CDA, HL7 v2, FHIR, tables, packed or not; folders and patterns; - is standard input.",
        show_default=False,
    ),
]
Code = Annotated[
    list[str] | None, typer.Option("--code", "-c", metavar="CODE", help="A chosen code; again, or comma separated, in their sequence.")
]
Setting = Annotated[SettingOption, typer.Option("--setting", help="Where the patient was seen.")]
DateOfService = Annotated[
    str | None, typer.Option("--date-of-service", metavar="YYYY-MM-DD", help="Decides which release of the code set counts.")
]
NoteType = Annotated[str | None, typer.Option("--note-type", metavar="TEXT", help='Such as "discharge summary" or "radiology report".')]
Manifest = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        metavar="FILE",
        help="Many notes: a table of id, path | text, codes, setting, date-of-service, note-type, encounter; those of an encounter are put together.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="Shape of the output.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there and not to standard output.")]
ProfileOption = Annotated[
    str, typer.Option("--profile", metavar="NAME", help="Which recommended elements are asked for: scribe, cdi, audit, or a payer's.")
]
NoQuotes = Annotated[bool, typer.Option("--no-quotes", help="Text output without any words of the notes.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No output when there is nothing to say, and no summary.")]


def main() -> None:
    """The console script. What notelint raises on purpose becomes one line on standard error and exit status 2."""
    # What a start makes it keeps: to look for garbage in it again and again would take a tenth of the time.
    gc.set_threshold(100_000, 50, 100)
    for stream in (sys.stdout, sys.stderr):
        # A note may hold characters that the terminal's encoding lacks; they are shown escaped, and never stop the report.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    if hasattr(signal, "SIGPIPE"):
        # A reader that closes the pipe early ends us as it ends any other tool, without a word.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        app()
    except NotelintError as error:
        _stop(error)
    except OSError as error:
        typer.echo(f"notelint: standard output: {(error.strerror or 'can not be written').lower()}", err=True)
        raise SystemExit(2) from None
    except Exception as error:
        from notelint.linter import internal_error

        typer.echo(f"notelint: {internal_error(error)}", err=True)
        raise SystemExit(2) from None


def _stop(error: NotelintError) -> NoReturn:
    for line in error.mistakes if isinstance(error, PackError) else (str(error),):
        typer.echo(f"notelint: {line}", err=True)
    raise SystemExit(2) from None


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"notelint {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    del version


# ---------------------------------------------------------------------------------------------------- check


@app.command()
def check(
    paths: Paths = None, code: Code = None, setting: Setting = SettingOption.unknown, date_of_service: DateOfService = None, note_type: NoteType = None,
    manifest: Manifest = None, map_: Map = None, table: Table = None, profile: ProfileOption = "scribe", format_: FormatOption = Format.text, output: Output = None,
    patterns: Patterns = None,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="From which severity on the exit status is 1.")] = FailOn.error,
    select: Select = None,
    ignore: Ignore = None,
    findings: Findings = FindingsOption.all,
    no_quotes: NoQuotes = False, quiet: Quiet = False,
    statistics: Annotated[bool, typer.Option("--statistics", help="How often each rule fired, in place of the diagnostics.")] = False,
) -> None:  # fmt: skip
    """Lint notes against their chosen codes.

    Without --code, the codes are those written in the note; where it has none, the note is checked against the codes that its own words
    support. Exit status: 0 nothing at or above --fail-on, 1 something is, 2 wrong use or a note that could not be read.
    """
    from notelint.linter import Linter
    from notelint.rules import SEVERITIES

    linter = Linter(patterns=patterns, profile=profile, select=_rules(select, patterns), ignore=_rules(ignore, patterns))
    notes, failures = _notes(paths, manifest, _defaults(code, setting, date_of_service, note_type), map_, table)
    with _writer(output, [*(paths or ()), *([manifest] if manifest else ())]) as write:
        run = _Run(linter, write, format_, quiet=quiet, no_quotes=no_quotes, statistics=statistics)
        for note, report in linter.check_pairs(notes, findings=findings.value, failures=failures):
            run.add(report, note)
        run.close(failures)
    _name_failures(failures)
    if failures:
        raise typer.Exit(2)
    threshold = SEVERITIES[: SEVERITIES.index(fail_on.value) + 1] if fail_on is not FailOn.never else ()
    if any(severity in threshold for _, severity in run.fired):
        raise typer.Exit(1)


class _Run:
    """Writes the reports of a run as they come."""

    def __init__(
        self, linter: "Linter", write: Callable[[str], None], format_: Format, *, quiet: bool, no_quotes: bool, statistics: bool
    ) -> None:
        self._linter, self._write, self._format = linter, write, format_
        self._quiet, self._no_quotes, self._statistics = quiet, no_quotes, statistics
        self._reports: list[NoteReport] = []
        self._number = 0
        self.fired: Counter[tuple[str, Severity]] = Counter()
        """How often each rule fired, with its severity."""
        self._style = _style(write)

    def add(self, report: "NoteReport", note: "Note") -> None:
        """One more report."""
        from notelint.render import text

        if self._format is Format.jsonl:
            self._write(report.model_dump_json(by_alias=True))
        elif self._format is Format.text and not self._statistics:
            for line in text.note_report(
                report, note, brief=self._linter.profile.brief, quotes=not self._no_quotes, style=self._style, width=_width()
            ):
                self._write(line)
        elif self._format is Format.json:
            # One object at the end of the run; all else is written, counted and forgotten.
            self._reports.append(report)
        self._number += 1
        self.fired.update((diagnostic.rule, diagnostic.severity) for diagnostic in report.diagnostics)

    def close(self, failures: Sequence["Failure"]) -> None:
        """The end of the run: the summary, or the one object of JSON."""
        from notelint.render import text
        from notelint.report import Report, summarize

        counts = summarize(self._number, self.fired)
        if self._format is Format.json:
            report = Report(code_set=_code_set(self._linter), notes=tuple(self._reports), errors=tuple(failures), summary=counts)
            self._write(report.model_dump_json(by_alias=True, indent=1))
        elif self._format is Format.text:
            if self._statistics:
                for line in text.statistics(self.fired):
                    self._write(line)
            if not self._quiet:
                self._write(text.summary(counts, failures, style=self._style))


def _code_set(linter: "Linter") -> "CodeSetName":
    from notelint.report import CodeSetName

    return CodeSetName(release=max(linter.releases, default=linter.codesets.on(None)[0].release.name))


def _rules(names: list[str] | None, patterns: Path | None) -> tuple[str, ...]:
    """The rules or categories named; InputError for one that there is not."""
    from notelint.linter import named_rules

    return named_rules(names or (), patterns)


# ---------------------------------------------------------------------------------------------------- extract


@app.command()
def extract(
    paths: Paths = None, code: Code = None, setting: Setting = SettingOption.unknown, date_of_service: DateOfService = None, note_type: NoteType = None,
    manifest: Manifest = None, map_: Map = None, table: Table = None, format_: FormatOption = Format.text, output: Output = None,
    patterns: Patterns = None, no_quotes: NoQuotes = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Print what notes say: findings with their places, values, dates and flags. Nothing is judged."""
    from notelint.linter import Linter, internal_error
    from notelint.render import text
    from notelint.report import Extract, Extracts, Failure, Summary

    linter = Linter(patterns=patterns)
    notes, failures = _notes(paths, manifest, _defaults(code, setting, date_of_service, note_type), map_, table)
    done: list[Extract] = []
    number = 0
    with _writer(output, [*(paths or ()), *([manifest] if manifest else ())]) as write:
        style = _style(write)
        for note in notes:
            try:
                found = linter.extract(note)
            except Exception as error:
                failures.append(Failure(path=note.path or note.id or "<note>", message=internal_error(error)))
                continue
            number += 1
            result = Extract(id=note.id, path=note.path, findings=found)
            if format_ is Format.json:
                done.append(result)
            elif format_ is Format.jsonl:
                write(result.model_dump_json(by_alias=True))
            else:
                name = note.path or note.id or "<note>"
                for line in text.findings(name, found, note, quotes=not no_quotes, style=style, width=_width()):
                    write(line)
                if not found and not quiet:
                    write(f"{name}: nothing found")
        if format_ is Format.json:
            counts = Summary(notes=number, errors=0, warnings=0, infos=0)
            write(
                Extracts(code_set=_code_set(linter), notes=tuple(done), errors=tuple(failures), summary=counts).model_dump_json(
                    by_alias=True, indent=1
                )
            )
    _name_failures(failures)
    if failures:
        raise typer.Exit(2)


# ---------------------------------------------------------------------------------------------------- explain


class PageFormat(StrEnum):
    """Shapes of a reference page."""

    text = "text"
    markdown = "markdown"
    html = "html"
    json = "json"


@app.command()
def explain(
    subject: Annotated[str | None, typer.Argument(metavar="CODE | RULE", help="A code such as M45.7, or a rule such as gap/hla-b27.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every code and rule of the patterns, as a set of files in --output DIR.")] = False,
    format_: Annotated[PageFormat | None, typer.Option("--format", help="Shape of the page: text, or html with --all.", show_default=False)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE | DIR", help="Write there and not to standard output.")] = None,
    date_of_service: DateOfService = None, patterns: Patterns = None,
) -> None:  # fmt: skip
    """The reference page of a code (what the chart should show, common mistakes, questions) or of a rule, with sources."""
    if (subject is None) is not all_:
        raise InputError("name a code or a rule, or --all for every one of them")
    if all_ and output is None:
        raise InputError("--all needs --output DIR")
    from notelint import codeset, library
    from notelint.explain import Explainer

    chosen, _ = codeset.load_codesets().on(_date(date_of_service))
    explainer = Explainer(library.load(patterns), library.load_reference(patterns), chosen, library.load_wordings(patterns).rules)
    if all_ and output is not None:
        number = _write_set(explainer, output, format_ or PageFormat.html)
        typer.echo(f"{number} pages in {output}")
        return
    page = explainer.page(subject or "")
    with _writer(output, []) as write:
        for line in _page_lines(page, format_ or PageFormat.text):
            write(line)


def _page_lines(page: "CodePage | RulePage", format_: PageFormat) -> Iterable[str]:
    if format_ is PageFormat.json:
        return [page.model_dump_json(by_alias=True, indent=1)]
    from notelint.render import document

    made = document.of_page(page)
    if format_ is PageFormat.html:
        return [document.as_html(made)]
    return document.as_markdown(made) if format_ is PageFormat.markdown else document.as_text(made, width=_width())


_ENDINGS = {PageFormat.text: "txt", PageFormat.markdown: "md", PageFormat.html: "html", PageFormat.json: "json"}


def _write_set(explainer: "Explainer", folder: Path, format_: PageFormat) -> int:
    """Writes a page for every code and rule, and in HTML a first page with links to all of them; returns how many."""
    from notelint.render import document

    pages = [explainer.page(name) for name in (*explainer.codes(), *explainer.rules())]
    documents = [document.of_page(page) for page in pages]
    listed = [(*_listed_as(page), made) for page, made in zip(pages, documents, strict=True)]
    if explainer.reference.claims:
        made = document.of_claims(explainer.reference.claims, explainer.reference.omitted)
        documents.append(made)
        listed.append(("Claims of reference pages", "claims", "what pages claim of these codes, and the verdict", made))
    ending = _ENDINGS[format_]
    links = {name: f"{made.name}.{ending}" for _, name, _, made in listed}
    first = document.index(
        ((heading, name, what) for heading, name, what, _ in listed), title="notelint reference",
        lead=f"What the codes ask of the chart, and what the rules mean. ICD-10-CM release {explainer.codeset.release.name}.",
    )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if format_ is PageFormat.json:
            for page, made in zip(pages, documents, strict=False):
                (folder / f"{made.name}.json").write_text(page.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
            return len(pages)
        for made in (first, *documents):
            if format_ is PageFormat.html:
                text = document.as_html(made, links)
            else:
                lines = document.as_markdown(made) if format_ is PageFormat.markdown else document.as_text(made)
                text = "\n".join(lines) + "\n"
            (folder / f"{made.name}.{ending}").write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: {(error.strerror or 'can not be written').lower()}") from None
    return len(documents) + 1


def _listed_as(page: "CodePage | RulePage") -> tuple[str, str, str]:
    if page.kind == "code":
        return f"{page.code[:3]}", page.code, page.title
    return f"Rules: {page.rule.partition('/')[0]}", page.rule, page.what[0]


# ---------------------------------------------------------------------------------------------------- queries


_THIS = "this encounter"


@query_app.command("draft")
def query_draft(
    paths: Paths = None, code: Code = None, setting: Setting = SettingOption.unknown, date_of_service: DateOfService = None, note_type: NoteType = None,
    manifest: Manifest = None, map_: Map = None, table: Table = None,
    to: Annotated[str | None, typer.Option("--to", metavar="NAME, CREDENTIAL, CONTACT", help="The provider who is asked.")] = None,
    author: Annotated[str | None, typer.Option("--from", metavar="NAME, CREDENTIAL, CONTACT", help="Who asks.")] = None,
    format_: Annotated[QueryFormat, typer.Option("--format", help="Shape of the output.")] = QueryFormat.text,
    output: Output = None, patterns: Patterns = None, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Draft a query for each matter that a provider's answer would settle.

    The notes are those of one encounter, or of the encounters that a manifest or the files themselves name. A draft is no query: a person reads it, completes it
    and releases it with `query log`.
    """
    from notelint.encounter import name_of
    from notelint.query import Drafts

    linter, drafter = _drafter(patterns)
    notes, failures = _notes(
        paths, manifest, _defaults(code, setting, date_of_service, note_type), map_, table, encounter=None if manifest else _THIS
    )
    people = {"recipient": _person(to), "author": _person(author)}
    if format_ is QueryFormat.docx and output is None:
        raise InputError("a Word document needs --output FILE")
    queries: list[Query] = []
    nothing: list[tuple[str, str]] = []
    for together in _encounters(linter.check_pairs(notes, failures=failures)):
        drafts, silent = drafter.draft(together)
        writers = {name_of(note): note.author for note, _ in together}
        for query in drafts:
            asked = people["recipient"] or _person(
                next((writers.get(i.document) for i in query.indicators if i.polarity == "neutral"), None)
            )
            queries.append(_unnamed(query).model_copy(update={"recipient": asked, "author": people["author"]}))
        nothing += silent
    _write_queries(
        Drafts(version=__version__, queries=tuple(queries), nothing=tuple(nothing)), format_, output, [*(paths or ())], quiet=quiet
    )
    _name_failures(failures)
    if failures:
        raise typer.Exit(2)


@query_app.command("check")
def query_check(
    files: Annotated[list[str], typer.Argument(metavar="FILE… | -", help="Queries: JSON as `draft` writes it, plain text, Markdown, Word.")],
    note: Annotated[list[str] | None, typer.Option("--note", metavar="NOTE", help="A note that the query quotes; again for more.")] = None,
    format_: FormatOption = Format.text, output: Output = None, patterns: Patterns = None,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="From which severity on the exit status is 1.")] = FailOn.error,
    quiet: Quiet = False,
) -> None:  # fmt: skip
    """Check queries against the rules of compliant query practice, whoever wrote them.

    With --note, what the notes document counts as documented, and each quotation of a structured query has to stand in them.
    """
    from notelint.compliance import Checker
    from notelint.encounter import name_of
    from notelint.inputs import read_queries
    from notelint.library import load_wordings
    from notelint.linter import Linter
    from notelint.report import Checked, CheckedQuery
    from notelint.rules import SEVERITIES

    failures: list[Failure] = []
    notes, unread = _notes(note, None, _defaults(None, SettingOption.unknown, None, None)) if note else (iter(()), [])
    given = list(notes)
    checker = Checker(Linter(patterns=patterns), load_wordings(patterns))
    checked: list[CheckedQuery] = []
    texts: list[str | None] = []
    for name, query in read_queries(files, failures):
        texts.append(query if isinstance(query, str) else None)
        if isinstance(query, str):
            found = checker.check_text(query, given)
        else:
            found = checker.check_query(query, {name_of(one): one for one in given} if note else None)
        checked.append(CheckedQuery(path=name, id=None if isinstance(query, str) else query.id, diagnostics=found))
    failures += unread
    with _writer(output, [*files, *(note or ())]) as write:
        if format_ is Format.text:
            from notelint.render import text

            for one, words in zip(checked, texts, strict=True):
                for line in text.query(one, words, style=_style(write), width=_width()):
                    write(line)
            if not quiet and checked:
                write(text.query_summary(checked, style=_style(write)))
        elif format_ is Format.jsonl:
            for one in checked:
                write(one.model_dump_json(by_alias=True))
        else:
            write(Checked(queries=tuple(checked), errors=tuple(failures)).model_dump_json(by_alias=True, indent=1))
    _name_failures(failures)
    if failures:
        raise typer.Exit(2)
    threshold = SEVERITIES[: SEVERITIES.index(fail_on.value) + 1] if fail_on is not FailOn.never else ()
    if any(diagnostic.severity in threshold for one in checked for diagnostic in one.diagnostics):
        raise typer.Exit(1)


@query_app.command("log")
def query_log(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="The log, a JSON Lines file.")],
    add: Annotated[Path | None, typer.Option("--add", metavar="QUERY.json", help="Release a query, as `draft --format json` wrote it.")] = None,
    query: Annotated[str | None, typer.Option("--query", metavar="ID", help="Which of several queries in the file.")] = None,
    released_by: Annotated[str | None, typer.Option("--released-by", metavar="NAME, CREDENTIAL, CONTACT", help="Who releases it.")] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="NAME, CREDENTIAL, CONTACT", help="The provider who is asked.")] = None,
    verbal: Annotated[bool, typer.Option("--verbal", help="It was asked orally.")] = False,
    retention: Annotated[str | None, typer.Option("--retention", metavar="TEXT", help="How long it is kept, by the site's policy.")] = None,
    patterns: Patterns = None,
) -> None:  # fmt: skip
    """List the queries of a log and verify its chain; or release a query and add it.

    A query is released by a named person, and only when it breaks no rule. Exit status 1: the chain is broken, or the query breaks a rule.
    """
    from notelint import ledger

    if add is None:
        entries, mistakes = ledger.read(log)
        if not log.exists():
            raise InputError(f"{log}: no such file")
        for entry in entries:
            typer.echo(_entry_line(entry))
        answered = {entry.query_id for entry in entries if entry.response and entry.response.addendum}
        for entry in entries:
            if entry.event == "answered" and entry.query_id not in answered:
                typer.echo(
                    f"{log}:{entry.number}: warning query/response: {entry.query_id} was answered outside of the record only", err=True
                )
        for mistake in mistakes:
            typer.echo(f"{mistake} (query/log)", err=True)
        if mistakes:
            raise typer.Exit(1)
        typer.echo(f"{len(entries)} entries, the chain holds")
        return
    chosen = _one_query(add, query)
    by = _person(released_by)
    if by is None:
        raise InputError("a query is released by a named person: --released-by NAME")
    from notelint.compliance import Checker
    from notelint.library import load_wordings
    from notelint.linter import Linter

    chosen = chosen.model_copy(update={"author": chosen.author or by, "recipient": _person(to) or chosen.recipient})
    found = Checker(Linter(patterns=patterns), load_wordings(patterns)).check_query(chosen)
    if any(diagnostic.severity == "error" for diagnostic in found):
        for diagnostic in found:
            typer.echo(f"{add}: {diagnostic.severity} {diagnostic.rule}: {diagnostic.message}", err=True)
        raise typer.Exit(1)
    typer.echo(_entry_line(ledger.release(log, chosen, by, verbal=verbal, retention=retention)))


@query_app.command("respond")
def query_respond(
    log: Annotated[Path, typer.Argument(metavar="LOG", help="The log, a JSON Lines file.")],
    query: Annotated[str, typer.Argument(metavar="ID", help="The query that was answered.")],
    answer: Annotated[
        str, typer.Option("--answer", metavar="TEXT", help="The answer, as the query offers it; of an open query the answer itself.")
    ],
    by: Annotated[str, typer.Option("--by", metavar="NAME, CREDENTIAL", help="Who answered.")],
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="The provider's own words.")] = None,
    addendum: Annotated[str | None, typer.Option("--addendum", metavar="REFERENCE", help="Where the answer stands in the record.")] = None,
) -> None:
    """Record the answer to a query, and where it stands in the record."""
    from notelint import ledger

    who = _person(by)
    if who is None:
        raise InputError("an answer is somebody's: --by NAME")
    typer.echo(_entry_line(ledger.respond(log, query, ledger.Response(answer=answer, text=text, by=who, addendum=addendum))))
    if addendum is None:
        typer.echo("notelint: warning query/response: the answer counts where it stands in the record: --addendum REFERENCE", err=True)


def _entry_line(entry: "Entry") -> str:
    """An entry in one line, without words of the record."""
    if entry.event == "released" and entry.query is not None and entry.released_by is not None:
        return f"{entry.number}  {entry.at}  {entry.query_id}  released by {entry.released_by.name}: {entry.query.title}"
    said = f", {entry.response.addendum}" if entry.response and entry.response.addendum else ""
    return f"{entry.number}  {entry.at}  {entry.query_id}  answered by {entry.response.by.name if entry.response else '?'}{said}"


def _one_query(path: Path, name: str | None) -> "Query":
    from notelint.inputs import read_queries

    failures: list[Failure] = []
    found = [query for _, query in read_queries([str(path)], failures) if not isinstance(query, str)]
    if failures:
        raise InputError(f"{failures[0].path}: {failures[0].message}")
    chosen = [query for query in found if name in (None, query.id)]
    if len(chosen) != 1:
        held = ", ".join(query.id for query in found) or "none"
        raise InputError(f"{path}: name one query with --query ID; there are {held}")
    return chosen[0]


def _drafter(patterns: Path | None) -> "tuple[Linter, Drafter]":
    from notelint import library
    from notelint.drafting import Drafter
    from notelint.linter import Linter

    linter = Linter(patterns=patterns, profile="cdi")
    codeset, _ = linter.codesets.on(None)
    return linter, Drafter(linter.library, library.load_asking(patterns), codeset, patterns=library.fingerprint(patterns))


def _unnamed(query: "Query") -> "Query":
    """A query without the name that only held its notes together."""
    if query.encounter != _THIS:
        return query
    indicators = tuple(indicator.model_copy(update={"encounter": None}) for indicator in query.indicators)
    return query.model_copy(update={"encounter": None, "indicators": indicators})


def _encounters(pairs: "Iterable[tuple[Note, NoteReport]]") -> "Iterator[list[tuple[Note, NoteReport]]]":
    """Notes with their reports, those of one encounter together; a note without one is alone."""
    together: list[tuple[Note, NoteReport]] = []
    for note, report in pairs:
        if together and (note.encounter is None or note.encounter != together[0][0].encounter):
            yield together
            together = []
        together.append((note, report))
    if together:
        yield together


def _person(told: str | None) -> "Person | None":
    from notelint.query import Person

    parts = [part.strip() for part in (told or "").split(",", 2)]
    return Person(name=parts[0], **dict(zip(("credential", "contact"), filter(None, parts[1:]), strict=False))) if parts[0] else None


def _write_queries(drafts: "Drafts", format_: QueryFormat, output: Path | None, inputs: Sequence[str], *, quiet: bool) -> None:
    from notelint.render import query as sheets

    if format_ is QueryFormat.docx and output is not None:
        from notelint.render.word import as_docx

        try:
            output.write_bytes(as_docx(drafts.queries))
        except OSError as error:
            raise InputError(f"{output}: {(error.strerror or 'can not be written').lower()}") from None
        return
    with _writer(output, inputs) as write:
        if format_ is QueryFormat.json:
            write(drafts.model_dump_json(by_alias=True, indent=1))
        elif format_ is QueryFormat.fhir:
            import json

            from notelint.render.fhir import as_bundle

            write(json.dumps(as_bundle(drafts.queries), indent=1, ensure_ascii=False))
        elif format_ is QueryFormat.html:
            write(sheets.as_html(drafts.queries))
        else:
            for number, query in enumerate(drafts.queries):
                if number:
                    write("" if format_ is QueryFormat.markdown else "\n" + "-" * min(_width(), sheets.WIDTH) + "\n")
                for line in sheets.as_markdown(query) if format_ is QueryFormat.markdown else sheets.as_text(query, width=_width()):
                    write(line)
            if format_ is QueryFormat.text and not quiet:
                for name, reason in drafts.nothing:
                    write(f"{name}: nothing to ask: {reason}")


# ---------------------------------------------------------------------------------------------------- claims


class Verdict(StrEnum):
    """What the classification says of a claim."""

    supported = "supported"
    silent = "silent"
    contradicted = "contradicted"


@app.command()
def claims(
    status: Annotated[Verdict | None, typer.Option("--status", help="Only those with this verdict.", show_default=False)] = None,
    page: Annotated[str | None, typer.Option("--page", metavar="CODE", help="Only those of the page of this code.")] = None,
    format_: Annotated[PageFormat, typer.Option("--format", help="Shape of the output.")] = PageFormat.text,
    output: Output = None, patterns: Patterns = None,
) -> None:  # fmt: skip
    """What reference pages claim of the codes, the verdict of the tabular list and the guidelines, and what notelint does instead."""
    from notelint import library
    from notelint.reference import Claims, Omitted
    from notelint.render import document

    reference = library.load_reference(patterns)
    found = tuple(
        claim
        for claim in reference.claims
        if (status is None or claim.verdict == status.value) and (page is None or claim.page == page.strip().upper())
    )
    if page is not None and not found and not any(claim.page == page.strip().upper() for claim in reference.claims):
        raise InputError(
            f"{page[:24]!r} has no claims; there are pages of {', '.join(dict.fromkeys(claim.page for claim in reference.claims))}"
        )
    with _writer(output, []) as write:
        if format_ is PageFormat.json:
            write(
                Claims(claims=found, omitted=Omitted(payment=reference.omitted)).model_dump_json(by_alias=True, indent=1, exclude_none=True)
            )
            return
        made = document.of_claims(found, reference.omitted)
        if format_ is PageFormat.html:
            write(document.as_html(made))
            return
        for line in document.as_markdown(made) if format_ is PageFormat.markdown else document.as_text(made, width=_width()):
            write(line)


# ---------------------------------------------------------------------------------------------------- codes


@codes_app.command("show")
def codes_show(code: Annotated[str, typer.Argument(metavar="CODE")], date_of_service: DateOfService = None) -> None:
    """Show a code: title, whether it is billable, its parent and children, and the notes that apply to it."""
    from notelint import codeset

    chosen, covered = codeset.load_codesets().on(_date(date_of_service))
    known = chosen.get(code)
    if known is None:
        nearest = chosen.nearest(code)
        raise InputError(
            f"{code[:24]!r} is no code of release {chosen.release.name}" + (f"; the nearest is {nearest.code}" if nearest else "")
        )
    release = chosen.release
    typer.echo(f"{known.code}  {known.title}")
    typer.echo(f"  billable: {'yes' if known.billable else 'no'}")
    if known.seventh and not known.billable:
        _echo(f"  7th character: {', '.join(f'{letter} {meaning}' for letter, meaning in known.seventh)}", " " * 12)
    typer.echo(f"  release:  {release.name}, in force {release.effective_from} to {release.effective_to or 'the next release'}")
    if not covered:
        typer.echo(f"  no loaded release covers {date_of_service}; the nearest one is shown")
    _echo(f"  above:    {' < '.join(chosen.ancestors(known.code))}", " " * 12)
    if known.children:
        _echo(f"  below:    {', '.join(known.children)}", " " * 12)
    for note in chosen.notes(known.code):
        _echo(f"  {note.node:<9} {note.kind}: {note.text}", " " * 12)


@codes_app.command("list")
def codes_list() -> None:
    """List the loaded releases."""
    from notelint import codeset

    for release in codeset.load_codesets().releases:
        typer.echo(f"{release.name}  in force {release.effective_from} to {release.effective_to or 'the next release'}  {release.source}")


@codes_app.command("add")
def codes_add(
    tabular: Annotated[Path, typer.Argument(metavar="TABULAR.xml", help="The official tabular list.")],
    effective_from: Annotated[str, typer.Option("--effective-from", metavar="YYYY-MM-DD", help="First day on which it is in force.")],
    codes: Annotated[Path | None, typer.Option("--codes", metavar="FILE", help="The official list of codes that goes with it.")] = None,
    effective_to: Annotated[str | None, typer.Option("--effective-to", metavar="YYYY-MM-DD", help="Last day; else the day before the next release.")] = None,
) -> None:  # fmt: skip
    """Add an official release of ICD-10-CM."""
    from notelint import codeset
    from notelint.inputs import parse_date

    release = codeset.add_release(tabular, codes, parse_date(effective_from), parse_date(effective_to) if effective_to else None)
    typer.echo(f"added release {release.name}, in force from {release.effective_from} to {release.effective_to or 'the next release'}")


# ---------------------------------------------------------------------------------------------------- patterns


@patterns_app.command("check")
def patterns_check(patterns: Patterns = None) -> None:
    """Check all pattern files: their shape, the names between them, and every code against the code set."""
    from notelint import codeset, library
    from notelint.selftest import of_cases, of_reference, uncovered

    loaded = library.load(patterns)
    chosen, _ = codeset.load_codesets().on(None)
    mistakes = list(library.check_codes(loaded, chosen, patterns))
    try:
        mistakes += of_reference(loaded, library.load_reference(patterns), chosen)
    except PackError as error:
        mistakes += error.mistakes
    try:
        mistakes += library.check_asking(loaded, library.load_asking(patterns), patterns)
    except PackError as error:
        mistakes += error.mistakes
    try:
        wordings, read = library.load_wordings(patterns), library.read_cases(patterns)
        mistakes += [*of_cases(loaded, chosen, read), *uncovered(loaded, wordings, read)]
    except PackError as error:
        mistakes += error.mistakes
    if mistakes:
        raise PackError(mistakes)
    typer.echo(
        f"{len(library.pattern_files(patterns))} files: {len(loaded.concepts)} concepts, {len(loaded.cues)} cues, {len(loaded.families)} families; no mistake"
    )


@patterns_app.command("test")
def patterns_test(patterns: Patterns = None) -> None:
    """Run the cases that stand beside the pattern files."""
    from notelint.linter import Linter
    from notelint.selftest import run

    number = failed = 0
    for place, wrong in run(Linter(patterns=patterns), patterns):
        number += 1
        if wrong:
            failed += 1
            typer.echo(f"{place}: {wrong}")
    typer.echo(f"{number} cases, {failed} failed")
    if failed:
        raise typer.Exit(1)


@patterns_app.command("list")
def patterns_list(patterns: Patterns = None) -> None:
    """List families with their elements, vocabularies with their concepts, and the names of regions, profiles and sources."""
    from notelint import library

    loaded = library.load(patterns)
    for family in loaded.families:
        _echo(f"{family.family}: {', '.join(element.id for element in family.elements)}", "  ")
    for vocabulary in loaded.vocabularies:
        names = list(dict.fromkeys(concept.key for concept in vocabulary.concepts))
        _echo(f"{vocabulary.vocabulary}: {', '.join(names) or f'{len(vocabulary.cues)} cues, {len(vocabulary.sections)} sections'}", "  ")
    _echo(f"regions: {', '.join(region.region for region in loaded.regions)}", "  ")
    _echo(f"profiles: {', '.join(profile.profile for profile in loaded.profiles)}", "  ")
    _echo(f"sources: {', '.join(source.id for source in loaded.sources)}", "  ")


@patterns_app.command("schema")
def patterns_schema(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="family, vocabulary, profile, cases, report and others; without it, all are written to --output.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="Write the schemas there.")] = None,
) -> None:  # fmt: skip
    """Print a JSON schema, or write all of them to a folder."""
    from notelint import schemas

    made = schemas.schemas()
    if name is not None and name not in made:
        raise InputError(f"{name[:24]!r} is no schema; there are {', '.join(made)}")
    if output is None:
        typer.echo("\n".join(made[key] for key in ([name] if name else made)))
        return
    for key, content in made.items():
        if name in (None, key):
            try:
                output.mkdir(parents=True, exist_ok=True)
                (output / f"{key}.schema.json").write_text(content, encoding="utf-8")
            except OSError as error:
                raise InputError(f"{output}: {(error.strerror or 'can not be written').lower()}") from None


# ---------------------------------------------------------------------------------------------------- shared


def _date(text: str | None) -> "date | None":
    from notelint.inputs import parse_date

    return parse_date(text) if text else None


def _defaults(code: list[str] | None, setting: SettingOption, date_of_service: str | None, note_type: str | None) -> "Defaults":
    from notelint.inputs import Defaults
    from notelint.note import split_codes

    codes = tuple(part for cell in code or () for part in split_codes(cell))
    return Defaults(codes, setting.value, _date(date_of_service), note_type)


def _notes(
    paths: list[str] | None, manifest: Path | None, defaults: "Defaults", map_: list[str] | None = None, table: str | None = None,
    *, encounter: str | None = None,
) -> tuple[Iterator["Note"], list["Failure"]]:  # fmt: skip
    """(the notes, those that are alone in their files of the encounter; a list that fills with what could not be read)."""
    from notelint.inputs import from_manifest, from_paths, parse_columns
    from notelint.note import Note

    if manifest is None and not paths:
        raise InputError("no notes: name files, - for standard input, or --manifest FILE")
    failures: list[Failure] = []
    columns = parse_columns(map_ or ())

    def notes() -> Iterator[Note]:
        if paths:
            yield from kept(from_paths(paths, defaults, columns=columns, table=table, encounter=encounter))
        if manifest is not None:
            yield from kept(from_manifest(manifest, defaults, columns=columns, table=table))

    def kept(items: Iterable["Note | Failure"]) -> Iterator[Note]:
        for item in items:
            if isinstance(item, Note):
                yield item
            else:
                failures.append(item)

    return notes(), failures


def _name_failures(failures: Sequence["Failure"]) -> None:
    for failure in failures:
        typer.echo(f"notelint: {failure.path}: {failure.message}", err=True)


@contextmanager
def _writer(output: Path | None, inputs: Sequence[str | Path]) -> Iterator[Callable[[str], None]]:
    """Where lines go. A file is written beside its place and put there whole at the end: nothing is lost when a run fails."""
    if output is None:
        yield typer.echo
        return
    try:
        if any(output.exists() and Path(path).exists() and output.samefile(path) for path in inputs if path != "-"):
            raise InputError(f"{output}: is read by this run; name another file to write")
        # Devices and pipes are written as they stand.
        target = output if output.exists() and not output.is_file() else output.with_name(f".{output.name}-{os.getpid()}")
        try:
            with target.open("w", encoding="utf-8", errors="backslashreplace") as handle:
                yield lambda line: (handle.write(line + "\n"), None)[1]
            if target is not output:
                target.replace(output)
        finally:
            if target is not output:
                target.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{output}: {(error.strerror or 'can not be written').lower()}") from None


def _style(write: Callable[[str], None]) -> Callable[..., str]:
    """Colour only on a terminal, and never with NO_COLOR."""
    from notelint.render.text import plain

    coloured = write is typer.echo and sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return typer.style if coloured else plain


def _echo(line: str, hang: str) -> None:
    import textwrap

    typer.echo(textwrap.fill(line, _width(), subsequent_indent=hang, break_long_words=False, break_on_hyphens=False))


def _width() -> int:
    import shutil

    return max(40, min(shutil.get_terminal_size((80, 24)).columns, 100))


if TYPE_CHECKING:
    from datetime import date
