"""Takes a query apart that somebody wrote: title, what it tells, what it asks, the answers that it offers. Functions of text.

People write queries as letters, chat messages, forms and lists. Answers stand in boxes, in lettered or bulleted lines, or in one line with
strokes between them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from notelint import sentences

Span = tuple[int, int]

_BOX = r"(?:\[\s*(?P<{0}1>[xX\u2713\u2714]?)\s*\]|\(\s*(?P<{0}2>[xX\u2713\u2714]?)\s*\)(?=\s*\w)|(?P<{0}3>[\u2610-\u2612\u25a1\u25a0\u25a2\u25cb\u25ef\u25cf\u25fb\u25fc\u2b1c\u2705\u2713\u2714])|\[[a-hA-H1-9]\](?=\s*[A-Za-z])|_{{2,}}(?=\s*[A-Za-z]))"
_BOXED = re.compile(rf"[ ]*(?:[-*+\u2022][ ]*|\d{{1,2}}[.)][ ]*)?{_BOX.format('m')}[ ]*")
_BOXES = re.compile(_BOX.format("m"))
_MARKED = frozenset("xX\u2713\u2714\u2611\u2612\u25a0\u25cf\u25fc\u2705")
_ITEM = re.compile(
    r"[ ]*(?:[-*+\u2022\u2013oO]|[-=]?>|\(?(?:[A-Ha-h]|\d{1,2})[.)])[ ]+(?=\S)|[ ]*\d{1,2}[ ]-[ ]+(?=\S)|[ ]*\d[ ]+(?=[A-Z])"
)
_TITLE = re.compile(
    r"[ ]*(?:\#+[ ]*|\*\*)?(?:subject(?:[ ]+line)?|subj|re|title|topic|query(?:[ ]+(?:title|topic|subject|re))?)[ ]*(?:\*\*)?[:\-\u2013]+[ ]*(?:\*\*)?[ ]*(?=\S)",
    re.IGNORECASE,
)
_HEAD = re.compile(r"[ ]*\#+[ ]*")
_GREETING = re.compile(
    r"[ ]*(?:hi|hello|dear|hey|good\s+(?:morning|afternoon|evening)|thank(?:s|\s+you)|thx|regards|sincerely|best|respectfully|to|from|date|attn|attention|cc|author|sent|provider|physician|recipient|requested\s+by|contact|reason|mrn|patient|encounter|acct|account|dob|name)\b[^\n]{0,80}$|[ ]*(?:Dr\.?|Doctor)[ ][\w'. -]{0,40}[,:-]?$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\b(?:please|kindly|pls|(?:can|could|would|will)\s+(?:you|u)|based\s+on\s+your|in\s+your\s+(?:own\s+)?(?:\w+\s+)?(?:judge?ment|opinion|view|words)|requesting|seeking|clarif(?:y|ication)\s+(?:is\s+)?(?:needed|requested)|need\s+(?:you|clarification|an?\s+clear\w*|your))\b",
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
_STROKES = re.compile(r"[ ]+/[ ]*|[ ]*/[ ]+|(?<=\b[yY])/(?=[nN]\b)|(?<=[yY]es)/(?=[nN]o)|[ ]*[|;][ ]*|[ ]{3,}")
_DASHES = re.compile(r"[ ]+-[ ]+")
_COMMAS = re.compile(r"[ ]*(?:,?[ ]+\bor\b[ ]+|,[ ]*)")
_SENTENCE_END = re.compile(r"(?<=[\w)_])\.\s+(?=[A-Z])")
_LETTERED = re.compile(r"(?:(?<=\s)|^)\(?(?:[A-Ha-h]|[1-9])[.)][ ]+")
_YES_NO = re.compile(r"\b(?:yes\b[ ]*(?:[/|,;-]|\bor\b)?[ ]*\bno|y[ ]*(?:/|\bor\b)[ ]*n)\b", re.IGNORECASE)
_WAY_OUT = re.compile(
    r"\b(?:other|else|undetermined|determine[d]?|unknown|uncertain|yes|no|unsure|none|something|not\s+listed|can.t\s+(?:say|tell)|unable)\b",
    re.IGNORECASE,
)
_UNABLE = ("unable", "clinically", "cannot", "can't", "can not", "not ", "something", "another")
_LEADS = re.compile(r"\b(?:does|do|did|is|are|was|were|has|have|had|please|clarify|which|what)\b", re.IGNORECASE)
_QUOTED = re.compile(r"[\"\u201c](?P<words>[^\"\u201c\u201d\n]{2,300})[\"\u201d]")
_NEXT_LINE = re.compile(
    rf"\n(?=[ ]*(?:[-*+\u2022][ ]+)?(?:{_ASKS.pattern}|[A-Z][^\n:]{{2,40}}:|[^\n]{{0,40}}\d{{1,2}}/\d{{1,2}}|(?:does|do|did|is|are|was|were|has)\b[^\n]*\?))",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[\s_.:\u2026-]*$")
_FEW = 6
"""A title that is a question has fewer words."""
_SHORT = 110
_TOLD = 25
"""Before a question that begins so many characters behind its sentence something is told."""
_LONG = 240
"""A line of more characters is prose."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is offered; `marked`: beforehand; `block`: the run of answers in which it stands, from 0."""

    start: int
    end: int
    label: str
    marked: bool
    block: int = 0


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
        if is_item:
            yield first, span[0]
            yield span[1], self._item_end(span[1])
            line = first
        else:
            # "Labs 11/02: CRP 148. ESR 92." In prose a date counts for its own sentence, but at the head of a list for all of it.
            colon = self.view.rfind(":", line, span[0])
            if colon >= 0:
                yield line, colon + 1
        at = line
        while at > paragraph:
            before = self.view.rfind("\n", 0, at - 1) + 1
            text = self.view[before : at - 1].strip()
            # The line over a list is its head.
            headed = text.endswith((":", "**")) or text.startswith("#") or (is_item and not _is_item(self.view, before))
            if headed:
                yield before, at
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
        if _GREETING.match(words) and len(words) < _SHORT and not re.search(r"[?\"\u201c]|\d/\d", words):
            continue
        before_answers = any(0 <= a - end < 4 and "\n" not in view[end:a] for a, _ in taken) and _LEADS.search(words) is not None
        asks_it = words.rstrip(" *_\"'”)").endswith("?") or _ASKS.search(words) or before_answers
        if asks_it and not (_NO_ASK.search(words) and "?" not in words):
            # "Your note of 11/03 says "discitis" - could you clarify": what stands before the question is told.
            asked = _ASKS.search(view, start + _TOLD, end) if end - start > _TOLD else None
            if asked is not None and end - asked.end() > _FEW and not _ASKS.search(view, start, asked.start()):
                tells.append((start, asked.start()))
                start = asked.start()
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
            and words[-1:] not in ("!", ",", ";", ":")
            and (words[-1:] != "?" or (len(words.split()) < _FEW and not _LEADS.search(words)))
            and (words[-1:] != "." or re.search(r"\b(?:clarification|query|question|request)\.$", words, re.IGNORECASE) is not None)
            and not _ASKS.search(words)
            and not _BOXED.match(view, *line)
            and not _ITEM.match(view, *line)
            and (not re.search(r"\d{1,2}/\d{1,2}", words) or re.search(r"\b(?:query|clarification|validation)\b", words, re.IGNORECASE))
            and not re.search(r"\b(?:shows?|showed|documented|noted|is|was|are|has|had|were)\b", words)
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
            for first, last in _by_line(view, at, max(at, a)):
                piece = view[first:last]
                if piece.strip(" \n*_#-"):
                    yield first + len(piece) - len(piece.lstrip()), first + len(piece.rstrip())
            at = max(at, b)


