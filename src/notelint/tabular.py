"""Reads an official release of ICD-10-CM, the tabular list and the list of its codes, and compiles it into an SQLite index.

The index holds the nodes of the list (chapters, blocks, codes) in its order, the notes with what they refer to, and the sets of
7th characters; `notelint.codeset` answers from it and imports this module only when there is something to compile.
"""

import json
import re
import sqlite3
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass, field
from xml.parsers import expat

from notelint.codes import KINDS, SCHEMA, CodeRange, NoteKind, Release, is_code, normalize_loosely, order, seventh_code
from notelint.errors import CodeSetError

__all__ = ["compile_release", "references"]

# ---------------------------------------------------------------------------------------------- references in a note's text

_REFERRING = frozenset({NoteKind.EXCLUDES1, NoteKind.EXCLUDES2, NoteKind.CODE_FIRST, NoteKind.USE_ADDITIONAL_CODE, NoteKind.CODE_ALSO})

_CODE = r"(?:[A-Z][0-9]|QA)[0-9A-Z](?:\.[0-9A-Z]{1,4})?(?![0-9A-Za-z])"
_REFERENCE = re.compile(rf"(?<![0-9A-Za-z.])({_CODE})(?:\.?-?\s*(?:-|to)\s*({_CODE})\.?-?|\.?-?)")
# Two notes lack the closing parenthesis or have a brace in its place.
_PARENTHESES = re.compile(r"\(([^(){}]*)(?:[)}]|$)")
# Hyphens for commas: read as ranges these would cover every sequela in between.
_MISPRINTS = {
    "I69.01-I69.11-, I69.21-I69.31-, I69.81- I69.91-": "I69.01-, I69.11-, I69.21-, I69.31-, I69.81-, I69.91-",
}

