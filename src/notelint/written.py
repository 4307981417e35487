"""Takes a query apart that somebody wrote: title, what it tells, what it asks, the answers that it offers. Functions of text.

People write queries as letters, chat messages, forms and lists. Answers stand in boxes, in lettered or bulleted lines, or in one line with
strokes between them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from notelint import sentences

Span = tuple[int, int]

_BOX = r"(?:\[\s*(?P<{0}1>[xX\u2713\u2714]?)\s*\]|\(\s*(?P<{0}2>[xX\u2713\u2714]?)\s*\)(?=\s*\w)|(?P<{0}3>[\u2610-\u2612\u25a1\u25a0\u25a2\u25cb\u25ef\u25cf\u25fb\u25fc\u2b1c\u2705\u2713\u2714])|_{{2,}}(?=\s*[A-Za-z]))"
_BOXED = re.compile(rf"[ ]*(?:[-*+\u2022][ ]*|\d{{1,2}}[.)][ ]*)?{_BOX.format('m')}[ ]*")
_BOXES = re.compile(_BOX.format("m"))
_MARKED = frozenset("xX\u2713\u2714\u2611\u2612\u25a0\u25cf\u25fc\u2705")
_ITEM = re.compile(r"[ ]*(?:[-*+\u2022\u2013]|\(?(?:[A-Ha-h]|\d{1,2})[.)])[ ]+(?=\S)")
_TITLE = re.compile(
    r"[ ]*(?:\#+[ ]*|\*\*)?(?:subject|subj|re|title|topic|query(?:[ ]+(?:title|topic|subject|re))?)[ ]*(?:\*\*)?[:\-\u2013]+[ ]*(?:\*\*)?[ ]*(?=\S)",
    re.IGNORECASE,
)
_HEAD = re.compile(r"[ ]*\#+[ ]*")
_GREETING = re.compile(
    r"[ ]*(?:hi|hello|dear|hey|good\s+(?:morning|afternoon|evening)|thank(?:s|\s+you)|thx|regards|sincerely|best|respectfully|to|from|date|attn|attention|cc|author|sent|provider|physician|recipient|requested\s+by|contact|reason|mrn|patient|encounter|acct|account|dob|name)\b[^\n]{0,80}$|[ ]*(?:Dr\.?|Doctor)[ ][^\n]{0,40}[,:]?$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:please|kindly|pls|can\s+you|could\s+you|would\s+you|will\s+you|based\s+on\s+your|in\s+your|requesting|seeking|clarif(?:y|ication)\s+(?:is\s+)?(?:needed|requested)|need\s+(?:you|clarification))\b",
    re.IGNORECASE,
)
_NO_ASK = re.compile(
    r"\bplease\s+(?:see|note\s+that|refer|call|page|contact|reach|respond|reply|let\s+(?:me|us)\s+know|sign|answer\s+in|do\s+not|disregard|feel\s+free)\b",
    re.IGNORECASE,
)
_CHOICES_HEAD = re.compile(
    r"[ ]*[*#_ ]*(?:(?:response|answer|query|possible|provider|physician|clinical|available)[ ]+)?(?:options?|choices?|answers?|responses?|selections?)[*_ ]*(?:\([^)]*\))?[*_ ]*[:\-\u2013]?[*_ ]*|[ ]*(?:please[ ]+)?(?:select|choose|check|mark|circle|pick)\b[^\n:]{0,60}:?[ ]*",
    re.IGNORECASE,
)
_INLINE = re.compile(r"[ ]*(?:[/|;]|[ ]{3,}|\bor\b)[ ]*")
_LETTERED = re.compile(r"(?:(?<=\s)|^)\(?(?:[A-Ha-h]|[1-9])[.)][ ]+")
_YES_NO = re.compile(r"\byes\b[ ]*(?:[/|,;]|\bor\b)?[ ]*\bno\b", re.IGNORECASE)
_QUOTED = re.compile(r"[\"\u201c](?P<words>[^\"\u201c\u201d\n]{2,300})[\"\u201d]")
_BLANKS = re.compile(r"[\s_.:\u2026-]*$")
_SHORT = 110


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is offered; `marked`: beforehand."""

    start: int
    end: int
    label: str
    marked: bool


