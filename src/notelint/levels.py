"""Vertebral levels as notes write them, and the region of the spine in which they lie.

A vertebra is a number: C0 (occiput) 0, C1 1 … C7 7, T1 8 … T12 19, L1 20 … L5 24, S1 25 … S5 29, Co 30. A level is one vertebra or a run
of them; two neighbours are also the disc between them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from notelint.packs import Region

_FIRST = {"C": 0, "T": 7, "D": 7, "L": 19, "S": 24}
_COUNT = {"C": 7, "T": 12, "D": 12, "L": 5, "S": 5}
_NAMES = ["C0"] + [f"{part}{n}" for part, count in (("C", 7), ("T", 12), ("L", 5), ("S", 5)) for n in range(1, count + 1)] + ["Co"]
_ORDINALS = {
    word: n
    for n, words in enumerate(
        ("first 1st", "second 2nd", "third 3rd", "fourth 4th", "fifth 5th", "sixth 6th", "seventh 7th", "eighth 8th", "ninth 9th", "tenth 10th",
         "eleventh 11th", "twelfth 12th"), start=1,
    )
    for word in words.split()
}  # fmt: skip
_PARTS = {"cervical": "C", "thoracic": "T", "dorsal": "T", "lumbar": "L", "sacral": "S"}

_VERTEBRA = r"(?:C[0-7]|(?:[TD]|Th\s?)(?:1[0-2]|[1-9])|L[1-5]|S[1-5]|Co(?:cc?yx)?(?!\w))"
_TO = r"(?:\s*[-/]\s*|\s+(?:down\s+)?(?:to|through|thru|until)\s+)"
_NOT_AFTER = r"(?<![\w./+])(?<!\d-)"
_NOT_BEFORE = r"(?![\w%])(?!\s?(?:mg|mm|cm|ml|mmhg|degrees)\b)(?!/\d)(?!\.\d)"
WRITTEN = re.compile(
    rf"{_NOT_AFTER}(?:(?P<first>{_VERTEBRA})(?P<more>(?:{_TO}(?:{_VERTEBRA}|1[0-2]|[1-9]))+|{_VERTEBRA})?){_NOT_BEFORE}"
    rf"|{_NOT_AFTER}(?P<low>(?:c[1-7]|[td](?:1[0-2]|[1-9])|l[1-5])\s?[-/]\s?(?:[tls]?(?:1[0-2]|[1-9]))){_NOT_BEFORE}"
    rf"|\b(?P<ordinal>{'|'.join(_ORDINALS)})(?:(?:\s+and\s+(?:the\s+)?|\s*(?:-|to|through)\s*)(?P<ordinal2>{'|'.join(_ORDINALS)}))?"
    rf"\s+(?P<part>{'|'.join(_PARTS)})\s+(?:vertebra|disc|disk|body|bodies|level|interspace|segment)",
    re.IGNORECASE,
)
"""A level as it is written."""
# Every level has one of these.
_LEVEL_LIKE = re.compile(rf"\d|co|{'|'.join(_PARTS)}", re.IGNORECASE)
_PIECE = re.compile(rf"{_VERTEBRA}|\d+", re.IGNORECASE)
# Alone, these are as often a sequence of an MRI, a dermatome or a heart sound as a vertebra.
_OF_SPINE = re.compile(
    r"[\s,]*+(?:and\s+[CTLS]\d+\s++)?(?:-?\s*(?:vertebra|body|bodies|level|end[\s-]?plate|spinous|pedicle|lamina|disc|disk|facet|posterior|superior|inferior))",
    re.IGNORECASE,
)
_TO_SPINE = re.compile(
    r"(?:\b(?:at|of|level|levels|from|to|above|below|near|around|involving|affecting)(?:\s+the)?|\b(?![TS][12]\b|C[34]\b)[CTLS]\d+\s*(?:,|and|or|&)+)\s*$",
    re.IGNORECASE,
)
_WEIGHTING = re.compile(r"[\s-]*(?:weight|wi?\b|signal|hyper|hypo|iso|bright|dark|image|sequence|stir\b|flair\b)", re.IGNORECASE)
_NEAR = 7
"""Vertebrae between two levels of one list."""
_JOINED = re.compile(r"\s*(?:(?:,|and|or|&)\s*)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, order=True)
class Level:
    """A run of vertebrae, by number, both ends included; `first <= last`."""

    first: int
    last: int

    def __str__(self) -> str:
        return _NAMES[self.first] if self.first == self.last else f"{_NAMES[self.first]}-{_NAMES[self.last]}"


def vertebra(name: str) -> int:
    """The number of a vertebra named as "L5" or "D10"; ValueError when there is no such vertebra."""
    upper = name.strip().upper()
    if upper in ("CO", "COCYX", "COCCYX"):
        return 30
    # "Th12" is how much of Europe writes T12.
    part, digits = upper[:1], upper[2:].lstrip() if upper.startswith("TH") else upper[1:]
    if (
        part not in _FIRST
        or re.fullmatch(r"0|[1-9]\d?", digits, re.ASCII) is None
        or not (0 if part == "C" else 1) <= int(digits) <= _COUNT[part]
    ):
        raise ValueError(f"no vertebra is called {name!r}")
    return _FIRST[part] + int(digits)


def find(view: str, starts: Iterable[int] | None = None) -> Iterator[tuple[int, int, Level]]:
    """Yield (start, end, level) of the levels written in a reading view, left to right.

    "L4-5", "L4/L5", "L4L5", "L5-1", "L3 to S1", "D10", "fifth lumbar vertebra". A lone level of which the letters often mean something
    else (T1, S1, C4) counts only beside a word of the spine or another level. `starts`: all places where a level can begin, if these are known.
    """
    counted: list[bool] = []
    found: list[tuple[int, int, Level]] = []
    for match in WRITTEN.finditer(view) if starts is None else _begun(view, starts):
        level = _read(match)
        if level is None:
            continue
        start, end = match.start(), match.end("part") if match["ordinal"] else match.end()
        counts = True
        if level.first == level.last and match["first"]:
            if not match[0][0].isupper() or match[0].upper() == "CO":
                continue
            if re.fullmatch(r"[TS][12]|C[34]", match[0]):
                joined = bool(found) and counted[-1] and _JOINED.fullmatch(view, found[-1][1], start) is not None
                beside = joined or _TO_SPINE.search(view[max(0, start - 24) : start]) is not None
                weighting = match[0][0] == "T" and _WEIGHTING.match(view, end) is not None
                counts = _OF_SPINE.match(view, end) is not None or (beside and not weighting)
        found.append((start, end, level))
        counted.append(counts)
    # "C3, C4 and C5", "S1 and L5": a level near by that stands behind tells too.
    for n in range(len(found) - 2, -1, -1):
        (_, end, level), (start, _, other) = found[n], found[n + 1]
        if counted[n + 1] and not counted[n] and abs(level.first - other.first) <= _NEAR:
            counted[n] = _JOINED.fullmatch(view, end, start) is not None
    yield from (one for one, counts in zip(found, counted, strict=True) if counts)


def within(words: str) -> list[Level]:
    """The levels in a few words."""
    return [level for _, _, level in find(words)] if _LEVEL_LIKE.search(words) else []


def _begun(view: str, starts: Iterable[int]) -> Iterator[re.Match[str]]:
    reached = 0
    for start in starts:
        if start >= reached and (match := WRITTEN.match(view, start)) is not None:
            reached = match.end()
            yield match


def _read(match: re.Match[str]) -> Level | None:
    if match["ordinal"]:
        # Regardless of case, "s" is also the long s, and "i" the dotless one.
        part = _PARTS.get(match["part"].lower(), "")
        numbers = [_ORDINALS.get(match[name].lower(), 99) for name in ("ordinal", "ordinal2") if match[name]]
        if max(numbers) > _COUNT.get(part, 0):
            return None
        ends = [_FIRST[part] + n for n in numbers]
        return Level(min(ends), max(ends))
    ends = []
    for piece in _PIECE.findall(match[0]):
        if not piece.isdigit():
            try:
                ends.append(vertebra(piece))
            except ValueError:
                return None
            continue
        # "L4-5" goes on in the same part of the spine, as "L5-4" does, "L5-1" in the next.
        last = _NAMES[ends[-1]]
        number = int(piece)
        if last == "Co":
            return None
        if number == 1 and int(last[1:]) == _COUNT[last[0]]:
            ends.append(ends[-1] + 1)
        elif number <= _COUNT[last[0]] and number != int(last[1:]):
            ends.append(_FIRST[last[0]] + number)
        else:
            return None
    return Level(min(ends), max(ends)) if ends else None


@dataclass(frozen=True, slots=True)
class Place:
    """The regions that words name, and what a code with one region can make of them.

    `regions`: as the words have them, head to foot. `candidates`: one region, or `multiple`, when the words decide; two or more between
    which they do not; none when there are no words. `every`: the candidates all count together, one code each.
    """

    regions: tuple[str, ...]
    candidates: tuple[str, ...]
    every: bool = False


class Spine:
    """Which region a level lies in, from the regions of the vocabulary."""

    def __init__(self, regions: Sequence[Region]) -> None:
        self.order = {region.region: n for n, region in enumerate(regions)}
        self._bounds = [(vertebra(r.first), vertebra(r.last), r.region) for r in regions if r.first and r.last and not r.joins]
        self._junctions = {(vertebra(r.first), vertebra(r.last)): r.region for r in regions if r.first and r.last and r.joins}
        self._joins = {r.region: frozenset(r.joins) for r in regions if r.joins}

    def region_of(self, number: int) -> str:
        """The region of a vertebra."""
        return next(region for first, last, region in self._bounds if first <= number <= last)

    def regions_of(self, level: Level) -> frozenset[str]:
        """The regions of a level: of its vertebra, or of every disc between its ends."""
        if level.first == level.last:
            return frozenset({self.region_of(level.first)})
        # C2 alone lies above the neck, the disc C2-C3 in it: the lower vertebra of a disc tells.
        return frozenset(self._junctions.get((n, n + 1)) or self.region_of(n + 1) for n in range(level.first, level.last))

    def place(self, levels: Iterable[Level], named: Iterable[str], *, several_codes: bool = False) -> Place:
        """The place that levels and named regions give together.

        `several_codes`: the family has no code for several sites and takes one for each region.
        """
        found = sorted(set(levels))
        alone = {level.first for level in found if level.first == level.last}
        # "L5 and S1", "C2 and C3": two vertebrae on either side of a border are the disc between them.
        pairs = [Level(n, n + 1) for n in sorted(alone) if n + 1 in alone and self.region_of(n) != self.region_of(n + 1)]
        loose = [
            level for level in found if not any(level.first == level.last and level.first in (pair.first, pair.last) for pair in pairs)
        ]
        from_levels = frozenset().union(*(self.regions_of(level) for level in (*loose, *pairs)))
        words = frozenset(named) - {"sacroiliac"}
        if not words or not from_levels:
            return self._decide(from_levels or words, several_codes=several_codes, spoken=not from_levels)
        if "multiple" in words or from_levels <= words or all(self._covers(words, region) for region in from_levels):
            # The word is wider than the levels that go with it ("lumbosacral, L4-S1") or says the same: the word counts.
            return self._decide(words, several_codes=several_codes, spoken=True)
        both = self._sorted(from_levels | words)
        return Place(both, both)

    def _covers(self, words: frozenset[str], region: str) -> bool:
        return any(region in self._joins.get(word, ()) or region == word for word in words)

    def _sorted(self, regions: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(regions, key=lambda region: self.order.get(region, 99)))

    def _decide(self, regions: frozenset[str], *, several_codes: bool, spoken: bool) -> Place:
        plain = self._sorted(regions)
        if "multiple" in regions and not several_codes:
            return Place(plain, ("multiple",))
        if len(regions) <= 1:
            return Place(plain, plain)
        # A run of levels across a junction, and "lumbar and sacral", may be meant as the junction alone.
        junction = next(
            (
                name
                for name, joined in self._joins.items()
                if (name in regions and regions - {name} <= joined) or (regions == joined and name == "lumbosacral" and spoken)
            ),
            None,
        )
        if several_codes:
            wide = junction is not None and not spoken and self._joins[junction] < regions
            return Place(plain, plain, every=not wide)
        return Place(plain, self._sorted({"multiple", junction}) if junction else ("multiple",))


def parse(name: str) -> Level:
    """A level as `str(level)` writes it; ValueError when it is none."""
    first, to, last = name.partition("-")
    start = vertebra(first)
    end = vertebra(last) if to else start
    if end < start:
        raise ValueError(f"{name!r} does not run down the spine")
    return Level(start, end)
