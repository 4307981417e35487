"""Vertebral levels: how they are written, what looks like one, and the region in which each lies."""

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notelint.levels import Level, Place, Spine, find, parse, vertebra
from notelint.note import reading_view
from notelint.packs import Region

NAMES = ["C0", *(f"{part}{n}" for part, count in (("C", 7), ("T", 12), ("L", 5), ("S", 5)) for n in range(1, count + 1)), "Co"]
NUMBER = {name: number for number, name in enumerate(NAMES)}
PAIRS = list(itertools.combinations(NAMES, 2))

SPINE = Spine(
    [
        Region(region="occipito-atlanto-axial", title="upper neck", first="C0", last="C2"),
        Region(region="cervical", title="neck", first="C3", last="C7"),
        Region(region="cervicothoracic", title="neck and chest", first="C7", last="T1", joins=("cervical", "thoracic")),
        Region(region="thoracic", title="chest", first="T1", last="T12"),
        Region(region="thoracolumbar", title="chest and loin", first="T12", last="L1", joins=("thoracic", "lumbar")),
        Region(region="lumbar", title="loin", first="L1", last="L5"),
        Region(region="lumbosacral", title="loin and sacrum", first="L5", last="S1", joins=("lumbar", "sacral-sacrococcygeal")),
        Region(region="sacral-sacrococcygeal", title="sacrum", first="S1", last="Co"),
        Region(region="multiple", title="several"),
    ]
)


def level(name: str) -> Level:
    first, _, last = name.partition("-")
    return Level(NUMBER[first], NUMBER[last or first])


def written(text: str) -> list[tuple[str, str]]:
    """(the words, the level) of the levels in a text."""
    return [(text[start:end], str(found)) for start, end, found in find(reading_view(text))]


def levels(text: str) -> list[str]:
    return [found for _, found in written(text)]


@pytest.mark.parametrize(
    ("name", "number"),
    [*NUMBER.items(), ("D1", 8), ("D12", 19), ("d10", 17), (" l5 ", 24), ("co", 30), ("coccyx", 30), ("Cocyx", 30), ("COCCYX", 30)],
)
def test_vertebra(name: str, number: int) -> None:
    assert vertebra(name) == number


@pytest.mark.parametrize(
    "name",
    [
        "",
        "C",
        "C8",
        "T0",
        "T13",
        "D0",
        "D13",
        "L0",
        "L6",
        "S0",
        "S6",
        "L05",
        "C00",
        "L-5",
        "L5-S1",
        "X1",
        "5",
        "Cox",
        "Co2",
        "Coccyxx",
        "L\u0665",
        "L\u00b2",
    ],
)
def test_there_is_no_such_vertebra(name: str) -> None:
    with pytest.raises(ValueError, match="no vertebra is called"):
        vertebra(name)


def test_names_of_levels_round_trip() -> None:
    assert [str(Level(number, number)) for number in range(31)] == NAMES
    for first, last in itertools.combinations_with_replacement(range(31), 2):
        one = Level(first, last)
        assert parse(str(one)) == one
        assert str(one) == (NAMES[first] if first == last else f"{NAMES[first]}-{NAMES[last]}")


