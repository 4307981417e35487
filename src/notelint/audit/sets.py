"""The sets of notes behind the numbers of a report: their names and labels, the queries of DuckDB that give them, and how the page holds them.

A set has a short name, a letter and a number, such as `a0` of the author with the most notes; "a0 m0" are the notes that are in both sets.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from notelint.assessment import AlternativeKind, Decision, ElementStatus
from notelint.audit.rows import TABLES, Table
from notelint.audit.summary import DECISIONS, DIMENSIONS, MEASURE_TITLES, MEASURES, ORIGINS, STATUSES, Dimension, Group, Measure, Summary
from notelint.report import CodesFrom

DECISION_TITLES: Mapping[Decision, tuple[str, str]] = {
    "assign": ("assign", "the words of the note support the code as chosen"),
    "unspecified": ("unspecified", "supported, and neither code nor note names what would make it specific"),
    "query": ("query", "something is open that only the provider can answer"),
    "replace": ("replace", "the words of the note belong to another code"),
    "unsupported": ("unsupported", "no provider's statement in the note supports the code"),
}
KIND_TITLES: Mapping[AlternativeKind, tuple[str, str]] = {
    "more-specific": ("more specific", "the words of the note name what the chosen code leaves open"),
    "instead": ("in its place", "the words of the note belong to the other code"),
    "candidate": ("candidate", "the words fit both; only the provider can choose"),
    "additional": ("additional", "beside the chosen code"),
}
ORIGIN_TITLES: Mapping[CodesFrom, str] = {
    "given": "given with the note", "note": "written in the note", "words": "that the words of the note support"
}  # fmt: skip
STATUS_TITLES: Mapping[ElementStatus, str] = {
    "met": "Met", "uncertain": "Without clear result", "missing": "Missing", "conflict": "In conflict"
}  # fmt: skip
VALUE_LETTERS: Mapping[Dimension, str] = {"author": "a", "role": "o", "site": "s", "template": "t", "month": "d"}
DECISION_LETTERS: Mapping[Decision, str] = dict(zip(DECISIONS, "ABCDE", strict=True))
STATUS_LETTERS: Mapping[ElementStatus, str] = dict(zip(STATUSES, "GHIJ", strict=True))
"""The letters of sets. Of the others: n all notes, g where codes are from, m measures, f families, x errors and y missing elements of a family, k codes, u those
that are unspecified, v those for which the words are more specific, r rules, e elements, p pairs of codes."""

QUERY_SET_UP = "\n".join(f"CREATE VIEW {table} AS FROM '{table}.parquet';" for table in TABLES)
"""What DuckDB is told first, in the folder of a run with tables in Parquet."""
NOT_GIVEN = "not given"
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@dataclass(frozen=True, slots=True)
class NoteSet:
    """Notes that a number of the page leads to. `where` is the SQL condition on the table of notes that holds for these and no others."""

    name: str
    label: str
    where: str
    group: Group


def note_sets(summary: Summary) -> dict[str, NoteSet]:
    """{name: set} of all groups of a summary that hold a note."""
    return {one.name: one for one in _all_sets(summary) if one.group.notes}


def _in(table: Table, condition: str, *, of_family: str = "") -> str:
    """The condition that a note has such a row in a table, for a code of a family if one is told."""
    joined = f"{table} JOIN codes USING (note, code)" if of_family else table
    return f"note IN (SELECT note FROM {joined} WHERE {condition}{f' AND {of_family}' if of_family else ''})"  # noqa: S608  a text for who reads the page, asked of no database here


_MISSING = "level = 'required' AND status = 'missing'"
_MEASURED: Mapping[Measure, str] = {
    "error": "errors > 0",
    "warning": "warnings > 0",
    "missing": _in("elements", _MISSING),
    "unspecified": _in("codes", "decision = 'unspecified'"),
    "more-specific": _in("alternatives", "kind = 'more-specific'"),
}


def _all_sets(summary: Summary) -> Iterator[NoteSet]:
    yield NoteSet("n0", "all notes", "true", Group(notes=summary.notes, times=summary.notes, listed=tuple(range(len(summary.listed)))))
    for number, origin in enumerate(ORIGINS):
        yield NoteSet(f"g{number}", f"codes {ORIGIN_TITLES[origin]}", f"codes_from = {_text(origin)}", summary.codes_from[origin])
    for number, measure in enumerate(MEASURES):
        yield NoteSet(f"m{number}", f"notes {MEASURE_TITLES[measure]}", _MEASURED[measure], summary.measures[measure])
    for dimension in DIMENSIONS:
        column = "left(date::VARCHAR, 7)" if dimension == "month" else dimension
        for number, value in enumerate(summary.values[dimension]):
            yield NoteSet(f"{VALUE_LETTERS[dimension]}{number}", f"{dimension} {named(value.name)}", _is(column, value.name), value)
    for number, family in enumerate(summary.families):
        is_family, label = _is("family", family.name), family_title(family.name)
        yield NoteSet(f"f{number}", f"codes of {label}", _in("codes", is_family), family)
        yield NoteSet(
            f"x{number}", f"an error at a code of {label}", _in("diagnostics", "severity = 'error'", of_family=is_family), family.error
        )
        missing = _in("elements", _MISSING, of_family=is_family)
        yield NoteSet(f"y{number}", f"a required element missing at a code of {label}", missing, family.missing)
        for decision, letter in DECISION_LETTERS.items():
            decided = _in("codes", f"{is_family} AND decision = {_text(decision)}")
            yield NoteSet(f"{letter}{number}", f"{label}: {DECISION_TITLES[decision][0]}", decided, family.decisions[decision])
    for number, code in enumerate(summary.codes):
        is_code = f"code = {_text(code.code)}"
        unspecified, more_specific = f"{is_code} AND decision = 'unspecified'", f"{is_code} AND kind = 'more-specific'"
        yield NoteSet(f"k{number}", f"code {code.code}", _in("codes", is_code), code)
        yield NoteSet(f"u{number}", f"{code.code}, and the note says no more", _in("codes", unspecified), code.unspecified)
        yield NoteSet(f"v{number}", f"{code.code}, and the words are more specific", _in("alternatives", more_specific), code.more_specific)
    for number, rule in enumerate(summary.rules):
        yield NoteSet(f"r{number}", f"rule {rule.name}", _in("diagnostics", f"rule = {_text(rule.name)}"), rule)
    for number, element in enumerate(summary.elements):
        is_element = f"element = {_text(element.name)}"
        yield NoteSet(f"e{number}", f"{element.name} asked for", _in("elements", is_element), element)
        for status, letter in STATUS_LETTERS.items():
            stands = _in("elements", f"{is_element} AND status = {_text(status)}")
            yield NoteSet(f"{letter}{number}", f"{element.name}: {STATUS_TITLES[status].lower()}", stands, element.statuses[status])
    for number, pair in enumerate(summary.pairs):
        both = f"code = {_text(pair.code)} AND alternative = {_text(pair.alternative)} AND kind = {_text(pair.kind)}"
        label = f"{pair.code}, the words support {pair.alternative} ({KIND_TITLES[pair.kind][0]})"
        yield NoteSet(f"p{number}", label, _in("alternatives", both), pair)


def _text(value: str) -> str:
    """A text as SQL."""
    return "'" + value.replace("'", "''") + "'"


def _is(column: str, value: str | None) -> str:
    return f"{column} IS NULL" if value is None else f"{column} = {_text(value)}"


def named(value: str | None) -> str:
    """A value of a dimension as it is shown."""
    return NOT_GIVEN if value is None else value if value.strip() else "(empty)"


def family_title(family: str | None) -> str:
    """A family as it is shown."""
    return "codes outside the patterns" if family is None else family


# ---------------------------------------------------------------------------------------------------- what the script reads


def data_of(summary: Summary, sets: Mapping[str, NoteSet]) -> dict[str, object]:
    """The notes once, by source, and each set as differences between the numbers of its notes."""
    order = sorted(range(len(summary.listed)), key=lambda number: (summary.listed[number].source, summary.listed[number].note))
    place = {number: at for at, number in enumerate(order)}
    notes = [summary.listed[number] for number in order]
    return {
        "keys": "".join(note.note for note in notes),
        "sources": _fronted(note.source for note in notes),
        "ids": _fronted(note.id for note in notes),
        "sets": {
            name: [one.label, one.where, one.group.notes, _coded(sorted(place[number] for number in one.group.listed))]
            for name, one in sets.items()
        },
    }


def _coded(numbers: Iterable[int]) -> str:
    """Rising numbers as text: of each the difference from the one before, less one, in digits of five bits, the sixth if another follows."""
    parts: list[str] = []
    before = -1
    for number in numbers:
        rest = number - before - 1
        before = number
        while rest > 31:
            parts.append(_DIGITS[32 + rest % 32])
            rest //= 32
        parts.append(_DIGITS[rest])
    return "".join(parts)


def _fronted(texts: Iterable[str | None]) -> list[str | None]:
    """Each text without the beginning that it has in common with the one before, led by a digit that tells how long that was."""
    found: list[str | None] = []
    before = ""
    for text in texts:
        if text is None:
            found.append(None)
            continue
        # A script counts in halves of what lies beyond the first plane.
        same = next((n for n, (a, b) in enumerate(zip(before, text, strict=False)) if a != b or a > "\uffff"), min(len(before), len(text)))
        same = min(same, len(_DIGITS) - 1)
        found.append(_DIGITS[same] + text[same:])
        before = text
    return found
