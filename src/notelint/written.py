"""Takes a query apart that somebody wrote: title, what it tells, what it asks, the answers that it offers. Functions of text.

People write queries as letters, chat messages, forms and lists. Answers stand in boxes, in lettered or bulleted lines, or in one line with
strokes between them. What is layout is known here; which words ask, greet or answer, the pattern file says.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from notelint import sentences
from notelint.packs import Part

Span = tuple[int, int]
_WAYS_OUT: tuple[Part, ...] = ("other", "undetermined", "yes", "no")

_BOX = r"(?:\[\s*(?P<{0}1>[xX\u2713\u2714]?)\s*\]|\(\s*(?P<{0}2>[xX\u2713\u2714]?)\s*\)(?=\s*\w|[ ]*$)|(?P<{0}3>[\u2610-\u2612\u25a1\u25a0\u25a2\u25cb\u25ef\u25cf\u25fb\u25fc\u2b1c\u2705\u2713\u2714])|\[[a-hA-H1-9]\](?=\s*[A-Za-z])|_{{2,}}(?=\s*[A-Za-z]))"
_BOXED = re.compile(rf"[ ]*(?:[-*+\u2022][ ]*|\d{{1,2}}[.)][ ]*)?{_BOX.format('m')}[ ]*")
_BOXES = re.compile(_BOX.format("m"))
_MARKED = frozenset("xX\u2713\u2714\u2611\u2612\u25a0\u25cf\u25fc\u2705")
_ITEM = re.compile(
    r"[ ]*(?:[-*+\u2022\u2013oO]|_|[-=]?>|\u2192|\(?(?:[A-Ha-h]|\d{1,2}|i{1,3}|iv|v|vi)[.)/:]|\((?:[A-Ha-h]|\d{1,2}|i{1,3}|iv|v|vi)\))[ ]+(?=\S)|[ ]*(?:[A-Ha-h]|\d{1,2})[ ][-\u2013][ ]+(?=\S)|[ ]*\d[ ]+(?=[A-Z])|[ ]*[A-H][ ]{2,}(?=\S)"
)
_TITLE_MARKS = re.compile(r"[ ]*(?:\#+[ ]*|\*\*)?")
_TITLE_COLON = re.compile(r"[ ]*(?:\*\*)?[:\-\u2013]+[ ]*(?:\*\*)?[ ]*(?=\S)")
_HEAD = re.compile(r"[ ]*\#+[ ]*")
_HEADING_MARKS = re.compile(r"[*#_ ]*")
_HEADING_END = re.compile(r"[*_ ]*(?:\([^)]*\))?[*_ ]*[:\-\u2013]?[*_ ]*")
_HEADING_COLON = re.compile(r"[*_]*[ ]*[:\-\u2013][*_]*[ ]*")
_CHOOSE_END = re.compile(r"[^\n:]{0,60}:?[ ]*")
_STROKES = re.compile(r"[ ]+/[ ]*|[ ]*/[ ]+|[ ]*[|;\u2022\u00b7][ ]*|[ ]*(?:[-=]>|\u2192)[ ]*|[ ]{3,}")
_OFFERED = re.compile(r"\s/\s|\s?[|;\u2022\u00b7]\s?|[-=]>|\u2192")
_STROKE = re.compile("/")
_DASHES = re.compile(r"[ ]+-[ ]+")
_COMMA = re.compile(r"[ ]*,[ ]*")
_SENTENCE_END = re.compile(r"(?<=[\w)_])\.\s+(?=[A-Z])")
_LETTERED = re.compile(r"(?:(?<=\s)|^)\(?(?P<label>[A-Ha-h]|[1-9]|i{1,3}|iv|v|vi)[.)][ ]+")
_ORDERS = (
    ("a", "b", "c", "d", "e", "f", "g", "h", ""),
    ("1", "2", "3", "4", "5", "6", "7", "8", "9", ""),
    ("i", "ii", "iii", "iv", "v", "vi", ""),
)
_BRACKETED = re.compile(r"\[\s*([A-Za-z][^\[\]\n]{0,60})\]")
_QUOTED = re.compile(r"[\"\u201c](?P<words>[^\"\u201c\u201d\n]{2,300})[\"\u201d]")
_LABELLED = re.compile(r"[A-Za-z][^\n:]{2,40}:|[^\n]{0,40}\d{1,2}/\d{1,2}")
_INITIAL = re.compile(r"(?:^|[\s(])[A-Z]\.\s*$")
_LABEL = re.compile(r"[ ]*[A-Za-z][\w /-]{1,40}:[ ]*")
_BULLET = re.compile(r"[ ]*(?:[-*+\u2022][ ]+)?")
_BLANKS = re.compile(r"[\s_.:\u2026-]*$")
_TWO = 2
_NEXT = 4
"""So near before the answers ends what leads to them."""
_FEW = 6
"""A title that is a question has fewer words."""
_GREETING = 80
"""A line is a greeting or signature with at most so many characters behind its first words."""
_SHORT = 110
_TOLD = 25
"""Before a question that begins so many characters behind its sentence something is told."""
_LONG = 240
"""A line of more characters is prose."""


class Words:
    """Where the words of each list stand in a query. All offsets are code points into the view."""

    def __init__(self, view: str, found: Mapping[str, Sequence[Span]]) -> None:
        self.view = view
        self._found = {name: sorted(spans) for name, spans in found.items()}

    @property
    def names(self) -> frozenset[str]:
        """The lists of which words stand in the query."""
        return frozenset(self._found)

    def of(self, part: Part) -> Sequence[Span]:
        """All of a list, by their start."""
        return self._found.get(part, ())

    def breaking(self, name: str) -> Sequence[Span]:
        """All of a list that breaks a rule."""
        return self._found.get(name, ())

    def starting(self, prefix: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, rest of the name) of the lists whose names begin so."""
        for name, spans in self._found.items():
            if name.startswith(prefix):
                yield from ((start, end, name[len(prefix) :]) for start, end in spans)

    def within(self, part: Part, start: int, end: int) -> list[Span]:
        """Those that lie in a stretch."""
        spans = self.of(part)
        return [span for span in spans[bisect_left(spans, (start, 0)) : bisect_left(spans, (end, 0))] if span[1] <= end]

    def has(self, part: Part, start: int, end: int) -> bool:
        """Does one lie in a stretch?"""
        return bool(self.within(part, start, end))

    def at(self, part: Part, offset: int) -> Span | None:
        """The longest that begins at an offset."""
        spans = self.of(part)
        begins = spans[bisect_left(spans, (offset, 0)) : bisect_left(spans, (offset + 1, 0))]
        return begins[-1] if begins else None

    def gives_way(self, offset: int) -> bool:
        """Does an answer begin there that leaves the question open, or yes or no?"""
        return any(self.at(part, offset) for part in _WAYS_OUT)

    def offers(self, start: int, end: int) -> bool:
        """Is a way out among the words of a stretch?"""
        return (
            self.has("other", start, end)
            or self.has("undetermined", start, end)
            or (self.has("yes", start, end) and self.has("no", start, end))
        )

    def is_heading(self, start: int, end: int) -> bool:
        """Is a stretch the heading of answers and nothing else?"""
        start, end = _stripped(self.view, start, end)
        at = _HEADING_MARKS.match(self.view, start, end).end()  # type: ignore[union-attr]  # it matches always
        heading = self.at("options-heading", at)
        if heading and _HEADING_END.fullmatch(self.view, heading[1], end):
            return True
        choose = self.at("choose", start)
        return choose is not None and _CHOOSE_END.fullmatch(self.view, choose[1], end) is not None

    def is_letter_line(self, start: int, end: int) -> bool:
        """Is a stretch without a line break address, greeting or signature?"""
        first, last = _stripped(self.view, start, end)
        begins = self.at("letter-line", first)
        return begins is not None and last - begins[1] <= _GREETING and "\n" not in self.view[first:last]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is offered; `marked`: beforehand; `block`: the run of answers in which it stands, from 0."""

    start: int
    end: int
    label: str = field(repr=False)
    marked: bool
    block: int = 0


@dataclass(frozen=True)
class Written:
    """A query, taken apart. All spans are code points into the view. `blocks` is the number of runs of answers."""

    words: Words
    title: Span | None
    tells: tuple[Span, ...]
    asks: tuple[Span, ...]
    answers: tuple[Answer, ...]
    quotes: tuple[Span, ...]
    blocks: int

    @property
    def view(self) -> str:
        """The text."""
        return self.words.view

    @property
    def opens(self) -> bool:
        """Is the question an open one: asked for in words, not by yes or no?"""
        return any(self.words.has("ask", *ask) for ask in self.asks)

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


def take_apart(words: Words) -> Written:
    """The parts of a query."""
    view = words.view
    lines = list(_lines(view))
    title, used = _title(words, lines)
    answers, blocks, taken = _answers(words, [line for line in lines if line not in used])
    asks: list[Span] = []
    tells: list[Span] = []
    for start, end in _sentences(words, used, taken):
        said = view[start:end]
        if words.is_letter_line(start, end) and not re.search(r"[?\"\u201c]|\d/\d", said):
            continue
        leads_to = any(0 <= a - end < _NEXT and (said.endswith(":") or "\n" not in view[end:a]) for a, _ in taken)
        before_answers = leads_to and _leads(words, start, end)
        requests = words.within("ask", start, end)
        asks_it = said.rstrip(" *_\"'”)").endswith("?") or requests or before_answers
        if asks_it and not (words.has("not-asked", start, end) and "?" not in said):
            # "Your note of 11/03 says "discitis" - could you clarify": what stands before the question is told.
            if requests and requests[0][0] >= start + _TOLD and end - requests[0][1] > _FEW:
                tells.append((start, requests[0][0]))
                start = requests[0][0]
            asks.append((start, end))
        elif not words.is_heading(start, end):
            tells.append((start, end))
    quotes = tuple(match.span() for match in _QUOTED.finditer(view))
    return Written(words, title, tuple(tells), tuple(asks), tuple(answers), quotes, blocks)


def _leads(words: Words, start: int, end: int) -> bool:
    return any(words.has(part, start, end) for part in ("auxiliary", "ask", "question-word"))


def _stripped(view: str, start: int, end: int) -> Span:
    while start < end and view[start].isspace():
        start += 1
    while end > start and view[end - 1].isspace():
        end -= 1
    return start, end


def _lines(view: str) -> Iterator[Span]:
    at = 0
    for line in view.split("\n"):
        yield at, at + len(line)
        at += len(line) + 1


def _title(words: Words, lines: Sequence[Span]) -> tuple[Span | None, list[Span]]:
    """(the title, the lines that are nothing else)."""
    view = words.view
    filled = [line for line in lines if view[slice(*line)].strip()]
    for line in filled[:6]:
        subject = words.at("subject", _TITLE_MARKS.match(view, *line).end())  # type: ignore[union-attr]  # it matches always
        colon = _TITLE_COLON.match(view, subject[1], line[1]) if subject else None
        if colon and line[1] - colon.end() <= _SHORT and not view[slice(*line)].rstrip().endswith("?"):
            return (colon.end(), line[1]), [line]
    for line in filled[:3]:
        start, end = _bare(view, line)
        if words.is_letter_line(start, end):
            continue
        if len(filled) > 1 and start < end and (_HEAD.match(view, *line) or _is_title(words, line, start, end)):
            return line, [line]
        return None, []
    return None, []


def _bare(view: str, line: Span) -> Span:
    """A line without the marks around it."""
    start, end = line
    while start < end and view[start] in " #*_":
        start += 1
    while end > start and view[end - 1] in " #*_":
        end -= 1
    return start, end


def _is_title(words: Words, line: Span, start: int, end: int) -> bool:
    """Is a line without any mark a title: short, without a question, a verb or a date?"""
    view = words.view
    last, said = view[end - 1 : end], view[start:end]
    names_query = words.within("query-word", start, end)
    return (
        end - start <= _SHORT
        and "?" not in said[:-1]
        and last not in ("!", ",", ";", ":")
        and (last != "?" or (len(said.split()) < _FEW and not _leads(words, start, end)))
        and (last != "." or any(stop == end - 1 for _, stop in names_query))
        and not words.has("ask", start, end)
        and not _BOXED.match(view, *line)
        and not _ITEM.match(view, *line)
        and (not re.search(r"\d{1,2}/\d{1,2}", said) or bool(names_query))
        and not words.has("telling", start, end)
    )


def _sentences(words: Words, used: Sequence[Span], taken: Sequence[Span]) -> Iterator[Span]:
    """The sentences outside of the title and the answers."""
    view = words.view
    cut = sorted([*used, *taken])
    for start, end in _whole(view, sentences.split(view)):
        at = start
        for a, b in [*(span for span in cut if span[0] < end and start < span[1]), (end, end)]:
            for first, last in _by_line(words, at, max(at, a)):
                piece = view[first:last]
                if piece.strip(" \n*_#-"):
                    yield first + len(piece) - len(piece.lstrip()), first + len(piece.rstrip())
            at = max(at, b)


def _whole(view: str, cut: Iterable[Span]) -> Iterator[Span]:
    """Sentences, those joined between which a quotation or a name goes on: `"back pain, cont. cefazolin"`, "Dietitian note (P. Stroud)"."""
    quotes = [match.span() for match in _QUOTED.finditer(view)]
    held: Span | None = None
    for start, end in cut:
        goes_on = held is not None and (
            any(a < held[1] < b and a < start < b for a, b in quotes)
            or ("\n" not in view[held[1] - 1 : start] and _INITIAL.search(view, *held) is not None)
        )
        if held is not None and not goes_on:
            yield held
            held = None
        held = (held[0] if held else start, end)
    if held is not None:
        yield held


def _by_line(words: Words, start: int, end: int) -> Iterator[Span]:
    """A sentence, cut where a line begins that asks, or that begins with a label or a date: people end no sentence there."""
    view, at = words.view, start
    line = view.find("\n", start, end)
    while line >= 0:
        stop = view.find("\n", line + 1)
        stop = len(view) if stop < 0 else stop
        begins = _BULLET.match(view, line + 1).end()  # type: ignore[union-attr]  # it matches always
        asks = words.at("ask", begins) or (words.at("auxiliary", begins) and "?" in view[begins:stop])
        if asks or _LABELLED.match(view, begins):
            yield at, line
            at = line
        line = view.find("\n", line + 1, end)
    yield at, end


def _answers(words: Words, lines: Sequence[Span]) -> tuple[list[Answer], int, list[Span]]:
    """(the answers, how many runs of them, the stretches that they take)."""
    view = words.view
    found: list[Answer] = []
    taken: list[Span] = []
    # A line that offers a way out of its own closes its answers: the next such line is about another matter.
    within = asked = gap = closed = False
    first_asked: int | None = None
    block = -1
    for number, line in enumerate(lines):
        said = view[slice(*line)]
        if not said.strip():
            gap = True
            continue
        boxes = list(_BOXES.finditer(view, *line))
        bracketed = list(_BRACKETED.finditer(view, *line))
        listed = _ITEM.match(view, *line)
        marked = _BOXED.match(view, *line) or listed
        # "Other, please specify" is an answer.
        begins = _bare(view, (marked.end() if marked else line[0], line[1]))[0]
        at_once = marked or words.gives_way(begins)
        asks = "?" in said or (words.at("ask", begins) is not None if at_once else words.has("ask", *line))
        goes_on = within and not gap
        if boxes and (_BOXED.match(view, *line) or len(boxes) > 1):
            made = list(_boxed(view, line, boxes))
        elif len(bracketed) > 1 and words.offers(*line):
            # Answers in square brackets, side by side.
            made = [_answer(view, *each.span(1), marked=False) for each in bracketed]
        elif (
            listed
            and asked
            and not asks
            and (words.gives_way(begins) or not said.rstrip().endswith(":"))
            and (within or _run(words, lines, number))
        ):
            made = [_answer(view, listed.end(), line[1], marked=False)]
        elif (
            asked
            and not asks
            and not listed
            and not _is_labelled(words, line)
            and _is_bare(words, line)
            and (goes_on or _bare_run(words, lines, number))
        ):
            made = [_answer(view, *line, marked=False)]
        else:
            made = list(_in_line(words, line, asked=asked))
        gap = False
        heads = asks or said.rstrip(" *_").endswith(":") or words.is_heading(*line)
        if made:
            whole = words.offers(*line) and (len(made) > _TWO or (len(made) == _TWO and _LABEL.match(view, *line) is not None))
            block += not within or (asks and not marked) or "?" in said or (whole and closed)
            closed = whole
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
    ways_out = {answer.block for answer in found if words.gives_way(answer.start)}
    if ways_out:
        # A list without any way out, beside one that has it, is one of findings.
        found = [answer for answer in found if answer.block in ways_out]
        taken = [span for span in taken if any(span[0] <= answer.start < span[1] for answer in found)]
    return found, len({answer.block for answer in found}), taken


def _is_bare(words: Words, line: Span) -> bool:
    """Can a line without any mark be an answer?"""
    said = words.view[slice(*line)]
    return len(said) < _SHORT and not said.rstrip().endswith((".", "!")) and not words.is_letter_line(*line)


def _bare_run(words: Words, lines: Sequence[Span], number: int) -> bool:
    """Do short lines without any mark follow, one of which is "other" or "unknown": "Yes", "No", "Other", each in a line?"""
    run: list[int] = []
    for line in lines[number:]:
        start, end = _stripped(words.view, *line)
        if start == end or end - start > _SHORT // 2 or words.view[end - 1] in ".?:":
            break
        run.append(start)
    return len(run) > 1 and any(words.gives_way(start) for start in run[1:])


def _run(words: Words, lines: Sequence[Span], number: int) -> bool:
    """Do list items follow each other from a line on, behind a question or with a way out among them, so that they are no list of findings?"""
    view = words.view
    before = next((line for line in reversed(lines[:number]) if view[slice(*line)].strip()), (0, 0))
    items: list[int] = []
    for line in lines[number:]:
        item = _ITEM.match(view, *line)
        if item is None and view[slice(*line)].strip():
            break
        if item is not None:
            items.append(_bare(view, (item.end(), line[1]))[0])
    asks = "?" in view[slice(*before)] or words.has("ask", *before) or words.is_heading(*before)
    return len(items) > 1 and (asks or any(words.gives_way(start) for start in items))


def _boxed(view: str, line: Span, boxes: Sequence[re.Match[str]]) -> Iterator[Answer]:
    if len(boxes) > 1 and view[line[0] : boxes[0].start()].strip() and not view[boxes[-1].end() : line[1]].strip(" _"):
        # "Yes ( )  No ( )": each behind its answer.
        at = line[0]
        for box in boxes:
            if view[at : box.start()].strip(" _"):
                mark = box["m1"] or box["m2"] or box["m3"] or ""
                yield _answer(view, at, box.start(), marked=mark in _MARKED and bool(mark))
            at = box.end()
        return
    for number, box in enumerate(boxes):
        end = boxes[number + 1].start() if number + 1 < len(boxes) else line[1]
        mark = box["m1"] or box["m2"] or box["m3"] or ""
        if view[box.end() : end].strip(" _"):
            yield _answer(view, box.end(), end, marked=mark in _MARKED and bool(mark))


def _in_line(words: Words, line: Span, *, asked: bool) -> Iterator[Answer]:
    """Answers in one line: "Yes / No / Other / Unable to determine", "Options: A, B, other", "a) … b) …"."""
    view = words.view
    start = _first_answer(words, line, asked=asked)
    if start is None:
        return
    end = line[1]
    lettered = _lettered(view, start, end)
    if stop := _SENTENCE_END.search(view, lettered[-1].end() if len(lettered) > 1 else start, end):
        # A sentence of its own behind the answers is none of them.
        end = stop.start()
    if len(lettered) > 1:
        for number, mark in enumerate(lettered):
            yield _answer(view, mark.end(), lettered[number + 1].start() if number + 1 < len(lettered) else end, marked=False)
        return
    at = start
    for first, last in (*_separators(words, start, end), (end, end)):
        if view[at:first].strip(" ()_.[]"):
            yield _answer(view, at, first, marked=False)
        at = last


def _lettered(view: str, start: int, end: int) -> list[re.Match[str]]:
    """Letters or numbers before answers: in their order from the first, so that the initial of a name or of an organism is none."""
    found: list[re.Match[str]] = []
    for mark in _LETTERED.finditer(view, start, end):
        label = mark["label"].lower()
        if any(label == order[len(found)] for order in _ORDERS if not found or found[0]["label"].lower() == order[0]):
            found.append(mark)
        elif any(label == order[0] for order in _ORDERS):
            found = [mark]
    return found


def _separators(words: Words, start: int, end: int) -> Sequence[Span]:
    """What stands between the answers of a line: strokes, else dashes, else commas and "or"."""
    view = words.view
    strokes = [match.span() for match in _STROKES.finditer(view, start, end)]
    # "Yes/No"
    strokes += [
        match.span()
        for pair in words.within("yes-no", start, end)
        for match in _STROKE.finditer(view, *pair)
        if not any(a <= match.start() < b for a, b in strokes)
    ]
    if strokes:
        return sorted(strokes)
    if dashes := [match.span() for match in _DASHES.finditer(view, start, end)]:
        return dashes
    return sorted([*(match.span() for match in _COMMA.finditer(view, start, end)), *words.within("or", start, end)])


def _first_answer(words: Words, line: Span, *, asked: bool) -> int | None:
    """Where the answers of a line begin."""
    view = words.view
    start, end = line
    heading = words.at("options-heading", _HEADING_MARKS.match(view, *line).end())  # type: ignore[union-attr]  # it matches always
    colon = _HEADING_COLON.match(view, heading[1], end) if heading else None
    question = view.rfind("?", start, end)
    yes = words.within("yes-no", start, end)
    if colon and end > colon.end():
        return colon.end()
    if yes:
        between = view[question + 1 : yes[0][0]].strip()
        return question + 1 if 0 <= question < yes[0][0] and (not between or words.offers(question + 1, yes[0][0])) else yes[0][0]
    if question >= 0 and _offers(words, question + 1, end, 1):
        return question + 1
    if asked and end - start < _LONG and _offers(words, start, end, 2):
        return start
    if asked and end - start < _LONG and (label := _is_labelled(words, line)):
        return label
    if requests := words.within("ask", start, end):
        after = view.find(":", requests[-1][1], end)
        if after >= 0 and _offers(words, after + 1, end, 1):
            return after + 1
    for begins in (requests[0][1] if requests else start, start):
        letters = _lettered(view, begins, end)
        if len(letters) > 1 and words.offers(letters[0].start(), end):
            return letters[0].start()
    return None


def _is_labelled(words: Words, line: Span) -> int | None:
    """Where the answers of a line begin that says what they are of: "Type: systolic / unable to determine"."""
    label = _LABEL.match(words.view, *line)
    return label.end() if label and _offers(words, label.end(), line[1], 1) else None


def _offers(words: Words, start: int, end: int, least: int) -> bool:
    """Does a stretch offer answers between strokes, one of them a way out?"""
    return len(_OFFERED.findall(words.view, start, end)) >= least and words.offers(start, end)


def _answer(view: str, start: int, end: int, *, marked: bool) -> Answer:
    while start < end and view[start] in " *_[(":
        start += 1
    words = view[start:end]
    end = start + len(words.rstrip(" *_)]"))
    return Answer(start, end, _BLANKS.sub("", view[start:end]).strip(), marked)
