"""How a note goes on: a first idea that later sentences take back, confirm or leave behind.

ConText reads each sentence for itself. Real notes change their mind across sentences, often without a word of negation: "He was initially
treated for discitis. Histology showed a tophus." Words of `turns` in the pattern files say so; this module knows only how they reach.
From a Reading to a Reading; no spaCy here, linear time.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from notelint.library import Library
from notelint.packs import Turn
from notelint.phrases import Lexicon
from notelint.reading import Mention, Reading, without

_FLAGS = re.IGNORECASE | re.VERBOSE
_IDEAS = frozenset({"diagnosis", "condition"})
_ASKED = _IDEAS | {"symptom", "treatment", "infection-source"}
_REACH = 8
"""So many sentences after a first idea its end may be told."""
_BACK = 2
"""So many sentences back "this" may point."""


class Turns:
    """The words of turns, ready to be looked for; made once for a library."""

    def __init__(self, library: Library) -> None:
        self.turns = library.turns
        self._wider = {
            concept.key: frozenset((concept.concept, concept.key, *library.wider(concept.value or concept.concept)))
            for concept in library.concepts
        }
        self._phrases = Lexicon([(phrase, n) for n, turn in enumerate(self.turns) for phrase in turn.phrases])
        self._patterns = [(re.compile(pattern, _FLAGS), n) for n, turn in enumerate(self.turns) for pattern in turn.patterns]

    def find(self, reading: Reading) -> list[tuple[int, int, Turn]]:
        """(start, end, turn) in a note, left to right."""
        found = [(start, end, self.turns[n]) for start, end, numbers in self._phrases.find(reading.low) for n in numbers]
        for pattern, n in self._patterns:
            of: str | int = "turn" if "turn" in pattern.groupindex else 0
            found += [(*match.span(of), self.turns[n]) for match in pattern.finditer(reading.view)]
        return sorted(found, key=lambda hit: (hit[0], -hit[1]))

    def same(self, one: Mention, other: Mention) -> bool:
        """Do two mentions name the same thing, one perhaps more exactly?"""
        return bool(self._wider[one.concept.key] & {other.concept.key, other.concept.concept}) or bool(
            self._wider[other.concept.key] & {one.concept.key, one.concept.concept}
        )


def follow(reading: Reading, turns: Turns) -> Reading:
    """The reading with the axes that its later sentences give to earlier mentions."""
    if not any(mention.concept.kind in _IDEAS for mention in reading.mentions):
        return reading
    hits = turns.find(reading)
    if not hits:
        return reading
    return replace(reading, mentions=tuple(_Follower(reading, turns, hits).mentions()))


class _Follower:
    """The turns of one note."""

    def __init__(self, reading: Reading, turns: Turns, hits: Sequence[tuple[int, int, Turn]]) -> None:
        self._reading = reading
        self._turns = turns
        self._hits = hits
        self._mentions = list(reading.mentions)
        self._starts = [start for start, _ in reading.sentences]
        self._mention_starts = [mention.start for mention in reading.mentions]
        self._hit_starts = [start for start, _, _ in hits]
        self._ideas: dict[int, list[int]] = {}
        self._standing: dict[str, Mention] = {}
        for number, mention in enumerate(self._mentions):
            if mention.concept.kind in _IDEAS:
                self._ideas.setdefault(mention.sentence, []).append(number)

    def mentions(self) -> list[Mention]:
        """The mentions, in the order of the text."""
        for start, end, turn in self._hits:
            if turn.turn in ("refuted", "doubted", "confirmed", "over"):
                self._back(start, end, turn)
        # Of each thing the last mention that is not denied, in the patient.
        self._standing = {m.concept.key: m for m in self._mentions if m.concept.kind in _IDEAS and not {"negated", "family"} & set(m.axes)}
        for start, end, turn in self._hits:
            if turn.turn == "provisional":
                self._provisional(start, end, turn)
        return self._mentions

    def _sentence(self, offset: int) -> int:
        return max(0, bisect_right(self._starts, offset) - 1)

    # ------------------------------------------------------------------------------------------------ "This was ruled out."

    def _back(self, start: int, end: int, turn: Turn) -> None:
        for number in self._asked(start) if turn.answers else self._pointed_at(start):
            mention = self._mentions[number]
            axes = dict(mention.axes)
            if turn.turn == "refuted":
                axes.pop("possible", None)
                axes["negated"] = (start, end)
                self._mentions[number] = replace(mention, axes=axes, weak=False, refuted=True)
            elif turn.turn == "doubted":
                axes["possible"] = (start, end)
                self._mentions[number] = replace(mention, axes=axes, weak=True)
            elif turn.turn == "confirmed":
                axes.pop("possible", None)
                self._mentions[number] = replace(mention, axes=axes, weak=False)
            else:
                axes.pop("possible", None)
                axes["historical"] = (start, end)
                self._mentions[number] = replace(mention, axes=axes)

    def _asked(self, offset: int) -> list[int]:
        """What the question just before an answer names."""
        # The question ends at its mark, in the sentence of the answer ("AS? No") or in the one before.
        asked = self._sentence(max(0, self._reading.view.rfind("?", 0, offset)))
        first = self._reading.sentences[asked][0]
        low, high = bisect_left(self._mention_starts, first), bisect_left(self._mention_starts, offset)
        return [n for n in range(low, high) if self._mentions[n].concept.kind in _ASKED and "family" not in self._mentions[n].axes]

    def _pointed_at(self, offset: int) -> list[int]:
        """The ideas of which words such as "this" speak: those before them in their sentence, else the last named before."""
        here = self._sentence(offset)
        section = self._reading.section_at(offset)
        for sentence in range(here, max(-1, here - _BACK - 1), -1):
            before = [n for n in self._ideas.get(sentence, ()) if self._mentions[n].end <= offset]
            before = [n for n in before if not {"negated", "family"} & set(self._mentions[n].axes)]
            before = [n for n in before if section is None or self._mentions[n].start >= section.start]
            if before:
                # Doubt is what the next sentence settles; without any, what was named last.
                open_ = [n for n in before if "possible" in self._mentions[n].axes]
                return open_ or before[-1:]
        return []

    # ------------------------------------------------------------------------------------------------ "initially treated for …"

    def _provisional(self, start: int, end: int, turn: Turn) -> None:
        sentence = self._sentence(start)
        first, last = self._reading.sentences[sentence]
        if turn.direction == "forward":
            stop = re.compile(turn.until, _FLAGS).search(self._reading.view, end, last) if turn.until else None
            reach = (end, stop.start() if stop else last)
        else:
            reach = (first, start)
        ideas = [n for n in self._ideas.get(sentence, ()) if reach[0] <= self._mentions[n].start and self._mentions[n].end <= reach[1]]
        if turn.direction == "backward":
            ideas = ideas[-1:]
        for number in ideas:
            mention = self._mentions[number]
            if {"negated", "family", "hypothetical"} & set(mention.axes):
                continue
            if (told := self._taken_back(mention, turn, max(end, mention.end))) is not None:
                axes = {**without(mention.axes, "possible"), "negated": told}
                self._mentions[number] = replace(mention, axes=axes, weak=False, refuted=True)

    def _taken_back(self, mention: Mention, turn: Turn, offset: int) -> tuple[int, int] | None:
        """The words that take a first idea back, or None: none follow, or the note names the idea again."""
        section = self._reading.section_at(offset)
        first = self._sentence(offset)
        for start, end, other in self._hits[bisect_left(self._hit_starts, offset) :]:
            sentence = self._sentence(start)
            if sentence > first + _REACH or (section is not None and start >= section.end):
                return None
            if not (other.turn == "revised" or (other.turn == "found" and not turn.only_revised)):
                continue
            if not self._said_again(mention, offset) and not self._supported(mention, sentence, end):
                return start, end
        return None

    def _said_again(self, mention: Mention, offset: int) -> bool:
        """Is the idea named again behind, and not denied?"""
        return any(other.start >= offset and self._turns.same(mention, other) for other in self._standing.values())

    def _supported(self, mention: Mention, sentence: int, offset: int) -> bool:
        """Does what was found go with the idea: an organism, and no other disease?"""
        _, last = self._reading.sentences[sentence]
        found = [m for m in self._mentions if m.sentence == sentence and offset <= m.start < last and not m.axes]
        others = [m for m in found if m.concept.kind in _IDEAS and not self._turns.same(mention, m)]
        return not others and any(m.concept.kind == "organism" for m in found)