@pytest.mark.parametrize("name", ["", "-", "L4-", "-L5", "L5-L4", "S1-L5", "L4-5", "L4/L5", "L4-L5-S1", "lumbar"])
def test_what_is_no_level_is_not_parsed(name: str) -> None:
    with pytest.raises(ValueError, match=r"vertebra|run down"):
        parse(name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Runs.
        ("discitis L4-5", [("L4-5", "L4-L5")]),
        ("discitis L4/5", [("L4/5", "L4-L5")]),
        ("discitis L4-L5.", [("L4-L5", "L4-L5")]),
        ("discitis L4/L5,", [("L4/L5", "L4-L5")]),
        ("discitis (L4L5)", [("L4L5", "L4-L5")]),
        ("discitis L4 - L5", [("L4 - L5", "L4-L5")]),
        ("discitis L4- L5", [("L4- L5", "L4-L5")]),
        ("discitis L4\u2013L5", [("L4\u2013L5", "L4-L5")]),
        ("discitis L4\u20135", [("L4\u20135", "L4-L5")]),
        ("discitis L4-\nL5", [("L4-\nL5", "L4-L5")]),
        ("fused L3 to S1", [("L3 to S1", "L3-S1")]),
        ("from L2 down to S1", [("L2 down to S1", "L2-S1")]),
        ("C4 through C6", [("C4 through C6", "C4-C6")]),
        ("T8 thru 10", [("T8 thru 10", "T8-T10")]),
        ("L4 to 5", [("L4 to 5", "L4-L5")]),
        ("C5/C6/C7", [("C5/C6/C7", "C5-C7")]),
        ("C5-6-7", [("C5-6-7", "C5-C7")]),
        ("L2-L3-L4", [("L2-L3-L4", "L2-L4")]),
        ("C2/C3 to C7/T1", [("C2/C3 to C7/T1", "C2-T1")]),
        ("syndesmophytes T7-T11", [("T7-T11", "T7-T11")]),
        ("T7/8", [("T7/8", "T7-T8")]),
        ("D10-11", [("D10-11", "T10-T11")]),
        ("D12/L1", [("D12/L1", "T12-L1")]),
        ("C1-2", [("C1-2", "C1-C2")]),
        ("C0-C1", [("C0-C1", "C0-C1")]),
        ("S4-coccyx", [("S4-coccyx", "S4-Co")]),
        # Over a border of two parts of the spine.
        ("T12-L1", [("T12-L1", "T12-L1")]),
        ("C7/T1", [("C7/T1", "C7-T1")]),
        ("L5-1", [("L5-1", "L5-S1")]),
        ("L5/1", [("L5/1", "L5-S1")]),
        ("T12-1", [("T12-1", "T12-L1")]),
        ("C7-1", [("C7-1", "C7-T1")]),
        ("L5/S1/S2", [("L5/S1/S2", "L5-S2")]),
        ("T11-12-L1", [("T11-12-L1", "T11-L1")]),
        # Written upwards.
        ("S1-L5", [("S1-L5", "L5-S1")]),
        ("L5/4", [("L5/4", "L4-L5")]),
        ("C6-5", [("C6-5", "C5-C6")]),
        # In small letters and in capitals.
        ("discitis l4-5", [("l4-5", "L4-L5")]),
        ("discitis l5/s1", [("l5/s1", "L5-S1")]),
        ("t12-l1 and d10/11", [("t12-l1", "T12-L1"), ("d10/11", "T10-T11")]),
        ("DISCITIS AT L4-5, NO ABSCESS", [("L4-5", "L4-L5")]),
        ("FUSED FROM T4 TO T10", [("T4 TO T10", "T4-T10")]),
        # Lone ones, and lists.
        ("osteomyelitis L3", [("L3", "L3")]),
        ("D10 body", [("D10", "T10")]),
        ("L4, L5 and S1", [("L4", "L4"), ("L5", "L5"), ("S1", "S1")]),
        ("L4 & L5", [("L4", "L4"), ("L5", "L5")]),
        ("L2-3, L3-4", [("L2-3", "L2-L3"), ("L3-4", "L3-L4")]),
        ("L4-5 and L5-S1", [("L4-5", "L4-L5"), ("L5-S1", "L5-S1")]),
        ("from at least T10 down", [("T10", "T10")]),
        ("L5's body", [("L5", "L5")]),
        ("the Coccyx", [("Coccyx", "Co")]),
        # In words.
        ("the fifth lumbar vertebra", [("fifth lumbar", "L5")]),
        ("the 5th lumbar vertebral body", [("5th lumbar", "L5")]),
        ("third and fourth lumbar vertebrae", [("third and fourth lumbar", "L3-L4")]),
        ("fourth and the third lumbar discs", [("fourth and the third lumbar", "L3-L4")]),
        ("THIRD TO FIFTH LUMBAR VERTEBRAE", [("THIRD TO FIFTH LUMBAR", "L3-L5")]),
        ("eleventh dorsal vertebra", [("eleventh dorsal", "T11")]),
        ("first sacral segment", [("first sacral", "S1")]),
        ("7th cervical body", [("7th cervical", "C7")]),
    ],
)
def test_levels_are_read(text: str, expected: list[tuple[str, str]]) -> None:
    assert written(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "T2 signal", "bright on T2", "T1-weighted", "low on T1 and T2", "of high T2 signal", "low at T1 signal", "T1, T2 and STIR", "sagittal T2", "L6", "T13", "C8", "L45",
        "C7-8 root", "sixth lumbar vertebra", "thirteenth thoracic vertebra", "ninth cervical body",
        "S1 S2 normal", "S1, S2 normal", "normal S1 and S2", "S2 split", "C3 and C4 low", "C3, C4 normal", "complement C4",
        "12/L4", "+L4", "1-L4", "L4mg", "L4 mg", "L5%", "L4.5", "L4/5/2026", "L4-4", "M45.7", "A1c", "B12", "HLA-B27", "xL4", "L4x", "L_4",
        "CO 5 l/min", "CO-MORBID", "Co-Q10", "co-trimoxazole", "coccyx to 5", "Co-1", "DLCO of CO", "loss of CO",
        "l5", "l5 vertebra", "t2 signal", "s1 s2", "first visit", "second lumbar puncture", "fifth day", "",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_level(text: str) -> None:
    assert levels(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T1 vertebra", ["T1"]),
        ("T2 vertebral body", ["T2"]),
        ("C4 disc", ["C4"]),
        ("S1 endplate", ["S1"]),
        ("osteomyelitis at T1", ["T1"]),
        ("involving the S1", ["S1"]),
        ("at the level of C3", ["C3"]),
        ("T1 and T2 vertebral bodies", ["T1", "T2"]),
        ("L5, S1, S2", ["L5", "S1", "S2"]),
        ("C3, C4 and C5", ["C3", "C4", "C5"]),
        ("S1 and L5", ["S1", "L5"]),
        ("L6 and S1", ["S1"]),
        ("L5-S1 and S2", ["L5-S1", "S2"]),
        ("C7, T1", ["C7", "T1"]),
        ("T1-T2", ["T1-T2"]),
        ("L4-5, T2 bright", ["L4-L5"]),
        ("bright on T2, L4-5 narrowed", ["L4-L5"]),
        ("L5 and S1 signal is abnormal", ["L5", "S1"]),
        ("L4-5 narrowed. S1 S2 heard", ["L4-L5"]),
        ("low on T1 and L5 eroded", ["L5"]),
    ],
)
def test_a_doubtful_one_counts_beside_the_spine(text: str, expected: list[str]) -> None:
    assert levels(text) == expected


