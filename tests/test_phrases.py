"""Phrases: what their notation stands for, and that a scan finds exactly what they mean."""

import re
from collections.abc import Iterable
from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from notelint.gate import Pieces
from notelint.phrases import parse, spellings
from notelint.scan import Scanner, Tokens

MANY = "(" + "|".join(f"w{n}" for n in range(40)) + ")"
"""A choice that gives a phrase far more spellings than anybody would write out."""


def find(
    entries: Iterable[tuple[str, int]], text: str, start: int = 0, end: int | None = None, *, cased: bool = False
) -> list[tuple[int, int, tuple[int, ...]]]:
    pieces = Pieces()
    scanner = Scanner(pieces, *(((), entries) if cased else (entries,)))
    hits: dict[tuple[int, int], tuple[int, ...]] = {}
    for first, last, number in scanner.on(Tokens(text, pieces)).find(start, end):
        hits[first, last] = (*hits.get((first, last), ()), number)
    return [(*place, numbers) for place, numbers in hits.items()]


def found(entries: Iterable[tuple[str, int]], text: str, *, cased: bool = False) -> list[tuple[str, tuple[int, ...]]]:
    return [(text[start:end], meanings) for start, end, meanings in find(entries, text, cased=cased)]


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("sacroiliitis", ["sacroiliitis"]),
        ("discitis L4", ["discitis L4"]),
        ("syndesmophyte(s)", ["syndesmophyte", "syndesmophytes"]),
        ("dis(c|k)itis", ["discitis", "diskitis"]),
        ("(septic|) discitis", ["septic discitis", "discitis"]),
        ("back pain (at|by) night", ["back pain at night", "back pain by night"]),
        ("bone marrow (o|)edema", ["bone marrow oedema", "bone marrow edema"]),
        ("pott('s)( disease|)", ["pott disease", "pott", "pott's disease", "pott's"]),
        (
            "axial (spondyl(o|)arthr(itis|opathy))",
            ["axial", *(f"axial spondyl{o}arthr{end}" for o in ("o", "") for end in ("itis", "opathy"))],
        ),
        ("end (plate) erosion", ["end erosion", "end plate erosion"]),
        ("HLA-B27  positive", ["HLA-B27 positive"]),
    ],
)
def test_spellings_stand_in_the_order_of_the_phrase(phrase: str, expected: list[str]) -> None:
    assert list(spellings(phrase)) == expected


@pytest.mark.parametrize(
    "phrase", ["", " ", "-", " - ", "\t", "()", "(|)", "(a|)", "(a)", "(a|)(b|)", "( |a)", "((a)|b|)", "(a|) (b) (c|d|)", "(-)"]
)
def test_a_phrase_that_can_be_empty_is_refused_by_name(phrase: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(phrase)) if phrase.strip() else "empty phrase"):
        parse(phrase)


@pytest.mark.parametrize("phrase", ["(a", "a)", "a|b", "(a|b", "((a)", "(a))", "a (b|c", "|", ")("])
def test_a_malformed_phrase_is_refused_by_name(phrase: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(phrase))):
        parse(phrase)


def test_emptiness_is_seen_however_many_spellings_there_are() -> None:
    optional = " ".join(f"(a{n}|b{n}|c{n}|)" for n in range(30))
    with pytest.raises(ValueError, match="can be empty"):
        parse(optional)
    assert found([(f"{optional} end", 1)], "no b3 c7 end") == [("b3 c7 end", (1,)), ("c7 end", (1,)), ("end", (1,))]


@pytest.mark.parametrize("filler", ["", f" {MANY} {MANY}"], ids=["few spellings", "many"])
@pytest.mark.parametrize(
    ("phrase", "text", "words"),
    [
        ("hla-b27", "typed hla-b27 today", "hla-b27"),
        ("hla-b27", "typed hla b27 today", "hla b27"),
        ("hla-b27", "typed hlab27 today", "hlab27"),
        ("hla-b27", "typed hla - b27 today", "hla - b27"),
        ("hla-b27", "typed hla\nb27 today", "hla\nb27"),
        ("low back pain", "low  back\n  pain", "low  back\n  pain"),
        ("low back pain", "low-back-pain", "low-back-pain"),
        ("low back pain", "low - back pain", "low - back pain"),
        ("sacro-iliac (joint|)", "right sacroiliac joint", "sacroiliac joint"),
        ("sacro-iliac (joint|)", "right sacro-\niliac.", "sacro-\niliac"),
        ("dis(c|k) space (narrowing|loss)", "a disk-space loss", "disk-space loss"),
        ("(anterior|) syndesmophyte(s)", "no syndesmophytes", "syndesmophytes"),
        ("h/o uveitis", "h/o uveitis", "h/o uveitis"),
        ("pott's disease", "?pott's disease", "pott's disease"),
        ("non-", "a non-smoker", "non"),
        ("-ve", "hla -ve.", "ve"),
        ("hla_b27 (s)", "hla_b27, hla", "hla_b27"),
    ],
)
def test_blanks_and_hyphens(filler: str, phrase: str, text: str, words: str) -> None:
    if filler:
        phrase, text, words = phrase + filler, text.replace(words, f"{words} w7  w31"), f"{words} w7  w31"
    assert found([(phrase, 5)], text) == [(words, (5,))]


