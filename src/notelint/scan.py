"""The words of a text, and one scan that finds phrases, abbreviations and regular expressions in it.

A scanner is made once for many phrases and patterns. In a text it looks only for those whose needs the words of the text meet, and only from
the words with which they can begin: the time of a scan hardly grows with their number or with that of their spellings.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Literal

from notelint import needs
from notelint.gate import Gate, Pieces
from notelint.packs import Words
from notelint.phrases import Parts, first_words, parse

_FLAGS = re.IGNORECASE | re.VERBOSE
_REMEMBERED = 10_000
"""So many words are remembered with the patterns that begin with them; then all are forgotten."""

_FEW = 12
"""So few words are looked for one by one, without the places of all others."""

Form = Literal["phrase", "abbreviation", "pattern"]
"""How words are written: regardless of case, in exactly theirs, as a regular expression."""
_FORMS: tuple[Form, ...] = ("phrase", "abbreviation", "pattern")

Hit = tuple[int, int, int]
"""(start, end, what was found: the number that stands with the phrase or pattern)."""


def forms(entry: Words) -> Iterator[tuple[str, Form]]:
    """The words of an entry of a pattern file, each with its form."""
    yield from ((phrase, "phrase") for phrase in entry.phrases)
    yield from ((phrase, "abbreviation") for phrase in entry.abbreviations)
    yield from ((pattern, "pattern") for pattern in entry.patterns)


class Tokens:
    """The words and marks of a text, with their places."""

    def __init__(self, view: str, pieces: Pieces) -> None:
        self.view = view
        self._pieces = pieces
        self._present: tuple[int, frozenset[int]] | None = None
        self._possible: dict[Gate, tuple[int, set[int]]] = {}

    @property
    def present(self) -> frozenset[int]:
        """The pieces that stand in the text."""
        # A scanner made since the last look may ask for further pieces.
        if self._present is None or self._present[0] != self._pieces.count:
            self._present = (self._pieces.count, self._pieces.present(self._chunks))
        return self._present[1]

    def possible(self, gate: Gate) -> set[int]:
        """The patterns of a gate that may match in the text."""
        known = self._possible.get(gate)
        # A gate may have got further patterns since.
        if known is None or known[0] != gate.count:
            known = self._possible[gate] = (gate.count, gate.possible(self.present))
        return known[1]

    def held(self, first: int, last: int) -> frozenset[int]:
        """The pieces that a stretch of words holds."""
        return frozenset[int]().union(*map(self._pieces.of, self.words[max(0, first) : last]))

    def holding(self, pieces: frozenset[int]) -> Iterator[int]:
        """Where the words begin that hold any of the pieces."""
        of, (starts, _) = self._pieces.of, self.spans
        holders = {word for word in self.different if not pieces.isdisjoint(of(word))}
        return (start for start, word in zip(starts, self.words, strict=True) if word in holders)

    @cached_property
    def _chunks(self) -> list[str]:
        # Most of what stands between two blanks was seen before, in this note or another.
        return self.view.split()

    @cached_property
    def words(self) -> list[str]:
        """The words and marks, in the order of the text."""
        return self._pieces.words(self._chunks)

    @cached_property
    def low_words(self) -> list[str]:
        """The words in lower case."""
        # At once, which is faster; a word holds no line end.
        return "\n".join(self.words).lower().split("\n") if self.words else []

    def of_case(self, cased: bool) -> list[str]:
        """The words, in their case or in lower case."""
        return self.words if cased else self.low_words

    @cached_property
    def different(self) -> frozenset[str]:
        """The words, each once."""
        return frozenset(self.words)

    @cached_property
    def spans(self) -> tuple[list[int], list[int]]:
        """(starts, ends) of the words and marks."""
        starts, ends = [], []
        at, find = 0, self.view.find
        for word in self.words:
            at = find(word, at)
            starts.append(at)
            at += len(word)
            ends.append(at)
        return starts, ends

    def within(self, start: int, end: int) -> tuple[int, int]:
        """(first, behind the last) of the words that stand as a whole in a stretch of the text."""
        if start == 0 and end == len(self.view):
            return 0, len(self.words)
        starts, ends = self.spans
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        while last > first and ends[last - 1] > end:
            last -= 1
        return first, last


class Scanner:
    """Phrases and patterns, each with a number for what it stands for, ready to be looked for.

    `phrases` match regardless of case, `abbreviations` in exactly theirs, `patterns` are regular expressions (case ignored, blanks in them
    ignored). Where a pattern has a group of the name `group` and it takes part, that is what was found.
    """

    def __init__(
        self,
        pieces: Pieces,
        phrases: Iterable[tuple[str, int]] = (),
        abbreviations: Iterable[tuple[str, int]] = (),
        patterns: Iterable[tuple[str, int]] = (),
        *,
        group: str = "target",
        gate: Gate | None = None,
    ) -> None:
        self.lexicons = [one for one in (_Lexicon(phrases, cased=False), _Lexicon(abbreviations, cased=True)) if one.entries]
        self.patterns = _Patterns(pieces, pieces.patterns if gate is None else gate, patterns, group)

    @classmethod
    def each(cls, pieces: Pieces, written: Iterable[tuple[str, Form]], *, group: str = "target", gate: Gate | None = None) -> "Scanner":
        """Phrases, abbreviations and patterns, each numbered by its place among all."""
        numbered = list(enumerate(written))
        parts = ([(words, number) for number, (words, form) in numbered if form == part] for part in _FORMS)
        return cls(pieces, *parts, group=group, gate=gate)

    @classmethod
    def of(cls, pieces: Pieces, entries: Iterable[Words], *, group: str = "target") -> "Scanner":
        """The words of entries of pattern files, each numbered by its place among them."""
        numbered = [(words, number, form) for number, entry in enumerate(entries) for words, form in forms(entry)]
        parts = ([(words, number) for words, number, form in numbered if form == part] for part in _FORMS)
        return cls(pieces, *parts, group=group)

    def on(self, tokens: Tokens) -> "Scan":
        """The scan of one text."""
        return Scan(self, tokens)


_Left = tuple[Parts, int]
"""What is left of a phrase, and its number."""


class _State:
    """What is left of some phrases behind the words that they share; what can follow is worked out when a text first gets there."""

    __slots__ = ("_left", "ends", "opened", "then")

    def __init__(self, left: Sequence[_Left]) -> None:
        self._left = left
        self.opened = False
        self.ends: list[int] = []
        """The numbers of the phrases that can end here."""
        self.then: dict[str, _State] = {}
        """{next word: what is left behind it}."""

    def open(self, known: dict[tuple[_Left, ...], "_State"]) -> None:
        """Work out what can follow."""
        then: dict[str, dict[_Left, None]] = {}
        for parts, number in self._left:
            for word, left in first_words(parts):
                if word:
                    then.setdefault(word, {})[left, number] = None
                elif number not in self.ends:
                    self.ends.append(number)
        for word, each in then.items():
            self.then[word] = known.setdefault(tuple(each), _State(tuple(each)))
        self.opened = True


class _Lexicon:
    """Phrases, all followed at once from word to word: an automaton of which only what texts have asked for is made."""

    def __init__(self, entries: Iterable[tuple[str, int]], *, cased: bool) -> None:
        self.entries = list(dict.fromkeys((phrase if cased else phrase.lower(), number) for phrase, number in entries))
        self.cased = cased
        self._beginning: dict[str, list[int]] = {}
        for entry, (phrase, _) in enumerate(self.entries):
            for word in needs.of_phrase(phrase, cased=cased).heads or ():
                self._beginning.setdefault(word, []).append(entry)
        self._begun: dict[str, _State] = {}
        self._states: dict[tuple[_Left, ...], _State] = {}

    def find(self, words: Sequence[str], first: int, begins: int, last: int) -> list[tuple[int, int, int]]:
        """(first word, last word, number) of the phrases that begin before the word `begins` and end before the word `last`.

        By the place where they begin, the longest first; of one number only the longest from each place.
        """
        found: list[tuple[int, int, int]] = []
        beginning = self._beginning
        for index in [n for n, word in enumerate(words[first:begins], first) if word in beginning]:
            at, word = index, words[index]
            state: _State | None = self._begun.get(word) or self._begin(word)
            longest: dict[int, int] = {}
            while state is not None:
                if not state.opened:
                    state.open(self._states)
                for number in state.ends:
                    longest[number] = at
                following = at + 1
                while following < last and words[following] == "-":
                    following += 1
                if following >= last:
                    break
                state, at = state.then.get(words[following]), following
            if longest:
                found += [
                    (index, stop, number)
                    for number, stop in (sorted(longest.items(), key=_furthest) if len(longest) > 1 else longest.items())
                ]
        return found

    def _begin(self, word: str) -> _State:
        left: dict[_Left, None] = {}
        for entry in self._beginning[word]:
            phrase, number = self.entries[entry]
            left.update(((rest, number), None) for head, rest in first_words(parse(phrase)) if head == word)
        state = self._begun[word] = _State(tuple(left))
        return state


def _furthest(found: tuple[int, int]) -> int:
    return -found[1]


class _Patterns:
    """Regular expressions, compiled when a text first meets their needs."""

    def __init__(self, pieces: Pieces, gate: Gate, entries: Iterable[tuple[str, int]], group: str) -> None:
        self._group = group
        self._pieces = pieces
        self.gate = gate
        self.written: dict[int, tuple[str, int]] = {}
        """{number in the gate: (the regular expression, the number of what it stands for)}."""
        self._beginning: dict[int, list[int]] = {}
        self.loose: set[int] = set()
        """The patterns that may begin anywhere."""
        for pattern, number in entries:
            known = needs.of_pattern(pattern)
            entry = gate.add(known)
            self.written[entry] = pattern, number
            if known.heads is None:
                self.loose.add(entry)
            else:
                for piece in pieces.numbers(known.heads):
                    self._beginning.setdefault(piece, []).append(entry)
        # The words that texts held before, and the patterns that begin with them.
        self._seen: set[str] = set()
        self._begun: dict[str, list[int]] = {}
        self.compiled: dict[int, tuple[re.Pattern[str], str | int]] = {}
        """{pattern: (the regular expression, the group that counts)} of those that a text has asked for."""

    def begun(self, tokens: Tokens) -> dict[str, list[int]]:
        """{word of a text: the possible patterns that begin with it}."""
        if unseen := tokens.different - self._seen:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
                self._begun.clear()
                unseen = tokens.different
            for word in unseen:
                if begins := {entry for piece in self._pieces.of(word) for entry in self._beginning.get(piece, ())}:
                    self._begun[word] = sorted(begins)
            self._seen |= unseen
        found, possible, begun = {}, tokens.possible(self.gate), self._begun
        for word in tokens.different & begun.keys():
            if entries := [entry for entry in begun[word] if entry in possible]:
                found[word] = entries
        return found

    def compile(self, entry: int) -> tuple[re.Pattern[str], str | int]:
        """The regular expression of a pattern, and the group that counts."""
        pattern = re.compile(self.written[entry][0], _FLAGS)
        known = self.compiled[entry] = (pattern, self._group if self._group in pattern.groupindex else 0)
        return known


class Scan:
    """What a scanner finds in one text, or in stretches of it."""

    def __init__(self, scanner: Scanner, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lexicons = scanner.lexicons
        self._patterns = patterns = scanner.patterns
        self._begun, self._loose = {}, []
        if patterns.written:
            self._begun = patterns.begun(tokens)
            self._loose = sorted(patterns.loose & tokens.possible(patterns.gate))

    def places(self) -> list[int]:
        """Where phrases begin."""
        tokens = self._tokens
        count, starts = len(tokens.words), tokens.spans[0]
        return sorted(
            {starts[first] for lexicon in self._lexicons for first, _, _ in lexicon.find(tokens.of_case(lexicon.cased), 0, count, count)}
        )

    def at(self, offset: int, end: int) -> list[Hit]:
        """The phrases that begin at an offset, the longest first."""
        first, last = self._tokens.within(offset, end)
        if first < last and self._tokens.spans[0][first] == offset:
            return self._phrases(first, first + 1, last)
        return []

    def find(self, start: int = 0, end: int | None = None) -> list[Hit]:
        """All that is found in a stretch: phrases, then abbreviations, by their start and the longest first; then each pattern in turn.

        Of one number only the longest phrase from each start. Hits may overlap, and which of them count is for the caller to say.
        """
        tokens = self._tokens
        whole = end is None or end - start == len(tokens.view)
        if end is None:
            end = len(tokens.view)
        first, last = tokens.within(start, end)
        hits = self._phrases(first, last, last) if self._lexicons else []
        headed, loose = self._begun, self._loose
        if not headed and not loose:
            return hits
        if whole:
            return hits + self._matches(self._places(), loose, start, end)
        # In a part of the text less is possible than in the whole. A word may stand across its border, with a piece within.
        words, starts = tokens.words, tokens.spans[0]
        begins = [n for n in range(first, last) if words[n] in headed]
        if not begins and not loose:
            return hits
        possible = loose
        if loose:
            here, clauses = tokens.held(first - 1, last + 1), self._patterns.gate.clauses
            possible = [entry for entry in loose if not any(clause.isdisjoint(here) for clause in clauses[entry])]
        return hits + self._matches([(starts[n], headed[words[n]]) for n in begins], possible, start, end)

    def patterns(self) -> list[Hit]:
        """What the regular expressions find in the whole text."""
        return self._matches(self._places(), self._loose, 0, len(self._tokens.view))

    def _places(self) -> list[tuple[int, list[int]]]:
        """[(where a word stands, the patterns that may begin there)] in the whole text."""
        begun = self._begun
        if len(begun) <= _FEW:
            return sorted((at, entries) for word, entries in begun.items() for at in _occurrences(self._tokens.view, word))
        return [(at, begun[word]) for at, word in zip(self._tokens.spans[0], self._tokens.words, strict=True) if word in begun]

    def _phrases(self, first: int, begins: int, last: int) -> list[Hit]:
        """The phrases that begin before one word and end before another."""
        tokens = self._tokens
        hits: list[Hit] = []
        for lexicon in self._lexicons:
            if found := lexicon.find(tokens.of_case(lexicon.cased), first, begins, last):
                starts, ends = tokens.spans
                hits += [(starts[begin], ends[stop], number) for begin, stop, number in found]
        return hits

    def _matches(self, places: Iterable[tuple[int, list[int]]], loose: Iterable[int], start: int, end: int) -> list[Hit]:
        """The matches of patterns that begin at places of theirs, and of those that may begin anywhere."""
        view, patterns = self._tokens.view, self._patterns
        compiled = patterns.compiled
        found: list[tuple[int, int, int, int]] = []
        reached: dict[int, int] = {}
        for at, entries in places:
            for entry in entries:
                pattern, group = compiled.get(entry) or patterns.compile(entry)
                match = pattern.match(view, at, end)
                if match is not None and at >= reached.get(entry, 0):
                    reached[entry] = match.end()
                    found.append((entry, at, *_span(match, group)))
        for entry in loose:
            pattern, group = compiled.get(entry) or patterns.compile(entry)
            found += [(entry, match.start(), *_span(match, group)) for match in pattern.finditer(view, start, end)]
        found.sort()
        return [(begin, stop, patterns.written[entry][1]) for entry, _, begin, stop in found]


def _occurrences(view: str, word: str) -> Iterator[int]:
    """Where a word or mark stands, as a whole."""
    at, length = view.find(word), len(word)
    if not _is_word(word[0]):
        while at >= 0:
            yield at
            at = view.find(word, at + 1)
    while at >= 0:
        if not (at and _is_word(view[at - 1])) and not _is_word(view[at + length : at + length + 1]):
            yield at
        at = view.find(word, at + length)


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _span(match: re.Match[str], group: str | int) -> tuple[int, int]:
    return match.span(group) if group and match[group] else match.span()
