"""The report: diagnostics with place, message and source, made from judgements; and the JSON shapes of a run."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import Field

from notelint import __version__
from notelint.assessment import Alternative, AssessedElement, Assessment, Judgement
from notelint.chart import Chart, Document
from notelint.codeset import CodeSet, InstructionNote, NoteKind
from notelint.encounter import contradictions
from notelint.findings import Finding
from notelint.library import Library
from notelint.note import Note
from notelint.packs import Element, Family, Model, Profile
from notelint.rules import GAP_SEVERITY, RULES, Severity

CodesFrom = Literal["given", "note", "words"]

_SUPPLEMENTARY = ("B95", "B96", "B97", "Z16")


class Diagnostic(Model):
    """One thing to tell the user. `start` and `end` are code points, `line` and `column` from 1; all null where it has no place."""

    rule: str
    severity: Severity
    code: str | None
    message: str = Field(repr=False)
    help: str = Field(repr=False)
    start: int | None = None
    end: int | None = None
    line: int | None = None
    column: int | None = None
    evidence: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()


class NoteReport(Model):
    """What is reported of one note; `codes-from` tells where the codes came from."""

    id: str | None
    path: str | None
    setting: str
    date_of_service: date | None
    profile: str
    codes: tuple[str, ...]
    codes_from: CodesFrom
    findings: tuple[Finding, ...]
    assessments: tuple[Assessment, ...]
    diagnostics: tuple[Diagnostic, ...]


class Extract(Model):
    """The findings of one note."""

    id: str | None
    path: str | None
    findings: tuple[Finding, ...]


class Failure(Model):
    """A note or line that could not be used."""

    path: str
    message: str


class CodeSetName(Model):
    """The release of a code system; of several in one run, the newest that was used."""

    system: Literal["ICD-10-CM"] = "ICD-10-CM"
    release: str


class Summary(Model):
    """How much of what was reported."""

    notes: int
    errors: int
    warnings: int
    infos: int


class _Run(Model):
    """What every run prints around its notes."""

    schema_: Literal["notelint/report/1"] = Field("notelint/report/1", alias="schema")
    version: str = __version__
    code_set: CodeSetName
    errors: tuple[Failure, ...] = ()
    summary: Summary


class Report(_Run):
    """A run of `check`: the object that its `--format json` prints."""

    notes: tuple[NoteReport, ...]


class Extracts(_Run):
    """A run of `extract`: the object that its `--format json` prints."""

    notes: tuple[Extract, ...]


class CheckedQuery(Model):
    """What a query breaks; `id` is null where it is a text."""

    path: str
    id: str | None
    diagnostics: tuple[Diagnostic, ...]


class Checked(Model):
    """A run of `query check`: the object that its `--format json` prints."""

    schema_: Literal["notelint/query-check/1"] = Field("notelint/query-check/1", alias="schema")
    version: str = __version__
    queries: tuple[CheckedQuery, ...]
    errors: tuple[Failure, ...] = ()


def summarize(notes: int, fired: Mapping[tuple[str, Severity], int]) -> Summary:
    """The summary of a run: how many notes, and how often each rule fired with which severity."""
    counts: Counter[str] = Counter()
    for (_, severity), number in fired.items():
        counts[severity] += number
    return Summary(notes=notes, errors=counts["error"], warnings=counts["warning"], infos=counts["info"])


@dataclass(frozen=True)
class _Reporter:
    note: Note
    document: Document
    others: tuple[Document, ...]
    library: Library
    codeset: CodeSet
    codes: tuple[str, ...]
    profile: Profile

    @property
    def chart(self) -> Chart:
        return self.document.chart

    # ------------------------------------------------------------------------------------------------ building

    def say(
        self, rule: str, message: str, help_: str, *, code: str | None, at: Sequence[int] = (), evidence: Sequence[int] = (),
        severity: Severity | None = None, sources: Sequence[str] = (), span: tuple[int, int] | None = None,
    ) -> Diagnostic:  # fmt: skip
        """A diagnostic that points at the first finding of `at`, or at `span`."""
        if span is None and at:
            finding = self.chart.findings[at[0]]
            span = (finding.start, finding.end)
        line, column = self.note.place(span[0]) if span else (None, None)
        named = sources or RULES[rule].sources
        return Diagnostic(
            rule=rule, severity=severity or RULES[rule].severity, code=code, message=message, help=help_,
            start=span[0] if span else None, end=span[1] if span else None, line=line, column=column,
            evidence=tuple(evidence or at), sources=tuple(dict.fromkeys(self.library.cite(name, self.codeset.release.name) for name in named)),
        )  # fmt: skip

    def title(self, code: str) -> str:
        known = self.codeset.get(code)
        return f"{code} ({known.title})" if known else code

    def written(self, code: str) -> tuple[int, int] | None:
        """Where a code stands in the note's text."""
        found = re.search(rf"(?<![\w.]){re.escape(code)}(?![\w.]*\w)", self.note.view, re.IGNORECASE)
        return found.span() if found else None

    # ------------------------------------------------------------------------------------------------ codes

    def of_codes(self, judgements: Sequence[Judgement]) -> Iterator[Diagnostic]:
        """`code/*` of the codes themselves and of their company."""
        for judgement in judgements:
            yield from self._of_code(judgement)
        for n, first in enumerate(self.codes):
            for second in self.codes[n + 1 :]:
                note = self.codeset.excludes1(first, second)
                if note is not None:
                    yield self.say(
                        "code/excludes1", f"{first} and {second} are not coded together: Excludes1 at {note.node}",
                        f"{note.node}, Excludes1: {note.text}", code=first, span=self.written(first),
                    )  # fmt: skip
            for second in self.codes[n + 1 :]:
                yield from self._pair(first, second)
        yield from self._sequence()

    def _pair(self, first: str, second: str) -> Iterator[Diagnostic]:
        """Two chosen codes of a pair that the packs keep apart, each under its nearest name."""
        for pair in self.library.pairs:
            named = (*pair.codes, *pair.others)
            nearest = [max((name for name in named if code.startswith(name)), key=len, default="") for code in (first, second)]
            sides = [name in pair.codes for name in nearest if name]
            if len(sides) == 2 and sides[0] != sides[1]:
                yield self.say(
                    "code/conflict", f"{first} and {second} are not coded together for one condition", pair.because,
                    code=first, severity=pair.severity, sources=pair.source, span=self.written(first),
                )  # fmt: skip

    def _of_code(self, judgement: Judgement) -> Iterator[Diagnostic]:
        assessment = judgement.assessment
        code, span = assessment.code, self.written(assessment.code)
        offered = ", ".join(self.title(a.code) for a in assessment.alternatives if a.kind in ("more-specific", "candidate"))
        if assessment.title is None:
            nearest = self.codeset.nearest(code)
            near = (
                f"the nearest existing code is {self.title(nearest.code)}"
                if nearest
                else "it has not the form of a code or no code is like it"
            )
            help_ = f"the note's words fit {offered}" if offered else near
            yield self.say(
                "code/unknown", f"{code} is no code of ICD-10-CM release {self.codeset.release.name}", help_, code=code, span=span
            )
            return
        known = self.codeset.get(code)
        if known is not None and not known.billable:
            if known.seventh:
                letters = ", ".join(f"{letter} {meaning}" for letter, meaning in known.seventh)
                yield self.say("code/not-billable", f"{code} needs a 7th character", f"one of {letters}", code=code, span=span)
            else:
                help_ = f"the note's words fit {offered}" if offered else f"{code} has {len(known.children)} codes below it"
                yield self.say("code/not-billable", f"{code} is a parent code and is not reported alone", help_, code=code, span=span)

    def _sequence(self) -> Iterator[Diagnostic]:
        for n, code in enumerate(self.codes):
            known = self.codeset.get(code)
            if known is None:
                continue
            if code[:3] in _SUPPLEMENTARY:
                if n == 0:
                    yield self.say(
                        "code/sequence", f"{code} can not stand first: it only adds to the code of the infection",
                        "the code of the infection goes before it", code=code, span=self.written(code),
                    )  # fmt: skip
                continue
            if not known.is_manifestation:
                continue
            first_notes = self.codeset.code_first(code)
            etiology = self._etiology()
            if first_notes and not any(self._goes_first(other, first_notes, etiology) for other in self.codes[:n]):
                note = first_notes[0]
                help_ = f"the note names {self.title(etiology)}" if etiology else f"{note.node}, code first: {note.text}"
                yield self.say(
                    "code/sequence",
                    f"{code} can not stand first: the underlying disease is coded before it",
                    help_,
                    code=code,
                    span=self.written(code),
                )

    def _etiology(self) -> str | None:
        """An affirmed organism or disease with a code of chapter 1, for the help of `code/sequence`."""
        for index, finding in enumerate(self.chart.findings):
            code = finding.attributes.get("code")
            if self.chart.holds(index) and code and code[0] in "AB" and code[:3] not in _SUPPLEMENTARY:
                return str(code)
        return None

    def _goes_first(self, other: str, notes: Sequence[InstructionNote], etiology: str | None) -> bool:
        """Can another code be the one that goes first? Those the note lists are only examples ("such as"), unless the cause is documented."""
        if any(other in r for note in notes for r in note.ranges) or (etiology is not None and other[:3] == etiology[:3]):
            return True
        known = self.codeset.get(other)
        return etiology is None and known is not None and not known.is_manifestation

    # ------------------------------------------------------------------------------------------------ one judgement

    def of_judgement(self, judgement: Judgement) -> Iterator[Diagnostic]:
        """`support/*`, `site/*`, `gap/*`, `note/placeholder` and `code/additional` of one code."""
        family, assessment = judgement.family, judgement.assessment
        if family is None:
            return
        support = list(self._support(judgement, family))
        yield from support
        silent = bool(support) or assessment.title is None
        if not silent:
            yield from self._site(judgement)
        yield from self._gaps(judgement, family, silent=silent)
        yield from self._additional(judgement)
        yield from self._late(judgement)
        yield from self._documented(judgement)

    def _support(self, judgement: Judgement, family: Family) -> Iterator[Diagnostic]:
        code = judgement.assessment.code
        at = judgement.support_evidence or judgement.mentions
        name = self._name(self.chart.findings[at[0]].concept if at else family.diagnosis[0])
        where = f" (in {judgement.support_document})" if judgement.support_document else ""
        if judgement.support == "elsewhere":
            for alternative in judgement.elsewhere:
                words = ", ".join(dict.fromkeys(self._name(self.chart.findings[i].concept) for i in alternative.evidence))
                yield self.say(
                    "support/diagnosis-elsewhere", f"{code}: the note names {words}, which is classified to {self.title(alternative.code)}",
                    self._with_notes(code, alternative), code=code, at=alternative.evidence, sources=alternative.sources,
                )  # fmt: skip
                return
        elif judgement.support == "negated":
            how = {"family": "of a relative", "past": "past"}.get(judgement.support_state, "absent")
            yield self.say(
                "support/diagnosis-negated",
                f"{code}: {name} is stated only as {how}{where}",
                "the code rests on a current statement of the provider",
                code=code,
                at=at,
            )
        elif judgement.support == "uncertain":
            severity: Severity = "warning" if self.note.setting == "inpatient" else "error"
            yield self.say(
                "support/diagnosis-uncertain", f"{code}: {name} is stated only as uncertain{where}", self._uncertain_help(), code=code, at=at,
                severity=severity, sources=("guideline-ii-h",) if self.note.setting == "inpatient" else (),
            )  # fmt: skip
        elif judgement.support == "missing":
            others = [i for i in judgement.mentions if self.chart.findings[i].author not in ("provider", None)]
            who = ", ".join(sorted({str(self.chart.findings[i].author) for i in others}))
            message = f"{code}: only {who} names {name}" if others else f"{code}: no provider's statement of {name}"
            yield self.say(
                "support/diagnosis-missing",
                message,
                "the code rests on the provider's own statement of the diagnosis",
                code=code,
                at=others,
            )

    def _uncertain_help(self) -> str:
        if self.note.setting == "inpatient":
            if self.chart.final:
                return "a doubt as strong as this never counts as an established diagnosis"
            return "it counts as established only if it is still uncertain in the final statement at discharge"
        if self.note.setting == "unknown":
            return "outpatient: symptoms are coded until it is confirmed; inpatient: it counts if still uncertain in the final statement"
        return "outpatient: signs and symptoms are coded until the diagnosis is confirmed"

    def _site(self, judgement: Judgement) -> Iterator[Diagnostic]:
        assessment, code = judgement.assessment, judgement.assessment.code
        at = judgement.site_evidence or judgement.mentions
        words = "; ".join(dict.fromkeys(self._place_words(i) for i in judgement.site_evidence))
        imaging = " (by imaging; the provider may confirm it)" if judgement.site_from_imaging else ""
        fitting = ", ".join(
            self.title(a.code)
            for a in assessment.alternatives
            if a.kind in ("more-specific", "instead", "candidate") and "region" in a.reason
        )
        fitting = fitting or "a code that is chosen as well"
        if judgement.site == "unspecified":
            yield self.say(
                "site/unspecified", f"{code} names no site, the note does: {words}{imaging}", f"the words fit {fitting}", code=code, at=at
            )
        elif judgement.site == "mismatch":
            yield self.say(
                "site/mismatch", f"{code} is of another region than the note's: {words}", f"the words fit {fitting}", code=code, at=at
            )
        elif judgement.site == "undocumented":
            seen = f"; imaging shows {words}" if judgement.site_evidence else ""
            yield self.say(
                "site/undocumented",
                f"{code} names a region that the note does not{seen}",
                "ask which region of the spine is involved",
                code=code,
                at=at,
            )
        elif judgement.site == "ambiguous":
            codes = ", ".join(self.title(c) for c in judgement.site_candidates)
            yield self.say(
                "site/ambiguous",
                f"{code}: the words fit more than one region code: {words}{imaging}",
                f"ask; candidates are {codes}",
                code=code,
                at=at,
            )

    def _place_words(self, index: int) -> str:
        finding = self.chart.findings[index]
        levels = list(finding.attributes.get("levels") or []) + (
            [str(finding.attributes["level"])] if finding.attributes.get("level") else []
        )
        return ", ".join([*(finding.attributes.get("named") or ()), *levels])

    def _gaps(self, judgement: Judgement, family: Family, *, silent: bool) -> Iterator[Diagnostic]:
        elements = {element.id: element for element in self.library.elements_of(family, self.profile)}
        code = judgement.assessment.code
        for assessed in judgement.assessment.elements:
            if assessed.status == "met" or assessed.element == "diagnosis":
                continue
            element = elements[assessed.element]
            slots = self._slots(element)
            if slots:
                yield self.say(
                    "note/placeholder",
                    f"{code}: an unfilled slot: {element.title}",
                    element.ask,
                    code=code,
                    at=slots,
                    sources=element.source,
                )
                continue
            if silent:
                continue
            if element.kind == "region":
                if judgement.site != "none":
                    continue
                severity: Severity = "info"
            else:
                severity = GAP_SEVERITY[assessed.level]
            yield self.say_gap(judgement, assessed, element, severity)

    def say_gap(self, judgement: Judgement, assessed: AssessedElement, element: Element, severity: Severity) -> Diagnostic:
        """`gap/ELEMENT`: the element is missing, unclear or in conflict."""
        code = judgement.assessment.code
        what = {"missing": "not documented", "uncertain": "documented without a clear result", "conflict": "the documentation conflicts"}[
            assessed.status
        ]
        at = assessed.evidence or judgement.mentions
        finding = self.chart.findings[at[0]] if at else None
        line, column = self.note.place(finding.start) if finding else (None, None)
        return Diagnostic(
            rule=f"gap/{element.id}", severity=severity, code=code, message=f"{code}: {element.title}: {what}", help=element.ask,
            start=finding.start if finding else None, end=finding.end if finding else None, line=line, column=column,
            evidence=assessed.evidence, sources=tuple(self.library.cite(name, self.codeset.release.name) for name in element.source),
        )  # fmt: skip

    def _slots(self, element: Element) -> list[int]:
        """Unfilled template slots for what an element asks."""
        concepts = {c for condition in (*element.met, *element.uncertain) for c in condition.concept}
        if element.kind == "region":
            concepts = {"spinal-region"}
        return [i for i in self.chart.indices(concepts) if self.chart.findings[i].status == "unfilled"]

    def _additional(self, judgement: Judgement) -> Iterator[Diagnostic]:
        code = judgement.assessment.code
        asked = self.codeset.additional(code)
        for alternative in judgement.assessment.alternatives:
            if alternative.kind != "additional":
                continue
            note = next((n for n in asked if any(alternative.code in r for r in n.ranges)), None)
            severity: Severity = "error" if note else "warning"
            help_ = f"{note.node}, use additional code: {note.text}" if note else self._with_notes(code, alternative)
            yield self.say(
                "code/additional", f"{code}: {self.title(alternative.code)} is documented and not chosen", help_,
                code=code, at=alternative.evidence, severity=severity, sources=("tabular",) if note else alternative.sources,
            )  # fmt: skip

    def _with_notes(self, code: str, alternative: Alternative) -> str:
        """The reason of an alternative, with what the tabular list says of the two codes together."""
        said = [alternative.reason]
        other = alternative.code
        if note := self.codeset.excludes1(code, other):
            said.append(f"{note.node}, Excludes1: {note.text}.")
        elif alternative.kind == "additional" and (note := self.codeset.excludes2(code, other)):
            said.append(f"{note.node}, Excludes2, which lets both stand: {note.text}.")
        if alternative.first:
            said.append(f"It goes before {code}.")
        if alternative.kind != "additional":
            for kind, words in ((NoteKind.CODE_FIRST, "code first"), (NoteKind.CODE_ALSO, "code also")):
                # The first line of such a note introduces its list.
                texts = self.codeset.notes(other, {kind})
                if texts:
                    said.append(f"{texts[0].node}, {words}: {'; '.join(note.text for note in texts if note.node == texts[0].node)}.")
        return " ".join(said)

    def _late(self, judgement: Judgement) -> Iterator[Diagnostic]:
        """Codes that go before this one and are chosen after it."""
        code = judgement.assessment.code
        for alternative in judgement.late:
            chosen = next(other for other in self.codes if other[:6] == alternative.code[:6])
            yield self.say(
                "code/sequence", f"{self.title(chosen)} goes before {code}", alternative.reason,
                code=code, span=self.written(chosen), evidence=alternative.evidence, sources=alternative.sources,
            )  # fmt: skip

    def _documented(self, judgement: Judgement) -> Iterator[Diagnostic]:
        """Excludes1 between a chosen code and a diagnosis that the note affirms, where no route has said it already."""
        code = judgement.assessment.code
        routed = {i for alternative in judgement.assessment.alternatives for i in alternative.evidence}
        if judgement.support != "met":
            return
        for index, finding in enumerate(self.chart.findings):
            entry = self.library.by_concept.get(finding.concept)
            if (
                finding.kind not in ("diagnosis", "condition")
                or not self.chart.holds(index)
                or finding.author != "provider"
                or index in routed
                or entry is None
                or not entry.code
            ):
                continue
            note = self.codeset.excludes1(code, entry.code)
            if note is not None and entry.code not in self.codes:
                yield self.say(
                    "code/excludes1", f"{code} is not coded together with {self.title(entry.code)}, which the note names",
                    f"{note.node}, Excludes1: {note.text}", code=code, at=(index,),
                )  # fmt: skip
                return

    def _name(self, concept: str) -> str:
        entry = self.library.by_concept.get(concept)
        return entry.title if entry else concept

    # ------------------------------------------------------------------------------------------------ the note

    def contradictions(self, judgements: Sequence[Judgement]) -> Iterator[Diagnostic]:
        """Diagnoses both stated and denied where the provider concludes, and results that do not change in a life, told differently."""
        families = [judgement.family for judgement in judgements if judgement.family]
        for concept in dict.fromkeys(key.partition("/")[0] for family in families for key in family.diagnosis):
            if both := self.chart.contradicted(concept):
                yield self.say(
                    "note/contradiction", f"{self._name(concept)} is stated and denied", "ask which statement stands",
                    code=None, at=both[-1:], evidence=both,
                )  # fmt: skip
        concepts = list(dict.fromkeys(key.partition("/")[0] for family in families for key in family.diagnosis))
        for concept, document, evidence, what in contradictions(self.document, self.others, self.library, concepts):
            yield self.say(
                "note/contradiction", f"{self._name(concept)}: {what} (in {document})", "ask which statement stands",
                code=None, at=evidence,
            )  # fmt: skip
        for concept in self.library.lifelong:
            told = [
                i for i in self.chart.indices([concept]) if self.chart.findings[i].status == "resulted" and self.chart.findings[i].value
            ]
            values = list(dict.fromkeys(str(self.chart.findings[i].value) for i in told))
            if len({"positive", "negative"} & set(values)) > 1:
                yield self.say(
                    "note/contradiction", f"{self._name(concept)} is told as {' and as '.join(values)}", "ask which result stands, with its date",
                    code=None, at=told[-1:], evidence=told,
                )  # fmt: skip


