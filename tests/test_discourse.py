"""How a note goes on from an idea: across sentences, by words of `turns` and by later denials."""

import pytest

from notelint import Linter, Note
from notelint.discourse import Turns, follow
from notelint.pipeline import read
from notelint.reading import Reading


def flags(linter: Linter, text: str, concept: str) -> list[tuple[str, ...]]:
    return [f.flags for f in linter.extract(Note(text)) if f.concept == concept]


@pytest.mark.parametrize(
    ("text", "concept", "expected"),
    [
        # A first idea, and what became of it.
        ("He was initially treated for discitis. Histology showed a gouty tophus.", "discitis", [("negated",)]),
        ("He was initially treated for discitis. Histology confirmed discitis.", "discitis", [(), ()]),
        ("He was initially treated for discitis. Biopsy yielded Staphylococcus aureus.", "discitis", [()]),
        ("He was initially treated for discitis. He went home.", "discitis", [()]),
        # The end stands too far away, or in another section.
        ("He was initially treated for discitis. " + "He ate well. " * 9 + "Histology showed a tophus.", "discitis", [()]),
        # What points back.
        ("Discitis was suspected. This was ruled out.", "discitis", [("negated",)]),
        ("Discitis was suspected. This was confirmed by biopsy.", "discitis", [()]),
        ("Discitis of L4-5. This has since resolved.", "discitis", [("historical",)]),
        ("Discitis of L4-5. Access infection in 2022, which cleared.", "discitis", [()]),
        ("No discitis. This was confirmed.", "discitis", [("negated",)]),
        # Labels of others.
        ("Her notes list ankylosing spondylitis. She does not have ankylosing spondylitis.", "ankylosing-spondylitis", [("negated",), ("negated",)]),
        ("Her notes list ankylosing spondylitis. She takes naproxen.", "ankylosing-spondylitis", [()]),
        # A suspicion and its denial, at the same place and for good.
        ("MRI raised the question of discitis. There was no discitis.", "discitis", [("negated",), ("negated",)]),
        ("MRI raised the question of discitis. There was no other discitis.", "discitis", [("possible",), ("negated",)]),
        ("Possible discitis at L4-5. No discitis at T8-9.", "discitis", [("possible",), ("negated",)]),
        ("Possible discitis. No discitis on CT. Now possible discitis again.", "discitis", [("possible",), ("negated",), ("possible",)]),
        ("Presumed vertebral osteomyelitis. There never was an infection of the spine.", "vertebral-osteomyelitis", [("negated",)]),
    ],
)  # fmt: skip
def test_ideas(linter: Linter, text: str, concept: str, expected: list[tuple[str, ...]]) -> None:
    assert flags(linter, text, concept) == expected


def test_where_a_note_concludes_its_question_stays_one(linter: Linter) -> None:
    text = "Indication: Possible discitis.\n\nImpression: No discitis.\n"
    assert flags(linter, text, "discitis") == [("possible",), ("negated",)]


def test_a_refuted_idea_says_so_and_where(linter: Linter) -> None:
    text = "Discitis was suspected. This was ruled out."
    (finding,) = (f for f in linter.extract(Note(text)) if f.concept == "discitis")
    assert finding.attributes["refuted"] is True
    assert "hedge" not in finding.attributes


def test_a_partial_denial_says_so(linter: Linter) -> None:
    first, second = (f for f in linter.extract(Note("Discitis of L4-5. No other discitis.")) if f.concept == "discitis")
    assert (first.affirmed, second.attributes.get("partial")) == (True, True)


def test_what_is_said_of_a_disease_at_large_is_no_finding_but_can_be_asked(linter: Linter) -> None:
    text = "Ankylosing spondylitis usually begins before the age of 45."
    assert flags(linter, text, "ankylosing-spondylitis") == []
    assert linter.assert_span(text, 0, 22).hypothetical


def plain(linter: Linter, text: str) -> Reading:
    tokens = linter.reader.tokens(Note(text))
    return read(linter.reader.nlp, tokens, linter.reader.targets.matches(tokens))


def test_nothing_changes_but_axes(linter: Linter) -> None:
    turns = Turns(linter.library)
    before = plain(linter, "He was initially treated for discitis. Histology showed a tophus. Fever. No erosions.")
    after = follow(before, turns)
    assert [(m.start, m.end, m.concept) for m in before.mentions] == [(m.start, m.end, m.concept) for m in after.mentions]
    assert (before.sentences, before.sections) == (after.sentences, after.sections)


def test_a_reading_without_ideas_stays_itself(linter: Linter) -> None:
    reading = plain(linter, "CRP 4. This was ruled out.")
    assert isinstance(reading, Reading)
    assert follow(reading, Turns(linter.library)) is reading


def test_names_and_denials_of_a_concept_that_the_library_does_not_know(linter: Linter) -> None:
    turns = Turns(linter.library)
    assert turns.names("span") == {"span"}
    assert turns.denying("span") == {"span"}
    assert "spinal-infection" in turns.denying("discitis")
    assert "discitis" not in turns.denying("spinal-infection")
