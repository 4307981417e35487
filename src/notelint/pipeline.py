"""The spaCy pipeline: medspaCy's TargetMatcher, ConText and Sectionizer with its rule language, our own tokenizer and sentences.

The only module that imports spaCy and medspaCy. Each component is a subclass of medspaCy's that takes its rules (TargetRule, ConTextRule,
SectionRule) and does its work with `notelint.targets`, `notelint.context` and `notelint.sections`, which say in what they differ from it.
"""

import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from loguru import logger

# medspaCy's parts write the text of notes to stderr through loguru, and medspaCy mutes the warnings of the whole process.
for _name in ("PyRuSH", "medspacy", "PyFastNER", "quickumls"):
    logger.disable(_name)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from medspacy.context import ConText, ConTextRule
    from medspacy.section_detection import Sectionizer, SectionRule
    from medspacy.target_matcher import TargetMatcher, TargetRule
    from spacy.lang.en import English
    from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab, create_vocab

from notelint import sentences
from notelint.context import ENDED_BY, Context, Modifier, modifiers_of
from notelint.gate import Pieces
from notelint.library import Library
from notelint.note import reading_view
from notelint.packs import Axis, Concept
from notelint.reading import Mention, Reading
from notelint.scan import Form, Tokens
from notelint.sections import Header, Sections, headers_of
from notelint.targets import Match, Target, Targets

_TOKEN = re.compile(r"\w+|[^\w\s]|\s+")
_GROUP = "medspacy_spans"
_ATTRIBUTE: dict[Axis, str] = {
    "negated": "is_negated", "possible": "is_uncertain", "historical": "is_historical", "hypothetical": "is_hypothetical", "family": "is_family",
}  # fmt: skip
_CATEGORY: dict[str, str] = {
    "negated": "NEGATED_EXISTENCE", "possible": "POSSIBLE_EXISTENCE", "historical": "HISTORICAL", "hypothetical": "HYPOTHETICAL", "family": "FAMILY",
}  # fmt: skip
_DIRECTION = {"forward": "FORWARD", "backward": "BACKWARD", "both": "BIDIRECTIONAL"}
_PLAIN = frozenset({"", " "})
"""What stands between words without being a token of spaCy."""
_WORDS = 30_000
"""A vocabulary of more words is begun anew, so that no stream of notes makes the process grow."""


class NoteTokenizer:
    """Words, single marks and white space: every phrase that stands between word boundaries begins and ends at a token."""

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        return self.doc(Tokens(text, Pieces()))

    def doc(self, tokens: Tokens) -> Doc:
        """A Doc of the tokens of a text; white space of more than one blank is a token of its own."""
        view, words, (starts, ends) = tokens.view, tokens.words, tokens.spans
        gaps = [view[end:start] for end, start in zip(ends, [*starts[1:], len(view)][: len(ends)], strict=True)]
        head = view[: starts[0]] if starts else view
        spaces = [gap == " " for gap in gaps]
        if head or not _PLAIN.issuperset(gaps):
            words, spaces = [head] if head else [], [False] if head else []
            for word, gap in zip(tokens.words, gaps, strict=True):
                blank = gap[:1] == " "
                words.append(word)
                spaces.append(blank)
                if len(gap) > blank:
                    words.append(gap[blank:])
                    spaces.append(False)
        return Doc(self.vocab, words=words, spaces=spaces)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known of a note beside its text: its words and what matches in them, spans to be asserted, and what else tells of it.

    Who asks so takes the `Reading`; sentences, spans and their attributes are written into a Doc only for those who look at it.
    """

    tokens: Tokens = field(repr=False)
    matches: Sequence[Match]
    extra: tuple[Mention, ...] = ()
    context: str = field(default="", repr=False)


class _Sentences:
    """Sets the sentence boundaries of `notelint.sentences`."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces

    def __call__(self, doc: Doc) -> Doc:
        asked = doc.user_data.get("notelint-asked")
        tokens = asked.tokens if asked else _tokens(doc.text, self._pieces)
        spans = tuple(sentences.split(tokens.view))
        if len(doc) and not asked:
            # Set at once: each `is_sent_start` would look through the whole Doc.
            ends = doc.to_array("IDX").astype("int64") + doc.to_array("LENGTH").astype("int64")
            begins = np.full(len(doc), -1, dtype="int64")
            begins[0] = 1
            begins[np.searchsorted(ends, [start for start, _ in spans], side="right")] = 1
            doc.from_array(["SENT_START"], begins.reshape(-1, 1).astype("uint64"))  # type: ignore[arg-type]
        doc.user_data["notelint"] = Reading(tokens, spans, (), ())
        return doc


