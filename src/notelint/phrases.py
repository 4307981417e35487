"""Phrases as pattern files write them, and one scan of a text that finds them all.

A phrase is words. `(s)` may be there or not; one of `(c|k)` must be there, and an empty choice, as in `(a|b|)`, may be left out;
brackets may stand in brackets. A blank stands for any run of white space and hyphens, a hyphen for the same or nothing: `HLA-B27` is
also "HLA B27" and "HLAB27".

Matching is of whole words, on text in lower case unless the phrase is an abbreviation. All phrases are followed at once, word by word
from every word that one of them can begin with, so that the time of a scan hardly grows with their number or with that of their spellings.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

_TOKEN = re.compile(r"\w+|[^\w\s-]")

Parts: TypeAlias = tuple["str | tuple[Parts, ...]", ...]
"""A phrase, or what is left of one: literals, and choices between phrases."""


@lru_cache(maxsize=16384)
def parse(phrase: str) -> Parts:
    """A phrase as its parts. ValueError, naming the phrase, when its brackets are not balanced or it can be empty."""
    parts, at = _parse(phrase, 0)
    if at < len(phrase):
        raise ValueError(f"unbalanced brackets or a stray | in {phrase!r}")
    if not phrase.strip():
        raise ValueError("an empty phrase")
    if _can_be_empty(parts):
        raise ValueError(f"{phrase!r} can be empty")
    return parts


def _parse(phrase: str, at: int) -> tuple[Parts, int]:
    parts: list[str | tuple[Parts, ...]] = []
    literal = ""
    while at < len(phrase) and phrase[at] not in "|)":
        if phrase[at] != "(":
            literal += phrase[at]
            at += 1
            continue
        if literal:
            parts.append(literal)
            literal = ""
        choices: list[Parts] = []
        while True:
            choice, at = _parse(phrase, at + 1)
            choices.append(choice)
            if at >= len(phrase):
                raise ValueError(f"unbalanced brackets in {phrase!r}")
            if phrase[at] == ")":
                break
        at += 1
        parts.append(((), *choices) if len(choices) == 1 else tuple(choices))
    if literal:
        parts.append(literal)
    return tuple(parts), at


def _can_be_empty(parts: Parts) -> bool:
    return all(
        not part.replace("-", " ").strip() if isinstance(part, str) else any(_can_be_empty(choice) for choice in part) for part in parts
    )


def spellings(phrase: str) -> Iterator[str]:
    """The spellings of a phrase, in the order in which it writes them; there may be very many, and some twice."""
    return (" ".join(spelling.split()) for spelling in _spellings(parse(phrase)))


def _spellings(parts: Parts) -> Iterator[str]:
    if not parts:
        yield ""
        return
    first = parts[0]
    for beginning in (first,) if isinstance(first, str) else (s for choice in first for s in _spellings(choice)):
        for rest in _spellings(parts[1:]):
            yield beginning + rest


def _words(parts: Parts, word: str = "") -> Iterator[tuple[str, Parts]]:
    """The words with which parts can begin, each with what is left behind it; an empty word where the parts can end here."""
    if not parts:
        yield word, ()
        return
    first, rest = parts[0], parts[1:]
    if not isinstance(first, str):
        for choice in first:
            yield from _words((*choice, *rest), word)
        return
    for at, char in enumerate(first):
        left: Parts = (first[at + 1 :], *rest) if first[at + 1 :] else rest
        if char == "-" or char.isspace():
            if word:
                yield word, left
                if char != "-":
                    return
        elif char.isalnum() or char == "_":
            word += char
        elif word:
            # A mark is a word of its own.
            yield word, (first[at:], *rest)
            return
        else:
            yield char, left
            return
    yield from _words(rest, word)


class Lexicon:
    """Phrases with what they stand for, ready to be looked for.

    `entries` are pairs of phrase and meaning (any index). `cased` phrases match in exactly the case in which they are written; the others
    are matched against lower-case text.
    """

    def __init__(self, entries: Iterable[tuple[str, int]], *, cased: bool = False) -> None:
        self._root: dict[str, list[tuple[Parts, int]]] = {}
        # What can follow each rest of a phrase is worked out when a text first gets there.
        self._next: dict[Parts, tuple[dict[str, list[Parts]], bool]] = {}
        for phrase, meaning in dict.fromkeys(entries):
            for word, rest in dict.fromkeys(_words(parse(phrase if cased else phrase.lower()))):
                if word:
                    self._root.setdefault(word, []).append((rest, meaning))

    def _after(self, rest: Parts) -> tuple[dict[str, list[Parts]], bool]:
        """({next word: what is left behind it}, whether the phrase can end here)."""
        known = self._next.get(rest)
        if known is None:
            following: dict[str, list[Parts]] = {}
            ends = False
            for word, left in dict.fromkeys(_words(rest)):
                if word:
                    following.setdefault(word, []).append(left)
                else:
                    ends = True
            known = self._next[rest] = (following, ends)
        return known

    def find(self, text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Yield (start, end, meanings) of the phrases in text[start:end], by their start, the longest first.

        Of one meaning only the longest from each start; matches may overlap, and which of them count is for the caller to say.
        """
        words = [(match[0], match.start(), match.end()) for match in _TOKEN.finditer(text, start, len(text) if end is None else end)]
        for index, (word, begins, _) in enumerate(words):
            active: list[tuple[Parts, int]] | None = self._root.get(word)
            if active is None:
                continue
            longest: dict[int, int] = {}
            at = index
            while active:
                going: list[tuple[Parts, int]] = []
                upcoming = words[at + 1][0] if at + 1 < len(words) else None
                for rest, meaning in active:
                    following, ends = self._after(rest)
                    if ends:
                        longest[meaning] = words[at][2]
                    if upcoming is not None and upcoming in following:
                        going += [(left, meaning) for left in following[upcoming]]
                active = going
                at += 1
            for stop in sorted(set(longest.values()), reverse=True):
                yield begins, stop, tuple(meaning for meaning, reach in longest.items() if reach == stop)
