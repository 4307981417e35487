"""What the pipeline reads in a note: plain values, free of spaCy, on which the findings are built.

All offsets are code points into the note, half-open.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from notelint.levels import Level
from notelint.packs import Axis, Concept, Section
from notelint.scan import Tokens


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a note that stand for a concept, and how ConText reads them.

    `axes` maps each axis that holds to the place of the words that say so (None when the section says it). `weak`: the hedge is so
    doubtful that it never counts as an established diagnosis. `refuted`: the negation takes back what was thought before. `partial`: it
    denies only another place or a new bout ("no other discitis"). `general`: the disease at large, not the patient's. `level` is set for a vertebral level, whose concept is the spinal region.
    """

    start: int
    end: int
    concept: Concept
    sentence: int
    axes: Mapping[Axis, tuple[int, int] | None] = field(default_factory=dict)
    weak: bool = False
    refuted: bool = False
    partial: bool = False
    general: bool = False
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class SectionSpan:
    """A section of a note: `rule` is None where the header is none that the patterns know, and before the first header."""

    start: int
    body: int
    end: int
    rule: Section | None


@dataclass(frozen=True)
class Reading:
    """A note as the pipeline read it. `mentions` are in the order of the text; sentences and sections hold the whole text."""

    tokens: Tokens = field(repr=False)
    sentences: tuple[tuple[int, int], ...]
    sections: tuple[SectionSpan, ...]
    mentions: tuple[Mention, ...]

    @property
    def view(self) -> str:
        """The text as patterns read it."""
        return self.tokens.view

    @cached_property
    def _section_starts(self) -> list[int]:
        return [section.start for section in self.sections]

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [start for start, _ in self.sentences]

    @cached_property
    def _mention_starts(self) -> list[int]:
        return [mention.start for mention in self.mentions]

    def sentence_at(self, offset: int) -> int:
        """The number of the sentence that holds an offset, or of the last before it."""
        return max(0, bisect_right(self._sentence_starts, offset) - 1)

    def between(self, start: int, end: int) -> tuple[Mention, ...]:
        """The mentions that begin in a stretch."""
        return self.mentions[bisect_left(self._mention_starts, start) : bisect_left(self._mention_starts, end)]

    def section_at(self, offset: int) -> SectionSpan | None:
        """The section that holds an offset."""
        index = bisect_right(self._section_starts, offset) - 1
        return self.sections[index] if index >= 0 else None


def without(axes: Mapping[Axis, tuple[int, int] | None], axis: Axis) -> dict[Axis, tuple[int, int] | None]:
    """The axes but one."""
    left = dict(axes)
    left.pop(axis, None)
    return left
