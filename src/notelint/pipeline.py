"""The spaCy pipeline: medspaCy's TargetMatcher, ConText and Sectionizer with its rule language, our own tokenizer and sentences.

The only module that imports spaCy and medspaCy. Rules are medspaCy's own (TargetRule, ConTextRule, SectionRule), made from the library;
the components are subclasses that keep the rules' meaning, with these corrections, each held by a test:

* phrases match over any white space and hyphens, on the same-length reading view, and never inside a word;
* a cue inside a target does not modify anything, nor does one that a longer cue contains;
* a pseudo cue concerns only the axes it names, and a terminator only those it ends;
* `terminated_by`, `max_scope` and terminators all bound a scope together;
* no step is quadratic in the length of the note.
"""

import re
import warnings
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from loguru import logger

# medspaCy's parts write the text of notes to stderr through loguru, and medspaCy mutes the warnings of the whole process.
for _name in ("PyRuSH", "medspacy", "PyFastNER", "quickumls"):
    logger.disable(_name)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import spacy
    from medspacy.context import ConText, ConTextRule
    from medspacy.section_detection import Sectionizer, SectionRule
    from medspacy.target_matcher import TargetMatcher, TargetRule
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from notelint import levels, sentences
from notelint.library import Library
from notelint.note import BLANK_LINE, lowered, reading_view
from notelint.packs import Axis, Concept, Cue, Section
from notelint.phrases import Lexicon
from notelint.reading import Mention, Reading, SectionSpan, without

_TOKEN = re.compile(r"\w+|[^\w\s]|\s+")
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
_NEWLINE = re.compile(r"\n")
_LABELLED = re.compile(r"[A-Z][\w /-]{2,30}:[ ]")
_ITEM_START = re.compile(r"[ ]*(?:[-*+#>\u2022]|\(?\d{1,2}[.)]|\[)")
_GROUP = "medspacy_spans"
_AXES: tuple[Axis, ...] = ("negated", "possible", "historical", "hypothetical", "family")
_ATTRIBUTE = {
    "negated": "is_negated", "possible": "is_uncertain", "historical": "is_historical", "hypothetical": "is_hypothetical", "family": "is_family",
}  # fmt: skip
_CATEGORY = {
    "negated": "NEGATED_EXISTENCE", "possible": "POSSIBLE_EXISTENCE", "historical": "HISTORICAL", "hypothetical": "HYPOTHETICAL", "family": "FAMILY",
}  # fmt: skip
_FLAGS = re.IGNORECASE | re.VERBOSE
_SILENT = frozenset({"look-alike"})


