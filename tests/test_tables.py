"""Tables: cells, and the column in which a cell stands."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from notelint import tables

PIPES = "| Test | Date | Result |\n|---|---|---|\n| ESR | | 45 |\n| CRP | 3/4/25 | 8.8 |\n"
BLANKS = "             04/03      04/12\nCRP (mg/L)     132         61\nESR (mm/h)      78\n"


def lines(view: str) -> list[tuple[int, int]]:
    return [tables.line_at(view, n) for n, letter in enumerate(view) if n == 0 or view[n - 1] == "\n" if letter]


def words(view: str, spans: list[tuple[int, int]]) -> list[str]:
    return [view[a:b] for a, b in spans]


def test_cells_between_strokes_keep_the_empty_ones() -> None:
    header, _, esr, crp = lines(PIPES)
    assert words(PIPES, tables.cells(PIPES, header)) == ["Test", "Date", "Result"]
    assert words(PIPES, tables.cells(PIPES, esr)) == ["ESR", "", "45"]
    assert words(PIPES, tables.cells(PIPES, crp)) == ["CRP", "3/4/25", "8.8"]


def test_cells_between_blanks_and_leaders() -> None:
    assert words(BLANKS, tables.cells(BLANKS, lines(BLANKS)[1])) == ["CRP (mg/L)", "132", "61"]
    assert words("HLA-B27 ..... positive", tables.cells("HLA-B27 ..... positive", (0, 22))) == ["HLA-B27", "positive"]
    assert tables.cells("   ", (0, 3)) == []


def test_rows_above_and_below_pass_over_rules_and_end_at_a_blank_line() -> None:
    header, _, esr, crp = lines(PIPES)
    view = PIPES + "\n| other | table | x |\n"
    assert list(tables.below(view, header)) == [esr, crp]
    assert list(tables.above(view, crp)) == [esr, header]
    assert list(tables.above(view, header)) == []
    assert list(tables.below("one line", (0, 8))) == []


def test_a_cell_is_found_by_its_column() -> None:
    header, _, esr, crp = lines(PIPES)
    test, date, result = tables.cells(PIPES, header)
    assert [tables.in_column(PIPES, header, cell, crp) for cell in (test, date, result)] == tables.cells(PIPES, crp)
    # An empty cell is none.
    assert tables.in_column(PIPES, header, date, esr) is None


def test_a_cell_between_blanks_goes_to_the_nearest_column() -> None:
    header, crp, esr = lines(BLANKS)
    first, second = tables.cells(BLANKS, header)
    assert [
        BLANKS[slice(*cell)]
        for cell in (tables.in_column(BLANKS, header, first, crp), tables.in_column(BLANKS, header, second, crp))
        if cell
    ] == ["132", "61"]
    assert tables.in_column(BLANKS, header, second, esr) is None


@given(st.text(st.sampled_from("|a1 .\n-"), max_size=80))
def test_cells_lie_in_their_line_and_do_not_overlap(view: str) -> None:
    for line in lines(view):
        found = tables.cells(view, line)
        assert all(line[0] <= a <= b <= line[1] for a, b in found)
        assert all(one[1] <= other[0] for one, other in pairwise(found))
        assert all(view[a:b] == view[a:b].strip(" ") for a, b in found)
        for row in tables.below(view, line):
            cells = tables.cells(view, row)
            assert all((hit := tables.in_column(view, line, cell, row)) is None or hit in cells for cell in found)
