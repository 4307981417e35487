"""Reports as text for a terminal: where, what, the words of the note, one line of help, the source."""

import os.path
import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

from notelint.assessment import Assessment
from notelint.findings import Finding
from notelint.note import Note, reading_view
from notelint.report import CheckedQuery, Diagnostic, Failure, NoteReport, Summary
from notelint.rules import Severity

WIDTH = 80
_COLOUR = {"error": "red", "warning": "yellow", "info": "cyan"}
Style = Callable[..., str]


def plain(text: str, **_: object) -> str:
    """A style that changes nothing."""
    return text


def note_report(
    report: NoteReport, note: Note, *, brief: bool = False, quotes: bool = True, style: Style = plain, width: int = WIDTH
) -> Iterator[str]:
    """The lines of one note's report; nothing when there is nothing to say.

    `brief`: what is recommended and stands nowhere in the note is told in one line a code, and of many regions none is listed.
    """
    name = report.path or report.id or "<note>"
    absent = [d for d in report.diagnostics if brief and _is_absent(d)]
    for diagnostic in report.diagnostics:
        if diagnostic not in absent:
            yield from _diagnostic(diagnostic, report, note, name, quotes=quotes, style=style, width=width)
            yield ""
    for code in dict.fromkeys(d.code for d in absent):
        rules = [d.rule for d in absent if d.code == code]
        yield style(f"{name}: {code}", bold=True) + f" {style('info', fg=_COLOUR['info'], bold=True)}"
        yield from _wrapped("  recommended, and not in the note: ", ", ".join(rules), width)
        yield ""
    told = " ".join(f"{d.message} {d.help}" for d in report.diagnostics)
    for assessment in report.assessments:
        also = [a for a in assessment.alternatives if a.kind == "candidate" and a.code not in told]
        decides = list(_decides(assessment, brief=brief))
        if also or decides:
            # Between candidates only the provider can choose; they belong to no rule, and are not to be missed.
            yield style(f"{name}: {assessment.code}", bold=True)
            if also:
                yield from _wrapped("  ask: ", f"the words may also fit {', '.join(f'{a.code} ({a.title})' for a in also)}", width)
                yield from _wrapped("  reason: ", "; ".join(dict.fromkeys(a.reason for a in also)), width)
            for element, answers in decides:
                yield from _wrapped("  would decide: ", f"{element}: {answers}", width)
            yield ""


def _is_absent(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity == "info" and diagnostic.rule.startswith("gap/") and not diagnostic.evidence


_FEW = 4
"""So many regions are listed in a brief report."""


def _decides(assessment: Assessment, *, brief: bool) -> Iterator[tuple[str, str]]:
    """(element, its answers with their codes) of each element that is open and decides the code."""
    codes: dict[tuple[str, str], list[str]] = {}
    for prospect in assessment.prospects:
        for need in prospect.needs:
            codes.setdefault((need.element, need.words), []).append(prospect.code)
    for element in dict.fromkeys(element for element, _ in codes):
        answers = {words: those for (of, words), those in codes.items() if of == element}
        if brief and element == "region" and len(answers) > _FEW:
            every = sorted({code for those in answers.values() for code in those})
            yield element, f"the one that is named ({every[0]} to {every[-1]})"
        else:
            # In the order of the codes, so that no answer is put forward.
            ordered = sorted(answers.items(), key=lambda answer: answer[1])
            yield element, " or ".join(f"{words} ({_common(those)})" for words, those in ordered)


def _common(codes: Sequence[str]) -> str:
    return codes[0] if len(codes) == 1 else f"{os.path.commonprefix(list(codes)).rstrip('.')}-"


def _diagnostic(
    diagnostic: Diagnostic, report: NoteReport, note: Note, name: str, *, quotes: bool, style: Style, width: int
) -> Iterator[str]:
    place = name if diagnostic.line is None else f"{name}:{diagnostic.line}:{diagnostic.column}"
    head = f"{style(place, bold=True)} {style(diagnostic.severity, fg=_COLOUR[diagnostic.severity], bold=True)} {style(diagnostic.rule, bold=True)}"
    if len(f"{place} {diagnostic.severity} {diagnostic.rule} {diagnostic.message}") <= width:
        yield f"{head} {diagnostic.message}"
    else:
        yield head
        yield from _wrapped("  ", diagnostic.message, width)
    if quotes and diagnostic.start is not None and diagnostic.end is not None and diagnostic.line is not None:
        yield from _quoted(note, diagnostic, style=style, width=width)
        shown = [i for i in diagnostic.evidence if report.findings[i].start != diagnostic.start]
        for index in shown[:3]:
            yield from _wrapped("  evidence: ", _words(report.findings[index], note), width)
    if diagnostic.help:
        yield from _wrapped("  help: ", diagnostic.help, width)
    if diagnostic.sources:
        yield from _wrapped("  source: ", "; ".join(diagnostic.sources), width, style=style)


def _words(finding: Finding, note: Note) -> str:
    start, end = finding.extent
    line, column = note.place(finding.start)
    return f'"{_flat(note.text[start:end])}" ({line}:{column})'


def _flat(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in reading_view(text)).split())