def _by_line(view: str, start: int, end: int) -> Iterator[Span]:
    """A sentence, cut where a line begins that asks, or that begins with a label or a date: people end no sentence there."""
    at = start
    for match in _NEXT_LINE.finditer(view, start, end):
        yield at, match.start()
        at = match.start()
    yield at, end


def _answers(view: str, lines: Sequence[Span]) -> tuple[list[Answer], int, list[Span]]:
    """(the answers, how many runs of them, the stretches that they take)."""
    found: list[Answer] = []
    taken: list[Span] = []
    within = asked = gap = False
    first_asked: int | None = None
    block = -1
    for number, line in enumerate(lines):
        words = view[slice(*line)]
        if not words.strip():
            gap = True
            continue
        boxes = list(_BOXES.finditer(view, *line))
        listed = _ITEM.match(view, *line)
        marked = _BOXED.match(view, *line) or listed
        # "Other, please specify" is an answer.
        bare = view[marked.end() : line[1]] if marked else words
        at_once = marked or _WAY_OUT.match(words.strip())
        asks = "?" in words or (_ASKS.match(bare.lstrip(" *_")) if at_once else _ASKS.search(words)) is not None
        goes_on = within and not gap
        if boxes and (_BOXED.match(view, *line) or len(boxes) > 1):
            made = list(_boxed(view, line, boxes))
        elif listed and asked and not asks and (within or _run(view, lines, number)):
            made = [_answer(view, listed.end(), line[1], marked=False)]
        elif asked and not asks and not listed and _is_bare(words) and (goes_on or _bare_run(view, lines, number)):
            made = [_answer(view, *line, marked=False)]
        else:
            made = list(_in_line(view, line, asked=asked))
        gap = False
        heads = asks or words.rstrip(" *_").endswith(":") or _CHOICES_HEAD.fullmatch(words.strip()) is not None
        if made:
            block += not within or (asks and not marked) or "?" in words
            found += [replace(answer, block=block) for answer in made]
            taken.append((made[0].start if made[0].start > line[0] + 12 else line[0], line[1]))
            within = True
            first_asked = line[0] if asks and first_asked is None else first_asked
            asked = asked or asks
            continue
        within = False
        if heads:
            asked = True
            first_asked = line[0] if asks and first_asked is None else first_asked
    if first_asked is not None and any(answer.start >= first_asked for answer in found):
        # Boxes before the question are those of a form that is quoted.
        found = [answer for answer in found if answer.start >= first_asked]
        taken = [span for span in taken if span[1] > first_asked]
    ways_out = {answer.block for answer in found if _WAY_OUT.match(answer.label) or answer.label.lower().startswith(_UNABLE)}
    if ways_out:
        # A list without any way out, beside one that has it, is one of findings.
        found = [answer for answer in found if answer.block in ways_out]
        taken = [span for span in taken if any(span[0] <= answer.start < span[1] for answer in found)]
    return found, len({answer.block for answer in found}), taken


