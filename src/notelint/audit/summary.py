"""The summary of an audit: how many notes of which kind, counted from the rows of one part of a run after another, and which notes they are.

The unit is the note, wherever nothing else is said: a note that breaks a rule three times counts once for it. Notes are named by their number
in `Summary.listed`. Of a run with more than `LISTED` notes not all are named; the counts are exact all the same.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from statistics import NormalDist
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, PlainSerializer

from notelint import codeset
from notelint.assessment import AlternativeKind, Decision, ElementStatus
from notelint.audit.rows import TABLES, Row, Table
from notelint.codeset import CodeSet
from notelint.packs import Level, Model
from notelint.report import CodesFrom
from notelint.rules import Severity

Dimension = Literal["author", "role", "site", "template", "month"]
Crossed = Literal["author", "site", "template"]
Measure = Literal["error", "warning", "missing", "unspecified", "more-specific"]

DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)
"""What notes are grouped by."""
CROSSED: tuple[Crossed, ...] = get_args(Crossed)
"""The dimensions by which elements are counted too."""
MEASURES: tuple[Measure, ...] = get_args(Measure)
"""What is counted in every group: notes with a diagnostic of severity error; of severity warning; with a required element missing; with a code
that is unspecified where the note says no more (decision `unspecified`); with a code for which the words support a more specific one."""
MEASURE_TITLES: Mapping[Measure, str] = {
    "error": "with an error",
    "warning": "with a warning",
    "missing": "with a required element missing",
    "unspecified": "with an unspecified code where the note says no more",
    "more-specific": "with words more specific than the code",
}
ORIGINS: tuple[CodesFrom, ...] = get_args(CodesFrom)
STATUSES: tuple[ElementStatus, ...] = get_args(ElementStatus)
DECISIONS: tuple[Decision, ...] = get_args(Decision)
LEVELS: tuple[Level, ...] = ("required", "specificity", "recommended")
"""From the gravest to the slightest."""

LISTED = 20_000
"""So many notes are named in any case."""
FURTHER = 10_000
"""So many are named beyond them, as long as a group to which they belong has few that are named."""
FEW = 20
GROUPS = 5_000
"""So many values of a dimension, codes and pairs of codes are counted apart; what comes first in the run counts."""
COLUMNS = 40
"""So many values of a dimension, those with the most notes, are kept with their elements."""
WORST = 50
REASONS = 200
SOURCES = 100
"""Of what was not read, so many are named for each reason."""
_ROOM = 10 * WORST
_OTHER_REASONS = "other reasons"
_CHECKED_FOR = ("more-specific", "instead", "candidate")
"""The kinds of alternatives in whose place the chosen code stands; an additional code stands beside it."""
_PLACE = re.compile(r"\b(line|byte|column|row|record|page|segment|message|entry|item|position|offset|cell)s?\s+\d+\b", re.IGNORECASE)


def _as_text(numbers: Sequence[int]) -> str:
    """Rising numbers between blanks; of three and more that follow each other the first and the last, with a stroke."""
    parts: list[str] = []
    at = 0
    while at < len(numbers):
        end = at
        while end + 1 < len(numbers) and numbers[end + 1] == numbers[end] + 1:
            end += 1
        end = end if end > at + 1 else at
        parts.append(f"{numbers[at]}-{numbers[end]}" if end > at else str(numbers[at]))
        at = end + 1
    return " ".join(parts)


def _from_text(value: object) -> object:
    if not isinstance(value, str):
        return value
    found: list[int] = []
    for part in value.split():
        first, stroke, last = part.partition("-")
        begin, end = int(first), int(last if stroke else first)
        if not (found[-1] if found else -1) < begin <= end < LISTED + FURTHER:
            raise ValueError("numbers of notes rise")
        found += range(begin, end + 1)
    return tuple(found)


Numbers = Annotated[
    tuple[int, ...], BeforeValidator(_from_text, json_schema_input_type=str), PlainSerializer(_as_text, return_type=str, when_used="json")
]
"""Rising numbers of notes in `Summary.listed`; in JSON as text, such as "0 3-7 9"."""


class Listed(Model):
    """A note that is named: its key, the file and place, its own id."""

    note: str
    source: str
    id: str | None


class Group(Model):
    """Notes that have something in common: how many notes, how many rows tell it of them, and the numbers of those that are named, rising."""

    notes: int = 0
    times: int = 0
    listed: Numbers = ()


class OfValue(Group):
    """The notes with one value of a dimension, null where it is not known; `measures` counts notes."""

    name: str | None
    measures: dict[Measure, int]


class OfFamily(Group):
    """The notes with a code of a family, null for all codes outside; `times` counts codes.

    `error` and `missing` are those in which a diagnostic or a required element concerns such a code. `decisions` counts codes as `times`.
    """

    name: str | None
    title: str | None
    error: Group
    missing: Group
    decisions: dict[Decision, Group]


class OfCode(Group):
    """The notes with a code. `known` and `billable` tell of how many times the release used had the code, and had it as valid for submission."""

    code: str
    title: str | None
    family: str | None
    known: int
    billable: int
    unspecified: Group
    more_specific: Group


class OfRule(Group):
    """The notes that break a rule; `severities` counts diagnostics."""

    name: str
    severities: dict[Severity, int]


class OfElement(Group):
    """The notes in which an element is asked for. With several codes a note may have it in more than one status."""

    name: str
    levels: tuple[Level, ...]
    statuses: dict[ElementStatus, Group]


class Cell(Model):
    """Of the notes with one value of a dimension: in how many an element is asked for, in how many it is missing."""

    value: str
    element: str
    asked: int
    missing: int


class Pair(Group):
    """The notes in which a code is chosen and the words support another."""

    code: str
    alternative: str
    title: str | None
    kind: AlternativeKind


class WorstNote(Listed):
    """A note with errors, and what is known of it."""

    errors: int
    warnings: int
    codes: str
    author: str | None
    site: str | None
    template: str | None


class Unread(Model):
    """What was not read for one reason; places within a file are left out of the reason. `sources` are the first of them."""

    reason: str
    number: int
    sources: tuple[str, ...]


class Summary(Model):
    """The counts of a run. Groups stand in falling order of their notes."""

    schema_: Literal["notelint/audit-summary/1"] = Field("notelint/audit-summary/1", alias="schema")
    notes: int
    unread: int
    codes_checked: int
    diagnostics: dict[Severity, int]
    first_date: str | None
    last_date: str | None
    codes_from: dict[CodesFrom, Group]
    measures: dict[Measure, Group]
    values: dict[Dimension, tuple[OfValue, ...]]
    beyond: dict[Dimension, int] = Field(description="notes with a value beyond the first GROUPS of a dimension, which stand in no group")
    families: tuple[OfFamily, ...]
    codes: tuple[OfCode, ...]
    rules: tuple[OfRule, ...]
    elements: tuple[OfElement, ...]
    cells: dict[Crossed, tuple[Cell, ...]]
    pairs: tuple[Pair, ...]
    worst: tuple[WorstNote, ...]
    reasons: tuple[Unread, ...]
    listed: tuple[Listed, ...]

    @property
    def complete(self) -> bool:
        """Are all notes named?"""
        return len(self.listed) == self.notes


# ---------------------------------------------------------------------------------------------------- proportions


def interval(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a proportion by Wilson's score, (0, 1) of nothing."""
    if not whole:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.975)
    share, among = part / whole, z * z / whole
    middle, half = share + among / 2, z * (share * (1 - share) / whole + among / whole / 4) ** 0.5
    return max(0.0, (middle - half) / (1 + among)), min(1.0, (middle + half) / (1 + among))