class NoteTokenizer:
    """Words, single marks and white space: every phrase that stands between word boundaries begins and ends at a token."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        words: list[str] = []
        spaces: list[bool] = []
        for token in _TOKEN.findall(text):
            if token[0] == " " and words and not spaces[-1]:
                spaces[-1] = True
                token = token[1:]
                if not token:
                    continue
            words.append(token)
            spaces.append(False)
        return Doc(self.vocab, words=words, spaces=spaces)


@dataclass(frozen=True, slots=True)
class _State:
    """What the components hand on beside the Doc, in characters; it lives in doc.user_data while a note is read."""

    view: str = field(repr=False)
    low: str = field(repr=False)
    sentences: tuple[tuple[int, int], ...]
    starts: tuple[int, ...]
    sections: tuple[SectionSpan, ...] = ()
    mentions: tuple[Mention, ...] = ()
    extra: tuple[Mention, ...] = ()
    context: str = field(default="", repr=False)


def _state(doc: Doc) -> _State:
    state = doc.user_data["notelint"]
    assert isinstance(state, _State)
    return state


class _Sentences:
    """Sets the sentence boundaries of `notelint.sentences`."""

    def __call__(self, doc: Doc) -> Doc:
        view = doc.user_data.get("notelint-view") or doc.text
        spans = tuple(sentences.split(view))
        begins: list[int] = []
        upcoming = 0
        for token in doc:
            first = upcoming < len(spans) and token.idx + len(token) > spans[upcoming][0]
            upcoming += first
            begins.append(1 if first or not begins else -1)
        if begins:
            # Set at once: each `is_sent_start` would look through the whole Doc.
            doc.from_array(["SENT_START"], np.array(begins, dtype="int64").reshape(-1, 1).astype("uint64"))  # type: ignore[arg-type]
        doc.user_data["notelint"] = _State(view, lowered(view), spans, tuple(start for start, _ in spans))
        return doc


class NoteSectionizer(Sectionizer):  # type: ignore[misc]  # medspaCy has no types
    """medspaCy's Sectionizer over headers at the beginning of a line, or of a sentence when a colon follows."""

    def __init__(self, nlp: Language, name: str = "notelint_sections") -> None:
        super().__init__(nlp, name, rules=None, span_attrs=None)
        self._rules: list[SectionRule] = []
        self._sections: list[Section] = []
        self._lexicon = Lexicon([])

    @property
    def rules(self) -> list[SectionRule]:
        """The rules, in the order in which they were added."""
        return self._rules

    def add(self, rules: SectionRule | Iterable[SectionRule]) -> None:
        """Add rules; `metadata["section"]` is the section of the library, `metadata["short"]` whether a colon must follow."""
        self._rules += [rules] if isinstance(rules, SectionRule) else list(rules)
        self._sections = [rule.metadata["section"] for rule in self._rules]
        self._lexicon = Lexicon((rule.literal, number) for number, rule in enumerate(self._rules))

    _LINE = re.compile(r"^[ ]*(?:[#*=\-\u2022>]+[ ]*)?(?:\d{1,2}[.)][ ]+)?", re.MULTILINE)
    _AFTER = re.compile(
        r"[ ]*(?:\([^()\n]{0,40}\)|\[[^\]\n]{0,40}\]|[-,]?[ ]*(?:on[ ])?\d[\d/.-]{3,9}(?:[ ]+(?:at[ ])?\d{1,2}:\d\d(?:[ ]*(?:h|hrs?|[ap]m))?)?)?[ ]*[*]*(?P<mark>:|[ ]-[ ]|[=*-]*[ ]*$)",
        re.MULTILINE,
    )
    _UNKNOWN = re.compile(r"^[ ]*(?:[A-Z][A-Z0-9 /&,()'-]{2,59}[A-Z0-9/&()'-]|[A-Z][A-Za-z /&'-]{3,40}:)[ ]*$", re.MULTILINE)
    _INLINE = re.compile(r"(?<=[.;!?])(?<![ ])[ ]++(?=[A-Z])|(?<![ ])[ ]{3,}+(?=[A-Z])")

    def __call__(self, doc: Doc) -> Doc:
        state = _state(doc)
        found: dict[int, tuple[int, Section | None]] = {}
        for line in self._LINE.finditer(state.view):
            if (hit := self._header(state, line.end(), inline=False)) is not None:
                found.setdefault(line.start(), hit)
        for stop in self._INLINE.finditer(state.view):
            if (hit := self._header(state, stop.end(), inline=True)) is not None:
                found.setdefault(stop.end(), hit)
        for line in self._UNKNOWN.finditer(state.view):
            found.setdefault(line.start(), (line.end(), None))
        starts = sorted(found)
        spans = [SectionSpan(0, 0, starts[0] if starts else len(state.view), None)] if not starts or starts[0] > 0 else []
        for start, end in pairwise((*starts, len(state.view))):
            body, rule = found[start]
            last = self._last_line(state.view, body, end, rule) if rule is not None and (rule.says or rule.list or rule.brief) else end
            spans.append(SectionSpan(start, body, last, rule))
            if last < end:
                spans.append(SectionSpan(last, last, end, None))
        doc.user_data["notelint"] = replace(state, sections=tuple(spans))
        return doc

    @staticmethod
    def _last_line(view: str, body: int, end: int, rule: Section) -> int:
        """Where a section that begins beside its header ends: at the first blank line; what follows without a header is not of it.

        The head of a list has it below: on the same line there is no list, only a sentence.
        """
        line_end = view.find("\n", body, end)
        if rule.brief:
            for gap in BLANK_LINE.finditer(view, body, end):
                if view[body : gap.start()].strip() and gap.end() < end and not _ITEM_START.match(view, gap.end()):
                    return gap.end()
            return end
        if rule.list:
            if line_end < 0 or view[body:line_end].strip():
                return body
            first = _WORD.search(view, line_end, end)
            line_end = first.start() if first else line_end
            if _ITEM_START.match(view, view.rfind("\n", 0, line_end) + 1):
                # A list of marked items ends at the first line that has no mark and goes on with none.
                for start in (newline.end() for newline in _NEWLINE.finditer(view, line_end, end)):
                    if view[start : start + 1].strip() and not _ITEM_START.match(view, start):
                        return start
        elif line_end < 0 or not view[body:line_end].strip():
            return end
        blank = BLANK_LINE.search(view, line_end, end)
        return blank.end() if blank else end

    def _header(self, state: _State, at: int, *, inline: bool) -> tuple[int, Section] | None:
        """(end of the header, its section) when a header stands at this place."""
        hit = next(self._lexicon.find(state.low, at, min(len(state.low), at + 60)), None)
        if hit is None or hit[0] != at:
            return None
        after = self._AFTER.match(state.view, hit[1])
        if after is None or (inline and after["mark"] != ":"):
            return None
        colon = after["mark"] == ":"
        for number in hit[2]:
            if colon or not self._rules[number].metadata["short"]:
                return after.end(), self._sections[number]
        return None


