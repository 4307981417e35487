"""What formats say of a note, as plain values: days, names, codes, ids."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from notelint.errors import InputError
from notelint.note import Note
from notelint.report import Failure

_DAY = re.compile(r"(\d{4})(-?)(\d\d)\2(\d\d)", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9.]+")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_NOTHING = "\ufeff \t\r\n\0"


def day_of(written: object) -> date | None:
    """The day of a date or time as YYYY-MM-DD… or YYYYMMDD…, as it was where it was written; None when it tells no day."""
    found = _DAY.match(written.strip()) if isinstance(written, str) else None
    if found is None:
        return None
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError:
        return None


def line_of(written: object) -> str | None:
    """A fact as one line, with single blanks and what can not be printed escaped; None when there is nothing, or no text."""
    if not isinstance(written, str):
        return None
    line = " ".join(written.split())
    if not line.isprintable():
        line = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
    return line or None


def codes_of(written: Iterable[object]) -> tuple[str, ...]:
    """The codes in their order, each once. What stands in the place of one and is more than a word is none."""
    lines = (each.strip() for each in written if isinstance(each, str))
    return tuple(dict.fromkeys(each for each in lines if _CODE.fullmatch(each)))


def is_empty(text: str) -> bool:
    """Is there nothing in a text but blanks, line ends, nulls and marks of its encoding?"""
    return not text.strip(_NOTHING)


def checked(text: str) -> str:
    """The text of a note as it is; InputError when there is nothing in it, or half a character."""
    if is_empty(text):
        raise InputError("empty note")
    if _HALF_CHARACTER.search(text):
        raise InputError("holds half a character (a surrogate)")
    return text


def reason_of(error: InputError, name: str) -> str:
    """What an error about a file says of it, without its name."""
    return str(error).removeprefix(f"{name}: ")


def filled(note: Note, within: Note | None) -> Note:
    """A note, with what it leaves open taken from the document within it."""
    if within is None:
        return note
    return replace(
        note,
        codes=note.codes or within.codes,
        setting=within.setting if note.setting == "unknown" else note.setting,
        date_of_service=note.date_of_service or within.date_of_service,
        note_type=note.note_type or within.note_type,
        encounter=note.encounter or within.encounter,
        author=note.author or within.author,
        # The role is that of the author.
        role=note.role or (within.role if note.author in (None, within.author) else None),
        site=note.site or within.site,
    )


def told_apart(found: Iterable[Note | Failure]) -> Iterator[Note | Failure]:
    """The same, with ids that differ: of notes with one id the second is `id-2`."""
    taken: set[str | None] = set()
    times: Counter[str | None] = Counter()
    for each in found:
        if isinstance(each, Note):
            name = each.id
            while name in taken:
                times[each.id] += 1
                name = f"{each.id}-{times[each.id] + 1}"
            taken.add(name)
            yield each if name == each.id else replace(each, id=name)
        else:
            yield each