def _is_bare(words: str) -> bool:
    """Can a line without any mark be an answer?"""
    return len(words) < _SHORT and not words.rstrip().endswith((".", "!")) and _GREETING.match(words) is None


def _bare_run(view: str, lines: Sequence[Span], number: int) -> bool:
    """Do short lines without any mark follow, one of which is "other" or "unknown": "Yes", "No", "Other", each in a line?"""
    run: list[str] = []
    for line in lines[number:]:
        words = view[slice(*line)].strip()
        if not words or len(words) > _SHORT // 2 or words.endswith((".", "?", ":")):
            break
        run.append(words)
    return len(run) > 1 and any(_WAY_OUT.match(words) or words.lower().startswith("unable") for words in run[1:])


def _run(view: str, lines: Sequence[Span], number: int) -> bool:
    """Do list items follow each other from a line on, behind a question or with a way out among them, so that they are no list of findings?"""
    before = next((view[slice(*line)] for line in reversed(lines[:number]) if view[slice(*line)].strip()), "")
    items: list[str] = []
    for line in lines[number:]:
        item = _ITEM.match(view, *line)
        if item is None and view[slice(*line)].strip():
            break
        if item is not None:
            items.append(view[item.end() : line[1]])
    ways_out = any(_WAY_OUT.match(item.strip(" *_")) or item.lower().lstrip(" *_").startswith(_UNABLE) for item in items)
    asks = "?" in before or _ASKS.search(before) is not None or _CHOICES_HEAD.fullmatch(before.strip()) is not None
    return len(items) > 1 and (asks or ways_out)


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
    elif question >= 0 and _offers(words[question + 1 :], 1):
        start = line[0] + question + 1
    elif asked and len(words) < _LONG and _offers(words, 2):
        start = line[0]
    else:
        asks = next(reversed(list(_ASKS.finditer(words))), None)
        colon = words.find(":", asks.end()) if asks else -1
        first = _ASKS.search(words)
        letters = list(_LETTERED.finditer(view, line[0] + first.end(), line[1])) if first else []
        if colon >= 0 and _offers(words[colon + 1 :], 1):
            start = line[0] + colon + 1
        elif len(letters) > 1 and _WAY_OUT.search(view, letters[0].start(), line[1]):
            start = letters[0].start()
    if start is not None and (stop := _SENTENCE_END.search(view, start, line[1])):
        # A sentence of its own behind the answers is none of them.
        line = (line[0], stop.start())
    if start is None:
        return
    lettered = list(_LETTERED.finditer(view, start, line[1]))
    if len(lettered) > 1:
        for number, mark in enumerate(lettered):
            end = lettered[number + 1].start() if number + 1 < len(lettered) else line[1]
            yield _answer(view, mark.end(), end, marked=False)
        return
    separators = next((each for each in (_STROKES, _DASHES) if each.search(view, start, line[1])), _COMMAS)
    at = start
    for match in (*separators.finditer(view, start, line[1]), None):
        end = match.start() if match else line[1]
        if view[at:end].strip(" ()_.[]"):
            yield _answer(view, at, end, marked=False)
        at = match.end() if match else end


def _offers(words: str, least: int) -> bool:
    """Does a stretch offer answers between strokes, one of them a way out?"""
    return len(re.findall(r"\s/\s|\s?\|\s?|;", words)) >= least and _WAY_OUT.search(words) is not None


def _answer(view: str, start: int, end: int, *, marked: bool) -> Answer:
    while start < end and view[start] in " *_[(":
        start += 1
    words = view[start:end]
    end = start + len(words.rstrip(" *_)]"))
    return Answer(start, end, _BLANKS.sub("", view[start:end]).strip(), marked)