class NoteTargetMatcher(TargetMatcher):  # type: ignore[misc]
    """medspaCy's TargetMatcher over one scan of the reading view; the longest of overlapping matches stays."""

    def __init__(self, nlp: Language, name: str = "notelint_targets") -> None:
        super().__init__(nlp, name, result_type="group", span_group_name=_GROUP)
        self._rules: list[TargetRule] = []
        self._phrases = self._cased = Lexicon([])
        self._patterns: list[tuple[re.Pattern[str], int]] = []
        self._level: Concept | None = None

    @property
    def rules(self) -> list[TargetRule]:
        """The rules, in the order in which they were added."""
        return self._rules

    def add(self, rules: TargetRule | Iterable[TargetRule]) -> None:
        """Add rules; `metadata["concept"]` is the concept of the library, `metadata["cased"]` whether the case counts."""
        self._rules += [rules] if isinstance(rules, TargetRule) else list(rules)
        plain = [(rule.literal, n) for n, rule in enumerate(self._rules) if rule.pattern is None and not rule.metadata["cased"]]
        cased = [(rule.literal, n) for n, rule in enumerate(self._rules) if rule.pattern is None and rule.metadata["cased"]]
        self._phrases, self._cased = Lexicon(plain), Lexicon(cased, cased=True)
        self._patterns = [(re.compile(rule.pattern, _FLAGS), n) for n, rule in enumerate(self._rules) if rule.pattern is not None]
        self._level = next((rule.metadata["concept"] for rule in self._rules if rule.metadata["concept"].concept == "spinal-region"), None)

    def __call__(self, doc: Doc) -> Doc:
        state = _state(doc)
        asked = {(m.start, m.end) for m in state.extra}
        found = (m for m in self._longest(state) if (m.start, m.end) not in asked)
        mentions = tuple(sorted((*found, *state.extra), key=lambda m: (m.start, m.end)))
        doc.user_data["notelint"] = replace(state, mentions=mentions)
        idx = [token.idx for token in doc]
        doc.spans[_GROUP] = [Span(doc, bisect_right(idx, m.start) - 1, bisect_left(idx, m.end), label=m.concept.concept) for m in mentions]
        return doc

    def _matches(self, state: _State) -> Iterator[tuple[int, int, int, levels.Level | None]]:
        """(start, end, number of the rule, level) of all matches; overlapping ones too."""
        for start, end, meanings in self._phrases.find(state.low):
            for number in meanings:
                yield start, end, number, None
        for start, end, meanings in self._cased.find(state.view):
            for number in meanings:
                yield start, end, number, None
        for pattern, number in self._patterns:
            for match in pattern.finditer(state.view):
                start, end = match.span("target") if "target" in pattern.groupindex and match["target"] else match.span()
                yield start, end, number, None
        if self._level is not None:
            for start, end, level in levels.find(state.view):
                yield start, end, -1, level

    def _longest(self, state: _State) -> list[Mention]:
        note_has: dict[str, bool] = {}
        chosen: list[Mention] = []
        taken_ends: list[int] = []
        taken_starts: list[int] = []
        matches = sorted(self._matches(state), key=lambda m: (m[0] - m[1], m[2] if m[2] >= 0 else len(self._rules), m[0]))
        same: dict[tuple[int, int], set[str]] = defaultdict(set)
        for start, end, number, level in matches:
            concept = self._level if number < 0 else self._rules[number].metadata["concept"]
            if concept is None:
                continue
            index = bisect_right(taken_starts, start)
            overlaps = (index > 0 and taken_ends[index - 1] > start) or (index < len(taken_starts) and taken_starts[index] < end)
            # Words with two meanings keep both; the same words for one concept count once.
            twin = (start, end) in same and concept.key not in same[start, end] and level is None and not self._silenced(same[start, end])
            if overlaps and not twin:
                continue
            sentence = max(0, bisect_right(state.starts, start) - 1)
            if end > state.sentences[sentence][1]:
                # "… of the sacroiliac joint" at the end of one line and "Pain:" at the head of the next are no joint pain.
                continue
            if not self._allowed(state, concept, number, sentence, note_has):
                continue
            if not overlaps:
                taken_starts.insert(index, start)
                taken_ends.insert(index, end)
            same[start, end].add(concept.key)
            axes: dict[Axis, tuple[int, int] | None] = {"negated": (start, end)} if concept.denied else {}
            chosen.append(Mention(start, end, concept, sentence, axes, level=level))
        # Of "discitis/osteomyelitis" the second is the vertebra's: the bare word says less of the same place.
        return [
            mention
            for mention in chosen
            if mention.concept.kind not in _SILENT and mention.concept.placed_as not in same[mention.start, mention.end]
        ]

    def _silenced(self, keys: set[str]) -> bool:
        return any(rule.metadata["concept"].kind in _SILENT for rule in self._rules if rule.metadata["concept"].key in keys)

    def _allowed(self, state: _State, concept: Concept, number: int, sentence: int, note_has: dict[str, bool]) -> bool:
        if concept.unless and state.sentences:
            start, end = state.sentences[sentence]
            if any(re.search(pattern, state.view[start:end], _FLAGS) for pattern in concept.unless):
                return False
        if number >= 0 and self._rules[number].metadata["cased"] and concept.only_if:
            for pattern in concept.only_if:
                if pattern not in note_has:
                    note_has[pattern] = any(re.search(pattern, text, _FLAGS) for text in (state.view, state.context))
            return any(note_has[pattern] for pattern in concept.only_if)
        return True


