"""What a text must hold for a phrase or a regular expression to match in it, and with which words a match can begin.

Worked out once, from the parts of the pattern. `Needs.clauses` must all hold, each in any of its ways: by a *piece*, or by several, between
blanks, that must all stand in the text; a match can only begin with one of `Needs.heads`, where these are known. A piece is a run of word characters, with a `^` before it where a word must begin there and a `$`
behind it where one must end; in capitals where only capitals match. All this is only necessary, never sufficient: of a pattern that is
not understood nothing is said, and nothing always holds.

Python offers no public tree of a regular expression; the one that `re` itself makes is used. Where it should change its shape, patterns
have no needs, which costs time and loses nothing.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from notelint.phrases import Parts, first_words, parse

try:
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # pragma: no cover
    sre = parser = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What a match needs; `heads` is None where it may begin with anything."""

    clauses: tuple[frozenset[str], ...] = ()
    heads: frozenset[str] | None = None


_FLAGS = re.IGNORECASE | re.VERBOSE
_EDGE = "\0"
"""In a spelling: no word goes on across this place."""
_GAP = "\1"
"""In a spelling: anything may stand here, or nothing."""
_BLANK = "\2"
"""In a spelling: a character that is in no word and no mark, such as a blank."""
_LETTERS = "\3"
"""In a beginning: any characters of a word."""
_MOST = 160
"""Spellings that are followed side by side; where there are more, what they have in common is lost."""
_BEGINNINGS = 400
"""So many beginnings of a pattern are told apart."""
_CLASS = 12
"""A class of more characters is a gap."""
_SHORTEST = 3
"""A piece of fewer characters that is no whole word tells little, and is not looked for."""
_TOGETHER = 2
"""So many pieces of a spelling are looked for together, those that rule out most."""
_CLAUSES = 6
"""So many clauses of a pattern count, those that rule out most."""
_WORD = re.compile(r"[0-9A-Za-z_\u00df-\u00f6\u00f8-\u00ff\u00c0-\u00d6\u00d8-\u00de]+")
_MARK = re.compile(r"[^\w\s\x00-\x03]")
_DIGITS = frozenset("0123456789")
# They stand in nearly every note: a clause that rests on them rules nothing out.
_COMMON = frozenset(
    """
    a after all also an and any are as at back be been before but by can day days did disease do does due for from given had has
    have he her here high his history if in is it its left level levels may mg more new no non normal not now of off on one or
    other out pain past patient pt per right said see seen she since so some than that the their then there these they this time
    to today two under until up was we well were what when which who will with without x year years yes you s t c d e l i m n r w
    h o b plan assessment treatment negative positive blood exam examination symptoms present test testing arthritis follow
    discussed medications medical results review physical
    """.split()  # noqa: SIM905
)

_known: dict[tuple[str, int], Needs] = {}
"""{(a phrase, whether its case counts; or a pattern, its flags): its needs}."""
_learnt: dict[tuple[str, int], tuple[list[list[str]], list[int], int | None]] = {}
"""The same of an earlier start, as numbers of sets."""


def learn(kept: bytes) -> None:
    """Take in what `told` gave to an earlier start. ValueError where that is nothing of the kind."""
    data = json.loads(kept)
    try:
        sets: list[list[str]] = data["sets"]
        learnt = {(text, flags): (sets, clauses, heads) for text, flags, clauses, heads in data["known"]}
        if not all(0 <= n < len(sets) for _, clauses, heads in learnt.values() for n in (*clauses, heads or 0)):
            raise ValueError("no needs")
    except (KeyError, TypeError) as error:
        raise ValueError("no needs") from error
    _learnt.update(learnt)


def _told(key: tuple[str, int]) -> Needs | None:
    """What is known already; of what was learnt each is put together when it is first asked for."""
    known = _known.get(key)
    if known is None and (learnt := _learnt.get(key)) is not None:
        sets, clauses, heads = learnt
        made = (frozenset(sets[n]) for n in clauses)
        known = _known[key] = Needs(tuple(made), None if heads is None else frozenset(sets[heads]))
    return known


def told(keys: Iterable[tuple[str, int]]) -> bytes:
    """The needs of phrases and patterns for a later start; keys as in `learn`."""
    numbers: dict[frozenset[str], int] = {}

    def number(pieces: frozenset[str]) -> int:
        return numbers.setdefault(pieces, len(numbers))

    known = [
        (text, int(flags), [number(clause) for clause in each.clauses], None if each.heads is None else number(each.heads))
        for text, flags in keys
        for each in (of_phrase(text, cased=bool(flags)) if flags in (0, 1) else of_pattern(text, flags),)
    ]
    return json.dumps({"sets": [sorted(pieces) for pieces in numbers], "known": known}, separators=(",", ":")).encode()


