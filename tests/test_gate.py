"""The gate loses nothing: whatever a phrase or a pattern of the packs matches, however it is spelled, passes it."""

import random
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notelint import Linter, Note, library, needs
from notelint.gate import Gate, Pieces
from notelint.library import Library, read_cases
from notelint.note import reading_view
from notelint.phrases import spellings
from notelint.scan import Scanner, Tokens

FLAGS = re.IGNORECASE | re.VERBOSE
BLANKS = [" ", "  ", "\n", "-", " - ", "\u00a0", "\u2009", "\u2013", "\r\n"]
HYPHENS = ["-", "", " ", "\u2010", "\u2011", "\u00a0", "--"]


def gate_of(pieces: Pieces, known: Iterable[needs.Needs]) -> Gate:
    """A gate for some needs."""
    gate = Gate(pieces)
    for each in known:
        gate.add(each)
    return gate


def all_phrases(library: Library) -> list[tuple[str, bool]]:
    """(phrase, whether its case counts) of the whole library."""
    words = (*library.concepts, *library.cues, *library.results, *library.turns, *library.note_types)
    found = [(phrase, False) for each in words for phrase in each.phrases]
    found += [(phrase, True) for each in words for phrase in each.abbreviations]
    found += [(phrase, False) for section in library.sections for phrase in (*section.headers, *section.short)]
    return list(dict.fromkeys(found))


def all_patterns(library: Library) -> list[str]:
    """The regular expressions of the whole library."""
    words = (*library.concepts, *library.cues, *library.results, *library.turns, *library.note_types)
    found = [pattern for each in words for pattern in each.patterns]
    found += [pattern for concept in library.concepts for pattern in (*concept.unless, *concept.only_if)]
    return list(dict.fromkeys(found))


def test_every_phrase_in_every_spelling_passes(linter: Linter) -> None:
    rng = random.Random(5)
    for phrase, cased in all_phrases(linter.library):
        pieces = Pieces()
        scanner = Scanner(pieces, *(((), [(phrase, 1)]) if cased else ([(phrase, 1)],)))
        gate = gate_of(pieces, [needs.of_phrase(phrase, cased=cased)])
        some = list(islice(spellings(phrase), 2000))
        for spelling in rng.sample(some, min(len(some), 12)):
            written = re.sub("[ -]", lambda m: rng.choice(BLANKS if m[0] == " " else HYPHENS), spelling)
            for said in (written,) if cased else (written, written.upper(), written.title()):
                view = f"x {reading_view(said).strip(' -' + chr(10))} y"
                tokens = Tokens(view, pieces)
                assert gate.possible(tokens.present), (phrase, said)
                assert (2, len(view) - 2, 1) in scanner.on(tokens).find(), (phrase, said)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """The texts of all cases: together they hold words of every pattern."""
    return sorted({reading_view(case.text) for _, cases in read_cases().values() for case in cases})


def unlike(text: str) -> Iterator[str]:
    """A text, and the same in spellings that no pattern tells apart."""
    yield text
    yield text.upper()
    yield text.lower()
    yield text.translate(str.maketrans({"i": "\u0131", "s": "\u017f", "k": "\u212a", "I": "\u0130"}))


def test_every_match_of_every_pattern_passes(linter: Linter, texts: list[str]) -> None:
    patterns = all_patterns(linter.library)
    pieces = Pieces()
    known = [needs.of_pattern(pattern) for pattern in patterns]
    gate = gate_of(pieces, known)
    heads = [None if each.heads is None else pieces.numbers(each.heads) for each in known]
    compiled = [re.compile(pattern, FLAGS) for pattern in patterns]
    matched: set[int] = set()
    for number, text in enumerate(texts):
        # Every text as it is; every fifth also in the other spellings.
        for view in unlike(text) if number % 5 == 0 else (text,):
            tokens = Tokens(view, pieces)
            possible = gate.possible(tokens.present)
            starts = dict(zip(tokens.spans[0], tokens.words, strict=True))
            for n, pattern in enumerate(compiled):
                for match in pattern.finditer(view):
                    matched.add(n)
                    assert n in possible, (patterns[n], match[0])
                    if (begins := heads[n]) is not None:
                        assert not begins.isdisjoint(pieces.of(starts.get(match.start(), ""))), (patterns[n], match[0])
    # The rest (of `unless` and `only-if`) stands in no case; the next test grows words for it.
    assert len(matched) > 0.6 * len(patterns)