def interval_of_difference(part: int, whole: int, other: int, other_whole: int) -> tuple[float, float]:
    """The 95 % interval of the second proportion less the first, by Newcombe from Wilson's scores (his method 10); (-1, 1) of nothing."""
    if not whole or not other_whole:
        return -1.0, 1.0
    first, second = part / whole, other / other_whole
    (low, high), (other_low, other_high) = interval(part, whole), interval(other, other_whole)
    below = ((second - other_low) ** 2 + (high - first) ** 2) ** 0.5
    above = ((other_high - second) ** 2 + (first - low) ** 2) ** 0.5
    return second - first - below, second - first + above


# ---------------------------------------------------------------------------------------------------- counting


def _columns(table: Table, *names: str) -> Callable[[Row], tuple[Any, ...]]:
    numbers = {column.name: number for number, column in enumerate(TABLES[table])}
    return itemgetter(*(numbers[name] for name in names))


_NOTE = _columns(
    "notes", "note", "source", "id", "date", "author", "role", "site", "template", "codes", "codes_from", "errors", "warnings", "infos"
)  # fmt: skip
_CODE = _columns("codes", "code", "title", "billable", "family", "decision")
_ELEMENT = _columns("elements", "code", "element", "level", "status")
_DIAGNOSTIC = _columns("diagnostics", "rule", "severity", "code")
_ALTERNATIVE = _columns("alternatives", "code", "alternative", "kind")