class _Walk:
    """Follows the parts of a pattern from left to right: the spellings of what was passed since the last clause, and the clauses."""

    def __init__(self, start: str = _GAP) -> None:
        self.spellings = {start}
        self.clauses: list[frozenset[str]] = []

    def add(self, spellings: Iterable[str]) -> None:
        """One of these stands next."""
        following = frozenset(spellings)
        if len(self.spellings) * len(following) > _MOST or any(_GAP in one for one in following):
            self.close()
        self.spellings = {one + other for one in self.spellings for other in following}
        if len(self.spellings) > _MOST or all(_is_edge(one[-1:]) for one in self.spellings):
            self.close()

    def close(self) -> None:
        """What was passed becomes a clause; of it only this is kept: that something stood there, and whether a word may go on."""
        if (clause := _clause(self.spellings)) is not None:
            self.clauses.append(clause)
        self.spellings = {
            (_GAP if _WORD.search(one) or _GAP in one else "") + (_EDGE if _is_edge(one[-1:]) else _GAP) for one in self.spellings
        }

    def branch(self) -> "_Walk":
        """A walk that sets out from here."""
        return _Walk(_EDGE if all(_is_edge(one[-1:]) for one in self.spellings) else "")

    def ended(self) -> "_Walk":
        """The walk, with an edge behind it."""
        self.spellings = {one + _EDGE for one in self.spellings}
        return self

    def alternatives(self, walks: Sequence["_Walk"]) -> None:
        """One of several ways stands next."""
        if not any(walk.clauses for walk in walks) and sum(len(walk.spellings) for walk in walks) <= _MOST:
            self.add(spelling for walk in walks for spelling in walk.spellings)
            return
        best = [walk.best() for walk in walks]
        self.add({walk.around() for walk in walks})
        if all(clause is not None for clause in best):
            self.clauses.append(frozenset(piece for clause in best for piece in clause or ()))

    def around(self) -> str:
        """The walk as what follows it sees it: anything, behind which a word may or may not go on."""
        return _GAP + (_EDGE if all(_is_edge(one[-1:]) for one in self.spellings) else _GAP)

    def best(self) -> frozenset[str] | None:
        """The clause that rules out most, with what was passed last; to its ways is added what has to stand in the text anyway."""
        last = _clause(self.spellings)
        clauses = sorted(dict.fromkeys([*self.clauses, *([last] if last is not None else [])]), key=_rarity, reverse=True)
        if not clauses:
            return None
        anyway = [piece for clause in clauses[1:] if len(clause) == 1 for way in clause for piece in way.split(" ")]
        return frozenset(" ".join(dict.fromkeys([*way.split(" "), *anyway][:_TOGETHER])) for way in clauses[0])

    def found(self) -> tuple[frozenset[str], ...]:
        """The clauses that tell something, the one that rules out most first."""
        self.close()
        found = sorted(dict.fromkeys(self.clauses), key=_rarity, reverse=True)
        return tuple(found[:_CLAUSES])


def _clause(spellings: Iterable[str]) -> frozenset[str] | None:
    ways: set[str] = set()
    for spelling in spellings:
        pieces = sorted(set(_pieces(spelling)), key=lambda piece: (-_piece_worth(piece), piece))[:_TOGETHER]
        if not pieces and (mark := _MARK.search(spelling)) is not None:
            pieces = [mark[0]]
        if not pieces:
            return None
        ways.add(" ".join(pieces))
    return frozenset(ways)


def _tells(beginning: str) -> bool:
    """Does the beginning of a word rule anything out? A single letter stands at the head of too many."""
    return len(beginning) > 1 or beginning.isdigit() or not beginning.isascii()


def _is_edge(char: str) -> bool:
    """Does no word go on behind a character?"""
    return char not in ("", _GAP, _LETTERS) and _WORD.fullmatch(char) is None


def _pieces(spelling: str) -> Iterator[str]:
    """The pieces of a spelling that are worth looking for."""
    for match in _WORD.finditer(spelling):
        start, end = match.span()
        # At its ends a spelling is open: the word may go on there.
        opens = "^" if start > 0 and _is_edge(spelling[start - 1]) else ""
        closes = "$" if end < len(spelling) and _is_edge(spelling[end]) else ""
        if len(match[0]) >= _SHORTEST or match[0].isupper() or (opens and (closes or _tells(match[0]))):
            yield opens + _one_case(match[0]) + closes


def is_mark(piece: str) -> bool:
    """Is a piece a single mark?"""
    return len(piece) == 1 and _MARK.fullmatch(piece) is not None