def _tokens(text: str, pieces: Pieces) -> Tokens:
    return Tokens(reading_view(text), pieces)


def _reading(doc: Doc) -> Reading:
    reading = doc.user_data["notelint"]
    assert isinstance(reading, Reading)
    return reading


class NoteSectionizer(Sectionizer):  # type: ignore[misc]  # medspaCy has no types
    """medspaCy's Sectionizer over headers at the beginning of a line, or of a sentence when a colon follows."""

    def __init__(self, nlp: Language, name: str, headers: Sequence[Header], pieces: Pieces) -> None:
        super().__init__(nlp, name, rules=None, span_attrs=None)
        self._pieces = pieces
        self._sections = Sections(headers, pieces)

    @property
    def rules(self) -> list[SectionRule]:
        """The rules, in the order in which they were added."""
        return [SectionRule(h.words, h.section.section, metadata={"section": h.section, "short": h.short}) for h in self._sections.headers]

    def add(self, rules: SectionRule | Iterable[SectionRule]) -> None:
        """Add rules; `metadata["section"]` is the section of the library, `metadata["short"]` whether a colon must follow."""
        added = [Header(rule.metadata["section"], rule.literal, rule.metadata["short"]) for rule in _listed(rules)]
        self._sections = Sections((*self._sections.headers, *added), self._pieces)

    def __call__(self, doc: Doc) -> Doc:
        reading = _reading(doc)
        doc.user_data["notelint"] = replace(reading, sections=self._sections.find(reading.tokens))
        return doc


class NoteTargetMatcher(TargetMatcher):  # type: ignore[misc]
    """medspaCy's TargetMatcher over one scan of the reading view; the longest of overlapping matches stays."""

    def __init__(self, nlp: Language, name: str, targets: Targets, pieces: Pieces) -> None:
        super().__init__(nlp, name, result_type="group", span_group_name=_GROUP)
        self._pieces = pieces
        self._targets = targets

    @property
    def rules(self) -> list[TargetRule]:
        """The rules, in the order in which they were added."""
        return [
            TargetRule(
                t.concept.key if t.form == "pattern" else t.words, t.concept.concept, pattern=t.words if t.form == "pattern" else None,
                metadata={"concept": t.concept, "cased": t.form == "abbreviation"},
            )
            for t in self._targets.targets
        ]  # fmt: skip

    def add(self, rules: TargetRule | Iterable[TargetRule]) -> None:
        """Add rules; `metadata["concept"]` is the concept of the library, `metadata["cased"]` whether the case counts."""
        added = [Target(rule.metadata["concept"], rule.pattern or rule.literal, _form(rule)) for rule in _listed(rules)]
        self._targets = Targets((*self._targets.targets, *added), self._pieces)

    def __call__(self, doc: Doc) -> Doc:
        reading, asked = _reading(doc), doc.user_data.get("notelint-asked")
        matches = asked.matches if asked else self._targets.matches(reading.tokens)
        extra = asked.extra if asked else ()
        spans = {(mention.start, mention.end) for mention in extra}
        found = self._targets.mentions(reading.tokens, reading.sentences, matches, asked.context if asked else "")
        mentions = tuple(sorted((*(m for m in found if (m.start, m.end) not in spans), *extra), key=lambda m: (m.start, m.end)))
        doc.user_data["notelint"] = replace(reading, mentions=mentions)
        if not asked:
            idx = doc.to_array("IDX").tolist()
            doc.spans[_GROUP] = [
                Span(doc, bisect_right(idx, m.start) - 1, bisect_left(idx, m.end), label=m.concept.concept) for m in mentions
            ]
        return doc


