"""Drafts queries: each matter that a check leaves open becomes one question, in neutral words, over quotations of the record.

Only what changes a code, its place in the sequence or its validity is asked about; what is merely recommended is not. Nothing here knows
what an answer is worth.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from notelint import __version__, sentences, values
from notelint.assessment import Alternative, Assessment
from notelint.chart import Chart
from notelint.codeset import CodeSet
from notelint.encounter import name_of
from notelint.findings import Finding
from notelint.levels import parse
from notelint.library import Library
from notelint.note import Note
from notelint.packs import Asking, Choice, Concept, Family, Question
from notelint.query import Form, Indicator, Option, Polarity, Query, Record, digest
from notelint.report import NoteReport
from notelint.scan import Scanner, Tokens

Span = tuple[int, int]
Point = tuple[int, int]
"""(document, finding), both by number."""

_MARK: Mapping[str, Point] = {"for": (-1, 0), "against": (-1, 1)}
"""In place of points: the quotations that speak for or against the statement."""
_SIDED = 3
_MOST = 10
"""So many quotations support a query: quality over number."""
_EACH = 2
"""So many of them a choice needs."""
_WHOLE = len("2026-01-01")
_LONGEST = 220
"""A quotation of more characters is cut to the words around the finding."""
_BEFORE, _BEHIND = 70, 110
_HEAD, _LABEL = 400, 40
"""The head of a note has so many characters, and behind a word for its date the date comes within so many."""
_BESIDE = 20
"""A year belongs to a study that ends at most so many characters before it."""
_AT_ONCE = 40
"""A quotation that is nothing but a denial comes to it within so many characters."""
_NORMAL = frozenset({"negative", "normal"})
_SITE = frozenset({"site/unspecified", "site/mismatch", "site/undocumented", "site/ambiguous"})
_UNSUPPORTED = frozenset({"support/diagnosis-elsewhere", "support/diagnosis-missing", "support/diagnosis-negated"})
_ASKED = frozenset({"required", "specificity"})


@dataclass(frozen=True)
class _Document:
    """A note with its report. `day`: its date, as it was given or as its head tells."""

    note: Note
    report: NoteReport
    chart: Chart
    day: str | None


@dataclass(frozen=True)
class Matter:
    """What is to be asked: the question, the provider's statement, what else is named, and the choices with what supports them."""

    question: Question
    family: Family
    statement: Point | None
    other: Point | None = None
    choices: tuple[tuple[str, tuple[Point, ...]], ...] = ()
    evidence: tuple[Point, ...] = field(default=())


