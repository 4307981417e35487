"""The plain line: the same meaning of phrases and patterns, looked for in the whole text, one after the other, without gate or shortcut.

`plain()` runs the line with it: `Scanner.on` gives a scan that knows neither needs nor heads, every gate is open, and each note is read.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from unittest.mock import patch

from notelint.gate import TOKEN, Gate
from notelint.phrases import Parts, first_words, parse
from notelint.scan import Scanner, Tokens
from notelint.targets import Targets

FLAGS = re.IGNORECASE | re.VERBOSE


@cache
def following(parts: Parts) -> tuple[dict[str, list[Parts]], bool]:
    """({next word: what is left of a phrase behind it}, whether it can end here)."""
    found: dict[str, list[Parts]] = {}
    for word, rest in first_words(parts):
        found.setdefault(word, []).append(rest)
    return found, found.pop("", None) is not None


def ends(parts: Parts, words: list[str], index: int) -> set[int]:
    """The words behind which a phrase can end whose next word stands at an index."""
    then, done = following(parts)
    found = {index} if done else set()
    while index < len(words) and words[index] == "-":
        index += 1
    for rest in then.get(words[index], ()) if index < len(words) else ():
        found |= ends(rest, words, index + 1)
    return found


@cache
def pattern(text: str) -> re.Pattern[str]:
    """A regular expression."""
    return re.compile(text, FLAGS)


class PlainScan:
    """Phrase by phrase, pattern by pattern, word by word."""

    def __init__(self, scanner: Scanner, tokens: Tokens) -> None:
        self.scanner, self.view = scanner, tokens.view
        self.spans = [match.span() for match in TOKEN.finditer(self.view)]

    def places(self) -> list[int]:
        """Every word."""
        return [start for start, _ in self.spans]

    def at(self, offset: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The phrases that begin at an offset."""
        return (hit for hit in self.phrases(offset, end) if hit[0] == offset)

    def find(self, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int]]:
        """All phrases and patterns in a stretch."""
        end = len(self.view) if end is None else end
        yield from self.phrases(start, end)
        patterns = self.scanner.patterns
        for text, number in patterns.written.values():
            compiled = pattern(text)
            group = patterns._group if patterns._group in compiled.groupindex else 0
            for match in compiled.finditer(self.view, start, end):
                yield (*(match.span(group) if group and match[group] else match.span()), number)

    def phrases(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Phrases, then abbreviations: of one number the longest from each start."""
        spans = [span for span in self.spans if start <= span[0] and span[1] <= end]
        for lexicon in self.scanner.lexicons:
            words = [self.view[a:b] if lexicon.cased else self.view[a:b].lower() for a, b in spans]
            longest: dict[tuple[int, int], int] = {}
            for text, number in lexicon.entries:
                then, _ = following(parse(text))
                for index in [n for n, word in enumerate(words) if word in then] if not then.keys().isdisjoint(words) else ():
                    last = max((stop for rest in then[words[index]] for stop in ends(rest, words, index + 1)), default=0)
                    if last:
                        key = (spans[index][0], number)
                        longest[key] = max(spans[last - 1][1], longest.get(key, 0))
            yield from ((first, last, number) for (first, number), last in sorted(longest.items(), key=lambda i: (i[0][0], -i[1])))


@contextmanager
def plain() -> Iterator[None]:
    """The line without gate and shortcuts."""
    matches = Targets.matches

    def all_matches(self: Targets, tokens: Tokens) -> list[object]:
        heads, self._level_heads = self._level_heads, None
        try:
            return list(matches(self, tokens))
        finally:
            self._level_heads = heads

    with (
        patch.object(Scanner, "on", lambda self, tokens: PlainScan(self, tokens)),
        patch.object(Gate, "possible", lambda self, present: set(range(self.count))),
        patch.object(Targets, "matches", all_matches),
        patch.object(Targets, "can_tell", lambda self, tokens: True),
        patch.object(Targets, "tell", lambda self, matches: True),
    ):
        yield