class NoteConText(ConText):  # type: ignore[misc]
    """medspaCy's ConText, sentence by sentence, over characters."""

    def __init__(self, nlp: Language, name: str, modifiers: Sequence[Modifier], pieces: Pieces) -> None:
        super().__init__(nlp, name, rules=None, input_span_type="group", span_group_name=_GROUP)
        self._pieces = pieces
        self._context = Context(modifiers, pieces)

    @property
    def rules(self) -> list[ConTextRule]:
        """The rules, in the order in which they were added."""
        return [_context_rule(modifier) for modifier in self._context.modifiers]

    def add(self, rules: ConTextRule | Iterable[ConTextRule]) -> None:
        """Add rules; `metadata["cue"]` is the cue of the library, `metadata["cased"]` whether the case counts."""
        added = [Modifier(rule.metadata["cue"], rule.pattern or rule.literal, _form(rule)) for rule in _listed(rules)]
        self._context = Context((*self._context.modifiers, *added), self._pieces)

    def __call__(self, doc: Doc, targets: str | None = None) -> Doc:
        del targets
        reading, asked = _reading(doc), doc.user_data.get("notelint-asked")
        mentions = tuple(self._context.modify(reading, asked.extra if asked else ()))
        doc.user_data["notelint"] = replace(reading, mentions=mentions)
        for span, mention in zip(() if asked else doc.spans.get(_GROUP, ()), mentions, strict=False):
            for axis in mention.axes:
                setattr(span._, _ATTRIBUTE[axis], True)
        return doc


def _listed(rules: Any) -> list[Any]:
    return list(rules) if isinstance(rules, Iterable) else [rules]


def _form(rule: TargetRule | ConTextRule) -> Form:
    return "pattern" if rule.pattern is not None else "abbreviation" if rule.metadata["cased"] else "phrase"


def _context_rule(modifier: Modifier) -> ConTextRule:
    cue = modifier.cue
    ended = ENDED_BY.get(cue.cue)
    return ConTextRule(
        modifier.words,
        _CATEGORY.get(cue.cue, cue.cue.upper()),
        pattern=modifier.words if modifier.form == "pattern" else None,
        direction=cue.cue.upper() if cue.cue in ("terminate", "pseudo") else _DIRECTION[cue.direction],
        max_scope=cue.within,
        terminated_by={_CATEGORY[ended]} if ended else None,
        metadata={"cue": cue, "cased": modifier.form == "abbreviation"},
    )


@Language.factory("notelint_sentences")
def _make_sentences(nlp: Language, name: str) -> _Sentences:
    del nlp, name
    return _Sentences(_building.get()[0].pieces)


@Language.factory("notelint_sections")
def _make_sections(nlp: Language, name: str) -> NoteSectionizer:
    library, _ = _building.get()
    return NoteSectionizer(nlp, name, list(headers_of(library.sections)), library.pieces)


@Language.factory("notelint_targets")
def _make_targets(nlp: Language, name: str) -> NoteTargetMatcher:
    library, targets = _building.get()
    return NoteTargetMatcher(nlp, name, targets, library.pieces)


@Language.factory("notelint_context")
def _make_context(nlp: Language, name: str) -> NoteConText:
    library, _ = _building.get()
    return NoteConText(nlp, name, list(modifiers_of(library.cues)), library.pieces)


_building: ContextVar[tuple[Library, Targets]] = ContextVar("notelint_library")
"""The library and its targets for which a pipeline is being built: spaCy's factories take values of JSON alone."""


def build(library: Library, targets: Targets) -> Language:
    """The pipeline for a library and its targets: a blank English `Language` with our tokenizer and components."""
    # The tokenizer of English, which would not be used, takes longer to make than all else.
    nlp = English(create_tokenizer=lambda nlp: NoteTokenizer(nlp.vocab))
    token = _building.set((library, targets))
    try:
        for name in ("sentences", "sections", "targets", "context"):
            nlp.add_pipe(f"notelint_{name}")
    finally:
        _building.reset(token)
    return nlp


def read(
    nlp: Language, tokens: Tokens, matches: Sequence[Match], *, targets: Sequence[tuple[int, int, Concept]] = (), context: str = ""
) -> Reading:
    """Read a note of which the words and what matches in them are known.

    `targets` are further spans to be asserted, whatever the patterns find there. `context` is what else is known of the note, such as the
    titles of its codes: it tells what an abbreviation stands for.
    """
    starts = [start for start, _ in sentences.split(tokens.view)] if targets else []
    extra = tuple(Mention(start, end, concept, max(0, bisect_left(starts, start + 1) - 1)) for start, end, concept in targets)
    tokenizer = nlp.tokenizer
    assert isinstance(tokenizer, NoteTokenizer)
    if len(nlp.vocab.strings) > _WORDS:
        nlp.vocab = tokenizer.vocab = create_vocab(nlp.lang, nlp.Defaults)
    doc = tokenizer.doc(tokens)
    doc.user_data["notelint-asked"] = _Asked(tokens, matches, extra, context)
    for _, component in nlp.pipeline:
        doc = component(doc)
    reading = _reading(doc)
    return reading if reading.sentences else replace(reading, sentences=((0, len(tokens.view)),))
