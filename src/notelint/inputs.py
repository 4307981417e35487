"""Notes from files, folders' lists and manifests: read one by one, each mistake named and the rest still read."""

import csv
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from notelint.errors import InputError
from notelint.note import Note, Setting, split_codes
from notelint.query import Drafts, Query
from notelint.report import Failure

_KNOWN = frozenset({"id", "path", "text", "codes", "setting", "date-of-service", "note-type", "encounter", "author"})
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the command line says of all notes, where a manifest does not say it of one."""

    codes: tuple[str, ...] = ()
    setting: Setting = "unknown"
    date_of_service: date | None = None
    note_type: str | None = None


def parse_date(text: str) -> date:
    """A date as YYYY-MM-DD; InputError when it is none."""
    written = text.strip()
    try:
        found = date.fromisoformat(written)
    except ValueError:
        found = None
    # ISO 8601 has further forms, as of weeks.
    if found is None or found.isoformat() != written:
        raise InputError("the date of service is no date of the form YYYY-MM-DD")
    return found


def parse_setting(text: str) -> Setting:
    """inpatient, outpatient or unknown; InputError when it is none of them."""
    value = text.strip().lower() or "unknown"
    if value not in get_args(Setting):
        # A cell that slipped may hold words of a note: it is not repeated.
        raise InputError("the setting is none of inpatient, outpatient, unknown")
    return value  # type: ignore[return-value]


def read_text(path: Path) -> str:
    """The text of a file, exactly as it stands, UTF-8 with or without a byte-order mark. InputError names the file and the place."""
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; name its files, or list them in a manifest")
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: is no regular file")
        with path.open("rb") as handle:
            content = handle.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        # No file has a name with a null in it.
        raise InputError(f"{path}: {(getattr(error, 'strerror', None) or 'can not be read').lower()}") from None
    return decode(content, str(path))


def decode(content: bytes, name: str) -> str:
    """UTF-8 as text; InputError with the byte at which it is not, when there is nothing in it, or far too much."""
    if len(content) > _MAX_BYTES:
        raise InputError(f"{name}: larger than {_MAX_BYTES // 2**20} MiB, too large for a note")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}: line {line}: not UTF-8 (byte {error.start + 1})") from None
    if not text.strip("\ufeff \t\r\n\0"):
        raise InputError(f"{name}: empty note")
    return text


def from_paths(paths: Iterable[str], defaults: Defaults) -> Iterator[Note | Failure]:
    """The notes of files; `-` is standard input."""
    for name in paths:
        try:
            text = decode(sys.stdin.buffer.read(_MAX_BYTES + 1), "<stdin>") if name == "-" else read_text(Path(name))
        except InputError as error:
            yield _failure(name, error)
            continue
        yield Note(
            text=text, id=_shown(Path(name).stem) if name != "-" else "stdin", path=_shown(name) if name != "-" else None, codes=defaults.codes,
            setting=defaults.setting, date_of_service=defaults.date_of_service, note_type=defaults.note_type,
        )  # fmt: skip


def from_manifest(manifest: Path, defaults: Defaults) -> Iterator[Note | Failure]:
    """The notes of a JSONL or CSV manifest: `id, path | text, codes, setting, date-of-service, note-type, encounter, author`; other columns are
    allowed. Paths are relative to the manifest. InputError when the manifest itself can not be read."""
    rows = _csv_rows(manifest) if manifest.suffix.lower() in (".csv", ".tsv") else _json_rows(manifest)
    for line, row in _encounters_together(rows):
        place = _shown(f"{manifest}:{line}")
        if isinstance(row, InputError):
            yield Failure(path=place, message=str(row))
            continue
        try:
            yield _note(row, manifest.parent, defaults)
        except InputError as error:
            yield Failure(path=place, message=str(error))


def _encounters_together(
    rows: Iterable[tuple[int, Mapping[str, Any] | InputError]],
) -> Iterator[tuple[int, Mapping[str, Any] | InputError]]:
    """The rows, those of one encounter behind the first of them: a manifest need not be sorted."""
    listed = list(rows)
    firsts: dict[str, int] = {}
    for number, (_, row) in enumerate(listed):
        if isinstance(row, Mapping) and row.get("encounter"):
            firsts.setdefault(str(row["encounter"]), number)

    def key(item: tuple[int, tuple[int, Mapping[str, Any] | InputError]]) -> int:
        number, (_, row) = item
        return firsts.get(str(row.get("encounter")), number) if isinstance(row, Mapping) else number

    return (item for _, item in sorted(enumerate(listed), key=key))


def _failure(name: str, error: InputError) -> Failure:
    return Failure(path=_shown(name), message=_shown(str(error).removeprefix(f"{name}: ").removeprefix(f"{Path(name)}: ")))


def _shown(name: str) -> str:
    """The name of a file as it can be written in a report: of one that is no UTF-8 the odd bytes are escaped."""
    plain = "".join(char if char.isprintable() or 0xD800 <= ord(char) < 0xE000 else char.encode("unicode_escape").decode() for char in name)
    return plain.encode("utf-8", "backslashreplace").decode("utf-8")


def _json_rows(manifest: Path) -> Iterator[tuple[int, Mapping[str, Any] | InputError]]:
    for number, line in enumerate(_manifest_text(manifest).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, InputError(f"no JSON (column {getattr(error, 'colno', 1)})")
            continue
        yield number, row if isinstance(row, dict) else InputError("no JSON object")


def _csv_rows(manifest: Path) -> Iterator[tuple[int, Mapping[str, Any] | InputError]]:
    # Newlines inside a quoted note are the note's own: they are kept as they stand. A note may be longer than csv lets a cell be.
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_BYTES))
    lines = io.StringIO(_manifest_text(manifest), newline="")
    reader = csv.reader(lines, delimiter="\t" if manifest.suffix.lower() == ".tsv" else ",", strict=True)
    names: list[str] = []
    while True:
        begins = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if not names:
                raise InputError(f"{manifest}:{begins}: no CSV: {error}") from None
            yield begins, InputError(f"no CSV: {error}; what follows was not read")
            return
        if not row:
            continue
        if not names:
            names = [name.strip() for name in row]
            if not {"path", "text"} & set(names):
                break
        elif len(row) > len(names):
            yield begins, InputError("more cells than the header has columns")
        else:
            yield begins, {name: value for name, value in zip(names, row, strict=False) if value}
    if not {"path", "text"} & set(names):
        raise InputError(f"{manifest}:{begins if names else 1}: has neither a column `path` nor a column `text`")


def _manifest_text(manifest: Path) -> str:
    try:
        content = manifest.read_bytes()
    except OSError as error:
        raise InputError(f"{manifest}: {(error.strerror or 'can not be read').lower()}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{manifest}:{content.count(10, 0, error.start) + 1}: not UTF-8 (byte {error.start + 1})") from None


def _note(row: Mapping[str, Any], folder: Path, defaults: Defaults) -> Note:
    cells = {name.replace("_", "-"): value for name, value in row.items()}
    for name in sorted(_KNOWN - {"codes"}):
        if cells.get(name) is not None and (not isinstance(cells[name], str | int) or isinstance(cells[name], bool)):
            raise InputError(f"`{name}` is no text")
        if _HALF_CHARACTER.search(str(cells.get(name))):
            raise InputError(f"`{name}` holds half a character (a surrogate)")
    if cells.get("text") is not None:
        text, path = str(cells["text"]), None
        if not text.strip("\ufeff \t\r\n\0"):
            raise InputError("empty note")
    elif cells.get("path"):
        path = str(cells["path"])
        text = read_text(folder / path)
    else:
        raise InputError("has neither `path` nor `text`")
    given = cells.get("codes")
    if isinstance(given, list) and all(isinstance(code, str) and not _HALF_CHARACTER.search(code) for code in given):
        codes: tuple[str, ...] = tuple(given)
    elif given is None or (isinstance(given, str) and not _HALF_CHARACTER.search(given)):
        codes = split_codes(given or "")
    else:
        raise InputError("`codes` is neither a text nor a list of texts")
    return Note(
        text=text,
        id=_shown(str(cells["id"])) if cells.get("id") not in (None, "") else (_shown(Path(path).stem) if path else None),
        path=_shown(path) if path else None,
        codes=codes or defaults.codes,
        setting=parse_setting(str(cells["setting"])) if cells.get("setting") else defaults.setting,
        date_of_service=parse_date(str(cells["date-of-service"])) if cells.get("date-of-service") else defaults.date_of_service,
        note_type=str(cells["note-type"]) if cells.get("note-type") else defaults.note_type,
        # An empty cell is no encounter: notes of several patients would be pooled.
        encounter=str(cells["encounter"]) if cells.get("encounter") not in (None, "") else None,
        author=str(cells["author"]) if cells.get("author") not in (None, "") else None,
    )


def read_queries(names: Iterable[str], failures: list[Failure]) -> Iterator[tuple[str, Query | str]]:
    """(name, query) of files that hold queries: structured ones from JSON (one, or those that `query draft` printed), else the text.

    Of a Word document the text of its paragraphs and tables. What can not be read is added to the failures.
    """
    for name in names:
        try:
            if name.lower().endswith(".docx"):
                yield _shown(name), _word_text(Path(name))
                continue
            text = decode(sys.stdin.buffer.read(_MAX_BYTES + 1), "<stdin>") if name == "-" else read_text(Path(name))
            if text.lstrip("\ufeff \t\r\n")[:1] != "{":
                yield _shown(name), text
                continue
            for query in _structured(text, name):
                yield _shown(name), query
        except InputError as error:
            failures.append(_failure(name, error))


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


def _word_text(path: Path) -> str:
    try:
        from docx import Document
        from docx.table import Table
    except ImportError:
        raise InputError(f'{path}: Word documents need python-docx: pip install "notelint[documents]"') from None
    try:
        parts = list(Document(str(path)).iter_inner_content())
    except Exception as error:
        # python-docx raises what its zip and XML readers raise; their messages may hold parts of the file.
        reason = getattr(error, "strerror", None) or "no Word document"
        raise InputError(f"{path}: {str(reason).lower()}") from None
    lines = [
        "\n".join(" ".join(dict.fromkeys(cell.text for cell in row.cells)) for row in part.rows)
        if isinstance(part, Table)
        # A line break within a paragraph goes on with it.
        else part.text.replace("\n", "\n    ")
        for part in parts
    ]
    text = "\n".join(lines)
    if not text.strip():
        raise InputError(f"{path}: empty document")
    return text