def grown(items: Any, rng: random.Random, *, cased: bool = False) -> str:
    """A text that a regular expression may match, made by a walk through its parts; looks around are not heeded."""
    text = ""
    for operator, argument in items:
        name = str(operator)
        if name == "LITERAL":
            text += chr(argument) if cased else rng.choice([chr(argument).lower(), chr(argument).upper(), chr(argument)])
        elif name == "IN":
            one, value = rng.choice(list(argument))
            choices = {
                "CATEGORY_DIGIT": "0179",
                "CATEGORY_SPACE": " \n",
                "CATEGORY_WORD": "azAZ09_",
                "CATEGORY_NOT_SPACE": "a.",
                "CATEGORY_NOT_WORD": " ,",
            }
            if str(one) == "LITERAL":
                text += chr(value)
            elif str(one) == "RANGE":
                text += chr(rng.randint(*value))
            else:
                text += rng.choice(choices.get(str(value), "a "))
        elif name == "BRANCH":
            text += grown(rng.choice(argument[1]), rng, cased=cased)
        elif name == "SUBPATTERN":
            text += grown(argument[-1], rng, cased=cased or bool(argument[2] & re.IGNORECASE))
        elif name == "ATOMIC_GROUP":
            text += grown(argument, rng, cased=cased)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = argument
            text += "".join(grown(inner, rng, cased=cased) for _ in range(rng.randint(least, min(most, least + 2))))
        elif name == "ASSERT" and argument[0] > 0:
            text += grown(argument[1], rng, cased=cased)
        elif name in ("ANY", "NOT_LITERAL"):
            text += rng.choice("a 1")
    return text


def test_what_grows_from_a_pattern_passes(linter: Linter) -> None:
    rng = random.Random(7)
    patterns = all_patterns(linter.library)
    reached = 0
    for pattern in patterns:
        pieces = Pieces()
        known = needs.of_pattern(pattern)
        gate = gate_of(pieces, [known])
        compiled = re.compile(pattern, FLAGS)
        scanner = Scanner(pieces, patterns=[(pattern, 1)])
        items = list(needs.parser.parse(pattern, FLAGS))
        for _ in range(25):
            view = reading_view(rng.choice(["", "x ", "a: ", "pain. "]) + grown(items, rng) + rng.choice(["", " y", "."]))
            tokens = Tokens(view, pieces)
            found = [match.start() for match in compiled.finditer(view)]
            reached += bool(found)
            assert not found or gate.possible(tokens.present), (pattern, view)
            assert len(scanner.on(tokens).find()) == len(found), (pattern, view)
    assert reached > 5 * len(patterns)


ATOMS = st.sampled_from(
    ["a", "b", "ab", "abc", "ka", "1", "é", ",", ":", "-", "_", r"\ ", r"\s", r"\w", r"\d", ".", "[ab]", "[a-z]", "[^a]", r"[\s,-]", r"[\w-]", r"\b", r"\B",
     "^", "$", r"(?<!\w)", r"(?!\w)", r"(?<![\w.])", r"(?<=\s)", r"(?<=a)", "(?-i:A)", "(?-i:AB)", r"\W"]
)  # fmt: skip
REGEXES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"(?:{'|'.join(ways)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,2}?", "*?", "?+"])).map(lambda two: f"(?:{two[0]}){two[1]}"),
        inner.map("(?={})".format), inner.map("(?!{})".format), inner.map("(?>{})".format), inner.map("(?P<target>{})".format),
    ),
    max_leaves=8,
)  # fmt: skip


@settings(deadline=None, max_examples=1500)
@given(REGEXES, st.lists(st.text("aAbBcCkK1é,:-_ \nK", max_size=9), min_size=1, max_size=6))
def test_no_pattern_has_needs_that_it_does_not_need(pattern: str, texts: list[str]) -> None:
    try:
        compiled = re.compile(pattern, FLAGS)
    except re.error:
        return
    pieces = Pieces()
    known = needs.of_pattern(pattern)
    gate = gate_of(pieces, [known])
    scanner = Scanner(pieces, patterns=[(pattern, 1)])
    for text in texts:
        tokens = Tokens(text, pieces)
        # An empty match is none: the packs may have no pattern that matches nothing.
        found = [match for match in compiled.finditer(text) if match.end() > match.start()]
        assert not found or gate.possible(tokens.present) == {0}
        if known.heads is not None and all(match.end() > match.start() for match in compiled.finditer(text)):
            assert [(a, b) for a, b, _ in scanner.on(tokens).find()] == [
                match.span("target") if "target" in compiled.groupindex and match["target"] else match.span() for match in found
            ]


