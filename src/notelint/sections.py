"""The sections of a note: headers at the beginning of a line, or of a sentence when a colon follows."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from notelint.gate import Pieces
from notelint.note import BLANK_LINE
from notelint.packs import Section
from notelint.reading import SectionSpan
from notelint.scan import Scan, Scanner, Tokens

# What may stand between the beginning of a line and a header.
_LINE = re.compile(r"[ ]*(?:[#*=\-\u2022>]+[ ]*)?(?:\d{1,2}[.)][ ]+)?")
_AFTER = re.compile(
    r"[ ]*(?:\([^()\n]{0,40}\)|\[[^\]\n]{0,40}\]|[-,]?[ ]*(?:on[ ])?\d[\d/.-]{3,9}(?:[ ]+(?:at[ ])?\d{1,2}:\d\d(?:[ ]*(?:h|hrs?|[ap]m))?)?)?[ ]*[*]*(?P<mark>:|[ ]-[ ]|[=*-]*[ ]*$)",
    re.MULTILINE,
)
_UNKNOWN = re.compile(r"^[ ]*(?:[A-Z][A-Z0-9 /&,()'-]{2,59}[A-Z0-9/&()'-]|[A-Z][A-Za-z /&'-]{3,40}:)[ ]*$", re.MULTILINE)
# What stands before one within a line.
_INLINE = re.compile(r"(?:[.;!?][ ]+|(?:^|[^ ])[ ]{3,})$")
_WORD = re.compile(r"\S+")
_NEWLINE = re.compile(r"\n")
ITEM_START = re.compile(r"[ ]*(?:[-*+#>\u2022]|\(?\d{1,2}[.)]|\[)")
"""The mark of a list item."""
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Header:
    """Words that open a section; `short`: only with a colon after them."""

    section: Section
    words: str
    short: bool


def headers_of(sections: Iterable[Section]) -> Iterator[Header]:
    """The headers of sections, in the order of the files."""
    for section in sections:
        for short, headers in ((False, section.headers), (True, section.short)):
            for header in headers:
                yield Header(section, header, short)


class Sections:
    """Headers, ready to be looked for."""

    def __init__(self, headers: Sequence[Header], pieces: Pieces) -> None:
        self.headers = tuple(headers)
        self._scanner = Scanner(pieces, [(header.words, number) for number, header in enumerate(headers)])

    def find(self, tokens: Tokens) -> tuple[SectionSpan, ...]:
        """The sections of a text, which together hold all of it."""
        view, scan = tokens.view, self._scanner.on(tokens)
        found: dict[int, tuple[int, Section | None]] = {}
        for at in scan.places():
            line = view.rfind("\n", 0, at) + 1
            if _LINE.fullmatch(view, line, at):
                if (hit := self._header(scan, view, at, inline=False)) is not None:
                    found.setdefault(line, hit)
            elif _INLINE.search(view, max(line, at - _WIDEST), at) and (hit := self._header(scan, view, at, inline=True)) is not None:
                found.setdefault(at, hit)
        for unknown in _UNKNOWN.finditer(view):
            found.setdefault(unknown.start(), (unknown.end(), None))
        starts = sorted(found)
        spans = [SectionSpan(0, 0, starts[0] if starts else len(view), None)] if not starts or starts[0] > 0 else []
        for start, end in pairwise((*starts, len(view))):
            body, rule = found[start]
            last = self._last_line(view, body, end, rule) if rule is not None and (rule.says or rule.list or rule.brief) else end
            spans.append(SectionSpan(start, body, last, rule))
            if last < end:
                spans.append(SectionSpan(last, last, end, None))
        return tuple(spans)

    @staticmethod
    def _last_line(view: str, body: int, end: int, rule: Section) -> int:
        """Where a section that begins beside its header ends: at the first blank line; what follows without a header is not of it.

        The head of a list has it below: on the same line there is no list, only a sentence.
        """
        line_end = view.find("\n", body, end)
        if rule.brief:
            for gap in BLANK_LINE.finditer(view, body, end):
                if view[body : gap.start()].strip() and gap.end() < end and not ITEM_START.match(view, gap.end()):
                    return gap.end()
            return end
        if rule.list:
            if line_end < 0 or view[body:line_end].strip():
                return body
            first = _WORD.search(view, line_end, end)
            line_end = first.start() if first else line_end
            if ITEM_START.match(view, view.rfind("\n", 0, line_end) + 1):
                # A list of marked items ends at the first line that has no mark and goes on with none.
                for start in (newline.end() for newline in _NEWLINE.finditer(view, line_end, end)):
                    if view[start : start + 1].strip() and not ITEM_START.match(view, start):
                        return start
        elif line_end < 0 or not view[body:line_end].strip():
            return end
        blank = BLANK_LINE.search(view, line_end, end)
        return blank.end() if blank else end

    def _header(self, scan: Scan, view: str, at: int, *, inline: bool) -> tuple[int, Section] | None:
        """(end of the header, its section) when a header stands at this place; of several the one that says most."""
        if inline and not "A" <= view[at] <= "Z":
            return None
        hits = list(scan.at(at, min(len(view), at + _WIDEST)))
        after = _AFTER.match(view, hits[0][1]) if hits else None
        if after is None or (inline and after["mark"] != ":"):
            return None
        for _, end, number in hits:
            header = self.headers[number]
            if end == hits[0][1] and (after["mark"] == ":" or not header.short):
                return after.end(), header.section
        return None
