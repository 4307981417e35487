"""Numbers, units, reference ranges and dates as notes write them. Functions of text, nothing of a note is kept."""

import math
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Literal

from notelint.findings import Quantity

Flag = Literal["high", "normal", "low"]

_NUMBER = r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d+)?|\d+(?:[.,]\d{1,2}(?!\d)|\.\d+)?|\.\d+"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"0?[1-9]|[12]\d|3[01]"
_MONTH_NUMBER = r"0?[1-9]|1[0-2]"
_TIME = r"days?|weeks?|wks?|months?|mos?|years?|yrs?|hours?|hrs?"
_DATES = tuple(
    (re.compile(pattern, re.IGNORECASE), "month" if _MONTH in pattern else "/" if ")/" in pattern else "")
    for pattern in (
        rf"(?<![\d/.-]){_YEAR}(?P<sep>[-/.])(?P<m>{_MONTH_NUMBER})(?P=sep)(?P<d>{_DAY})(?![\d/-])",
        # A hyphen beside a date with strokes makes a span of two.
        rf"(?<![\w/.])(?P<a>{_DAY})/(?P<b>{_DAY})/(?P<year>(?:19|20)?\d\d)(?![\d/]|\.\d)",
        rf"(?<![\w/.-])(?P<a>{_DAY})(?P<sep>[.-])(?P<b>{_DAY})(?P=sep)(?P<year>(?:19|20)?\d\d)(?![\d/]|[.-]\d)",
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s-]*(?:of\s+)?{_MONTH}[\s,-]*{_YEAR}\b",
        rf"\b(?P<d>\d{{1,2}})-{_MONTH}-(?P<year>\d\d)\b",
        rf"\b{_MONTH}[\s-]+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s,-]+{_YEAR}\b",
        rf"\b{_MONTH}(?:\s+of)?[\s,-]+{_YEAR}\b",
        rf"(?<![\w/.])(?P<m>{_MONTH_NUMBER})/{_YEAR}(?![\d/])",
        rf"(?<![\d/.-]){_YEAR}-(?P<m>0[1-9]|1[0-2])(?![\d-])",
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+|-)(?:of\s+)?{_MONTH}(?![\w])",
        rf"\b{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\w/-]|\.\d)",
        rf"(?<![\w/.,-])(?P<m>{_MONTH_NUMBER})/(?P<d>{_DAY})(?![\d/%])",
        rf"(?<![\w/.-]){_YEAR}(?![\d/-]|\.\d)(?=\s*(?:[),;.:]|$|\s))(?!\s*(?:mc?g|g|ng|pg|ml|cc|iu|units?|kcal|cal(?:ories)?|cells?|steps|lbs?|{_TIME})\b)",
    )
)
_DIGIT = re.compile(r"\d")
_MONTH_LIKE = re.compile("|".join(_MONTHS), re.IGNORECASE)
# "5/5 strength", "3/4 bottles", "pain 7/10": a share, where the words beside it say so.
_LARGEST_SHARE = 10
_BETWEEN = (
    r"(?:\s+(?:is|was|are|were|level|at|of|as|an?|the|it|his|her|about|around|currently|now|today|best|worst|rest|in|only|full|pain|graded|rated)\b"
    r"|[\s:=-])*+$"
)
_SHARE_BEFORE = re.compile(
    rf"\b(?:strength|power|motor|mrc|reflex(?:es)?|dtrs?|pulses?|tone|grade|grew|positive\s+in|bottles?|sets?){_BETWEEN}", re.IGNORECASE
)
_SCORE_BEFORE = re.compile(rf"\b(?:pain|scores?|scale|rate[sd]?|rating|severity|intensity|vas|nrs|basdai|basfi){_BETWEEN}", re.IGNORECASE)
_SHARE_AFTER = re.compile(
    r"\s*+-?\s*+(?:(?:right|left|bilateral|blood|(?:an)?aerobic|of|the|soft|stable|slight|short|early|late|mid)\s+){0,3}"
    r"(?:strength|power|motor|throughout|bottles?|sets?|cultures?|tubes?|samples?|specimens?|(?:holo|pan)?systolic|diastolic|ejection|murmur|pain|tab(?:let)?s?|pills?"
    r"|inch(?:es)?|cups?|normal\s+saline|ns|criteria|joints?|legs?|mm|bilat(?:eral(?:ly)?)?|(?:upper|lower)\s+(?:extremit|limb)\w*|deltoids?|biceps|triceps|quadriceps"
    r"|grip|in\s+(?:both|all|the\s+(?:right|left|upper|lower)|upper|lower|bilateral)|on\s+the\s+(?:right|left)|all\s+(?:groups|four|muscles?|limbs|extremities))\b",
    re.IGNORECASE,
)
_MODAL = re.compile(r"\d{1,2}\s+(?:may|MAY)\s+[A-Za-z]")
_ON = re.compile(r"\b(?:on|from|since|dated|until|till|by|drawn|done)\s*$", re.IGNORECASE)
# ">" with a stroke before it is an arrow.
_COMPARATOR = (
    r"(?P<comparator>(?<![-=<>])>{1,2}=?|(?<![<>])<=?|(?:less|lower|greater|more|higher)\s+than|below|under|above|over|at\s+least)"
)
_COMPARATORS: Mapping[str, Literal["<", ">"]] = {"<": "<", "<=": "<", "less than": "<", "lower than": "<", "below": "<", "under": "<", ">>": ">", ">>=": ">",
                ">": ">", ">=": ">", "greater than": ">", "more than": ">", "higher than": ">", "above": ">", "over": ">", "at least": ">"}  # fmt: skip
