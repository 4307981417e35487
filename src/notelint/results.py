"""What the words beside a test or a study say of it: value, status, quantity, date; and what a box or a template slot says.

ConText can not say these: a result that reads "negative" is a value, and "sent" or "declined" tell of the test, not of the patient.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Literal

from notelint import needs, tables
from notelint.library import Library
from notelint.note import BLANK_LINE
from notelint.packs import Result, Status
from notelint.reading import Mention, Reading
from notelint.scan import Scan, Scanner, Tokens
from notelint.values import Dated, Measured, Range, bounds, dates, quantities, ranges, unit_in

_CROSS = re.compile(r"[xX✓✔√✗•●+*]|[\[(]\s*[xX✓✔]\s*[\])]|[☑☒✅]")
_CROSS_ALONE = re.compile(rf"(?<!\w)(?:{_CROSS.pattern})(?!\w)")
_PAIRS = (("yes", "no"), ("y", "n"), ("present", "absent"), ("positive", "negative"), ("pos", "neg"), ("+", "-"))
"""Heads of two columns between which a row has its cross."""
BOXED = frozenset({"test", "study"})
"""Kinds of which an open box or slot says something: that the test was not filled in. Of all others it says nothing."""

_FLAGS = re.IGNORECASE | re.VERBOSE
_STATUS_ORDER: tuple[Status, ...] = ("declined", "not-done", "pending", "ordered")
_COORDINATED = re.compile(
    r"\s*(?:(?:x\s?\d|\(x?\d\))\s*)?(?:,|/|&|\+|and|or|nor|,\s*and|as\s+well\s+as)\s*(?:the\s+|an?\s+|both\s+)?"
    r"(?:(?:subsequent|later|first|second|repeat|urine)\s+)?"
    r"(?:(?:ct|image|fluoro\w*)[-\s]guided\s+|(?:dis[ck]|bone|tissue|vertebral|needle|core|biopsy|bx|aspirate|wound|operative)\s+){0,4}$",
    re.IGNORECASE,
)
# Of "no need for a biopsy given positive blood cultures", the denial is not of the cultures.
_DETACHED = re.compile(r"[;:]|\s{3,}|,(?!\s*(?:and\b|(?-i:[A-Z0-9-]+)\b,?))|\b(?:given|because|since|due)\b", re.IGNORECASE)
# Leaders ("HLA-B27 ..... pos") and, in the row of a test, the gaps between columns are no ends.
_FIRM_STOP = re.compile(r"(?:;|(?<!\.)\.)\s|\n|(?<!\.)[ ]{3,}(?!\.)")
_ROW_STOP = re.compile(r"(?:;|(?<!\.)\.)\s|\n")
_ROW_HEAD = re.compile(r"[ ]*(?:[-*\u2022>|#]+[ ]*)?(?:[\d/.:-]{3,10}[ ]*)?(?:[-|][ ]*)?")
_REFERENCE = re.compile(
    r"(?:(?:normal|ref\w*\.?|lab)?[ ]*(?:reference|ref\.?|range|interval|limits?|normal|r\.?i\.?)|(?:normal|ref\w*\.?)[ ]*values?)(?:[ ]*\([^)]*\))?",
    re.IGNORECASE,
)
_UNITS = re.compile(r"units?(?:[ ]+of[ ]+measure)?|uom", re.IGNORECASE)
_NEITHER = re.compile(r"\bneither\s+(?:the\s+|an?\s+|his\s+|her\s+)?$", re.IGNORECASE)
# "no MRI evidence of discitis": the study was done
_EVIDENCE = re.compile(r"\s+(?:evidence|findings?|signs?|features?|correlate|stigmata|support)\b", re.IGNORECASE)
_NOR = re.compile(r"\s+nor\b", re.IGNORECASE)
_OPPOSITE = {"high": "normal", "positive": "negative"}
_LIMITS = re.compile(
    r"\b(?:upper\s+limits?|limits?|normal|ref\w*\.?|cut-?offs?)(?:\s+of\s+normal)?\s*[:=]?\s*<?\s*(?P<first>\d+(?:\.\d+)?)\s*(?:and|,|/)\s*<?\s*(?P<second>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_HEAD = re.compile(r"[ ]*(?:[-*\u2022>#]+[ ]*)?(?P<head>[A-Za-z][^.:;\n|]{0,48}):(?=[ ]|\n)")
_NOTHING_AFTER = re.compile(r"[ ]*[:=][ ]*(?=\n|$|[ ]{3,}[A-Z])")
# "with 91% neutrophils, ESR 79": what is counted has its number before it.
_COUNTED = re.compile(r"\d\s*%\s*$")
_COUNT = 8
_UNIT = 10
"""So many characters behind a number or a range its unit may stand."""
# "never above 15", "a threshold of 10", "goal CRP < 10": no result.
_NO_RESULT = re.compile(r"\b(?:never|threshold|cut-?off|not\s+exceeded|goal|target)\b", re.IGNORECASE)
_GOAL = re.compile(r"\b(?:goal|target|aim(?:ing)?\s+for(?:\s+an?)?)\s+$", re.IGNORECASE)
# The bracket that holds a test, as far as to the test.
_BRACKET = re.compile(r"[(\[][^()\[\]\n]{0,120}$")
_CHAINED = re.compile(r"(?:\s+(?:[\w/-]+\s*){1,3})??\s*(?:,|/|&|\+|and|,\s*and)\s*(?:an?\s+|the\s+)?", re.IGNORECASE)
_EMPTY_CELLS = re.compile(r"[ ]*\|(?:[ ]*\|)+[ ]*$", re.MULTILINE)
# "It came back negative.", "Both grew MSSA.", "She did not attend."
_ANAPHOR = re.compile(
    r"(?:(?:it|this|that|both|they|these|all|either|the\s+(?:results?|tests?|levels?|lab|laboratory))\s+(?:\w+\s+)?(?:was|were|is|are|came|grew|has|have|will|returned|showed|remain\w*|resulted)"
    r"|(?:he|she|they|(?:the\s+)?(?:patient|pt))\s+(?:did\s+not\s+(?:attend|come|show|go)|no-?showed"
    r"|(?:declined|refused|missed)(?=\s*(?:$|[.;])|\s+(?:it|this|that|both|the\s+(?:tests?|draw|scan|study|blood\s*\w*|labs?|appointment)|to\s+have\s+it)\b)))\b"
    r"(?!\s+(?:explained|decided|felt|thought|discussed|agreed|recommended|advised|noted|clear|important))(?![^.;\n]{0,60}\b(?:brother|sister|mother|father|son|daughter|cousin)\b)",
    re.IGNORECASE,
)
_RESULT_SAID = re.compile(r"\b(?:positive|negative|normal|elevated|high|raised|pending|grew|no\s+growth)\b", re.IGNORECASE)
_ITEM_MARK = re.compile(r"[ ]*(?:[-*\u2022>]+|\d{1,2}[.)])[ ]+(?:(?:repeat|get|order|obtain|urgent|stat|new)[ ]+)?", re.IGNORECASE)
_NEAR = 240
"""So many characters away a box, a slot or a date may still belong to a test."""
_PAIR = re.compile(r"[\s:=]*(?:(?:were|was|are|of)\s+)?(?P<first>\d+(?:\.\d+)?)\s*/\s*(?P<second>\d+(?:\.\d+)?)(?![\d/])")
_PAIR_BEHIND = re.compile(r"(?:\(|\bat|\bof|[:=])\s*(?P<first>\d+(?:\.\d+)?)\s*/\s*(?P<second>\d+(?:\.\d+)?)(?![\d/])")
_DATED = re.compile(r"[,;\s]*\(?\d{1,2}/\d{1,2}(?:/\d{2,4})?\)?\s*[:=]?\s*")
_TREND = re.compile(
    r"->|=>|>|\b(?:most\s+recent|latest|today|current\w*|to|from|then|was|down|up|now|rose|fell|previous\w*|fall\w*|rise\w*|peak\w*|admission)\b",
    re.IGNORECASE,
)
_YEAR_ALONE = len("2019")
_BOTH = re.compile(r"\b(?:both|all)\b", re.IGNORECASE)
# What dates a disease dates no test: "AS diagnosed in 2011, CRP 12".
_ONSET = re.compile(r"\b(?:dx'?e?d?|diagnos\w+|since|onset|began|started|hx|history)\b[^,;.]{0,16}$", re.IGNORECASE)
_THEN = re.compile(r"\bat\s+(?:that|the)\s+time\b|\bat\s+(?:diagnosis|onset|presentation)\b", re.IGNORECASE)
_ON = re.compile(r"(?:^|[\s(])(?:on|in|as\s+of|by)\s+$", re.IGNORECASE)
_ON_NEXT = re.compile(r"(?:[;,.]|\band|\bbut)\s+(?:on|in|as\s+of|by)\s+$", re.IGNORECASE)
_LEADS_TO = re.compile(r"[\s,:]*(?:(?:the|his|her|its|it|they|this|repeat|was|were|had|fallen|risen|to|at)\s+)*", re.IGNORECASE)
# Said once behind several tests, and meant of all: "CRP 34, ESR 51, dated 04/22/2026".
_DATES_ALL = re.compile(r"\b(?:on|dated|from|both)\b[^.;]{0,24}$", re.IGNORECASE)
_LABEL_END = re.compile(r"[ ]*(?:\([^()\n]*\))?[ ]*[:=.]*[ ]*")


Answer = Literal["yes", "no", "open"]


class Words:
    """The words that give tests their value and status, ready to be looked for; made once for a library."""

    def __init__(self, library: Library) -> None:
        self.results = library.results
        self._scanner = Scanner.of(library.pieces, self.results)
        vocabularies = library.vocabularies
        self.placeholder = _any(pattern for v in vocabularies for pattern in v.placeholders)
        self.ticked = _any(pattern for v in vocabularies for pattern in v.ticked)
        self.unticked = _any(pattern for v in vocabularies for pattern in v.unticked)
        self._gate = library.pieces.patterns
        self._boxes = {self._gate.add(needs.of_pattern(box)) for v in vocabularies for box in (*v.ticked, *v.unticked)}
        box = f"(?:{self.ticked.pattern}|{self.unticked.pattern})"
        self._boxed_side = re.compile(rf"(?P<box>{box}) [ ]* (?P<side>left|right|both|bilateral|l|r)\b", _FLAGS)
        word = r"(?:yes|no|y|n|present|absent|pos|neg|positive|negative)\b"
        self.options = re.compile(
            rf"""(?:(?!(?<!\.)[.;!]\s)[^\n\[\]☐☑☒☓✓✗(]){{0,60}}? (?: (?:\([^()\n\[]{{2,20}}\))? [\s.:_-]* )
            (?: (?P<box1>{box}) [ ]* (?P<word1>{word}) [ ]* (?P<box2>{box}) [ ]* (?P<word2>{word})
            | \b(?P<word3>{word}) [ ]* :? [ ]* (?P<box3>{box}) [ ]* (?P<word4>{word}) [ ]* :? [ ]* (?P<box4>{box}) )""",
            _FLAGS,
        )

    def boxed_sides(self, view: str, start: int, end: int) -> list[tuple[int, str]]:
        """(place, side) of the ticked boxes before the name of a side: "[ ] R  [x] L  [ ] both"."""
        names = {"l": "left", "left": "left", "r": "right", "right": "right"}
        hits = self._boxed_side.finditer(view, start, end)
        return [(m.start("side"), names.get(m["side"].lower(), "bilateral")) for m in hits if self.ticked.fullmatch(m["box"])]

    def has_boxes(self, tokens: Tokens) -> bool:
        """Stands any box in a text?"""
        if self._boxes.isdisjoint(tokens.possible(self._gate)):
            return False
        return any(box.search(tokens.view) for box in (self.ticked, self.unticked))

    @staticmethod
    def is_yes(word: str) -> bool:
        """Is the word of an option a yes?"""
        return word.lower() in ("yes", "y", "present", "pos", "positive")

    def on(self, tokens: Tokens) -> Scan:
        """The scan of one note."""
        return self._scanner.on(tokens)

    def find(self, scan: Scan, start: int, end: int, of: str) -> list[tuple[int, int, Result]]:
        """(start, end, result) in a stretch of the note, of the kind of test named, longest of overlapping ones, left to right."""
        found = [(a, b, self.results[n]) for a, b, n in scan.find(start, end)]
        fitting = sorted((hit for hit in found if of in hit[2].of), key=lambda hit: (hit[0] - hit[1], hit[0]))
        kept: list[tuple[int, int, Result]] = []
        for hit in fitting:
            if not any(hit[0] < other[1] and other[0] < hit[1] for other in kept):
                kept.append(hit)
        return sorted(kept, key=lambda hit: hit[0])


def _any(patterns: Iterable[str]) -> re.Pattern[str]:
    joined = "|".join(f"(?:{pattern}\n)" for pattern in patterns)
    return re.compile(joined or r"(?!)", _FLAGS)


@dataclass(frozen=True, slots=True)
class Tested:
    """What the words beside a test say of it."""

    status: Status | None = None
    value: str | None = None
    measured: tuple[Measured, ...] = ()
    flags: tuple[str | None, ...] = ()
    dates: tuple[str | None, ...] = ()
    extent: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands behind a group of tests that share it: up to `end`, with the dates and reference ranges in it."""

    group: Sequence[Mention]
    position: int
    end: int
    dates: Sequence[Dated]
    ranges: Sequence[Range]

    @property
    def skipped(self) -> list[tuple[int, int]]:
        return [(d.start, d.end) for d in self.dates] + [(r.start, r.end) for r in self.ranges]


@dataclass(frozen=True)
class Results:
    """The results in one note."""

    reading: Reading
    words: Words
    date_of_service: date | None
    _known_ranges: dict[str, list[Range]] = field(default_factory=dict, repr=False)
    _known_tests: dict[tuple[int, int, str], Tested] = field(default_factory=dict, repr=False)
    _known_answers: dict[tuple[int, int], tuple[Answer, tuple[int, int]] | None] = field(default_factory=dict, repr=False)

    # ------------------------------------------------------------------------------------------------ boxes and slots

    def answered(self, mention: Mention) -> tuple[Answer, tuple[int, int]] | None:
        """The answer that boxes or columns give to a mention, and its place: "Fever: [ ] Y  [x] N", or a cross in the column NO."""
        if not self._has_boxes and not self._has_columns:
            return None
        place = (mention.start, mention.end)
        if place not in self._known_answers:
            self._known_answers[place] = self._answered(mention)
        return self._known_answers[place]

    def _answered(self, mention: Mention) -> tuple[Answer, tuple[int, int]] | None:
        view = self.reading.view
        row = tables.line_at(view, mention.start)
        if row[1] - row[0] > _NEAR:
            row = (max(row[0], mention.start - _NEAR), min(row[1], mention.end + _NEAR))
        found = self.words.options.match(view, mention.end, row[1]) if self._has_boxes else None
        if found:
            chosen = {
                self.words.is_yes(found[word]): bool(self.words.ticked.fullmatch(found[box]))
                for word, box in (("word1", "box1"), ("word2", "box2"), ("word3", "box3"), ("word4", "box4"))
                if found[word]
            }
            if len(chosen) == 2:
                told: Answer = "open" if chosen[True] == chosen[False] else "yes" if chosen[True] else "no"
                return told, found.span()
        return self._answered_by_column(mention, row)

    def _answered_by_column(self, mention: Mention, row: tuple[int, int]) -> tuple[Answer, tuple[int, int]] | None:
        view = self.reading.view
        if not tables.has_cells(view, row):
            return None
        crosses = [c for c in tables.cells(view, row) if c[0] >= mention.end and _CROSS.fullmatch(view, *c)]
        if len(crosses) != 1:
            return None
        for header in tables.above(view, row):
            columns = {view[a:b].strip(" *_").lower(): (a, b) for a, b in tables.cells(view, header)}
            pair = next(((yes, no) for yes, no in _PAIRS if yes in columns and no in columns), None)
            if pair:
                for word, told in zip(pair, ("yes", "no"), strict=True):
                    if tables.in_column(view, header, columns[word], row) == crosses[0]:
                        return told, crosses[0]  # type: ignore[return-value]
                return None
        return None

    def slot(self, mention: Mention) -> Literal["ticked", "unfilled"] | None:
        """What a box or a template slot at a mention says."""
        view = self.reading.view
        # A line may be a whole note; boxes and slots that belong to a mention stand near it.
        line_start = max(view.rfind("\n", 0, mention.start) + 1, mention.start - _NEAR)
        line_end = view.find("\n", mention.end, mention.end + _NEAR)
        line_end = min(len(view), mention.end + _NEAR) if line_end < 0 else line_end
        line = view[line_start:line_end] if self._has_boxes else ""
        if line and (self.words.unticked.search(line) or self.words.ticked.search(line)):
            before = view[max(line_start, mention.start - 8) : mention.start]
            after = view[mention.end : min(line_end, mention.end + 24)]
            rest = view[mention.end : line_end]
            if mention.concept.kind in BOXED and self._open_choice.match(rest) and not self.words.ticked.search(rest):
                return "unfilled"
            if self._boxes_first(line):
                if re.search(f"(?:{self.words.unticked.pattern})[ ]*$", before, _FLAGS):
                    return "unfilled"
                if re.search(f"(?:{self.words.ticked.pattern})[ ]*$", before, _FLAGS):
                    return "ticked"
            else:
                label = re.match(r"[ ]*(?:[>~<=]*\s*\d+\s*\w+|w/\s*\w+)?[ ]*:?[ ]*", after)
                at = label.end() if label else 0
                if self.words.unticked.match(after, at):
                    return "unfilled"
                if self.words.ticked.match(after, at):
                    return "ticked"
        label_end = _LABEL_END.match(view, mention.end, line_end)
        at = label_end.end() if label_end else mention.end
        if self.words.placeholder.match(view, at, line_end):
            return "unfilled"
        if mention.concept.kind in BOXED and _EMPTY_CELLS.match(view, mention.end, line_end):
            return "unfilled"
        if mention.concept.kind in BOXED and _NOTHING_AFTER.match(view, mention.end, line_end):
            following = view[line_end + 1 : line_end + 3]
            if not following.strip() or view[line_end + 1 : line_end + 2].strip() or "   " in view[mention.end : line_end]:
                return "unfilled"
        return None

    def _boxes_first(self, line: str) -> bool:
        """Do the boxes of a line stand before their labels? They do when the first box follows no label of its own."""
        boxes = [m for m in (self.words.ticked.search(line), self.words.unticked.search(line)) if m]
        first = min(box.start() for box in boxes)
        last = max([m.end() for m in self.words.ticked.finditer(line)] + [m.end() for m in self.words.unticked.finditer(line)])
        head = re.sub(r"^.*:", "", line[:first]).strip(" -*\t")
        return not head or (bool(line[last:].strip(" .")) and not line[:first].strip())

    # ------------------------------------------------------------------------------------------------ results

    @cached_property
    def _scan(self) -> Scan:
        return self.words.on(self.reading.tokens)

    @cached_property
    def _has_columns(self) -> bool:
        """Is there any cross that may stand in a column?"""
        view = self.reading.view
        return tables.has_cells(view, (0, len(view))) and _CROSS_ALONE.search(view) is not None

    @cached_property
    def _has_boxes(self) -> bool:
        return self.words.has_boxes(self.reading.tokens)

    @cached_property
    def _open_choice(self) -> re.Pattern[str]:
        """A label's end and an open box: ": [ ] positive  [ ] negative"."""
        return re.compile(rf"[ ]* [:?=]? [ ]* (?:{self.words.unticked.pattern}) [ ]* [a-z+]", _FLAGS)

    @cached_property
    def _groups(self) -> dict[int, tuple[list[Mention], int]]:
        """{start of a test or study: (tests that share what follows, position)}: "ESR and CRP were 45 and 12"."""
        groups: dict[int, tuple[list[Mention], int]] = {}
        current: list[Mention] = []
        for mention in [m for m in self.reading.mentions if m.concept.kind in BOXED]:
            joined = (
                current
                and current[-1].sentence == mention.sentence
                and current[-1].concept.key != mention.concept.key
                and _COORDINATED.fullmatch(self.reading.view[current[-1].end : mention.start])
                and not _COUNTED.search(self.reading.view, max(0, current[-1].start - _COUNT), current[-1].start)
            )
            if joined and current[-1].concept.kind == mention.concept.kind:
                current.append(mention)
            else:
                current = [mention]
            groups[mention.start] = (current, len(current) - 1)
        return groups

    def tested(self, mention: Mention) -> Tested:
        """What the words beside a test or study say: its value, status and date."""
        # An image is asked for by each of its findings.
        key = (mention.start, mention.end, mention.concept.key)
        if key not in self._known_tests:
            self._known_tests[key] = self._tested(mention)
        return self._known_tests[key]

    def _tested(self, mention: Mention) -> Tested:
        if self.slot(mention) == "unfilled":
            return Tested(status="unfilled")
        group, position = self._groups.get(mention.start, ([mention], 0))
        end = self._after(group[-1])
        around = _Around(
            group, position, end,
            dates(self.reading.view, group[-1].end, end, day_of_service=self.date_of_service),
            self._reference(mention) or ranges(self.reading.view, group[-1].end, end),
        )  # fmt: skip
        of = "imaging" if mention.concept.kind == "study" else (mention.concept.result or "qualitative")
        hits = self._hits(around, of)
        measured = self._measured(mention, around) if of == "quantity" else []
        if measured:
            return self._quantified(mention, around, measured, hits)
        if not hits and (listed := self._column(mention, of)):
            return listed
        grown = self._grown(group[-1].end, end) if of == "culture" else None
        said = self._said(hits, grown)
        if said is not None:
            start, stop, value, status = said
            ends = max(mention.end, stop)
            dated = self._date(mention, ends if value else mention.end, around)
            covered = [d.end for d in around.dates if value and d.iso == dated and d.start - ends < 24]
            return Tested(status, value, dates=(dated,), extent=(min(mention.start, start), max([ends, *covered])))
        section = self.reading.section_at(mention.start)
        untold = section.rule.untold if section is not None and section.rule is not None else None
        if untold and (mention.concept.kind == "test" or self.slot(mention) == "ticked" or self._heads_item(mention)):
            return Tested(untold, dates=(None,))
        return Tested(dates=(self._date(mention, mention.end, around),))

    def _heads_item(self, mention: Mention) -> bool:
        """Does a list item begin with a mention: "1. MRI whole spine"?"""
        start, _ = tables.line_at(self.reading.view, mention.start)
        return mention.start - start < _NEAR and _ITEM_MARK.fullmatch(self.reading.view, start, mention.start) is not None

    def _hits(self, around: "_Around", of: str) -> list[tuple[int, int, Result]]:
        """The result words that belong to a group of tests: those behind it, else those before it."""
        first, last, view = around.group[0], around.group[-1], self.reading.view
        boxed = self._boxed_result(last.end, around.end, of)
        if boxed:
            return [boxed]
        skip = around.skipped
        behind_it = bisect_left(self._boxed_starts, around.end)
        following = self._boxed[behind_it] if behind_it < len(self._boxed) else None
        following = following if following is not None and following.sentence == last.sentence else None
        behind = []
        for hit in self.words.find(self._scan, last.end, around.end, of):
            # "ESR 20 and elevated CRP": a word that can stand before a test, and does, is of that one.
            leads = hit[2].before and "," not in view[hit[1] : around.end]
            leads = leads and following is not None and following.start == around.end and self._attached(hit, following)
            if not _inside(hit, skip) and not (leads and re.search(r"[,;]|\b(?:and|will|but)\b", view[last.end : hit[0]])):
                behind.append(hit)
        begin, previous = self._before(first)
        ahead = [h for h in self.words.find(self._scan, begin, first.start, of) if h[2].before and self._attached(h, first)]
        ahead = [h for h in ahead if not (previous and not view[begin : h[0]].strip(" :=-."))]
        if of == "imaging" and _EVIDENCE.match(view, last.end):
            ahead = [h for h in ahead if h[2].status != "not-done"]
        if behind and ahead and self._leads(ahead, behind, last.end):
            return ahead
        if behind:
            neither = _NEITHER.search(view, max(0, first.start - 24), first.start)
            both = neither and (len(around.group) > 1 or _NOR.match(view, last.end))
            return [_opposed(hit) for hit in behind] if both else behind
        if (headed := self._headed(first, of) or self._bracketed(first, of)) is not None:
            return [headed]
        return ahead or self._chained(first, of)

    def _leads(self, ahead: Sequence[tuple[int, int, Result]], behind: Sequence[tuple[int, int, Result]], end: int) -> bool:
        """Do the words before a test count more than those behind: "refused CRP draw today", "positive for HLA-B27; never treated"?"""
        if any(h[2].status in ("declined", "not-done") for h in ahead):
            return not any(h[2].value for h in behind)
        return any(h[2].value for h in ahead) and ";" in self.reading.view[end : behind[0][0]]

    def _headed(self, mention: Mention, of: str) -> tuple[int, int, Result] | None:
        """The result that the head of a list gives to all in it: "Raised: CRP, ferritin", "Pending: HLA-B27"."""
        start, _ = self.reading.sentences[mention.sentence]
        head = _HEAD.match(self.reading.view, start, mention.start)
        if head is None or any(start <= m.start < head.end() for m in self._beside(mention)):
            return None
        hits = self.words.find(self._scan, head.start("head"), head.end("head"), of)
        return hits[0] if len(hits) == 1 else None

    def _chained(self, mention: Mention, of: str) -> list[tuple[int, int, Result]]:
        """What is said before the first of several tests and studies: "will obtain XR pelvis and HLA-B27"."""
        view, begin = self.reading.view, mention
        start, _ = self.reading.sentences[mention.sentence]
        for earlier in reversed(self._beside(mention)):
            if not _CHAINED.fullmatch(view, earlier.end, begin.start):
                return []
            hits = [h for h in self.words.find(self._scan, start, earlier.start, of) if h[2].before and h[2].status]
            if hits and self._attached(hits[-1], earlier):
                return hits[-1:]
            begin = earlier
        return []

    def _bracketed(self, mention: Mention, of: str) -> tuple[int, int, Result] | None:
        """The result just before the bracket in which a test stands: "markedly elevated (CRP 264 mg/L, ESR 104 mm/h)"."""
        start, _ = self.reading.sentences[mention.sentence]
        bracket = _BRACKET.search(self.reading.view, max(start, mention.start - _NEAR), mention.start)
        if bracket is None:
            return None
        hits = [h for h in self.words.find(self._scan, max(start, bracket.start() - _NEAR), bracket.start(), of) if h[2].value]
        return hits[-1] if hits and not self.reading.view[hits[-1][1] : bracket.start()].strip() else None

    def _beside(self, mention: Mention) -> list[Mention]:
        """The tests and studies of a mention's sentence that stand before it."""
        start, _ = self.reading.sentences[mention.sentence]
        return self._boxed[bisect_left(self._boxed_starts, start) : bisect_left(self._boxed_starts, mention.start)]

    def _column(self, mention: Mention, of: str) -> Tested | None:
        """The results in the column below a test that stands in the header of a table, each with the date of its row."""
        view, concept = self.reading.view, mention.concept
        header = tables.line_at(view, mention.start)
        columns = tables.cells(view, header)
        if len(columns) < 2 or any(re.fullmatch(r"[<>]?\d+(?:\.\d+)?", view[a:b]) for a, b in columns):
            return None
        cell = next((c for c in columns if c[0] <= mention.start < c[1]), None)
        if cell is None:
            return None
        measured: list[Measured] = []
        flags: list[str | None] = []
        when: list[str | None] = []
        words: list[tuple[int, int, Result, str | None]] = []
        factor = unit_in(view[mention.end : cell[1]], concept.units) if of == "quantity" else None
        for row in tables.below(view, header):
            if len(tables.cells(view, row)) < 2 or any(row[0] <= m.start < row[1] for m in self._boxed_near(row)):
                break
            found = tables.in_column(view, header, cell, row)
            if found is None:
                continue
            days = dates(view, row[0], row[1], day_of_service=self.date_of_service)
            day = days[0].iso or None if days else None
            hits = self.words.find(self._scan, *found, of)
            if of == "quantity":
                for one in list(quantities(view, *found, unit=concept.unit, units=concept.units, skip=()))[:1]:
                    measured.append(one if one.quantity.unit or factor is None else _in_unit(one, concept.unit, factor))
                    flags.append(next((h[2].value for h in hits if h[2].value), None))
                    when.append(day)
            elif hits:
                words.append((*hits[0], day))
        if measured:
            return Tested("resulted", None, tuple(measured), tuple(flags), tuple(when), (mention.start, measured[-1].end))
        if words:
            _, end, result, day = words[0]
            status: Status = "resulted" if result.value else (result.status or "resulted")
            return Tested(status, result.value, dates=(day,), extent=(mention.start, end))
        return None

    def _boxed_near(self, span: tuple[int, int]) -> list[Mention]:
        return self._boxed[bisect_left(self._boxed_starts, span[0]) : bisect_left(self._boxed_starts, span[1])]

    @staticmethod
    def _said(hits: Sequence[tuple[int, int, Result]], grown: int | None) -> tuple[int, int, str | None, Status] | None:
        """(start, end, value, status): the value where one is told, else the status that says most."""
        value = next((h for h in hits if h[2].value), None)
        states = [h for h in hits if h[2].status and (value is None or h[0] < value[0])]
        if grown is not None and (value is None or value[2].value != "negative" or grown <= value[0]):
            return grown, grown, "positive", "resulted"
        resulted = next((h for h in hits if h[2].status == "resulted"), None)
        if value is not None and not any(h[2].status in ("declined", "not-done") for h in states):
            return value[0], value[1], value[2].value, "resulted"
        if resulted is not None and not any(h[0] < resulted[0] for h in states):
            return resulted[0], resulted[1], None, "resulted"
        status = min((h for h in states if h[2].status in _STATUS_ORDER), key=lambda h: _STATUS_ORDER.index(h[2].status), default=None)
        found = status or resulted
        return (found[0], found[1], None, found[2].status) if found and found[2].status else None

    def _quantified(
        self, mention: Mention, around: "_Around", measured: Sequence[Measured], hits: Sequence[tuple[int, int, Result]]
    ) -> Tested:
        known = around.ranges or self._ranges_elsewhere(mention)
        if len(around.group) > 1 and (limits := _LIMITS.search(self.reading.view, around.group[-1].end, around.end)):
            numbers = [float(limits[name]) for name in ("first", "second")]
            if around.position < len(numbers):
                known = [Range(limits.start(), limits.end(), None, numbers[around.position])]
                around = replace(around, ranges=known)
        flags = self._stated_flags(measured, hits, around.ranges, around.end, shared=len(around.group) > 1)
        flags = [flag or next((r.flag(m) for r in known), None) for flag, m in zip(flags, measured, strict=True)]
        bounds = [*(m.start for m in measured[1:]), around.end]
        since = [0, *(m.end for m in measured)]
        dated = [
            self._column_date(mention, m) or self._date(mention, m.end, around, since=s, begin=m.start, next_start=n)
            for m, s, n in zip(measured, since, bounds, strict=False)
        ]
        last = max([m.end for m in measured] + [r.end for r in around.ranges] + [h[1] for h in hits if h[0] >= mention.end])
        return Tested("resulted", None, tuple(measured), tuple(flags), tuple(dated), (mention.start, max(mention.end, last)))

    def _reference(self, mention: Mention) -> list[Range]:
        """The reference range that stands in the row of a test, in a column whose header says that it is one."""
        cell = self._cell_under(mention, _REFERENCE)
        return [found] if cell and (found := bounds(self.reading.view, *cell)) else []

    def _cell_under(self, mention: Mention, head: re.Pattern[str]) -> tuple[int, int] | None:
        """The cell in the row of a test that stands in the column with such a header."""
        view = self.reading.view
        row = tables.line_at(view, mention.start)
        if row[1] - row[0] > tables.WIDE or mention.concept.result != "quantity" or not self._leads_row(mention):
            return None
        if len(tables.cells(view, row)) < 2:
            return None
        for header in tables.above(view, row):
            named = next((c for c in tables.cells(view, header) if head.fullmatch(view, *c)), None)
            if named is not None:
                return tables.in_column(view, header, named, row)
        return None

    def _column_date(self, mention: Mention, measured: Measured) -> str | None:
        """The date in the header of the column in which a number of a test's row stands."""
        view = self.reading.view
        row = tables.line_at(view, mention.start)
        if measured.start >= row[1] or row[1] - row[0] > tables.WIDE or len(tables.cells(view, row)) < 2:
            return None
        for header in tables.above(view, row):
            days = dates(view, *header, day_of_service=self.date_of_service)
            if len(days) >= 2:
                values = [c for c in tables.cells(view, row) if c[0] >= mention.end]
                by_order = len(values) == len(days)
                for number, day in enumerate(days):
                    cell = values[number] if by_order else tables.in_column(view, header, (day.start, day.end), row)
                    if cell and cell[0] <= measured.start < cell[1]:
                        return day.iso or None
                return None
        return None

    @cached_property
    def _boxed(self) -> list[Mention]:
        return [m for m in self.reading.mentions if m.concept.kind in BOXED]

    @cached_property
    def _boxed_starts(self) -> list[int]:
        return [m.start for m in self._boxed]

    def _neighbour(self, mention: Mention, step: Literal[-1, 1]) -> Mention | None:
        """The next test or study before or behind a mention in its sentence."""
        index = bisect_left(self._boxed_starts, mention.start) if step < 0 else bisect_left(self._boxed_starts, mention.end)
        index += step if step < 0 else 0
        other = self._boxed[index] if 0 <= index < len(self._boxed) else None
        return other if other is not None and other.sentence == mention.sentence else None

    def _after(self, mention: Mention) -> int:
        """Where the words that belong to a test end: at the next test or study, or with the sentence."""
        _, end = self.reading.sentences[mention.sentence]
        following = self._neighbour(mention, 1)
        if following is None and (told := self._told_next(mention)) is not None:
            return told
        bound = following.start if following else end
        firm = _ROW_STOP if self._leads_row(mention) else _FIRM_STOP
        stop = firm.search(self.reading.view, mention.end, end) if mention.concept.result != "quantity" else None
        if stop and self.reading.view[mention.end : stop.start()].strip(" :=."):
            bound = min(bound, stop.start())
        return bound

    def _told_next(self, mention: Mention) -> int | None:
        """The end of the next sentence where that tells the result: "We sent HLA-B27 last month. It came back negative." """
        if mention.sentence + 1 >= len(self.reading.sentences):
            return None
        end = self.reading.sentences[mention.sentence][1]
        first, last = self.reading.sentences[mention.sentence + 1]
        between = self.reading.view[end:first]
        if BLANK_LINE.search(between) or self._boxed_near((first, last)) or _RESULT_SAID.search(self.reading.view, mention.end, end):
            return None
        if mention.concept.result == "quantity" and re.search(r"\d", self.reading.view[mention.end : end]):
            return None
        return last if _ANAPHOR.match(self.reading.view, first, last) else None

    def _leads_row(self, mention: Mention) -> bool:
        """Is a test the first thing on its line, or behind nothing but a date?"""
        start, _ = tables.line_at(self.reading.view, mention.start)
        return mention.start - start < _NEAR and _ROW_HEAD.fullmatch(self.reading.view, start, mention.start) is not None

    def _before(self, mention: Mention) -> tuple[int, bool]:
        """(where the words before a test that may be of it begin, whether another test stands there)."""
        earlier = self._neighbour(mention, -1)
        start, _ = self.reading.sentences[mention.sentence]
        return (earlier.end, True) if earlier else (start, False)

    def _attached(self, hit: tuple[int, int, Result], mention: Mention) -> bool:
        between = self.reading.view[hit[1] : mention.start]
        limit = 8 if hit[2].status else 3
        return len(between.split()) <= limit and not _DETACHED.search(between)

    def _boxed_result(self, start: int, end: int, of: str) -> tuple[int, int, Result] | None:
        """The ticked one of several boxed results: "pos [x]  neg [ ]"."""
        view = self.reading.view
        line_end = view.find("\n", start, start + _NEAR)
        end = max(end, line_end if line_end > 0 else min(len(view), start + _NEAR))
        if not self._has_boxes or not (self.words.ticked.search(view, start, end) or self.words.unticked.search(view, start, end)):
            return None
        hits = self.words.find(self._scan, start, end, of)
        for hit in hits:
            after = re.compile(r"[ ]*").match(view, hit[1])
            if after and self.words.ticked.match(view, after.end()) and not self._boxes_first(view[start:end]):
                return hit
            if self._boxes_first(view[start:end]) and re.search(
                f"(?:{self.words.ticked.pattern})[ ]*$", view[max(start, hit[0] - 6) : hit[0]], _FLAGS
            ):
                return hit
        return None

    def _measured(self, mention: Mention, around: _Around) -> list[Measured]:
        """The numbers of a test: one, those of a trend, or its own of those that several tests share."""
        concept, group = mention.concept, around.group
        start, view = group[-1].end, self.reading.view
        found = list(quantities(view, start, around.end, unit=concept.unit, units=concept.units, skip=around.skipped))
        if found and (
            _NO_RESULT.search(view, start, found[0].start) or _GOAL.search(view, max(0, group[0].start - _COUNT * 2), group[0].start)
        ):
            return []
        if len(group) > 1 and all(m.concept.result == "quantity" for m in group):
            # "ESR and CRP were respectively 45 and 12", "ESR/CRP 45/12": the n-th number is of the n-th test.
            pair = _PAIR.match(view, start, around.end) or _PAIR_BEHIND.search(view, start, found[0].end if found else around.end)
            if pair and len(group) == 2:
                own = pair.span("first" if around.position == 0 else "second")
                found = list(quantities(view, *own, unit=concept.unit, units=concept.units, skip=()))
                if (factor := unit_in(view[pair.end() : pair.end() + _UNIT], concept.units)) is not None:
                    # "12 / 0.3 mg/dL": the unit behind is that of one of them.
                    found = [_in_unit(m, concept.unit, factor) for m in found]
            elif len(found) == len(group):
                found = [found[around.position]]
            else:
                found = []
            return found
        if around.position < len(group) - 1:
            return []
        found = [m for m in found if self._near(group[-1], m, found)]
        with_unit = next((m for m in found if m.quantity.unit), None)
        if with_unit is None:
            # "CRP 2.3 (ref <0.5 mg/dL)": the unit of the range is the number's.
            told = (unit_in(view[r.end : r.end + _UNIT], concept.units) for r in around.ranges[:1] if found)
            factor = next(told, None)
            if factor is None and found and (cell := self._cell_under(mention, _UNITS)):
                factor = unit_in(view[cell[0] : cell[1]], concept.units)
            return found if factor is None else [_in_unit(m, concept.unit, factor) for m in found]
        # In a trend the unit stands once: "88 -> 41 mg/L".
        factor = with_unit.quantity.value / with_unit.raw if with_unit.raw else 1.0
        return [m if m.quantity.unit else _in_unit(m, concept.unit, factor) for m in found]

    def _ranges_elsewhere(self, mention: Mention) -> list[Range]:
        """The reference range that the note gives with another result of the same test."""
        if mention.concept.key not in self._known_ranges:
            same = [m for m in self._boxed if m.concept.key == mention.concept.key]
            found = (ranges(self.reading.view, m.end, self._after(m)) for m in same)
            self._known_ranges[mention.concept.key] = next((r for r in found if r), [])
        return self._known_ranges[mention.concept.key]

    def _near(self, mention: Mention, measured: Measured, found: Sequence[Measured]) -> bool:
        """Is a number still the test's? The first within reach, and further ones of a trend."""
        previous = max((m.end for m in found if m.end <= measured.start), default=mention.end)
        between = self.reading.view[previous : measured.start]
        if measured is found[0]:
            return len(between) <= 90
        return (
            bool(_TREND.search(between) and len(between) <= 60)
            or not between.strip(" -|")
            or _DATED.fullmatch(between) is not None
            or bool(measured.quantity.unit and len(between) <= 40)
        )

    def _stated_flags(
        self, measured: Sequence[Measured], hits: Sequence[tuple[int, int, Result]], found: Sequence[Range], window: int, *, shared: bool
    ) -> list[str | None]:
        """The flag of each number: the word that stands with it, else where it lies in the reference range of the note."""
        flags: list[str | None] = []
        for index, one in enumerate(measured):
            end = measured[index + 1].start if index + 1 < len(measured) else window
            said = next((h[2].value for h in hits if h[2].value and (one.start <= h[0] < end or (index == 0 and h[0] < one.start))), None)
            if said is None and shared:
                said = next((h[2].value for h in hits if h[2].value), None)
            if said is None and index == len(measured) - 1 and not found:
                said = self._said_of_both(one.end)
            span = next((r for r in found if one.end <= r.start < end), found[0] if found else None)
            flags.append(said or (span.flag(one) if span else None))
        return flags

    def _said_of_both(self, start: int) -> str | None:
        """ "CRP 2 mg/L, ESR 11 mm/h, both within normal limits": said behind the last of several tests, meant of all."""
        _, end = self.reading.sentences[self.reading.sentence_at(start)]
        both = _BOTH.search(self.reading.view, start, end)
        if not both:
            return None
        return next((h[2].value for h in self.words.find(self._scan, both.end(), end, "quantity") if h[2].value), None)

    def _grown(self, start: int, end: int) -> int | None:
        """Where the first organism that a culture grew ends."""
        for mention in self.reading.between(start, end):
            if mention.concept.kind == "organism" and not ({"negated", "hypothetical"} & set(mention.axes)):
                return mention.end
        return None

    def _date(
        self, mention: Mention, at: int, around: _Around, *, since: int = 0, begin: int = 0, next_start: int | None = None
    ) -> str | None:
        """The date to which a result belongs: beside it, else at the head of its sentence, of its list or of its section."""
        view, group, day = self.reading.view, around.group, self.date_of_service
        start, end = self.reading.sentences[mention.sentence]
        heads = dates(view, max(start, group[0].start - _NEAR), group[0].start, day_of_service=day)
        heads = [d for d in heads if not self._tested_between(d.end, group[0].start, start)]
        # "Fusion in 2019; CRP 12": a year alone within another clause is of what that tells.
        heads = [
            d for d in heads if len(d.iso) > _YEAR_ALONE or ";" not in view[d.end : group[0].start] or not view[start : d.start].strip()
        ]
        if not _THEN.search(view, group[-1].end, min(end, around.end + _COUNT)):
            heads = [d for d in heads if not _ONSET.search(view, start, d.start)]
        stop = around.end if next_start is None else next_start
        beside = [d for d in around.dates if d.start >= at and d.start < stop]
        # "On 1/2 ESR was 90; on 2/3 ESR was 30": the second date leads on to the second result.
        led = bool(heads) and bool(_ON.search(view, start, heads[-1].start))
        beside = [d for d in beside if not (led and _ON_NEXT.search(view, at, d.start) and _LEADS_TO.fullmatch(view, d.end, stop))]
        before = [d for d in around.dates if max(mention.end, since) <= d.start < at]
        if before and not view[before[-1].end : begin or at].strip(" :=)|,"):
            # "1/2/23 45 -> 2/2/23 12"
            return before[-1].iso or None
        if beside or before:
            return (beside or before)[0].iso or None
        if heads:
            return heads[-1].iso or None
        tail = dates(view, group[-1].end, min(end, group[-1].end + _NEAR), day_of_service=day)
        if len(tail) == 1 and stop == around.end and _DATES_ALL.search(view, group[-1].end, tail[0].start):
            return tail[0].iso or None
        section = self.reading.section_at(mention.start)
        if section and section.rule and section.rule.author == "laboratory" and section.body > section.start:
            header = dates(view, section.start, section.body, day_of_service=day)
            return (header[0].iso or None) if header else None
        return None

    def _tested_between(self, start: int, end: int, sentence_start: int) -> bool:
        """Does a date belong to an earlier test, as "(03/12/2019)" behind it does?"""
        opened = self.reading.view[max(sentence_start, start - 24) : start]
        tests = [m for m in self.reading.between(sentence_start, start) if m.concept.kind == "test" and m.end <= start]
        return (
            bool(tests) and ("(" in opened[-12:] or not re.search(r"(?:[,;.]|\b(?:and|but)\s+on)\s*(?:on\s+)?\S*$", opened)) and end > start
        )


def _in_unit(measured: Measured, unit: str | None, factor: float) -> Measured:
    return replace(measured, quantity=measured.quantity.model_copy(update={"unit": unit, "value": round(measured.raw * factor, 6)}))


def _opposed(hit: tuple[int, int, Result]) -> tuple[int, int, Result]:
    """A result that "neither … nor" turns into its opposite."""
    start, end, result = hit
    value = _OPPOSITE.get(result.value or "")
    return (start, end, result.model_copy(update={"value": value})) if value else hit


def _inside(hit: tuple[int, int, Result], spans: Sequence[tuple[int, int]]) -> bool:
    return any(start < hit[1] and hit[0] < end for start, end in spans)