class Drafter:
    """Drafts queries with the words of a library."""

    def __init__(self, library: Library, asking: Asking, codeset: CodeSet, *, patterns: str) -> None:
        """`patterns` is the fingerprint of the pattern files."""
        self._library = library
        self._asking = asking
        self._codeset = codeset
        self._patterns = patterns
        self._heads = Scanner.of(library.pieces, [asking.document_date])
        self._concludes = frozenset(section.section for section in library.sections if section.concludes)

    def draft(self, read: Sequence[tuple[Note, NoteReport]]) -> tuple[tuple[Query, ...], tuple[tuple[str, str], ...]]:
        """(the queries about the documents of one encounter, (document, why nothing is asked about it) of the others)."""
        documents = self.documents(read)
        queries: dict[tuple[str, str], Query] = {}
        nothing: list[tuple[str, str]] = []
        for number, document in enumerate(documents):
            matters = list(self._matters(documents, number))
            for matter in matters:
                query = self.build(documents, matter)
                queries.setdefault((matter.question.id, query.stem), query)
            if not matters:
                nothing.append((name_of(document.note), _why_not(document.report)))
        return tuple(queries.values()), tuple(nothing)

    # ------------------------------------------------------------------------------------------------ what is asked

    def _matters(self, documents: Sequence[_Document], number: int) -> Iterator[Matter]:
        report = documents[number].report
        for assessment in report.assessments:
            family = self._family(assessment)
            if family is not None and assessment.decision is not None:
                yield from self.of_code(documents, number, assessment, family)
        for diagnostic in report.diagnostics:
            if diagnostic.rule == "note/contradiction" and len(diagnostic.evidence) > 1:
                yield from self._of_contradiction(documents, number, diagnostic.evidence)

    def _family(self, assessment: Assessment) -> Family | None:
        nearest = self._codeset.nearest(assessment.code)
        return self._library.family_of(nearest.code) if nearest else None

    def of_code(self, documents: Sequence[_Document], number: int, assessment: Assessment, family: Family) -> Iterator[Matter]:
        """What is open for a code: first whether the disease is there; only where it is, all else."""
        report = documents[number].report
        rules = {diagnostic.rule for diagnostic in report.diagnostics if diagnostic.code == assessment.code}
        statement = self._statement(documents, number, family)
        if "support/diagnosis-missing" in rules and (imprecise := self._imprecise(documents, number, assessment, family)):
            yield imprecise
            return
        if "support/diagnosis-missing" in rules and self._indicated(documents, family):
            named = self._points(documents, (*family.diagnosis, *family.unresolved))
            yield self._matter(documents, "diagnosis", family, None, evidence=named)
        if statement is None or rules & _UNSUPPORTED:
            return
        if "support/diagnosis-uncertain" in rules or self._is_doubtful(assessment):
            yield self._matter(documents, "status", family, statement)
            return
        if denied := self._denied_elsewhere(documents, family):
            yield self._matter(documents, "validity", family, statement, evidence=denied)
        if assessment.decision != "unsupported":
            covered: set[Point] = {statement}
            for matter in self._of_elements(documents, number, assessment, family, statement):
                covered.update((*matter.evidence, *(point for _, points in matter.choices for point in points)))
                yield matter
            if rules & _SITE and assessment.decision == "query" and not self._is_open(assessment, "region"):
                # Only images name the place: the provider may confirm it.
                yield self._of_region(documents, number, assessment, family, statement)
            others = [
                (number, alternative.evidence[0])
                for alternative in assessment.alternatives
                if alternative.kind == "candidate" and alternative.route and alternative.evidence
            ]
            if left := [point for point in dict.fromkeys(others) if point not in covered]:
                yield self._between(documents, family, statement, left)
        if family.infection and not self._is_open(assessment, "organism", levels=_ASKED):
            yield from self._of_organism(documents, family, statement)

    def _of_elements(
        self, documents: Sequence[_Document], number: int, assessment: Assessment, family: Family, statement: Point
    ) -> Iterator[Matter]:
        for assessed in assessment.elements:
            question = self._asking.of_element(assessed.element, family.family)
            if assessed.status == "met" or assessed.level not in _ASKED or assessed.element == "diagnosis" or question is None:
                continue
            evidence = tuple((number, index) for index in assessed.evidence)
            if assessment.decision == "assign" and assessed.status == "uncertain" and statement not in evidence:
                # The provider has answered, that it is not determined.
                continue
            if assessed.element != "region":
                yield self._matter(documents, question.id, family, statement, evidence=evidence)
            elif assessment.decision != "replace":
                # Where the words name another region, that is for the coder.
                yield self._of_region(documents, number, assessment, family, statement)

    def _imprecise(self, documents: Sequence[_Document], number: int, assessment: Assessment, family: Family) -> Matter | None:
        """Where the provider's words are wider than the code, as "axial SpA" for M45: what they leave open, by the family that asks for it."""
        for alternative in assessment.alternatives:
            stated = (number, alternative.evidence[0]) if alternative.evidence else None
            if stated is None or alternative.kind != "candidate" or not self._is_stated(_finding(documents, stated)):
                continue
            concept = _finding(documents, stated).concept
            for other in self._library.families:
                if concept not in {key.partition("/")[0] for key in other.unresolved}:
                    continue
                for element in other.elements:
                    question = self._asking.of_element(element.id, other.family)
                    open_by = {name for condition in element.uncertain for name in condition.names}
                    if element.level in _ASKED and concept in open_by and question is not None:
                        return self._matter(documents, question.id, other, stated)
            return Matter(self._asking.question("condition"), family, stated)
        return None

    @staticmethod
    def _is_stated(finding: Finding) -> bool:
        return finding.kind == "diagnosis" and finding.author == "provider" and not finding.flags

    def _of_contradiction(self, documents: Sequence[_Document], number: int, told: Sequence[int]) -> Iterator[Matter]:
        finding = documents[number].report.findings[told[0]]
        families = (f for f in self._library.families if finding.concept in {key.partition("/")[0] for key in f.diagnosis})
        family = next(families, None)
        if family is not None:
            question = self._asking.question("conflict")
            stated, denied = (number, told[0]), (number, told[-1])
            choices = tuple(zip((choice.words for choice in question.choices), ((stated,), (denied,)), strict=True))
            yield Matter(question, family, stated, None, choices, (denied,))

    def _of_organism(self, documents: Sequence[_Document], family: Family, statement: Point) -> Iterator[Matter]:
        """The organism that only the laboratory names: that it is the cause, the provider has to say."""
        held = [
            (at, index)
            for at, document in enumerate(documents)
            for index in document.chart.indices(["organism"])
            if document.chart.holds(index)
        ]
        linked = [point for point in held if documents[point[0]].chart.is_linked(point[1])]
        if held and not linked:
            yield self._matter(documents, "organism-link", family, statement, other=held[0])

    def _denied_elsewhere(self, documents: Sequence[_Document], family: Family) -> tuple[Point, ...]:
        """Where radiology or pathology denies the disease and nowhere names it."""
        said = [
            point
            for point in self._points(documents, (*family.diagnosis, *family.unresolved))
            if _finding(documents, point).author in ("radiology", "pathology") and not _finding(documents, point).attributes.get("partial")
        ]
        return tuple(said) if said and all(_finding(documents, point).negated for point in said) else ()

    @staticmethod
    def _points(documents: Sequence[_Document], concepts: Iterable[str]) -> tuple[Point, ...]:
        asked = tuple(concepts)
        return tuple((at, index) for at, document in enumerate(documents) for index in document.chart.indices(asked))

    @staticmethod
    def _is_open(assessment: Assessment, element: str, *, levels: frozenset[str] | None = None) -> bool:
        return any(a.element == element and a.status != "met" and (levels is None or a.level in levels) for a in assessment.elements)

    @staticmethod
    def _is_doubtful(assessment: Assessment) -> bool:
        return any(assessed.element == "diagnosis" and assessed.status == "uncertain" for assessed in assessment.elements)

    def of_route(self, documents: Sequence[_Document], number: int, family: Family, alternative: Alternative) -> Matter:
        """The matter of another code to which a route leads: which condition it is, or how the two are related."""
        other = (number, alternative.evidence[0])
        statement = self._statement(documents, number, family)
        if statement is None or statement == other:
            return self._matter(documents, "diagnosis", family, None, evidence=(other,))
        if alternative.kind == "additional":
            return self._matter(documents, "relation", family, statement, other=other)
        return self._between(documents, family, statement, [other])

    def documents(self, read: Sequence[tuple[Note, NoteReport]]) -> list[_Document]:
        """Notes with their reports, ready to be asked about."""
        return [
            _Document(note, report, Chart(report.findings, self._library, concludes=self._concludes), self._day(note))
            for note, report in read
        ]

    def _day(self, note: Note) -> str | None:
        """The date of a note: that of the service, else the one that its head names: "Date: 11/02/2026"."""
        if note.date_of_service is not None:
            return note.date_of_service.isoformat()
        head = note.view[:_HEAD]
        words = self._heads.on(Tokens(head, self._library.pieces)).find()
        for start, end, _ in sorted(words):
            line = head.find("\n", end)
            written = values.dates(head, end, min(len(head) if line < 0 else line, end + _LABEL))
            if not written or len(written[0].iso) < _WHOLE:
                continue
            # "Date of birth: 1/2/1960": another word stands between.
            before, between = head[head.rfind("\n", 0, start) + 1 : start], head[end : written[0].start]
            if not any(char.isalnum() for char in before + between):
                return written[0].iso
        return None

    def _statement(self, documents: Sequence[_Document], number: int, family: Family) -> Point | None:
        """The provider's words for the disease: where the author concludes, in the document itself first."""
        found: list[tuple[tuple[bool, bool, bool, int, int], Point]] = []
        for at, document in enumerate(documents):
            for index in document.chart.indices((*family.diagnosis, *family.unresolved)):
                finding = document.report.findings[index]
                if finding.author == "provider" and not finding.hypothetical:
                    rank = (
                        finding.negated or finding.historical, at != number, not document.chart.is_conclusion(finding), at, index,
                    )  # fmt: skip
                    found.append((rank, (at, index)))
        return min(found)[1] if found else None

    def _indicated(self, documents: Sequence[_Document], family: Family) -> bool:
        """Is there anything in the record that bears on the disease?"""
        named = self._names(self._asking.indicators(infection=family.infection))
        return any(
            finding.concept in named and _counts(finding) and not finding.negated and finding.value not in _NORMAL
            for document in documents
            for finding in document.report.findings
        ) or any(document.chart.indices((*family.diagnosis, *family.unresolved)) for document in documents)

    def _matter(
        self, documents: Sequence[_Document], name: str, family: Family, statement: Point | None, *, evidence: tuple[Point, ...] = (),
        other: Point | None = None,
    ) -> Matter:  # fmt: skip
        question = self._asking.question(name)
        choices = tuple(self._choices(documents, question.choices, tuple(point for point in (statement, other) if point)))
        return Matter(question, family, statement, other, choices, evidence)

    def _choices(
        self, documents: Sequence[_Document], choices: Iterable[Choice], asked: tuple[Point, ...]
    ) -> Iterator[tuple[str, tuple[Point, ...]]]:
        for choice in choices:
            if not choice.rests_on:
                if asked:
                    yield choice.words, asked if choice.by == "statement" else (_MARK[choice.by], *asked)
                continue
            points = [
                (at, index)
                for condition in choice.rests_on
                for at, document in enumerate(documents)
                for index in document.chart.evidence(condition) or ()
                if _counts(finding := document.report.findings[index]) and (condition.state == "denied" or _supports(finding))
            ]
            if points or (choice.always and asked):
                yield choice.words, tuple(dict.fromkeys(points))[:_EACH] or asked

    def _between(self, documents: Sequence[_Document], family: Family, statement: Point, others: Sequence[Point]) -> Matter:
        """The matter of what the condition is: that of the statement, or one of those that other findings name."""
        labels: dict[str, tuple[Point, ...]] = {}
        for point in (statement, *others):
            labels.setdefault(self._label(_finding(documents, point)), ())
            labels[self._label(_finding(documents, point))] += (point,)
        question = self._asking.question("condition")
        return Matter(question, family, statement, None, tuple((words, points) for words, points in labels.items()), tuple(others))

    def _label(self, finding: Finding) -> str:
        entry = self._entry(finding)
        title = entry.title if entry else finding.concept.replace("-", " ")
        return f"infection due to {title}" if finding.kind == "organism" else title

    def _entry(self, finding: Finding) -> Concept | None:
        known = self._library.by_concept
        return known.get(f"{finding.concept}/{finding.value}") or known.get(finding.concept)

    def _of_region(self, documents: Sequence[_Document], number: int, assessment: Assessment, family: Family, statement: Point) -> Matter:
        """The region: those between which the words do not decide, else those that images show."""
        question = self._asking.question("region")
        labels: dict[str, tuple[Point, ...]] = {}
        regions = (
            {code: region for region, code in self._library.region_codes(family.site.parent, self._codeset).items()} if family.site else {}
        )
        for alternative in assessment.alternatives:
            region = regions.get(alternative.code)
            if alternative.kind == "candidate" and alternative.route is None and region not in (None, "unspecified"):
                labels[str(region)] = tuple((number, index) for index in alternative.evidence)
        for at, document in enumerate(documents) if not labels else ():
            for index, finding in enumerate(document.report.findings):
                if finding.kind not in ("imaging", "diagnosis") or finding.flags or not finding.attributes:
                    continue
                written = [*(finding.attributes.get("levels") or ()), *filter(None, [finding.attributes.get("level")])]
                for region in {one for level in written for one in self._library.spine.regions_of(parse(str(level)))}:
                    labels.setdefault(region, ())
                    labels[region] += ((at, index),)
        choices = tuple((self._library.region_words(region), points[:_EACH]) for region, points in labels.items() if points)
        return Matter(question, family, statement, None, choices)

    # ------------------------------------------------------------------------------------------------ the query

    def build(self, documents: Sequence[_Document], matter: Matter) -> Query:
        """The query about a matter."""
        question = matter.question
        choices = matter.choices if len(matter.choices) > 1 else ()
        ordered = choices if question.id == "organism-link" else tuple(sorted(choices, key=lambda choice: choice[0].lower()))
        quoted = self._quoted(documents, matter, ordered)
        names = {point: indicator.id for indicator, points in quoted for point in points}
        form: Form = "yes-no" if {words for words, _ in ordered} == {"yes", "no"} else "multiple-choice" if ordered else "open"
        stem = question.stem.format(statement=_words(documents, matter.statement), other=_words(documents, matter.other))
        first = documents[matter.statement[0] if matter.statement else 0].note
        records = tuple(Record(document=name_of(document.note), sha256=digest(document.note.text)) for document in documents)
        identity = digest("\0".join((question.id, stem, *(record.sha256 for record in records))))[:12]
        return Query(
            id=f"q-{identity}",
            matter=question.id,
            reason=question.reason,
            title=f"{question.topic}: clarification",
            encounter=first.encounter,
            setting=first.setting,
            indicators=tuple(indicator for indicator, _ in quoted),
            stem=stem,
            form=form,
            options=tuple(Option(label=_capital(words), supported_by=_support(points, names, quoted)) for words, points in ordered),
            other=self._asking.other,
            undetermined=self._asking.undetermined,
            records=records,
            version=__version__,
            patterns=self._patterns,
            code_set=self._codeset.release.name,
        )

    def _quoted(
        self, documents: Sequence[_Document], matter: Matter, choices: Sequence[tuple[str, tuple[Point, ...]]]
    ) -> list[tuple[Indicator, list[Point]]]:
        """The indicators, in the order of the documents and of the text, each with the findings that it quotes."""
        needed = [matter.statement, matter.other, *(point for _, points in choices for point in points), *matter.evidence]
        points = list(dict.fromkeys(point for point in needed if point is not None and point[0] >= 0))
        concepts = matter.question.indicators or self._asking.indicators(infection=matter.family.infection)
        rank = {name: place for place, name in reversed(list(enumerate(self._names(concepts))))}
        further = [
            (rank[finding.concept], at, index)
            for at, document in enumerate(documents)
            for index, finding in enumerate(document.report.findings)
            if finding.concept in rank and _counts(finding) and (at, index) not in points
        ]
        treated: set[tuple[int, str]] = set()
        spans: dict[tuple[int, int, int], list[Point]] = {}
        for place, point in enumerate([*points, *((at, index) for _, at, index in sorted(further))]):
            told = _finding(documents, point)
            if told.kind == "treatment" and (point[0], told.concept) in treated and place >= len(points):
                # "On adalimumab", and "continue adalimumab" in the plan: one of them tells it.
                continue
            treated.add((point[0], told.concept))
            span = _span(documents[point[0]].note, _finding(documents, point))
            if point == matter.statement:
                span = _with_next(documents[point[0]], span)
            near = next((key for key in spans if key[0] == point[0] and key[1] < span[1] and span[0] < key[2]), None)
            if near is not None:
                spans[near].append(point)
            elif place < len(points) or len(spans) < _MOST:
                spans[point[0], *span] = [point]
        quoted = []
        for (at, start, end), together in sorted(spans.items()):
            note, findings = documents[at].note, [_finding(documents, point) for point in together]
            beside = [f for f in documents[at].report.findings if f.concept in rank and _counts(f) and start <= f.start < end]
            told = findings[0]
            # What stands without a head under the results of the laboratory may be an image all the same.
            image = told.kind == "imaging" and told.author == "laboratory"
            denied = any(point in matter.evidence and _finding(documents, point).negated for point in together)
            polarity = _polarity([*findings, *beside], start, asked=matter.statement in together)
            indicator = Indicator(
                id="", text=note.text[start:end], document=name_of(note), document_type=note.note_type, section="imaging" if image else told.section,
                author="radiology" if image else told.author, date=_date_of(documents[at], findings, (start, end)),
                encounter=note.encounter, polarity="against" if denied and polarity == "for" else polarity, start=start, end=end,
            )  # fmt: skip
            quoted.append((indicator, together))
        quoted.sort(key=lambda each: each[0].polarity == "against")
        return [(indicator.model_copy(update={"id": f"i{number}"}), points) for number, (indicator, points) in enumerate(quoted, 1)]

    @staticmethod
    def _names(keys: Iterable[str]) -> list[str]:
        return list(dict.fromkeys(key.partition("/")[0] for key in keys))


