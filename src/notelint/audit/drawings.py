"""The drawings of a report, as places in units of the drawing: the trend by month, and the flow from chosen codes to those that the words support."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal, get_args

from notelint.assessment import AlternativeKind
from notelint.audit.sets import KIND_TITLES
from notelint.audit.summary import MEASURE_TITLES, Pair, Summary, interval

_MONTHS = 48
_FLOWS = 24
_ASIDE = "\u202f"
Shown = Literal["error", "warning"]
_SHOWN: tuple[Shown, ...] = get_args(Shown)
"""The measures of which the trend is drawn."""


def thin(number: int) -> str:
    """A number with thin spaces between its thousands."""
    return f"{number:,}".replace(",", _ASIDE)


def percent(share: float, digits: int = 1) -> str:
    """A share in percent."""
    return f"{100 * share:.{digits}f}{_ASIDE}%"


# ---------------------------------------------------------------------------------------------------- the trend


@dataclass(frozen=True, slots=True)
class Point:
    """A month of the trend. `heights` are the places of the shares, none where the month has no notes; `low` and `high` bound the first of them."""

    month: str
    x: float
    notes: int
    bar: float
    heights: Mapping[Shown, float]
    low: float
    high: float
    told: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Two drawings over one row of months: shares of notes, and numbers of notes.

    `marks` and `labels` are (place, text) of the axes, `ends` those behind the last month; `lines` and `band` are in stretches without an empty month;
    `left` counts the months with notes that are not drawn.
    """

    points: tuple[Point, ...]
    width: float
    marks: tuple[tuple[float, str], ...]
    most: str
    labels: tuple[tuple[float, str], ...]
    lines: Mapping[Shown, tuple[str, ...]]
    band: tuple[str, ...]
    ends: Mapping[Shown, tuple[float, str]]
    left: int


_LEFT, _RIGHT, _TOP, _SHARES, _BARS = 44.0, 176.0, 12.0, 170.0, 64.0
"""The trend, in units of its drawing: margins, then the heights of the shares and of the numbers."""
_WIDE = 960.0
_MANY = 30
_TEXT = 14.0
"""The height of a line of text."""


def trend_of(summary: Summary) -> Trend | None:
    """The trend by month; nothing for fewer than two months."""
    of = {value.name: value for value in summary.values["month"] if value.name}
    names = _window({name: value.notes for name, value in of.items()})
    drawn = [of[name] for name in names if name in of]
    if len(drawn) < 2:
        return None
    # A month of few notes has a wide interval, which may go beyond the drawing.
    ends = (interval(value.measures[_SHOWN[0]], value.notes)[1] for value in drawn if value.notes >= _MANY)
    top = ceiling(max(*(value.measures[shown] / value.notes for value in drawn for shown in _SHOWN), *ends))
    most = max(value.notes for value in drawn)
    step = (_WIDE - _LEFT - _RIGHT) / len(names)

    def y(share: float) -> float:
        return round(_TOP + _SHARES * (1 - min(share, top) / top), 1)

    points: list[Point] = []
    for number, name in enumerate(names):
        x, value = round(_LEFT + step * (number + 0.5), 1), of.get(name)
        if value is None:
            points.append(Point(name, x, 0, 0, {}, 0, 0, f"{name}: no notes"))
            continue
        low, high = interval(value.measures[_SHOWN[0]], value.notes)
        shares = {shown: value.measures[shown] / value.notes for shown in _SHOWN}
        told = f"{name}: {thin(value.notes)} notes, {', '.join(f'{percent(share)} {MEASURE_TITLES[shown]}' for shown, share in shares.items())}"
        heights = {shown: y(share) for shown, share in shares.items()}
        points.append(Point(name, x, value.notes, round(_BARS * value.notes / most, 1), heights, y(low), y(high), told))
    runs = _runs(points)
    last = runs[-1][-1]
    every = ceil(len(names) / 16)
    return Trend(
        points=tuple(points),
        width=step * 0.7,
        marks=tuple((y(top * part / 4), percent(top * part / 4, 0 if top >= 0.04 else 1)) for part in range(5)),
        most=thin(most),
        labels=tuple((point.x, point.month) for number, point in enumerate(points) if (len(points) - 1 - number) % every == 0),
        lines={shown: tuple(" ".join(f"{point.x},{point.heights[shown]}" for point in run) for run in runs) for shown in _SHOWN},
        band=tuple(" ".join([*(f"{p.x},{p.high}" for p in run), *(f"{p.x},{p.low}" for p in reversed(run))]) for run in runs),
        ends={
            shown: (place, f"{percent(of[last.month].measures[shown] / last.notes)} {MEASURE_TITLES[shown]}")
            for shown, place in zip(_SHOWN, _apart(last.heights[_SHOWN[0]], last.heights[_SHOWN[1]]), strict=True)
        },
        left=len(of) - len(drawn),
    )


