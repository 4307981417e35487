"""What an audit is given: files and the rows of tables in their order, cut into parts that any process can do at any time.

The cut depends on the input alone, never on who works or how fast. Adjacent notes of one encounter are judged together: the rows of a table are cut
only between encounters, and of documents, whose encounters nobody knows before they are opened, a part takes the notes behind it that go on with
its last encounter, and leaves those in front with which an earlier part has gone on. Tables never share an encounter with other files.
"""

import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path

from notelint import formats
from notelint.errors import InputError
from notelint.formats import Options, shown
from notelint.formats.plain import stem_of
from notelint.linter import internal_error
from notelint.note import Note
from notelint.report import Failure

ROWS = 200
"""A part of a table has so many rows, or as many more as its last encounter has. A part is done anew when a run is broken off."""
FILES = 25
"""A part of documents has so many files: to open one may take as long as to check ten notes."""
CHARACTERS = 4_000_000
"""A part of a table ends where its notes have so many characters together: few parts are held in memory at any time."""

Place = tuple[int, int]
"""Where an item of a part stands: (the number of its file in the run, its number in the file), or in a table (its number in the part, 0)."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A note, and where it stands as the user reads it: unique in a run."""

    source: str
    note: Note = field(repr=False)


Item = Placed | Failure


@dataclass(frozen=True, slots=True)
class TablePart:
    """A part of a table, read already."""

    number: int
    items: tuple[Item, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DocumentPart:
    """A part of the documents: the files of the run from `first` on, to be opened by who does the part."""

    number: int
    first: int
    files: tuple[Path | Failure, ...]


Part = TablePart | DocumentPart


class Files:
    """The files of a run by their number; an input that holds none is a Failure."""

    def __init__(self, files: Sequence[Path | Failure], options: Options) -> None:
        self._files, self.options = tuple(files), options
        self._tables: dict[int, bool] = {}

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[Path | Failure]:
        return iter(self._files)

    def __getitem__(self, number: int) -> Path | Failure:
        return self._files[number]

    def is_table(self, number: int) -> bool:
        """Is it a table? The file is looked into once."""
        if number not in self._tables:
            file = self._files[number]
            self._tables[number] = isinstance(file, Path) and formats.is_table(file, self.options)
        return self._tables[number]

    def document(self, number: int) -> Path | Failure | None:
        """The file of a number; None where there is none, or it is a table."""
        return None if not 0 <= number < len(self._files) or self.is_table(number) else self._files[number]


def files_of(inputs: Iterable[str], output: Path, options: Options) -> Files:
    """The files of a run, each once, those of its own folder `output` left out."""
    own = Path(os.path.realpath(output))
    found: dict[str, Path | Failure] = {}
    for each in formats.files_of(inputs):
        real = os.path.realpath(each) if isinstance(each, Path) else f"{each.path}\0"
        if not Path(real).is_relative_to(own):
            found.setdefault(real, each)
    return Files(tuple(found.values()), options)


def size_of(part: Part) -> int:
    """How much a part has for who shows how far a run is: rows or files."""
    return len(part.items) if isinstance(part, TablePart) else len(part.files)


def size(files: Files, stopped: Callable[[], bool]) -> int | None:
    """The sizes of all parts together; tables are read for it. None when it was stopped."""
    number = 0
    for n, file in enumerate(files):
        for _ in items_of(file, files.options, lambda _: 1) if files.is_table(n) else (file,):
            number += 1
            if stopped():
                return None
    return number


def parts(files: Files) -> Iterator[Part]:
    """The parts of a run, numbered from 0."""
    numbers = count()
    with _Sources() as sources:
        for tables, stretch in groupby(range(len(files)), key=files.is_table):
            listed = list(stretch)
            if tables:
                for number in listed:
                    for items in _cut(items_of(files[number], files.options, sources.number)):
                        yield TablePart(next(numbers), items)
            else:
                for at in range(0, len(listed), FILES):
                    some = listed[at : at + FILES]
                    yield DocumentPart(next(numbers), some[0], tuple(files[number] for number in some))


def items_of(file: Path | Failure, options: Options, number: Callable[[str], int] | None = None) -> Iterator[Item]:
    """What a file holds: at least one item. `number` tells how often a source was given so far; None counts within the file."""
    if isinstance(file, Failure):
        yield file
        return
    name, count_of, items = shown(str(file)), number or _counter(), 0
    try:
        for items, item in enumerate(formats.notes_of(file, options), 1):
            if isinstance(item, Failure):
                yield item
                continue
            source = _source(item, name, items)
            given = count_of(source)
            yield Placed(source if given == 1 else f"{source} ({given})", item)
    except InputError as error:
        # Its place in the file, where one is told, stands with its name.
        placed = re.match(re.escape(name) + r"(?::\d+)?(?=: )", str(error))
        yield Failure(path=placed[0] if placed else name, message=str(error)[placed.end() + 2 if placed else 0 :])
    except Exception as error:
        yield Failure(path=name, message=internal_error(error))
    else:
        if not items:
            yield Failure(path=name, message="holds no notes")


def _counter() -> Callable[[str], int]:
    counted: Counter[str] = Counter()

    def number(source: str) -> int:
        counted[source] += 1
        return counted[source]

    return number


def _source(note: Note, name: str, number: int) -> str:
    """Where a note of a file stands: the file, with the note's own id where that tells more than the name of the file, else with its place in it."""
    if note.id is None:
        return note.path if note.path and note.path.startswith(f"{name}:") else f"{name}:{number}"
    return name if note.path == name and note.id == stem_of(name) else f"{name}#{note.id}"


class _Sources:
    """How often each source was given, of any number of them: what does not fit into memory goes to a file that nobody else sees."""

    def __enter__(self) -> "_Sources":
        self._given = sqlite3.connect("", isolation_level=None)
        self._given.execute("CREATE TABLE given (source TEXT PRIMARY KEY, number INTEGER) WITHOUT ROWID")
        self._given.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._given.close()

    def number(self, source: str) -> int:
        """How often a source was given, with this time."""
        found = self._given.execute(
            "INSERT INTO given VALUES (?, 1) ON CONFLICT (source) DO UPDATE SET number = number + 1 RETURNING number",
            (source.encode("utf-8", "surrogatepass"),),
        )
        return int(found.fetchone()[0])


def _cut(items: Iterable[Item]) -> Iterator[tuple[Item, ...]]:
    """TablePart in parts; what was not read stands with what is before it."""
    held: list[Item] = []
    characters = 0
    encounter: str | None = None
    for item in items:
        full = len(held) >= ROWS or characters >= CHARACTERS
        if full and (encounter is None or (isinstance(item, Placed) and item.note.encounter != encounter)):
            yield tuple(held)
            held, characters, encounter = [], 0, None
        held.append(item)
        if isinstance(item, Placed):
            characters += len(item.note.text)
            encounter = item.note.encounter
    if held:
        yield tuple(held)


# ---------------------------------------------------------------------------------------------------- the items of a part


def items_of_part(part: Part, read: Callable[[int], Sequence[Item] | None]) -> list[tuple[Place, Item]]:
    """The items that belong to a part, with their places. `read` gives what the document of a number holds, None where there is none."""
    if isinstance(part, TablePart):
        return [((number, 0), item) for number, item in enumerate(part.items)]
    behind = part.first + len(part.files)
    own = [((file, n), item) for file in range(part.first, behind) for n, item in enumerate(read(file) or ())]
    begins = next((item.note.encounter for _, item in own if isinstance(item, Placed)), None)
    if begins is not None and _encounter_before(part.first, read) == begins:
        others = (n for n, (_, item) in enumerate(own) if isinstance(item, Placed) and item.note.encounter != begins)
        first = next(others, len(own))
        own = [pair for pair in own[:first] if isinstance(pair[1], Failure)] + own[first:]
    ends = next((item.note.encounter for _, item in reversed(own) if isinstance(item, Placed)), None)
    return own if ends is None else own + list(_going_on(ends, behind, read))


def _encounter_before(file: int, read: Callable[[int], Sequence[Item] | None]) -> str | None:
    """The encounter of the last note before a document."""
    while (items := read(file := file - 1)) is not None:
        for item in reversed(items):
            if isinstance(item, Placed):
                return item.note.encounter
    return None


def _going_on(encounter: str, file: int, read: Callable[[int], Sequence[Item] | None]) -> Iterator[tuple[Place, Item]]:
    """The notes of an encounter with which a document begins or that fill it, and so on."""
    while (items := read(file)) is not None:
        for n, item in enumerate(items):
            if isinstance(item, Placed):
                if item.note.encounter != encounter:
                    return
                yield (file, n), item
        file += 1


def together(items: Iterable[tuple[Place, Item]]) -> Iterator[list[tuple[Place, Item]]]:
    """Items in groups: the notes of one encounter, a note without one, or what was not read."""
    held: list[tuple[Place, Item]] = []
    encounter: str | None = None
    for place, item in items:
        if isinstance(item, Failure):
            yield [(place, item)]
            continue
        if held and (encounter is None or item.note.encounter != encounter):
            yield held
            held = []
        held.append((place, item))
        encounter = item.note.encounter
    if held:
        yield held
