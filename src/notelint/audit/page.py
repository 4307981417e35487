"""The report of an audit as one HTML file that asks nothing of the world: tables and drawings made here, and a small script in the page.

What is counted stands in the page as text; the script only opens the lists behind the numbers, sorts and filters.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Literal

from notelint.audit.drawings import ceiling, flow_of, percent, thin, trend_of
from notelint.audit.sets import (
    DECISION_LETTERS,
    DECISION_TITLES,
    KIND_TITLES,
    NOT_GIVEN,
    QUERY_SET_UP,
    STATUS_LETTERS,
    VALUE_LETTERS,
    NoteSet,
    data_of,
    family_title,
    named,
    note_sets,
)
from notelint.audit.summary import (
    CROSSED,
    DIMENSIONS,
    LEVELS,
    MEASURE_TITLES,
    MEASURES,
    ORIGINS,
    Cell,
    Crossed,
    Dimension,
    Measure,
    OfElement,
    OfFamily,
    Summary,
    interval,
)
from notelint.packs import Level
from notelint.report import CodesFrom
from notelint.rules import RULES

LEVEL_TITLES: Mapping[Level, str] = {
    "required": "required by the code", "specificity": "asked for by a more specific code", "recommended": "recommended"
}  # fmt: skip

LEAST = 30
"""A group of fewer notes does not stand among those to look at first."""
_FIRST_GROUPS = 15
_ROWS = 300
"""Rows of a table; what is beyond stands in the tables of the run."""
_FEW = 20
"""So many rows are shown until all are asked for."""
_SHADED = 5
"""A cell in which an element is asked for in fewer notes has no colour."""
_STEPS = (0.0, 0.1, 0.25, 0.5, 0.75)
"""A share above the first gets the first colour, and so on."""


# ---------------------------------------------------------------------------------------------------- tables


@dataclass(frozen=True, slots=True)
class Field:
    """What stands in a cell, with small print.

    `sets` names the notes behind a number, `order` is what a share is sorted by; `bar` is (low, share, high), `parts` are (name, from, width) in
    percent of a whole, `items` are shown when they are asked for.
    """

    text: str
    form: Literal["text", "code", "number", "share", "parts", "list"] = "text"
    small: str = ""
    sets: str = ""
    order: float | None = None
    bar: tuple[float, float, float] | None = None
    parts: tuple[tuple[str, float, float], ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """A column: its title, what hangs over several of them, whether it holds numbers, or shares with their intervals; a colour that stands for it."""

    title: str
    over: str = ""
    number: bool = True
    rate: bool = False
    swatch: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table.

    `left` is how many rows stand only in the tables of the run, `few` how many are shown at first; `least`: groups of few notes can be left out;
    `reference` is a share that is marked in the bars; `wide`: as wide as the page; `inline`: the small print of a name stands beside it.
    """

    name: str
    caption: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Field, ...], ...]
    left: int = 0
    least: bool = False
    few: int = _FEW
    reference: float | None = None
    wide: bool = False
    inline: bool = False

    @property
    def scale(self) -> float:
        """The share at the right end of the bars."""
        return ceiling(max((field.bar[2] for row in self.rows for field in row if field.bar), default=1.0))

    @property
    def groups(self) -> list[tuple[str, int]]:
        """(what hangs over columns, over how many), or nothing where no column has it."""
        if not any(head.over for head in self.heads):
            return []
        return [(over, len(list(some))) for over, some in groupby(self.heads, key=lambda head: head.over)]


def _number(value: int, sets: str = "") -> Field:
    return Field(thin(value), "number", sets=sets if value else "")


def _share(part: int, whole: int, sets: str) -> tuple[Field, Field]:
    """How many, and which share of the whole with its interval."""
    return _number(part, sets), _rate(part, whole)


def _rate(part: int, whole: int) -> Field:
    if not whole:
        return Field("–", "share")
    low, high = interval(part, whole)
    share = part / whole
    return Field(percent(share), "share", f"{100 * low:.1f}–{100 * high:.1f}", order=share, bar=(low, share, high))


def _label(text: str, small: str = "", *, code: bool = False) -> Field:
    return Field(text, "code" if code else "text", small)


