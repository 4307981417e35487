"""Which phrases and patterns can match in a text at all: one look at its words, in the standard library.

A pattern whose needs (`notelint.needs`) a text does not meet is not run on it, and a note in which nothing can match needs no pipeline.
The gate may let through what does not match; it never keeps back what does.
"""

import re
from collections.abc import Iterable, Sequence

from notelint.needs import Needs, is_mark

TOKEN = re.compile(r"\w+|[^\w\s]")
"""A word or a mark."""
_REMEMBERED = 20_000
"""So many words are remembered with their pieces; then all are forgotten, so that no stream of notes makes the process grow."""
_LONGEST = 40
"""Longer words are looked through each time."""
# What `re` takes for the same letter regardless of case, and `str.lower` does not.
_SAME = str.maketrans({"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"})


class Pieces:
    """The pieces that the patterns of a library need, by number, and which of them a word holds."""

    def __init__(self) -> None:
        self.count = 0
        self._numbers: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._begins: dict[str, list[tuple[str, int]]] = {}
        self._within: dict[str, list[tuple[str, bool, int]]] = {}
        self._shortest = 3
        self._known: dict[str, tuple[int, ...]] = {}
        self._dull: set[str] = set()

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
        if self._known or self._dull:
            self._forget()
        return number

    def _forget(self) -> None:
        self._known.clear()
        self._dull.clear()

    def of(self, word: str) -> tuple[int, ...]:
        """The numbers of the pieces that a word holds, or a mark."""
        if word in self._dull:
            return ()
        known = self._known.get(word)
        if known is None:
            low = word.lower() if word.isascii() else word.translate(_SAME).lower()
            known = tuple(dict.fromkeys((*self._in(low), *(self._in(word) if word != low else ()))))
            self._remember(word, known)
        return known

    def present(self, text: str) -> frozenset[int]:
        """The numbers of the pieces that stand in a text."""
        # What stands between two blanks is looked up as a whole: most of it was seen before, in this note or another.
        chunks = set(text.split()) - self._dull
        return frozenset().union(*map(self._of_chunk, chunks))

    def _of_chunk(self, chunk: str) -> tuple[int, ...]:
        known = self._known.get(chunk)
        if known is None:
            words = TOKEN.findall(chunk)
            if len(words) == 1:
                return self.of(chunk)
            known = tuple({number for word in words for number in self.of(word)})
            self._remember(chunk, known)
        return known

    def _remember(self, word: str, held: tuple[int, ...]) -> None:
        if len(word) > _LONGEST:
            return
        if len(self._known) + len(self._dull) >= _REMEMBERED:
            self._forget()
        if held:
            self._known[word] = held
        else:
            self._dull.add(word)

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


class Gate:
    """Of many patterns, those that can match in a text."""

    def __init__(self, pieces: Pieces, needs: Sequence[Needs]) -> None:
        self._always = tuple(number for number, each in enumerate(needs) if not each.clauses)
        self._keyed: dict[int, list[tuple[int, tuple[frozenset[int], ...]]]] = {}
        self.clauses: list[list[frozenset[int]]] = []
        """Of each pattern its needs: clauses that must all hold, each by any of its pieces."""
        for number, each in enumerate(needs):
            clauses = [pieces.numbers(clause) for clause in each.clauses]
            self.clauses.append(clauses)
            for piece in clauses[0] if clauses else ():
                self._keyed.setdefault(piece, []).append((number, tuple(clauses[1:])))
        self._keys = frozenset(self._keyed)

    def possible(self, present: frozenset[int]) -> set[int]:
        """The numbers of the patterns whose needs are met by the pieces of a text, and of those of which nothing is known."""
        found = set(self._always)
        for key in self._keys & present:
            for number, rest in self._keyed[key]:
                for clause in rest:
                    if clause.isdisjoint(present):
                        break
                else:
                    found.add(number)
        return found
