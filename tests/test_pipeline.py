"""The pipeline: medspaCy's rule language with the corrections that the module promises, and offsets that point into the original."""

import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notelint import InputError, Linter, Note
from notelint.note import reading_view
from notelint.pipeline import ConText, ConTextRule, NoteTokenizer, Sectionizer, SectionRule, TargetMatcher, TargetRule, read
from notelint.reading import Reading


def flags(linter: Linter, text: str, concept: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(f.text, f.flags) for f in linter.extract(Note(text)) if f.concept == concept]


def reading(linter: Linter, text: str) -> Reading:
    tokens = linter.reader.tokens(Note(text))
    return read(linter.reader.nlp, tokens, linter.reader.targets.matches(tokens))


def test_the_components_are_medspacys(linter: Linter) -> None:
    pipes = dict(linter.reader.nlp.pipeline)
    assert list(pipes) == ["notelint_sentences", "notelint_sections", "notelint_targets", "notelint_context"]
    for name, component, rule in (
        ("notelint_sections", Sectionizer, SectionRule), ("notelint_targets", TargetMatcher, TargetRule), ("notelint_context", ConText, ConTextRule),
    ):  # fmt: skip
        assert isinstance(pipes[name], component)
        assert pipes[name].rules
        assert all(isinstance(item, rule) for item in pipes[name].rules)


def test_spans_carry_medspacys_attributes(linter: Linter) -> None:
    doc = linter.reader.nlp("No evidence of discitis.")
    assert [(span.text, span._.is_negated) for span in doc.spans["medspacy_spans"]] == [("discitis", True)]
    assert [sentence.text for sentence in linter.reader.nlp("Afebrile. Neuro intact.").sents] == ["Afebrile.", "Neuro intact."]


def test_importing_medspacy_leaves_the_warnings_of_the_process_alone(linter: Linter) -> None:
    assert linter.reader.nlp is not None
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard", stacklevel=1)