@dataclass(frozen=True)
class Written:
    """A query, taken apart. All spans are code points into the view. `blocks` is the number of runs of answers."""

    view: str
    title: Span | None
    tells: tuple[Span, ...]
    asks: tuple[Span, ...]
    answers: tuple[Answer, ...]
    quotes: tuple[Span, ...]
    blocks: int

    @property
    def opens(self) -> bool:
        """Is the question an open one: asked for in words, not by yes or no?"""
        return any(_ASKS.search(self.view, *ask) for ask in self.asks)

    def _item_end(self, at: int) -> int:
        """Where the list item ends in which a place is: at a blank line, or at a line that is not further in."""
        while (line := self.view.find("\n", at)) >= 0:
            if not self.view[line + 1 :].startswith("  ") or _is_item(self.view, line + 1):
                return line
            at = line + 1
        return len(self.view)

    def heads(self, span: Span) -> Iterator[Span]:
        """What goes with a sentence: the rest of its line and of its list item, the lines of its paragraph before it, the heading of its list."""
        paragraph = max(self.view.rfind("\n\n", 0, span[0]), 0)
        line = self.view.rfind("\n", 0, span[0]) + 1
        first = line
        while first > paragraph and not _is_item(self.view, first) and self.view[first : first + 2] == "  ":
            # The second line of an item stands further in.
            first = self.view.rfind("\n", 0, first - 1) + 1
        is_item = _is_item(self.view, first)
        yield first if is_item else line, span[0]
        if is_item:
            yield span[1], self._item_end(span[1])
            line = first
        at = line
        while at > paragraph:
            before = self.view.rfind("\n", 0, at - 1) + 1
            text = self.view[before : at - 1].strip()
            headed = text.endswith((":", "**")) or text.startswith("#")
            if headed or not is_item:
                yield before, at
            if headed:
                return
            at = before


def _is_item(view: str, line: int) -> bool:
    return _ITEM.match(view, line) is not None or _BOXED.match(view, line) is not None


def take_apart(view: str) -> Written:
    """The parts of a query."""
    lines = list(_lines(view))
    title, used = _title(view, lines)
    answers, blocks, taken = _answers(view, [line for line in lines if line not in used])
    asks: list[Span] = []
    tells: list[Span] = []
    for start, end in _sentences(view, used, taken):
        words = view[start:end]
        if _GREETING.match(words) and len(words) < _SHORT and "?" not in words:
            continue
        if (words.rstrip(" *_\"'”)").endswith("?") or _ASKS.search(words)) and not (_NO_ASK.search(words) and "?" not in words):
            asks.append((start, end))
        elif not _CHOICES_HEAD.fullmatch(words):
            tells.append((start, end))
    quotes = tuple(match.span() for match in _QUOTED.finditer(view))
    return Written(view, title, tuple(tells), tuple(asks), tuple(answers), quotes, blocks)


def _lines(view: str) -> Iterator[Span]:
    at = 0
    for line in view.split("\n"):
        yield at, at + len(line)
        at += len(line) + 1


def _title(view: str, lines: Sequence[Span]) -> tuple[Span | None, list[Span]]:
    """(the title, the lines that are nothing else)."""
    filled = [line for line in lines if view[slice(*line)].strip()]
    for line in filled[:6]:
        match = _TITLE.match(view, *line)
        if match and line[1] - match.end() <= _SHORT and not view[slice(*line)].rstrip().endswith("?"):
            return (match.end(), line[1]), [line]
    for line in filled[:3]:
        words = view[slice(*line)].strip(" #*_")
        if _GREETING.match(words):
            continue
        marked = _HEAD.match(view, *line)
        plain = (
            len(words) <= _SHORT
            and words[-1:] not in ("?", "!", ",", ";", ":")
            and (words[-1:] != "." or re.search(r"\b(?:clarification|query|question|request)\.$", words, re.IGNORECASE) is not None)
            and not _ASKS.search(words)
            and not _BOXED.match(view, *line)
            and not _ITEM.match(view, *line)
            and not re.search(r"\b(?:\d{1,2}/\d{1,2}|shows?|showed|documented|noted|is|was|are|has|had|were)\b", words)
        )
        if len(filled) > 1 and words and (marked or plain):
            return line, [line]
        return None, []
    return None, []


def _sentences(view: str, used: Sequence[Span], taken: Sequence[Span]) -> Iterator[Span]:
    """The sentences outside of the title and the answers."""
    cut = sorted([*used, *taken])
    for start, end in sentences.split(view):
        at = start
        for a, b in [*(span for span in cut if span[0] < end and start < span[1]), (end, end)]:
            piece = view[at : max(at, a)]
            if piece.strip(" \n*_#-"):
                first = at + len(piece) - len(piece.lstrip())
                yield first, at + len(piece.rstrip())
            at = max(at, b)


