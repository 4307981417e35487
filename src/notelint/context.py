"""ConText: how the words of a note's sentence modify what it speaks of. medspaCy's rules, over characters; no spaCy here.

They keep the meaning of medspaCy's, with these corrections, each held by a test:

* a cue inside a target does not modify anything, nor does one that a longer cue contains;
* a pseudo cue concerns only the axes it names, and a terminator only those it ends;
* what ends a scope, its greatest width and terminators all bound it together;
* only sentences that hold a target are looked through.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from notelint.gate import Pieces
from notelint.note import BLANK_LINE
from notelint.packs import Axis, Concept, Cue
from notelint.reading import Mention, Reading, without
from notelint.scan import Form, Scan, Scanner, forms
from notelint.sections import ITEM_START

_WORD = re.compile(r"\S+")
_SUBJECT = re.compile(
    r"""\s* (?! (?: which|that|this|it|these|those|they|he|she|both|all|each|neither|either|none|and|or|nor|but|though|although|however|as
    |at|in|on|of|by|per|with|without|if|when|while|where|from|for|to|after|before|since|until|has|have|had|is|are|was|were|be|been|being
    |also|now|then|not|never|no|still|yet|so|thus|first|later|likely|suspected|possible|felt|thought|taken|seen|found|read|a|an|the|\w+ly|\w+ed
    ) \b ) (?: [\w/-]+ \s+ ){1,4}""",
    re.IGNORECASE | re.VERBOSE,
)
_ENUMERATED = re.compile(r"\s*(?:[\w/-]+[ ]+){0,3}[\w/-]+(?:,\s*(?:[\w/-]+[ ]+){0,3}[\w/-]+){2,}\s*")
_NEGATIVE = re.compile(
    r"[\s:=?-]*(?:(?:is|are|was|were|remains?|tests?|tested)\s+)?(?:negative|neg|\(\s*(?:-|neg|negative)\s*\)|-ve)", re.IGNORECASE
)
_AND = re.compile(r"\s*(?:,|/|&|and|or|,\s*(?:and|or))\s*", re.IGNORECASE)
# "His ankylosing spondylitis usually affects the low back" is no generality.
_OWN = re.compile(r"\b(?:his|her|their|my|your|patient's|pt's)\s+(?:[\w-]+\s+){0,2}$", re.IGNORECASE)
_LISTED = re.compile(r"\b(?:and|or|nor|no|not|without)\b|/", re.IGNORECASE)
_ASIDE = 60
_LINE_END = re.compile(r"[ ]*\n")
_ITEMS = 20
"""So many lines a list below a leading line may have."""
# "c/f", "s/p" and their like join nothing.
_OF_A_LIST = re.compile(r"\b(?:and|or|nor)\b|(?<!\bc)(?<!\bw)(?<!\br)(?<!\bs)(?<!\bd)/", re.IGNORECASE)
_JOINED = re.compile(r",\s*(?:and|but|while|whereas)\b", re.IGNORECASE)
_VERB = re.compile(
    r"\b(?:grew|yielded|is|was|are|were|has|have|had|(?:show|reveal|demonstrat|disclos|identifi|confirm)ed|came|returned)\b", re.IGNORECASE
)
_CLAUSE = 160
_LABELLED = re.compile(r"[A-Z][\w /-]{2,30}:[ ]")
_AXES: tuple[Axis, ...] = ("negated", "possible", "historical", "hypothetical", "family")
_FLAGS = re.IGNORECASE | re.VERBOSE
# A hedge or a new negation begins a claim of its own: what was said before it ends there.
ENDED_BY: Mapping[str, Axis] = {"negated": "possible", "possible": "negated"}
"""The axis whose cues end the reach of those of another."""


@dataclass(frozen=True, slots=True)
class _Hit:
    """A cue found in a sentence."""

    start: int
    end: int
    cue: Cue


@dataclass(frozen=True, slots=True)
class Modifier:
    """Words of a cue, as a pattern file gives them."""

    cue: Cue
    words: str
    form: Form


def modifiers_of(cues: Iterable[Cue]) -> Iterator[Modifier]:
    """The words of cues, in the order of the files."""
    return (Modifier(cue, words, form) for cue in cues for words, form in forms(cue))


class Context:
    """ConText over characters, sentence by sentence, in those that hold a target."""

    def __init__(self, modifiers: Sequence[Modifier], pieces: Pieces) -> None:
        self.modifiers = tuple(modifiers)
        self._scanner = Scanner.each(pieces, [(modifier.words, modifier.form) for modifier in modifiers], group="cue")

    def modify(self, reading: Reading, keepers: Sequence[Mention] = ()) -> list[Mention]:
        """The mentions of a reading with the axes that the cues beside them give.

        A cue within a mention is none; with `keepers`, that goes for these mentions alone.
        """
        return _Modifying(self, self._scanner.on(reading.tokens), reading, list(reading.mentions), keepers).modified()


@dataclass(frozen=True)
class _Modifying:
    """The cues of one note."""

    context: Context
    scan: Scan
    reading: Reading
    mentions: list[Mention]
    keepers: Sequence[Mention]

    @property
    def view(self) -> str:
        return self.reading.view

    def modified(self) -> list[Mention]:
        """The mentions, modified."""
        mentions = self.mentions
        by_sentence: dict[int, list[int]] = defaultdict(list)
        for number, mention in enumerate(mentions):
            by_sentence[mention.sentence].append(number)
        leads = self._leads(by_sentence)
        for sentence, numbers in by_sentence.items():
            start, end = self.reading.sentences[sentence]
            if all(mentions[n].concept.kind == "owner" for n in numbers):
                continue
            hits = self._hits(start, end, [mentions[n] for n in numbers])
            for lead in leads.get(sentence, ()):
                self._lead(lead, hits, numbers)
            if hits:
                self._apply((start, end), hits, numbers)
                for n in numbers:
                    if mentions[n].refuted and "possible" in mentions[n].axes:
                        # "was suspected and has been ruled out": the end of the sentence counts.
                        mentions[n] = replace(mentions[n], axes=without(mentions[n].axes, "possible"), weak=False)
        return mentions

    def _leads(self, by_sentence: Mapping[int, list[int]]) -> dict[int, list[_Hit]]:
        """{sentence: cues of the line above that leads its list}: "Call if you develop:" and the lines below it, up to a blank one."""
        found: dict[int, list[_Hit]] = {}
        heads = {section.start for section in self.reading.sections}
        for index, (start, end) in enumerate(self.reading.sentences):
            if self.view[end - 1] != ":" or _LINE_END.match(self.view, end) is None:
                continue
            hits: list[_Hit] | None = None
            at, marked = end, None
            for following in range(index + 1, min(index + 1 + _ITEMS, len(self.reading.sentences))):
                first, last = self.reading.sentences[following]
                if (
                    BLANK_LINE.search(self.view, at, first)
                    or self.view[last - 1] == ":"
                    or heads & {first, self.view.rfind("\n", 0, first) + 1}
                ):
                    break
                # A list of items ends where none follows; a line that begins with a label of its own is none.
                item = ITEM_START.match(self.view, self.view.rfind("\n", 0, first) + 1) is not None
                marked = item if marked is None else marked
                if (marked and not item) or (not marked and _LABELLED.match(self.view, first, last)):
                    break
                at = last
                if following in by_sentence:
                    if hits is None:
                        hits = self._open(start, end)
                    if not hits:
                        break
                    found[following] = hits
        return found

    def _open(self, start: int, end: int) -> list[_Hit]:
        """The cues of a sentence whose reach goes on at its end."""
        hits = self._hits(start, end, [])
        forward = [h for h in hits if h.cue.cue not in ("terminate", "pseudo") and h.cue.direction == "forward" and not h.cue.within]
        return [h for h in forward if not any(other.start >= h.end and self._ends(other, h) for other in hits)]

    def _lead(self, lead: _Hit, hits: Sequence[_Hit], numbers: Sequence[int]) -> None:
        mentions = self.mentions
        if any(self._ends(other, lead) for other in hits):
            return
        axis: Axis = lead.cue.cue  # type: ignore[assignment]
        for n in numbers:
            if _modifies(lead.cue, mentions[n].concept):
                axes = {**mentions[n].axes}
                axes.setdefault(axis, (lead.start, lead.end))
                mentions[n] = replace(mentions[n], axes=axes, weak=mentions[n].weak or lead.cue.weak)

    def _hits(self, start: int, end: int, targets: Sequence[Mention]) -> list[_Hit]:
        modifiers = self.context.modifiers
        found = [_Hit(at, to, modifiers[number].cue) for at, to, number in self.scan.find(start, end)]
        # Where one span is asked about, only that one keeps cues out; what the patterns find beside it may hold its cue.
        keepers = [t for t in targets if t in self.keepers] or targets
        free = [hit for hit in found if not any(t.start < hit.end and hit.start < t.end for t in keepers)]
        return [hit for hit in free if not any(self._overrules(other, hit) for other in free)]

    @staticmethod
    def _overrules(other: _Hit, hit: _Hit) -> bool:
        """Does a longer cue take this one's words?"""
        if other is hit or not (other.start < hit.end and hit.start < other.end) or hit.cue.cue == "pseudo":
            return False
        longer = other.end - other.start > hit.end - hit.start
        if other.cue.cue == "pseudo" and other.cue.direction == "backward":
            return False
        if other.cue.cue == "pseudo":
            concerns: Sequence[str] = other.cue.ends or _AXES
            return hit.cue.cue in concerns or (hit.cue.cue == "terminate" and longer)
        if (
            hit.cue.cue == other.cue.cue == "terminate"
            and other.cue.ends
            and not (hit.cue.ends and set(hit.cue.ends) <= set(other.cue.ends))
        ):
            return False
        if hit.cue.cue == "terminate" or other.cue.cue == "terminate":
            return longer and other.start <= hit.start and hit.end <= other.end
        # "cannot be excluded" against "excluded on": what begins first is the whole phrase.
        hedged = (other.cue.cue, hit.cue.cue) == ("possible", "negated") and other.start < hit.start
        same = other.cue.cue == hit.cue.cue and (not other.cue.of or (bool(hit.cue.of) and set(hit.cue.of) <= set(other.cue.of)))
        return longer and (same or hedged or (other.start <= hit.start and hit.end <= other.end))

    def _apply(self, sentence: tuple[int, int], hits: list[_Hit], numbers: Sequence[int]) -> None:
        mentions = self.mentions
        targets = [mentions[n] for n in numbers]
        spared = self._spared(hits, targets)
        for hit in hits:
            if hit.cue.cue in ("terminate", "pseudo"):
                continue
            axis: Axis = hit.cue.cue  # type: ignore[assignment]
            if axis == "negated" and (test := _tested_by(self.view, hit, targets)) is not None:
                for n in _listed_before(self.view, test, mentions, numbers):
                    mentions[n] = replace(mentions[n], axes={**mentions[n].axes, "negated": (hit.start, hit.end)})
                continue
            for start, end in self._scopes(sentence, hit, hits, targets):
                for n in numbers:
                    mention = mentions[n]
                    if mention.start < start or mention.end > end or not _modifies(hit.cue, mention.concept):
                        continue
                    if (mention.start, axis) in spared or (
                        hit.cue.general and _OWN.search(self.view, max(0, mention.start - _ASIDE), mention.start)
                    ):
                        continue
                    axes = {**mention.axes}
                    axes.setdefault(axis, (hit.start, hit.end))
                    mentions[n] = replace(
                        mention, axes=axes, weak=mention.weak or hit.cue.weak, refuted=mention.refuted or hit.cue.refutes,
                        general=mention.general or hit.cue.general,
                    )  # fmt: skip

    def _spared(self, hits: Sequence[_Hit], targets: Sequence[Mention]) -> set[tuple[int, Axis]]:
        """(start of a mention, axis) of those whose course is meant and not the disease itself: "no AS flare"."""
        found: set[tuple[int, Axis]] = set()
        for hit in hits:
            if hit.cue.cue == "pseudo" and hit.cue.direction == "backward":
                for target in targets:
                    if (
                        _modifies(hit.cue, target.concept)
                        and not self.view[target.end : hit.start].strip(" -\n")
                        and target.end <= hit.start
                    ):
                        found.update((target.start, axis) for axis in (hit.cue.ends or _AXES))
        return found

    def _scopes(self, sentence: tuple[int, int], hit: _Hit, hits: Sequence[_Hit], targets: Sequence[Mention]) -> Iterator[tuple[int, int]]:
        first, last = sentence
        direction = hit.cue.direction
        if direction in ("forward", "both"):
            end = min((other.start for other in hits if other.start >= hit.end and self._ends(other, hit)), default=last)
            if hit.cue.until and (stop := re.compile(hit.cue.until, _FLAGS).search(self.view, hit.end, end)):
                end = stop.start()
            if hit.cue.within:
                words = [w.end() for w in _WORD.finditer(self.view, hit.end, end)][: hit.cue.within]
                end = min(end, words[-1]) if words else end
                # A target that begins within the limit counts as a whole.
                end = max([end, *(t.end for t in targets if hit.end <= t.start < end)])
            yield hit.end, end
        if direction in ("backward", "both"):
            aside = self._aside(first, hit.start, targets)
            ends = (o.end for o in hits if o.end <= hit.start and self._ends(o, hit) and not aside[0] <= o.start < aside[1])
            start = max(ends, default=first)
            start = max(start, self._clause(hit.cue, (first, start, aside[0]), targets))
            if hit.cue.within:
                words = [w.start() for w in _WORD.finditer(self.view, start, aside[0])][-hit.cue.within :]
                start = max(start, words[0]) if words else start
                start = min([start, *(t.start for t in targets if start < t.end <= hit.start)])
            yield start, hit.start

    @staticmethod
    def _ends(other: _Hit, hit: _Hit) -> bool:
        """Does another cue end the scope of this one?"""
        if other.cue.cue == "terminate":
            return not other.cue.ends or hit.cue.cue in other.cue.ends
        if other.cue.cue == "pseudo":
            return False
        return ENDED_BY.get(hit.cue.cue) == other.cue.cue and other.cue.direction in ("forward", "both")

    def _clause(self, cue: Cue, stretch: tuple[int, int, int], targets: Sequence[Mention]) -> int:
        """Where the clause before a backward cue begins: at the last comma, when a target stands after it and no list ends there.

        `stretch`: where the sentence and the reach of the cue begin, and where the cue does.
        """
        first, start, end = stretch
        comma = self.view.rfind(",", start, end)
        joined = comma >= 0 and _JOINED.match(self.view, comma, end)
        if (
            joined
            and _VERB.search(self.view, max(first, comma - _CLAUSE), comma)
            and any(comma < t.start and t.end <= end for t in targets)
        ):
            # "It grew Candida, and the PCR was negative": two claims, each with its verb.
            return comma + 1
        if comma < 0 or _OF_A_LIST.search(self.view, comma, end):
            return start
        behind = [t for t in targets if comma < t.start and t.end <= end]
        if _ENUMERATED.fullmatch(self.view, start, end) and (not behind or any(_modifies(cue, t.concept) for t in behind)):
            return start
        of_its_own = _SUBJECT.fullmatch(self.view, comma + 1, end) is not None
        return comma + 1 if of_its_own or behind else start

    def _aside(self, start: int, end: int, targets: Sequence[Mention]) -> tuple[int, int]:
        """What stands between two commas just before a backward cue ("Fever, present on admission, has resolved"); else nothing."""
        close = self.view.rfind(",", start, end)
        comma = self.view.rfind(",", max(start, close - _ASIDE), close) if close >= 0 and not self.view[close + 1 : end].strip() else -1
        if comma < 0 or any(comma < t.end and t.start < close for t in targets) or _LISTED.search(self.view, comma, close):
            return end, end
        return comma, end