SPINE_WORDS = [
    "vertebra", "vertebral body", "body", "bodies", "level", "endplate", "end plate", "end-plate", "spinous process", "pedicle", "lamina", "disc", "disk", "facet", "posterior elements",
    "superior endplate", "inferior endplate",
]  # fmt: skip


@pytest.mark.parametrize("name", ["T1", "T2", "S1", "S2", "C3", "C4"])
def test_words_beside_a_doubtful_one(name: str) -> None:
    assert levels(f"abnormal {name} again") == []
    for word in SPINE_WORDS:
        assert levels(f"abnormal {name} {word}") == [name]
        assert levels(f"abnormal {name}, {word.upper()}") == [name]
    for word in (
        "at",
        "of",
        "level",
        "levels",
        "from",
        "to",
        "above",
        "below",
        "near",
        "around",
        "involving",
        "affecting",
        "BELOW THE",
        "at the",
    ):
        assert levels(f"abnormal {word} {name} again") == [name]
        assert levels(f"abnormal x{word} {name} again") == []
    for between in (", ", " and ", " or ", " & ", ", and ", ","):
        assert levels(f"C7{between}{name} again") == ["C7", name]
        assert levels(f"X7{between}{name} again") == []


@pytest.mark.parametrize(
    "word",
    [
        "weighted",
        "-weighted",
        "weighting",
        "w",
        "WI",
        "signal",
        "hyperintensity",
        "hypointense",
        "isointense",
        "bright",
        "dark",
        "image",
        "sequences",
        "STIR",
        "flair",
    ],
)
def test_a_weighting_is_no_vertebra(word: str) -> None:
    for name in ("T1", "T2"):
        assert levels(f"areas of {name} {word}") == []
        assert levels(f"C7 and {name} {word}") == ["C7"]
        assert levels(f"{name} vertebra, {word}") == [name]