@pytest.mark.parametrize("filler", ["", f" ({MANY}|) ({MANY}|) ({MANY}|)"], ids=["few spellings", "many"])
@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("discitis", "spondylodiscitis"),
        ("discitis", "discitis2"),
        ("disc", "discs and discography"),
        ("low back", "lowback"),
        ("low back", "low, back"),
        ("low back", "below back"),
        ("a head", "ahead"),
        ("c. difficile", "c difficile"),
        ("as", "has ask as1 _as"),
        ("non-radiographic", "nonradiographical"),
    ],
)
def test_no_match_within_words_nor_over_other_marks(filler: str, phrase: str, text: str) -> None:
    assert found([(phrase + filler, 1)], text) == []


def test_abbreviations_keep_their_case() -> None:
    assert found([("AS", 1)], "AS as As has", cased=True) == [("AS", (1,))]
    assert found([("AS", 1)], "AS as As") == [("AS", (1,)), ("as", (1,)), ("As", (1,))]
    assert found([("HLA-B(27|2705)", 1)], "HLA B2705, hla-b27", cased=True) == [("HLA B2705", (1,))]


def test_the_longest_of_one_meaning_wins_whatever_the_order_of_writing() -> None:
    for phrases in (["low back", "low-back pain"], ["low-back pain", "low back"]):
        assert found([(phrase, 1) for phrase in phrases], "low back pain") == [("low back pain", (1,))]
    assert found([("pain (at|at night|at night and rest)", 1)], "pain at night and rest, pain at night") == [
        ("pain at night and rest", (1,)),
        ("pain at night", (1,)),
    ]
    # A choice made early must not cost words later.
    assert found([("(a b|a) (b c d|)", 1)], "a b c d") == [("a b c d", (1,))]


def test_different_meanings_are_all_told_longest_first() -> None:
    entries = [("mrsa", 0), ("mrsa discitis", 1), ("discitis", 2), ("dis(c|k)itis", 3), ("mrsa", 4), ("mrsa", 0)]
    assert found(entries, "mrsa discitis") == [("mrsa discitis", (1,)), ("mrsa", (0, 4)), ("discitis", (2, 3))]


def test_spellings_that_differ_only_in_a_blank_are_kept_apart() -> None:
    assert found([("in fusion", 0), ("infusion", 1), ("in-fusion", 2)], "infusion, in fusion") == [
        ("infusion", (1, 2)),
        ("in fusion", (0, 2)),
    ]


def test_an_empty_lexicon_and_an_empty_text() -> None:
    assert found([], "discitis") == []
    assert found([("discitis", 1)], "") == []


def test_a_part_of_a_text_is_read_as_if_it_stood_alone() -> None:
    entries = [("back pain", 1), ("pain", 2)]
    text = "back pain, back pain"
    assert find(entries, text, 5) == [(5, 9, (2,)), (11, 20, (1,)), (16, 20, (2,))]
    assert find(entries, text, 0, 15) == [(0, 9, (1,)), (5, 9, (2,))]
    assert find(entries, text, 11, 11) == []
    # A word that the part cuts is none of its words.
    assert find(entries, text, 1, 19) == [(5, 9, (2,))]


@settings(deadline=None)
@given(st.text("a b-/\n", max_size=20), st.integers(0, 20), st.integers(0, 20))
def test_a_part_gives_what_the_slice_gives(text: str, start: int, end: int) -> None:
    start, end = min(start, len(text)), min(end, len(text))
    assume(start <= end)
    assume(not any(0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum() for at in (start, end)))
    entries = [("a-b", 0), ("a b", 1), ("(a|b)/(a|)", 2), ("b", 3)]
    assert find(entries, text, start, end) == [(start + s, start + e, m) for s, e, m in find(entries, text[start:end])]


