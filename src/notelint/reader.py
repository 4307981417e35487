"""From a note to its findings. What reads notes is made once for a library; spaCy is imported by the first note that needs it."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from notelint.errors import InputError
from notelint.findings import Assertion, Finding
from notelint.gate import Pieces
from notelint.library import Library
from notelint.note import Note
from notelint.packs import Concept, Kind
from notelint.scan import Tokens
from notelint.targets import Match, Targets, targets_of

if TYPE_CHECKING:
    from spacy.language import Language

    from notelint.discourse import Turns
    from notelint.reading import Reading
    from notelint.results import Words

_NO_TARGETS = frozenset({"owner", "site", "statement"})


class Reader:
    """Reads notes by the patterns of a library."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self._parts: dict[frozenset[str], Targets] = {}

    @cached_property
    def targets(self) -> Targets:
        """The words of the library's concepts."""
        return Targets(list(targets_of(self.library.concepts)), self.library.pieces)

    @cached_property
    def nlp(self) -> "Language":
        """The spaCy pipeline."""
        from notelint import pipeline

        return pipeline.build(self.library, self.targets)

    @cached_property
    def _words(self) -> "Words":
        from notelint.results import Words

        return Words(self.library)

    @cached_property
    def _turns(self) -> "Turns":
        from notelint.discourse import Turns

        return Turns(self.library)

    def tokens(self, note: Note) -> Tokens:
        """The words of a note."""
        return Tokens(note.view, self.library.pieces)

    def find(self, note: Note, context: Callable[[], str] = str) -> tuple[Finding, ...]:
        """The findings of a note, in the order of the text; nothing of spaCy runs where nothing matches.

        `context` gives what else is known of the note, such as the titles of its codes: it tells what an abbreviation stands for.
        """
        tokens = self.tokens(note)
        if not self.targets.can_tell(tokens) or not self.targets.tell(matches := self.targets.matches(tokens)):
            return ()
        from notelint import finder

        reading = self._read(tokens, matches, context=context())
        return finder.find(note, reading, self.library, self._words)

    def names(self, note: Note, concepts: frozenset[str]) -> bool:
        """May a note speak of any of these concepts (`concept` or `concept/value`)? True wherever it does."""
        if concepts not in self._parts:
            # With pieces of their own, so that of most words nothing has to be known.
            named = [concept for concept in self.library.concepts if concept.key in concepts]
            self._parts[concepts] = Targets(list(targets_of(named)), Pieces())
        part = self._parts[concepts]
        tokens = Tokens(note.view, part.pieces)
        return part.can_tell(tokens) and part.tell(part.matches(tokens))

    def _read(
        self, tokens: Tokens, matches: list[Match], *, targets: tuple[tuple[int, int, Concept], ...] = (), context: str = ""
    ) -> "Reading":
        from notelint import pipeline
        from notelint.discourse import follow

        return follow(pipeline.read(self.nlp, tokens, matches, targets=targets, context=context), self._turns)

    def assert_span(self, text: str, start: int, end: int, *, kind: Kind | None = None) -> Assertion:
        """How text[start:end] is meant: the five axes, and status and value where it is a test or a study.

        `kind` says what the span is; without it the patterns tell, and a span that they do not know is read as a condition.
        InputError when the span is empty, blank or outside of the text.
        """
        from notelint import finder, pipeline

        if not 0 <= start < end <= len(text):
            raise InputError(f"no span {start}:{end} in a text of {len(text)} characters")
        if not text[start:end].strip().strip("\ufeff\0"):
            raise InputError(f"the span {start}:{end} holds nothing but blanks")
        note = Note(text)
        tokens = self.tokens(note)
        matches = self.targets.matches(tokens)
        plain = pipeline.read(self.nlp, tokens, matches)
        over = [m for m in plain.mentions if m.start < end and start < m.end and m.concept.kind not in _NO_TARGETS]
        # A span within a longer mention ("to screen for latent TB" as a whole is a treatment) is not that mention.
        over = [m for m in over if 2 * (start - m.start) <= m.end - m.start]
        known = max(over, key=lambda m: min(m.end, end) - max(m.start, start), default=None)
        if kind is not None or known is None:
            concept = Concept(
                concept="span", kind=kind or "condition", title="span", phrases=("span",), result="qualitative" if kind == "test" else None
            )
        else:
            concept = known.concept
        reading = self._read(tokens, matches, targets=((start, end, concept),))
        mention = next(m for m in reading.mentions if (m.start, m.end) == (start, end) and m.concept is concept)
        return finder.assertion(note, reading, self.library, self._words, mention)