@settings(deadline=None)
@given(st.text(st.one_of(st.sampled_from("ab cCkKsSiI.,-\u0130\u0131\u017f\u212a\u00e9\u00df"), st.characters()), max_size=60))
def test_the_pieces_of_a_text_are_those_of_its_words(text: str) -> None:
    pieces = Pieces()
    pieces.numbers(["^a$", "^ab", "bc", "ck$", "^i$", "^s", "ki", ".", ",", "A", "CK$", "é"])
    words = Tokens(text, pieces).words
    assert pieces.present(text.split()) == {number for word in words for number in pieces.of(word)}


@pytest.mark.parametrize(
    ("pattern", "clauses", "heads"),
    [
        (r"\bfoo\s+(?:(?:the|a)\s+){0,3}bar\b", [{"^foo$"}, {"^bar$"}], {"^foo$"}),
        (r"(?<![\w.]) abc", [{"^abc"}], {"^abc"}),
        (r"\b (?: fusion | HLA )", [{"^fusion", "^hla"}], {"^fusion", "^hla"}),
        (r"\bosteo(?=\s+(?:bi-?flex|path\w*))", [{"^osteo$"}, {"^biflex", "^bi$ ^flex", "^path"}], {"^osteo$"}),
        (r"inter-?vertebral", [{"intervertebral", "^vertebral inter$"}], None),
        (r"\b(?:esr|complete\s+blood\s+count)\b", [{"^esr$", "^complete$ ^count$"}, {"^esr$", "^complete$"}], {"^esr$", "^complete$"}),
        (r"\b(?-i:AS)\b", [{"^AS$"}], {"^AS$"}),
        (r", \s+ (?: he | she )\b", [{"^he$", "^she$"}, {","}], {","}),
        (r"\w+floxacin\b", [{"floxacin$"}], None),
        (r"\b\w+floxacin\b", [{"floxacin$"}], {"floxacin$"}),
        (r".\d?", [], None),
    ],
)  # fmt: skip
def test_needs(pattern: str, clauses: list[set[str]], heads: set[str] | None) -> None:
    found = needs.of_pattern(pattern)
    assert sorted(map(sorted, found.clauses)) == sorted(map(sorted, clauses))
    assert found.heads == heads


def test_what_was_learnt_is_what_was_worked_out(linter: Linter) -> None:
    keys = [(phrase.lower(), 0) for phrase, cased in all_phrases(linter.library) if not cased][:50]
    keys += [(pattern, int(FLAGS)) for pattern in all_patterns(linter.library)[:50]]
    kept = needs.told(keys)
    before = dict(needs._known)
    needs._known.clear()
    try:
        needs.learn(kept)
        assert {key: needs._told(key) for key in keys} == {key: before[key] for key in keys}
    finally:
        needs._known.update(before)
    for wrong in (b"", b"[]", b"{}", b'{"sets": [], "known": [["a", 0, [7], null]]}', b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011
            needs.learn(wrong)


def test_a_note_without_any_trigger_never_meets_spacy(linter: Linter, monkeypatch: pytest.MonkeyPatch) -> None:
    from notelint import pipeline

    monkeypatch.setattr(pipeline, "read", lambda *_: pytest.fail("read"))
    assert linter.check(Note("The rash is gone. Nails and scalp unremarkable.")).findings == ()
    # A word that only looks like something is none.
    assert linter.check(Note("The optic discs are pink.")).findings == ()


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["codes", "show", "M45.7"], ["patterns", "list"], ["explain", "M45.7"], ["explain", "gap/hla-b27"], ["check", "NOTE", "--code", "M45.7"]],
)  # fmt: skip
def test_commands_that_never_import_spacy(tmp_path: Path, arguments: list[str]) -> None:
    note = tmp_path / "note.txt"
    note.write_text("The rash is gone. Nails and scalp look as they should.", encoding="utf-8")
    program = (
        "import sys\nfrom notelint import cli\nsys.argv = ['notelint', *sys.argv[1:]]\ntry:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'spacy', 'medspacy'} & set(sys.modules)))"
    )
    asked = [str(note) if argument == "NOTE" else argument for argument in arguments]
    run = subprocess.run([sys.executable, "-c", program, *asked], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
    assert run.stderr == ""


def test_a_faulty_cache_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTELINT_CACHE_DIR", str(tmp_path))
    first = library.load()
    kept = sorted(tmp_path.iterdir())
    assert [path.name.partition("-")[0] for path in kept] == ["needs", "patterns"]
    before = [path.read_bytes() for path in kept]
    for path in kept:
        path.write_bytes(b'{"sets": 7}')
    assert library.load() == first
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == before