@dataclass(frozen=True, slots=True)
class _Hit:
    """A cue found in a sentence."""

    start: int
    end: int
    rule: ConTextRule
    cue: Cue


class NoteConText(ConText):  # type: ignore[misc]
    """medspaCy's ConText, sentence by sentence, over characters; see the module's text for the corrections."""

    def __init__(self, nlp: Language, name: str = "notelint_context") -> None:
        super().__init__(nlp, name, rules=None, input_span_type="group", span_group_name=_GROUP)
        self._rules: list[ConTextRule] = []
        self._phrases = self._cased = Lexicon([])
        self._patterns: list[tuple[re.Pattern[str], int]] = []

    @property
    def rules(self) -> list[ConTextRule]:
        """The rules, in the order in which they were added."""
        return self._rules

    def add(self, rules: ConTextRule | Iterable[ConTextRule]) -> None:
        """Add rules; `metadata["cue"]` is the cue of the library, `metadata["cased"]` whether the case counts."""
        self._rules += [rules] if isinstance(rules, ConTextRule) else list(rules)
        self._phrases = Lexicon([(r.literal, n) for n, r in enumerate(self._rules) if r.pattern is None and not r.metadata["cased"]])
        self._cased = Lexicon([(r.literal, n) for n, r in enumerate(self._rules) if r.pattern is None and r.metadata["cased"]], cased=True)
        self._patterns = [(re.compile(r.pattern, _FLAGS), n) for n, r in enumerate(self._rules) if r.pattern is not None]

    def __call__(self, doc: Doc, targets: str | None = None) -> Doc:
        del targets
        state = _state(doc)
        by_sentence: dict[int, list[int]] = defaultdict(list)
        for number, mention in enumerate(state.mentions):
            by_sentence[mention.sentence].append(number)
        mentions = list(state.mentions)
        leads = self._leads(state, by_sentence)
        for sentence, numbers in by_sentence.items():
            start, end = state.sentences[sentence]
            if all(mentions[n].concept.kind == "owner" for n in numbers):
                continue
            hits = self._hits(state, start, end, [mentions[n] for n in numbers])
            for lead in leads.get(sentence, ()):
                self._lead(lead, hits, mentions, numbers)
            if hits:
                self._apply(state, (start, end), hits, mentions, numbers)
                for n in numbers:
                    if mentions[n].refuted and "possible" in mentions[n].axes:
                        # "was suspected and has been ruled out": the end of the sentence counts.
                        mentions[n] = replace(mentions[n], axes=without(mentions[n].axes, "possible"), weak=False)
        doc.user_data["notelint"] = replace(state, mentions=tuple(mentions))
        spans: Sequence[Span] = list(doc.spans[_GROUP]) if _GROUP in doc.spans else []
        for span, mention in zip(spans, mentions, strict=False):
            for axis in mention.axes:
                setattr(span._, _ATTRIBUTE[axis], True)
        return doc

    def _leads(self, state: _State, by_sentence: Mapping[int, list[int]]) -> dict[int, list[_Hit]]:
        """{sentence: cues of the line above that leads its list}: "Call if you develop:" and the lines below it, up to a blank one."""
        found: dict[int, list[_Hit]] = {}
        heads = {section.start for section in state.sections}
        for index, (start, end) in enumerate(state.sentences):
            if state.view[end - 1] != ":" or _LINE_END.match(state.view, end) is None:
                continue
            hits: list[_Hit] | None = None
            at, marked = end, None
            for following in range(index + 1, min(index + 1 + _ITEMS, len(state.sentences))):
                first, last = state.sentences[following]
                if (
                    BLANK_LINE.search(state.view, at, first)
                    or state.view[last - 1] == ":"
                    or heads & {first, state.view.rfind("\n", 0, first) + 1}
                ):
                    break
                # A list of items ends where none follows; a line that begins with a label of its own is none.
                item = _ITEM_START.match(state.view, state.view.rfind("\n", 0, first) + 1) is not None
                marked = item if marked is None else marked
                if (marked and not item) or (not marked and _LABELLED.match(state.view, first, last)):
                    break
                at = last
                if following in by_sentence:
                    if hits is None:
                        hits = self._open(state, start, end)
                    if not hits:
                        break
                    found[following] = hits
        return found

    def _open(self, state: _State, start: int, end: int) -> list[_Hit]:
        """The cues of a sentence whose reach goes on at its end."""
        hits = self._hits(state, start, end, [])
        forward = [h for h in hits if h.cue.cue not in ("terminate", "pseudo") and h.rule.direction == "FORWARD" and not h.rule.max_scope]
        return [h for h in forward if not any(other.start >= h.end and self._ends(other, h) for other in hits)]

    def _lead(self, lead: _Hit, hits: Sequence[_Hit], mentions: list[Mention], numbers: Sequence[int]) -> None:
        if any(self._ends(other, lead) for other in hits):
            return
        axis: Axis = lead.cue.cue  # type: ignore[assignment]
        for n in numbers:
            if _modifies(lead.cue, mentions[n].concept):
                axes = {**mentions[n].axes}
                axes.setdefault(axis, (lead.start, lead.end))
                mentions[n] = replace(mentions[n], axes=axes, weak=mentions[n].weak or lead.cue.weak)

    def _hits(self, state: _State, start: int, end: int, targets: Sequence[Mention]) -> list[_Hit]:
        found: list[_Hit] = []

        def add(at: int, to: int, number: int) -> None:
            rule = self._rules[number]
            found.append(_Hit(at, to, rule, rule.metadata["cue"]))

        for at, to, meanings in self._phrases.find(state.low, start, end):
            for number in meanings:
                add(at, to, number)
        for at, to, meanings in self._cased.find(state.view, start, end):
            for number in meanings:
                add(at, to, number)
        for pattern, number in self._patterns:
            for match in pattern.finditer(state.view, start, end):
                add(*(match.span("cue") if "cue" in pattern.groupindex and match["cue"] else match.span()), number)
        # Where one span is asked about, only that one keeps cues out; what the patterns find beside it may hold its cue.
        keepers = [t for t in targets if t in state.extra] or targets
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

    def _apply(self, state: _State, sentence: tuple[int, int], hits: list[_Hit], mentions: list[Mention], numbers: Sequence[int]) -> None:
        targets = [mentions[n] for n in numbers]
        spared = self._spared(state, hits, targets)
        for hit in hits:
            if hit.cue.cue in ("terminate", "pseudo"):
                continue
            axis: Axis = hit.cue.cue  # type: ignore[assignment]
            if axis == "negated" and (test := _tested_by(state, hit, targets)) is not None:
                for n in _listed_before(state, test, mentions, numbers):
                    mentions[n] = replace(mentions[n], axes={**mentions[n].axes, "negated": (hit.start, hit.end)})
                continue
            for start, end in self._scopes(state, sentence, hit, hits, targets):
                for n in numbers:
                    mention = mentions[n]
                    if mention.start < start or mention.end > end or not _modifies(hit.cue, mention.concept):
                        continue
                    if (mention.start, axis) in spared or (
                        hit.cue.general and _OWN.search(state.view, max(0, mention.start - _ASIDE), mention.start)
                    ):
                        continue
                    axes = {**mention.axes}
                    axes.setdefault(axis, (hit.start, hit.end))
                    mentions[n] = replace(
                        mention, axes=axes, weak=mention.weak or hit.cue.weak, refuted=mention.refuted or hit.cue.refutes,
                        general=mention.general or hit.cue.general,
                    )  # fmt: skip

    @staticmethod
    def _spared(state: _State, hits: Sequence[_Hit], targets: Sequence[Mention]) -> set[tuple[int, Axis]]:
        """(start of a mention, axis) of those whose course is meant and not the disease itself: "no AS flare"."""
        found: set[tuple[int, Axis]] = set()
        for hit in hits:
            if hit.cue.cue == "pseudo" and hit.cue.direction == "backward":
                for target in targets:
                    if (
                        _modifies(hit.cue, target.concept)
                        and not state.view[target.end : hit.start].strip(" -\n")
                        and target.end <= hit.start
                    ):
                        found.update((target.start, axis) for axis in (hit.cue.ends or _AXES))
        return found

    def _scopes(
        self, state: _State, sentence: tuple[int, int], hit: _Hit, hits: Sequence[_Hit], targets: Sequence[Mention]
    ) -> Iterator[tuple[int, int]]:
        first, last = sentence
        direction = hit.rule.direction
        if direction in ("FORWARD", "BIDIRECTIONAL"):
            end = min((other.start for other in hits if other.start >= hit.end and self._ends(other, hit)), default=last)
            if hit.cue.until and (stop := re.compile(hit.cue.until, _FLAGS).search(state.view, hit.end, end)):
                end = stop.start()
            if hit.rule.max_scope:
                words = [w.end() for w in _WORD.finditer(state.view, hit.end, end)][: hit.rule.max_scope]
                end = min(end, words[-1]) if words else end
                # A target that begins within the limit counts as a whole.
                end = max([end, *(t.end for t in targets if hit.end <= t.start < end)])
            yield hit.end, end
        if direction in ("BACKWARD", "BIDIRECTIONAL"):
            aside = self._aside(state, first, hit.start, targets)
            ends = (o.end for o in hits if o.end <= hit.start and self._ends(o, hit) and not aside[0] <= o.start < aside[1])
            start = max(ends, default=first)
            start = max(start, self._clause(state, hit.cue, (first, start, aside[0]), targets))
            if hit.rule.max_scope:
                words = [w.start() for w in _WORD.finditer(state.view, start, aside[0])][-hit.rule.max_scope :]
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
        return other.rule.category in hit.rule.terminated_by and other.rule.direction in ("FORWARD", "BIDIRECTIONAL")

    @staticmethod
    def _clause(state: _State, cue: Cue, stretch: tuple[int, int, int], targets: Sequence[Mention]) -> int:
        """Where the clause before a backward cue begins: at the last comma, when a target stands after it and no list ends there.

        `stretch`: where the sentence and the reach of the cue begin, and where the cue does.
        """
        first, start, end = stretch
        comma = state.view.rfind(",", start, end)
        joined = comma >= 0 and _JOINED.match(state.view, comma, end)
        if (
            joined
            and _VERB.search(state.view, max(first, comma - _CLAUSE), comma)
            and any(comma < t.start and t.end <= end for t in targets)
        ):
            # "It grew Candida, and the PCR was negative": two claims, each with its verb.
            return comma + 1
        if comma < 0 or _OF_A_LIST.search(state.view, comma, end):
            return start
        behind = [t for t in targets if comma < t.start and t.end <= end]
        if _ENUMERATED.fullmatch(state.view, start, end) and (not behind or any(_modifies(cue, t.concept) for t in behind)):
            return start
        of_its_own = _SUBJECT.fullmatch(state.view, comma + 1, end) is not None
        return comma + 1 if of_its_own or behind else start

    @staticmethod
    def _aside(state: _State, start: int, end: int, targets: Sequence[Mention]) -> tuple[int, int]:
        """What stands between two commas just before a backward cue ("Fever, present on admission, has resolved"); else nothing."""
        close = state.view.rfind(",", start, end)
        comma = state.view.rfind(",", max(start, close - _ASIDE), close) if close >= 0 and not state.view[close + 1 : end].strip() else -1
        if comma < 0 or any(comma < t.end and t.start < close for t in targets) or _LISTED.search(state.view, comma, close):
            return end, end
        return comma, end