def _quoted(note: Note, diagnostic: Diagnostic, *, style: Style, width: int) -> Iterator[str]:
    """The line of the note with the words underlined, cut to the width around them."""
    assert diagnostic.start is not None and diagnostic.end is not None and diagnostic.line is not None  # noqa: PT018
    first, last = note.line(diagnostic.line)
    gutter = f"{diagnostic.line:>5} | "
    room = width - len(gutter)
    text = "".join(c if c.isprintable() else " " for c in note.text[first:last].replace("\t", " "))
    start, end = diagnostic.start - first, min(diagnostic.end, last) - first
    cut = 0
    if len(text) > room:
        cut = min(max(0, start - max(8, (room - (end - start)) // 2)), max(0, len(text) - room))
        if cut and cut < start:
            # Begin with a whole word.
            space = text.find(" ", cut, start)
            cut = space + 1 if space >= 0 else cut
    whole = text.rstrip()
    text = whole[cut : cut + room].rstrip()
    if cut:
        text = "..." + text[3:] if start - cut >= 3 else text
    if cut + room < len(whole):
        text = text[: room - 3] + "..." if end - cut <= room - 3 else text
    start, end = max(0, start - cut), max(start - cut + 1, min(end - cut, len(text)))
    yield style(gutter, dim=True) + text
    yield (
        style(" " * 5 + " | ", dim=True)
        + " " * _columns(text[:start])
        + style("^" * max(1, _columns(text[start:end])), fg=_COLOUR[diagnostic.severity], bold=True)
    )


def _columns(text: str) -> int:
    """The width of a text in a terminal: wide characters take two columns, combining ones none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _wrapped(head: str, text: str, width: int, *, style: Style | None = None) -> Iterator[str]:
    lines = textwrap.wrap(text, width - 2, initial_indent=head, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    for line in lines:
        yield style(line, dim=True) if style else line


def summary(counts: Summary, failures: Sequence[Failure], *, style: Style = plain) -> str:
    """One line of counts."""
    told = [_count(counts.errors, "error"), _count(counts.warnings, "warning"), _count(counts.infos, "info")]
    said = [text for text, number in zip(told, (counts.errors, counts.warnings, counts.infos), strict=True) if number]
    notes = _count(counts.notes, "note")
    unread = f", {_count(len(failures), 'note')} could not be read" if failures else ""
    if not counts.notes and failures:
        return f"{_count(len(failures), 'note')} could not be read."
    if not said:
        return f"{style('Nothing to report', fg='green', bold=True)} in {notes}{unread}."
    return f"{', '.join(said)} in {notes}{unread}."


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def query(checked: CheckedQuery, text: str | None = None, *, style: Style = plain, width: int = WIDTH) -> Iterator[str]:
    """The lines of one query's check; nothing when there is nothing to say. With its text, the words are shown."""
    note = Note(text) if text is not None else None
    name = checked.path if checked.id is None else f"{checked.path}: {checked.id}"
    for diagnostic in checked.diagnostics:
        place = name if diagnostic.line is None or checked.id else f"{name}:{diagnostic.line}:{diagnostic.column}"
        yield (
            f"{style(place, bold=True)} {style(diagnostic.severity, fg=_COLOUR[diagnostic.severity], bold=True)}"
            f" {style(diagnostic.rule, bold=True)}"
        )
        yield from _wrapped("  ", diagnostic.message, width)
        if note is not None and diagnostic.line is not None:
            yield from _quoted(note, diagnostic, style=style, width=width)
        yield from _wrapped("  help: ", diagnostic.help, width)
        yield from _wrapped("  source: ", "; ".join(diagnostic.sources), width, style=style)
        yield ""


def query_summary(checked: Sequence[CheckedQuery], *, style: Style = plain) -> str:
    """One line of counts."""
    number = {severity: sum(d.severity == severity for one in checked for d in one.diagnostics) for severity in ("error", "warning")}
    queries = f"{len(checked)} quer{'y' if len(checked) == 1 else 'ies'}"
    said = [_count(count, severity) for severity, count in number.items() if count]
    return f"{', '.join(said)} in {queries}." if said else f"{style('Nothing to report', fg='green', bold=True)} in {queries}."


def statistics(fired: Mapping[tuple[str, Severity], int]) -> Iterator[str]:
    """How often each rule fired, most often first."""
    for (rule, severity), number in sorted(fired.items(), key=lambda item: (-item[1], item[0])):
        yield f"{number:>6}  {severity:<8} {rule}"


def findings(
    name: str, found: Sequence[Finding], note: Note, *, quotes: bool = True, style: Style = plain, width: int = WIDTH
) -> Iterator[str]:
    """The findings of one note, one a line: place, kind, concept, what is said of it, its words."""
    for finding in found:
        line, column = note.place(finding.start)
        facts = [
            *([finding.value] if finding.value else []),
            *([f"{finding.quantity.comparator if finding.quantity.comparator != '=' else ''}{finding.quantity.value:g} {finding.quantity.unit or '(no unit)'}"] if finding.quantity else []),
            *([finding.status] if finding.status and finding.status != "resulted" else []),
            *([finding.date] if finding.date else []),
            *(", ".join(finding.attributes[key]) for key in ("regions", "levels") if finding.attributes.get(key)),
            *(str(finding.attributes[key]) for key in ("side", "modality", "code") if finding.attributes.get(key)),
            *([f"grade {finding.attributes['grade']}"] if finding.attributes.get("grade") else []),
            *finding.flags,
        ]  # fmt: skip
        head = f"{name}:{line}:{column} {finding.concept}"
        rest = f" {'; '.join(facts)}" if facts else ""
        words = f'  "{_flat(note.text[slice(*finding.extent)])}"' if quotes else ""
        shown = textwrap.shorten(words.strip(), max(20, width - len(head) - len(rest) - 2), placeholder='..."') if words else ""
        yield f"{style(f'{name}:{line}:{column}', dim=True)} {style(finding.concept, bold=True)}{rest}{'  ' + shown if shown else ''}"
