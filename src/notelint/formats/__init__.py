"""Notes from the files that hospitals hold, each format in its own module, with what the format knows of a note."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from glob import glob
from pathlib import Path

from notelint.errors import InputError
from notelint.note import Note, Setting
from notelint.report import Failure


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the command line says of all notes, where their own files do not say it of one."""

    codes: tuple[str, ...] = ()
    setting: Setting = "unknown"
    date_of_service: date | None = None
    note_type: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How files are read. `columns`: {field of a note: column of a table}, for tables whose columns have other names."""

    defaults: Defaults = Defaults()
    columns: Mapping[str, str] = field(default_factory=dict)


def files_of(inputs: Iterable[str]) -> Iterator[Path | Failure]:
    """The files of folders (with all below them), of patterns such as `notes/*.xml`, and of names, in the order of their names; hidden ones are passed over."""
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            found = sorted(
                each
                for each in path.rglob("*")
                if each.is_file() and not any(part.startswith(".") for part in each.relative_to(path).parts)
            )
        elif path.exists() or not glob(name, recursive=True):  # noqa: PTH207
            found = [path]
        else:
            found = sorted(map(Path, glob(name, recursive=True)))  # noqa: PTH207
        if not found:
            yield Failure(path=name, message="holds no files")
        yield from found


def is_table(path: Path) -> bool:
    """Does a file hold many notes as rows, to be read row by row in constant memory?"""
    return path.suffix.lower() in (".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".sqlite", ".db")


def notes_of(path: Path, options: Options) -> Iterator[Note | Failure]:
    """The notes of a file of any format. InputError, whose message begins with the file's name, when it can not be read as a whole."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path}: can not be read") from None
    yield Note(text=text, id=path.stem, path=str(path), codes=options.defaults.codes, setting=options.defaults.setting)
