"""What a code is: how it is spelled, where it stands among the others, and the values in which a release tells of it.

Both that which compiles a release (`notelint.tabular`) and that which answers from it (`notelint.codeset`) build on this. Users
take these names from `notelint.codeset`.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

__all__ = [
    "KINDS",
    "SCHEMA",
    "Code",
    "CodeRange",
    "InstructionNote",
    "NoteKind",
    "Release",
    "is_code",
    "normalize_code",
    "normalize_loosely",
    "order",
    "seventh_code",
]

# ----------------------------------------------------------------------------------------------------------------- spelling

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


def normalize_loosely(text: str) -> str | None:
    """Like `normalize_code`, for any spelling that a release may bring; only a code that stands in the release is meant by it."""
    return _spell(text, _LOOSE_FORMAT)


def is_code(name: str) -> bool:
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


def order(code: str) -> tuple[str, str]:
    """A key that sorts as the tabular list does: the category, and what follows it without the dot."""
    category = code[:3]
    before = _STANDS_AFTER.get(category)
    return (f"{before}~{category}" if before else category, code[4:])


def seventh_code(leaf: str, character: str) -> str:
    """The code that a 7th character makes of a leaf, X in the places between."""
    body = leaf.replace(".", "").ljust(6, "X") + character
    return f"{body[:3]}.{body[3:]}"


# --------------------------------------------------------------------------------------------------------------- the values


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
        spelled = normalize_loosely(code)
        if spelled is None:
            return False
        key, low, high = order(spelled), order(self.first), order(self.last)
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

    @property
    def is_manifestation(self) -> bool:
        """Does its title say that the disease behind it is classified, and coded, elsewhere?"""
        return "in diseases classified elsewhere" in self.title.lower()


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


# ---------------------------------------------------------------------------------------------------------------- the index

# To be raised whenever what the compiler writes changes: an index of another number is never opened.
SCHEMA = 1
# The index keeps the kind of a note as its place here.
KINDS = tuple(NoteKind)