@dataclass(frozen=True)
class _Page:
    """The parts of the page of a summary."""

    summary: Summary

    @cached_property
    def sets(self) -> dict[str, NoteSet]:
        return note_sets(self.summary)

    @property
    def notes(self) -> int:
        return self.summary.notes

    def share(self, measure: Measure) -> float | None:
        """The share of all notes that a measure counts."""
        return self.summary.measures[measure].notes / self.notes if self.notes else None

    # ------------------------------------------------------------------------------------------------ head

    def figures(self) -> Iterator[tuple[str, Field, Field | None]]:
        """(what, number, rate) at the head of the page."""
        yield "notes read", _number(self.notes, "n0"), None
        yield "not read", _number(self.summary.unread), _rate(self.summary.unread, self.summary.unread + self.notes)
        yield "codes checked", _number(self.summary.codes_checked), None
        for number, measure in enumerate(MEASURES):
            group = self.summary.measures[measure]
            yield f"notes {MEASURE_TITLES[measure]}", *_share(group.notes, self.notes, f"m{number}")

    def origins(self) -> dict[CodesFrom, Field]:
        """{where codes came from: notes}."""
        return {origin: _number(self.summary.codes_from[origin].notes, f"g{number}") for number, origin in enumerate(ORIGINS)}

    def unknown(self) -> Iterator[tuple[str, Field]]:
        """(dimension, notes of which it is not known), where there are any."""
        for dimension in DIMENSIONS:
            for number, value in enumerate(self.summary.values[dimension]):
                if value.name is None:
                    yield dimension, _number(value.notes, f"{VALUE_LETTERS[dimension]}{number}")

    def unread(self) -> Sheet:
        """Why notes were not read."""
        rows = tuple(
            (
                _label(reason.reason), _number(reason.number), _plain_rate(reason.number, self.summary.unread),
                Field(f"the first {thin(len(reason.sources))}" if len(reason.sources) < reason.number else "all of them", "list", items=reason.sources),
            )
            for reason in self.summary.reasons
        )  # fmt: skip
        heads = (Head("Reason", number=False), Head("Not read"), Head("Share"), Head("Which", number=False))
        return Sheet("unread", "Reasons for which notes were not read", heads, rows)

    # ------------------------------------------------------------------------------------------------ the worst first

    def worst_notes(self) -> Sheet:
        """The notes with the most errors."""
        heads = (
            Head("Own id and key", number=False), Head("Errors"), Head("Warnings"), Head("Codes", number=False), Head("Author", number=False),
            Head("Site", number=False), Head("Template", number=False), Head("Source", number=False),
        )  # fmt: skip
        rows = tuple(
            (
                _label(note.id or NOT_GIVEN, note.note), _number(note.errors), _number(note.warnings), _label(note.codes),
                *(_label(named(value)) for value in (note.author, note.site, note.template)), _label(note.source),
            )
            for note in self.summary.worst
        )  # fmt: skip
        return Sheet("worst-notes", "Notes with the most errors", heads, rows, few=10, wide=True)

    def worst_groups(self, dimension: Crossed) -> Sheet:
        """The groups of notes in which errors are most frequent, by the lower end of the interval."""
        letter, overall = VALUE_LETTERS[dimension], self.share("error") or 0.0
        found = sorted(
            (
                (*interval(value.measures["error"], value.notes), number, value)
                for number, value in enumerate(self.summary.values[dimension])
                if value.notes >= LEAST and value.measures["error"] and value.name is not None
            ),
            key=lambda item: (-item[0], item[2]),
        )[:_FIRST_GROUPS]
        rows = tuple(
            (
                _label(named(value.name)), _number(value.notes, f"{letter}{number}"),
                *_share(value.measures["error"], value.notes, f"{letter}{number} m0"),
                _label("above" if low > overall else "below" if high < overall else "no clear difference"),
            )
            for low, high, number, value in found
        )  # fmt: skip
        heads = (
            Head(f"Notes of this {dimension}", number=False), Head("Notes"), *_heads("with an error"), Head("Against all notes", number=False),
        )  # fmt: skip
        return Sheet(f"worst-{dimension}", f"By {dimension}", heads, rows, reference=self.share("error"))

    # ------------------------------------------------------------------------------------------------ rules and elements

    def rules(self) -> Sheet:
        """Each rule with the notes that break it."""
        heads = (Head("Rule", number=False), Head("Severity", number=False), *_heads("of all notes"), Head("Times"))
        rows = tuple(
            (
                _label(rule.name, _meaning(rule.name), code=True), _label(", ".join(s for s in ("error", "warning", "info") if rule.severities.get(s))),
                *_share(rule.notes, self.notes, f"r{number}"), _number(rule.times),
            )
            for number, rule in enumerate(self.summary.rules[:_ROWS])
        )  # fmt: skip
        return Sheet(
            "rules", "Rules and the notes that they name", heads, rows, max(0, len(self.summary.rules) - _ROWS), few=40, inline=True
        )

    def _by_level(self) -> list[tuple[int, OfElement]]:
        """The elements with their numbers, the gravest level first, then those that are missing most often."""
        return sorted(
            enumerate(self.summary.elements),
            key=lambda item: (LEVELS.index(item[1].levels[0]), -item[1].statuses["missing"].notes / item[1].notes, item[1].name),
        )

    def elements(self) -> Sheet:
        """Each element with the notes in which it is asked for."""
        heads = (
            Head("Element", number=False), Head("Level", number=False), Head("Asked for"), Head("Met"), Head("No clear result"), Head("In conflict"),
            *_heads("missing"),
        )  # fmt: skip
        rows = tuple(
            (
                _label(element.name, code=True), _label(", ".join(element.levels)), _number(element.notes, f"e{number}"),
                *(_number(element.statuses[status].notes, f"{letter}{number}") for status, letter in STATUS_LETTERS.items() if status != "missing"),
                *_share(element.statuses["missing"].notes, element.notes, f"{STATUS_LETTERS['missing']}{number}"),
            )
            for number, element in self._by_level()
        )  # fmt: skip
        return Sheet("elements", "Elements that codes ask of the chart", heads, rows, few=40)

    def heat(self, dimension: Crossed) -> "Heat | None":
        """Which elements are missing where; nothing where no note has a value of the dimension."""
        cells = {(cell.value, cell.element): cell for cell in self.summary.cells[dimension]}
        known = {cell.value for cell in self.summary.cells[dimension]}
        columns = [
            (n, value, value.name)
            for n, value in enumerate(self.summary.values[dimension])
            if value.name in known and value.name is not None
        ]
        if not columns:
            return None
        letter, missing = VALUE_LETTERS[dimension], STATUS_LETTERS["missing"]
        rows = [
            HeatRow(
                element.name, element.levels[0],
                _shade(element.statuses["missing"].notes, element.notes, f"{missing}{number}"),
                tuple(_shade_of(cells.get((name, element.name)), f"{missing}{number} {letter}{column}") for column, _, name in columns),
            )
            for number, element in self._by_level()
            if element.statuses["missing"].notes
        ]  # fmt: skip
        more = sum(value.name is not None for value in self.summary.values[dimension]) - len(columns)
        heads = tuple((named(name), _number(value.notes, f"{letter}{column}")) for column, value, name in columns)
        return Heat(dimension, heads, tuple(rows), more) if rows else None

    # ------------------------------------------------------------------------------------------------ codes

    def _families(self) -> list[tuple[int, OfFamily, Field]]:
        """The families with their numbers and names; what the patterns do not know stands last."""
        families = sorted(enumerate(self.summary.families), key=lambda item: item[1].name is None)
        return [
            (number, family, _label(family_title(family.name), family.title or "", code=family.name is not None))
            for number, family in families
        ]  # fmt: skip

    def decisions(self) -> Sheet:
        """The decisions on the codes of each family."""
        heads = (
            Head("Family", number=False), Head("Codes"),
            *(Head(DECISION_TITLES[decision][0], "decision", swatch=decision) for decision in DECISION_LETTERS), Head("Shares", "decision", number=False),
        )  # fmt: skip
        rows = tuple(
            (
                name, _number(family.times, f"f{number}"),
                *(_number(family.decisions[decision].times, f"{letter}{number}") for decision, letter in DECISION_LETTERS.items()),
                _parts([(decision, family.decisions[decision].times) for decision in DECISION_LETTERS]),
            )
            for number, family, name in self._families()
            if family.name is not None
        )  # fmt: skip
        return Sheet("decisions", "Decisions on the codes of each family", heads, rows, few=40, inline=True)

    def families(self) -> Sheet:
        """The notes with codes of each family."""
        heads = (
            Head("Family", number=False), Head("Notes"), *_heads("an error at such a code"), *_heads("a required element of it missing"),
        )  # fmt: skip
        rows = tuple(
            (
                name, _number(family.notes, f"f{number}"), *_share(family.error.notes, family.notes, f"x{number}"),
                *(_share(family.missing.notes, family.notes, f"y{number}") if family.name is not None else (Field("–", "number"), Field("–", "share"))),
            )
            for number, family, name in self._families()
        )  # fmt: skip
        return Sheet("families", "Notes with codes of each family", heads, rows, few=40, inline=True)

    def pairs(self) -> Sheet:
        """Chosen codes and the codes that the words support."""
        heads = (
            Head("Chosen code", number=False), Head("The words support", number=False), Head("Kind", number=False),
            *_heads("of the notes with the code"),
        )  # fmt: skip
        used = {code.code: code for code in self.summary.codes}
        rows = tuple(
            (
                _label(pair.code, (used[pair.code].title or "") if pair.code in used else "", code=True),
                _label(pair.alternative, pair.title or "", code=True), _label(KIND_TITLES[pair.kind][0]),
                *_share(pair.notes, used[pair.code].notes if pair.code in used else 0, f"p{number}"),
            )
            for number, pair in enumerate(self.summary.pairs[:_ROWS])
        )  # fmt: skip
        return Sheet("pairs", "Chosen codes and codes that the words support", heads, rows, max(0, len(self.summary.pairs) - _ROWS))

    def unspecific(self) -> Sheet:
        """The codes that could be more specific, by the note's words or after an answer of the provider."""
        others: dict[str, list[str]] = {}
        for pair in self.summary.pairs:
            if pair.kind == "more-specific":
                others.setdefault(pair.code, []).append(f"{pair.alternative} ({thin(pair.notes)})")
        heads = (
            Head("Code", number=False), Head("Notes"), *_heads("the words are more specific"),
            Head("Codes that they support", "the words are more specific", number=False), *_heads("the note says no more"),
        )  # fmt: skip
        found = [(n, code) for n, code in enumerate(self.summary.codes) if code.unspecified.notes or code.more_specific.notes]
        found.sort(key=lambda item: (-item[1].more_specific.notes, -item[1].unspecified.notes, item[1].code))
        rows = tuple(
            (
                _label(code.code, code.title or "", code=True), _number(code.notes, f"k{number}"), *_share(code.more_specific.notes, code.notes, f"v{number}"),
                _label(_first(others.get(code.code, ()), 4)), *_share(code.unspecified.notes, code.notes, f"u{number}"),
            )
            for number, code in found[:_ROWS]
        )  # fmt: skip
        return Sheet("unspecific", "Codes that could be more specific", heads, rows, max(0, len(found) - _ROWS), wide=True)

    def codes(self) -> Sheet:
        """All codes used."""
        heads = (Head("Code", number=False), Head("Family", number=False), Head("In the release", number=False), *_heads("of all notes"))
        rows = tuple(
            (
                _label(code.code, code.title or "", code=True), _label(code.family or "–"), _label(_validity(code.times, code.known, code.billable)),
                *_share(code.notes, self.notes, f"k{number}"),
            )
            for number, code in enumerate(self.summary.codes[:_ROWS])
        )  # fmt: skip
        return Sheet("codes", "Codes used", heads, rows, max(0, len(self.summary.codes) - _ROWS), few=15, inline=True)

    # ------------------------------------------------------------------------------------------------ groups of notes

    def values(self, dimension: Dimension) -> Sheet:
        """The notes of each value of a dimension."""
        letter = VALUE_LETTERS[dimension]
        found = list(enumerate(self.summary.values[dimension]))
        if dimension == "month":
            found.sort(key=lambda item: (item[1].name is None, item[1].name or ""))
        rows = tuple(
            (
                _label(named(value.name)), _number(value.notes, f"{letter}{number}"), *_share(value.measures["error"], value.notes, f"{letter}{number} m0"),
                *(
                    field
                    for at, measure in enumerate(MEASURES)
                    if measure != "error"
                    for field in (_number(value.measures[measure], f"{letter}{number} m{at}"), _plain_rate(value.measures[measure], value.notes))
                ),
            )
            for number, value in found[:_ROWS]
        )  # fmt: skip
        over = ("a warning", "a required element missing", "unspecified, note says no more", "words more specific")
        heads = (
            Head(dimension.capitalize(), number=False), Head("Notes"), *_heads("an error"), *(head for name in over for head in _heads(name, rate=False)),
        )  # fmt: skip
        return Sheet(
            f"by-{dimension}", f"Notes by {dimension}", heads, rows, max(0, len(found) - _ROWS), least=dimension != "month",
            few=_FEW if dimension != "month" else 24, reference=self.share("error"), wide=True,
        )  # fmt: skip