def _one_case(word: str) -> str:
    """A word in capitals where only these match; where small letters stand with them, regardless of case."""
    return word if word.isupper() else word.lower()


def _worth(way: str) -> float:
    return sum(map(_piece_worth, way.split(" ")))


def _piece_worth(piece: str) -> float:
    if is_mark(piece):
        return 0.4
    bare = piece.strip("^$")
    if piece == f"^{bare}$":
        return 0.5 if bare in _COMMON else 4.0 + len(bare)
    return 0.3 if bare in _COMMON else len(bare) * (0.8 if piece[0] == "^" else 0.6)


def _rarity(clause: frozenset[str]) -> float:
    return min(map(_worth, clause)) - 0.1 * len(clause)


# ---------------------------------------------------------------------------------------------------- phrases


def of_phrase(phrase: str, *, cased: bool = False) -> Needs:
    """The needs of a phrase, which stands between word boundaries. Its heads are its first words, as they are written."""
    phrase = phrase if cased else phrase.lower()
    return _told((phrase, cased)) or _known.setdefault((phrase, cased), _of_phrase(phrase))


def _of_phrase(phrase: str) -> Needs:
    parts = parse(phrase)
    walk = _Walk(_EDGE)
    _walk_phrase(walk, parts)
    walk.add({_EDGE})
    return Needs(walk.found(), frozenset(word for word, _ in first_words(parts) if word))


def _walk_phrase(walk: _Walk, parts: Parts) -> None:
    for part in parts:
        if isinstance(part, str):
            for char in part:
                if char == "-":
                    walk.add({"", _EDGE})
                elif _WORD.fullmatch(char):
                    walk.add({char})
                else:
                    walk.add({_other(char)})
        else:
            walks = [walk.branch() for _ in part]
            for one, choice in zip(walks, part, strict=True):
                _walk_phrase(one, choice)
            walk.alternatives(walks)


# ---------------------------------------------------------------------------------------------------- regular expressions


def of_pattern(pattern: str, flags: int = _FLAGS) -> Needs:
    """The needs of a regular expression; none where nothing can be said."""
    key = (pattern, int(flags))
    return _told(key) or _known.setdefault(key, _of_pattern(pattern, flags))


def _of_pattern(pattern: str, flags: int) -> Needs:
    if parser is None:  # pragma: no cover
        return Needs()
    walk = _Walk()
    try:
        items = list(parser.parse(pattern, flags))
        _walk_pattern(walk, items)
        heads = _heads(items)
    except (AttributeError, KeyError, TypeError, ValueError):  # pragma: no cover
        # A tree of another shape than this knows.
        return Needs()
    if heads is not None:
        # With one of them it has to begin.
        walk.clauses.append(heads)
    return Needs(walk.found(), heads)


def _walk_pattern(walk: _Walk, items: Sequence[tuple[Any, Any]], *, then: bool = False, cased: bool = False) -> None:
    """`then`: behind the items no word goes on. `cased`: capitals match capitals only."""
    for number, (operator, argument) in enumerate(items):
        ends = _opens(items[number + 1 :], then=then)
        if operator is sre.LITERAL:
            walk.add({_spelled(argument, cased=cased)})
        elif operator is sre.IN:
            walk.add(_members(argument, cased=cased))
        elif operator is sre.AT:
            walk.add({""} if argument is sre.AT_NON_BOUNDARY else {_EDGE})
        elif operator is sre.SUBPATTERN:
            _walk_pattern(walk, argument[-1], then=ends, cased=_is_cased(argument, cased=cased))
        elif operator is sre.ATOMIC_GROUP:
            _walk_pattern(walk, argument, then=ends, cased=cased)
        elif operator is sre.BRANCH:
            walk.alternatives([_walked(walk, one, then=ends, cased=cased) for one in argument[1]])
        elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            _repeat(walk, argument, then=ends, cased=cased)
        elif operator is sre.ASSERT:
            # It takes no room, yet what it asks for must stand there. One that looks back may look out of the stretch that is searched.
            direction, inner = argument
            if direction < 0:
                if _closes(inner):
                    walk.add({_EDGE})
            else:
                ahead = _Walk()
                ahead.spellings = set(walk.spellings)
                _walk_pattern(ahead, inner, cased=cased)
                ahead.close()
                if _opens(inner, then=False):
                    walk.add({_EDGE})
                walk.clauses += ahead.clauses
        elif operator is sre.ASSERT_NOT:
            if _is_no_word(argument[1]):
                walk.add({_EDGE})
        else:
            walk.add({_GAP})


