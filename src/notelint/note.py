"""A note: its text exactly as read, what is known of it, and places in it.

Offsets are Unicode code points into the text, half-open. Lines and columns begin at 1. Patterns run on the *reading view*, which is as
long as the text, so that an offset found in it points at the same character of the original.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal, get_args

from notelint.errors import InputError

Setting = Literal["inpatient", "outpatient", "unknown"]

_READ_AS = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\x00", " "),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        **dict.fromkeys("\u0085\u2028\u2029\x0b\x0c", "\n"),
        "\u2044": "/", "\u2215": "/", "\u00b5": "u", "\u03bc": "u", "\u2264": "<", "\u2265": ">",
    }
)  # fmt: skip
_UNLIKE_ASCII = ("\r", "\t", *(chr(code) for code in _READ_AS if code < 128 and code != 9))
_LINE_END = re.compile(r"\r\n?|\n")
_UNLIKE = re.compile("[" + "".join(map(re.escape, map(chr, _READ_AS))) + "\ud800-\udfff]")

BLANK_LINE = re.compile(r"\n[ ]*\n")
"""The end of a paragraph in a reading view."""
_TABBED = re.compile(r"^[^\n\t]*\t[^\n\t]*\t[^\n]*", re.MULTILINE)
_TAB = re.compile(r"(?<=[^\s:])\t|(?<=\t)\t(?=\S)|(?<=[^\s:]\t)\t")

_BETWEEN_CODES = str.maketrans(",;|\t\r\n", "      ")


def split_codes(text: str) -> tuple[str, ...]:
    """The codes of one cell: split at comma, semicolon, stroke or blank, without marks at their ends."""
    return tuple(code for part in text.translate(_BETWEEN_CODES).split() if (code := part.strip(".,:;()[]\"'")))


def reading_view(text: str) -> str:
    """The text in plain spelling, of the same length: one kind each of blank, hyphen, quote and line end."""
    if text.isascii() and not any(char in text for char in _UNLIKE_ASCII):
        return text
    if "\t" in text:
        # A line with two tabs or more is the row of a table.
        text = _TABBED.sub(lambda row: _TAB.sub("|", row[0]), text)
    # `str.translate` is fast for ASCII alone.
    view = text.translate(_READ_AS) if text.isascii() else _UNLIKE.sub(lambda unlike: _READ_AS.get(ord(unlike[0]), "?"), text)
    return view.replace("\r\n", " \n").replace("\r", "\n")


@dataclass(frozen=True)
class Note:
    """A note and what its sender knows of it.

    `codes` are the chosen ICD-10-CM codes in their sequence; none means that those written in the note count. `text` is kept exactly
    as read and stays out of the repr. `author` tells the writers of one encounter apart; without it their note types do. `role` (of the author),
    `site` (the place of care) and `template` are carried along for who counts by them.
    """

    text: str = field(repr=False)
    id: str | None = None
    path: str | None = None
    codes: tuple[str, ...] = ()
    setting: Setting = "unknown"
    date_of_service: date | None = None
    note_type: str | None = None
    encounter: str | None = None
    author: str | None = field(default=None, repr=False)
    role: str | None = None
    site: str | None = None
    template: str | None = None

    def __post_init__(self) -> None:
        """InputError where a fact about the note is not what it has to be; one text of codes is split."""
        if not isinstance(self.text, str):
            raise InputError("the text of a note is no text")
        given: object = self.codes
        cells = [given] if isinstance(given, str) else list(given) if isinstance(given, list | tuple) else [None]
        if any(not isinstance(cell, str) for cell in cells):
            raise InputError("the codes of a note are neither a text nor a list of texts")
        object.__setattr__(self, "codes", tuple(code for cell in cells for code in split_codes(str(cell))))
        if self.setting not in get_args(Setting):
            raise InputError(f"the setting of a note is none of {', '.join(get_args(Setting))}")
        if self.date_of_service is not None and not isinstance(self.date_of_service, date):
            raise InputError("the date of service of a note is no date")

    @cached_property
    def view(self) -> str:
        """The reading view of the text."""
        return reading_view(self.text)

    @cached_property
    def _line_starts(self) -> tuple[int, ...]:
        # Lines end as an editor ends them: \n, \r\n or \r; a form feed, which the view reads as a line end too, ends none.
        return (0, *(match.end() for match in _LINE_END.finditer(self.text)))

    def place(self, offset: int) -> tuple[int, int]:
        """(line, column) of an offset, both from 1."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> tuple[int, int]:
        """(start, end) of a line, from 1, without its line end."""
        start = self._line_starts[number - 1]
        if number == len(self._line_starts):
            return start, len(self.text)
        end = self._line_starts[number] - 1
        return start, end - 1 if end > start and self.text[end - 1 : end + 1] == "\r\n" else end
