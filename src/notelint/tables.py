"""Tables in notes: the cells that stand in one column, in rows of strokes or of blanks.

A table is a run of lines without a blank one. Functions of text; a look goes no further than a fixed number of lines, and none into a line of more than `WIDE` characters.
"""

import re
from collections.abc import Iterator

_RULE = re.compile(r"[\s|:=+*_-]*")
_GAP = re.compile(r"[ ]{2,}|[ ]*\.{3,}[ ]*")
_ROWS = 40
"""So many rows below a header are read."""

_SLACK = 4
"""So many columns a cell may stand beside its header."""
WIDE = 600
"""A line of more characters is prose, or no table that a person reads."""

Span = tuple[int, int]


def line_at(view: str, offset: int) -> Span:
    """(start, end) of the line that holds an offset."""
    end = view.find("\n", offset)
    return view.rfind("\n", 0, offset) + 1, len(view) if end < 0 else end


def cells(view: str, line: Span) -> list[Span]:
    """The cells of a line, without the blanks around them; an empty cell between strokes is kept, as (n, n)."""
    start, end = line
    found: list[Span] = []
    if view.count("|", start, end) >= 2:
        at = start
        while at <= end:
            stop = view.find("|", at, end)
            stop = end if stop < 0 else stop
            found.append(_stripped(view, at, stop))
            at = stop + 1
        return [cell for n, cell in enumerate(found) if 0 < n < len(found) - 1 or cell[0] < cell[1]]
    if not has_cells(view, line):
        return [_stripped(view, start, end)] if view[start:end].strip() else []
    at = start
    for gap in (*_GAP.finditer(view, start, end), None):
        stop = gap.start() if gap else end
        if view[at:stop].strip():
            found.append(_stripped(view, at, stop))
        at = gap.end() if gap else end
    return found


def has_cells(view: str, line: Span) -> bool:
    """Does a line have more than one cell?"""
    return any(view.find(gap, *line) >= 0 for gap in ("|", "  ", "..."))


def _stripped(view: str, start: int, end: int) -> Span:
    while start < end and view[start] == " ":
        start += 1
    while end > start and view[end - 1] == " ":
        end -= 1
    return start, end


def below(view: str, line: Span) -> Iterator[Span]:
    """The rows below a line, up to a blank line; rules of hyphens and strokes are passed over."""
    _, end = line
    for _ in range(_ROWS):
        if end >= len(view):
            return
        start, end = line_at(view, end + 1)
        if not view[start:end].strip() or end - start > WIDE:
            return
        if not _RULE.fullmatch(view, start, end):
            yield start, end


def above(view: str, line: Span) -> Iterator[Span]:
    """The rows above a line, nearest first, up to a blank line."""
    start, _ = line
    for _ in range(_ROWS):
        if start <= 0:
            return
        start, end = line_at(view, start - 1)
        if not view[start:end].strip() or end - start > WIDE:
            return
        if not _RULE.fullmatch(view, start, end):
            yield start, end


def in_column(view: str, header: Span, cell: Span, row: Span) -> Span | None:
    """The cell of a row that stands in the column of a cell of the header line; None where it is empty or there is none."""
    of_header, of_row = cells(view, header), cells(view, row)
    if view.count("|", *header) >= 2 and view.count("|", *row) >= 2:
        index = next((n for n, one in enumerate(of_header) if one[0] <= cell[0] < max(one[1], one[0] + 1)), None)
        found = of_row[index] if index is not None and index < len(of_row) else None
        return found if found and found[0] < found[1] else None
    left, right = cell[0] - header[0], cell[1] - header[0]
    near = min(((_apart(left, right, one[0] - row[0], one[1] - row[0]), one) for one in of_row), default=None)
    if near is None:
        return None
    # The column of the header that is nearest to the cell is the cell's.
    distance, one = near
    others = [_apart(h[0] - header[0], h[1] - header[0], one[0] - row[0], one[1] - row[0]) for h in of_header]
    return one if distance <= min(others) and distance <= _SLACK else None


def _apart(left: int, right: int, start: int, end: int) -> int:
    """The columns between two stretches; below nought where they overlap, by how much."""
    return max(left, start) - min(right, end)