WORDS = st.sampled_from(["sacro", "iliac", "pain", "l4", "l5", "no", "of", "c", "k", "s", "é", "7"])
ITEMS = st.one_of(
    WORDS,
    st.lists(WORDS, min_size=2, max_size=3).map("-".join),
    st.tuples(WORDS, WORDS).map("{0[0]}({0[1]})".format),
    st.lists(st.lists(WORDS, min_size=1, max_size=2).map(" ".join), min_size=2, max_size=4).map(lambda choices: f"({'|'.join(choices)})"),
    st.lists(WORDS, min_size=1, max_size=3).map(lambda choices: f"({'|'.join(choices)}|)"),
    st.tuples(WORDS, WORDS, WORDS).map("({0[0]}|{0[1]} ({0[2]}|))".format),
)
PHRASES = st.tuples(st.lists(ITEMS, max_size=4), WORDS, st.lists(ITEMS, max_size=4)).map(lambda p: " ".join([*p[0], p[1], *p[2]]))
"""Phrases in which one word at least must stand."""


@settings(deadline=None)
@given(PHRASES, st.booleans(), st.data())
def test_every_spelling_is_found_as_a_whole(phrase: str, wide: bool, data: st.DataObject) -> None:
    if wide:
        phrase = f"{phrase} {MANY} {MANY} {MANY}"
    some = list(islice(spellings(phrase), 300))
    spelling = data.draw(st.sampled_from(some))
    blank = data.draw(st.sampled_from([" ", "  ", "\n", " \n ", "-", " - ", "--"]))
    hyphen = data.draw(st.sampled_from(["-", "", " ", "\n", " - "]))
    written = re.sub("[ -]", lambda match: blank if match[0] == " " else hyphen, spelling)
    for before, after in (("", ""), ("x ", " x"), ("(", ")"), ("\n", ".")):
        text = before + written + after
        assert (len(before), len(before) + len(written), (3,)) in find([(phrase, 3), ("unrelated phrase", 4)], text)


def by_hand(entries: list[tuple[str, int]], text: str) -> set[tuple[int, int, int]]:
    """What a lexicon should find, spelling by spelling, place by place: (start, end, meaning)."""
    inside = [0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum() for at in range(len(text) + 1)]
    longest: dict[tuple[int, int], int] = {}
    for phrase, meaning in entries:
        for spelling in set(spellings(phrase)):
            pieces = (r"[\s-]+" if piece == " " else r"[\s-]*" if piece == "-" else piece for piece in re.split("([ -])", spelling))
            pattern = re.compile("".join(pieces))
            for start in range(len(text)):
                for end in range(start + 1, len(text) + 1):
                    if not inside[start] and not inside[end] and pattern.fullmatch(text, start, end):
                        longest[start, meaning] = max(end, longest.get((start, meaning), 0))
    return {(start, end, meaning) for (start, meaning), end in longest.items()}


SHORT = st.one_of(
    st.sampled_from(["a", "b", "ab", "a-b", "b-a", "a b"]),
    st.lists(st.sampled_from(["a", "b", "ab", "a b", "b-a"]), min_size=2, max_size=3).map(lambda choices: f"({'|'.join(choices)})"),
    st.sampled_from(["a(b)", "(a|)b", "ab(-a|)", "b( a|)"]),
)
OPTIONAL = st.sampled_from([" (a|)", " (b|ab|)", " (a b|)", " (b-a|a|)"])
ENTRIES = st.lists(
    st.tuples(
        st.tuples(SHORT, st.one_of(st.just(""), OPTIONAL, SHORT.map(" {}".format), SHORT.map("-{}".format))).map("".join), st.integers(0, 2)
    ),
    min_size=1,
    max_size=4,
)


@settings(deadline=None)
@given(ENTRIES, st.lists(st.sampled_from(["a", "b", "ab", " ", "-", " ", "\n", "."]), max_size=10).map("".join))
def test_nothing_more_and_nothing_less_is_found(entries: list[tuple[str, int]], text: str) -> None:
    matches = find(entries, text)
    assert {(start, end, meaning) for start, end, meanings in matches for meaning in meanings} == by_hand(entries, text)
    assert matches == sorted(matches, key=lambda match: (match[0], -match[1]))


@settings(deadline=None)
@given(st.text(st.one_of(st.sampled_from("a()| -\n"), st.characters()), max_size=30))
def test_any_phrase_is_read_or_refused(phrase: str) -> None:
    try:
        parse(phrase)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        for spelling in islice(spellings(phrase), 50):
            assert spelling.strip(" -")


@settings(deadline=None)
@given(st.text(st.one_of(st.sampled_from("ab -\n\ud800\0\ufeff\u0301𝐚"), st.characters())))
def test_any_text_is_searched(text: str) -> None:
    for start, end, meanings in find([("a-b", 0), (f"b {MANY} {MANY}", 1), ("(a|b)(s)", 2)], text):
        assert 0 <= start < end <= len(text)
        assert text[start] in "abAB"
        assert meanings