def _heads(over: str, *, rate: bool = True) -> tuple[Head, Head]:
    """The columns of a number and its share, with its interval or without."""
    return Head("Number", over), Head("Share", over, rate=rate)


def _plain_rate(part: int, whole: int) -> Field:
    return Field(percent(part / whole), "share", order=part / whole)


def _parts(counts: Sequence[tuple[str, int]]) -> Field:
    whole = sum(count for _, count in counts)
    found: list[tuple[str, float, float]] = []
    before = 0
    for name, count in counts:
        if count:
            found.append((name, 100 * before / whole, 100 * count / whole))
        before += count
    return Field("", "parts", parts=tuple(found))


def _first(texts: Sequence[str], number: int) -> str:
    more = len(texts) - number
    return ", ".join(texts[:number]) + (f", {more} more" if more > 0 else "")


def _meaning(rule: str) -> str:
    return RULES[rule].what if rule in RULES else ""


def _validity(times: int, known: int, billable: int) -> str:
    if billable == times:
        return "valid"
    if not known:
        return "no code"
    return "not valid for submission" if not billable else "valid in part: more than one release"


# ---------------------------------------------------------------------------------------------------- the heat map


@dataclass(frozen=True, slots=True)
class Shade:
    """A cell of the heat map: a share in percent, of how many, a step of the colour scale (none where too few), the notes behind it."""

    text: str
    small: str
    step: int | None
    sets: str


