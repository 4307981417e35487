"""The tables of an audit: what each holds, and the rows that a report of a note puts into them.

`SCHEMA` is the version of these shapes. Keys are stable: `note` is made of where a note stands and of its words, and what belongs to a note is
numbered within it. A date that the note tells may be partial and is text; lists are text, their parts between blanks or, where their parts may
hold blanks, JSON.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from notelint.note import Note
from notelint.report import Failure, NoteReport

SCHEMA = "notelint/audit/1"

Type = Literal["text", "integer", "number", "boolean"]
Table = Literal["notes", "codes", "findings", "elements", "diagnostics", "alternatives", "errors"]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `quotes`: it may hold words of the note, and is null with `--no-quotes`."""

    name: str
    type: Type
    about: str
    quotes: bool = False


TABLES: Mapping[Table, tuple[Column, ...]] = {
    "notes": (
        Column("note", "text", "key of the note"),
        Column("source", "text", "the file, and where in it the note stands"),
        Column("id", "text", "the note's own id"),
        Column("sha256", "text", "hash of the text as read"),
        Column("characters", "integer", "length of the text, code points"),
        Column("encounter", "text", "encounter"),
        Column("setting", "text", "inpatient, outpatient or unknown"),
        Column("date", "text", "date of service, ISO 8601"),
        Column("note_type", "text", "type of the note"),
        Column("author", "text", "who wrote it"),
        Column("role", "text", "what the author is"),
        Column("site", "text", "where the patient was seen"),
        Column("template", "text", "template of the note"),
        Column("codes", "text", "the codes it is checked against, in their sequence, between blanks"),
        Column("codes_from", "text", "given, note or words"),
        Column("errors", "integer", "diagnostics of severity error"),
        Column("warnings", "integer", "diagnostics of severity warning"),
        Column("infos", "integer", "diagnostics of severity info"),
    ),
    "codes": (
        Column("note", "text", "key of the note"),
        Column("sequence", "integer", "place of the code, from 1"),
        Column("code", "text", "ICD-10-CM code"),
        Column("title", "text", "its title, null for a code that there is not"),
        Column("billable", "boolean", "valid for submission in the release used"),
        Column("family", "text", "family of the patterns that knows it, null for all others"),
        Column("decision", "text", "assign, unspecified, query, replace, unsupported; null outside the families"),
    ),
    "findings": (
        Column("note", "text", "key of the note"),
        Column("finding", "integer", "number within the note, from 0"),
        Column("concept", "text", "what it is"),
        Column("kind", "text", "diagnosis, test, imaging …"),
        Column("text", "text", "the words", quotes=True),
        Column("start", "integer", "first code point"),
        Column("end", "integer", "behind the last code point"),
        Column("section", "text", "section of the note"),
        Column("author", "text", "provider, radiology, laboratory, pathology, nursing, patient"),
        Column("negated", "boolean", "ConText axis"),
        Column("possible", "boolean", "ConText axis"),
        Column("historical", "boolean", "ConText axis"),
        Column("hypothetical", "boolean", "ConText axis"),
        Column("family", "boolean", "ConText axis"),
        Column("status", "text", "of tests and studies"),
        Column("value", "text", "normal form of the value"),
        Column("comparator", "text", "=, < or >"),
        Column("quantity", "number", "the measured quantity"),
        Column("unit", "text", "its unit"),
        Column("date", "text", "its date, as partial as the note"),
        Column("attributes", "text", "further facts, JSON", quotes=True),
    ),
    "elements": (
        Column("note", "text", "key of the note"),
        Column("code", "text", "the code that asks for it"),
        Column("element", "text", "what is asked for"),
        Column("level", "text", "required, specificity or recommended"),
        Column("status", "text", "met, uncertain, missing or conflict"),
        Column("evidence", "text", "numbers of findings, between blanks"),
    ),
    "diagnostics": (
        Column("note", "text", "key of the note"),
        Column("diagnostic", "integer", "number within the note, from 0"),
        Column("rule", "text", "rule"),
        Column("category", "text", "its category"),
        Column("severity", "text", "error, warning or info"),
        Column("code", "text", "the code it concerns"),
        Column("message", "text", "what is told", quotes=True),
        Column("start", "integer", "first code point, null without a place"),
        Column("end", "integer", "behind the last code point"),
        Column("line", "integer", "line, from 1"),
        Column("column", "integer", "column, from 1"),
        Column("quote", "text", "the words at its place", quotes=True),
        Column("evidence", "text", "numbers of findings, between blanks"),
    ),
    "alternatives": (
        Column("note", "text", "key of the note"),
        Column("code", "text", "the chosen code"),
        Column("alternative", "text", "the other code"),
        Column("kind", "text", "more-specific, instead, additional or candidate"),
        Column("route", "text", "entry of the patterns that leads to it"),
        Column("reason", "text", "why", quotes=True),
        Column("evidence", "text", "numbers of findings, between blanks"),
    ),
    "errors": (
        Column("source", "text", "the file, and where in it"),
        Column("reason", "text", "why it was not read"),
    ),
}  # fmt: skip
"""The columns of each table."""