def _tested_by(state: _State, hit: _Hit, targets: Sequence[Mention]) -> Mention | None:
    """The test of which a word such as "neg" is the result, and no denial ("HLA-B27 neg nr-axSpA"): the one just before it."""
    if not _NEGATIVE.fullmatch(state.view, hit.start, hit.end):
        return None
    end = max((t.end for t in targets if t.end <= hit.start), default=None)
    before = [t for t in targets if t.end == end]
    if not before or any(t.concept.kind not in ("test", "study") for t in before) or state.view[before[0].end : hit.start].strip(" -:=("):
        return None
    return before[0]


def _listed_before(state: _State, test: Mention, mentions: list[Mention], numbers: Sequence[int]) -> Iterator[int]:
    """The organisms listed before a test that looked for them all: "Brucella and Bartonella serologies were negative"."""
    at = test.start
    if any(mentions[n].concept.result == "culture" and mentions[n].end <= at for n in numbers):
        return  # "cultures grew Brucella, Bartonella serology negative"
    for n in reversed(numbers):
        mention = mentions[n]
        if mention.end > at:
            continue
        if mention.concept.kind != "organism" or not _AND.fullmatch(state.view, mention.end, at):
            return
        yield n
        at = mention.start


def _modifies(cue: Cue, concept: Concept) -> bool:
    """Can a cue modify a concept?"""
    return (not cue.of or concept.kind in cue.of) and not (cue.not_lasting and concept.lasting)


