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
from notelint.gate import TOKEN, Gate, Pieces
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
        self._possible: dict[Gate, set[int]] = {}

    @property
    def present(self) -> frozenset[int]:
        """The pieces that stand in the text."""
        # A scanner made since the last look may ask for further pieces.
        if self._present is None or self._present[0] != self._pieces.count:
            self._present = (self._pieces.count, self._pieces.present(self.view))
        return self._present[1]

    def possible(self, gate: Gate) -> set[int]:
        """The patterns of a gate that may match in the text."""
        known = self._possible.get(gate)
        if known is None:
            known = self._possible[gate] = gate.possible(self.present)
        return known

    def held(self, first: int, last: int) -> frozenset[int]:
        """The pieces that a stretch of words holds."""
        return frozenset[int]().union(*map(self._pieces.of, self.words[max(0, first) : last]))

    def holding(self, pieces: frozenset[int]) -> Iterator[int]:
        """Where the words begin that hold any of the pieces."""
        of, (starts, _) = self._pieces.of, self.spans
        holders = {word for word in self.different if not pieces.isdisjoint(of(word))}
        return (start for start, word in zip(starts, self.words, strict=True) if word in holders)

    @cached_property
    def words(self) -> list[str]:
        """The words and marks, in the order of the text."""
        return TOKEN.findall(self.view)

    @cached_property
    def low_words(self) -> list[str]:
        """The words in lower case."""
        return [word.lower() for word in self.words]

    @cached_property
    def different(self) -> frozenset[str]:
        """The words, each once."""
        return frozenset(self.words)

    @cached_property
    def low_different(self) -> frozenset[str]:
        """The words in lower case, each once."""
        return frozenset(word.lower() for word in self.different)

    @cached_property
    def spans(self) -> tuple[list[int], list[int]]:
        """(starts, ends) of the words and marks."""
        spans = [match.span() for match in TOKEN.finditer(self.view)]
        return [start for start, _ in spans], [end for _, end in spans]

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
    ) -> None:
        self.phrases = _Lexicon(pieces, phrases, cased=False)
        self.abbreviations = _Lexicon(pieces, abbreviations, cased=True)
        self.patterns = _Patterns(pieces, patterns, group)

    @classmethod
    def each(cls, pieces: Pieces, written: Iterable[tuple[str, Form]], *, group: str = "target") -> "Scanner":
        """Phrases, abbreviations and patterns, each numbered by its place among all."""
        numbered = list(enumerate(written))
        parts = ([(words, number) for number, (words, form) in numbered if form == part] for part in _FORMS)
        return cls(pieces, *parts, group=group)

    @classmethod
    def of(cls, pieces: Pieces, entries: Iterable[Words], *, group: str = "target") -> "Scanner":
        """The words of entries of pattern files, each numbered by its place among them."""
        numbered = [(words, number, form) for number, entry in enumerate(entries) for words, form in forms(entry)]
        parts = ([(words, number) for words, number, form in numbered if form == part] for part in _FORMS)
        return cls(pieces, *parts, group=group)

    def can_find(self, tokens: Tokens, without: frozenset[int]) -> bool:
        """May anything be found in a text that is not one of some numbers? True wherever it is."""
        return any(
            part.numbers[entry] not in without
            for part in (self.phrases, self.abbreviations, self.patterns)
            for entry in tokens.possible(part.gate)
        )

    def on(self, tokens: Tokens) -> "Scan":
        """The scan of one text."""
        return Scan(self, tokens)


class _Rest:
    """What is left of a phrase behind some of its words: what can follow is worked out when a text first gets there."""

    __slots__ = ("_parts", "ends", "opened", "then")

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.opened = False
        self.ends = False
        """Can the phrase end here?"""
        self.then: dict[str, list[_Rest]] = {}
        """{next word: what is left behind it}."""

    def open(self, rests: dict[Parts, "_Rest"]) -> None:
        """Work out what can follow."""
        for word, left in dict.fromkeys(first_words(self._parts)):
            if word:
                self.then.setdefault(word, []).append(rests.setdefault(left, _Rest(left)))
            else:
                self.ends = True
        self.opened = True


_Active = list[tuple[_Rest, int]]
"""Phrases that are being followed: what is left of each, and its number."""


