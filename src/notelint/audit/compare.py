"""Two audits side by side: what rose and fell, which rules are new and which are gone, which notes are in one alone, which codes fell out of use.

A difference is always B less A. Its interval takes the two runs as two samples; where both hold the same notes, what changed is the reading of
them (patterns, code set, version), and the difference is exact for these notes.
"""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from notelint.audit.summary import Listed, Measure, OfCode, Summary, interval_of_difference
from notelint.errors import InputError
from notelint.packs import Model
from notelint.render.document import escaped

Kind = Literal["measure", "rule", "element", "family", "site"]

KIND_TITLES: Mapping[Kind, str] = {
    "measure": "All notes",
    "rule": "Rules: notes that break them, of all notes",
    "element": "Elements: missing, of the notes in which they are asked for",
    "family": "Families: an error at a code, of the notes with such a code",
    "site": "Sites: with an error, of the notes of the site",
}
_SHORT: Mapping[Measure, str] = {
    "error": "with an error", "warning": "with a warning", "missing": "with a required element missing",
    "unspecified": "with an unspecified code", "more-specific": "with words more specific than the code",
}  # fmt: skip
"""The measures, as they fit into a line of a terminal."""
_ROWS = 15
"""So many changes of a kind, and so many notes, are printed; JSON has all."""


class Change(Model):
    """A share that is not the same in both runs, in notes: `a` of `a-of`, `b` of `b-of`; the difference with its 95 % interval."""

    kind: Kind
    name: str
    a: int
    a_of: int
    b: int
    b_of: int
    difference: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Is nothing (no difference) outside the interval?"""
        return self.low > 0 or self.high < 0


class Reworded(Model):
    """A note that stands in the same place in both runs, with other words: its keys in A and in B."""

    source: str
    id: str | None
    a: str
    b: str


class Lost(Model):
    """A code that was valid for submission in A: `gone` where the release of B has it no more, else `not-valid`. `notes`: of A."""

    code: str
    title: str | None
    notes: int
    state: Literal["gone", "not-valid"]


class Side(Model):
    """One of the two runs; what is known of it beyond its summary is told by its folder."""

    folder: str | None = None
    run: str | None = None
    version: str | None = None
    patterns: str | None = None
    code_sets: tuple[str, ...] = ()
    notes: int
    unread: int


class Comparison(Model):
    """What differs between two runs. Changes stand in falling order of their size.

    The lists of notes are null where a run has more notes than its summary names. `untold` counts codes that were valid in A and are not used in B.
    """

    schema_: Literal["notelint/audit-comparison/1"] = Field("notelint/audit-comparison/1", alias="schema")
    a: Side
    b: Side
    changes: tuple[Change, ...]
    new_rules: tuple[str, ...]
    gone_rules: tuple[str, ...]
    in_both: int | None
    only_a: tuple[Listed, ...] | None
    only_b: tuple[Listed, ...] | None
    reworded: tuple[Reworded, ...] | None
    lost: tuple[Lost, ...]
    untold: int


# ---------------------------------------------------------------------------------------------------- comparing


def of_runs(a: Path, b: Path) -> "Comparison":
    """Two runs compared, by their folders. InputError where one holds no finished run."""
    (summary_a, side_a), (summary_b, side_b) = read_run(a), read_run(b)
    return compare(summary_a, summary_b).model_copy(update={"a": side_a, "b": side_b})


def compare(a: Summary, b: Summary) -> Comparison:
    """What differs between two summaries."""
    rules_a, rules_b = {rule.name for rule in a.rules}, {rule.name for rule in b.rules}
    changes = sorted(_changes(a, b), key=lambda change: (-abs(change.difference), change.kind, change.name))
    lost, untold = _lost(a.codes, b.codes)
    in_both: int | None = None
    only_a: tuple[Listed, ...] | None = None
    only_b: tuple[Listed, ...] | None = None
    reworded: tuple[Reworded, ...] | None = None
    if a.complete and b.complete:
        in_both, only_a, only_b, reworded = _notes(a.listed, b.listed)
    return Comparison(
        a=Side(notes=a.notes, unread=a.unread), b=Side(notes=b.notes, unread=b.unread), changes=tuple(changes),
        new_rules=tuple(sorted(rules_b - rules_a)), gone_rules=tuple(sorted(rules_a - rules_b)),
        in_both=in_both, only_a=only_a, only_b=only_b, reworded=reworded, lost=lost, untold=untold,
    )  # fmt: skip


_Shares = Mapping[str, tuple[int, int]]
"""{name: (part, whole)}"""


def _shares(summary: Summary) -> dict[Kind, _Shares]:
    notes = summary.notes
    return {
        "measure": {
            **{_SHORT[measure]: (group.notes, notes) for measure, group in summary.measures.items()},
            "not read": (summary.unread, summary.unread + notes),
        },
        "rule": {rule.name: (rule.notes, notes) for rule in summary.rules},
        "element": {element.name: (element.statuses["missing"].notes, element.notes) for element in summary.elements},
        "family": {family.name or "outside the patterns": (family.error.notes, family.notes) for family in summary.families},
        "site": {site.name: (site.measures["error"], site.notes) for site in summary.values["site"] if site.name is not None},
    }


def _changes(a: Summary, b: Summary) -> Iterator[Change]:
    shares_a, shares_b = _shares(a), _shares(b)
    for kind in shares_a:
        # A rule that nothing breaks has no row; all else is compared where both runs have it.
        absent = {"rule": ((0, a.notes), (0, b.notes))}.get(kind, ((0, 0), (0, 0)))
        for name in sorted({*shares_a[kind], *shares_b[kind]}):
            (part, whole), (other, other_whole) = shares_a[kind].get(name, absent[0]), shares_b[kind].get(name, absent[1])
            if not whole or not other_whole or part * other_whole == other * whole:
                continue
            low, high = interval_of_difference(part, whole, other, other_whole)
            yield Change(
                kind=kind, name=name, a=part, a_of=whole, b=other, b_of=other_whole, difference=other / other_whole - part / whole, low=low, high=high
            )  # fmt: skip


def _notes(a: Sequence[Listed], b: Sequence[Listed]) -> tuple[int, tuple[Listed, ...], tuple[Listed, ...], tuple[Reworded, ...]]:
    """(in both, only in A, only in B, in the same place with other words)"""
    keys_a, keys_b = {note.note for note in a}, {note.note for note in b}
    left = {note.source: note for note in a if note.note not in keys_b}
    new = {note.source: note for note in b if note.note not in keys_a}
    reworded = tuple(
        Reworded(source=source, id=new[source].id, a=note.note, b=new[source].note)
        for source, note in sorted(left.items())
        if source in new
    )
    only_a = tuple(note for source, note in sorted(left.items()) if source not in new)
    only_b = tuple(note for source, note in sorted(new.items()) if source not in left)
    return len(keys_a & keys_b), only_a, only_b, reworded


def _lost(a: Iterable[OfCode], b: Iterable[OfCode]) -> tuple[tuple[Lost, ...], int]:
    """(the codes that were valid in A and are not in B, how many of A are not used in B)"""
    now = {code.code: code for code in b}
    found: list[Lost] = []
    untold = 0
    for code in a:
        if not code.billable:
            continue
        if code.code not in now:
            untold += 1
        elif not now[code.code].billable:
            state: Literal["gone", "not-valid"] = "not-valid" if now[code.code].known else "gone"
            found.append(Lost(code=code.code, title=code.title, notes=code.notes, state=state))
    return tuple(sorted(found, key=lambda lost: (-lost.notes, lost.code))), untold


# ---------------------------------------------------------------------------------------------------- reading


class _Run(BaseModel):
    """What is needed of a run's own file."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    schema_: Literal["notelint/audit/1"] = Field(alias="schema")
    run: str
    version: str
    patterns: str
    code_sets: tuple[str, ...] = Field(alias="code-sets")


