"""The official ICD-10-CM tabular list: codes, titles, and the instructional notes that stand in it.

A release is compiled once into an SQLite index in the user's cache folder and opened from there. The shipped release lies in
the data files of the package simple-icd-10-cm (which is never imported: that alone costs two seconds); others are added by
the user. A shipped release is recognised by the content of its files, so that another version of that package can not change
what a note is checked against.

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
import re
import sqlite3
import weakref
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from xml.parsers import expat

from notelint.cache import cache_folder, data_folder, write_whole
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

# To be raised whenever what the compiler writes changes: an index of another number is never opened.
_SCHEMA = 1

_PACKAGE = "simple_icd_10_cm"
_REMEDY = "add one with `notelint codes add`"


# ---------------------------------------------------------------------------------------------------------------- spelling

# All categories have a digit in the second place but one, QA0.
_FORMAT = re.compile(r"((?:[A-Z][0-9]|QA)[0-9A-Z])(?:\.?([0-9A-Z]{1,4}))?")
# What a later release might bring; only a code that stands in the release is accepted in this spelling.
_LOOSE_FORMAT = re.compile(r"([A-Z](?:[0-9][0-9A-Z]|[A-Z][0-9]))(?:\.?([0-9A-Z]{1,4}))?")


def _spell(text: str, pattern: re.Pattern[str]) -> str | None:
    text = text.strip()
    # str.upper turns some letters beyond ASCII into ASCII ones, which would make codes of words that are none.
    if not text.isascii():
        return None
    found = pattern.fullmatch(text.upper())
    if found is None:
        return None
    category, rest = found.groups()
    return f"{category}.{rest}" if rest else str(category)


def normalize_code(text: str) -> str | None:
    """The official dotted spelling of something that has the format of an ICD-10-CM code.

    The format is a letter, a digit, a letter or digit, and optionally one to four letters or digits after a dot. Case, a
    missing dot and surrounding blanks are forgiven, nothing else is: `m457` gives `M45.7`, `M45.7-` gives None. Whether such
    a code exists is for `CodeSet.get` to say.
    """
    return _spell(text, _FORMAT)


def _is_code(name: str) -> bool:
    """Whether the name of a node is that of a code; chapters are numbers, blocks have a hyphen."""
    return "-" not in name and not name.isdigit()


# The tabular list puts these categories after the one named here, and ranges follow the order of the list: C00-C75 stops
# before C7A, and D37-D48 does not hold the benign tumours of D3A. No rule of the alphabet gives that order.
_STANDS_AFTER = {
    "C4A": "C43",
    "C7A": "C75",
    "C7B": "C75",
    "D3A": "D36",
    "I1A": "I16",
    "I5A": "I52",
    "J4A": "J44",
    "M1A": "M08",
    "Z3A": "Z36",
}


def _order(code: str) -> tuple[str, str]:
    """A key that sorts as the tabular list does: the category, and what follows it without the dot."""
    category = code[:3]
    before = _STANDS_AFTER.get(category)
    return (f"{before}~{category}" if before else category, code[4:])


# ------------------------------------------------------------------------------------------------------------ public shapes


class NoteKind(StrEnum):
    """The kinds of instructional notes; NOTE is the free text of a `<notes>` element."""

    INCLUDES = "includes"
    INCLUSION_TERM = "inclusion-term"
    EXCLUDES1 = "excludes1"
    EXCLUDES2 = "excludes2"
    CODE_FIRST = "code-first"
    USE_ADDITIONAL_CODE = "use-additional-code"
    CODE_ALSO = "code-also"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class CodeRange:
    """The codes that a reference in a note stands for: everything from `first` to `last`, with all that is under them.

    first        dotted code, the first one covered
    last         dotted code, the last one covered with its descendants; the same as `first` for a single code
    as_written   the reference as it is printed ("M45.0-", "B95-B97", "A23.-")
    characters   regular expression that a code without its dot must match from its start, for a reference with a condition
                 such as "T36-T50 with fifth or sixth character 5"; empty where there is none
    """

    first: str
    last: str
    as_written: str = ""
    characters: str = ""

    def __contains__(self, code: str) -> bool:
        """Whether the range covers a code, in any spelling that `normalize_code` accepts; the code need not exist."""
        spelled = _spell(code, _LOOSE_FORMAT)
        if spelled is None:
            return False
        key, low, high = _order(spelled), _order(self.first), _order(self.last)
        if key < low or (key > high and not (key[0] == high[0] and key[1].startswith(high[1]))):
            return False
        return not self.characters or re.match(self.characters, spelled.replace(".", "")) is not None


@dataclass(frozen=True, slots=True)
class InstructionNote:
    """One instructional note.

    node     where it stands: a code or category ("M45"), a block ("M50-M54") or a chapter ("13")
    kind     which kind of note it is
    text     the words of the tabular list as they are, blanks at both ends removed
    ranges   the codes it refers to; only for the kinds that refer to codes (excludes1, excludes2, code-first,
             use-additional-code, code-also), and empty where it names none or sets a condition that is not understood
    """

    node: str
    kind: NoteKind
    text: str
    ranges: tuple[CodeRange, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a release, whether it can be billed or is a heading of others.

    code       official dotted spelling
    title      official description; for a code with a 7th character that of the code above, a comma, and the character's meaning
    billable   whether it can be reported: nothing stands under it and no 7th character is missing
    parent     the code above; None for a category
    children   the codes directly under it, those made by a 7th character included
    seventh    the 7th characters of which one must be added, each with its meaning, when this is a code that needs one; else ()
    """

    code: str
    title: str
    billable: bool
    parent: str | None
    children: tuple[str, ...]
    seventh: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Release:
    """One release of the code set.

    name             its name: the first day on which it is in force ("2026-04-01")
    effective_from   that day
    effective_to     the last day on which it is in force; None while that is not known: until the next one begins
    source           name of the file it was read from, and the start of the SHA-256 of its content
    """

    name: str
    effective_from: date
    effective_to: date | None
    source: str


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