@pytest.mark.parametrize(
    ("text", "concept", "expected"),
    [
        # Any white space and hyphens, also a line end.
        ("There is no\nevidence  of epidural\n abscess.", "epidural-abscess", [("epidural\n abscess", ("negated",))]),
        # A cue inside a target is none: the target's own "not" does not negate it.
        ("Pain not relieved by rest.", "not-relieved-by-rest", [("not relieved by rest", ())]),
        # A pseudo cue kills only what it names.
        ("No change in the epidural abscess.", "epidural-abscess", [("epidural abscess", ())]),
        ("Not only sacroiliitis but also discitis.", "sacroiliitis", [("sacroiliitis", ())]),
        # A terminator ends the reach, a comma in a list does not.
        ("Denies fever but reports night pain.", "night-pain", [("night pain", ())]),
        ("No fever, chills, discitis or osteomyelitis.", "discitis", [("discitis", ("negated",))]),
        # What stands before a colon keeps its own answer.
        ("Uveitis: No. Psoriasis: yes.", "uveitis", [("Uveitis", ("negated",))]),
        ("Extremities: No edema. Discitis at L4-L5.", "discitis", [("Discitis", ())]),
        # The longer cue has the words of the shorter.
        ("Discitis can not be excluded.", "discitis", [("Discitis", ("possible",))]),
        # Several targets in one sentence, each with its own answer.
        ("Discitis was ruled out, osteomyelitis of L3 is confirmed.", "discitis", [("Discitis", ("negated",))]),
        # A result that reads negative is a value.
        ("HLA-B27: negative.", "hla-b27", [("HLA-B27", ())]),
        # A section that speaks of others.
        ("FAMILY HISTORY: ankylosing spondylitis.\n\nASSESSMENT: sacroiliitis.", "ankylosing-spondylitis", [("ankylosing spondylitis", ("family",))]),
        ("FAMILY HISTORY: ankylosing spondylitis.\n\nASSESSMENT: sacroiliitis.", "sacroiliitis", [("sacroiliitis", ())]),
    ],
)  # fmt: skip
def test_corrections(linter: Linter, text: str, concept: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert flags(linter, text, concept) == expected


WORDS = st.sampled_from(
    ["discitis", "No", "denies", "L4-L5", "CRP 12 mg/L", "HLA-B27", "negative", ":", ".", ",", "\n", "\r\n", "\u00a0", "\u200b", "\ufeff", "\ud800",
     "–", "’", "é", "İ", "ß", "𝔸", "\x00", "FINDINGS:", "[x]", "___", "MRSA", "possible", "?", "(ref <5)", "03/04/2026", "AS", "\t", "🦴"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=80), st.lists(WORDS, max_size=25).map(" ".join), st.lists(WORDS, max_size=25).map("".join))


@settings(deadline=None, max_examples=150)
@given(TEXTS)
def test_offsets_point_into_the_original(linter: Linter, text: str) -> None:
    for finding in linter.extract(Note(text)):
        assert text[finding.start : finding.end] == finding.text != ""
        assert finding.extent[0] <= finding.start < finding.end <= finding.extent[1] <= len(text)
        assert finding.sentence[0] <= finding.start < finding.sentence[1] <= len(text)


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_sections_and_sentences_hold_every_mention(linter: Linter, text: str) -> None:
    found = reading(linter, text)
    assert found.sections[0].start == 0
    assert found.sections[-1].end == len(text)
    assert [a.end for a in found.sections[:-1]] == [b.start for b in found.sections[1:]]
    for mention in found.mentions:
        start, end = found.sentences[mention.sentence]
        assert start <= mention.start < mention.end <= end


@given(TEXTS)
def test_the_tokenizer_loses_nothing(linter: Linter, text: str) -> None:
    view = reading_view(text)
    assert NoteTokenizer(linter.reader.nlp.vocab)(view).text == view


def test_a_long_note_takes_no_more_than_its_share(linter: Linter) -> None:
    # Counted in steps of our own, not by the clock: twice the text, about twice the mentions and no more sentences than lines.
    line = "No discitis at L4-L5, CRP 12 mg/L, possible osteomyelitis of L3 due to MSSA.\n"
    once, twice = reading(linter, line * 200), reading(linter, line * 400)
    assert len(twice.mentions) == 2 * len(once.mentions)
    assert len(twice.sentences) == 2 * len(once.sentences)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("No evidence of sacroiliitis.", "sacroiliitis", {"negated"}),
        ("Father has psoriasis.", "psoriasis", {"family"}),
        ("Return if fever recurs.", "fever", {"hypothetical"}),
        ("Possible gizmo of the left knee.", "gizmo", {"possible"}),
        ("History of gizmo, resolved in 2012.", "gizmo", {"historical"}),
    ],
)
def test_assert_span(linter: Linter, text: str, words: str, expected: set[str]) -> None:
    start = text.index(words)
    told = linter.assert_span(text, start, start + len(words))
    assert {axis for axis in ("negated", "possible", "historical", "hypothetical", "family") if getattr(told, axis)} == expected


def test_assert_span_tells_status_and_value_of_tests(linter: Linter) -> None:
    told = linter.assert_span("HLA-B27 was negative on 3/14/2023.", 0, 7)
    assert (told.negated, told.status, told.value) == (False, "resulted", "negative")
    told = linter.assert_span("Gizmo-7 pending.", 0, 7, kind="test")
    assert (told.status, told.value) == ("pending", None)


@pytest.mark.parametrize("text", ["   ", "\ufeff\x0b ", "\n\n"])
def test_a_blank_span_is_refused_and_not_shown(linter: Linter, text: str) -> None:
    with pytest.raises(InputError, match="nothing but blanks"):
        linter.assert_span(text, 0, 1)


@pytest.mark.parametrize("sample", sorted((Path(__file__).parent.parent / "samples").glob("*.txt")), ids=lambda path: path.name)
def test_line_ends_of_windows_change_nothing(linter: Linter, sample: Path) -> None:
    text = sample.read_text(encoding="utf-8")
    plain = linter.extract(Note(id="n", text=text))
    other = linter.extract(Note(id="n", text=text.replace("\n", "\r\n")))
    assert [(f.concept, f.value, f.status, f.flags, f.text.split()) for f in other] == [
        (f.concept, f.value, f.status, f.flags, f.text.split()) for f in plain
    ]