def _walked(walk: _Walk, items: Sequence[tuple[Any, Any]], *, then: bool, cased: bool) -> _Walk:
    branch = walk.branch()
    _walk_pattern(branch, items, then=then, cased=cased)
    return branch.ended() if then else branch


def _repeat(walk: _Walk, argument: tuple[int, int, Any], *, then: bool, cased: bool) -> None:
    least, most, items = argument
    if (marks := _marks(items, cased=cased)) is not None:
        # `-?`, `\s*`, `[\s,]+`
        walk.add(marks if least else {"", *marks})
        return
    once = _walked(walk, items, then=then and most == 1, cased=cased)
    if most == 1:
        empty = walk.branch().ended() if then else walk.branch()
        walk.alternatives([once] if least else [empty, once])
    else:
        if least:
            # What else may stand there ends as it does.
            walk.alternatives([once])
        walk.add({"", once.around()})


def _marks(items: Sequence[tuple[Any, Any]], *, cased: bool) -> set[str] | None:
    """What items are that are one character, and none of a word; else None."""
    if len(items) != 1 or items[0][0] not in (sre.LITERAL, sre.IN):
        return None
    operator, value = items[0]
    found = {_spelled(value, cased=cased)} if operator is sre.LITERAL else _members(value, cased=cased)
    return found if all(map(_is_edge, found)) else None


def _is_cased(argument: tuple[Any, ...], *, cased: bool) -> bool:
    """Does case count within a group?"""
    _, added, removed, _ = argument
    return (cased or bool(removed & re.IGNORECASE)) and not added & re.IGNORECASE


def _spelled(code: int, *, cased: bool) -> str:
    char = chr(code) if cased else chr(code).lower()
    if _WORD.fullmatch(char):
        return char
    return _other(char)


def _other(char: str) -> str:
    """What is no ASCII letter or digit: a mark, a blank; of letters beyond ASCII nothing is said."""
    if _MARK.fullmatch(char):
        return char
    return _GAP if char.isalnum() or len(char) > 1 else _BLANK


def _members(argument: Sequence[tuple[Any, Any]], *, cased: bool) -> set[str]:
    """What a class of characters may be: single characters, an edge for all that are in no word, or a gap."""
    found: set[str] = set()
    for operator, value in argument:
        if operator is sre.LITERAL:
            found.add(_spelled(value, cased=cased))
        elif operator is sre.RANGE and value[1] - value[0] < _CLASS:
            found |= {_spelled(code, cased=cased) for code in range(value[0], value[1] + 1)}
        elif operator is sre.CATEGORY and value is sre.CATEGORY_DIGIT:
            found |= _DIGITS
        elif operator is sre.CATEGORY and value in (sre.CATEGORY_SPACE, sre.CATEGORY_NOT_WORD):
            found.add(_BLANK)
        else:
            return {_GAP}
    return found if len(found) <= _CLASS else {_GAP}


def _is_no_word(items: Sequence[tuple[Any, Any]]) -> bool:
    """Is it a class that holds all word characters? `(?<![\\w.])` and `(?!\\w)` are edges."""
    if len(items) != 1 or items[0][0] is not sre.IN:
        return False
    members = list(items[0][1])
    return (sre.CATEGORY, sre.CATEGORY_WORD) in members or (sre.CATEGORY, sre.CATEGORY_NOT_SPACE) in members


def _is_of_words(argument: Sequence[tuple[Any, Any]]) -> bool:
    """Does a class hold characters of words alone?"""
    return all(
        (operator is sre.CATEGORY and value in (sre.CATEGORY_WORD, sre.CATEGORY_DIGIT))
        or (operator is sre.LITERAL and _WORD.fullmatch(chr(value)))
        or (operator is sre.RANGE and all(_WORD.fullmatch(chr(code)) for code in value))
        for operator, value in argument
    )


def _closes(items: Sequence[tuple[Any, Any]]) -> bool:
    """Do items end in a mark or a blank? What stands behind a look back at them is no middle of a word."""
    if not items:
        return False
    operator, argument = items[-1]
    if operator is sre.LITERAL:
        return _is_edge(_spelled(argument, cased=False))
    if operator is sre.IN:
        return all(map(_is_edge, _members(argument, cased=False)))
    if operator is sre.SUBPATTERN:
        return _closes(argument[-1])
    return operator is sre.BRANCH and all(_closes(one) for one in argument[1])