def _support(points: Sequence[Point], names: Mapping[Point, str], quoted: Sequence[tuple[Indicator, list[Point]]]) -> tuple[str, ...]:
    """The quotations on which a choice rests: those that its points name, or those for or against the statement where there are any."""
    sides = {mark: side for side, mark in _MARK.items()}
    wanted = next((sides[point] for point in points if point in sides), None)
    if wanted is not None and (found := tuple(indicator.id for indicator, _ in quoted if indicator.polarity == wanted)):
        return found[:_SIDED]
    named = {names[point] for point in points if point in names}
    return tuple(indicator.id for indicator, _ in quoted if indicator.id in named)


def _counts(finding: Finding) -> bool:
    """Can a finding be an indicator: the patient's own, seen or told, and not merely planned?"""
    if finding.family or finding.hypothetical:
        return False
    if finding.kind == "test":
        return finding.status == "resulted" or (finding.status == "pending" and finding.concept.endswith("culture"))
    return finding.status in ("resulted", None)


def _supports(finding: Finding) -> bool:
    """A sterile or pending culture supports no infection, and a denial nothing that it denies."""
    return not finding.negated and finding.value not in _NORMAL and finding.status != "pending"


def _finding(documents: Sequence[_Document], point: Point) -> Finding:
    return documents[point[0]].report.findings[point[1]]