def _ranges(text: str) -> tuple[tuple[CodeRange, ...], bool]:
    """The references of a note, and whether they stood in parentheses; codes in its prose count only when none did."""
    lists = [_MISPRINTS.get(part, part) for part in _PARENTHESES.findall(text) if _REFERENCE.search(part)]
    if lists:
        return tuple(one for part in lists for one in _listed(part, within_prose=False)), True
    return _listed(text, within_prose=True), False


def parse_ranges(text: str) -> tuple[CodeRange, ...]:
    """The codes to which the text of a note, or a list of references, refers.

    Understood are single codes and ranges as the tabular list prints them, with or without parentheses: "M02.3-" and "A23.-"
    (everything under them), "B95-B97", "T84.5-T84.7", "M50.-, M53.3", "(M05.-, M06.-)", "(T36-T50 with fifth or sixth
    character 5)". Where the text has references in parentheses, only those count. A list with a condition that is not
    understood gives nothing rather than too much. No error is raised; a text without references gives ().
    """
    return _ranges(text)[0]


# ------------------------------------------------------------------------------------------------------ reading the XML file

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
_KINDS = tuple(NoteKind)
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
        if not any(_is_code(node.name) for node in self.nodes):
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
        return _order(low) <= _order(first) and _order(last) <= _order(high)

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
        code = _spell(text, _LOOSE_FORMAT)
        if code is None or code != text:
            raise self._fail(f"{text[:20]!r} is not a code")
        above_it = self.nodes[node.parent].name if node.parent is not None else ""
        if not (code.startswith(above_it) if _is_code(above_it) else len(code) == 3):
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


def _seventh_code(leaf: str, character: str) -> str:
    """The code that a 7th character makes of a leaf, X in the places between."""
    body = leaf.replace(".", "").ljust(6, "X") + character
    return f"{body[:3]}.{body[3:]}"