@pytest.mark.parametrize("unit", ["mg", "mm", "cm", "ml", "mmHg", "degrees", "%"])
def test_a_number_with_a_unit_is_no_end_of_a_run(unit: str) -> None:
    assert levels(f"L3{unit}") == []
    assert levels(f"L3-4 {unit}" if unit != "%" else "L3-4%") == ["L3"]


@pytest.mark.parametrize(
    "word", ["vertebra", "VERTEBRAE", "vertebral body", "disc", "disk", "body", "bodies", "level", "interspace", "segment"]
)
def test_levels_in_words(word: str) -> None:
    for number, ordinal in enumerate(("first", "second", "third", "fourth", "fifth"), start=1):
        for written_as in (ordinal, ordinal.upper(), f"{number}{('st', 'nd', 'rd', 'th', 'th')[number - 1]}"):
            assert levels(f"the {written_as} lumbar {word}") == [f"L{number}"]
    for between in ("and", "and the", "to", "through", "-"):
        assert levels(f"the second {between} fourth thoracic {word}") == ["T2-T4"]
    for part, name in (("cervical", "C"), ("thoracic", "T"), ("dorsal", "T"), ("lumbar", "L"), ("sacral", "S")):
        assert levels(f"fifth {part} {word}") == [f"{name}5"]


@pytest.mark.parametrize("name", ["c3", "c7", "t1", "t12", "d10", "l1", "l5"])
@pytest.mark.parametrize("between", ["-", "/", " - ", " /"])
def test_a_pair_in_small_letters(name: str, between: str) -> None:
    first = vertebra(name)
    number = vertebra(name.upper()) + 1
    text = f"disc {name}{between}{str(Level(number, number)).lower()} narrow"
    assert levels(text) == [str(Level(first, number))]


@pytest.mark.parametrize("between", ["-", "/", " - ", "\u2013", "- ", " to ", " through ", " thru ", " until ", " down to ", "-\n"])
def test_a_run_covers_its_ends_in_either_order(between: str) -> None:
    for first, last in PAIRS:
        for one, other in ((first, last), (last, first)):
            assert written(f"from {one}{between}{other}.") == [(f"{one}{between}{other}", f"{first}-{last}")]


def test_a_bare_number_stays_in_its_part_of_the_spine() -> None:
    for part, count in (("C", 7), ("T", 12), ("D", 12), ("L", 5), ("S", 5)):
        name = "T" if part == "D" else part
        for low, high in itertools.combinations(range(1, count + 1), 2):
            assert levels(f"{part}{low}-{high}") == [f"{name}{low}-{name}{high}"]
            if (high, low) != (count, 1):
                assert levels(f"{part}{high}/{low}") == [f"{name}{low}-{name}{high}"]


PIECES = [
    *NAMES, "l4", "l5", "s1", "d10", "coccyx", "CO", "T13", "L6", "0", "1", "4", "5", "12", "-", "/", "-", " to ", " and ", ", ", " ", "&", "+", ".", "mm", "%", "\n",
    "first", "fifth ", "lumbar ", "sacral ", "vertebra", "disc", "signal", "at ", "of the ", "f\u0130rst ", "fir\u017ft ", "\u017f1", "\u017facral ", "\ud800", "\u0301",
]  # fmt: skip
NOTES = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@settings(deadline=None)
@given(st.one_of(NOTES, st.text(max_size=60), st.text(st.characters(), max_size=30)))
def test_any_text_is_read(text: str) -> None:
    at = 0
    for start, end, found in find(text):
        assert at <= start < end <= len(text)
        assert 0 <= found.first <= found.last <= 30
        at = end


@settings(deadline=None)
@given(st.lists(st.sampled_from(NAMES[3:]), min_size=1, max_size=4), st.sampled_from(["-", "/"]))
def test_a_chain_covers_all_it_names(names: list[str], between: str) -> None:
    text = between.join(names) + " vertebrae"
    numbers = [NUMBER[name] for name in names]
    if len(names) > 1 or names != ["Co"]:
        assert [found for *_, found in find(text)] == [Level(min(numbers), max(numbers))]


