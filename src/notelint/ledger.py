"""The record of queries: an append-only JSON Lines file in which each entry holds the hash of the one before it.

An entry says what was asked, on which notes (their hashes stand in the query), with which patterns and code set, who released it, what was
answered and where the answer stands in the record. Nothing is ever rewritten: a broken chain shows.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from notelint.errors import InputError
from notelint.packs import Model
from notelint.query import Person, Query

_FIRST = "0" * 64


class Response(Model):
    """What a provider answered. `answer` is one of the options, or the words of "other" or "unable to determine"; `text` is free."""

    answer: str = Field(repr=False)
    text: str | None = Field(None, repr=False)
    by: Person
    addendum: str | None = Field(None, description="where the answer stands in the record")


class Entry(Model):
    """One event. `previous` is the hash of the entry before it, `hash` that of this one."""

    schema_: Literal["notelint/query-log/1"] = Field("notelint/query-log/1", alias="schema")
    number: int
    at: str = Field(description="ISO 8601, UTC")
    event: Literal["released", "answered"]
    query_id: str
    query: Query | None = Field(None, repr=False)
    released_by: Person | None = None
    response: Response | None = None
    retention: str | None = None
    previous: str
    hash: str = ""

    def digest(self) -> str:
        """The hash of all but the hash itself."""
        value = self.model_dump(mode="json", by_alias=True, exclude={"hash"})
        return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def read(path: Path) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """(the entries of a log, its mistakes as `path:line: what`). InputError when it can not be read; a log that is not there is empty."""
    if not path.exists():
        return (), ()
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {(getattr(error, 'strerror', None) or 'not UTF-8').lower()}") from None
    entries: list[Entry] = []
    mistakes: list[str] = []
    before = _FIRST
    for number, line in enumerate(lines, 1):
        try:
            entry = Entry.model_validate_json(line)
        except ValidationError:
            mistakes.append(f"{path}:{number}: no entry of a query log")
            before = ""
            continue
        if entry.hash != entry.digest():
            mistakes.append(f"{path}:{number}: was changed after it was written")
        if entry.previous != before or entry.number != number:
            mistakes.append(f"{path}:{number}: does not follow the entry before it")
        before = entry.hash
        entries.append(entry)
    return tuple(entries), (*mistakes, *_lacking(path, entries))


def _lacking(path: Path, entries: Sequence[Entry]) -> Iterator[str]:
    released = {entry.query_id for entry in entries if entry.event == "released"}
    for entry in entries:
        if entry.event == "released" and (entry.query is None or entry.released_by is None):
            yield f"{path}:{entry.number}: a release without its query or a named person"
        elif entry.event == "answered" and entry.query_id not in released:
            yield f"{path}:{entry.number}: an answer to {entry.query_id}, which was never released"
        elif entry.event == "answered" and entry.response is None:
            yield f"{path}:{entry.number}: an answer without its words"


def release(path: Path, query: Query, by: Person, *, verbal: bool = False, retention: str | None = None) -> Entry:
    """Record that a person released a query; the entry. InputError when the log is broken or holds the query already."""
    entries = _sound(path)
    if any(entry.query_id == query.id for entry in entries):
        raise InputError(f"{path}: query {query.id} is in the log already")
    now = _now()
    sent = query.model_copy(
        update={"status": "released", "author": query.author or by, "written": query.written or now.date(), "verbal": verbal}
    )
    return _append(path, entries, now, event="released", query_id=query.id, query=sent, released_by=by, retention=retention)


def respond(path: Path, query_id: str, response: Response) -> Entry:
    """Record an answer; the entry. InputError when the log is broken, has no such query, or the query does not offer the answer."""
    entries = _sound(path)
    query = next((entry.query for entry in entries if entry.query_id == query_id and entry.query is not None), None)
    if query is None:
        raise InputError(f"{path}: no query {query_id[:40]} was released")
    offered = [*(option.label for option in query.options), *filter(None, (query.other, query.undetermined))]
    if query.form != "open" and response.answer not in offered:
        raise InputError(f"query {query_id} does not offer that answer; it offers {'; '.join(offered)}")
    return _append(path, entries, _now(), event="answered", query_id=query_id, response=response)


def _now() -> datetime:
    return datetime.now(UTC)


def _sound(path: Path) -> tuple[Entry, ...]:
    entries, mistakes = read(path)
    if mistakes:
        raise InputError(f"{mistakes[0]}; nothing is added to a broken log")
    return entries


def _append(path: Path, entries: Sequence[Entry], now: datetime, **what: object) -> Entry:
    previous = entries[-1].hash if entries else _FIRST
    entry = Entry.model_validate({"number": len(entries) + 1, "at": now.isoformat(timespec="seconds"), "previous": previous, **what})
    entry = entry.model_copy(update={"hash": entry.digest()})
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(entry.model_dump_json(by_alias=True) + "\n")
    except OSError as error:
        raise InputError(f"{path}: {(error.strerror or 'can not be written').lower()}") from None
    return entry
