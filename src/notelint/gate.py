"""Which phrases and patterns can match in a text at all: one look at its words, in the standard library.

A pattern whose needs (`notelint.needs`) a text does not meet is not run on it, and a note in which nothing can match needs no pipeline.
The gate may let through what does not match; it never keeps back what does.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from notelint.needs import Needs, is_mark

TOKEN = re.compile(r"\w+|[^\w\s]")
"""A word or a mark."""
_REMEMBERED = 20_000
"""So many words are remembered; then all are forgotten, so that no stream of notes makes the process grow."""
_LONGEST = 40
"""Longer words are looked through each time."""
# What `re` takes for the same letter regardless of case, and `str.lower` does not.
_SAME = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"})


class Pieces:
    """The pieces that the patterns of a library need, by number, and which of them a word holds."""

    def __init__(self) -> None:
        self.count = 0
        self.patterns = Gate(self)
        """The gate of all regular expressions that are looked for in the same texts."""
        self._numbers: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._begins: dict[str, list[tuple[str, int]]] = {}
        self._within: dict[str, list[tuple[str, bool, int]]] = {}
        self._shortest = 3
        # What texts held before, with the pieces in it, and its words: a word, or what stands between two blanks.
        self._held: dict[str, tuple[int, ...]] = {}
        self._words: dict[str, tuple[str, ...]] = {}

    def numbers(self, pieces: Iterable[str]) -> frozenset[int]:
        """The numbers of pieces, new ones where they have none."""
        known = self._numbers
        return frozenset([known[piece] if piece in known else self._add(piece) for piece in pieces])

    def _add(self, piece: str) -> int:
        number = self._numbers[piece] = self.count
        self.count += 1
        if is_mark(piece):
            self._whole[piece] = number
        elif piece[0] != "^":
            bare = piece.rstrip("$")
            self._within.setdefault(bare[:3], []).append((bare, bare != piece, number))
            self._shortest = min(self._shortest, len(bare))
        elif piece[-1] == "$":
            self._whole[piece[1:-1]] = number
        else:
            self._begins.setdefault(piece[1:3], []).append((piece[1:], number))
        self._held.clear()
        return number

    def of(self, word: str) -> tuple[int, ...]:
        """The numbers of the pieces that a word holds, or a mark."""
        known = self._held.get(word)
        if known is None:
            low = word.lower() if word.isascii() else word.translate(_SAME).lower()
            known = tuple(dict.fromkeys((*self._in(low), *(self._in(word) if word != low else ()))))
            _remember(self._held, word, known)
        return known

    def present(self, chunks: Iterable[str]) -> frozenset[int]:
        """The numbers of the pieces that stand in a text, of which the chunks are what stands between blanks."""
        different = set(chunks)
        try:
            return frozenset().union(*map(self._held.__getitem__, different))
        except KeyError:
            return frozenset().union(*map(self._of_chunk, different))

    def words(self, chunks: Sequence[str]) -> list[str]:
        """The words and marks of chunks, in their order."""
        try:
            return list(chain.from_iterable(map(self._words.__getitem__, chunks)))
        except KeyError:
            return list(chain.from_iterable(map(self._split, chunks)))

    def _split(self, chunk: str) -> tuple[str, ...]:
        known = self._words.get(chunk)
        if known is None:
            known = tuple(TOKEN.findall(chunk))
            _remember(self._words, chunk, known)
        return known

    def _of_chunk(self, chunk: str) -> tuple[int, ...]:
        known = self._held.get(chunk)
        if known is None:
            words = self._split(chunk)
            if len(words) == 1:
                return self.of(chunk)
            known = tuple({number for word in words for number in self.of(word)})
            _remember(self._held, chunk, known)
        return known

    def _in(self, word: str) -> Iterable[int]:
        if word in self._whole:
            yield self._whole[word]
        for begins in (word[:1], word[:2]):
            for bare, number in self._begins.get(begins, ()):
                if word.startswith(bare):
                    yield number
        for at in range(len(word)):
            for length in range(self._shortest, 4):
                # Of what stands in the table under fewer than three characters there is no more.
                for bare, closes, number in self._within.get(word[at : at + length], ()) if at + length <= len(word) else ():
                    if word.startswith(bare, at) and (not closes or at + len(bare) == len(word)):
                        yield number


_Told = TypeVar("_Told")


def _remember(known: dict[str, _Told], word: str, told: _Told) -> None:
    if len(word) <= _LONGEST:
        if len(known) >= _REMEMBERED:
            known.clear()
        known[word] = told


_Way = tuple[int, frozenset[int], tuple[frozenset[int], ...]]
"""A pattern that a piece may let pass: its number, the pieces that stand together with that one, its other clauses."""


class Gate:
    """Of many patterns, those that can match in a text."""

    def __init__(self, pieces: Pieces) -> None:
        self._pieces = pieces
        self._always: set[int] = set()
        self._keyed: dict[int, list[_Way]] = {}
        self.clauses: list[tuple[frozenset[int], ...]] = []
        """Of each pattern its needs: clauses that must all hold, each by any of its pieces."""

    @property
    def count(self) -> int:
        """The number of the patterns."""
        return len(self.clauses)

    def add(self, needs: Needs) -> int:
        """Take in a pattern; its number."""
        number, numbers = len(self.clauses), self._pieces.numbers
        clauses = tuple(numbers(way.partition(" ")[0] for way in clause) for clause in needs.clauses)
        self.clauses.append(clauses)
        if not clauses:
            self._always.add(number)
        for way in needs.clauses[0] if clauses else ():
            first, *others = way.split(" ")
            (key,) = numbers([first])
            self._keyed.setdefault(key, []).append((number, numbers(others), clauses[1:]))
        return number

    def possible(self, present: frozenset[int]) -> set[int]:
        """The numbers of the patterns whose needs are met by the pieces of a text, and of those of which nothing is known."""
        return {*self._always, *self._passing(present)}

    def lets_pass(self, present: frozenset[int]) -> bool:
        """May any of the patterns match in a text?"""
        return bool(self._always) or next(self._passing(present), None) is not None

    def _passing(self, present: frozenset[int]) -> Iterator[int]:
        for key in present & self._keyed.keys():
            for number, others, rest in self._keyed[key]:
                if others <= present:
                    for clause in rest:
                        if clause.isdisjoint(present):
                            break
                    else:
                        yield number