def _read_code_list(data: bytes, label: str) -> frozenset[str]:
    """The codes of an official list, dotted: one on each line, alone, before a title, or after the number of an order file."""
    listed = set()
    for line in data.decode("utf-8", errors="replace").splitlines():
        words = line.split(maxsplit=2)
        if len(words) > 1 and len(words[0]) == 5 and words[0].isdigit():
            words = words[1:]
        code = _spell(words[0], _LOOSE_FORMAT) if words else None
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
        if not (node.leaf and _is_code(node.name)) or length > 6:
            continue
        definition: tuple[tuple[str, str], ...] | None = None
        up: int | None = index
        while up is not None and definition is None:
            definition, up = nodes[up].seventh, nodes[up].parent
        if not definition:
            continue
        made = {character: _seventh_code(node.name, character) for character, _ in definition}
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
        self._codes = {node.name: index for index, node in enumerate(nodes) if _is_code(node.name)}
        self._bare = {name for name, index in self._codes.items() if nodes[index].leaf and index not in seventh}
        self._keys = sorted((_order(name), index) for name, index in self._codes.items())
        self._spans: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def of(self, node: _Node, kind: NoteKind, text: str) -> list[list[str]]:
        """The references of a note, in the shape in which the index keeps them."""
        if kind not in _REFERRING:
            return []
        ranges, in_parentheses = _ranges(text)
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
            low = bisect_left(self._keys, (_order(first), -1))
            category, rest = _order(last)
            high = bisect_left(self._keys, ((category, f"{rest}~"), -1))
            listed = [index for index in range(begin, end + 1) if _is_code(self._nodes[index].name)]
            if sorted(index for _, index in self._keys[low:high]) == listed:
                self._spans[first, last] = [(first, last)]
            else:
                inside = set(listed)
                top = [self._nodes[index] for index in listed if self._nodes[index].parent not in inside]
                self._spans[first, last] = [(node.name, node.name) for node in top]
        return self._spans[first, last]


def _compile(release: Release, nodes: list[_Node], listed: frozenset[str] | None, codes_label: str) -> sqlite3.Connection:
    """The index of a release, in memory."""
    seventh = _seventh_of_leaves(nodes, listed, codes_label)
    sets: dict[tuple[tuple[str, str], ...], int] = {}
    for characters in seventh.values():
        sets.setdefault(characters, len(sets))
    references = _References(nodes, seventh)
    note_rows = (
        (index, position, _KINDS.index(kind), text, json.dumps(ranges, separators=(",", ":")) if ranges else "")
        for index, node in enumerate(nodes)
        for position, (kind, text) in enumerate(node.notes)
        for ranges in [references.of(node, kind, text)]
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
        f"CREATE UNIQUE INDEX node_name ON node (name); CREATE INDEX node_parent ON node (parent); PRAGMA user_version = {_SCHEMA};"
    )
    connection.commit()
    return connection


# -------------------------------------------------------------------------------------------------- the index and its folder


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
        if connection.execute("PRAGMA user_version").fetchone() == (_SCHEMA,):
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
        listed = None if self.codes is None else _read_code_list(self.codes, self.codes_label)
        return _compile(self.release, _TabularReader(self.tabular_label).read(self.tabular), listed, self.codes_label)


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
    return f"codes-{_SCHEMA}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:24]}"


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
        spelled = _spell(code, _LOOSE_FORMAT)
        if spelled is None:
            return None
        if spelled not in self._codes:
            self._codes[spelled] = self._read_code(spelled)
        return self._codes[spelled]

    def nearest(self, code: str) -> Code | None:
        """The code itself or, when this release does not have it, the nearest code above it that exists.

        `M46.29` gives M46.2, `M49.07` gives M49; None when not even the category exists, or the text is not of code format.
        """
        spelled = _spell(code, _LOOSE_FORMAT)
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
            if not _is_code(name):
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
        below = tuple(children) or tuple(_seventh_code(name, character) for character, _ in characters)
        above = parent if parent is not None and _is_code(parent) else None
        return Code(name, title, billable=not below, parent=above, children=below, seventh=characters)

    @staticmethod
    def _with_seventh(leaf: Code, seventh: tuple[str, str]) -> Code:
        character, meaning = seventh
        return Code(_seventh_code(leaf.code, character), f"{leaf.title}, {meaning}", True, leaf.code, (), ())

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
        text = text.strip()
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
        return self._rows(
            "WITH RECURSIVE up (id, name, parent, depth) AS (SELECT id, name, parent, 0 FROM node WHERE id = ?"
            " UNION ALL SELECT node.id, node.name, node.parent, depth + 1 FROM node JOIN up ON node.id = up.parent)"
            " SELECT id, name FROM up ORDER BY depth",
            number,
        )

    def _read_notes(self, number: int, node: str) -> Iterator[InstructionNote]:
        for kind, text, ranges in self._rows("SELECT kind, text, ranges FROM note WHERE node = ? ORDER BY position", number):
            parsed = tuple(CodeRange(*one) for one in json.loads(ranges)) if ranges else ()
            yield InstructionNote(node, _KINDS[kind], text, parsed)

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
