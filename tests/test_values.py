"""Numbers, units, ranges and dates: what is read as which, and what is left alone."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notelint.note import reading_view
from notelint.values import Measured, Quantity, Range, dates, quantities, ranges

UNITS: Mapping[str, float] = {
    "mg/l": 1,
    "mg/dl": 10,
    "mg per l": 1,
    "ug/ml": 1,
    "mg%": 10,
    "nmol/l": 0.105,
    "mm/h": 1,
    "mm/hr": 1,
    "mm in 1 hour": 1,
}
DAY = date(2026, 4, 14)


def measured(text: str, *, units: Mapping[str, float] = UNITS, skip: Sequence[tuple[int, int]] = ()) -> list[Measured]:
    view = reading_view(text)
    return list(quantities(view, 0, len(view), unit="mg/L", units=units, skip=skip))


def told(text: str) -> list[tuple[str, float, str | None, str]]:
    return [(m.quantity.comparator, m.quantity.value, m.quantity.unit, m.quantity.as_written) for m in measured(text)]


def dated(text: str, day: date | None = None) -> list[tuple[str, str]]:
    """(the words, ISO 8601) of the dates in a text."""
    view = reading_view(text)
    return [(text[d.start : d.end], d.iso) for d in dates(view, 0, len(view), day_of_service=day)]


def ranged(text: str) -> list[tuple[float | None, float | None]]:
    view = reading_view(text)
    return [(r.low, r.high) for r in ranges(view, 0, len(view))]


# Quantities


@pytest.mark.parametrize(
    ("text", "comparator", "value", "unit", "words"),
    [
        ("12 mg/L", "=", 12, "mg/L", "12 mg/L"),
        (": 12.4 mg/L.", "=", 12.4, "mg/L", "12.4 mg/L"),
        ("was 1.2 mg/dL", "=", 12, "mg/L", "1.2 mg/dL"),
        ("12MG/DL", "=", 120, "mg/L", "12MG/DL"),
        ("12\u00a0mg/l", "=", 12, "mg/L", "12 mg/l"),
        ("12  mg\n/ L", "=", 12, "mg/L", "12 mg / L"),
        ("12 mg per  L", "=", 12, "mg/L", "12 mg per L"),
        ("12-mg/L", "=", 12, "mg/L", "12-mg/L"),
        ("12 \u00b5g/mL", "=", 12, "mg/L", "12 ug/mL"),
        ("1.2 mg%", "=", 12, "mg/L", "1.2 mg%"),
        ("100 nmol/L", "=", 10.5, "mg/L", "100 nmol/L"),
        ("40 mm in 1 hour", "=", 40, "mg/L", "40 mm in 1 hour"),
        ("40 mmin1hour", "=", 40, "mg/L", "40 mmin1hour"),
        ("38 (04/25) mg/L", "=", 38, "mg/L", "38 (04/25) mg/L"),
        ("1,200 mg/L", "=", 1200, "mg/L", "1,200 mg/L"),
        ("1,2 mg/dl", "=", 12, "mg/L", "1,2 mg/dl"),
        (".5 mg/dl", "=", 5, "mg/L", ".5 mg/dl"),
        ("0.05 mg/dL", "=", 0.5, "mg/L", "0.05 mg/dL"),
        ("0", "=", 0, None, "0"),
        ("of 12", "=", 12, None, "12"),
        ("12,", "=", 12, None, "12"),
        ("12.", "=", 12, None, "12"),
        ("12,5", "=", 12.5, None, "12,5"),
        ("12,345", "=", 12345, None, "12,345"),
        ("(12)", "=", 12, None, "12"),
        ("12*", "=", 12, None, "12"),
        ("elevated at 40", "=", 40, None, "40"),
        ("up to 40", "=", 40, None, "40"),
        # A flag is no hour.
        ("40 (H)", "=", 40, None, "40"),
        ("40 H", "=", 40, None, "40"),
        ("40H", "=", 40, None, "40"),
        ("H 40", "=", 40, None, "40"),
        # Comparators.
        ("<0.5 mg/dL", "<", 5, "mg/L", "<0.5 mg/dL"),
        ("< 5", "<", 5, None, "< 5"),
        ("<= 5", "<", 5, None, "<= 5"),
        ("\u2264 5", "<", 5, None, "< 5"),
        ("=<5", "<", 5, None, "<5"),
        ("-<5", "<", 5, None, "<5"),
        ("level<5", "<", 5, None, "<5"),
        ("less  than 5 mg/L", "<", 5, "mg/L", "less than 5 mg/L"),
        ("BELOW 5", "<", 5, None, "BELOW 5"),
        (">100 mg/L", ">", 100, "mg/L", ">100 mg/L"),
        (">>100", ">", 100, None, ">>100"),
        ("\u2265100", ">", 100, None, ">100"),
        ("at least 40", ">", 40, None, "at least 40"),
        ("greater than 100", ">", 100, None, "greater than 100"),
        # A unit before its number, as in a table.
        ("mg/L 12", "=", 12, "mg/L", "12"),
        ("(mg/dL): 1.2", "=", 12, "mg/L", "1.2"),
        ("mm/hr | 40", "=", 40, "mg/L", "40"),
        ("mm/hr 40", "=", 40, "mg/L", "40"),
    ],
)
def test_quantity(text: str, comparator: str, value: float, unit: str | None, words: str) -> None:
    assert told(text) == [(comparator, value, unit, words)]


@pytest.mark.parametrize(
    "text",
    [
        "for 12 days", "12 d", "3 weeks ago", "2 wks", "6 mos", "5 years", "5 yrs", "24 h", "24 H later", "48 hrs", "30 minutes", "at 3 a.m.", "3 pm", "45 y/o", "45-year-old",
        "9 to 12 months", "2-3 weeks", "day 5", "week 6", "aged 45", "x 2", "2 x", "2x normal", "3 times", "2 sets", "4 bottles", "3 doses", "every 8", "q 8", "q8h", "within 3",
        "3rd", "1st", "22nd", "5th", "No. 3", "#3", "number 3", "grade 3", "stage 2", "type 2", "POD 3", "HD 4",
        "90%", "90 %", "99 percent", "5/5", "3/7", "1 of 4", "7 out of 10", "18/min", "10:30", "1:320", "10^9", "555-123-4567", "0.5-1.0", "12-15", "1.2.3", "1,2,3",
        "naproxen 500 mg", "10 mg/kg", "2 g", "40 mcg", "5 ml", "14 cm", "80 kg", "72 bpm", "2 tabs", "1000 IU", "T 38.5", "temp 38.5", "HR 90", "BP 120/80", "BMI 27",
        "reflexes 2+", "1+ edema", "HIV-1", "IL-6", "COVID-19", "L5", "B27", "S1-2", "A1c", "+++", "", "1234567890123", "12e3", "12x",
    ],
)  # fmt: skip
def test_numbers_that_count_something_else(text: str) -> None:
    assert told(text) == []


@pytest.mark.parametrize(
    "word",
    ["day", "days", "week", "weeks", "wk", "wks", "month", "months", "mo", "mos", "year", "years", "yr", "yrs", "hour", "hours", "hr", "HRS", "w", "h", "d", "hd", "min", "minutes", "am",
     "P.M", "times", "set", "sets", "bottle", "bottles", "occasions", "dose", "doses", "y/o", "yo", "mg", "mcg", "MG", "g", "gm", "gram", "grams", "kg", "kgs", "cm", "ml", "lb",
     "lbs", "iu", "unit", "units", "bpm", "mmHg", "tab", "tablet", "tablets", "percent", "x"],
)  # fmt: skip
def test_words_behind_a_number_that_is_no_result(word: str) -> None:
    for text in (f"5 {word} more", f"5-{word}", f"5  - {word}"):
        assert told(text) == []
    assert [value for _, value, *_ in told(f"5 {word}zz more")] == [5]
    assert [value for _, value, *_ in told(f"5, {word}")] == [5]


@pytest.mark.parametrize(
    "word",
    ["day", "days", "week", "weeks", "month", "age", "aged", "x", "HD", "POD", "no", "no.", "number", "grade", "Stage", "type", "within", "every", "q", "after", "past", "last", "next",
     "T", "Tm", "Tmax", "temp", "temperature", "HR", "pulse", "BP", "SpO2", "sat", "sats", "wt", "weight", "ht", "height", "BMI", "GCS"],
)  # fmt: skip
def test_words_before_a_number_that_is_no_result(word: str) -> None:
    assert told(f"see {word} 5") == []
    assert [value for _, value, *_ in told(f"see zz{word} 5")] == [5]
    assert [value for _, value, *_ in told(f"see {word} and 5")] == [5]
    assert [value for _, value, *_ in told(f"see {word} 5 mg/L")] == [5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("40 -> 20 -> 8", [("=", 40), ("=", 20), ("=", 8)]),
        ("40 > 20 > 8", [("=", 40), ("=", 20), ("=", 8)]),
        ("88 mg/L > 41 mg/L", [("=", 88), ("=", 41)]),
        ("40 \u2192 20", [("=", 40), ("=", 20)]),
        ("from 40 to 20", [("=", 40), ("=", 20)]),
        ("40, > 20", [("=", 40), (">", 20)]),
        ("> 100 > 40", [(">", 100), ("=", 40)]),
        ("45 and 12", [("=", 45), ("=", 12)]),
        ("40 after 3 weeks", [("=", 40)]),
        ("40 on day 3", [("=", 40)]),
        ("12 D-dimer 300", [("=", 12), ("=", 300)]),
        ("12 (previously 40)", [("=", 12), ("=", 40)]),
    ],
)
def test_trends_and_lists(text: str, expected: list[tuple[str, float]]) -> None:
    assert [(comparator, value) for comparator, value, *_ in told(text)] == expected


@pytest.mark.parametrize(
    ("comparator", "words"),
    [
        ("<", ["<", "<=", "\u2264", "less than", "Lower  than", "below", "UNDER"]),
        (">", [">", ">>", ">=", "\u2265", "greater than", "more than", "higher than", "above", "over", "at least"]),
    ],
)
def test_comparators(comparator: str, words: list[str]) -> None:
    for word in words:
        assert [row[:2] for row in told(f"was {word} 5 mg/L")] == [(comparator, 5)]
        assert [row[:2] for row in told(f"was {word.upper()} 5")] == [(comparator, 5)]
        assert [row[:2] for row in told(f"was {word} about 5")] == [("=", 5)]


def test_what_is_skipped_and_where_a_quantity_stands() -> None:
    text = "ESR on 3/4 was > 40 mm/h (0-20)"
    found = measured(text, skip=[(7, 10), (25, 31)])
    assert [(m.start, m.end, m.raw) for m in found] == [(15, 24, 40.0)]
    assert text[15:24] == "> 40 mm/h"
    assert measured("12 mg/L", skip=[(0, 2)]) == []
    assert [m.raw for m in measured("12 and 13", skip=[(2, 7)])] == [12, 13]


def test_only_the_part_asked_for_is_read() -> None:
    text = "12 mg/L 13 mg/L 14 mg/L"
    assert [m.raw for m in quantities(text, 8, 15, unit="mg/L", units=UNITS, skip=[])] == [13]
    assert [(m.raw, m.quantity.unit) for m in quantities(text, 8, 12, unit="mg/L", units=UNITS, skip=[])] == [(13, None)]


def test_without_units_no_unit_is_told() -> None:
    assert [(m.quantity.value, m.quantity.unit) for m in measured("4.8 mg/L", units={})] == [(4.8, None)]


@settings(deadline=None)
@given(st.integers(0, 99999), st.integers(0, 3), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " ", "  ", "\n"]), st.booleans())
def test_units_are_converted(digits: int, decimals: int, unit: str, blank: str, capitals: bool) -> None:
    number = f"{digits / 10**decimals:.{decimals}f}"
    text = f"was {number}{blank}{unit.upper() if capitals else unit}, stable"
    (found,) = measured(text)
    assert found.raw == float(number)
    assert found.quantity.value == pytest.approx(float(number) * UNITS[unit], abs=1e-6)
    assert found.quantity.unit == "mg/L"
    assert text[found.start : found.end] == f"{number}{blank}{unit.upper() if capitals else unit}"


# Ranges


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("12 (0-5)", 0, 5),
        ("12 [0.0-4.9]", 0, 4.9),
        ("12 ( 0 - 5 )", 0, 5),
        ("12 (0 to 5)", 0, 5),
        ("12 (5-5)", 5, 5),
        ("12 (0\u20135 mg/L)", 0, 5),
        ("40 (0-20 mm/hour)", 0, 20),
        ("40 (0-15 mm/1st hr)", 0, 15),
        ("40 (0-20 mm/h, high)", 0, 20),
        ("12 mg/L (ref 0-5)", 0, 5),
        ("12 mg/L, ref. range: 0 - 5", 0, 5),
        ("12 (reference interval 0 to 5 mg/L)", 0, 5),
        ("12 (normal range is 0 to 5)", 0, 5),
        ("12 (RR 0-5)", 0, 5),
        ("12 (N 0-5)", 0, 5),
        ("12 nl 0-5", 0, 5),
        ("12 (<5)", None, 5),
        ("12 (< 5.0 mg/L)", None, 5),
        ("12 (\u2264 5)", None, 5),
        ("12 (up to 5)", None, 5),
        ("12 (ref <5.0) H", None, 5),
        ("12 (normal below 0.5)", None, 0.5),
        ("12 (NORMAL < 10)", None, 10),
        ("12, reference less than 10", None, 10),
        ("12 (ULN 5)", None, 5),
        ("12, upper limit of normal is 8.0", None, 8),
        ("60 (>90)", 90, None),
        ("60 (normal above 90)", 90, None),
        ("3 (LLN 4)", 4, None),
        ("18,490 (4,000-11,000)", 4000, 11000),
    ],
)
def test_range(text: str, low: float | None, high: float | None) -> None:
    assert ranged(text) == [(low, high)]


@pytest.mark.parametrize(
    "words",
    ["normal", "normal range", "Normal value", "normal values", "normal limits", "lab reference range", "laboratory range", "reference", "reference interval", "REF", "ref.", "ref. range",
     "nl", "nml", "N", "range", "RI", "r.i.", "upper limit of normal", "ULN"],
)  # fmt: skip
def test_words_of_a_range(words: str) -> None:
    for between in (" ", ": ", "=", " is ", ", ", " are ", " of ", " for age "):
        assert ranged(f"12, {words}{between}0-5") == [(0, 5)]
        for below in ("<", "<=", "less than ", "below ", "under ", "up to ", "to "):
            assert ranged(f"12, {words}{between}{below}5") == [(None, 5)]
        for above in (">", ">=", "above ", "greater than "):
            assert ranged(f"12, {words}{between}{above}5") == [(5, None)]
    assert " " in words or ranged(f"12, xx{words} 0-5") == []


def test_a_bound_in_brackets() -> None:
    for below in ("<", "<= ", "up to ", "less than ", "below ", "under "):
        assert ranged(f"12 ({below}5)") == ranged(f"12 [{below.upper()}5 mg/L]") == [(None, 5)]
        assert ranged(f"12 {below}5") == []


@pytest.mark.parametrize(
    "text",
    [
        "40 (H)", "12 (high)", "CRP 0.5-1.0", "discitis (L4-5)", "discitis (C5-6, C6-7)", "(grade 3-4)", "pain (4-6 weeks)", "labs 3-4 weeks ago", "normal 2-3 days ago",
        "(2024-05)", "drawn (2011-06-02)", "RR 18-20", "RR 18", "N 5", "normal at 3", "T2 N1-2", "ref 5-0", "pages 94-106)", "", "normal", "(5)",
    ],
)  # fmt: skip
def test_no_range(text: str) -> None:
    assert ranged(text) == []


@pytest.mark.parametrize(
    ("comparator", "number", "low", "high", "flag"),
    [
        ("=", 6, 0, 5, "high"),
        ("=", 5, 0, 5, "normal"),
        ("=", 0, 0, 5, "normal"),
        ("=", 3, 4, 11, "low"),
        ("=", 6, None, 5, "high"),
        ("=", 4, None, 5, "normal"),
        ("=", 80, 90, None, "low"),
        ("=", 95, 90, None, "normal"),
        (">", 6, None, 5, "high"),
        (">", 5, None, 5, "high"),
        (">", 4, None, 5, None),
        (">", 95, 90, None, "normal"),
        (">", 90, 90, None, "normal"),
        (">", 80, 90, None, None),
        (">", 5, 4, 11, None),
        ("<", 3, None, 5, "normal"),
        ("<", 5, 0, 5, "normal"),
        ("<", 6, None, 5, None),
        ("<", 3, 4, 11, "low"),
        ("<", 4, 4, 11, "low"),
        ("<", 5, 4, 11, None),
        ("<", 5, 1, 11, None),
        ("<", 80, 90, None, "low"),
        ("<", 95, 90, None, None),
    ],
)
def test_flag(comparator: str, number: float, low: float | None, high: float | None, flag: str | None) -> None:
    quantity = Quantity(comparator=comparator, value=number * 10, unit="mg/L", as_written="")  # type: ignore[arg-type]
    assert Range(0, 1, low, high).flag(Measured(0, 1, quantity, number)) == flag


@settings(deadline=None)
@given(
    st.sampled_from("=<>"),
    st.integers(0, 9),
    st.one_of(st.none(), st.integers(0, 9)),
    st.one_of(st.none(), st.integers(0, 9)),
    st.integers(0, 99),
)
def test_a_flag_holds_for_every_value_that_the_words_allow(
    comparator: str, number: int, low: int | None, high: int | None, tenths: int
) -> None:
    if (low is None and high is None) or (low is not None and high is not None and low > high):
        return
    actual = tenths / 10
    if not {"=": actual == number, "<": actual < number, ">": actual > number}[comparator]:
        return
    quantity = Quantity(comparator=comparator, value=number, unit=None, as_written="")  # type: ignore[arg-type]
    flag = Range(0, 1, low, high).flag(Measured(0, 1, quantity, number))
    truth = "high" if high is not None and actual > high else "low" if low is not None and actual < low else "normal"
    assert flag in (None, truth)
    assert flag is not None or comparator != "="


# Dates

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]


@pytest.mark.parametrize(
    ("text", "words", "iso"),
    [
        ("on 2026-04-14.", "2026-04-14", "2026-04-14"),
        ("2026/04/14", "2026/04/14", "2026-04-14"),
        ("2026-04-14T10:20", "2026-04-14", "2026-04-14"),
        ("04/14/2026@0815", "04/14/2026", "2026-04-14"),
        ("3/4/2026", "3/4/2026", "2026-03-04"),
        ("3/4/26:", "3/4/26", "2026-03-04"),
        ("7/8/99", "7/8/99", "1999-07-08"),
        ("7/8/50", "7/8/50", "1950-07-08"),
        ("7/8/49", "7/8/49", "2049-07-08"),
        ("7/8/00", "7/8/00", "2000-07-08"),
        ("2nd May 2026", "2nd May 2026", "2026-05-02"),
        ("3rd of May 2026", "3rd of May 2026", "2026-05-03"),
        ("May 22nd, 2026", "May 22nd, 2026", "2026-05-22"),
        ("May 3rd 2026", "May 3rd 2026", "2026-05-03"),
        ("May 4th 2026", "May 4th 2026", "2026-05-04"),
        ("12/2025", "12/2025", "2025-12"),
        ("14/04/2026", "14/04/2026", "2026-04-14"),
        ("14.4.26", "14.4.26", "2026-04-14"),
        ("04-14-2026", "04-14-2026", "2026-04-14"),
        ("14 Apr 2026", "14 Apr 2026", "2026-04-14"),
        ("14-Apr-2026", "14-Apr-2026", "2026-04-14"),
        ("14-APR-26", "14-APR-26", "2026-04-14"),
        ("14Apr2026", "14Apr2026", "2026-04-14"),
        ("the 14th of April, 2026", "14th of April, 2026", "2026-04-14"),
        ("APRIL 14, 2026", "APRIL 14, 2026", "2026-04-14"),
        ("Apr. 1st 2026", "Apr. 1st 2026", "2026-04-01"),
        ("Apr-14-2026", "Apr-14-2026", "2026-04-14"),
        ("SEPT 2025", "SEPT 2025", "2025-09"),
        ("in May of 2019", "May of 2019", "2019-05"),
        ("04/2026", "04/2026", "2026-04"),
        ("2026-04,", "2026-04", "2026-04"),
        ("2025-11.", "2025-11", "2025-11"),
        ("since 2019.", "2019", "2019"),
        ("(1999)", "1999", "1999"),
    ],
)
def test_date(text: str, words: str, iso: str) -> None:
    assert dated(text) == [(words, iso)]
    assert dated(text, DAY) == [(words, iso)]


@pytest.mark.parametrize(
    ("text", "words", "iso"),
    [
        ("on 3/4: CRP", "3/4", "2026-03-04"),
        ("drawn 4/14", "4/14", "2026-04-14"),
        ("MRI 4/15", "4/15", "2025-04-15"),
        ("12/31", "12/31", "2025-12-31"),
        ("April 14.", "April 14", "2026-04-14"),
        ("April 14th, CRP", "April 14th", "2026-04-14"),
        ("20 August", "20 August", "2025-08-20"),
        ("22nd May", "22nd May", "2025-05-22"),
        ("May 22nd", "May 22nd", "2025-05-22"),
        ("May 3rd", "May 3rd", "2025-05-03"),
        ("the 3rd of March", "3rd of March", "2026-03-03"),
        ("14-Apr", "14-Apr", "2026-04-14"),
        ("12 May, she", "12 May", "2025-05-12"),
        ("on 12 May she", "12 May", "2025-05-12"),
        ("12th may be", "12th may", "2025-05-12"),
        # Beside words that would make them a share, but that the date has a word of its own.
        ("blood grew on 3/4", "3/4", "2026-03-04"),
        ("on 3/4 blood cultures", "3/4", "2026-03-04"),
        # Of ten or of fewer, and no more than the whole.
        ("back pain 3/4", "3/4", "2026-03-04"),
        ("3/1 blood cultures", "3/1", "2026-03-01"),
        ("3/11 blood cultures", "3/11", "2026-03-11"),
        ("back pain since 3/10", "3/10", "2026-03-10"),
        ("pain, 3/10 MRI", "3/10", "2026-03-10"),
        ("cultures from 3/4", "3/4", "2026-03-04"),
    ],
)
def test_a_day_without_a_year_is_the_last_one(text: str, words: str, iso: str) -> None:
    assert dated(text, DAY) == [(words, iso)]
    assert dated(text) == [(words, "")]


@pytest.mark.parametrize(
    "text",
    [
        # Shares and scores.
        "5/5 strength", "strength 5/5", "Strength is 5/5 throughout", "MOTOR 5/5", "power 4/5 in both legs", "motor: 3/5", "5/5 deltoids", "4/5 on the right", "5/5 in all groups",
        "reflexes 2/4", "pulses 2/2", "grade 2/6", "2/6 systolic murmur", "3/6 soft ejection murmur", "4/4 bottles", "grew in 3/4 bottles", "3/4 blood cultures", "2/2 sets",
        "pain 7/10", "pain level is 6/10", "rates her pain as a 4/10", "7/10 pain", "score 3/10", "BASDAI 6/10", "1/2 tablet", "3/4 inch", "1/2 normal saline", "2/3 criteria",
        # Levels, ratios, numbers of other kinds.
        "L4/5", "T7/8", "C5/6", "l4/5", "120/80", "0/5", "20/20", "24/7", "13/13", "5/5%", "0.5-1.0", "0.5/1", "1/2/3", "1/2/3/4",
        "555-123-4567", "(555) 123-4567", "1-800-555-1212", "020 7946 0958", "v2.3.15", "1.2.3", "10:30", "M45.7", "May 3.5", "3/4/26.5", "1.2.34.5", "1-2-34-5", "2000 mg daily", "2000 IU", "1900 ml", "WBC 2000 cells", "2000 hours",
        # No such day.
        "4/31/2026", "2/30/24", "31/4/26", "2026-13-01", "2026-02-30", "31 Apr", "April 31", "40 Jan",
        # Words.
        "12 may reflect infection", "of 12 MAY REFLECT INFECTION", "may be", "in May", "march on", "a second opinion", "decrease 5", "marked 3", "mayor 5", "",
    ],
)  # fmt: skip
def test_no_date(text: str) -> None:
    assert dated(text) == []
    assert dated(text, DAY) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3/4/26-3/9/26", ["2026-03-04", "2026-03-09"]),
        ("10/2025-12/2025", ["2025-10", "2025-12"]),
        ("12 (3/4/26), 8 (4 Apr 2026), 2 in 2025", ["2026-03-04", "2026-04-04", "2025"]),
        ("MRI 2024, CT 5/2023, XR 2022-01-02", ["2024", "2023-05", "2022-01-02"]),
        ("29 Feb 2024", ["2024-02-29"]),
    ],
)
def test_several_dates(text: str, expected: list[str]) -> None:
    assert [iso for _, iso in dated(text)] == expected


FILLERS = [
    "", " is", " was", " are", " were", " level", " at", " of", " as", " a", " an", " the", " it", " his", " her", " about", " around", " currently", " now", " today", " best", " worst",
    " rest", " in", " only", " full", " pain", " graded", " rated", ":", " -", " =", " is now only", " level:",
]  # fmt: skip


@pytest.mark.parametrize(
    "word",
    [
        "strength",
        "power",
        "MOTOR",
        "MRC",
        "reflex",
        "reflexes",
        "DTRs",
        "pulse",
        "pulses",
        "tone",
        "grade",
        "grew",
        "positive in",
        "bottles",
        "sets",
    ],
)
def test_words_before_a_share(word: str) -> None:
    for filler in FILLERS:
        assert dated(f"the {word}{filler} 3/4") == []
    for filler in (",", " on", " since", " from", " dated", " until", " MRI", ".", " xis", " isx"):
        assert dated(f"the {word}{filler} 3/4") == [("3/4", "")]
    assert dated(f"the x{word} 3/4") == [("3/4", "")]


@pytest.mark.parametrize("word", ["on", "from", "since", "dated", "until", "till", "BY", "drawn", "done"])
def test_words_before_a_date(word: str) -> None:
    assert dated(f"{word} 3/4 blood cultures") == [("3/4", "")]
    assert dated(f"x{word} 3/4 blood cultures") == []


@pytest.mark.parametrize(
    "word",
    ["pain", "Score", "scores", "scale", "rate", "rates", "rated", "rating", "severity", "intensity", "VAS", "NRS", "BASDAI", "BASFI"],
)
def test_words_before_a_score(word: str) -> None:
    for filler in FILLERS:
        assert dated(f"the {word}{filler} 3/10") == []
        assert dated(f"the {word}{filler} 3/9") == [("3/9", "")]
    assert dated(f"the x{word} 3/10") == [("3/10", "")]


@pytest.mark.parametrize(
    "words",
    ["strength", "power", "motor", "throughout", "bottle", "bottles", "set", "sets", "culture", "cultures", "tubes", "sample", "specimens", "systolic", "holosystolic", "diastolic",
     "ejection", "murmur", "pain", "tab", "tablet", "tabs", "pills", "inch", "inches", "cups", "normal saline", "NS", "criteria", "joints", "legs", "mm", "bilat", "bilaterally",
     "upper extremities", "lower limbs", "deltoid", "biceps", "triceps", "quadriceps", "grip", "in both legs", "in all limbs", "in the right leg", "in the lower limbs",
     "in upper limbs", "in bilateral legs", "on the left", "all groups", "all four limbs", "right grip", "blood cultures", "of the bottles", "aerobic bottles", "soft murmur",
     "stable systolic murmur", "-inch"],
)  # fmt: skip
def test_words_behind_a_share(words: str) -> None:
    assert dated(f"see 3/4 {words} now") == []
    assert dated(f"see 3/4  {words.upper()}") == []
    assert dated(f"see 3/4. {words}") == [("3/4", "")]
    assert dated(f"see 3/4 x{words}") == [("3/4", "")]
    assert dated(f"see 4/3 {words}") == [("4/3", "")]


@pytest.mark.parametrize(
    "unit",
    [
        "mg",
        "mcg",
        "g",
        "ng",
        "pg",
        "ml",
        "cc",
        "IU",
        "unit",
        "units",
        "kcal",
        "calories",
        "cells",
        "steps",
        "lbs",
        "days",
        "weeks",
        "months",
        "hours",
        "yrs",
    ],
)
def test_a_number_with_a_unit_is_no_year(unit: str) -> None:
    assert dated(f"2000 {unit} a day") == []
    assert dated(f"2000{unit}") == []
    assert dated("2000 a day") == [("2000", "2000")]


def test_the_29th_of_february() -> None:
    assert dated("2/29", date(2024, 3, 1)) == [("2/29", "2024-02-29")]
    assert dated("2/29", date(2025, 1, 1)) == [("2/29", "2024-02-29")]
    assert dated("2/29", date(2026, 3, 1)) == []
    assert dated("Feb 29") == [("Feb 29", "")]


def test_only_the_dates_of_the_part_asked_for() -> None:
    assert [(d.start, d.end) for d in dates("2019, 2020, 2021", 4, 12)] == [(6, 10)]


DAYS = st.dates(date(1950, 1, 1), date(2049, 12, 31))


@settings(deadline=None)
@given(DAYS, st.sampled_from([None, DAY]), st.booleans())
def test_a_date_is_read_however_it_is_written(day: date, service: date | None, capitals: bool) -> None:
    month, short = MONTHS[day.month - 1], MONTHS[day.month - 1][:3]
    ways = [
        day.isoformat(),
        f"{day:%Y/%m/%d}",
        f"{day:%m/%d/%Y}",
        f"{day.month}/{day.day}/{day.year}",
        f"{day:%m/%d/%y}",
        f"{day:%m-%d-%Y}",
        f"{day.day} {month} {day.year}",
        f"{day.day:02}-{short}-{day.year}",
        f"{day.day:02}-{short}-{day.year % 100:02}",
        f"{month} {day.day}, {day.year}",
        f"{short}. {day.day} {day.year}",
    ]
    if day.day > 12:
        ways += [f"{day:%d/%m/%Y}", f"{day:%d.%m.%y}"]
    for way in ways:
        written = way.upper() if capitals else way
        assert dated(f"CRP ({written}): 12", service) == [(written, day.isoformat())]


@settings(deadline=None)
@given(DAYS, st.integers(0, 364))
@example(date(2024, 3, 1), 1)
def test_a_day_without_a_year_lies_in_the_year_before_the_date_of_service(service: date, ago: int) -> None:
    day = service - timedelta(days=ago)
    if (day.month, day.day) != (2, 29) or service.year == day.year:
        for written in (f"{day.month}/{day.day}", f"{day.day} {MONTHS[day.month - 1]}", f"{MONTHS[day.month - 1][:3]} {day.day}"):
            assert dated(f"MRI on {written}: discitis", service) == [(written, day.isoformat())]


# Anything at all

PIECES = [
    "CRP ", "12", "1.2", "3/4", "5/5", "2026", "04", "14", "May", "may", "Jan ", "\u017fep ", "31", "0", ".", ",", "-", "/", ":", " ", " ", "(", ")", "[", "<", ">", ">>", "=",
    "->", "mg/L", "mg", "%", "+", "normal ", "ref ", "ULN ", "n", "to ", "up to ", "less than ", "le\u017f\u017f than ", "of ", "H", "h", "d", "th", "strength ", "pain ", "\n",
    "\u0663", "\u0665", "\u00bd", "\u00b2", "\ud800", "\u0301", "9" * 20, "1,000", ",111", "m\u017f", "K", "\u212a/ul", "\u0130u/ml",
]  # fmt: skip
TEXTS = st.one_of(st.lists(st.sampled_from(PIECES), max_size=16).map("".join), st.text(max_size=60), st.text(st.characters(), max_size=30))
PARTS = st.tuples(st.integers(0, 30), st.integers(0, 30))


@settings(deadline=None)
@given(TEXTS, PARTS, st.one_of(st.none(), st.dates()))
@example("\u017fep 2020", (0, 30), None)
@example("3 \u017fep 2020, 29 feb", (0, 30), date.min)
@example("\u0663 May 2020", (0, 30), None)
def test_dates_of_any_text(text: str, part: tuple[int, int], day: date | None) -> None:
    start, end = min(part), min(max(part), len(text))
    at = start
    for found in dates(text, start, end, day_of_service=day):
        assert at <= found.start < found.end <= end
        at = found.end
        assert re.fullmatch(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?", found.iso) or (found.iso == "" and day is None)
        if found.iso:
            date.fromisoformat((found.iso + "-01-01")[:10] if len(found.iso) == 4 else (found.iso + "-01")[:10])


@settings(deadline=None)
@given(TEXTS, PARTS)
def test_ranges_of_any_text(text: str, part: tuple[int, int]) -> None:
    start, end = min(part), min(max(part), len(text))
    at = start
    for found in ranges(text, start, end):
        assert at <= found.start < found.end <= end
        at = found.end
        assert found.low is not None or found.high is not None
        assert found.low is None or found.high is None or found.low <= found.high


@settings(deadline=None)
@given(TEXTS, PARTS, st.sampled_from([UNITS, {}, {"m s": 2.0, "k/ul": 3.0, "iu/ml": 0.5}]))
@example("9" * 400, (0, 400), UNITS)
@example("9 m\u017f, 9 \u0130u/ml, 9 K/uL, 9 \u212a/ul", (0, 40), {"ms": 1.0, "iu/ml": 2.0, "k/ul": 3.0})
def test_quantities_of_any_text(text: str, part: tuple[int, int], units: Mapping[str, float]) -> None:
    start, end = min(part), min(max(part), len(text))
    at = start
    for found in quantities(text, start, end, unit="x", units=units, skip=[(3, 5)]):
        assert at <= found.start < found.end <= end
        at = found.end
        assert math.isfinite(found.raw)
        assert math.isfinite(found.quantity.value)
        assert found.quantity.unit in (None, "x")
        assert found.quantity.unit is not None or found.quantity.value == pytest.approx(found.raw, abs=1e-6)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["12 mg/L", "1.2 mg/dL", "40", "<5"]), min_size=1, max_size=6), st.sampled_from([" ", ", ", "; then ", "\n"])
)
def test_quantities_come_one_by_one(parts: list[str], between: str) -> None:
    numbers = {"12 mg/L": 12.0, "1.2 mg/dL": 1.2, "40": 40.0, "<5": 5.0}
    found = measured(between.join(parts))
    assert [m.raw for m in found] == [numbers[part] for part in parts]
    assert [m.start for m in found] == list(itertools.accumulate((len(part) + len(between) for part in parts[:-1]), initial=0))