def _answers(view: str, lines: Sequence[Span]) -> tuple[list[Answer], int, list[Span]]:
    """(the answers, how many runs of them, the stretches that they take)."""
    found: list[Answer] = []
    taken: list[Span] = []
    blocks = 0
    within = False
    asked = False
    for number, line in enumerate(lines):
        words = view[slice(*line)]
        boxes = list(_BOXES.finditer(view, *line))
        listed = _ITEM.match(view, *line)
        if not words.strip():
            continue
        if boxes and (_BOXED.match(view, *line) or len(boxes) > 1):
            made = list(_boxed(view, line, boxes))
        elif listed and asked and (within or _run(view, lines, number)):
            made = [_answer(view, listed.end(), line[1], marked=False)]
        else:
            made = list(_in_line(view, line, asked=asked))
        if made:
            blocks += not within
            found += made
            taken.append((made[0].start if made[0].start > line[0] + 12 else line[0], line[1]))
            within = True
            continue
        within = False
        if words.rstrip(" *_").endswith(("?", ":")) or _ASKS.search(words) or (_CHOICES_HEAD.fullmatch(words.strip())):
            asked = True
    return found, blocks, taken


def _run(view: str, lines: Sequence[Span], number: int) -> bool:
    """Do two list items at least follow each other from a line on, and is the line before no list of findings?"""
    following = next((line for line in lines[number + 1 :] if view[slice(*line)].strip()), None)
    before = next((line for line in reversed(lines[:number]) if view[slice(*line)].strip()), None)
    asks = before is not None and (
        view[slice(*before)].rstrip(" *_").endswith("?")
        or _ASKS.search(view, *before) is not None
        or _CHOICES_HEAD.fullmatch(view[slice(*before)].strip()) is not None
    )
    return asks and following is not None and _ITEM.match(view, *following) is not None


def _boxed(view: str, line: Span, boxes: Sequence[re.Match[str]]) -> Iterator[Answer]:
    for number, box in enumerate(boxes):
        end = boxes[number + 1].start() if number + 1 < len(boxes) else line[1]
        mark = box["m1"] or box["m2"] or box["m3"] or ""
        if view[box.end() : end].strip(" _"):
            yield _answer(view, box.end(), end, marked=mark in _MARKED and bool(mark))


def _in_line(view: str, line: Span, *, asked: bool) -> Iterator[Answer]:
    """Answers in one line: "Yes / No / Other / Unable to determine", "Options: A, B, other", "a) … b) …"."""
    words = view[slice(*line)]
    head = re.match(
        r"[ ]*[*_]*(?:(?:response|answer|query|possible)[ ]+)?(?:options?|choices?|answers?|responses?)[*_]*[ ]*[:\-\u2013][*_]*[ ]*",
        words,
        re.IGNORECASE,
    )
    yes = _YES_NO.search(words)
    question = words.rfind("?")
    start = None
    if head and len(words) > head.end():
        start = line[0] + head.end()
    elif yes:
        start = line[0] + yes.start()
        if question >= 0 and question < yes.start():
            start = line[0] + question + 1
    elif question >= 0 and len(_INLINE.findall(words[question:])) >= 2:
        start = line[0] + question + 1
    elif (
        asked
        and words.count("/") >= 2
        and len(words) < 240
        and re.search(r"\bother\b|\bundetermined\b|\bdetermine\b", words, re.IGNORECASE)
    ):
        start = line[0]
    if start is None:
        return
    lettered = list(_LETTERED.finditer(view, start, line[1]))
    if len(lettered) > 1:
        for number, mark in enumerate(lettered):
            end = lettered[number + 1].start() if number + 1 < len(lettered) else line[1]
            yield _answer(view, mark.end(), end, marked=False)
        return
    separators = re.compile(r"[ ]*(?:[/|;,]|[ ]{3,}|,?[ ]+\bor\b)[ ]*")
    at = start
    for match in (*separators.finditer(view, start, line[1]), None):
        end = match.start() if match else line[1]
        if view[at:end].strip(" ()_.[]"):
            yield _answer(view, at, end, marked=False)
        at = match.end() if match else end


def _answer(view: str, start: int, end: int, *, marked: bool) -> Answer:
    while start < end and view[start] in " *_[(":
        start += 1
    words = view[start:end]
    end = start + len(words.rstrip(" *_)]"))
    return Answer(start, end, _BLANKS.sub("", view[start:end]).strip(), marked)
