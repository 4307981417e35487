"""What a note speaks of: the words of the patterns in it, the longest of overlapping ones. Standard library and patterns, no spaCy.

Matching is what tells whether a note needs the pipeline at all.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from notelint import levels, needs
from notelint.gate import Gate, Pieces
from notelint.levels import Level
from notelint.packs import Axis, Concept
from notelint.reading import Mention
from notelint.scan import Form, Scanner, Tokens, forms

_FLAGS = re.IGNORECASE | re.VERBOSE
_SILENT = frozenset({"look-alike"})
UNREPORTED = frozenset({"look-alike", "owner"})
"""Kinds of which no finding is made."""

Match = tuple[int, int, int, Level | None]
"""(start, end, number of the rule or -1 for a level, level)."""


@dataclass(frozen=True, slots=True)
class Target:
    """Words of a concept, as a pattern file gives them."""

    concept: Concept
    words: str
    form: Form


def targets_of(concepts: Iterable[Concept]) -> Iterator[Target]:
    """The words of concepts, in the order of the files."""
    return (Target(concept, words, form) for concept in concepts for words, form in forms(concept))


class Targets:
    """The words of many concepts, ready to be looked for."""

    def __init__(self, targets: Sequence[Target], pieces: Pieces) -> None:
        self.targets = tuple(targets)
        self.pieces = pieces
        self._gate = Gate(pieces)
        self._scanner = Scanner.each(pieces, [(target.words, target.form) for target in targets], gate=self._gate)
        patterns = self._scanner.patterns.written.items()
        self._telling = {entry for entry, (_, number) in patterns if targets[number].concept.kind not in UNREPORTED}
        """The patterns of which a finding may come."""
        self._phrase_gate = Gate(pieces)
        for target in targets:
            if target.form != "pattern" and target.concept.kind not in UNREPORTED:
                self._phrase_gate.add(needs.of_phrase(target.words, cased=target.form == "abbreviation"))
        self._level = next((target.concept for target in targets if target.concept.concept == "spinal-region"), None)
        self._level_entry = -1
        self._silent = frozenset(target.concept.key for target in targets if target.concept.kind in _SILENT)
        if self._level is not None:
            written = needs.of_pattern(levels.WRITTEN.pattern, levels.WRITTEN.flags)
            self._level_entry = self._gate.add(written)
            self._telling.add(self._level_entry)
            self._level_heads = None if written.heads is None else pieces.numbers(written.heads)
        limits = dict.fromkeys(pattern for target in targets for pattern in (*target.concept.unless, *target.concept.only_if))
        self._limits = {pattern: self._gate.add(needs.of_pattern(pattern)) for pattern in limits}
        self._compiled: dict[str, re.Pattern[str]] = {}

    def matches(self, tokens: Tokens) -> list[Match]:
        """All matches in a text, overlapping ones too."""
        found: list[Match] = [(start, end, number, None) for start, end, number in self._scanner.on(tokens).find()]
        if self._level is not None and self._level_entry in tokens.possible(self._gate):
            starts = None if self._level_heads is None else tokens.holding(self._level_heads)
            found += [(start, end, -1, level) for start, end, level in levels.find(tokens.view, starts)]
        return found

    def can_tell(self, tokens: Tokens) -> bool:
        """May matches in a text come to a finding? True wherever they do; one look at its words."""
        if self._phrase_gate.lets_pass(tokens.present):
            return True
        possible = tokens.possible(self._gate)
        if self._telling.isdisjoint(possible):
            return False
        # Regular expressions of common words pass the gate in many notes, and few of them match.
        return self._level_entry in possible or self.tell([(a, b, n, None) for a, b, n in self._scanner.on(tokens).patterns()])

    def tell(self, matches: Sequence[Match]) -> bool:
        """Can matches come to a finding? Those of words that only look like something else, or own a place, can not."""
        return any(number < 0 or self.targets[number].concept.kind not in UNREPORTED for _, _, number, _ in matches)

    def mentions(self, tokens: Tokens, sentences: Sequence[tuple[int, int]], matches: Sequence[Match], context: str = "") -> list[Mention]:
        """The mentions that the matches make: the longest of overlapping ones, where nothing in the note speaks against it.

        `context` is what else is known of the note: it tells what an abbreviation stands for.
        """
        chosen: list[Mention] = []
        taken_ends: list[int] = []
        taken_starts: list[int] = []
        starts = [start for start, _ in sentences]
        allowed = self._allowed(tokens, sentences, context)
        same: dict[tuple[int, int], set[str]] = defaultdict(set)
        for start, end, number, level in sorted(matches, key=lambda m: (m[0] - m[1], m[2] if m[2] >= 0 else len(self.targets), m[0])):
            concept = self._level if number < 0 else self.targets[number].concept
            if concept is None:
                continue
            index = bisect_right(taken_starts, start)
            overlaps = (index > 0 and taken_ends[index - 1] > start) or (index < len(taken_starts) and taken_starts[index] < end)
            # Words with two meanings keep both; the same words for one concept count once.
            twin = (
                (start, end) in same and concept.key not in same[start, end] and level is None and self._silent.isdisjoint(same[start, end])
            )
            if overlaps and not twin:
                continue
            sentence = max(0, bisect_right(starts, start) - 1)
            if end > sentences[sentence][1]:
                # "… of the sacroiliac joint" at the end of one line and "Pain:" at the head of the next are no joint pain.
                continue
            if not allowed(concept, number, sentence):
                continue
            if not overlaps:
                taken_starts.insert(index, start)
                taken_ends.insert(index, end)
            same[start, end].add(concept.key)
            axes: dict[Axis, tuple[int, int] | None] = {"negated": (start, end)} if concept.denied else {}
            chosen.append(Mention(start, end, concept, sentence, axes, level=level))
        # Of "discitis/osteomyelitis" the second is the vertebra's: the bare word says less of the same place.
        kept = [m for m in chosen if m.concept.kind not in _SILENT and m.concept.placed_as not in same[m.start, m.end]]
        return sorted(kept, key=lambda m: (m.start, m.end))

    def _allowed(self, tokens: Tokens, sentences: Sequence[tuple[int, int]], context: str) -> Callable[[Concept, int, int], bool]:
        """Does nothing in the sentence speak against a concept, and something in the note for an abbreviation of it?"""
        possible = tokens.possible(self._gate)
        note_has: dict[str, bool] = {}

        def holds(pattern: str, text: str) -> bool:
            return self._limits[pattern] in possible and self._pattern(pattern).search(text) is not None

        def says(pattern: str) -> bool:
            if pattern not in note_has:
                note_has[pattern] = holds(pattern, tokens.view) or self._pattern(pattern).search(context) is not None
            return note_has[pattern]

        def allowed(concept: Concept, number: int, sentence: int) -> bool:
            if concept.unless:
                start, end = sentences[sentence]
                if any(holds(pattern, tokens.view[start:end]) for pattern in concept.unless):
                    return False
            if concept.only_if and number >= 0 and self.targets[number].form == "abbreviation":
                return any(says(pattern) for pattern in concept.only_if)
            return True

        return allowed

    def _pattern(self, pattern: str) -> re.Pattern[str]:
        known = self._compiled.get(pattern)
        if known is None:
            known = self._compiled[pattern] = re.compile(pattern, _FLAGS)
        return known