class _Lexicon:
    """Phrases, followed word by word, all that begin with a word at once."""

    def __init__(self, pieces: Pieces, entries: Iterable[tuple[str, int]], *, cased: bool) -> None:
        self._entries = list(dict.fromkeys((phrase if cased else phrase.lower(), number) for phrase, number in entries))
        self.cased = cased
        self.numbers = [number for _, number in self._entries]
        known = [needs.of_phrase(phrase, cased=cased) for phrase, _ in self._entries]
        self.gate = Gate(pieces, known)
        self._beginning: dict[str, list[int]] = {}
        for entry, each in enumerate(known):
            for word in each.heads or ():
                self._beginning.setdefault(word, []).append(entry)
        # Phrases are parsed when a text first holds one of their first words.
        self._begun: dict[int, dict[str, _Active]] = {}
        self._rests: dict[Parts, _Rest] = {}

    def begun(self, tokens: Tokens) -> dict[str, _Active]:
        """{word of a text: the phrases that begin with it and may match}."""
        possible = tokens.possible(self.gate)
        if not possible:
            return {}
        found: dict[str, _Active] = {}
        for word in (tokens.different if self.cased else tokens.low_different) & self._beginning.keys():
            entries = [entry for entry in self._beginning[word] if entry in possible]
            if entries:
                found[word] = [one for entry in entries for one in (self._begun.get(entry) or self._begin(entry))[word]]
        return found

    def _begin(self, entry: int) -> dict[str, _Active]:
        phrase, number = self._entries[entry]
        begun = self._begun[entry] = {}
        for word, left in dict.fromkeys(first_words(parse(phrase))):
            if word:
                begun.setdefault(word, []).append((self._rests.setdefault(left, _Rest(left)), number))
        return begun

    def follow(self, words: Sequence[str], index: int, last: int, active: _Active) -> Iterable[tuple[int, int]]:
        """(number, word with which it ends) of phrases that begin at a word, the longest first; of one number only the longest."""
        longest: dict[int, int] = {}
        at = index
        while active:
            following = at + 1
            while following < last and words[following] == "-":
                following += 1
            upcoming = words[following] if following < last else ""
            going: _Active = []
            for rest, number in active:
                if not rest.opened:
                    rest.open(self._rests)
                if rest.ends:
                    longest[number] = at
                if upcoming in rest.then:
                    going += [(left, number) for left in rest.then[upcoming]]
            active, at = going, following
        return sorted(longest.items(), key=_furthest) if len(longest) > 1 else longest.items()


def _furthest(found: tuple[int, int]) -> int:
    return -found[1]


class _Patterns:
    """Regular expressions, compiled when a text first meets their needs."""

    def __init__(self, pieces: Pieces, entries: Iterable[tuple[str, int]], group: str) -> None:
        listed = list(entries)
        self._texts = [pattern for pattern, _ in listed]
        self._group = group
        self.numbers = [number for _, number in listed]
        known = [needs.of_pattern(pattern) for pattern in self._texts]
        self.gate = Gate(pieces, known)
        self._pieces = pieces
        self._beginning: dict[int, list[int]] = {}
        self.loose: set[int] = set()
        """The patterns that may begin anywhere."""
        for entry, each in enumerate(known):
            if each.heads is None:
                self.loose.add(entry)
            else:
                for piece in pieces.numbers(each.heads):
                    self._beginning.setdefault(piece, []).append(entry)
        # The words that texts held before, and the patterns that begin with them.
        self._seen: set[str] = set()
        self._begun: dict[str, list[int]] = {}
        self.compiled: dict[int, tuple[re.Pattern[str], str | int]] = {}
        """{pattern: (the regular expression, the group that counts)} of those that a text has asked for."""

    def begun(self, tokens: Tokens, possible: set[int]) -> dict[str, list[int]]:
        """{word of a text: the possible patterns that begin with it}."""
        if unseen := tokens.different - self._seen:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
                self._begun.clear()
                unseen = tokens.different
            for word in unseen:
                if entries := {entry for piece in self._pieces.of(word) for entry in self._beginning.get(piece, ())}:
                    self._begun[word] = sorted(entries)
            self._seen |= unseen
        found = {}
        for word in tokens.different & self._begun.keys():
            if entries := possible.intersection(self._begun[word]):
                found[word] = list(entries)
        return found

    def compile(self, entry: int) -> tuple[re.Pattern[str], str | int]:
        """The regular expression of a pattern, and the group that counts."""
        pattern = re.compile(self._texts[entry], _FLAGS)
        known = self.compiled[entry] = (pattern, self._group if self._group in pattern.groupindex else 0)
        return known


