"""Notes from files, folders and manifests: read one by one, each mistake named and the rest still read."""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from notelint.errors import InputError
from notelint.formats import (
    Defaults,
    Options,
    content_of,
    files_of,
    notes_of,
    notes_of_rows,
    notes_within,
    parse_columns,
    parse_date,
    parse_setting,
    rows_of,
    shown,
)
from notelint.formats.plain import MAX_BYTES, decode
from notelint.note import Note
from notelint.query import Drafts, Query
from notelint.report import Failure

if TYPE_CHECKING:
    from notelint.formats.tables import Places

__all__ = ["Defaults", "decode", "from_manifest", "from_paths", "parse_columns", "parse_date", "parse_setting", "read_queries"]

_STDIN = "<stdin>"
_PLACE = re.compile(r"((?::\d+)?): ")


def from_paths(
    paths: Iterable[str],
    defaults: Defaults,
    *,
    columns: Mapping[str, str] | None = None,
    table: str | None = None,
    encounter: str | None = None,
) -> Iterator[Note | Failure]:
    """The notes of files, and of those of folders and patterns; `-` is standard input.

    With an `encounter`, notes that are alone in their files are of that one, where their files name none: the notes of a table or a batch may be
    those of several patients.
    """
    options = Options(defaults, columns or {}, table)
    for name in paths:
        if name == "-":
            yield from _alone(_from_stdin(options), encounter)
            continue
        for path in files_of([name]):
            if isinstance(path, Failure):
                yield path
            else:
                yield from _alone(_from_file(path, name if path == Path(name) else str(path), options), encounter)


def _from_file(path: Path, name: str, options: Options) -> Iterator[Note | Failure]:
    """The notes of a file, which is named as the user named it."""
    try:
        for each in notes_of(path, options):
            yield replace(each, path=shown(name)) if isinstance(each, Note) and each.path == shown(str(path)) else each
    except InputError as error:
        yield _failure(name, error)


def _from_stdin(options: Options) -> Iterator[Note | Failure]:
    try:
        for each in notes_within(sys.stdin.buffer.read(MAX_BYTES + 1), _STDIN, options):
            if isinstance(each, Note):
                yield replace(each, path=None if each.path == _STDIN else each.path, id="stdin" if each.id == _STDIN else each.id)
            else:
                yield each
    except InputError as error:
        yield _failure("-", error)


def _alone(notes: Iterator[Note | Failure], encounter: str | None) -> Iterator[Note | Failure]:
    """The notes of one file, a single one with the encounter if it has none."""
    waiting: Note | None = None
    several = encounter is None
    for each in notes:
        if isinstance(each, Failure) or several:
            yield each
        elif waiting is None:
            waiting = each
        else:
            several = True
            yield waiting
            waiting = None
            yield each
    if waiting is not None:
        yield replace(waiting, encounter=waiting.encounter or encounter)


def from_manifest(
    manifest: Path, defaults: Defaults, *, columns: Mapping[str, str] | None = None, table: str | None = None
) -> Iterator[Note | Failure]:
    """The notes of a table: `id, path | text, codes, setting, date-of-service, note-type, encounter, author, role, site, template`; other columns
    are allowed. Paths are relative to the manifest. The notes of an encounter follow each other: all rows are held. InputError when the
    manifest itself can not be read."""
    rows = rows_of(manifest, Options(defaults, columns or {}, table))
    return notes_of_rows(_encounters_together(rows), shown(str(manifest)), manifest.parent, defaults)


def _encounters_together(rows: "Places") -> "Places":
    """The rows, those of one encounter behind the first of them: a manifest need not be sorted."""
    listed = list(rows)
    firsts: dict[str, int] = {}
    for number, (_, row) in enumerate(listed):
        if isinstance(row, Mapping) and row.get("encounter"):
            firsts.setdefault(str(row["encounter"]), number)

    def key(number: int) -> int:
        row = listed[number][1]
        return firsts.get(str(row.get("encounter")), number) if isinstance(row, Mapping) else number

    return (listed[number] for number in sorted(range(len(listed)), key=key))


def _failure(name: str, error: InputError) -> Failure:
    message = str(error)
    for prefix in (name, shown(name), shown(str(Path(name)))):
        placed = _PLACE.match(message, len(prefix)) if message.startswith(prefix) else None
        if placed:
            return Failure(path=shown(name) + placed[1], message=shown(message[placed.end() :]))
    return Failure(path=shown(name), message=shown(message))


def read_queries(names: Iterable[str], failures: list[Failure]) -> Iterator[tuple[str, Query | str]]:
    """(name, query) of files that hold queries: structured ones from JSON (one, or those that `query draft` printed), else the text.

    Of a Word document the text of its paragraphs and tables. What can not be read is added to the failures.
    """
    for name in names:
        try:
            content = sys.stdin.buffer.read(MAX_BYTES + 1) if name == "-" else content_of(Path(name))
            text = _text_of_query(content, _STDIN if name == "-" else shown(name))
            if text.lstrip("\ufeff \t\r\n")[:1] != "{":
                yield shown(name), text
                continue
            for query in _structured(text, name):
                yield shown(name), query
        except InputError as error:
            failures.append(_failure(name, error))


def _text_of_query(content: bytes, name: str) -> str:
    if not content.startswith(b"PK\x03\x04"):
        return decode(content, name)
    from notelint.formats import word

    # A line break within a paragraph goes on with it.
    text = "\n".join(line.replace("\n", "\n    ") for line in word.lines(content, name))
    if not text.strip():
        raise InputError(f"{name}: empty document")
    return text


def _structured(text: str, name: str) -> tuple[Query, ...]:
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}:{getattr(error, 'lineno', 1)}: no JSON (column {getattr(error, 'colno', 1)})") from None
    try:
        if "queries" in data:
            return Drafts.model_validate(data).queries
        return (Query.model_validate(data),)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, problem["loc"])) or "file"
        raise InputError(f"{name}: {place}: {'is missing' if problem['type'] == 'missing' else 'is not what a query holds'}") from None
