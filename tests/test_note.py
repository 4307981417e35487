"""Notes: the reading view and the places in a text."""

import dataclasses
import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notelint.note import Note, reading_view

TEXTS = st.text(
    st.one_of(
        st.sampled_from("aZ1 .-\n\r\t\0\x0b\x0c\x85\u2028\u2029\u00a0\ufeff\u200b\u2013\u0301\ud800\udfff\u0130ß\u03c2😀"), st.characters()
    ),
    max_size=60,
)


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("CRP 12 mg/L", "CRP 12 mg/L"),
        ("CRP 12\u00a0mg/L", "CRP 12 mg/L"),
        ("CRP\t12\u202fmg/L", "CRP 12 mg/L"),
        ("L4\u2013L5, T7\u20118, L5\u2212S1", "L4-L5, T7-8, L5-S1"),
        ("pain\u2014worse", "pain-worse"),
        ("Pott\u2019s, Behc\u0327et`s, Reiter\u00b4s", "Pott's, Behc\u0327et's, Reiter's"),
        ("\u201cslipped disc\u201d", '"slipped disc"'),
        ("\ufeffHPI", " HPI"),
        ("spon\u00addylitis dis\u200bcitis", "spon dylitis dis citis"),
        ("ESR\x0040", "ESR 40"),
        ("CRP 12 \u00b5g/mL or 12 \u03bcg/mL", "CRP 12 ug/mL or 12 ug/mL"),
        ("CRP \u2264 5, ESR \u2265 40", "CRP < 5, ESR > 40"),
        ("4\u20445 and 3\u22154", "4/5 and 3/4"),
        ("NO FEVER\r\nNO CHILLS\rMRI\nCT", "NO FEVER \nNO CHILLS\nMRI\nCT"),
        ("page\x0cnext\x0bline\x85more\u2028and\u2029end", "page\nnext\nline\nmore\nand\nend"),
        ("half \ud83d and \udc00", "half ? and ?"),
        ("😀 fièvre fie\u0300vre Bechterew-Krankheit ß", "😀 fièvre fie\u0300vre Bechterew-Krankheit ß"),
    ],
)
def test_reading_view(text: str, view: str) -> None:
    assert reading_view(text) == view
    assert Note(text).view == view
    assert Note(text).text == text


@settings(deadline=None)
@given(TEXTS)
def test_the_view_is_as_long_as_the_text_and_in_plain_spelling(text: str) -> None:
    view = reading_view(text)
    assert len(view) == len(text)
    assert reading_view(view) == view
    assert not re.search("[\r\t\0\x0b\x0c\x85\u2028\u2029\u00a0\ufeff\u2010-\u2015\u2018-\u201f\ud800-\udfff]", view)
    for written, read in zip(text, view, strict=True):
        assert written == read or not written.isalnum() or unicodedata.normalize("NFKC", written) != written


@settings(deadline=None)
@given(TEXTS)
def test_ascii_stays_itself(text: str) -> None:
    for written, read in zip(text, reading_view(text), strict=True):
        if " " <= written <= "~" and written != "`":
            assert read == written


@pytest.mark.parametrize(
    ("text", "offset", "place"),
    [
        ("", 0, (1, 1)),
        ("CRP 12", 0, (1, 1)),
        ("CRP 12", 4, (1, 5)),
        ("CRP 12", 6, (1, 7)),
        ("CRP\nESR", 3, (1, 4)),
        ("CRP\nESR", 4, (2, 1)),
        ("CRP\r\nESR", 4, (1, 5)),
        ("CRP\r\nESR", 5, (2, 1)),
        ("CRP\rESR", 4, (2, 1)),
        ("CRP\r\r\n\nESR", 7, (4, 1)),
        ("CRP\n", 4, (2, 1)),
        ("\ufeffCRP", 1, (1, 2)),
        ("😀e\u0301 AS", 4, (1, 5)),
        ("page one\x0cpage two\u2028line", 9, (1, 10)),
    ],
)
def test_place(text: str, offset: int, place: tuple[int, int]) -> None:
    assert Note(text).place(offset) == place


@settings(deadline=None)
@given(TEXTS)
def test_places_and_offsets_round_trip(text: str) -> None:
    note = Note(text)
    places = [note.place(offset) for offset in range(len(text) + 1)]
    assert places == sorted(set(places))
    for offset, (line, column) in enumerate(places):
        start, end = note.line(line)
        assert column >= 1
        assert start + column - 1 == offset
        assert start <= end <= len(text)


@settings(deadline=None)
@given(TEXTS)
def test_lines_are_those_of_an_editor(text: str) -> None:
    note = Note(text)
    expected = re.split("\r\n|\r|\n", text)
    spans = [note.line(number) for number in range(1, len(expected) + 1)]
    assert [text[start:end] for start, end in spans] == expected
    assert note.place(len(text))[0] == len(expected)


def test_lines_without_their_ends() -> None:
    text = "HPI: pain\r\n\r\nO: afebrile\rA: AS\n"
    assert [text[slice(*Note(text).line(number))] for number in range(1, 6)] == ["HPI: pain", "", "O: afebrile", "A: AS", ""]
    with pytest.raises(IndexError):
        Note(text).line(6)


def test_a_note_keeps_its_text_out_of_sight() -> None:
    note = Note("Jane Roe, back pain", id="n1", codes=["M45.7", "M46.1"], setting="outpatient", date_of_service=date(2026, 4, 14))  # type: ignore[arg-type]
    assert "Jane" not in repr(note)
    assert "back pain" not in str(note)
    assert "n1" in repr(note)
    assert note.codes == ("M45.7", "M46.1")
    assert note.view is note.view


def test_defaults_and_equality() -> None:
    note = Note("AS")
    assert (note.id, note.path, note.codes, note.setting, note.date_of_service, note.note_type, note.encounter) == (
        None,
        None,
        (),
        "unknown",
        None,
        None,
        None,
    )
    assert note == Note("AS")
    assert note != Note("AS", id="1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        note.text = "other"  # type: ignore[misc]
