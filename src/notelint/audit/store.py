"""The folder of a run: who may write there, what identifies the work, the parts that are done, and how the final files come there whole.

DIR/run.json              what the run is, and what it counted: it stands there when all other files do
DIR/summary.json, DIR/report.html, and the tables
DIR/.parts/work.json      what is being done; with the parts in a folder beside it, until the run is finished
DIR/.lock                 held by the process that writes here, and let go by the kernel when that ends in whatever way
"""

import gzip
import hashlib
import json
import os
import shutil
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from notelint import __version__
from notelint.audit.rows import TABLES, Row, Table
from notelint.errors import InputError, NotelintError
from notelint.formats import shown
from notelint.linter import Wanted
from notelint.note import Setting
from notelint.packs import Model
from notelint.report import Failure
from notelint.rules import Severity

TableFormat = Literal["parquet", "csv", "jsonl", "sqlite"]

RUN, SUMMARY, PAGE, SQLITE = "run.json", "summary.json", "report.html", "audit.sqlite"
_PARTS, _LOCK, _WORK = ".parts", ".lock", "work.json"
_FILES = frozenset({RUN, SUMMARY, PAGE, SQLITE, *(f"{table}.{ending}" for table in TABLES for ending in ("parquet", "csv", "jsonl"))})
"""All that a run may leave."""


class Inputs(Model):
    """What a run reads: as it was named; its files, their bytes, and a hash of their names, sizes and times of change."""

    given: tuple[str, ...]
    files: int
    bytes: int
    sha256: str


class Options(Model):
    """The options on which the rows depend, and the shape of the tables."""

    format: TableFormat = "parquet"
    profile: str = "audit"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    findings: Wanted = "all"
    quotes: bool = True
    timeout: float = 60
    code: tuple[str, ...] = ()
    setting: Setting = "unknown"
    date_of_service: str | None = None
    note_type: str | None = None
    map: dict[str, str] = Field(default_factory=dict)
    table: str | None = None


class Work(Model):
    """What identifies the work of a run: with the same, the same files come out, byte for byte."""

    schema_: Literal["notelint/audit/1"] = Field("notelint/audit/1", alias="schema")
    version: str = __version__
    inputs: Inputs
    options: Options
    patterns: str = Field(description="fingerprint of the pattern files")
    code_sets: tuple[str, ...] = Field(description="the loaded releases of ICD-10-CM, with the file each was read from")


class Counts(Model):
    """How many notes and diagnostics. `given` is the sum of `read` and `unreadable`.

    `notes-with` counts, for each severity, the notes that have a diagnostic of it or of a graver one.
    """

    given: int
    read: int
    unreadable: int
    errors: int
    warnings: int
    infos: int
    notes_with: dict[Severity, int]


class Run(Work):
    """A finished run. `run` is made of the words of its notes in their order, and of all that decides what is said of them."""

    run: str
    counts: Counts
    tables: dict[Table, int]


def inputs_of(given: Sequence[str], files: Iterable[Path | Failure]) -> Inputs:
    """The inputs as they are now."""
    found = hashlib.sha256()
    number = size = 0
    for file in files:
        if isinstance(file, Failure):
            found.update(f"{file.path}\0-\n".encode())
            continue
        number += 1
        try:
            status = file.stat()
        except (OSError, ValueError):
            found.update(f"{file}\0-\n".encode("utf-8", "surrogateescape"))
            continue
        size += status.st_size
        found.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return Inputs(given=tuple(map(shown, given)), files=number, bytes=size, sha256=found.hexdigest())


def changes(before: Work, now: Work) -> tuple[str, ...]:
    """What tells two works apart, in words."""
    found = []
    if before.inputs != now.inputs:
        found.append("the inputs")
    for name, value in now.options:
        if getattr(before.options, name) != value:
            found.append("--no-quotes" if name == "quotes" else f"--{name.replace('_', '-')}")
    if before.patterns != now.patterns:
        found.append("the patterns")
    if before.code_sets != now.code_sets:
        found.append("the code set")
    if (before.version, before.schema_) != (now.version, now.schema_):
        found.append("the version of notelint")
    return tuple(found)


# ---------------------------------------------------------------------------------------------------- the folder


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder of a run, made where there is none, and nobody else's until the end. InputError when that can not be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / _LOCK).exists() and finished(folder) is None:
            raise InputError(f"{folder}: is not empty, and holds no audit; name another folder")
        lock = (folder / _LOCK).open("ab")
    except OSError as error:
        raise unwritable(folder, error) from None
    with lock:
        try:
            _lock(lock.fileno())
        except OSError:
            raise InputError(f"{folder}: another audit writes there at this moment") from None
        yield