def _window(notes: Mapping[str, int]) -> list[str]:
    """The months to draw, as YYYY-MM, without those that are empty at an end: all, or as many as there is room for, where most notes are.

    A date that was written wrongly lies far from all others, and is not to stretch the axis.
    """
    count = {int(name[:4]) * 12 + int(name[5:7]) - 1: number for name, number in notes.items()}
    if not count:
        return []

    def within(first: int) -> list[int]:
        return [month for month in count if first <= month < first + _MONTHS]

    first = max(sorted(count), key=lambda month: sum(count[other] for other in within(month)))
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, max(within(first)) + 1)]


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """The points in stretches without an empty month."""
    runs: list[list[Point]] = [[]]
    for point in points:
        if point.notes:
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _apart(first: float, second: float) -> tuple[float, float]:
    """Two heights, moved apart as far as two lines of text need."""
    away = max(0.0, _TEXT - abs(first - second)) / 2
    return (first + away, second - away) if first >= second else (first - away, second + away)


def ceiling(share: float) -> float:
    """The end of an axis: a round share that is not below."""
    return next((end for end in (0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8) if share <= end), 1.0)


# ---------------------------------------------------------------------------------------------------- the flow


@dataclass(frozen=True, slots=True)
class Knot:
    """A code at one side of the flow."""

    code: str
    title: str
    short: str
    notes: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Ribbon:
    """From a chosen code to another: an outline, its kind, and where its number stands (null where there is no room)."""

    path: str
    kind: AlternativeKind
    notes: int
    told: str
    y: float | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Chosen codes at the left, codes that the words support at the right."""

    height: float
    left: tuple[Knot, ...]
    right: tuple[Knot, ...]
    ribbons: tuple[Ribbon, ...]
    more: int


_FROM, _TO = 292.0, 668.0
"""The edges between which ribbons run."""
_ROW = 22.0
"""The least height of a code."""
_LARGEST = 56.0
_LABEL = 38
"""Characters of a title beside the flow."""


def flow_of(summary: Summary) -> Flow | None:
    """The most frequent pairs of codes; nothing where there are none."""
    pairs = summary.pairs[:_FLOWS]
    if not pairs:
        return None
    titles = {code.code: code.title or "" for code in summary.codes}
    scale = _LARGEST / max(pair.notes for pair in pairs)
    left = _knots(_totals(pairs, "code"), titles, scale)
    right = _knots(_totals(pairs, "alternative"), {pair.alternative: pair.title or "" for pair in pairs}, scale)
    tops, ends = ({knot.code: knot.y + (knot.height - _width(knot.notes, scale)) / 2 for knot in side} for side in (left, right))
    order = {knot.code: number for number, knot in enumerate(right)}
    ribbons: list[Ribbon] = []
    for knot in left:
        for pair in sorted((pair for pair in pairs if pair.code == knot.code), key=lambda pair: (order[pair.alternative], pair.kind)):
            width = _width(pair.notes, scale)
            a, b = round(tops[pair.code], 1), round(ends[pair.alternative], 1)
            tops[pair.code] += width
            ends[pair.alternative] += width
            c, d, middle = round(a + width, 1), round(b + width, 1), (_FROM + _TO) / 2
            path = f"M{_FROM} {a}C{middle} {a} {middle} {b} {_TO} {b}V{d}C{middle} {d} {middle} {c} {_FROM} {c}Z"
            told = f"{pair.code} to {pair.alternative}, {KIND_TITLES[pair.kind][0]}: {thin(pair.notes)} notes"
            ribbons.append(Ribbon(path, pair.kind, pair.notes, told, round(a + width / 2 + 3.5, 1) if width >= 11 else None))
    height = max(side[-1].y + side[-1].height for side in (left, right)) + 4
    return Flow(round(height, 1), left, right, tuple(ribbons), len(summary.pairs) - len(pairs))


def _width(notes: int, scale: float) -> float:
    return notes * scale


def _totals(pairs: Sequence[Pair], side: Literal["code", "alternative"]) -> list[tuple[str, int]]:
    found: dict[str, int] = {}
    for pair in pairs:
        found[getattr(pair, side)] = found.get(getattr(pair, side), 0) + pair.notes
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def _short(title: str) -> str:
    """A title that fits beside the flow; of a long one the middle is left out, since the titles of a family differ at the end."""
    if len(title) <= _LABEL:
        return title
    last = " ".join(title[-_LABEL // 2 :].split(" ")[1:])
    first = title[: _LABEL - 2 - len(last)]
    return f"{first.rpartition(' ')[0] or first}… {last}"


def _knots(totals: Sequence[tuple[str, int]], titles: Mapping[str, str], scale: float) -> tuple[Knot, ...]:
    y, found = 4.0, list[Knot]()
    for code, notes in totals:
        height = max(_ROW, _width(notes, scale))
        found.append(Knot(code, titles.get(code, ""), _short(titles.get(code, "")), notes, round(y, 1), round(height, 1)))
        y += height + 6
    return tuple(found)