@Language.factory("notelint_sentences")
def _make_sentences(nlp: Language, name: str) -> _Sentences:
    del nlp, name
    return _Sentences()


@Language.factory("notelint_sections")
def _make_sections(nlp: Language, name: str) -> NoteSectionizer:
    return NoteSectionizer(nlp, name)


@Language.factory("notelint_targets")
def _make_targets(nlp: Language, name: str) -> NoteTargetMatcher:
    return NoteTargetMatcher(nlp, name)


@Language.factory("notelint_context")
def _make_context(nlp: Language, name: str) -> NoteConText:
    return NoteConText(nlp, name)


def build(library: Library) -> Language:
    """The pipeline for a library: a blank English `Language` with our tokenizer and components, rules added."""
    nlp = spacy.blank("en")
    nlp.tokenizer = NoteTokenizer(nlp.vocab)
    nlp.add_pipe("notelint_sentences")
    pipes: dict[str, Any] = {name: nlp.add_pipe(f"notelint_{name}") for name in ("sections", "targets", "context")}
    pipes["sections"].add(list(_section_rules(library)))
    pipes["targets"].add(list(_target_rules(library)))
    pipes["context"].add(list(_context_rules(library)))
    return nlp


def _section_rules(library: Library) -> Iterator[SectionRule]:
    for section in library.sections:
        for short, headers in ((False, section.headers), (True, section.short)):
            for header in headers:
                yield SectionRule(header, section.section, metadata={"section": section, "short": short})