def _words(documents: Sequence[_Document], point: Point | None) -> str:
    return " ".join(_finding(documents, point).text.split()) if point is not None else ""


def _span(note: Note, finding: Finding) -> tuple[int, int]:
    """The sentence of a finding, or of a long one the words around it."""
    start, end = finding.sentence
    if end - start <= _LONGEST:
        return start, end
    first, last = min(finding.extent[0], finding.start), max(finding.extent[1], finding.end)
    first, last = max(start, first - _BEFORE), min(end, last + _BEHIND)
    while first > start and not note.view[first - 1].isspace():
        first += 1
    while last < end and not note.view[last].isspace():
        last -= 1
    return first, max(last, finding.end)


def _with_next(document: _Document, span: Span) -> Span:
    """The statement with the sentence behind it, which may take it back or leave it open."""
    view = document.note.view
    following = next(iter(sentences.split(view[span[1] : span[1] + _LONGEST])), None)
    if following is None or "\n\n" in view[span[1] : span[1] + following[0]] or following[1] >= min(_LONGEST, len(view) - span[1]) - 1:
        return span
    end = span[1] + following[1]
    return (span[0], end) if end - span[0] <= _LONGEST and view[span[1] : end].strip()[:1] not in "-*#" else span


def _date_of(document: _Document, findings: Sequence[Finding], span: Span) -> str | None:
    """When what is quoted was: its own date, else one in the quotation, else that of the document."""
    note = document.note
    written = [finding.date for finding in findings if finding.date]
    if not written and any(finding.kind in ("test", "imaging") for finding in findings):
        written = [
            dated.iso
            for dated in values.dates(note.view, *span, day_of_service=note.date_of_service)
            if len(dated.iso) == _WHOLE or _is_of_study(document, span, dated.start)
        ]
    return max(written, key=len) if written else document.day