@pytest.mark.parametrize("opening", ["first", "\u017fecond", "f\u0130fth", "s\u0131xth"])
@pytest.mark.parametrize("part", ["lumbar", "\u017facral", "cerv\u0130cal"])
def test_letters_that_fold_to_others_do_no_harm(opening: str, part: str) -> None:
    expected = ["L1"] if opening + part == "firstlumbar" else []
    assert levels(f"{opening} {part} vertebra") == expected


# The regions


def region_names() -> list[str]:
    return ["occipito-atlanto-axial"] * 3 + ["cervical"] * 5 + ["thoracic"] * 12 + ["lumbar"] * 5 + ["sacral-sacrococcygeal"] * 6


def test_the_region_of_each_vertebra() -> None:
    assert [SPINE.region_of(number) for number in range(31)] == region_names()


def test_the_region_of_each_disc() -> None:
    found = {str(one): SPINE.regions_of(one) for one in (Level(n, n + 1) for n in range(30))}
    assert all(len(regions) == 1 for regions in found.values())
    names = {name: next(iter(regions)) for name, regions in found.items()}
    borders = {"C7-T1": "cervicothoracic", "T12-L1": "thoracolumbar", "L5-S1": "lumbosacral", "C2-C3": "cervical"}
    for name, region in names.items():
        assert region == borders.get(name, SPINE.region_of(NUMBER[name.partition("-")[0]]))


@pytest.mark.parametrize(
    ("name", "regions"),
    [
        ("C2", {"occipito-atlanto-axial"}),
        ("C2-C3", {"cervical"}),
        ("C1-C3", {"occipito-atlanto-axial", "cervical"}),
        ("T12", {"thoracic"}),
        ("L1", {"lumbar"}),
        ("L5", {"lumbar"}),
        ("S1", {"sacral-sacrococcygeal"}),
        ("L2-L5", {"lumbar"}),
        ("L3-S1", {"lumbar", "lumbosacral"}),
        ("T11-L2", {"thoracic", "thoracolumbar", "lumbar"}),
        ("C6-T2", {"cervical", "cervicothoracic", "thoracic"}),
        ("L5-S2", {"lumbosacral", "sacral-sacrococcygeal"}),
        ("S1-Co", {"sacral-sacrococcygeal"}),
    ],
)
def test_the_regions_of_a_run(name: str, regions: set[str]) -> None:
    assert SPINE.regions_of(level(name)) == regions


def test_a_run_has_the_regions_of_its_discs() -> None:
    for first, last in itertools.combinations(range(31), 2):
        discs = [SPINE.regions_of(Level(n, n + 1)) for n in range(first, last)]
        assert SPINE.regions_of(Level(first, last)) == frozenset().union(*discs)


CERVICAL, THORACIC, LUMBAR, SACRAL = "cervical", "thoracic", "lumbar", "sacral-sacrococcygeal"
CT, TL, LS = "cervicothoracic", "thoracolumbar", "lumbosacral"


