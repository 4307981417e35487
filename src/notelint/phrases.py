"""Phrases as pattern files write them.

A phrase is words. `(s)` may be there or not; one of `(c|k)` must be there, and an empty choice, as in `(a|b|)`, may be left out;
brackets may stand in brackets. A blank stands for any run of white space and hyphens, a hyphen for the same or nothing: `HLA-B27` is
also "HLA B27" and "HLAB27".

They match whole words, regardless of case unless the phrase is an abbreviation; `notelint.scan` finds them.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import TypeAlias

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


def first_words(parts: Parts, word: str = "") -> Iterator[tuple[str, Parts]]:
    """The words with which parts can begin, each with what is left behind it; an empty word where the parts can end here."""
    if not parts:
        yield word, ()
        return
    first, rest = parts[0], parts[1:]
    if not isinstance(first, str):
        for choice in first:
            yield from first_words((*choice, *rest), word)
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
    yield from first_words(rest, word)