def _is_of_study(document: _Document, span: Span, at: int) -> bool:
    """Does a test or a study stand just before a year: "MRI 2025", and not "old tuberculosis, treated in 1974; GeneXpert negative"?"""
    studies = (f for f in document.report.findings if f.kind in ("test", "imaging") and span[0] <= f.start and f.end <= at)
    return any(at - f.end <= _BESIDE and not set(document.note.view[f.end : at]) & set(",;.:") for f in studies)


def _polarity(findings: Sequence[Finding], start: int, *, asked: bool) -> Polarity:
    if asked:
        return "neutral"
    # "Increased signal at L2/3, no abscess": what stands before a denial may say more than the patterns read.
    at_once = min(finding.start for finding in findings) - start < _AT_ONCE
    return "against" if at_once and all(finding.negated or finding.value in _NORMAL for finding in findings) else "for"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _why_not(report: NoteReport) -> str:
    decisions = {assessment.decision for assessment in report.assessments} - {None}
    if not decisions:
        return "no code of the families is chosen, and the words support none"
    if decisions <= {"assign"}:
        return "nothing is open that changes a code"
    if "replace" in decisions:
        return "the words support another code without asking"
    if "unsupported" in decisions:
        return "nothing in the record bears on the diagnosis of the code, or it is denied"
    return "nothing is open that a provider's answer would change"