def key_of(source: str, text_hash: str) -> str:
    """The stable key of a note: where it stands, and its words."""
    return sha256(f"{source}\0{text_hash}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def rows_of(note: Note, report: NoteReport, source: str, families: Mapping[str, str | None], *, quotes: bool) -> dict[Table, list[Row]]:
    """The rows of a note. `source` tells where it stands; `families` gives the family of each code of the report."""
    text_hash = sha256(note.text.encode("utf-8", "surrogatepass")).hexdigest()
    key = key_of(source, text_hash)
    count = {severity: sum(d.severity == severity for d in report.diagnostics) for severity in ("error", "warning", "info")}
    rows: dict[Table, list[Row]] = {
        "notes": [(
            key, source, note.id, text_hash, len(note.text), note.encounter, note.setting,
            note.date_of_service.isoformat() if note.date_of_service else None, note.note_type, note.author, note.role, note.site, note.template,
            " ".join(report.codes), report.codes_from, count["error"], count["warning"], count["info"],
        )],
        "codes": [
            (key, number, a.code, a.title, a.billable, families.get(a.code), a.decision) for number, a in enumerate(report.assessments, 1)
        ],
        "findings": [
            (
                key, number, f.concept, f.kind, f.text, f.start, f.end, f.section, f.author, f.negated, f.possible, f.historical,
                f.hypothetical, f.family, f.status, f.value, *((f.quantity.comparator, f.quantity.value, f.quantity.unit) if f.quantity else (None,) * 3),
                f.date, json.dumps(f.attributes, ensure_ascii=False, sort_keys=True) if f.attributes else None,
            )
            for number, f in enumerate(report.findings)
        ],
        "elements": [
            (key, a.code, e.element, e.level, e.status, _numbers(e.evidence)) for a in report.assessments for e in a.elements
        ],
        "diagnostics": [
            (
                key, number, d.rule, d.rule.partition("/")[0], d.severity, d.code, d.message, d.start, d.end, d.line, d.column,
                note.text[d.start : d.end] if d.start is not None else None, _numbers(d.evidence),
            )
            for number, d in enumerate(report.diagnostics)
        ],
        "alternatives": [
            (key, a.code, o.code, o.kind, o.route, o.reason, _numbers(o.evidence)) for a in report.assessments for o in a.alternatives
        ],
        "errors": [],
    }  # fmt: skip
    return rows if quotes else {table: [_without(table, row) for row in found] for table, found in rows.items()}


def row_of_failure(failure: Failure) -> Row:
    """The row of what was not read."""
    return failure.path, failure.message


def columns_of(rows: Iterable[Row], table: Table) -> dict[str, list[Any]]:
    """Rows as columns."""
    held = list(rows)
    return {column.name: [row[number] for row in held] for number, column in enumerate(TABLES[table])}


def _without(table: Table, row: Row) -> Row:
    return tuple(None if column.quotes else value for column, value in zip(TABLES[table], row, strict=True))


def _numbers(evidence: Sequence[int]) -> str | None:
    return " ".join(map(str, evidence)) or None