class Scan:
    """What a scanner finds in one text, or in stretches of it."""

    def __init__(self, scanner: Scanner, tokens: Tokens) -> None:
        self._tokens = tokens
        self._lexicons = [(one, begun) for one in (scanner.phrases, scanner.abbreviations) if (begun := one.begun(tokens))]
        self._patterns = scanner.patterns
        possible = tokens.possible(self._patterns.gate)
        self._begun = self._patterns.begun(tokens, possible) if possible else {}
        self._loose = [entry for entry in possible if entry in self._patterns.loose]

    def places(self) -> list[int]:
        """Where phrases may begin."""
        tokens, starts = self._tokens, self._tokens.spans[0]
        found: set[int] = set()
        for lexicon, begun in self._lexicons:
            words = tokens.words if lexicon.cased else tokens.low_words
            found.update(starts[index] for index, word in enumerate(words) if word in begun)
        return sorted(found)

    def at(self, offset: int, end: int) -> Iterator[Hit]:
        """The phrases that begin at an offset, the longest first."""
        first, last = self._tokens.within(offset, end)
        if first < last and self._tokens.spans[0][first] == offset:
            for lexicon, begun in self._lexicons:
                yield from self._follow(lexicon, begun, first, first + 1, last)

    def find(self, start: int = 0, end: int | None = None) -> Iterator[Hit]:
        """All that is found in a stretch: phrases, then abbreviations, by their start and the longest first; then each pattern in turn.

        Of one number only the longest phrase from each start. Hits may overlap, and which of them count is for the caller to say.
        """
        if not self._lexicons and not self._begun and not self._loose:
            return
        view = self._tokens.view
        end = len(view) if end is None else end
        if self._lexicons or end - start < len(view):
            first, last = self._tokens.within(start, end)
            for lexicon, begun in self._lexicons:
                yield from self._follow(lexicon, begun, first, last, last)
        if not self._begun and not self._loose:
            return
        if end - start == len(view):
            yield from self._matches(self._places(), self._loose, start, end)
            return
        # In a part of the text less is possible than in the whole. A word may stand across its border, with a piece within.
        here, starts, words = self._tokens.held(first - 1, last + 1), self._tokens.spans[0], self._tokens.words
        headed, clauses = self._begun, self._patterns.gate.clauses
        met: dict[int, bool] = {}
        for entry in {*self._loose, *(entry for word in words[first:last] if word in headed for entry in headed[word])}:
            met[entry] = True
            for clause in clauses[entry]:
                if clause.isdisjoint(here):
                    met[entry] = False
                    break
        places = [(starts[n], [entry for entry in headed[words[n]] if met[entry]]) for n in range(first, last) if words[n] in headed]
        yield from self._matches(places, [entry for entry in self._loose if met[entry]], start, end)

    def _places(self) -> list[tuple[int, list[int]]]:
        """[(where a word stands, the patterns that may begin there)] in the whole text."""
        begun = self._begun
        if len(begun) <= _FEW:
            return sorted((at, entries) for word, entries in begun.items() for at in _occurrences(self._tokens.view, word))
        return [(at, begun[word]) for at, word in zip(self._tokens.spans[0], self._tokens.words, strict=True) if word in begun]

    def _follow(self, lexicon: _Lexicon, begun: dict[str, _Active], first: int, begins: int, last: int) -> Iterator[Hit]:
        """The phrases that begin before one word and end before another."""
        words = self._tokens.words if lexicon.cased else self._tokens.low_words
        for index in range(first, begins):
            if words[index] in begun:
                for number, stop in lexicon.follow(words, index, last, begun[words[index]]):
                    starts, ends = self._tokens.spans
                    yield starts[index], ends[stop], number

    def _matches(self, places: Iterable[tuple[int, list[int]]], loose: Iterable[int], start: int, end: int) -> Iterator[Hit]:
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
        for entry, _, begin, stop in found:
            yield begin, stop, patterns.numbers[entry]


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