def _tested_by(view: str, hit: _Hit, targets: Sequence[Mention]) -> Mention | None:
    """The test of which a word such as "neg" is the result, and no denial ("HLA-B27 neg nr-axSpA"): the one just before it."""
    if not _NEGATIVE.fullmatch(view, hit.start, hit.end):
        return None
    end = max((t.end for t in targets if t.end <= hit.start), default=None)
    before = [t for t in targets if t.end == end]
    if not before or any(t.concept.kind not in ("test", "study") for t in before) or view[before[0].end : hit.start].strip(" -:=("):
        return None
    return before[0]


def _listed_before(view: str, test: Mention, mentions: list[Mention], numbers: Sequence[int]) -> Iterator[int]:
    """The organisms listed before a test that looked for them all: "Brucella and Bartonella serologies were negative"."""
    at = test.start
    if any(mentions[n].concept.result == "culture" and mentions[n].end <= at for n in numbers):
        return  # "cultures grew Brucella, Bartonella serology negative"
    for n in reversed(numbers):
        mention = mentions[n]
        if mention.end > at:
            continue
        if mention.concept.kind != "organism" or not _AND.fullmatch(view, mention.end, at):
            return
        yield n
        at = mention.start


def _modifies(cue: Cue, concept: Concept) -> bool:
    """Can a cue modify a concept?"""
    return (not cue.of or concept.kind in cue.of) and not (cue.not_lasting and concept.lasting)