@pytest.mark.parametrize(
    ("names", "words", "one_code", "several_codes"),
    [
        ("", (), (), ()),
        ("", ("sacroiliac",), (), ()),
        ("L2-L3 L3-L4", (), (LUMBAR,), (LUMBAR,)),
        ("L5-S1", (), (LS,), (LS,)),
        ("L5 S1", (), (LS,), (LS,)),
        ("C7 T1", (), (CT,), (CT,)),
        ("C2 C3", (), (CERVICAL,), (CERVICAL,)),
        ("C2", (), ("occipito-atlanto-axial",), ("occipito-atlanto-axial",)),
        ("L1", (), (LUMBAR,), (LUMBAR,)),
        ("T12", (), (THORACIC,), (THORACIC,)),
        # A run over a junction may be meant as the junction alone.
        ("L3-S1", (), (LS, "multiple"), (LUMBAR, LS)),
        ("L4-L5 L5-S1", (), (LS, "multiple"), (LUMBAR, LS)),
        ("L4 L5 S1", (), (LS, "multiple"), (LUMBAR, LS)),
        ("T11-L2", (), (TL, "multiple"), (THORACIC, TL, LUMBAR)),
        ("C6-T2", (), (CT, "multiple"), (CERVICAL, CT, THORACIC)),
        # Regions that do not touch are several.
        ("C5-C6 L4-L5", (), ("multiple",), (CERVICAL, LUMBAR)),
        ("L4 S2", (), ("multiple",), (LUMBAR, SACRAL)),
        ("L5 S1 S1-S3", (), (LS, "multiple"), (LS, SACRAL)),
        ("C3-L4", (), ("multiple",), (CERVICAL, CT, THORACIC, TL, LUMBAR)),
        ("", (CERVICAL, LUMBAR), ("multiple",), (CERVICAL, LUMBAR)),
        ("", (THORACIC, LUMBAR), ("multiple",), (THORACIC, LUMBAR)),
        ("", (LUMBAR, SACRAL), (LS, "multiple"), (LUMBAR, SACRAL)),
        ("", ("multiple",), ("multiple",), ("multiple",)),
        # The word of the provider, where it is as wide as the levels.
        ("L4-L5", (LUMBAR,), (LUMBAR,), (LUMBAR,)),
        ("L4-S1", (LS,), (LS,), (LS,)),
        ("L4-L5", (LUMBAR, "sacroiliac"), (LUMBAR,), (LUMBAR,)),
        ("L4-L5", ("sacroiliac",), (LUMBAR,), (LUMBAR,)),
        ("T11-T12", (TL,), (TL,), (TL,)),
        ("L4-L5", (CERVICAL, LUMBAR), ("multiple",), (CERVICAL, LUMBAR)),
        ("L4-L5", (LUMBAR, SACRAL), (LS, "multiple"), (LUMBAR, SACRAL)),
        ("L4-L5", ("multiple",), ("multiple",), ("multiple",)),
        # And where it is not, both.
        ("L5-S1", (LUMBAR,), (LUMBAR, LS), (LUMBAR, LS)),
        ("C5-C6", (LUMBAR,), (CERVICAL, LUMBAR), (CERVICAL, LUMBAR)),
    ],
)
def test_place(names: str, words: tuple[str, ...], one_code: tuple[str, ...], several_codes: tuple[str, ...]) -> None:
    found = [level(name) for name in names.split()]
    assert SPINE.place(found, words).candidates == one_code
    assert SPINE.place(found[::-1] * 2, words[::-1], several_codes=True).candidates == several_codes


@pytest.mark.parametrize(
    ("names", "words", "every"),
    [
        ("L3-S1", (), True),
        ("C5 L4", (), True),
        ("", (LUMBAR, SACRAL), True),
        ("", (THORACIC, TL, LUMBAR), True),
        ("T11-L2", (), False),
        ("C6-T2", (), False),
        ("L5-S1", (LUMBAR,), False),
    ],
)
def test_whether_all_candidates_count_together(names: str, words: tuple[str, ...], every: bool) -> None:
    assert SPINE.place([level(name) for name in names.split()], words, several_codes=True).every is every


def test_regions_of_a_place_run_from_head_to_foot() -> None:
    assert SPINE.place([level("L4-L5"), level("C5-C6")], []) == Place(("cervical", "lumbar"), ("multiple",))
    assert SPINE.place([], ["lumbar", "thoracic", "cervical"]).regions == ("cervical", "thoracic", "lumbar")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=5),
    st.sets(st.sampled_from([*SPINE.order, "sacroiliac"])),
    st.booleans(),
)
def test_every_place_can_be_decided(ends: list[tuple[int, int]], words: set[str], several: bool) -> None:
    found = [Level(min(pair), max(pair)) for pair in ends]
    place = SPINE.place(found, words, several_codes=several)
    assert set(place.candidates) <= set(SPINE.order)
    assert bool(place.candidates) == bool(found or words - {"sacroiliac"})
    assert list(place.regions) == sorted(set(place.regions), key=lambda region: SPINE.order[region])
    assert place == SPINE.place(list(reversed(found)), sorted(words), several_codes=several)
    assert re.fullmatch(r"[a-z-]+", "".join(place.regions) or "-")
