"""How a note goes on: a first idea that later sentences take back, confirm or leave behind.

ConText reads each sentence for itself. Real notes change their mind across sentences, often without a word of negation: "He was initially
treated for discitis. Histology showed a tophus." Words of `turns` in the pattern files say so; this module knows only how they reach.
From a Reading to a Reading; no spaCy here, linear time.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace

from notelint.levels import Level
from notelint.library import Library
from notelint.packs import Turn
from notelint.reading import Mention, Reading, without
from notelint.scan import Scanner

_FLAGS = re.IGNORECASE | re.VERBOSE
_IDEAS = frozenset({"diagnosis", "condition"})
_ASKED = _IDEAS | {"symptom", "treatment", "infection-source"}
_REACH = 8
"""So many sentences after a first idea its end may be told."""
_NEAR = 40
_BESIDE = 12
"""So many characters behind a denial "elsewhere", and before it "other", is of it."""
_FEW = 20
"""So many mentions of one concept are looked through: a bound for notes of any length."""
_PASSED = frozenset({"historical", "hypothetical"})
_WHICH = re.compile(r"which\b", re.IGNORECASE)
_WEIGHED = re.compile(r"\b(?:considered|suspected|entertained|questioned|raised|feared|queried|discussed|mentioned)\b", re.IGNORECASE)
# Where the clause begins that asks.
_ASKS = re.compile(r";|\s-\s|\bany\b", re.IGNORECASE)
_ACTIVE = re.compile(r"\b(?:active|acute|ongoing|current)\s+(?:\w+\s+)?$", re.IGNORECASE)
_OLDER = re.compile(
    r"\b(?:(?:prior|previous|outside|earlier|old)\s+(?:mri|ct|scans?|x-?rays?|imaging|films?|stud(?:y|ies)|radiographs?|biops(?:y|ies))|in\s+(?:19|20)\d\d|years?\s+ago)\b",
    re.IGNORECASE,
)
_BACK = 2
"""So many sentences back "this" may point."""


class Turns:
    """The words of turns, ready to be looked for; made once for a library."""

    def __init__(self, library: Library) -> None:
        self.turns = library.turns
        slugs = {c.key: c.concept for c in library.concepts if c.kind in _IDEAS}
        wider = {c.key: {c.concept, c.key, *library.wider(c.value or c.concept)} for c in library.concepts if c.kind in _IDEAS}
        self._names = {
            one: frozenset(other for other in wider if wider[one] & {other, slugs[other]} or wider[other] & {one, slugs[one]})
            for one in wider
        }
        denied: dict[str, set[str]] = {}
        for concept in library.concepts:
            denied.setdefault(concept.concept, set()).update(concept.denies)
        self._denying = {
            one: frozenset(other for other in wider if wider[one] & {other, slugs[other]} or slugs[one] in denied[slugs[other]])
            for one in wider
        }
        self._scanner = Scanner.of(library.pieces, self.turns, group="turn")

    def find(self, reading: Reading) -> list[tuple[int, int, Turn]]:
        """(start, end, turn) in a note, left to right."""
        found = [(start, end, self.turns[number]) for start, end, number in self._scanner.on(reading.tokens).find()]
        kept: list[tuple[int, int, Turn]] = []
        reached: dict[str, int] = {}
        for start, end, turn in sorted(found, key=lambda hit: (hit[0], -hit[1])):
            # Two patterns that see the same words tell one turn.
            if start >= reached.get(turn.turn, 0):
                kept.append((start, end, turn))
                reached[turn.turn] = end
        return kept

    def names(self, key: str) -> frozenset[str]:
        """The keys of all concepts that name the same thing as one, perhaps more or less exactly."""
        return self._names.get(key, frozenset((key,)))

    def denying(self, key: str) -> frozenset[str]:
        """The keys of all concepts whose denial denies this one."""
        return self._denying.get(key, frozenset((key,)))


def follow(reading: Reading, turns: Turns) -> Reading:
    """The reading with the axes that its later sentences give to earlier mentions."""
    if not any(mention.concept.kind in _IDEAS for mention in reading.mentions):
        return reading
    hits = turns.find(reading)
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
        # Of each concept the mentions that stand, and those that are denied, in the order of the text.
        self._live: dict[str, list[int]] = {}
        self._denied: dict[str, list[int]] = {}
        for number, mention in enumerate(self._mentions):
            if mention.concept.kind in _IDEAS:
                self._ideas.setdefault(mention.sentence, []).append(number)

    def mentions(self) -> list[Mention]:
        """The mentions, in the order of the text."""
        for start, end, turn in self._hits:
            if turn.turn in ("refuted", "doubted", "confirmed", "over"):
                self._back(start, end, turn)
        for number, mention in enumerate(self._mentions):
            if mention.concept.kind in _IDEAS and "family" not in mention.axes:
                if "negated" in mention.axes:
                    if self._is_elsewhere(mention):
                        self._mentions[number] = replace(mention, partial=True)
                    elif not _PASSED & set(mention.axes):
                        self._denied.setdefault(mention.concept.key, []).append(number)
                elif not _PASSED & set(mention.axes):
                    self._live.setdefault(mention.concept.key, []).append(number)
        # The last first: what is taken back no longer speaks for what stands before it.
        for start, end, turn in reversed(self._hits):
            if turn.turn == "provisional":
                self._provisional(start, end, turn)
        if any(section.rule and section.rule.concludes for section in self._reading.sections):
            # Where a note has a place for its conclusion, what was asked before stays a question: the chart weighs the two.
            return self._mentions
        for number in reversed([n for numbers in self._ideas.values() for n in numbers]):
            mention = self._mentions[number]
            if "possible" in mention.axes and not {"negated", "family", "hypothetical"} & set(mention.axes):
                self._suspected(number)
        return self._mentions

    def _sentence(self, offset: int) -> int:
        return max(0, bisect_right(self._starts, offset) - 1)

    # ------------------------------------------------------------------------------------------------ "This was ruled out."

    def _back(self, start: int, end: int, turn: Turn) -> None:
        for number in self._asked(start) if turn.answers else self._pointed_at(start, end, turn):
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
        view = self._reading.view
        mark = max(0, view.rfind("?", 0, offset))
        if not view[max(0, mark - 1) : mark].strip():
            return []  # "Discitis at L4-5 ? no abscess"
        first = self._reading.sentences[self._sentence(mark)][0]
        # "He has ankylosing spondylitis, any uveitis? No": only the last clause asks.
        first = max([first, *(stop.end() for stop in _ASKS.finditer(view, first, mark))])
        low, high = bisect_left(self._mention_starts, first), bisect_left(self._mention_starts, offset)
        return [n for n in range(low, high) if self._mentions[n].concept.kind in _ASKED and "family" not in self._mentions[n].axes]

    def _pointed_at(self, offset: int, end: int, turn: Turn) -> list[int]:
        """The ideas of which words such as "this" speak: those before them in their sentence, else the last named before.

        What the note states is not taken back by "this was ruled out": that speaks of a doubt, be it one that no pattern knows.
        """
        # "The abscess has resolved" speaks of no discitis.
        low, high = bisect_left(self._mention_starts, offset), bisect_left(self._mention_starts, end)
        named = [self._words(n) for n in range(low, high)]
        here = self._sentence(offset)
        section = self._reading.section_at(offset)
        # "which" speaks of its own sentence.
        back = 0 if _WHICH.match(self._reading.view, offset) else _BACK
        for sentence in range(here, max(-1, here - back - 1), -1):
            before = [n for n in self._ideas.get(sentence, ()) if self._mentions[n].end <= offset]
            before = [n for n in before if not {"negated", "family"} & set(self._mentions[n].axes)]
            before = [n for n in before if section is None or self._mentions[n].start >= section.start]
            if named:
                before = [n for n in before if any(words in self._words(n) for words in named)]
            if turn.turn in ("refuted", "doubted"):
                before = [n for n in before if self._is_open(self._mentions[n])]
            elif turn.turn == "over":
                before = [n for n in before if not self._mentions[n].concept.lasting]
            if before:
                # Doubt is what the next sentence settles; without any, what was named last.
                open_ = [n for n in before if "possible" in self._mentions[n].axes]
                return open_ or before[-1:]
        return []

    def _words(self, number: int) -> str:
        return self._reading.view[self._mentions[number].start : self._mentions[number].end].lower()

    def _is_open(self, mention: Mention) -> bool:
        """Is a mention a doubt, or one that was: "discitis was considered"?"""
        _, end = self._reading.sentences[mention.sentence]
        return "possible" in mention.axes or _WEIGHED.search(self._reading.view, mention.end, end) is not None

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
                self._refute(number, told)

    def _refute(self, number: int, told: tuple[int, int] | None) -> None:
        mention = self._mentions[number]
        axes = {**without(without(mention.axes, "possible"), "historical"), "negated": told}
        self._mentions[number] = replace(mention, axes=axes, weak=False, refuted=True)
        live = self._live.get(mention.concept.key, [])
        at = bisect_left(live, number)
        if at < len(live) and live[at] == number:
            del live[at]

    def _taken_back(self, mention: Mention, turn: Turn, offset: int) -> tuple[int, int] | None:
        """The words that take a first idea back, or None: none follow, or the note names the idea again."""
        if self._said_again(mention, offset):
            return None
        if (denial := self._denial(mention, offset, label=turn.only_revised)) is not None:
            return denial
        section = self._reading.section_at(offset)
        first = self._sentence(offset)
        for start, end, other in self._hits[bisect_left(self._hit_starts, offset) :]:
            sentence = self._sentence(start)
            if sentence > first + _REACH or (section is not None and start >= section.end):
                return None
            if not (other.turn == "revised" or (other.turn == "found" and not turn.only_revised)):
                continue
            if not self._supported(mention, sentence, end):
                return start, end
        return None

    def _said_again(self, mention: Mention, offset: int) -> bool:
        """Is the idea named again behind, and not denied?"""
        last = (self._live[key][-1] for key in self._turns.names(mention.concept.key) if self._live.get(key))
        return any(self._mentions[number].start >= offset for number in last)

    def _supported(self, mention: Mention, sentence: int, offset: int) -> bool:
        """Does what was found go with the idea: an organism, and no other disease?"""
        _, last = self._reading.sentences[sentence]
        found = [m for m in self._mentions if m.sentence == sentence and offset <= m.start < last and not m.axes]
        others = [m for m in found if m.concept.kind in _IDEAS and m.concept.key not in self._turns.names(mention.concept.key)]
        return not others and any(m.concept.kind == "organism" for m in found)

    # ------------------------------------------------------------------------------------------------ "? discitis" … "no discitis"

    def _suspected(self, number: int) -> None:
        """A suspicion that a later sentence denies, and that no other mention upholds, is refuted."""
        mention = self._mentions[number]
        upheld = (n for key in self._turns.names(mention.concept.key) for n in self._live.get(key, ())[-_FEW:])
        if any("possible" not in self._mentions[n].axes or self._mentions[n].start > mention.start for n in upheld):
            return
        if (denial := self._denial(mention, mention.end)) is not None:
            self._refute(number, denial)

    def _denial(self, mention: Mention, offset: int, *, label: bool = False) -> tuple[int, int] | None:
        """The place of a denial of an idea behind an offset, not at another level.

        A `label` ("carried a diagnosis of AS") is denied by a refuted mention before it, too.
        """
        for key in self._turns.denying(mention.concept.key):
            for number in reversed(self._denied.get(key, ())[-_FEW:]):
                other = self._mentions[number]
                if other.start < offset and not (label and other.refuted):
                    break
                if other.sentence != mention.sentence and not self._apart(mention, other) and not self._says_less(mention, other):
                    return other.axes.get("negated") or (other.start, other.end)
        return None

    def _apart(self, one: Mention, other: Mention) -> bool:
        """Do the sentences of two mentions name levels, and none in common?"""
        first, second = (self._levels(mention.sentence) for mention in (one, other))
        return bool(first and second) and not any(a.first <= b.last and b.first <= a.last for a in first for b in second)

    def _says_less(self, mention: Mention, denial: Mention) -> bool:
        """Is only activity denied, or on an older study or one that sees less: "MRI suspicious for discitis. Radiographs show none"?"""
        view = self._reading.view
        start, _ = self._reading.sentences[denial.sentence]
        if mention.concept.lasting and _ACTIVE.search(view, max(start, denial.start - _NEAR), denial.start):
            return True
        if _OLDER.search(view, start, denial.start):
            return True
        seen, sees = (self._modalities(one.sentence) for one in (mention, denial))
        return sees == {"radiograph"} and bool(seen - {"radiograph"})

    def _modalities(self, sentence: int) -> set[str]:
        start, end = self._reading.sentences[sentence]
        low, high = bisect_left(self._mention_starts, start), bisect_left(self._mention_starts, end)
        return {m.concept.modality for m in self._mentions[low:high] if m.concept.kind == "study" and m.concept.modality}

    def _levels(self, sentence: int) -> list[Level]:
        start, end = self._reading.sentences[sentence]
        low, high = bisect_left(self._mention_starts, start), bisect_left(self._mention_starts, end)
        return [level for m in self._mentions[low:high] if (level := m.level) is not None]

    def _is_elsewhere(self, mention: Mention) -> bool:
        """Is only another place denied: "no other discitis", "no discitis elsewhere"?"""
        low, high = bisect_left(self._hit_starts, mention.start - _NEAR), bisect_left(self._hit_starts, mention.end + _NEAR)
        for start, end, turn in self._hits[low:high]:
            if turn.turn == "elsewhere" and self._sentence(start) == mention.sentence:
                before = turn.direction == "forward" and end <= mention.start <= end + _BESIDE
                if before or (turn.direction == "backward" and start >= mention.end):
                    return True
        return False