_RANGE_WORD = (
    r"(?:(?:normal|lab(?:oratory)?|reference|ref)\.?\s*+(?:reference\s*+)?(?:range|interval|value|limit)?s?|nl|nml|range|uln|lln|upper\s+limit(?:\s+of\s+normal)?|"
    r"r\.?i\.?|(?<=[(\[])rr|n(?!\d)|expected|predicted|desired|(?:(?<=[(\[])|\b(?:it|which|that)\s+)(?:should|ought\s+to)\s+(?:be|sit|read|stay|run))"
)
_SLASHED = r"[a-zA-Z]{1,4}\s?/\s?(?:\d\w{0,2}\s?)?[a-zA-Z]{1,5}"
# What calls a range one behind it: (<10 normal), (0-20 is the normal range).
_CALLED = r"(?:(?:is|are|=|considered)\s+)?(?:the\s+)?(?:normal|nl|wnl|ref(?:erence)?)\b"
_RANGE = re.compile(
    rf"""(?:[(\[]\s*)?
    (?:
        \b{_RANGE_WORD}\s*+[:=,]?\s*+(?:is|are|of|for\s+age)?\s*+(?P<op1>[<>]=?|less\s+than|below|under|up\s+to|no\s+more\s+than|at\s+most|above|greater\s+than|to)?\s*+
        (?P<low1>{_NUMBER})(?:\s*(?:-|to)\s*(?P<high1>{_NUMBER})(?![\d.]*\s*(?:{_TIME})\b))?
      | (?<=[(\[])\s*(?P<op2>[<>]=?|up\s+to|less\s+than|below|under)\s*(?P<low2>{_NUMBER})(?=\s*[a-zA-Z/%]{{0,12}}\s*(?:[)\]]|{_CALLED}))
      | (?<=[(\[])\s*(?P<low3>{_NUMBER})\s*(?:-|to)\s*(?P<high3>{_NUMBER})(?=\s*(?:{_SLASHED})?\s*(?:[)\]]|{_CALLED}|[,;]\s*[a-zA-Z]))
    )(?:\s*[a-zA-Z/%]{{0,12}}\s*{_CALLED})?+
    """,
    re.IGNORECASE | re.VERBOSE,
)
# A number that counts something else: time, doses, sets, weights, ratios, percentages, levels.
_NOT_A_RESULT_AFTER = re.compile(
    rf"(?<!\d\d)\+|\s*+(?:-(?!\d)\s*+)?(?:to\s+\d+\s*+)?(?:(?:more\s+)?(?:{_TIME}|w|(?-i:h)|H\s+(?:ago|later|after|post|prior|earlier|apart)|hd|(?-i:d)(?!-)|min(?:utes)?|[ap]\.?m|times|sets?|bottles?"
    r"|occasions|doses?|y/?o)\b(?!\s*/)|(?:mc?g|gm?|grams?|kgs?|cm|ml|lbs?|iu|units?|bpm|mmhg|tab(?:let)?s?|percent)\b(?!\s*/\s*(?:d?l|lit|ml))"
    r"|%|\^|/\s*(?:\d|min\b)|st\b|nd\b|rd\b|th\b|x\b|[-:]\d|(?:out\s+)?of\s+\d)",
    re.IGNORECASE,
)
_NOT_A_RESULT_BEFORE = re.compile(
    r"(?:\b(?:day|days|week|weeks|month|age|aged|x|hd|pod|no\.?|number|grade|stage|type|within|every|q|after|in|for|at|past|last|next|tm?|tmax|temp(?:erature)?|hr|pulse|bp"
    r"|spo2|sats?|wt|weight|ht|height|bmi|gcs)\s*|#\s*|\^|[A-Za-z]-|\d[/.,:-]|\d\s*(?:out\s+)?of\s*)$",
    re.IGNORECASE,
)
# "CRP at 12", "CRP last month 4" are results all the same.
_AT_VALUE = re.compile(r"\b(?:at|in|for|(?:last|this|past|previous)\s+(?:week|month))\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Measured:
    """A quantity and its place in the text; `raw` is the number as the note has it, before conversion."""

    start: int
    end: int
    quantity: Quantity = field(repr=False)
    raw: float = field(repr=False)


@dataclass(frozen=True, slots=True)
class Dated:
    """A date and its place. ISO 8601, as partial as the note: "2016", "2026-06", "2026-06-03"."""

    start: int
    end: int
    iso: str


@dataclass(frozen=True, slots=True)
class Range:
    """A reference range and its place; an open end is None."""

    start: int
    end: int
    low: float | None
    high: float | None

    def flag(self, measured: Measured) -> Flag | None:
        """How a quantity lies to the range, in the numbers of the note; None where a comparator leaves it open."""
        number, comparator = measured.raw, measured.quantity.comparator
        low, high = -math.inf if self.low is None else self.low, math.inf if self.high is None else self.high
        if comparator == "=":
            return "high" if number > high else "low" if number < low else "normal"
        if comparator == ">":
            return "high" if number >= high else "normal" if number >= low and self.high is None else None
        # Nothing measured lies below nought.
        return "low" if number <= low else "normal" if number <= high and low <= 0 else None


def _float(text: str) -> float:
    thousands = re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", text)
    return float(text.replace(",", "" if thousands else "."))


def dates(text: str, start: int, end: int, *, day_of_service: date | None = None) -> list[Dated]:
    """The dates in text[start:end], left to right. A day and month without a year belong to the year before the date of service."""
    found: list[Dated] = []
    if _DIGIT.search(text, start, end) is None:
        return found
    has = {"": True, "/": text.find("/", start, end) >= 0, "month": _MONTH_LIKE.search(text, start, end) is not None}
    for pattern, needed in _DATES:
        if not has[needed]:
            continue
        for match in pattern.finditer(text, start, end):
            place = bisect_left(found, match.end(), key=lambda d: d.start)
            if (place and found[place - 1].end > match.start()) or _no_date(text, match):
                continue
            iso = _iso(match, day_of_service)
            if iso is not None:
                found.insert(place, Dated(match.start(), match.end(), iso))
    return found


def _no_date(text: str, match: re.Match[str]) -> bool:
    """Do the words show that what looks like a day and a month is none: "5/5 strength", "CRP of 12 may reflect"?"""
    parts = match.groupdict()
    if parts.get("year"):
        return False
    if parts.get("month"):
        return _MODAL.match(text, match.start()) is not None
    if not int(match["m"]) <= int(match["d"]) <= _LARGEST_SHARE:
        return False
    before = text[max(0, match.start() - 60) : match.start()]
    if _ON.search(before):
        return False
    of_ten = int(match["d"]) == _LARGEST_SHARE and _SCORE_BEFORE.search(before) is not None
    return of_ten or _SHARE_BEFORE.search(before) is not None or _SHARE_AFTER.match(text, match.end()) is not None


def _iso(match: re.Match[str], day_of_service: date | None) -> str | None:
    """As ISO 8601; empty for a day and month of an unknown year, None when there is no such day."""
    parts = match.groupdict()
    year, month, day = (int(parts[name]) if parts.get(name) else None for name in ("year", "m", "d"))
    if parts.get("month"):
        # Regardless of case, "s" is also the long s.
        month = _MONTHS.index(parts["month"][:3].lower().replace("\u017f", "s")) + 1
    if parts.get("a"):
        # The month stands first unless it can not be one.
        month, day = int(parts["a"]), int(parts["b"])
        if month > 12:
            month, day = day, month
    if year is not None and year < 100:
        year += 2000 if year < 50 else 1900
    known = year is not None or day_of_service is not None
    if year is None and day_of_service is not None and month is not None and day is not None:
        year = day_of_service.year - ((month, day) > (day_of_service.month, day_of_service.day))
    try:
        # Without a year, 29 February may be one.
        found = date(2000 if year is None else year, 1 if month is None else month, 1 if day is None else day)
    except ValueError:
        return None
    return found.isoformat()[: 10 if day is not None else 7 if month is not None else 4] if known else ""


def ranges(text: str, start: int, end: int) -> list[Range]:
    """The reference ranges in text[start:end]."""
    found = []
    for match in _RANGE.finditer(text, start, end):
        number, other = match["low1"] or match["low2"] or match["low3"], match["high1"] or match["high3"]
        operator, words = (match["op1"] or match["op2"] or "").lower(), match[0].lower()
        low: float | None = _float(number)
        high: float | None = None
        if other is not None:
            high = _float(other)
        elif not operator.startswith((">", "above", "greater")) and "lln" not in words:
            if not operator and "uln" not in words and "upper" not in words:
                continue
            low, high = None, low
        # What runs down is a date or something else: "(2024-05)".
        if low is None or high is None or low <= high:
            found.append(Range(match.start(), match.end(), low, high))
    for match in _BARE.finditer(text, start, end):
        low, high = (_float(match["low"]), _float(match["high"])) if match["low"] else (None, _float(match["one"]))
        clear = match["flag"] or match["behind"] or low == 0
        if clear and (low is None or low < (high or 0)) and not any(r.start < match.end() and match.start("range") < r.end for r in found):
            found.append(Range(match.start("range"), match.end("range"), low, high))
    return found


# A line of a laboratory: the range stands behind the number and its flag, "66 H 0-20 mm/h", "7.9 (H) <=0.5 mg/dL".
_BARE = re.compile(
    rf"""(?<![\w.,/-])(?:{_NUMBER})(?:\s*(?:{_SLASHED}))?(?P<flag>\s*(?:[(\[]?(?-i:H{{1,2}}|L{{1,2}})[)\]]?|\*))?(?:\s*(?:{_SLASHED}))?\s+
    (?P<range>(?P<low>{_NUMBER})\s?-\s?(?P<high>{_NUMBER})|<=?\s?(?P<one>{_NUMBER}))
    (?=(?P<behind>\s*(?:{_SLASHED}|mm\b)|\s+(?-i:[HL])\b)|\s*(?:$|[,;)\n]|\.(?!\d)))""",
    re.IGNORECASE | re.VERBOSE,
)
_BOUNDS = re.compile(
    rf"[(\[]?\s*(?:(?P<operator>[<>]=?|up\s+to|less\s+than|below|under|above)\s*(?P<one>{_NUMBER})|(?P<low>{_NUMBER})\s*(?:-|to)\s*(?P<high>{_NUMBER}))",
    re.IGNORECASE,
)


def bounds(text: str, start: int, end: int) -> Range | None:
    """The reference range that text[start:end] is, as in a column of ranges: "0-5", "<10 mg/L"."""
    match = _BOUNDS.match(text, start, end)
    if match is None:
        return None
    if match["one"]:
        above = match["operator"].lower().startswith((">", "above"))
        number = _float(match["one"])
        return Range(match.start(), match.end(), number if above else None, None if above else number)
    low, high = _float(match["low"]), _float(match["high"])
    # What runs down is a date or something else: "2024-05".
    return Range(match.start(), match.end(), low, high) if low <= high else None


_QUANTITY = re.compile(rf"(?:{_COMPARATOR}\s*)?(?<![\w.])(?P<number>{_NUMBER})(?![.,]?\d)", re.IGNORECASE)
_LONGEST = 12
"""A number of more characters is an identifier."""
_HIGH = re.compile(r"H(?!\w)")


@lru_cache(maxsize=64)
def _units(units: tuple[tuple[str, float], ...]) -> tuple[re.Pattern[str], re.Pattern[str], Mapping[str, float]]:
    """(a unit after its number, a unit before it, the factor of each)."""
    longest_first = sorted((written for written, _ in units), key=len, reverse=True)
    words = "|".join(r"\s*".join(re.escape(part).replace("/", r"\s*/\s*") for part in unit.split()) for unit in longest_first) or "(?!)"
    # A date in brackets may stand between a number and its unit: "38 (04/25) mg/L".
    flagged = r"(?:[(\[]?(?-i:H{1,2}|L{1,2})[)\]]?\s++)?"
    after = re.compile(rf"\s*+(?:\([\d/.-]{{3,10}}\)\s*+)?-?\s*+{flagged}(?P<unit>{words})(?![\w/])", re.IGNORECASE)
    before = re.compile(rf"(?<![\w/])(?P<unit>{words})[\s:)|,=]*$", re.IGNORECASE)
    return after, before, {_spelled(written): factor for written, factor in units}


def quantities(
    text: str, start: int, end: int, *, unit: str | None, units: Mapping[str, float], skip: Sequence[tuple[int, int]]
) -> Iterator[Measured]:
    """The quantities in text[start:end] outside of the spans to skip (dates, ranges).

    `units`: a unit as written (lower case) and its factor to `unit`. A unit may also stand before its number, as in a table.
    """
    after_unit, before_unit, factors = _units(tuple(units.items()))
    previous = start
    for match in _QUANTITY.finditer(text, start, end):
        number = match["number"]
        if len(number) > _LONGEST or any(a < match.end() and match.start("number") < b for a, b in skip):
            continue
        operator, begins = " ".join((match["comparator"] or "").lower().split()), match.start()
        if operator.startswith(">") and previous > start and not text[previous:begins].strip():
            # "40 > 20": the way a value went.
            operator, begins = "", match.start("number")
        before = text[max(start, begins - 24) : begins]
        stop = match.end()
        found = after_unit.match(text, stop, end)
        if found is None:
            if (text[stop : stop + 1].isalpha() and not _HIGH.match(text, stop)) or _NOT_A_RESULT_AFTER.match(text, stop, end):
                continue
            found = before_unit.search(before)
            if found is None and _NOT_A_RESULT_BEFORE.search(before) and not _AT_VALUE.search(before):
                continue
        else:
            stop = found.end()
        factor = factors.get(_spelled(found["unit"])) if found else None
        raw = _float(number)
        quantity = Quantity(
            comparator=_COMPARATORS.get(operator, "="),
            value=round(raw * (factor or 1.0), 6),
            unit=unit if factor else None,
            as_written=" ".join(text[begins:stop].split()),
        )
        yield Measured(begins, stop, quantity, raw)
        previous = stop


def unit_in(text: str, units: Mapping[str, float]) -> float | None:
    """The factor of the first unit that stands in a text, as in the header of a column; None when there is none."""
    plain = _spelled(text)
    found = [(plain.find(_spelled(unit)), -len(unit), factor) for unit, factor in units.items() if _spelled(unit) in plain]
    return min(found)[2] if found else None


def _spelled(unit: str) -> str:
    """A unit without regard to blanks and case."""
    return "".join(unit.casefold().split())
