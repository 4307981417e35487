"""Sentences: where they end, where they do not, and that no character of a note is lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notelint.note import reading_view
from notelint.sentences import split


def sentences(text: str) -> list[str]:
    view = reading_view(text)
    return [view[start:end] for start, end in split(view)]


@pytest.mark.parametrize(
    "text",
    [
        # The broken bar stands where the second begins.
        "Back pain for years. ¦Stiff in the morning.",
        "ESR 40. ¦CRP 12.",
        "CRP 12.5. ¦ESR 40 mm/h.",
        "Discitis at L4-5. ¦No abscess.",
        "HLA-B27 pos. ¦RF neg.",
        "Worse in 2019. ¦3 months later better.",
        "Denies fever! ¦Denies chills.",
        "Could this be infection? ¦The MRI says so.",
        "Pain better.. ¦Plan: MRI.",
        '"My back is stiff." ¦Exam normal.',
        "(Seen with family.) ¦Plan as below.",
        "No fever.¦Has chills.",
        "L spine tender.¦  C spine free.",
        "Afebrile.¦     ESR 40.",
        "NO FEVER. ¦MRI NEGATIVE.",
        "History of hepatitis C. ¦Denies drug use.",
        "Sacroiliitis grade II. ¦Sclerosis present.",
        "Temp 38.5 C. ¦Pulse 90.",
        "Takes naproxen 500 mg b.i.d. ¦Denies rash.",
        "Stiff until 10 a.m. ¦Better at noon.",
        "Oral antibiotics for 6 wks. ¦Repeat CRP then.",
        "Refer to PT. ¦No red flags.",
        "Known MS. ¦No new weakness.",
        "Treated for IE. ¦Now back pain.",
        "Stable per pt. ¦Will return.",
        "Labs: ESR: 45. ¦No leukocytosis.",
        "Erosions grade 2, 3. ¦No ankylosis.",
        "Admitted for uveitis in Sept. ¦She is well.",
        "He is 45 y.o. ¦Has AS.",
        "Bechterew's disease since 1999 (HLA-B27 positive). ¦On adalimumab.",
        "No erosions.\n¦Sclerosis of both joints.",
        "No erosions\n\n¦Sclerosis of both joints",
        "ASSESSMENT\n¦Ankylosing spondylitis",
        "ASSESSMENT:\n¦ankylosing spondylitis",
        "PAST HISTORY\n¦UVEITIS",
        "Fever: no\n¦Chills: no",
        "- AS\n¦- uveitis",
        "\u2022 AS\n¦\u2022 uveitis",
        "1. AS\n¦2. uveitis",
        "1) AS\n¦2) uveitis",
        "(a) AS\n¦(b) uveitis",
        "a. AS\n¦b. uveitis",
        "A. stable\n¦B. worse",
        "[x] fever\n¦[ ] chills",
        "\u2610 fever\n¦\u2611 chills",
        "ESR     40\n¦CRP     12",
        "ESR ..... 40\n¦CRP ..... 12",
        "ESR | 40\n¦CRP | 12",
        "HLA-B27 positive\n¦Never had uveitis",
        "No fever\r\n¦No chills\r\n",
    ],
)
def test_two_sentences(text: str) -> None:
    first, second = text.split("¦")
    assert sentences(first + second) == [first.strip(), second.strip()]


@pytest.mark.parametrize(
    "text",
    [
        "CRP 1.2 mg/dL on 3.5.2024",
        "CRP .5 mg/dL",
        "M45.7 and M46.46",
        "Seen by Dr. Lee",
        "Mr. Roe and Mrs. Roe, Prof. Poe, Ms. Moe",
        "St. Elsewhere Hospital",
        "discitis vs. Modic change",
        "DISCITIS VS. MODIC CHANGE",
        "Staph. aureus or Strep. viridans",
        "E. coli and S. aureus grew",
        "BLOOD CULTURES GREW S. AUREUS AND E. COLI",
        "Blood grew S. Aureus",
        "L. spine tender, C. spine free",
        "L. SPINE TENDER",
        "Pain over the R. SI joint",
        "infection, i.e. discitis, e.g. from the urine",
        "Naproxen 500 mg p.o. b.i.d. for pain",
        "Stiff at 5 a.m. but not later",
        "Pain for 3 mos. in the lt. hip",
        "A 45 y.o. man",
        "the M.R.I. shows erosions",
        "Onset in Jan. 2020, worse since Feb. 3",
        "Temp. 38.2, wt. 80 kg",
        "Sacroiliitis (gr. 3) on the right",
        "Hx. of uveitis",
        "approx. 3 years",
        "as shown by Lee et al. in children",
        "No fever... but chills",
        "the pt. denies fever",
        "Any uveitis? No.",
        "Psoriasis?  Denies",
        "MRI (pelvis.) , no erosions",
        "MRI shows discitis at L4-\nL5 with an abscess",
        "Denies fever, chills,\nweight loss and night sweats",
        "The patient denies fever, chills, sweats and\nweight loss",
        "The patient has had pain for years and he was found to have\nAS in 2019",
        "THE PATIENT DENIES FEVER, CHILLS AND NIGHT SWEATS, WEIGHT LOSS,\nLEG WEAKNESS AND NUMBNESS",
        "the cultures from the day of admission have by now grown\nE. coli in one of two bottles",
        "Assessment: 1) AS 2) uveitis",
    ],
)
def test_one_sentence(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n \r\n\t\ufeff", []),
        (".", ["."]),
        ("...", ["..."]),
        ("IMPRESSION: 1. Discitis L4-5. 2. No abscess. 3. MSSA.", ["IMPRESSION: 1. Discitis L4-5.", "2. No abscess.", "3. MSSA."]),
        ("Plan: a. MRI. b. Biopsy. c. Hold antibiotics.", ["Plan: a. MRI.", "b. Biopsy.", "c. Hold antibiotics."]),
        ("(1) AS. (2) Uveitis.", ["(1) AS.", "(2) Uveitis."]),
        ("A. AS. B. Uveitis.", ["A. AS.", "B. Uveitis."]),
        ("1. AS, stable.\n   On adalimumab.\n2. Uveitis.", ["1. AS, stable.", "On adalimumab.", "2. Uveitis."]),
        ("Fever? No. Chills? Yes. Rash? Unclear.", ["Fever? No.", "Chills? Yes.", "Rash?", "Unclear."]),
        ("Stable! No fever.", ["Stable!", "No fever."]),
        (
            "HPI: 45 y/o M w/ LBP x 3 mos., worse in a.m. ROS: neg. PMH: DM2.",
            ["HPI: 45 y/o M w/ LBP x 3 mos., worse in a.m.", "ROS: neg.", "PMH: DM2."],
        ),
        (
            "EXAM\nSPINE: TENDER L4-L5. NO STEP-OFF.\nNEURO: MOTOR 5/5.",
            ["EXAM", "SPINE: TENDER L4-L5.", "NO STEP-OFF.", "NEURO: MOTOR 5/5."],
        ),
        (
            "He has inflammatory back pain since about the age of twenty. It\nis worse at night. No\nuveitis.",
            ["He has inflammatory back pain since about the age of twenty.", "It\nis worse at night.", "No\nuveitis."],
        ),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "word",
    ["Dr", "Drs", "Mr", "Mrs", "Ms", "Prof", "St", "vs", "v", "e.g", "i.e", "eg", "ie", "cf", "ca", "Ca", "approx", "Fig", "Staph", "Strep", "Resp", "et al", "Hx", "h/o", "spp",
     "subsp", "ssp", "VS", "DR", "MR"],
)  # fmt: skip
def test_some_abbreviations_never_end_a_sentence(word: str) -> None:
    for text in (f"Seen {word}. AS is stable", f"seen ({word}. AS) again", f"{word}. AS"):
        assert sentences(text) == [text]


@pytest.mark.parametrize(
    "word",
    ["no", "nos", "dept", "inc", "jr", "sr", "pt", "pts", "wt", "ht", "temp", "vol", "rt", "lt", "bilat", "lumb", "cerv", "thor", "sp", "mos", "mo", "yrs", "yr", "wks", "wk",
     "hrs", "hr", "min", "sec", "Jan", "feb", "MAR", "apr", "jun", "jul", "Aug", "sept", "sep", "oct", "nov", "dec", "a.m", "P.M", "b.i.d", "q.d", "p.r.n", "i.v", "y.o", "U.S"],
)  # fmt: skip
def test_others_end_one_before_a_capital_only(word: str) -> None:
    assert sentences(f"Seen {word}. then well") == [f"Seen {word}. then well"]
    assert sentences(f"Seen 5{word}. then well") == [f"Seen 5{word}. then well"]
    assert sentences(f"Seen {word}. Then well") == [f"Seen {word}.", "Then well"]
    assert sentences(f"Seen {word}s{word}. then well") == [f"Seen {word}s{word}.", "then well"]


@pytest.mark.parametrize(
    "word", ["Wt", "ht", "gr", "Temp", "vol", "Jan", "feb", "Mar", "apr", "Jun", "jul", "AUG", "sept", "sep", "oct", "Nov", "dec"]
)
def test_a_number_belongs_to_the_abbreviation_before_it(word: str) -> None:
    assert sentences(f"Seen {word}. 20 then") == [f"Seen {word}. 20 then"]
    assert sentences(f"Seen x{word}. 20 then") == [f"Seen x{word}.", "20 then"]


@pytest.mark.parametrize("word", ["PT", "MS", "IE", "CF", "CA", "EG"])
def test_a_disease_in_capitals_may_end_a_sentence(word: str) -> None:
    assert sentences(f"Known {word}. Stable.") == [f"Known {word}.", "Stable."]


@pytest.mark.parametrize(
    "species",
    ["aureus", "coli", "epidermidis", "lugdunensis", "pneumoniae", "tuberculosis", "acnes", "aeruginosa", "mirabilis", "fragilis", "faecalis", "faecium", "albicans", "agalactiae",
     "pyogenes", "melitensis", "abscessus", "anginosus", "gallolyticus", "bovis", "marcescens", "cloacae", "burnetii", "fumigatus", "henselae", "difficile", "diff", "spine"],
)  # fmt: skip
def test_names_of_species_in_capitals(species: str) -> None:
    for name in (species, species.capitalize(), species.upper()):
        assert sentences(f"Grew X. {name} today") == [f"Grew X. {name} today"]
    assert sentences(f"Type C. {species}less") == [f"Type C. {species}less"]
    assert sentences(f"Type C. {species.upper()}LESS") == ["Type C.", f"{species.upper()}LESS"]


@pytest.mark.parametrize("answer", ["Yes", "no", "NONE", "nil", "Y", "n", "Denies", "denied"])
def test_a_question_and_its_answer(answer: str) -> None:
    assert sentences(f"Uveitis? {answer}. Stable.") == [f"Uveitis? {answer}.", "Stable."]
    assert sentences(f"Uveitis?\n{answer}") == ["Uveitis?", answer]
    assert sentences(f"Uveitis? {answer}xx. Stable.")[0] == "Uveitis?"


PROSE = "The patient has had pain in the lower back for many"
"""A line that reaches the margin of a note written in lines of its length."""


@pytest.mark.parametrize(
    "following", ["Years", "AS patients", "S. aureus grew", "E. coli grew", "L. spine tender", "Pain", "2019 and later"]
)
def test_a_full_line_goes_on(following: str) -> None:
    assert sentences(f"{PROSE}\n{following}") == [f"{PROSE}\n{following}"]


@pytest.mark.parametrize(
    "following",
    ["ASSESSMENT", "Plan: MRI", "HISTORY:", "- years", "* years", "> years", "\u25cf years", "1. years", "12) years", "(3) years", "a) years", "(B) years", "b. years", "B. Years",
     "[ ] years", "[x] years", "\u2611 years", "esr     40", "esr.....40", "esr | 40"],
)  # fmt: skip
def test_but_not_into_a_header_an_item_or_a_table(following: str) -> None:
    assert sentences(f"{PROSE}\n{following}") == [PROSE, following]


@pytest.mark.parametrize("line", ["PAST HISTORY", "Past history:", "esr     40", "ESR ..... 40", "esr | 40"])
def test_nor_out_of_one(line: str) -> None:
    assert sentences(f"{line}\nuveitis in 2019") == [line, "uveitis in 2019"]


def test_a_line_is_full_where_the_next_word_would_not_have_fitted() -> None:
    assert len(sentences("x" * 39 + "\nAbcde")) == 1
    assert len(sentences("x" * 41 + "\nAbc defgh")) == 1
    assert len(sentences("x" * 38 + "\nAbcde")) == 2
    # In a note with longer lines the margin lies farther out.
    assert len(sentences("y" * 100 + ".\n\n" + "x" * 60 + "\nAbcde")) == 3
    assert len(sentences("y" * 100 + ".\n\n" + "x" * 85 + "\nAbcde")) == 2


@pytest.mark.parametrize("mark", [",", "-", "(", "/", "&"])
def test_a_line_that_ends_in_an_open_mark_goes_on(mark: str) -> None:
    assert sentences(f"Pain{mark}\nFever") == [f"Pain{mark}\nFever"]


def test_capitals_go_on_among_capitals_only() -> None:
    assert sentences(f"{PROSE.upper()}\nYEARS AND MONTHS") == [f"{PROSE.upper()}\nYEARS AND MONTHS"]
    assert sentences(f"{PROSE}\nYEARS AND MONTHS") == [PROSE, "YEARS AND MONTHS"]


def test_a_stop_before_a_wide_gap() -> None:
    assert sentences("Afebrile." + " " * 90 + "ESR 40.") == ["Afebrile.", "ESR 40."]
    assert sentences("Dr." + " " * 20 + "Lee") == ["Dr." + " " * 20 + "Lee"]


PIECES = [
    "No fever", "CRP 1.2", "Dr", "S", "aureus", "AS", "pain", "1", "2", "a", "B", "L4-5", "Jan", "NO CHILLS", "HPI:", "-", "\u2022", "(", ")", ".", "..", "...",
    "!", "?", '"', ",", ":", " ", " ", " ", "  ", "    ", "\n", "\n", "\n\n", "\r\n", "\t", "\u00a0", "|", "\x1c", "\x0c", "\ud800", "\u0301", "😀", "No", "Yes",
]  # fmt: skip
NOTES = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
TEXTS = st.one_of(NOTES, st.text(max_size=80), st.text(st.characters(), max_size=40))


@settings(deadline=None)
@given(TEXTS, st.booleans())
def test_every_character_belongs_to_one_sentence(text: str, read: bool) -> None:
    view = reading_view(text) if read else text
    spans = split(view)
    outside, at = [], 0
    for start, end in spans:
        assert at <= start < end <= len(view)
        assert view[start] not in " \n"
        assert view[end - 1] not in " \n"
        outside.append(view[at:start])
        at = end
    outside.append(view[at:])
    assert set("".join(outside)) <= set(" \n")


@settings(deadline=None)
@given(TEXTS)
def test_an_empty_line_parts(text: str) -> None:
    view = reading_view(text)
    assert split(view + "\n\nNo fever.") == [*split(view), (len(view) + 2, len(view) + 11)]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["Afebrile.", "CRP 12.5 mg/L.", "The MRI shows erosions.", "Is it infection?", "Pain at L4-5!", "(Seen.)"]),
        max_size=12,
    ),
    st.integers(1, 70),
)
def test_plain_sentences_part_whatever_stands_between_them(parts: list[str], blanks: int) -> None:
    assert sentences((" " * blanks).join(parts)) == parts
    assert sentences("\n".join(parts)) == parts