def _opens(items: Sequence[tuple[Any, Any]], *, then: bool) -> bool:
    """Do items begin with an edge, whatever stands before them? `then`: there is one behind them."""
    for operator, argument in items:
        if operator is sre.AT and argument is not sre.AT_NON_BOUNDARY:
            return True
        if operator is sre.LITERAL:
            return _is_edge(_spelled(argument, cased=False))
        if operator is sre.IN:
            return all(map(_is_edge, _members(argument, cased=False)))
        if operator is sre.SUBPATTERN:
            return _opens(argument[-1], then=False)
        if operator is sre.BRANCH:
            return all(_opens(one, then=False) for one in argument[1])
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            if not _opens(argument[2], then=False):
                return False
            if argument[0]:
                return True
        elif (operator is sre.ASSERT and argument[0] > 0 and _opens(argument[1], then=False)) or (
            operator is sre.ASSERT_NOT and argument[0] > 0 and _is_no_word(argument[1])
        ):
            return True
        elif operator not in (sre.ASSERT, sre.ASSERT_NOT):
            return False
    return then


# ---------------------------------------------------------------------------------------------------- beginnings


def _heads(items: Sequence[tuple[Any, Any]]) -> frozenset[str] | None:
    """The pieces with which a match begins, where it begins with a word or a mark; else None."""
    for ahead in (False, True):
        found = {_head(beginning) for beginning in _beginnings(items, cased=False, ahead=ahead)}
        if found and None not in found:
            return frozenset(head for head in found if head)
    return None


def _head(beginning: str) -> str | None:
    bare = beginning.lstrip(_EDGE)
    if _MARK.match(bare):
        return bare[0]
    match = _WORD.search(bare)
    # Where no edge stands before it, it may begin within a word.
    if match is None or bare == beginning or bare[: match.start()].strip(_LETTERS):
        return None
    begins, closes = match.start() == 0, _is_edge(bare[match.end() : match.end() + 1])
    if len(match[0]) < _SHORTEST and not (begins and (closes or _tells(match[0]))):
        return None
    return ("^" if begins else "") + _one_case(match[0]) + ("$" if closes else "")


def _beginnings(items: Sequence[tuple[Any, Any]], *, cased: bool, ahead: bool) -> set[str]:
    """The beginnings of items, each up to the end of its first word, or to where it is no longer known.

    `ahead`: what a look ahead asks for tells how they go on.
    """
    found = {""}
    for operator, argument in items:
        going = {one for one in found if not _is_told(one)}
        if not going:
            break
        following = _beginning(operator, argument, cased=cased, ahead=ahead)
        if len(going) * len(following) > _BEGINNINGS:
            # That is how they begin, however they go on.
            if any(map(_WORD.search, going)):
                return found - going | {one + _GAP for one in going}
            following = {one if len(one) <= _SHORTEST else one[:_SHORTEST] + _GAP for one in following}
        found = found - going | {one + other for one in going for other in following}
    return found


def _is_told(beginning: str) -> bool:
    """Is it known how a beginning goes on, or is that no longer to be known?"""
    bare = beginning.lstrip(_EDGE)
    return bare != "" and (_is_edge(bare[-1]) or bare[-1] == _GAP)


def _beginning(operator: Any, argument: Any, *, cased: bool, ahead: bool) -> set[str]:
    if operator is sre.LITERAL:
        return {_spelled(argument, cased=cased)}
    if operator is sre.IN:
        members = _members(argument, cased=cased)
        return {_LETTERS} if _GAP in members and _is_of_words(argument) else members
    if operator is sre.AT:
        return {""} if argument is sre.AT_NON_BOUNDARY else {_EDGE}
    if operator is sre.SUBPATTERN:
        return _beginnings(argument[-1], cased=_is_cased(argument, cased=cased), ahead=ahead)
    if operator is sre.ATOMIC_GROUP:
        return _beginnings(argument, cased=cased, ahead=ahead)
    if operator is sre.BRANCH:
        return {beginning for one in argument[1] for beginning in _beginnings(one, cased=cased, ahead=ahead)}
    if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        least, most, inner = argument
        once = _beginnings(inner, cased=cased, ahead=ahead)
        if most > 1:
            once = {one if _is_told(one) or one == _LETTERS else one + _GAP for one in once}
        return once if least else once | {""}
    if operator is sre.ASSERT:
        direction, inner = argument
        if ahead and direction > 0:
            asked = _beginnings(inner, cased=cased, ahead=ahead)
            if all((word := _WORD.match(one)) and _tells(word[0]) for one in asked):
                return {one if _is_told(one) else one + _GAP for one in asked}
        return {_EDGE} if (_opens(inner, then=False) if direction > 0 else _closes(inner)) else {""}
    if operator is sre.ASSERT_NOT:
        return {_EDGE} if _is_no_word(argument[1]) else {""}
    return {_GAP}