def diagnose(
    note: Note,
    document: Document,
    judgements: Sequence[Judgement],
    *,
    others: Sequence[Document],
    library: Library,
    codeset: CodeSet,
    codes: Sequence[str],
    covered: bool,
    profile: Profile,
) -> tuple[Diagnostic, ...]:
    """The diagnostics of a note, gravest first, then in the order of the text. `covered`: a release covers the date of service."""
    if covered and not codes:
        return ()
    reporter = _Reporter(note, document, tuple(others), library, codeset, tuple(codes), profile)
    found: list[Diagnostic] = []
    if not covered:
        found.append(
            reporter.say(
                "code/outdated-code-set",
                f"no loaded release of ICD-10-CM covers {note.date_of_service}; release {codeset.release.name} was used",
                "load another official release with `notelint codes add`",
                code=None,
            )
        )
    found += reporter.of_codes(judgements)
    for judgement in judgements:
        found += reporter.of_judgement(judgement)
    if any(judgement.family for judgement in judgements):
        found += reporter.contradictions(judgements)
    rank = {"error": 0, "warning": 1, "info": 2}
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda d: (rank[d.severity], d.start is None, d.start or 0)))


__all__ = [
    "Checked",
    "CheckedQuery",
    "CodesFrom",
    "Diagnostic",
    "Extract",
    "Extracts",
    "Failure",
    "NoteReport",
    "Report",
    "Summary",
    "diagnose",
    "summarize",
]
