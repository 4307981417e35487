"""Checks queries to providers against the rules of compliant query practice, whoever wrote them.

A text is taken apart first: title, what it tells, what it asks, the answers that it offers. What breaks which rule is worked out from the
words of patterns/query.yaml and from the diagnoses that stand in each part. Of a structured query the parts are known, and more can be judged.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import pairwise

from notelint import sentences, values
from notelint.library import Library
from notelint.linter import Linter
from notelint.note import Note
from notelint.packs import Part, Wordings
from notelint.query import Query, digest
from notelint.report import Diagnostic
from notelint.scan import Scanner, Tokens
from notelint.written import Words, Written, take_apart

Span = tuple[int, int]
_SOURCE = "query-practice"
"""The source of the rules, among those of the patterns."""
_DIAGNOSES = frozenset({"diagnosis", "condition"})
_FACTS = frozenset({"test", "imaging", "study", "symptom", "treatment", "organism", "infection-source"})
_SOURCES: tuple[Part, ...] = ("provider-source", "image-source", "laboratory-source", "weak-source")
_RESULTS: tuple[Part, ...] = ("image-source", "laboratory-source")
_TELLERS: Mapping[str, Part] = {"provider": "provider-source", "image": "image-source", "weak": "weak-source"}
"""{who names a diagnosis: the list of words for their documents}."""
_AXES: tuple[Part, ...] = (
    "axis-site",
    "axis-organism",
    "axis-acuity",
    "axis-type",
    "axis-side",
    "axis-severity",
    "axis-extent",
    "axis-cause",
    "axis-admission",
)
_CODE = re.compile(r"\b[A-TV-Z]\d[0-9A-Z]\.[0-9A-Z]{1,4}\b")
_FIGURE = re.compile(r"\d")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DAY_ONLY = re.compile(r"(?<![\d/])\d{1,2}/\d{1,2}(?![\d/])")
_BRACKETED = re.compile(r"\([^()\n]*\)")
_BEGINS = re.compile(r"(?:^|[,;:]\s)\W*$")
_DIAGNOSIS, _ANSWER, _SUPPORT, _MEANING = "diagnosis/", "answer/", "support/", "meaning/"
"""Before the names of what is none of the lists."""
_NEAR = 60
_AT_ONCE = 4
_FIRST_WORDS = 4
"""An open question has its question word behind at most so many others."""
_FEW = 3
"""Brackets belong to a diagnosis that stands less than so many words before them."""
_OTHER_STAY = 60
"""So many days before the visit that is asked about, a finding is of an earlier one."""
_MOSTLY = 0.8
_WHOLE = len("2026-01-01")
_LONG = 3000
"""A query of more characters is not read."""


_Mention = tuple[int, int, str, str, str]


@dataclass(frozen=True, slots=True)
class _Diagnosis:
    """A diagnosis in a query, by the name under which others count as the same."""

    start: int
    end: int
    key: str


class Checker:
    """Checks queries; made once for a linter."""

    def __init__(self, linter: Linter, wordings: Wordings) -> None:
        self._linter = linter
        self._wordings = wordings
        self._rules = {rule.rule: rule for rule in wordings.rules}
        self._pieces = linter.library.pieces
        self._names_of = [name for name, _ in wordings.entries]
        self._scanner = Scanner.of(self._pieces, [words for _, words in wordings.entries])
        self._wider: dict[str, set[str]] = {}
        for other in wordings.diagnoses:
            for kind in other.kinds:
                self._wider.setdefault(kind, set()).add(other.diagnosis)
        self._source = self.library.cite(_SOURCE, "")

    @property
    def library(self) -> Library:
        """The patterns."""
        return self._linter.library

    # ------------------------------------------------------------------------------------------------ a text

    def check_text(self, text: str, notes: Sequence[Note] = ()) -> tuple[Diagnostic, ...]:
        """What a query that somebody wrote breaks, in the order of the text. With `notes`, what they document counts as documented."""
        note = Note(text)
        mentions = self._mentions(note)
        organisms = tuple(_Diagnosis(start, end, key) for start, end, _, kind, key in mentions if kind == "organism")
        conditions = tuple(_Diagnosis(start, end, key) for start, end, _, kind, key in mentions if kind in _DIAGNOSES)
        facts = [(start, end) for start, end, _, kind, _ in mentions if kind in _FACTS]
        words = self._words(note)
        read = _Read(
            take_apart(words), _diagnoses(mentions, words), self._pressing(words), facts, self._of_notes(notes), organisms, conditions,
            frozenset(name.partition("/")[2] for other in notes for name in self.held(other.view) if name.startswith((_ANSWER, _SUPPORT))),
            {meaning.meaning: meaning.of for meaning in self._wordings.meanings if meaning.of},
        )  # fmt: skip
        found = [
            *self._wrong_words(read),
            *self._wrong_title(read),
            *self._wrong_question(read),
            *self._wrong_number(read),
            *self._wrong_answers(read),
            *self._wrong_choices(read),
            *self._wrong_grounds(read),
        ]
        unique: dict[str, tuple[str, str, Span | None]] = {}
        for rule, what, span in found:
            unique.setdefault(rule, (rule, what, span))
        diagnostics = [self._diagnostic(note, *each) for each in unique.values()]
        return tuple(sorted(diagnostics, key=lambda d: (d.start is None, d.start or 0, d.rule)))

    def _diagnostic(self, note: Note, rule: str, what: str, span: Span | None) -> Diagnostic:
        known = self._rules[rule]
        line, column = note.place(span[0]) if span else (None, None)
        return Diagnostic(
            rule=f"query/{rule}", severity=known.severity, code=None, message=what, help=known.why, start=span[0] if span else None,
            end=span[1] if span else None, line=line, column=column, evidence=(), sources=(self._source,),
        )  # fmt: skip

    def held(self, text: str) -> frozenset[str]:
        """The lists and the diagnoses whose words stand in a text."""
        return self._words(Note(text)).names

    def _words(self, note: Note) -> Words:
        found: dict[str, list[Span]] = {}
        for start, end, number in self._scanner.on(Tokens(note.view, self._pieces)).find():
            found.setdefault(self._names_of[number], []).append((start, end))
        # "In your addendum, please specify": where the answer shall stand is no source.
        replies = found.get("reply", ())
        if replies and "provider-source" in found:
            found["provider-source"] = [
                (start, end) for start, end in found["provider-source"] if not any(a < end and start < b for a, b in replies)
            ]
        return Words(note.view, found)

    def _pressing(self, words: Words) -> Sequence[Span]:
        """The words that direct to an answer."""
        return self._breaking(words, "leading-wording")

    def _breaking(self, words: Words, rule: str) -> Sequence[Span]:
        return [span for entry in self._wordings.lists if entry.rule == rule for span in words.breaking(entry.list)]

    def _mentions(self, note: Note) -> list[_Mention]:
        """(start, end, concept, kind, concept with its value) of what the patterns find in a text, without what is said of it."""
        reader = self._linter.reader
        tokens = reader.tokens(note)
        split = list(sentences.split(note.view)) or [(0, len(note.view))]
        found = reader.targets.mentions(tokens, split, reader.targets.matches(tokens), note.view)
        return [(m.start, m.end, m.concept.concept, m.concept.kind, m.concept.key) for m in found]

    def _named(self, note: Note) -> list[_Diagnosis]:
        return _diagnoses(self._mentions(note), self._words(note))

    def _of_notes(self, notes: Sequence[Note]) -> dict[str, set[str]]:
        """{who says it: the diagnoses that the notes hold, affirmed or in doubt}."""
        said: dict[str, set[str]] = {"provider": set(), "image": set()}
        for note in notes:
            words = self._words(note)
            for finding in self._linter.extract(note):
                if words.has("weak-source", *finding.sentence):
                    # What was copied forward documents nothing.
                    continue
                if finding.kind in _DIAGNOSES and not (finding.negated or finding.family or finding.hypothetical):
                    who = "image" if finding.author in ("radiology", "pathology") else "provider"
                    if finding.author in ("provider", "radiology", "pathology"):
                        said[who] |= {finding.concept, *self.library.wider(finding.concept)}
        return said

    def _same(self, key: str, known: Iterable[str]) -> bool:
        """Is a diagnosis among others, or a wider or narrower name of one of them?"""
        wider = self._widened(key)
        return any(other in wider or key in self._widened(other) for other in known)

    def _widened(self, key: str) -> set[str]:
        return {key, *self.library.wider(key), *self._wider.get(key, ())}

    # ------------------------------------------------------------------------------------------------ what is wrong

    def _wrong_words(self, read: "_Read") -> Iterator[tuple[str, str, Span | None]]:
        """Words that break a rule wherever they stand, but for those that the query quotes."""
        words = read.words
        for entry in self._wordings.lists:
            if entry.rule is None or entry.counts == "as-answer":
                continue
            for span in words.breaking(entry.list):
                # "Do you agree or disagree" leaves both open.
                if (
                    read.is_quoted(span)
                    or (read.follows("either", span[1]))
                    or (read.view[slice(*span)].strip() == "!" and read.is_courtesy(span))
                ):
                    continue
                if entry.counts == "anywhere" or read.speaks_of_diagnosis(span):
                    yield entry.rule, f"the wording {entry.says}", span
        for answer in read.written.answers:
            code = _CODE.search(read.view, answer.start, answer.end)
            if code:
                yield "payment", "an answer is a code number", code.span()

    def _wrong_title(self, read: "_Read") -> Iterator[tuple[str, str, Span | None]]:
        if read.written.title is None:
            return
        for diagnosis in read.within(read.written.title):
            cited = read.is_attributed(read.written.title, diagnosis)
            if not cited and not self._same(diagnosis.key, read.documented):
                span = (diagnosis.start, diagnosis.end)
                yield "leading-title", "the title names a diagnosis that no provider has documented", span

    def _wrong_question(self, read: "_Read") -> Iterator[tuple[str, str, Span | None]]:
        demanded = False
        for start, end in read.words.of("demand"):
            named = next((d for d in read.named if d.start >= end and read.is_between(end, d.start)), None)
            if named is not None and not read.is_quoted((start, end)) and not self._same(named.key, read.documented | read.lesser):
                demanded = True
                yield "leading-wording", "the wording directs to one answer", (start, named.end)
        pressed = any(not read.is_quoted(span) for span in read.pressing)
        free = any(not read.presses(ask) and read.leaves_open(ask) for ask in read.written.asks)
        if not read.written.answers and (demanded or (pressed and not free)):
            yield "options", "one answer is demanded, and none is offered", None
        if demanded:
            return
        polar = read.is_polar
        known = {*read.documented, *read.lesser, *(read.pictured if polar else ())}
        for ask in read.written.asks:
            if read.presses(ask) and not polar:
                # "Isn't this sepsis?" is told already.
                continue
            for diagnosis in read.within(ask):
                if self._same(diagnosis.key, known):
                    continue
                span = (diagnosis.start, diagnosis.end)
                if polar:
                    yield "yes-no", "yes or no introduces a diagnosis that nobody has documented", span
                elif read.written.answers:
                    yield "leading-wording", "the question names a diagnosis that no provider has documented", span
                else:
                    yield "undocumented-diagnosis", "the question rests on a diagnosis that no provider has documented", span

    def _wrong_number(self, read: "_Read") -> Iterator[tuple[str, str, Span | None]]:
        """More than one matter in a query."""
        # "If it is ruled out, please also remove it" is no second matter.
        removed = self._breaking(read.words, "validation-wording")
        asks = [ask for ask in read.written.asks if not any(ask[0] <= start < ask[1] for start, _ in removed)]
        axes = [axis for axis in _AXES if any(read.is_asked(span) and not read.is_quoted(span) for span in read.words.of(axis))]
        conditions = dict.fromkeys(d.key for ask in asks for d in read.within(ask))
        again = next(
            (ask for n, ask in enumerate(asks) if read.in_list("and-asks", ask) or (n and read.in_list("again", ask))), None
        )  # fmt: skip
        each = next((span for span in read.words.of("for-each") if not read.is_quoted(span)), None)
        if each is not None:
            yield "one-question", "more than one matter is asked about", each
        elif again is not None or (len(axes) > 1 and len(asks) > 1) or read.written.blocks > 1:
            yield "one-question", "more than one matter is asked about", again or (asks[1] if len(asks) > 1 else None)
        elif len(asks) > 1 and len(conditions) > 1:
            yield "one-question", "more than one condition is asked about", asks[1]
        elif len(axes) > 1 and any(self._coordinated(read, ask, axes) for ask in asks):
            yield "one-question", "more than one matter is asked about", asks[0]
        if len(read.view) > _LONG:
            yield "one-question", f"the query has {len(read.view)} characters", None

    @staticmethod
    def _coordinated(read: "_Read", ask: Span, axes: Sequence[Part]) -> bool:
        spans = sorted(span for axis in axes for span in read.words.within(axis, *ask))
        return any(read.in_list("and", (a[1], b[0])) or re.search("[;&]", read.view[a[1] : b[0]]) for a, b in pairwise(spans))

    def _wrong_answers(self, read: "_Read") -> Iterator[tuple[str, str, Span | None]]:
        answers = read.written.answers
        if not answers:
            if read.is_polar and not read.written.opens:
                yield "options", "yes or no is asked for, without another answer and without “unable to determine”", read.written.asks[0]
            return
        span = (answers[0].start, answers[-1].end)
        fillers = [entry for entry in self._wordings.lists if entry.counts == "as-answer"]
        others = [a for a in answers if read.in_list("other", (a.start, a.end))]
        unknown = [a for a in answers if read.in_list("undetermined", (a.start, a.end))]
        if not others:
            yield "options", "no other answer can be given", span
        if not unknown:
            yield "options", "nothing says that it can not be determined", span
        for answer in answers:
            place = (answer.start, answer.end)
            if answer.marked:
                yield "options", "an answer is marked beforehand", place
            if any(
                start < answer.start + _AT_ONCE
                for entry in fillers
                for start, _ in read.words.breaking(entry.list)
                if answer.start <= start < answer.end
            ):
                yield "options", "this is no answer", place
        labels = [(a.block, read.meaning(a.start, a.end)) for a in answers]
        for number, label in enumerate(labels):
            if label[1] and label in labels[:number]:
                yield "options", "two answers are the same", (answers[number].start, answers[number].end)

    def _wrong_choices(self, read: "_Read") -> Iterator[tuple[str, str, Span | None]]:
        """Two answers in different words for one condition; an organism of which the indicators hold nothing while they hold another."""
        seen: set[tuple[object, ...]] = set()
        cited = {name for span in read.written.tells for n in read.organisms if span[0] <= n.start < span[1] for name in self._names(n.key)}
        for answer in read.written.answers:
            named = [n for n in read.conditions if answer.start <= n.start < answer.end]
            told = frozenset(
                [*re.findall(r"\w*\d\w*", answer.label.lower()), *read.texts("qualifier", answer.start, answer.end)]
            )  # fmt: skip
            same = (answer.block, frozenset(n.key for n in named), told)
            if named and sum(n.end - n.start for n in named) > _MOSTLY * len(answer.label):
                if same in seen:
                    yield "options", "two answers are the same", (answer.start, answer.end)
                seen.add(same)
            if any(not self._is_grounded(read, name) for name in read.named_in(_ANSWER, answer.start, answer.end)):
                yield "options", "nothing that is cited supports this answer", (answer.start, answer.end)
            offered = [n for n in read.organisms if answer.start <= n.start < answer.end]
            if cited and offered and all(cited.isdisjoint(self._names(n.key)) for n in offered):
                yield "options", "nothing that is cited supports this answer", (answer.start, answer.end)

    @staticmethod
    def _is_grounded(read: "_Read", name: str) -> bool:
        """Do the indicators, or the notes, hold words for what an answer names, not denied?"""
        places = [(start, end) for kind in (_ANSWER, _SUPPORT) for start, end, of in read.words.starting(kind) if of == name]
        return name in read.grounded or any(
            any(span[0] <= start < span[1] and not read.is_denied(span, start) for span in read.cited) for start, _ in places
        )

    def _names(self, key: str) -> set[str]:
        """An organism and what it is a kind of."""
        value = key.partition("/")[2]
        return {value, *self.library.wider(value)}

    def _wrong_grounds(self, read: "_Read") -> Iterator[tuple[str, str, Span | None]]:
        told = [
            span
            for span in read.written.tells
            if read.is_fact(span) and not read.presses(span) and not read.is_purpose(span) and not read.is_farewell(span)
        ]
        if not told:
            yield "indicators", "no clinical indicator is cited", None
        elif (unnamed := next((span for span in told if not read.has_source(span)), None)) is not None:
            yield "indicators", "an indicator has no source", unnamed
        else:
            dated_apart = {*read.leads, *(span for span in told if read.in_list("prior", span))}
            undated = next((span for span in told if span not in dated_apart and not read.is_dated(span)), None)
            if undated is not None:
                yield "indicators", "an indicator has no date", undated
        prior = [span for span in read.written.tells if read.is_prior(span)]
        if prior and read.is_past(told):
            yield "prior-encounter", "only earlier encounters are cited", prior[0]
        elif prior:
            now = [span for span in told if span not in prior and not read.in_list("that-time", span)]
            vague = next((span for span in prior if not read.tells_when(span) and not read.leads_to_prior(span)), None)
            if not now:
                yield "prior-encounter", "only earlier encounters are cited", prior[0]
            elif vague is not None:
                yield "prior-encounter", "earlier information stands without its date", vague
        elif told and read.is_past(told):
            yield "prior-encounter", "only earlier encounters are cited", told[0]
        used = {d.key for span in (*read.written.asks, *read.leads, *filter(None, [read.written.title])) for d in read.within(span)}
        taken = any(not read.is_quoted(span) for span in read.words.of("taken-as-documented"))
        for diagnosis in read.weakly:
            if taken and not self._same(diagnosis.key, read.documented | read.pictured):
                yield (
                    "source-role",
                    "only a list, or somebody who makes no diagnoses, names this diagnosis",
                    (diagnosis.start, diagnosis.end),
                )
            if self._same(diagnosis.key, used) and not self._same(diagnosis.key, read.documented | read.pictured):
                span = (diagnosis.start, diagnosis.end)
                yield "source-role", "only a list, or somebody who makes no diagnoses, names this diagnosis", span

    # ------------------------------------------------------------------------------------------------ a structured query

    def check_query(self, query: Query, notes: Mapping[str, Note] | None = None) -> tuple[Diagnostic, ...]:
        """What a structured query breaks. With `notes` by name, each quotation has to stand in them."""
        text = "\n".join([query.title, "", query.stem, *(f"[ ] {option.label}" for option in query.options)])
        note = Note(text)
        found: list[tuple[str, str]] = []
        if query.reason is None:
            found.append(("reason", "no reason is given"))
        found += [("indicators", what) for what in self._unfounded(query, notes)]
        documented = {d.key for i in query.indicators if i.author in ("provider", None) and not i.prior for d in self._named(Note(i.text))}
        known = {
            "provider": documented,
            "image": {d.key for i in query.indicators if i.author in ("radiology", "pathology") for d in self._named(Note(i.text))},
        }
        words = self._words(note)
        read = _Read(take_apart(words), _diagnoses(self._mentions(note), words), self._pressing(words), [], known)
        worded = (self._wrong_words, self._wrong_title, self._wrong_question, self._wrong_number)
        found += [(rule, what) for judge in worded for rule, what, _ in judge(read)]
        found += [("options", what) for what in _unfit(query)]
        if query.indicators and all(i.prior for i in query.indicators):
            found.append(("prior-encounter", "only earlier encounters are cited"))
        if any(i.prior and not (i.date and i.encounter) for i in query.indicators):
            found.append(("prior-encounter", "earlier information stands without its date or encounter"))
        missing = [name for name, who in (("who is asked", query.recipient), ("who asks", query.author)) if who is None]
        if query.status != "draft" and query.written is None:
            missing.append("the date")
        if missing:
            found.append(("addressee", f"it is not said {' and '.join(missing)}"))
        if query.status != "draft" and query.author is None:
            found.append(("release", "released without a named person"))
        if query.verbal and not query.indicators:
            found.append(("verbal", "asked orally, and the indicators are not written down"))
        days = [date.fromisoformat(i.date) for i in query.indicators if i.date and len(i.date) == _WHOLE and not i.prior]
        if query.written and days and (query.written - max(days)).days > self._wordings.late_after:
            found.append(("retrospective", f"written {(query.written - max(days)).days} days after its last indicator"))
        unique = dict(reversed(found))
        return tuple(self._diagnostic(note, rule, unique[rule], None) for rule in dict.fromkeys(rule for rule, _ in found))

    @staticmethod
    def _unfounded(query: Query, notes: Mapping[str, Note] | None) -> Iterator[str]:
        if not query.indicators:
            yield "no clinical indicator is cited"
        for indicator in query.indicators:
            if indicator.date is None:
                yield f"indicator {indicator.id} has no date"
            note = (notes or {}).get(indicator.document)
            if notes is not None and note is None:
                yield f"indicator {indicator.id}: no note is called {indicator.document}"
            elif note is not None and note.text[indicator.start : indicator.end] != indicator.text:
                yield f"indicator {indicator.id} does not stand in {indicator.document}"
        for record in query.records:
            given = (notes or {}).get(record.document)
            if given is not None and digest(given.text) != record.sha256:
                yield f"{record.document} has changed since the query was drafted"


def _diagnoses(mentions: Iterable[_Mention], words: Words) -> list[_Diagnosis]:
    """The diagnoses of a text: those of the patterns, and others of which queries speak."""
    general = words.of("general")
    found = [
        _Diagnosis(start, end, concept)
        for start, end, concept, kind, _ in mentions
        if kind in _DIAGNOSES and not any(a <= start < b for a, b in general)
    ]
    taken = [(d.start, d.end) for d in found]
    for start, end, name in sorted(words.starting(_DIAGNOSIS), key=lambda each: each[0] - each[1]):
        if not any(a < end and start < b for a, b in taken):
            taken.append((start, end))
            found.append(_Diagnosis(start, end, name))
    return sorted(found, key=lambda d: d.start)


def _unfit(query: Query) -> Iterator[str]:
    """What is wrong with the answers of a structured query."""
    if query.form != "open" and query.other is None:
        yield "no other answer can be given"
    if query.undetermined is None:
        yield "nothing says that it can not be determined"
    known = {indicator.id for indicator in query.indicators}
    for number, option in enumerate(query.options, 1):
        if not set(option.supported_by) & known:
            yield f"nothing supports answer {number}"
    labels = [option.label.casefold() for option in query.options]
    if len(set(labels)) < len(labels):
        yield "two answers are the same"


@dataclass(frozen=True)
class _Read:
    """A query with what stands where in it."""

    written: Written
    named: Sequence[_Diagnosis]
    pressing: Sequence[Span]
    facts: Sequence[Span]
    noted: Mapping[str, set[str]]
    organisms: Sequence[_Diagnosis] = ()
    conditions: Sequence[_Diagnosis] = ()
    grounded: frozenset[str] = frozenset()
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """{a meaning that says several at once: those}."""

    @property
    def view(self) -> str:
        return self.written.view

    @property
    def words(self) -> Words:
        return self.written.words

    def within(self, span: Span) -> list[_Diagnosis]:
        """The diagnoses in a stretch."""
        return [d for d in self.named if span[0] <= d.start < span[1]]

    def in_list(self, part: Part, span: Span) -> bool:
        """Do words of a list stand in a stretch?"""
        return self.words.has(part, *span)

    def named_in(self, kind: str, start: int, end: int) -> list[str]:
        """What of a kind is named in a stretch."""
        return [name for first, last, name in self.words.starting(kind) if start <= first and last <= end]

    def is_denied(self, span: Span, at: int) -> bool:
        """Does a denial stand just before a place in a sentence?"""
        return any(
            len(re.findall(r"\w+", self.view[end:at])) < _FIRST_WORDS and not re.search("[.;:]", self.view[end:at])
            for _, end in self.words.within("denial", span[0], at)
        )

    @cached_property
    def cited(self) -> Sequence[Span]:
        """Where indicators may stand: what is told, the question, the title."""
        return [*self.written.tells, *self.written.asks, *filter(None, [self.written.title])]

    def presses(self, span: Span) -> bool:
        """Do words stand in a stretch that direct to an answer?"""
        return any(span[0] <= start and end <= span[1] for start, end in self.pressing)

    def leaves_open(self, ask: Span) -> bool:
        """Does a request ask for the provider's own words: "Please addend today" asks for none?"""
        return "?" in self.view[slice(*ask)] or self.in_list("open-verb", ask) or self.in_list("question-word", ask)

    def texts(self, part: Part, start: int, end: int) -> list[str]:
        """The words of a list that stand in a stretch, in lower case."""
        return [self.view[slice(*span)].lower() for span in self.words.within(part, start, end)]

    def meaning(self, start: int, end: int) -> frozenset[str]:
        """The words of a stretch that make a difference, those that mean the same as one."""
        # Words of a place or number count even where they stand within others: "infection of the L2-L3 disc".
        found = set(re.findall(r"\w*\d\w*", self.view[start:end].lower()))
        at = start
        for first, last, name in sorted(self.words.starting(_MEANING), key=lambda each: (each[0], -each[1])):
            if at <= first and last <= end:
                found |= {*self.parts.get(name, (name,)), *self._weighty(at, first)}
                at = last
        return frozenset(found | self._weighty(at, end))

    def _weighty(self, start: int, end: int) -> set[str]:
        return set(re.findall(r"\w+", self.view[start:end].lower())) - set(self.texts("small-word", start, end))

    def follows(self, part: Part, offset: int) -> bool:
        """Do words of a list follow at once?"""
        while offset < len(self.view) and self.view[offset].isspace():
            offset += 1
        return self.words.at(part, offset) is not None

    def is_between(self, start: int, end: int) -> bool:
        """Are there only words in a stretch that may stand between a demand and what is demanded?"""
        at = start
        for first, last in self.words.within("between", start, end):
            if re.search(r"[^\s:\"“'\[(]", self.view[at:first]):
                return False
            at = max(at, last)
        return re.search(r"[^\s:\"“'\[(]", self.view[at:end]) is None

    def speaks_of_diagnosis(self, span: Span) -> bool:
        """Does the sentence of some words name a diagnosis, or have a word for one?"""
        after = self.view[span[1] : span[1] + _NEAR]
        stop = re.search(r"[.;?!\n]", after)
        start, end = self.view.rfind(".", 0, span[0]) + 1, span[1] + (stop.start() if stop else len(after))
        return any(start <= d.start < end for d in self.named) or self.in_list("diagnosis-word", (start, end))

    def is_asked(self, span: Span) -> bool:
        return any(start <= span[0] < end for start, end in self.written.asks)

    def is_quoted(self, span: Span) -> bool:
        """Do words stand between quotation marks?"""
        return any(start < span[0] and span[1] < end for start, end in self.written.quotes)

    def is_courtesy(self, span: Span) -> bool:
        """Does a short greeting or thanks end there?"""
        # "Hi Dr. Osei!", "Add it to the note. Thanks!"
        for marks in ("\n?!", "\n?!."):
            start = max(self.view.rfind(mark, 0, span[0]) for mark in marks) + 1
            while self.view[start : start + 1] in (" ", "-", "\t"):
                start += 1
            if span[0] - start < _NEAR and self.words.at("courtesy", start) is not None:
                return True
        return False

    def is_farewell(self, span: Span) -> bool:
        """Is a short line behind the question the name of who asks?"""
        return self._is_behind(span) and span[1] - span[0] < _NEAR and '"' not in self.view[slice(*span)]

    def is_purpose(self, span: Span) -> bool:
        """Does a sentence only say what the query is about: "Query for clarification of the cause of weakness."?"""
        return self.in_list("query-word", span) and not self.has_date(span) and not re.search('["0-9]', self.view[slice(*span)])

    def is_fact(self, span: Span) -> bool:
        """Does a sentence tell something of the record?"""
        return (
            any(span[0] <= start < span[1] for start, _ in self.facts)
            or (
                (_FIGURE.search(self.view, *span) is not None or self.in_list("result", span))
                and any(self.in_list(name, span) for name in _RESULTS)
            )
            or (bool(self.within(span)) and any(self.in_list(name, span) for name in _SOURCES))
            or (
                any(span[0] <= start < span[1] for start, _ in self.written.quotes)
                and not (self._is_behind(span) and not self.has_date(span))
            )
        )

    def _is_behind(self, span: Span) -> bool:
        """Does a stretch stand behind the last question?"""
        asks = self.written.asks
        return bool(asks) and span[0] >= asks[-1][1]

    def has_date(self, span: Span) -> bool:
        """Does a stretch itself say when?"""
        return bool(values.dates(self.view, *span)) or _YEAR.search(self.view, *span) is not None or self.in_list("day", span)

    def is_prior(self, span: Span) -> bool:
        """Is a sentence of an earlier encounter, by its own words or by those over its list?"""
        return self.in_list("prior", span) or any(self.in_list("prior", head) for head in self.written.heads(span))

    def tells_when(self, span: Span) -> bool:
        """Does a sentence of an earlier encounter say when that was, or the head over it?"""
        return self.has_date(span) or any(self.in_list("prior", head) and self.has_date(head) for head in self.written.heads(span))

    def leads_to_prior(self, span: Span) -> bool:
        """Is a sentence without a finding the head of what is told of an earlier encounter?"""
        following = next((tell for tell in self.written.tells if tell[0] >= span[1]), None)
        return not self.is_fact(span) and following is not None and self.has_date(following)

    def has_source(self, span: Span) -> bool:
        """Does a sentence say where it is from, or the head of its list, or anything before it?"""
        places = [(0, span[1]), *self.written.heads(span)]
        return any(self.in_list(part, place) for part in _SOURCES for place in places)

    def is_past(self, told: Sequence[Span]) -> bool:
        """Is the query about a visit to come, or of a later year than all that it cites?"""
        cited = [int(year) for span in told for year in _YEAR.findall(self.view[slice(*span)])]
        if not cited or any(self.in_list("day", span) and not self._days([span]) and not self.in_list("that-time", span) for span in told):
            return False
        # What tells no finding, as a head "current admission of 09/16/2025", says when the query is of.
        rest = [*self.written.asks, *filter(None, [self.written.title]), *(span for span in self.written.tells if not self.is_fact(span))]
        later = [int(year) for span in rest for year in _YEAR.findall(self.view[slice(*span)])]
        coming = self.words.of("to-come")
        if any(_DAY_ONLY.search(self.view, *span) for span in told):
            return False
        dated = [self._days(span) for span in (told, rest)]
        if all(dated) and (max(dated[1]) - max(dated[0])).days > _OTHER_STAY:
            return True
        outside = any(not any(a <= start < b for a, b in told) for start, _ in coming)
        return max(later, default=0) > max(cited) or outside

    def _days(self, spans: Sequence[Span]) -> list[date]:
        found = (dated.iso for span in spans for dated in values.dates(self.view, *span))
        return [date.fromisoformat(iso) for iso in found if len(iso) == _WHOLE]

    def is_dated(self, span: Span) -> bool:
        """Does a sentence say when, or the head of its list, or a sentence before it in the paragraph?"""
        if self.has_date(span) or any(self.has_date(head) and not self._is_other(head, span) for head in self.written.heads(span)):
            return True
        line = self.view.rfind("\n", 0, span[0]) + 1
        before = self.view[line : span[0]]
        if before.count("(") > before.count(")"):
            # A stop within brackets, as behind an initial, ends nothing.
            return self.has_date((line, span[0]))
        quoted = any(span[0] <= start < span[1] for start, _ in self.written.quotes)
        if quoted and any(
            not self.is_fact(tell) and self.has_date(tell) and self.in_list("provider-source", tell)
            for tell in self.written.tells
            if tell[1] <= span[0]
        ):
            # "Two items on the discharge summary of 6/18." speaks of all that is quoted.
            return True
        # "One thing on the visit of 06/17. Your assessment reads …"
        earlier = [tell for tell in self.written.tells if tell[1] <= span[0] and "\n\n" not in self.view[tell[1] : span[0]]]
        return bool(earlier) and not self.is_fact(earlier[-1]) and self.has_date(earlier[-1])

    def _is_other(self, head: Span, span: Span) -> bool:
        """Is a sentence of a laboratory behind a head of an image, or the other way round? "MRI 2/14: fluid. Culture grew Serratia."""
        kinds = [{part for part in _RESULTS if self.in_list(part, place)} for place in (head, span)]
        return bool(kinds[0]) and bool(kinds[1]) and kinds[0].isdisjoint(kinds[1])

    @cached_property
    def leads(self) -> Sequence[Span]:
        """What is told in the sentence of a question, before it."""
        return [span for span in self.written.tells if any(span[1] == ask[0] for ask in self.written.asks)]

    @cached_property
    def is_polar(self) -> bool:
        """Is yes or no asked for?"""
        answers = self.written.answers
        if answers:
            return any(self.in_list("yes", (a.start, a.end)) for a in answers) and any(
                self.in_list("no", (a.start, a.end)) for a in answers
            )
        asks = [ask for ask in self.written.asks if "?" in self.view[slice(*ask)]]
        if any(self._opens(ask) for ask in asks):
            return False
        return bool(asks) and all(any(self._begins(ask, at) for at, _ in self.words.within("polar", *ask)) for ask in asks)

    def _opens(self, ask: Span) -> bool:
        """Does a question word stand among the first words?"""
        return any(len(re.findall(r"\w+", self.view[ask[0] : at])) <= _FIRST_WORDS for at, _ in self.words.within("question-word", *ask))

    def _begins(self, ask: Span, at: int) -> bool:
        """Does a part of a question begin there: behind a comma or a colon, or behind "and"?"""
        before = self.view[ask[0] : at]
        return _BEGINS.search(before) is not None or any(not self.view[end:at].strip() for _, end in self.words.within("and", ask[0], at))

    @cached_property
    def _told(self) -> dict[str, list[_Diagnosis]]:
        """{who: the diagnoses that they name, by the query}."""
        found: dict[str, list[_Diagnosis]] = {"provider": [], "image": [], "weak": []}
        for span in self.written.tells:
            if self.presses(span):
                # "We believe this represents an abscess" documents nothing.
                continue
            if span in self.leads and not any(self.in_list(part, span) for part in ("provider-source", "weak-source", "image-source")):
                continue
            for diagnosis in self.within(span):
                found[self._told_by(span, diagnosis)].append(diagnosis)
        for ask in self.written.asks:
            for diagnosis in self.within(ask):
                before = (ask[0], diagnosis.start)
                if self.is_attributed(ask, diagnosis) or any(
                    len(re.findall(r"\w+", self.view[end : before[1]])) < _FIRST_WORDS
                    for _, end in self.words.within("documented", *before)
                ):
                    found["provider"].append(diagnosis)
        return found

    def _told_by(self, span: Span, diagnosis: _Diagnosis) -> str:
        """Who names a diagnosis in a sentence: whose document is named last before it, else first behind it."""
        sources = sorted(
            (place, who)
            for who, part in _TELLERS.items()
            for place in self.words.within(part, *span)
        )  # fmt: skip
        providers = [place for place, who in sources if who == "provider"]
        if providers and len(sources) > len(providers) and self.in_list("together", span):
            return "provider"
        # "Nursing note of 11/03" is a nurse's, though it is a note.
        sources = [
            (place, who)
            for place, who in sources
            if who == "weak" or not any(a < place[1] and place[0] < b for (a, b), other in sources if other == "weak")
        ]
        before = [(place, who) for place, who in sources if place[0] <= diagnosis.start]
        return before[-1][1] if before else sources[0][1] if sources else "provider"

    def is_attributed(self, span: Span, diagnosis: _Diagnosis) -> bool:
        """Do the words around a diagnosis name the provider's document: before it, with its words between quotation marks, or in brackets?"""
        if self.in_list("provider-source", (span[0], diagnosis.start)):
            return True
        quoted = any(d.key == diagnosis.key and self.is_quoted((d.start, d.end)) for d in self.within(span))
        if quoted and self.in_list("provider-source", span):
            return True
        # "the spondylodiscitis that you documented"
        behind = self.words.within("documented-behind", diagnosis.end, span[1])
        if any(len(re.findall(r"\w+", self.view[diagnosis.end : start])) < _FEW for start, _ in behind):
            return True
        inside = (match.span() for match in _BRACKETED.finditer(self.view, diagnosis.end, span[1]))
        within = self.view.rfind("(", span[0], diagnosis.start) > self.view.rfind(")", span[0], diagnosis.start)
        closes = self.view.find(")", diagnosis.end, span[1])
        near = (bracket for bracket in inside if len(re.findall(r"\w+", self.view[diagnosis.end : bracket[0]])) < _FEW)
        return any(self.in_list("provider-source", bracket) for bracket in near) or (
            within and closes >= 0 and self.in_list("provider-source", (diagnosis.end, closes))
        )

    @cached_property
    def documented(self) -> set[str]:
        """The diagnoses that a provider has documented, as far as the query and the notes tell."""
        return {*self.noted["provider"], *(d.key for d in self._told["provider"])}

    @cached_property
    def pictured(self) -> set[str]:
        """The diagnoses that radiology or pathology names."""
        return {*self.noted["image"], *(d.key for d in self._told["image"])}

    @property
    def lesser(self) -> set[str]:
        """The same by their names."""
        return {d.key for d in self._told["weak"]}

    @property
    def weakly(self) -> Sequence[_Diagnosis]:
        """The diagnoses that only others name."""
        return self._told["weak"]