@dataclass(frozen=True, slots=True)
class HeatRow:
    """An element: its level, the cell of all notes, and those of each column."""

    element: str
    level: Level
    all: Shade
    cells: tuple[Shade | None, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """Elements against the values of a dimension; `more` values have no column."""

    dimension: Crossed
    columns: tuple[tuple[str, Field], ...]
    rows: tuple[HeatRow, ...]
    more: int


def _shade_of(cell: Cell | None, sets: str) -> Shade | None:
    return _shade(cell.missing, cell.asked, sets) if cell else None


def _shade(part: int, whole: int, sets: str) -> Shade:
    share = part / whole
    step = sum(share > bound for bound in _STEPS) if whole >= _SHADED else None
    return Shade(f"{100 * share:.0f}", f"{thin(part)}/{thin(whole)}", step, sets if part else "")


# ---------------------------------------------------------------------------------------------------- the page


def as_html(summary: Summary, title: str, facts: Sequence[tuple[str, str]]) -> str:
    """The report of a run as a page; `facts` are what is to stand below its title, such as the release that was used."""
    from jinja2 import Environment, PackageLoader

    page = _Page(summary)
    environment = Environment(loader=PackageLoader("notelint.audit", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(thin=thin, percent=percent)
    return environment.get_template("report.html.j2").render(
        title=title, facts=facts, summary=summary, page=page, trend=trend_of(summary), flow=flow_of(summary), data=data_of(summary, page.sets),
        heats=[heat for dimension in CROSSED if (heat := page.heat(dimension))], dimensions=DIMENSIONS,
        decisions=DECISION_TITLES, kinds=KIND_TITLES, levels=LEVEL_TITLES, least=LEAST, shaded=_SHADED, steps=_STEPS, set_up=QUERY_SET_UP,
    )  # fmt: skip
