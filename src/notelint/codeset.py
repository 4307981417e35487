"""The official ICD-10-CM tabular list: codes, titles, and the instructional notes that stand in it.

A release is compiled once (by `notelint.tabular`) into an SQLite index in the user's cache folder and opened from there. The
shipped release lies in the data files of the package simple-icd-10-cm (which is never imported: that alone costs two seconds);
others are added by the user. A shipped release is recognised by the content of its files, so that another version of that
package can not change what a note is checked against.

    folder of the index          environment variable NOTELINT_CACHE_DIR, else the user's cache folder
    folder of added releases     environment variable NOTELINT_DATA_DIR, else `codes` in the user's data folder

Codes are written in their official dotted spelling (`M45.7`, `T84.63XA`). Above a category stand its block (`M45-M49`, and
where blocks are nested the wider one too: `M40-M54`), and its chapter (`13`). A block of a single category is written with
both ends (`C50-C50`), so that a block and a category never share a name.
"""

import hashlib
import io
import json
import os
import sqlite3
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from notelint.cache import cache_folder, data_folder, write_whole
from notelint.codes import (
    KINDS,
    SCHEMA,
    Code,
    CodeRange,
    InstructionNote,
    NoteKind,
    Release,
    is_code,
    normalize_code,
    normalize_loosely,
    seventh_code,
)
from notelint.errors import CodeSetError

__all__ = [
    "Code",
    "CodeRange",
    "CodeSet",
    "CodeSets",
    "InstructionNote",
    "NoteKind",
    "Release",
    "add_release",
    "load_codesets",
    "normalize_code",
    "parse_ranges",
]

_PACKAGE = "simple_icd_10_cm"
_REMEDY = "add one with `notelint codes add`"


def parse_ranges(text: str) -> tuple[CodeRange, ...]:
    """The codes to which the text of a note, or a list of references, refers.

    Understood are single codes and ranges as the tabular list prints them, with or without parentheses: "M02.3-" and "A23.-"
    (everything under them), "B95-B97", "T84.5-T84.7", "M50.-, M53.3", "(M05.-, M06.-)", "(T36-T50 with fifth or sixth
    character 5)". Where the text has references in parentheses, only those count. A list with a condition that is not
    understood gives nothing rather than too much. No error is raised; a text without references gives ().
    """
    from notelint.tabular import references

    return references(text)[0]


# ------------------------------------------------------------------------------------------------- the index and its folder


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__


class _Digests:
    """SHA-256 of files, remembered in the cache folder by path, size and time of change: ten megabytes are not read twice."""

    _LIMIT = 64

    def __init__(self, folder: Path) -> None:
        self._path = folder / "digests.json"
        self._known: dict[str, list[object]] = {}
        self._changed = False
        with suppress(OSError, ValueError):
            known = json.loads(self._path.read_bytes())
            if isinstance(known, dict):
                self._known = {path: entry for path, entry in known.items() if isinstance(entry, list) and len(entry) == 3}

    def of(self, path: Path) -> str:
        """The digest of a file; OSError when it can not be read."""
        status = path.stat()
        key = str(path.absolute())
        size, changed, digest = self._known.get(key, (None, None, None))
        if size == status.st_size and changed == status.st_mtime_ns and isinstance(digest, str):
            return digest
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self._known.pop(key, None)
        self._known[key] = [status.st_size, status.st_mtime_ns, digest]
        self._changed = True
        return digest

    def save(self) -> None:
        """Best effort: without it the files are read again at the next start."""
        if self._changed:
            with suppress(OSError):
                write_whole(self._path, json.dumps(dict(list(self._known.items())[-self._LIMIT :]), indent=1).encode())