_PLACES = {"fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "sixth": 6, "six": 6, "6th": 6, "seventh": 7, "7th": 7}
_ONE_PLACE = "|".join(_PLACES)
_AT_PLACE = re.compile(rf"({_ONE_PLACE})(?: (or|to) (?:{_ONE_PLACE}))?[ -]characters? (.+)")
_AT_END = re.compile(r"final characters? (.+)")
_AFTER_DOT = re.compile(r"\.([0-9A-Z]+)(?:-\.([0-9A-Z]+)|-)?")
_LETTERS = re.compile(r"\.?[0-9A-Z](?:-[0-9A-Z])?(?: or [0-9A-Z](?:-[0-9A-Z])?)*")


def _intent(letters: str) -> str:
    """The character for the intent stands sixth, or fifth in the codes that have no sixth."""
    return f".{{5}}[{letters}]|.{{4}}[{letters}](?:X|$)"


def _characters(condition: str) -> str | None:
    """The condition after "with" as an expression on the code without its dot; None when it is not understood."""
    if condition == "open fracture 7th character":
        return ".{6}[BCEFHJMNQR]"
    if found := _AT_PLACE.fullmatch(condition):
        place, joint, value = found.groups()
        if value == "to indicate intent":
            return ""
        if joint == "to":
            return f".{{{_PLACES[place] - 1}}}{value}" if value.isalnum() else None
        if not _LETTERS.fullmatch(value):
            return None
        letters = value.replace(" or ", "").replace(".", "")
        return _intent(letters) if joint else f".{{{_PLACES[place] - 1}}}[{letters}]"
    if found := _AT_END.fullmatch(condition):
        ends = found[1].split(" or ")
        if len(ends) == 1 and len(ends[0]) == 1 and ends[0].isalnum():
            return _intent(ends[0])
        # The hyphen of "I69. with final characters -23" stands for one character.
        if all(re.fullmatch(r"[-.][0-9A-Z]+", end) for end in ends):
            return "|".join((".{4}" if end[0] == "-" else ".{3}") + end[1:] for end in ends)
        return None
    if condition.startswith(".") and not _AFTER_DOT.sub("", condition).strip(" ,."):
        ends = []
        for low, high in _AFTER_DOT.findall(condition):
            if high and not (low.isdigit() and high.isdigit() and len(low) == len(high)):
                return None
            ends += [str(number).zfill(len(low)) for number in range(int(low), int(high) + 1)] if high else [low]
        return f".{{3}}(?:{'|'.join(ends)})"
    return None


def _listed(text: str, *, within_prose: bool) -> tuple[CodeRange, ...]:
    """The references of one list; none when words stand among them whose meaning is not known."""
    found = list(_REFERENCE.finditer(text))
    if not found:
        return ()
    before = _REFERENCE.sub(" ", text[: found[-1].end()])
    if not within_prose and set(re.split(r"[\s,;.]+", before)) - {"", "and", "or"}:
        return ()
    after = text[found[-1].end() :]
    condition = re.fullmatch(r"[\s,]*with[\s-]+(.+?)\s*", after)
    characters: str | None = ""
    if condition:
        characters = _characters(condition[1])
    elif not within_prose and after.strip(" ,;."):
        characters = None
    if characters is None:
        return ()
    return tuple(CodeRange(one[1], one[2] or one[1], one[0].strip(), characters) for one in found)


def references(text: str) -> tuple[tuple[CodeRange, ...], bool]:
    """The references of a note, and whether they stood in parentheses; codes in its prose count only when none did."""
    lists = [_MISPRINTS.get(part, part) for part in _PARENTHESES.findall(text) if _REFERENCE.search(part)]
    if lists:
        return tuple(one for part in lists for one in _listed(part, within_prose=False)), True
    return _listed(text, within_prose=True), False


# ----------------------------------------------------------------------------------------------------- reading the XML file

_KIND_OF_TAG = {
    "includes": NoteKind.INCLUDES,
    "inclusionTerm": NoteKind.INCLUSION_TERM,
    "excludes1": NoteKind.EXCLUDES1,
    "excludes2": NoteKind.EXCLUDES2,
    "codeFirst": NoteKind.CODE_FIRST,
    "useAdditionalCode": NoteKind.USE_ADDITIONAL_CODE,
    "codeAlso": NoteKind.CODE_ALSO,
    "notes": NoteKind.NOTE,
}
_ROOT_TAG = "ICD10CM.tabular"
_PLACE_OF = {"chapter": {_ROOT_TAG}, "section": {"chapter"}, "diag": {"section", "diag"}}
_NODE_TAGS = frozenset(_PLACE_OF)
_BLOCK = re.compile(r"([A-Z][0-9A-Z]{2})(?:-([A-Z][0-9A-Z]{2}))?")


@dataclass(slots=True)
class _Node:
    parent: int | None
    name: str = ""
    title: str = ""
    last: int = 0  # index of the last node under this one
    leaf: bool = True
    seventh: tuple[tuple[str, str], ...] | None = None  # what it defines itself
    notes: list[tuple[NoteKind, str]] = field(default_factory=list)


class _TabularReader:
    """Reads the XML into a list of nodes in the order of the file, each with the index of the node above it."""

    def __init__(self, label: str) -> None:
        self.nodes: list[_Node] = []
        self._label = label
        self._tags: list[str] = []
        self._open: list[int] = []
        self._wide: list[int] = []  # blocks that hold the blocks after them
        self._names: set[str] = set()
        self._text: list[str] | None = None
        self._extensions: list[tuple[str, str]] = []
        self._character = ""
        # Without namespaces the tags arrive as they are written.
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, data: bytes) -> list[_Node]:
        try:
            self._parser.Parse(data, True)
        except expat.ExpatError as error:
            raise CodeSetError(f"{self._label}:{error.lineno}: not well-formed XML: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError) as error:  # an encoding that Python or expat does not know
            raise CodeSetError(f"{self._label}:{self._parser.CurrentLineNumber}: not readable: {error}") from None
        if not any(is_code(node.name) for node in self.nodes):
            raise CodeSetError(f"{self._label}:{self._parser.CurrentLineNumber}: holds no codes")
        return self.nodes

    def _fail(self, what: str) -> CodeSetError:
        return CodeSetError(f"{self._label}:{self._parser.CurrentLineNumber}: {what}")

    def _doctype(self, *_: object) -> None:
        # The official file has none; without it no entity can be defined, so nothing can be expanded or fetched.
        raise self._fail("a document type declaration is not accepted")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._tags and tag != _ROOT_TAG:
            raise self._fail(f"the root element is <{tag[:40]}>, not <{_ROOT_TAG}>: this is not a tabular list")
        if tag in _NODE_TAGS:
            self._start_node(tag, attributes)
        elif tag == "sevenChrDef":
            self._extensions = []
        elif tag == "extension":
            self._character = attributes.get("char", "")
        self._tags.append(tag)
        self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        self._tags.pop()
        text, self._text = "".join(self._text or ()).strip(), None
        above = self._tags[-1] if self._tags else ""
        if tag == "note":
            kind = _KIND_OF_TAG.get(above)
            if kind is not None and self._open and self._tags[-2] in _NODE_TAGS:
                self.nodes[self._open[-1]].notes.append((kind, text))
        elif tag == "name":
            if above in {"chapter", "diag"}:
                self._name(above, text)
        elif tag == "desc":
            if above in _NODE_TAGS:
                self.nodes[self._open[-1]].title = text
        elif tag == "extension":
            if len(self._character) != 1:
                raise self._fail("a 7th character that is not one character")
            self._extensions.append((self._character, text))
        elif tag == "sevenChrDef":
            if above == "diag":
                self.nodes[self._open[-1]].seventh = tuple(self._extensions)
        elif tag in _NODE_TAGS:
            self._end_node(tag)

    def _start_node(self, tag: str, attributes: dict[str, str]) -> None:
        parent = self._open[-1] if self._open else None
        above = self._tags[-1] if self._tags else ""
        if above not in _PLACE_OF[tag]:
            raise self._fail(f"a <{tag}> in the wrong place")
        if parent is not None and not self.nodes[parent].name:
            raise self._fail(f"a <{tag}> before the name of what it stands in")
        node = _Node(parent)
        if tag == "section":
            found = _BLOCK.fullmatch(attributes.get("id", ""))
            if found is None:
                raise self._fail("a <section> without a range of categories as its id")
            first, last = found[1], found[2] or found[1]
            # The file lists a block and the narrower ones in it side by side; only their ends tell.
            while self._wide and not self._holds(self._wide[-1], first, last):
                self._close_wide()
            if self._wide:
                node.parent = self._wide[-1]
            self._take_name(node, f"{first}-{last}")
        elif tag == "diag" and parent is not None:
            self.nodes[parent].leaf = False
        self._open.append(len(self.nodes))
        self.nodes.append(node)

    def _holds(self, wide: int, first: str, last: str) -> bool:
        low, high = self.nodes[wide].name.split("-")
        return order(low) <= order(first) and order(last) <= order(high)

    def _close_wide(self) -> None:
        self.nodes[self._wide.pop()].last = len(self.nodes) - 1

    def _end_node(self, tag: str) -> None:
        index = self._open.pop()
        node = self.nodes[index]
        if not node.name:
            raise self._fail(f"a <{tag}> without a name")
        if not node.title:
            raise self._fail(f"{node.name} has no description")
        if tag == "section" and node.leaf:
            self._wide.append(index)
        if tag == "chapter":
            while self._wide:
                self._close_wide()
        node.last = len(self.nodes) - 1

    def _name(self, above: str, text: str) -> None:
        node = self.nodes[self._open[-1]]
        if above == "chapter":
            if not (text.isascii() and text.isdigit()):
                raise self._fail("a chapter whose name is not a number")
            self._take_name(node, text)
            return
        code = normalize_loosely(text)
        if code is None or code != text:
            raise self._fail(f"{text[:20]!r} is not a code")
        above_it = self.nodes[node.parent].name if node.parent is not None else ""
        if not (code.startswith(above_it) if is_code(above_it) else len(code) == 3):
            raise self._fail(f"{code} can not stand under {above_it}")
        self._take_name(node, code)

    def _take_name(self, node: _Node, name: str) -> None:
        if name in self._names:
            raise self._fail(f"{name} stands in the list twice")
        self._names.add(name)
        node.name = name


# ---------------------------------------------------------------------------------------------------------------- compiling

# "7th characters D and S do not apply to codes in category S06 with 6th character 7 - death ..., or 8 - death ...". The code
# list shows it as well; this is for a release that comes without one.
_SEVENTH_EXCEPTION = re.compile(
    r"7th characters ([0-9A-Z](?:(?:,| and| or) [0-9A-Z])*) do not apply to codes in category (\S+) with 6th character (.+)"
)


def _read_code_list(data: bytes, label: str) -> frozenset[str]:
    """The codes of an official list, dotted: one on each line, alone, before a title, or after the number of an order file."""
    listed = set()
    for line in data.decode("utf-8", errors="replace").splitlines():
        words = line.split(maxsplit=2)
        if len(words) > 1 and len(words[0]) == 5 and words[0].isdigit():
            words = words[1:]
        code = normalize_loosely(words[0]) if words else None
        if code is not None:
            listed.add(code)
    if not listed:
        raise CodeSetError(f"{label}: holds no codes")
    return frozenset(listed)


def _seventh_of_leaves(nodes: list[_Node], listed: frozenset[str] | None, codes_label: str) -> dict[int, tuple[tuple[str, str], ...]]:
    """The 7th characters that each leaf takes, by its index; checks the tabular list and the code list against each other."""
    barred: list[tuple[str, str, set[str]]] = []
    for node in nodes:
        for kind, text in node.notes:
            found = _SEVENTH_EXCEPTION.match(text) if kind is NoteKind.NOTE else None
            if found:
                sixth = set(re.findall(r"(?:^|or |, )([0-9A-Z]) - ", found[3]))
                barred += [(found[2], six, set(re.findall(r"\b[0-9A-Z]\b", found[1]))) for six in sixth]
    result: dict[int, tuple[tuple[str, str], ...]] = {}
    derived: set[str] = set()
    for index, node in enumerate(nodes):
        length = len(node.name) - 1
        if not (node.leaf and is_code(node.name)) or length > 6:
            continue
        definition: tuple[tuple[str, str], ...] | None = None
        up: int | None = index
        while up is not None and definition is None:
            definition, up = nodes[up].seventh, nodes[up].parent
        if not definition:
            continue
        made = {character: seventh_code(node.name, character) for character, _ in definition}
        derived.update(made.values())
        if listed is not None:
            # A list that has none of them lacks the code altogether, and says nothing about its 7th characters.
            kept = {character for character, code in made.items() if code in listed} or set(made)
        else:
            out = {c for top, six, some in barred if node.name.startswith(top) and length == 6 and node.name[6] == six for c in some}
            kept = set(made) - out
        result[index] = tuple(pair for pair in definition if pair[0] in kept)
    if listed is not None:
        strange = listed - derived - {node.name for node in nodes}
        if strange:
            raise CodeSetError(
                f"{codes_label}: {len(strange)} of its codes are not in the tabular list, {min(strange)} for one: "
                "the two files are not of the same release"
            )
    return result


class _References:
    """Turns the references of notes into what they cover in one release."""

    def __init__(self, nodes: list[_Node], seventh: Collection[int]) -> None:
        self._nodes = nodes
        self._codes = {node.name: index for index, node in enumerate(nodes) if is_code(node.name)}
        self._bare = {name for name, index in self._codes.items() if nodes[index].leaf and index not in seventh}
        self._keys = sorted((order(name), index) for name, index in self._codes.items())
        self._spans: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def of(self, node: _Node, kind: NoteKind, text: str) -> list[list[str]]:
        """The references of a note, in the shape in which the index keeps them."""
        if kind not in _REFERRING:
            return []
        ranges, in_parentheses = references(text)
        if not in_parentheses:
            # A word of the prose can look like a code; and "for codes G31.0-G31.83" at G31 says to whom the note speaks.
            ranges = tuple(one for one in ranges if one.first in self._codes and not one.first.startswith(node.name))
        return [[first, last, one.as_written, one.characters] for one in ranges for first, last in self._span(*self._current(one, text))]

    def _current(self, one: CodeRange, text: str) -> tuple[str, str]:
        """The ends of a reference, a stale one corrected.

        A hyphen promises codes under the one named. Where a later edition left none, it is the category that is meant if the
        note begins with its title ("ankylosing spondylitis in adults (M45.0-)"); else the hyphen has only outlived its codes
        ("panniculitis NOS (M79.3-)", which is not all of M79).
        """
        if one.first == one.last and one.as_written.endswith("-") and one.first in self._bare:
            category = one.first[:3]
            if text.casefold().startswith(self._nodes[self._codes[category]].title.casefold()):
                return category, category
        return one.first, one.last

    def _span(self, first: str, last: str) -> list[tuple[str, str]]:
        """A range as it is, or one by one the codes it covers where the list is not in the order of the alphabet.

        C96.A stands before C96.9 in the list, so C96.0-C96.9 covers it; a comparison of the codes alone would leave it out.
        """
        if first == last or first not in self._codes or last not in self._codes:
            return [(first, last)]
        if (first, last) not in self._spans:
            begin, end = self._codes[first], self._nodes[self._codes[last]].last
            low = bisect_left(self._keys, (order(first), -1))
            category, rest = order(last)
            high = bisect_left(self._keys, ((category, f"{rest}~"), -1))
            listed = [index for index in range(begin, end + 1) if is_code(self._nodes[index].name)]
            if sorted(index for _, index in self._keys[low:high]) == listed:
                self._spans[first, last] = [(first, last)]
            else:
                inside = set(listed)
                top = [self._nodes[index] for index in listed if self._nodes[index].parent not in inside]
                self._spans[first, last] = [(node.name, node.name) for node in top]
        return self._spans[first, last]


def compile_release(release: Release, tabular: bytes, tabular_label: str, codes: bytes | None, codes_label: str) -> sqlite3.Connection:
    """The index of a release, in memory.

    tabular   the tabular list, XML
    codes     the code list or order file of the same release; without it the valid codes are derived from the tabular list

    The labels name the two in messages. CodeSetError, one line, when one is not what it should be or they do not fit together.
    """
    listed = None if codes is None else _read_code_list(codes, codes_label)
    nodes = _TabularReader(tabular_label).read(tabular)
    seventh = _seventh_of_leaves(nodes, listed, codes_label)
    sets: dict[tuple[tuple[str, str], ...], int] = {}
    for characters in seventh.values():
        sets.setdefault(characters, len(sets))
    covered = _References(nodes, seventh)
    note_rows = (
        (index, position, KINDS.index(kind), text, json.dumps(ranges, separators=(",", ":")) if ranges else "")
        for index, node in enumerate(nodes)
        for position, (kind, text) in enumerate(node.notes)
        for ranges in [covered.of(node, kind, text)]
    )
    meta = {
        "name": release.name,
        "effective_from": release.effective_from.isoformat(),
        "effective_to": release.effective_to.isoformat() if release.effective_to else "",
        "source": release.source,
    }
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.executescript(
        """
        CREATE TABLE node (id INTEGER PRIMARY KEY, name TEXT NOT NULL, title TEXT NOT NULL, parent INTEGER, last INTEGER NOT NULL,
                           seventh INTEGER);
        CREATE TABLE note (node INTEGER, position INTEGER, kind INTEGER NOT NULL, text TEXT NOT NULL, ranges TEXT NOT NULL,
                           PRIMARY KEY (node, position)) WITHOUT ROWID;
        CREATE TABLE seventh (id INTEGER PRIMARY KEY, characters TEXT NOT NULL);
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        """
    )
    connection.executemany(
        "INSERT INTO node VALUES (?, ?, ?, ?, ?, ?)",
        (
            (index, node.name, node.title, node.parent, node.last, sets[seventh[index]] if index in seventh else None)
            for index, node in enumerate(nodes)
        ),
    )
    connection.executemany("INSERT INTO note VALUES (?, ?, ?, ?, ?)", note_rows)
    connection.executemany("INSERT INTO seventh VALUES (?, ?)", ((number, json.dumps(characters)) for characters, number in sets.items()))
    connection.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    connection.executescript(
        f"CREATE UNIQUE INDEX node_name ON node (name); CREATE INDEX node_parent ON node (parent); PRAGMA user_version = {SCHEMA};"
    )
    connection.commit()
    return connection