_Key = tuple[str | None, ...]
"""A group: its kind, then what tells it from others of its kind."""
_BOUNDED = frozenset({*DIMENSIONS, "code", "unspecified", "more-specific", "pair"})
"""The kinds of which the archive, and not the patterns, decides how many there are."""


@dataclass(slots=True)
class _Group:
    notes: int = 0
    times: int = 0
    listed: list[int] = field(default_factory=list)

    def frozen(self) -> Group:
        return Group(notes=self.notes, times=self.times, listed=tuple(self.listed))

    def fields(self) -> dict[str, Any]:
        return {"notes": self.notes, "times": self.times, "listed": tuple(self.listed)}


@dataclass(slots=True)
class _Code:
    title: str | None = None
    family: str | None = None
    known: int = 0
    billable: int = 0


class Tally:
    """Counts the rows of a run, part by part; all rows of a note stand in one part, and no key twice in a run."""

    def __init__(self) -> None:
        self._notes = self._unread = self._codes_checked = 0
        self._severities: Counter[Severity] = Counter()
        self._first: str | None = None
        self._last: str | None = None
        self._groups: dict[_Key, _Group] = {}
        self._kinds: Counter[str | None] = Counter()
        self._beyond: Counter[Dimension] = Counter()
        self._measured: Counter[tuple[Dimension, str | None, Measure]] = Counter()
        self._crossed: Counter[tuple[Crossed, str | None, str, str]] = Counter()
        self._codes: dict[str, _Code] = defaultdict(_Code)
        self._levels: dict[str, set[Level]] = defaultdict(set)
        self._of_rule: dict[str, Counter[Severity]] = defaultdict(Counter)
        self._listed: list[Listed] = []
        self._worst: list[WorstNote] = []
        self._reasons: Counter[str] = Counter()
        self._sources: dict[str, list[str]] = defaultdict(list)

    def add(self, rows: Mapping[Table, Sequence[Row]]) -> None:
        """Count the rows of one part of a run."""
        for source, reason in rows.get("errors", ()):
            self._add_unread(source, reason)
        codes, elements = _by_note(rows.get("codes", ())), _by_note(rows.get("elements", ()))
        diagnostics, alternatives = _by_note(rows.get("diagnostics", ())), _by_note(rows.get("alternatives", ()))
        for row in rows.get("notes", ()):
            key = row[0]
            self._add_note(row, codes.get(key, ()), elements.get(key, ()), diagnostics.get(key, ()), alternatives.get(key, ()))

    def _add_unread(self, source: str, reason: str) -> None:
        self._unread += 1
        name = _PLACE.sub(r"\1 …", reason)
        if name not in self._reasons and len(self._reasons) >= REASONS:
            name = _OTHER_REASONS
        self._reasons[name] += 1
        if len(self._sources[name]) < SOURCES:
            self._sources[name].append(source)

    def _add_note(
        self, row: Row, codes: Sequence[Row], elements: Sequence[Row], diagnostics: Sequence[Row], alternatives: Sequence[Row]
    ) -> None:
        key, source, own_id, date, author, role, site, template, chosen, codes_from, errors, warnings, infos = _NOTE(row)
        self._notes += 1
        self._severities.update({"error": errors, "warning": warnings, "info": infos})
        if date:
            self._first = min(self._first or date, date)
            self._last = max(self._last or date, date)
        times: Counter[_Key] = Counter({("codes-from", codes_from): 1})
        if errors:
            times["measure", "error"] += errors
        if warnings:
            times["measure", "warning"] += warnings
        families = self._add_codes(codes, times)
        self._add_elements(elements, families, times)
        self._add_diagnostics(diagnostics, families, times)
        for code, other, kind in map(_ALTERNATIVE, alternatives):
            if kind in _CHECKED_FOR:
                times["pair", code, other, kind] += 1
            if kind == "more-specific":
                times["measure", kind] += 1
                times[kind, code] += 1
        values: dict[Dimension, str | None] = {
            "author": author, "role": role, "site": site, "template": template, "month": date[:7] if date else None
        }  # fmt: skip
        self._add_values(values, times)
        groups = {one: self._groups[one] for one in times if self._counted(one)}
        if len(self._listed) < self._room(groups):
            for group in groups.values():
                group.listed.append(len(self._listed))
            self._listed.append(Listed(note=key, source=source, id=own_id))
        for one, group in groups.items():
            group.notes += 1
            group.times += times[one]
        if errors:
            worst = WorstNote(
                note=key,
                source=source,
                id=own_id,
                errors=errors,
                warnings=warnings,
                codes=chosen,
                author=author,
                site=site,
                template=template,
            )
            self._worst.append(worst)
            if len(self._worst) >= _ROOM:
                self._worst = _gravest(self._worst)

    def _room(self, groups: Mapping[_Key, _Group]) -> int:
        """How many notes may be named if one of these groups is to be."""
        few = {key[0] for key, group in groups.items() if len(group.listed) < FEW}
        # Authors, pairs and the like may be very many: half of the room is kept for what the patterns know.
        return LISTED + (FURTHER if few - _BOUNDED else FURTHER // 2 if few else 0)

    def _counted(self, key: _Key) -> bool:
        """Is there a group for the key? One is made for a new key, as long as there is room for its kind."""
        if key in self._groups:
            return True
        kind = key[0]
        if kind in _BOUNDED and self._kinds[kind] >= GROUPS:
            return False
        self._kinds[kind] += 1
        self._groups[key] = _Group()
        return True

    def _add_codes(self, rows: Sequence[Row], times: Counter[_Key]) -> dict[str, str | None]:
        """Count the codes of a note; {code: family}."""
        families: dict[str, str | None] = {}
        for code, title, billable, family, decision in map(_CODE, rows):
            self._codes_checked += 1
            families[code] = family
            times["code", code] += 1
            times["family", family] += 1
            if decision:
                times["decision", family, decision] += 1
            if decision == "unspecified":
                times["measure", "unspecified"] += 1
                times["unspecified", code] += 1
            if self._counted(("code", code)):
                known = self._codes[code]
                known.title, known.family = title or known.title, family
                known.known += title is not None
                known.billable += bool(billable)
        return families

    def _add_elements(self, rows: Sequence[Row], families: Mapping[str, str | None], times: Counter[_Key]) -> None:
        for code, element, level, status in map(_ELEMENT, rows):
            self._levels[element].add(level)
            times["element", element] += 1
            times["status", element, status] += 1
            if status == "missing" and level == "required":
                times["measure", "missing"] += 1
                if code in families:
                    times["family-missing", families[code]] += 1

    def _add_diagnostics(self, rows: Sequence[Row], families: Mapping[str, str | None], times: Counter[_Key]) -> None:
        for rule, severity, code in map(_DIAGNOSTIC, rows):
            times["rule", rule] += 1
            self._of_rule[rule][severity] += 1
            if severity == "error" and code in families:
                times["family-error", families[code]] += 1

    def _add_values(self, values: Mapping[Dimension, str | None], times: Counter[_Key]) -> None:
        measures = [measure for measure in MEASURES if ("measure", measure) in times]
        elements = [key[1] for key in times if key[0] == "element"]
        for dimension, value in values.items():
            if not self._counted((dimension, value)):
                self._beyond[dimension] += 1
                continue
            times[dimension, value] += 1
            for measure in measures:
                self._measured[dimension, value, measure] += 1
            if dimension in CROSSED:
                for element in elements:
                    assert element is not None
                    self._crossed[dimension, value, element, "asked"] += 1
                    self._crossed[dimension, value, element, "missing"] += ("status", element, "missing") in times

    # ------------------------------------------------------------------------------------------------ the summary

    def summary(self) -> Summary:
        """The counts of all parts so far."""
        release, _ = codeset.load_codesets().on(None)
        return Summary(
            notes=self._notes,
            unread=self._unread,
            codes_checked=self._codes_checked,
            diagnostics={severity: self._severities[severity] for severity in get_args(Severity)},
            first_date=self._first,
            last_date=self._last,
            codes_from={origin: self._group("codes-from", origin) for origin in ORIGINS},
            measures={measure: self._group("measure", measure) for measure in MEASURES},
            values={dimension: tuple(self._values(dimension)) for dimension in DIMENSIONS},
            beyond={dimension: self._beyond[dimension] for dimension in DIMENSIONS},
            families=tuple(
                OfFamily(
                    name=family, title=_title(release, family), error=self._group("family-error", family), missing=self._group("family-missing", family),
                    decisions={decision: self._group("decision", family, decision) for decision in DECISIONS}, **group.fields(),
                )
                for (family,), group in self._of("family")
            ),
            codes=tuple(self._of_codes()),
            rules=tuple(
                OfRule(name=str(rule), severities=dict(sorted(self._of_rule[str(rule)].items())), **group.fields())
                for (rule,), group in self._of("rule")
            ),
            elements=tuple(
                OfElement(
                    name=str(element), levels=tuple(level for level in LEVELS if level in self._levels[str(element)]),
                    statuses={status: self._group("status", element, status) for status in STATUSES}, **group.fields(),
                )
                for (element,), group in self._of("element")
            ),
            cells={dimension: tuple(self._cells(dimension)) for dimension in CROSSED},
            pairs=tuple(self._pairs(release)),
            worst=tuple(_gravest(self._worst)),
            reasons=tuple(
                Unread(reason=reason, number=number, sources=tuple(self._sources[reason]))
                for reason, number in sorted(self._reasons.items(), key=lambda item: (-item[1], item[0]))
            ),
            listed=tuple(self._listed),
        )  # fmt: skip

    def _group(self, *key: str | None) -> Group:
        found = self._groups.get(key)
        return found.frozen() if found else Group()

    def _of(self, kind: str) -> list[tuple[_Key, _Group]]:
        """The groups of a kind, those with the most notes first."""
        found = [(key[1:], group) for key, group in self._groups.items() if key[0] == kind and group.notes]
        return sorted(found, key=lambda item: (-item[1].notes, tuple((part is None, part or "") for part in item[0])))

    def _values(self, dimension: Dimension) -> Iterator[OfValue]:
        for (value,), group in self._of(dimension):
            measures = {measure: self._measured[dimension, value, measure] for measure in MEASURES}
            yield OfValue(name=value, measures=measures, **group.fields())

    def _cells(self, dimension: Crossed) -> Iterator[Cell]:
        elements = [str(element) for (element,), _ in self._of("element")]
        values = [value for (value,), _ in self._of(dimension) if value is not None]
        for value in values[:COLUMNS]:
            for element in elements:
                if asked := self._crossed[dimension, value, element, "asked"]:
                    yield Cell(value=value, element=element, asked=asked, missing=self._crossed[dimension, value, element, "missing"])

    def _of_codes(self) -> Iterator[OfCode]:
        for (code,), group in self._of("code"):
            known = self._codes[str(code)]
            yield OfCode(
                code=str(code), title=known.title, family=known.family, known=known.known, billable=known.billable,
                unspecified=self._group("unspecified", code), more_specific=self._group("more-specific", code), **group.fields(),
            )  # fmt: skip

    def _pairs(self, release: CodeSet) -> Iterator[Pair]:
        for (code, other, kind), group in self._of("pair"):
            # The table of alternatives has no titles; a code that is chosen elsewhere has the one of the release that was used.
            title = self._codes[str(other)].title if str(other) in self._codes else _title(release, other)
            yield Pair.model_validate({"code": code, "alternative": other, "title": title, "kind": kind, **group.fields()})


def _title(release: CodeSet, code: str | None) -> str | None:
    known = release.get(code) if code else None
    return known.title if known else None


def _by_note(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _gravest(notes: Iterable[WorstNote]) -> list[WorstNote]:
    return sorted(notes, key=lambda note: (-note.errors, -note.warnings, note.source, note.note))[:WORST]