if sys.platform == "win32":

    def _lock(descriptor: int) -> None:
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _lock(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def unwritable(path: Path, error: Exception) -> InputError:
    """The error of a place where something can not be written."""
    return InputError(f"{path}: {(getattr(error, 'strerror', None) or 'can not be written').lower()}")


def finished(folder: Path) -> Run | None:
    """The finished run of a folder."""
    try:
        return Run.model_validate_json((folder / RUN).read_bytes())
    except (OSError, ValidationError):
        return None


def begun(folder: Path) -> Work | None:
    """The work that was begun in a folder and is not finished."""
    try:
        return Work.model_validate_json((folder / _PARTS / _WORK).read_bytes())
    except (OSError, ValidationError):
        return None


def begin(folder: Path, work: Work) -> Path:
    """The folder for the parts of a work, with those that are done; parts of other work are thrown away."""
    text = work.model_dump_json(by_alias=True).encode()
    # Who was left over from other work finds its folder gone, and can not write among these parts.
    parts = folder / _PARTS / hashlib.sha256(text).hexdigest()[:16]
    try:
        if begun(folder) != work or not parts.is_dir():
            clear(folder)
            parts.mkdir(parents=True)
            _write_whole(folder / _PARTS / _WORK, text)
    except OSError as error:
        raise unwritable(folder, error) from None
    return parts


def clear(folder: Path) -> None:
    """Throw the parts away."""
    shutil.rmtree(folder / _PARTS, ignore_errors=True)


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{path.name}-{os.getpid()}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


# ---------------------------------------------------------------------------------------------------- parts


def part_path(parts: Path, number: int) -> Path:
    """The file of a part."""
    return parts / f"{number:08}.gz"


def done(parts: Path) -> set[int]:
    """The numbers of the parts that are done."""
    return {int(path.stem) for path in parts.glob("*.gz")}


def write_part(parts: Path, number: int, given: int, rows: Iterable[Mapping[Table, Sequence[Row]]]) -> None:
    """Write a part, whole or not at all: how many notes were given, then the rows of one encounter after another. OSError when that fails."""
    path = part_path(parts, number)
    temporary = path.with_name(f"{path.name}-{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            # More effort saves little, and the parts live no longer than the run.
            with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed:
                packed.write(b"%d\n" % given)
                for some in rows:
                    line = json.dumps({table: found for table, found in some.items() if found}, ensure_ascii=False)
                    # Half a character, which no table can hold, becomes a question mark.
                    packed.write(line.encode("utf-8", "replace") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def given_in(parts: Path, number: int) -> int:
    """How many notes were given of which a part tells. NotelintError when its file is damaged."""
    with _unpacked(parts, number) as file:
        return int(file.readline())


def rows_of_part(parts: Path, number: int) -> Iterator[dict[Table, list[Row]]]:
    """The rows of a part, those of one encounter after another. NotelintError when its file is damaged."""
    with _unpacked(parts, number) as file:
        file.readline()
        for line in file:
            yield {table: [tuple(row) for row in rows] for table, rows in json.loads(line).items()}


@contextmanager
def _unpacked(parts: Path, number: int) -> Iterator[gzip.GzipFile]:
    path = part_path(parts, number)
    try:
        with gzip.open(path, "rb") as file:
            yield file
    except (OSError, EOFError, ValueError, zlib.error):
        raise NotelintError(f"{path}: is damaged; remove it, and the same command does this part anew") from None


def final_folder(parts: Path) -> Path:
    """An empty folder for the final files until all of them are written."""
    folder = parts / "final"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def publish(folder: Path, final: Path) -> None:
    """Put the final files in the place of those of an earlier run, `run.json` last; then throw the parts away. OSError when that fails."""
    names = sorted((path.name for path in final.iterdir()), key=lambda name: (name == RUN, name))
    for name in names:
        with (final / name).open("rb+") as file:
            os.fsync(file.fileno())
    for name in sorted(_FILES.intersection(each.name for each in folder.iterdir()), key=lambda name: (name != RUN, name)):
        if name == RUN or name not in names:
            (folder / name).unlink()
    for name in names:
        (final / name).replace(folder / name)
    clear(folder)
