"""The documents of one encounter: their order in time, text that was copied forward, and what they contradict each other in."""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from notelint.assessment import differ
from notelint.chart import Document
from notelint.findings import Finding
from notelint.library import Library
from notelint.note import Note

_WORDS = 6
"""A sentence of so many words that stands in an earlier document too was copied; shorter ones are said alike again and again."""


def in_time(notes: Sequence[Note]) -> list[int]:
    """The numbers of the notes from the earliest to the latest; those without a date, and those of one day, in the order given."""
    if any(note.date_of_service is None for note in notes):
        return list(range(len(notes)))
    return sorted(range(len(notes)), key=lambda n: notes[n].date_of_service or date.min)


def name_of(note: Note) -> str:
    """How a document is named to the user."""
    return note.id or note.path or "another document"


def writer_of(note: Note) -> str | None:
    """Whose document it is, as far as that is known: its author, else its type."""
    known = note.author or note.note_type
    return " ".join(known.lower().split()) if known else None


def mark_copies(notes: Sequence[Note], found: Sequence[Sequence[Finding]]) -> list[tuple[Finding, ...]]:
    """The findings of notes in the order of time, those in sentences of an earlier document marked with `copied-from`.

    A short sentence counts as copied where the finding before or behind it stands in a long one of the same document.
    """
    if len(notes) < 2:
        return [tuple(findings) for findings in found]
    seen: dict[str, str] = {}
    marked: list[tuple[Finding, ...]] = []
    for note, findings in zip(notes, found, strict=True):
        words = [re.findall(r"\w+", note.view[slice(*finding.sentence)].lower()) for finding in findings]
        sources = [seen.get(" ".join(each)) for each in words]
        copied = [source if len(each) >= _WORDS else None for each, source in zip(words, sources, strict=True)]
        for n in (*range(len(copied)), *reversed(range(len(copied)))):
            beside = (copied[max(n - 1, 0)], copied[min(n + 1, len(copied) - 1)])
            if copied[n] is None and sources[n] is not None and sources[n] in beside:
                copied[n] = sources[n]
        for each in words:
            seen.setdefault(" ".join(each), name_of(note))
        marked.append(
            tuple(
                finding.model_copy(update={"attributes": {**finding.attributes, "copied-from": source}}) if source else finding
                for finding, source in zip(findings, copied, strict=True)
            )
        )
    return marked


def contradictions(
    document: Document, others: Sequence[Document], library: Library, concepts: Sequence[str]
) -> Iterator[tuple[str, str, tuple[int, ...], str]]:
    """(concept, the other document, findings here, what differs) of what this document and another say oppositely.

    Diagnoses: where two writers differ; a later word of one writer is no contradiction. Results that do not change in a life.
    """
    for concept in concepts:
        own = document.conclusion([concept])
        for other in others:
            if differ(document, other, own, other.conclusion([concept])):
                yield (
                    concept,
                    other.name,
                    own.evidence,
                    f"{'stated' if own.state == 'affirmed' else 'denied'} here and {'denied' if own.state == 'affirmed' else 'stated'} there",
                )
                break
    for concept in library.lifelong:
        own_values = _values(document, concept)
        for other in others:
            there = _values(other, concept)
            if own_values and there and {"positive", "negative"} <= {*own_values, *there} and not own_values.keys() & there.keys():
                evidence = next(iter(own_values.values()))
                yield concept, other.name, evidence, f"{next(iter(own_values))} here and {next(iter(there))} there"
                break


def _values(document: Document, concept: str) -> dict[str, tuple[int, ...]]:
    """{value: findings} of the results of a test."""
    values: dict[str, tuple[int, ...]] = {}
    for i in document.chart.indices([concept]):
        finding = document.chart.findings[i]
        if finding.status == "resulted" and finding.value in ("positive", "negative"):
            values[finding.value] = (*values.get(finding.value, ()), i)
    return values