def _target_rules(library: Library) -> Iterator[TargetRule]:
    for concept in library.concepts:
        for cased, phrases in ((False, concept.phrases), (True, concept.abbreviations)):
            for phrase in phrases:
                yield TargetRule(phrase, concept.concept, metadata={"concept": concept, "cased": cased})
        for pattern in concept.patterns:
            yield TargetRule(concept.key, concept.concept, pattern=pattern, metadata={"concept": concept, "cased": False})


def _context_rules(library: Library) -> Iterator[ConTextRule]:
    directions = {"forward": "FORWARD", "backward": "BACKWARD", "both": "BIDIRECTIONAL"}
    for cue in library.cues:
        category = _CATEGORY.get(cue.cue, cue.cue.upper())
        direction = cue.cue.upper() if cue.cue in ("terminate", "pseudo") else directions[cue.direction]
        # A hedge or a new negation begins a claim of its own: what was said before it ends there.
        ended = {"negated": {"POSSIBLE_EXISTENCE"}, "possible": {"NEGATED_EXISTENCE"}}.get(cue.cue)

        def rule(
            literal: str,
            pattern: str | None,
            cased: bool,
            cue: Cue = cue,
            category: str = category,
            direction: str = direction,
            ended: set[str] | None = ended,
        ) -> ConTextRule:
            return ConTextRule(
                literal,
                category,
                pattern=pattern,
                direction=direction,
                max_scope=cue.within,
                terminated_by=ended,
                metadata={"cue": cue, "cased": cased},
            )

        for phrase in cue.phrases:
            yield rule(phrase, None, False)
        for phrase in cue.abbreviations:
            yield rule(phrase, None, True)
        for pattern in cue.patterns:
            yield rule(pattern, pattern, False)


def read(nlp: Language, text: str, *, targets: Sequence[tuple[int, int, Concept]] = (), context: str = "") -> Reading:
    """Read a note. `targets` are further spans to be asserted, whatever the patterns find there.

    `context` is what else is known of the note, such as the titles of its codes: it tells what an abbreviation stands for.
    """
    view = reading_view(text)
    doc = nlp.make_doc(view)
    for name, component in nlp.pipeline:
        doc = component(doc)
        if name == "notelint_sections" and (targets or context):
            state = _state(doc)
            extra = tuple(Mention(start, end, concept, max(0, bisect_left(state.starts, start + 1) - 1)) for start, end, concept in targets)
            doc.user_data["notelint"] = replace(state, extra=extra, context=context)
    state = _state(doc)
    return Reading(state.view, state.low, state.sentences or ((0, len(view)),), state.sections, state.mentions)