_M = TypeVar("_M", bound=BaseModel)


def read_run(folder: Path) -> tuple[Summary, Side]:
    """The summary of a run's folder, and what the run was. InputError names the file that is not there or is not what a run leaves."""
    summary = _read(folder / "summary.json", Summary)
    known = _read(folder / "run.json", _Run)
    side = Side(
        folder=str(folder), run=known.run, version=known.version, patterns=known.patterns, code_sets=known.code_sets,
        notes=summary.notes, unread=summary.unread,
    )  # fmt: skip
    return summary, side


def _read(path: Path, model: type[_M]) -> _M:
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "can not be read").lower()
        raise InputError(f"{path}: {reason}; a run is named by the folder that `audit run` wrote") from None
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        if problem["type"] == "json_invalid":
            raise InputError(f"{path}: no JSON") from None
        place = ".".join(map(str, problem["loc"])) or "file"
        raise InputError(f"{path}: {place}: {'is missing' if problem['type'] == 'missing' else 'is not what a run holds'}") from None


# ---------------------------------------------------------------------------------------------------- printing


def as_text(comparison: Comparison, width: int) -> Iterator[str]:
    """Lines for a terminal."""
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        yield _cut(f"{name}  {side.folder or ''}".rstrip(), width)
        yield from (_cut(f"   {fact}", width) for fact in _facts(side))
    yield ""
    for line in _notes_told(comparison):
        # A query is of use only whole.
        yield from textwrap.wrap(_plain(line), width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    room = max(12, width - 43)
    for kind, title in KIND_TITLES.items():
        found = [change for change in comparison.changes if change.kind == kind]
        if not found:
            continue
        yield ""
        yield _cut(title, width)
        yield f"{'':<{room}} {'A':>7} {'B':>7} {'B - A':>7}  95 % interval"
        for change in found[:_ROWS]:
            a, b, difference, between = _told(change)
            yield f"{_cut(f'  {change.name}', room):<{room}} {a:>7} {b:>7} {difference:>7}  {between}{' *' if change.clear else ''}"
        if len(found) > _ROWS:
            yield f"  and {len(found) - _ROWS} smaller; --format json has them"
    if comparison.changes:
        yield ""
        yield "* the interval of the difference does not hold 0"
    else:
        yield ""
        yield "No share differs."
    for title, lines in _lists(comparison):
        yield ""
        yield _cut(title, width)
        yield from (_cut(f"  {line}", width) for line in lines)


def as_markdown(comparison: Comparison) -> Iterator[str]:
    """Lines of Markdown."""
    yield "# Two audits compared"
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        yield ""
        yield f"- **{name}** {_marked('; '.join([*([side.folder] if side.folder else []), *_facts(side)]))}"
    yield ""
    yield from (_marked(line) for line in _notes_told(comparison))
    for kind, title in KIND_TITLES.items():
        found = [change for change in comparison.changes if change.kind == kind]
        if not found:
            continue
        yield ""
        yield f"## {_marked(title)}"
        yield ""
        yield "| | A | B | B - A, percentage points | 95 % interval |"
        yield "|---|--:|--:|--:|:--|"
        for change in found:
            a, b, difference, between = _told(change)
            counts_a, counts_b = (f" ({part:,} of {whole:,})" for part, whole in ((change.a, change.a_of), (change.b, change.b_of)))
            yield f"| {_marked(change.name)} | {a}{counts_a} | {b}{counts_b} | {f'**{difference}**' if change.clear else difference} | {between} |"
    if comparison.changes:
        yield ""
        yield "Bold: the interval of the difference does not hold 0."
    else:
        yield ""
        yield "No share differs."
    for title, lines in _lists(comparison):
        yield ""
        yield f"## {_marked(title)}"
        yield ""
        yield from (f"- {_marked(line)}" for line in lines)


def _facts(side: Side) -> list[str]:
    told = [f"{side.notes:,} notes read, {side.unread:,} not read"]
    if side.version is not None:
        told += [f"run {side.run}, notelint {side.version}, patterns {side.patterns}", f"ICD-10-CM {'; '.join(side.code_sets)}"]
    return told


def _notes_told(comparison: Comparison) -> Iterator[str]:
    if comparison.only_a is None or comparison.only_b is None or comparison.reworded is None:
        yield "Not all notes are named in the summaries; which are in one run alone, DuckDB tells of the tables of both:"
        yield "  SELECT source, id FROM 'A/notes.parquet' ANTI JOIN (FROM 'B/notes.parquet') USING (note)"
        return
    yield f"{comparison.in_both or 0:,} notes are in both runs, {len(comparison.only_a):,} in A alone, {len(comparison.only_b):,} in B alone,"
    yield f"{len(comparison.reworded):,} with other words in the same place."
    if comparison.in_both:
        yield "In notes of both, what changed is the reading: patterns, code set or options."


def _told(change: Change) -> tuple[str, str, str, str]:
    """(share in A, share in B, difference, interval), the last two in percentage points."""
    return (
        f"{100 * change.a / change.a_of:.1f} %", f"{100 * change.b / change.b_of:.1f} %", f"{100 * change.difference:+.1f}",
        f"{100 * change.low:+.1f} to {100 * change.high:+.1f}",
    )  # fmt: skip


def _lists(comparison: Comparison) -> Iterator[tuple[str, list[str]]]:
    """(heading, lines) of all that is no share; what is empty is left out."""
    lost = {
        state: [f"{one.code}  {one.title or ''}  ({one.notes:,} notes of A)" for one in comparison.lost if one.state == state]
        for state in ("gone", "not-valid")
    }
    untold = f"; {comparison.untold:,} codes of A are not used in B, and nothing can be said of them" if comparison.untold else ""
    for title, lines in (
        ("Rules that only B breaks", list(comparison.new_rules)),
        ("Rules that only A breaks", list(comparison.gone_rules)),
        (f"Codes used in A that the release of B has no more{untold}", lost["gone"]),
        ("Codes used in A that are not valid for submission in the release of B", lost["not-valid"]),
        ("Notes in A alone", [_name(note) for note in comparison.only_a or ()]),
        ("Notes in B alone", [_name(note) for note in comparison.only_b or ()]),
        ("Notes with other words", [_name(note) for note in comparison.reworded or ()]),
    ):
        if lines:
            more = len(lines) - _ROWS
            yield title, [*lines[:_ROWS], *([f"and {more:,} more; --format json has them"] if more > 0 else [])]


def _name(note: Listed | Reworded) -> str:
    key = note.note if isinstance(note, Listed) else f"{note.a} {note.b}"
    return "  ".join(filter(None, (note.source, note.id, key)))


def _plain(text: str) -> str:
    """A text in one line, without what a terminal would obey."""
    return "".join(char if char.isprintable() else " " for char in text)


def _cut(text: str, width: int) -> str:
    plain = _plain(text)
    return plain if len(plain) <= width else f"{plain[: width - 1]}…"


def _marked(text: str) -> str:
    """A text in Markdown, in one line."""
    return escaped(_plain(text).strip())