def _is_whole(path: Path) -> bool:
    """Whether a file is as long as the header of the SQLite file says; SQLite itself would notice only when it gets there."""
    with path.open("rb") as file:
        header = file.read(100)
        length = os.fstat(file.fileno()).st_size
    if not header.startswith(b"SQLite format 3\0") or len(header) < 100:
        return False
    page = int.from_bytes(header[16:18], "big")
    return (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big") == length


def _open_index(path: Path) -> tuple[Release, sqlite3.Connection] | None:
    """An index that was written before; None when there is none or it can not be used."""
    connection = None
    try:
        if not _is_whole(path):
            return None
        # An index is replaced, never changed, so it needs no locks: any number of processes can read it, on any file system.
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        if connection.execute("PRAGMA user_version").fetchone() == (SCHEMA,):
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            to = meta["effective_to"]
            release = Release(
                meta["name"], date.fromisoformat(meta["effective_from"]), date.fromisoformat(to) if to else None, meta["source"]
            )
            return release, connection
    except (OSError, sqlite3.Error, KeyError, ValueError):
        pass
    if connection is not None:
        connection.close()
    return None


@dataclass(frozen=True, slots=True)
class _Material:
    """What a release is compiled from; the labels are for messages."""

    release: Release
    tabular: bytes
    tabular_label: str
    codes: bytes | None
    codes_label: str

    def compile(self) -> sqlite3.Connection:
        # Imported here: a start that finds its index in the cache needs neither the compiler nor the XML parser.
        from notelint.tabular import compile_release

        return compile_release(self.release, self.tabular, self.tabular_label, self.codes, self.codes_label)


@dataclass(frozen=True, slots=True)
class _Source:
    """A release that can be loaded: the name of its index, and a way to its material when there is no such index."""

    key: str
    material: Callable[[], _Material]

    def load(self) -> "CodeSet":
        folder = cache_folder()
        found = _open_index(folder / f"{self.key}.sqlite")
        release, connection = found if found is not None else self.compile(folder)
        return CodeSet(release, connection, lambda: self.compile(folder)[1])

    def compile(self, folder: Path) -> tuple[Release, sqlite3.Connection]:
        material = self.material()
        connection = material.compile()
        with suppress(OSError):  # a cache that can not be written costs time, not results
            write_whole(folder / f"{self.key}.sqlite", connection.serialize())
        return material.release, connection


def _key(*parts: str) -> str:
    return f"codes-{SCHEMA}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:24]}"


def _source_text(name: str, digest: str) -> str:
    return f"{name} (SHA-256 {digest[:16]})"


# ---------------------------------------------------------------------------------------------------------------- a release


class CodeSet:
    """One release of ICD-10-CM; obtained from `load_codesets`.

    The questions answer from the index and remember what they have read. An index file that turns out to be damaged is
    compiled again, so that no question fails because of it.
    """

    def __init__(self, release: Release, connection: sqlite3.Connection, rebuild: Callable[[], sqlite3.Connection]) -> None:
        self._release = release
        self._rebuild = rebuild
        self._attach(connection)
        self._codes: dict[str, Code | None] = {}
        self._notes: dict[str, tuple[InstructionNote, ...]] = {}
        self._seventh: dict[int, tuple[tuple[str, str], ...]] = {}
        self._places: dict[str, tuple[int, bool] | None] = {}
        self._paths: dict[int, list[tuple[int, str]]] = {}
        self._titles: dict[int, str] = {}

    def __repr__(self) -> str:
        return f"<CodeSet {self._release.name}>"

    @property
    def release(self) -> Release:
        """Which release this is."""
        return self._release

    def normalize(self, text: str) -> str | None:
        """Like `normalize_code`; in addition, any code that stands in this release has the format."""
        plain = normalize_code(text)
        if plain is not None:
            return plain
        code = self.get(text)
        return code.code if code else None

    def get(self, code: str) -> Code | None:
        """The code of that name, or None when this release has none.

        Case, a missing dot and surrounding blanks are forgiven (`m45.7`, `M457`), a hyphen at the end is not.
        """
        spelled = normalize_loosely(code)
        if spelled is None:
            return None
        if spelled not in self._codes:
            self._codes[spelled] = self._read_code(spelled)
        return self._codes[spelled]

    def nearest(self, code: str) -> Code | None:
        """The code itself or, when this release does not have it, the nearest code above it that exists.

        `M46.29` gives M46.2, `M49.07` gives M49; None when not even the category exists, or the text is not of code format.
        """
        spelled = normalize_loosely(code)
        while spelled:
            found = self.get(spelled)
            if found:
                return found
            spelled = spelled[:-1].rstrip(".") if len(spelled) > 3 else None
        return None

    def ancestors(self, code: str) -> tuple[str, ...]:
        """The names above a code, nearest first: codes up to its category, its block or blocks, its chapter.

        `M45.7` gives ("M45", "M45-M49", "M40-M54", "13"). A block or chapter may be asked for too; something unknown gives ().
        """
        found = self._locate(code)
        if found is None:
            return ()
        number, with_seventh = found
        path = self._path(number)
        return tuple(name for _, name in (path if with_seventh else path[1:]))

    def notes(self, code: str, kinds: Collection[NoteKind] | None = None, inherited: bool = True) -> tuple[InstructionNote, ...]:
        """The instructional notes at a code and, when `inherited`, at everything above it.

        code        a code, a block or a chapter; something unknown gives () (ask `nearest` first)
        kinds       the kinds wanted; None for all
        inherited   False for those at the code itself only

        Nearest first, at one node in the order of the tabular list. Each tells the node at which it stands.
        """
        found = self._locate(code)
        if found is None:
            return ()
        number, with_seventh = found
        path = self._path(number)
        name = path[0][1]
        if name not in self._notes:
            self._notes[name] = tuple(note for above, node in path for note in self._read_notes(above, node))
        if not inherited and with_seventh:
            return ()
        return tuple(note for note in self._notes[name] if (kinds is None or note.kind in kinds) and (inherited or note.node == name))

    def excludes1(self, first: str, second: str) -> InstructionNote | None:
        """The Excludes1 note because of which two codes can not be reported together, on whichever side it stands.

        The notes of `first` and of everything above it are asked before those of `second`, nearest first. A note whose
        reference covers both codes does not part them. None for a code with itself, for two codes of which one stands above
        the other, and when this release does not have one of them.
        """
        return self._excludes(NoteKind.EXCLUDES1, first, second)

    def excludes2(self, first: str, second: str) -> InstructionNote | None:
        """The Excludes2 note that says two codes are different conditions, which may be reported together; as `excludes1`."""
        return self._excludes(NoteKind.EXCLUDES2, first, second)

    def additional(self, code: str) -> tuple[InstructionNote, ...]:
        """The "use additional code" notes that apply to a code, those from above included, nearest first."""
        return self.notes(code, {NoteKind.USE_ADDITIONAL_CODE})

    def code_first(self, code: str) -> tuple[InstructionNote, ...]:
        """The "code first" notes that apply to a code, those from above included, nearest first."""
        return self.notes(code, {NoteKind.CODE_FIRST})

    def heading(self, node: str) -> str:
        """The title of a code, block or chapter as the tabular list prints it, without its range; "" for something unknown."""
        found = self._locate(node)
        if found is None:
            return ""
        number = found[0]
        if number not in self._titles:
            self._titles[number] = str(self._rows("SELECT title FROM node WHERE id = ?", number)[0][0]).partition(" (")[0]
        return self._titles[number]

    def under(self, node: str) -> Iterator[Code]:
        """All codes under a code, block or chapter, those made by a 7th character included, in the order of the tabular list.

        The node itself is not among them; something unknown has none.
        """
        found = self._locate(node)
        if found is None or found[1]:
            return
        rows = self._rows(
            "SELECT n.name, n.title, p.name, n.seventh, n.id, n.parent FROM node AS n LEFT JOIN node AS p ON p.id = n.parent"
            " WHERE n.id BETWEEN ? AND (SELECT last FROM node WHERE id = ?) ORDER BY n.id",
            found[0],
            found[0],
        )
        children: dict[int, list[str]] = {}
        for name, *_, above in rows:
            children.setdefault(above, []).append(name)
        for name, title, parent, seventh, number, _ in rows:
            if not is_code(name):
                continue
            code = self._code(name, title, parent, children.get(number, ()), seventh)
            if number != found[0]:
                yield code
            for one in code.seventh:
                yield self._with_seventh(code, one)

    # -- reading

    def _attach(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._close = weakref.finalize(self, connection.close)

    def _rows(self, sql: str, *values: object) -> list[tuple]:  # type: ignore[type-arg]
        try:
            return self._connection.execute(sql, values).fetchall()
        except sqlite3.DatabaseError:
            self._close()
            self._attach(self._rebuild())
            return self._connection.execute(sql, values).fetchall()

    def _seventh_set(self, number: int | None) -> tuple[tuple[str, str], ...]:
        if number is None:
            return ()
        if number not in self._seventh:
            rows = self._rows("SELECT characters FROM seventh WHERE id = ?", number)
            self._seventh[number] = tuple((character, meaning) for character, meaning in json.loads(rows[0][0]))
        return self._seventh[number]

    def _code(self, name: str, title: str, parent: str | None, children: Iterable[str], seventh: int | None) -> Code:
        characters = self._seventh_set(seventh)
        below = tuple(children) or tuple(seventh_code(name, character) for character, _ in characters)
        above = parent if parent is not None and is_code(parent) else None
        return Code(name, title, billable=not below, parent=above, children=below, seventh=characters)

    @staticmethod
    def _with_seventh(leaf: Code, seventh: tuple[str, str]) -> Code:
        character, meaning = seventh
        return Code(seventh_code(leaf.code, character), f"{leaf.title}, {meaning}", True, leaf.code, (), ())

    def _read_code(self, spelled: str) -> Code | None:
        rows = self._rows(
            "SELECT n.name, n.title, p.name, n.seventh, n.id FROM node AS n LEFT JOIN node AS p ON p.id = n.parent WHERE n.name = ?",
            spelled,
        )
        if rows:
            name, title, parent, seventh, number = rows[0]
            children = [child for (child,) in self._rows("SELECT name FROM node WHERE parent = ? ORDER BY id", number)]
            return self._code(name, title, parent, children, seventh)
        if len(spelled) != 8:
            return None
        # The last character may be a 7th one, after a leaf and as many X as fill it up to six.
        body, character = spelled[:-1], spelled[-1]
        while len(body) >= 3:
            leaf = self.get(body)
            if leaf is not None:
                return next((self._with_seventh(leaf, one) for one in leaf.seventh if one[0] == character), None)
            if not body.endswith("X"):
                return None
            body = body[:-1].rstrip(".")
        return None

    def _locate(self, text: str) -> tuple[int, bool] | None:
        """The row of a node and whether a 7th character follows its name."""
        if text not in self._places:
            self._places[text] = self._read_place(text.strip())
        return self._places[text]

    def _read_place(self, text: str) -> tuple[int, bool] | None:
        code = self.get(text)
        name = code.code if code else text.upper()
        rows = self._rows("SELECT id FROM node WHERE name = ?", name)
        if rows:
            return rows[0][0], False
        if code is not None:
            return self._rows("SELECT id FROM node WHERE name = ?", code.parent)[0][0], True
        return None

    def _path(self, number: int) -> list[tuple[int, str]]:
        """The node and everything above it, nearest first."""
        if number not in self._paths:
            self._paths[number] = self._read_path(number)
        return self._paths[number]

    def _read_path(self, number: int) -> list[tuple[int, str]]:
        return self._rows(
            "WITH RECURSIVE up (id, name, parent, depth) AS (SELECT id, name, parent, 0 FROM node WHERE id = ?"
            " UNION ALL SELECT node.id, node.name, node.parent, depth + 1 FROM node JOIN up ON node.id = up.parent)"
            " SELECT id, name FROM up ORDER BY depth",
            number,
        )

    def _read_notes(self, number: int, node: str) -> Iterator[InstructionNote]:
        for kind, text, ranges in self._rows("SELECT kind, text, ranges FROM note WHERE node = ? ORDER BY position", number):
            parsed = tuple(CodeRange(*one) for one in json.loads(ranges)) if ranges else ()
            yield InstructionNote(node, KINDS[kind], text, parsed)

    def _excludes(self, kind: NoteKind, first: str, second: str) -> InstructionNote | None:
        one, other = self.get(first), self.get(second)
        if one is None or other is None or one.code == other.code:
            return None
        if one.code in self.ancestors(other.code) or other.code in self.ancestors(one.code):
            return None
        for here, there in ((one.code, other.code), (other.code, one.code)):
            for note in self.notes(here, {kind}):
                if any(there in codes and here not in codes for codes in note.ranges):
                    return note
        return None


class CodeSets:
    """The releases that were loaded, the shipped one and those that the user added; at least one."""

    def __init__(self, codesets: Sequence[CodeSet]) -> None:
        """CodeSetError when there is no release at all."""
        if not codesets:
            raise CodeSetError(f"no ICD-10-CM release is known: {_REMEDY}")
        self._codesets = tuple(sorted(codesets, key=lambda one: one.release.effective_from))

    @property
    def releases(self) -> tuple[Release, ...]:
        """The releases, oldest first."""
        return tuple(one.release for one in self._codesets)

    def on(self, day: date | None) -> tuple[CodeSet, bool]:
        """The release in force on a day, and True.

        Where several are, the one that began last. Where none is, the nearest and False: the latest that began before that
        day, else the earliest. None stands for a note without a date and gives the newest release and True. The clock is
        never asked, so that the same note gives the same result on every day.
        """
        if day is None:
            return self._codesets[-1], True
        begun = [one for one in self._codesets if one.release.effective_from <= day]
        # A release without a known end lasts until the next one begins.
        in_force = [one for one in begun if (day <= one.release.effective_to if one.release.effective_to else one is begun[-1])]
        if in_force:
            return in_force[-1], True
        return (begun[-1] if begun else self._codesets[0]), False


# ------------------------------------------------------------------------------------------------ where releases come from


@dataclass(frozen=True, slots=True)
class _Known:
    tabular: str
    codes: str
    name: str
    effective_from: date
    effective_to: date


# By the SHA-256 of the content: only what was checked is used, whatever a file is called and whichever version brings it.
_SHIPPED = (
    _Known(
        tabular="f161f8182aff3ce3a2a78e202f8259c08eaee2c670a9e45b0072445c52302935",
        codes="df54d9743a3499f4a4fc12882edb7ce0d975b44ada5a2a25597aa56d0c2ac1c4",
        name="2026-04-01",
        effective_from=date(2026, 4, 1),
        effective_to=date(2026, 9, 30),
    ),
)


def _package_folder() -> Path | None:
    """The data folder of the package, found without importing it."""
    try:
        spec = find_spec(_PACKAGE)
    except (ImportError, ValueError):
        return None
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) / "data" if places else None


def _read(path: Path, digest: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CodeSetError(f"{path}: can not be read: {_why(error)}") from None
    if hashlib.sha256(data).hexdigest() != digest:
        raise CodeSetError(f"{path}: has changed while it was read; try again")
    return data


def _shipped_source(known: _Known, tabular: Path, codes: Path | None) -> _Source:
    release = Release(known.name, known.effective_from, known.effective_to, _source_text(tabular.name, known.tabular))

    def material() -> _Material:
        listed = None if codes is None else _read(codes, known.codes)
        return _Material(release, _read(tabular, known.tabular), str(tabular), listed, str(codes))

    parts = (known.tabular, known.codes if codes else "", known.name, str(known.effective_from), str(known.effective_to), release.source)
    return _Source(_key("shipped", *parts), material)


def _shipped(digests: _Digests) -> list[_Source]:
    folder = _package_folder()
    if folder is None:
        return []
    by_content: dict[str, Path] = {}
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if path.suffix in {".xml", ".txt"}:
                with suppress(OSError):
                    by_content[digests.of(path)] = path
    return [
        _shipped_source(known, by_content[known.tabular], by_content.get(known.codes)) for known in _SHIPPED if known.tabular in by_content
    ]


def _pack(material: _Material) -> bytes:
    """What is kept of an added release: its sources, so that another version of notelint can compile them anew."""
    import zipfile

    release = material.release
    facts = {
        "name": release.name,
        "effective_from": release.effective_from.isoformat(),
        "effective_to": release.effective_to.isoformat() if release.effective_to else None,
        "source": release.source,
    }
    members = {"release.json": json.dumps(facts, indent=1).encode(), "tabular.xml": material.tabular}
    if material.codes is not None:
        members["codes.txt"] = material.codes
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            # A fixed time: the same release gives the same archive, and so the same index.
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return result.getvalue()


def _unpack(path: Path, digest: str) -> _Material:
    import zipfile
    import zlib

    try:
        with zipfile.ZipFile(io.BytesIO(_read(path, digest))) as archive:
            facts = json.loads(archive.read("release.json"))
            to = facts["effective_to"]
            release = Release(
                facts["name"], date.fromisoformat(facts["effective_from"]), date.fromisoformat(to) if to else None, facts["source"]
            )
            codes = archive.read("codes.txt") if "codes.txt" in archive.namelist() else None
            return _Material(release, archive.read("tabular.xml"), f"{path}/tabular.xml", codes, f"{path}/codes.txt")
    except (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError, EOFError, NotImplementedError):
        raise CodeSetError(f"{path}: the stored release is damaged; remove it and {_REMEDY}") from None


def _added_source(path: Path, digest: str) -> _Source:
    return _Source(_key("added", digest), lambda: _unpack(path, digest))


def _added(digests: _Digests) -> list[_Source]:
    folder = data_folder()
    try:
        paths = sorted(folder.glob("*.zip"))
        return [_added_source(path, digests.of(path)) for path in paths]
    except OSError as error:
        raise CodeSetError(f"{folder}: the added releases can not be read: {_why(error)}") from None


def load_codesets() -> CodeSets:
    """All releases at hand: the shipped one, and those that `add_release` has stored.

    An added release takes the place of the shipped one that begins on the same day. The first call compiles what is not in
    the cache yet (about a second for each release); later ones only open it. A cache that can not be written or is damaged
    costs that second again, nothing else.

    CodeSetError when no release is known, or a stored release can not be read.
    """
    digests = _Digests(cache_folder())
    shipped, added = _shipped(digests), _added(digests)
    digests.save()
    by_day: dict[date, CodeSet] = {}
    for source in shipped + added:
        codeset = source.load()
        by_day[codeset.release.effective_from] = codeset
    if not by_day and _package_folder() is not None:
        raise CodeSetError(f"none of the files in {_package_folder()} is an ICD-10-CM release that this version knows: {_REMEDY}")
    return CodeSets(list(by_day.values()))


def add_release(tabular: Path, codes: Path | None, effective_from: date, effective_to: date | None) -> Release:
    """Checks an official release that the user has downloaded, and stores it among the user's releases.

    tabular          the tabular list, XML
    codes            the code list or order file of the same release, text; without it the valid codes are derived from the
                     tabular list
    effective_from   first day on which the release is in force; it becomes its name, and one stored before under it is replaced
    effective_to     last day; None while that is not known

    CodeSetError, one line that names the file (and the line of the XML), when a file can not be read, is not what it should
    be, the two are not of the same release, the days are in the wrong order, or the folder can not be written.
    """
    if effective_to is not None and effective_to < effective_from:
        raise CodeSetError(f"{tabular}: the release ends ({effective_to}) before it begins ({effective_from})")
    contents: list[bytes] = []
    for path in (tabular, codes):
        if path is not None:
            try:
                contents.append(path.read_bytes())
            except OSError as error:
                raise CodeSetError(f"{path}: can not be read: {_why(error)}") from None
    digest = hashlib.sha256(contents[0]).hexdigest()
    release = Release(effective_from.isoformat(), effective_from, effective_to, _source_text(tabular.name, digest))
    material = _Material(release, contents[0], str(tabular), contents[1] if codes else None, str(codes))
    with closing(material.compile()) as connection:
        archive = _pack(material)
        path = data_folder() / f"{release.name}.zip"
        try:
            write_whole(path, archive)
        except OSError as error:
            raise CodeSetError(f"{path}: can not be written: {_why(error)}") from None
        source = _added_source(path, hashlib.sha256(archive).hexdigest())
        with suppress(OSError):
            write_whole(cache_folder() / f"{source.key}.sqlite", connection.serialize())
    return release
