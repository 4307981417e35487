"""Assessment: what the findings of a note say for one chosen code.

Findings × code → elements that are met, uncertain, missing or in conflict, other codes that the words support, and a decision. What a
pack asks is data; this module knows kinds of elements and the order in which one thing outranks another, never a disease.

The code rests on the provider's statement (guideline I.A.19): met criteria never make a code, missing ones never take one away.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from notelint.chart import STATEMENTS, Chart, Conclusion, Document
from notelint.codeset import Code, CodeSet
from notelint.findings import Finding
from notelint.levels import Level as VertebralLevel
from notelint.levels import Place, parse
from notelint.packs import Element, Family, Level, Model, Profile, Route

ElementStatus = Literal["met", "uncertain", "missing", "conflict"]
Decision = Literal["assign", "unspecified", "query", "replace", "unsupported"]
AlternativeKind = Literal["more-specific", "instead", "additional", "candidate"]
Support = Literal["met", "elsewhere", "negated", "uncertain", "missing"]
SiteVerdict = Literal["fits", "none", "unspecified", "mismatch", "undocumented", "ambiguous"]

_LENGTH_WITH_SEVENTH = 8
"""Characters of a code with a 7th one, the dot counted."""


class AssessedElement(Model):
    """One element: `evidence` are indices into the note's findings, `documents` other documents of the encounter that meet it."""

    element: str
    level: Level
    status: ElementStatus
    evidence: tuple[int, ...] = ()
    documents: tuple[str, ...] = ()


class Alternative(Model):
    """Another code that the words of the note support, with the reason, the findings that show it and the sources.

    `route` is the entry of the pack that leads to it, null for a region's code and an organism's; `first`: it goes before the chosen code.
    """

    code: str
    title: str
    kind: AlternativeKind
    reason: str
    route: str | None = None
    first: bool = False
    evidence: tuple[int, ...] = ()
    sources: tuple[str, ...] = ()


class Need(Model):
    """Words that are open: one of the answers to an element."""

    element: str
    words: str


class Prospect(Model):
    """A code that could be assigned if the note documented all that `needs` names; the prospects together name each answer."""

    code: str
    title: str
    needs: tuple[Need, ...]


class Assessment(Model):
    """What a note says for one chosen code."""

    code: str
    title: str | None
    billable: bool
    elements: tuple[AssessedElement, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    prospects: tuple[Prospect, ...] = ()
    decision: Decision | None = None


@dataclass(frozen=True)
class Judgement:
    """An assessment with the verdicts behind it, from which the diagnostics are made."""

    assessment: Assessment
    family: Family | None
    support: Support = "met"
    support_evidence: tuple[int, ...] = ()
    support_state: str = "unmentioned"
    support_document: str | None = None
    """Another document of the encounter on which the support rests."""
    elsewhere: tuple[Alternative, ...] = ()
    late: tuple[Alternative, ...] = ()
    """Codes that go before this one and are chosen after it."""
    site: SiteVerdict = "none"
    site_evidence: tuple[int, ...] = ()
    site_candidates: tuple[str, ...] = ()
    site_from_imaging: bool = False
    mentions: tuple[int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A chosen code: what the code set knows of it, its nearest existing code, and the family of that."""

    family: Family
    nearest: Code
    known: Code | None


@dataclass(frozen=True, slots=True)
class _Stated:
    """How the provider's statement of the diagnosis stands; `document` is another one of the encounter that holds it."""

    conclusion: Conclusion
    support: Support
    elsewhere: tuple[Alternative, ...]
    document: str | None


@dataclass(frozen=True, slots=True)
class _Located:
    """Where the diagnosis lies by the words, and how that goes with the code; `document` is another one that names the place."""

    codes: Mapping[str, str]
    place: Place
    evidence: tuple[int, ...]
    verdict: SiteVerdict
    from_imaging: bool
    document: str | None

    @property
    def fitting(self) -> list[str]:
        """The region codes that the words fit."""
        return [self.codes[region] for region in self.place.candidates if region in self.codes]


class Assessor:
    """Assesses the codes of one note."""

    def __init__(
        self,
        document: Document,
        codeset: CodeSet,
        *,
        codes: Sequence[str],
        profile: Profile,
        earlier: Sequence[Document] = (),
        later: Sequence[Document] = (),
    ) -> None:
        chart = document.chart
        self._document = document
        self._chart = chart
        self._library = chart.library
        self._codeset = codeset
        self._codes = codes
        self._profile = profile
        self._earlier, self._later = tuple(earlier), tuple(later)
        self._routes: dict[str, list[Route]] = {}
        # What was said last is asked first.
        self._others = (*reversed(self._later), *reversed(self._earlier))

    # ------------------------------------------------------------------------------------------------ one code

    def judge(self, written: str) -> Judgement:
        """The judgement of one chosen code, as it is spelled by the code set where it knows it."""
        known = self._codeset.get(written)
        nearest = known or self._codeset.nearest(written)
        family = self._library.family_of(nearest.code) if nearest else None
        spelled = known.code if known else (self._codeset.normalize(written) or written)
        assessment = Assessment(code=spelled, title=known.title if known else None, billable=known is not None and known.billable)
        if family is None or nearest is None:
            return Judgement(assessment, None)
        chosen = _Chosen(family, nearest, known)
        stated = self._stated(family)
        located = self._located(chosen)
        elements = tuple(self._elements(chosen, stated, located))
        alternatives = tuple(self._alternatives(chosen, stated, located))
        judgement = Judgement(
            assessment.model_copy(update={"elements": elements, "alternatives": alternatives}),
            family,
            support=stated.support,
            support_evidence=stated.conclusion.evidence,
            support_state=stated.conclusion.state,
            support_document=stated.document,
            elsewhere=stated.elsewhere,
            site=located.verdict,
            site_evidence=located.evidence,
            site_candidates=tuple(located.fitting) if located.verdict == "ambiguous" else (),
            site_from_imaging=located.from_imaging,
            mentions=tuple(self._chart.indices((*family.diagnosis, *family.unresolved))),
        )
        late = tuple(self._late(chosen, spelled))
        decision = self._decision(judgement, known)
        open_ = decision in ("query", "unspecified") or judgement.support == "missing"
        prospects = tuple(self._prospects(chosen, judgement, located)) if open_ else ()
        told = judgement.assessment.model_copy(update={"decision": decision, "prospects": prospects})
        return replace(judgement, assessment=told, late=late)

    def _stated(self, family: Family) -> _Stated:
        """Does a provider state the family's diagnosis, here or in another document of the encounter?"""
        concepts = (*family.diagnosis, *family.unresolved)
        speaking, conclusion = self._document, self._document.conclusion(concepts)
        silent = conclusion.state in _SILENT
        for other in (*self._earlier, *self._later) if silent else self._later:
            told = other.conclusion(concepts)
            # A later word takes the place of an earlier one; where two writers say the opposite, the provider is asked which stands.
            if told.state not in _SILENT and not differ(speaking, other, conclusion, told):
                speaking, conclusion = other, told
        elsewhere = tuple(self._routed(family, "instead"))
        support: Support = "missing"
        if elsewhere:
            support = "elsewhere"
        elif conclusion.state == "affirmed":
            support = "met"
        elif conclusion.state == "possible":
            support = "uncertain"
        elif conclusion.state in ("denied", "past", "family"):
            support = "negated"
        if speaking is self._document:
            return _Stated(conclusion, support, elsewhere, None)
        return _Stated(replace(conclusion, evidence=()), support, elsewhere, speaking.name)

    def _located(self, chosen: _Chosen) -> _Located:
        """Where the diagnosis lies by the words, here or in another document, and what that means for the code."""
        family = chosen.family
        codes = self._library.region_codes(family.site.parent, self._codeset) if family.site else {}
        place, evidence, from_imaging = self._place(family)
        document: str | None = None
        if not place.candidates:
            others = ((other.name, self._place(family, other.chart)[0]) for other in self._others)
            document, place = next(((name, other) for name, other in others if other.candidates), (None, place))
        verdict = self._site(chosen, codes, place, from_imaging=from_imaging)
        return _Located(codes, place, evidence, verdict, from_imaging, document)

    def _decision(self, judgement: Judgement, known: Code | None) -> Decision:
        support, site, assessment = judgement.support, judgement.site, judgement.assessment
        if support == "elsewhere":
            return "replace"
        if support == "negated":
            return "unsupported"
        if support == "missing":
            seen = self._chart.conclusion(judgement.family.diagnosis).state if judgement.family else "unmentioned"
            return "query" if seen in ("affirmed", "possible") else "unsupported"
        open_required = any(e.level == "required" and e.status != "met" and e.element != "diagnosis" for e in assessment.elements)
        if support == "uncertain" or open_required or site in ("ambiguous", "undocumented"):
            return "query"
        if any(a.kind == "candidate" for a in assessment.alternatives):
            return "query"
        if site in ("mismatch", "unspecified"):
            return "query" if judgement.site_from_imaging else "replace"
        if known is None or not known.billable:
            return "replace" if len([a for a in assessment.alternatives if a.kind == "more-specific"]) == 1 else "query"
        return "unspecified" if site == "none" and judgement.family and judgement.family.site else "assign"

    # ------------------------------------------------------------------------------------------------ elements

    def _elements(self, chosen: _Chosen, stated: _Stated, located: _Located) -> Iterator[AssessedElement]:
        support, site, diagnosis = stated.support, located.verdict, stated.conclusion
        own = next((region for region, code in located.codes.items() if code == chosen.nearest.code), None)
        for element in self._library.elements_of(chosen.family, self._profile):
            if element.regions and own not in element.regions:
                continue
            if element.kind == "diagnosis":
                status: ElementStatus = "met" if support == "met" else "uncertain" if support == "uncertain" else "missing"
                if support == "elsewhere":
                    status = "met" if diagnosis.state == "affirmed" else "missing"
                elif support == "negated":
                    status = "conflict"
                documents = (stated.document,) if stated.document else ()
                yield AssessedElement(
                    element=element.id,
                    level=element.level,
                    status=status,
                    evidence=() if documents else diagnosis.evidence,
                    documents=documents,
                )
            elif element.kind == "region":
                verdicts: Mapping[SiteVerdict, ElementStatus] = {
                    "fits": "met", "unspecified": "met", "none": "missing", "undocumented": "missing", "ambiguous": "uncertain", "mismatch": "conflict",
                }  # fmt: skip
                documents = (located.document,) if located.document else ()
                yield AssessedElement(
                    element=element.id, level=element.level, status=verdicts[site], evidence=located.evidence, documents=documents
                )
            else:
                assessed = self._resolved(element) if element.kind == "resolve" else self._found(element)
                if assessed is not None:
                    yield assessed

    def _found(self, element: Element) -> AssessedElement | None:
        """An element that findings meet, here or in another document of the encounter."""
        own = self._found_in(self._chart, element)
        level: Level = "required" if any(self._chart.evidence(condition) for condition in element.required_if) else element.level
        if own is None or own[0] == "met":
            return own and AssessedElement(element=element.id, level=level, status=own[0], evidence=own[1])
        for document in self._others:
            # What this document raises another one may answer without raising it.
            other = self._found_in(document.chart, element.model_copy(update={"raised_by": ()}))
            if other is not None and other[0] == "met":
                return AssessedElement(element=element.id, level=level, status="met", documents=(document.name,))
        return AssessedElement(element=element.id, level=level, status=own[0], evidence=own[1])

    @staticmethod
    def _found_in(chart: Chart, element: Element) -> tuple[ElementStatus, tuple[int, ...]] | None:
        if element.raised_by and not any(chart.evidence(condition) for condition in element.raised_by):
            return None
        clashes = [evidence for condition in element.conflict if (evidence := chart.evidence(condition))]
        if clashes:
            return "conflict", _union(clashes)
        met = [evidence for condition in element.met if (evidence := chart.evidence(condition))]
        if len(met) >= element.at_least:
            return "met", _union(met)
        doubtful = [evidence for condition in element.uncertain if (evidence := chart.evidence(condition))]
        return ("uncertain", _union(doubtful)) if doubtful else ("missing", _union(met))

    def _resolved(self, element: Element) -> AssessedElement | None:
        """An element that asks for what the note raises to be denied; absent where nothing is raised."""
        raised: dict[ElementStatus, list[tuple[int, ...]]] = {}
        for concept in element.resolve:
            conclusion = self._chart.conclusion([concept])
            if conclusion.state not in ("unmentioned", "family", "other"):
                status: ElementStatus = {"affirmed": "conflict", "possible": "uncertain"}.get(conclusion.state, "met")  # type: ignore[assignment]
                raised.setdefault(status, []).append(conclusion.evidence)
        for status in ("conflict", "uncertain", "met"):
            if status in raised:
                return AssessedElement(element=element.id, level=element.level, status=status, evidence=_union(raised[status]))
        return None

    # ------------------------------------------------------------------------------------------------ site

    def _place(self, family: Family, chart: Chart | None = None) -> tuple[Place, tuple[int, ...], bool]:
        """(place, findings that name it, whether only imaging does) of the family's diagnosis, in a chart (the note's own)."""
        chart = chart or self._chart
        if family.site is None:
            return Place((), ()), (), False
        several = "multiple" not in self._library.region_codes(family.site.parent, self._codeset)
        diagnoses = list(chart.conclusion((*family.diagnosis, *family.unresolved)).evidence)
        rest = [i for i in chart.indices((*family.diagnosis, *family.unresolved)) if chart.holds(i)]
        spoken = [i for i in chart.indices(["disease-place"]) if chart.holds(i)]
        shown = [i for i in chart.indices(family.site.imaging) if chart.holds(i)]
        for pool, imaging in ((diagnoses, False), (rest, False), (spoken, False), (shown, True)):
            placed = [i for i in pool if self._named(chart.findings[i])]
            if placed:
                levels, words = set[VertebralLevel](), set[str]()
                for i in placed:
                    finding_levels, finding_words = self._named(chart.findings[i]) or ((), ())
                    levels |= set(finding_levels)
                    words |= set(finding_words)
                return self._library.spine.place(levels, words, several_codes=several), tuple(placed), imaging
        return Place((), ()), (), False

    @staticmethod
    def _named(finding: Finding) -> tuple[tuple[VertebralLevel, ...], tuple[str, ...]] | None:
        written = list(finding.attributes.get("levels") or []) + ([finding.attributes["level"]] if finding.attributes.get("level") else [])
        levels = tuple(parse(level) for level in written)
        words = tuple(word for word in finding.attributes.get("named") or () if word != "sacroiliac")
        return (levels, words) if levels or words else None

    @staticmethod
    def _site(chosen: _Chosen, codes: Mapping[str, str], place: Place, *, from_imaging: bool) -> SiteVerdict:
        if not codes:
            return "none"
        own = next((region for region, code in codes.items() if code == chosen.nearest.code), None)
        if not place.candidates:
            return "none" if own in (None, "unspecified") else "undocumented"
        if len(place.candidates) > 1 and not place.every:
            return "ambiguous"
        if own is None or chosen.known is None:
            return "fits"
        if own == "unspecified":
            return "unspecified"
        if own in place.candidates:
            return "fits"
        return "undocumented" if from_imaging else "mismatch"

    # ------------------------------------------------------------------------------------------------ other codes

    def _alternatives(self, chosen: _Chosen, stated: _Stated, located: _Located) -> Iterator[Alternative]:
        """The other codes that the words support, each once, without those chosen."""
        seen = {chosen.nearest.code if chosen.known else ""}
        for alternative in self._all_alternatives(chosen, stated, located):
            if alternative.code not in seen and not self._is_chosen(alternative):
                seen.add(alternative.code)
                yield alternative

    def _is_chosen(self, alternative: Alternative) -> bool:
        """Is the code chosen, with whatever 7th character; or, of a cause that goes first, an exacter code of its category?"""
        known = self._codeset.get(alternative.code)
        # The 7th character tells the stage of treatment, which the chosen code may know better.
        leaf = known.parent if known and known.parent and len(alternative.code) == _LENGTH_WITH_SEVENTH else alternative.code
        return any(
            code == alternative.code
            or (leaf != alternative.code and (other := self._codeset.get(code)) is not None and other.parent == leaf)
            or (alternative.first and leaf == alternative.code and code[:3] == alternative.code[:3])
            for code in self._codes
        )

    def _late(self, chosen: _Chosen, spelled: str) -> Iterator[Alternative]:
        """The codes that go before this one by a route, and are chosen after it."""
        after = self._codes[self._codes.index(spelled) + 1 :] if spelled in self._codes else ()
        for kind in ("additional", "candidate"):
            for alternative in self._routed(chosen.family, kind):
                if alternative.first and any(code[:6] == alternative.code[:6] for code in after):
                    yield alternative

    def _all_alternatives(self, chosen: _Chosen, stated: _Stated, located: _Located) -> Iterator[Alternative]:
        yield from stated.elsewhere
        if stated.support in ("met", "uncertain"):
            yield from self._by_region(chosen, located)
        if stated.support != "elsewhere":
            yield from self._routed(chosen.family, "candidate")
        yield from self._routed(chosen.family, "additional")
        if chosen.family.infection and stated.support in ("met", "elsewhere"):
            yield from self.organism_codes(chosen.nearest.code)

    def _by_region(self, chosen: _Chosen, located: _Located) -> Iterator[Alternative]:
        parent = chosen.known is None or not chosen.known.billable
        site, codes, evidence, fitting = located.verdict, located.codes, located.evidence, located.fitting
        if site == "ambiguous":
            for code in fitting:
                yield self._alternative(code, "candidate", "the words fit more than one region", evidence, ("tabular",))
        elif site == "undocumented":
            if "unspecified" in codes:
                yield self._alternative(
                    codes["unspecified"], "candidate", "the note names no region of the spine for it", evidence, ("tabular",)
                )
        elif site in ("mismatch", "unspecified") or parent:
            kind: AlternativeKind = "instead" if site == "mismatch" else "more-specific"
            for code in fitting:
                yield self._alternative(code, kind, "the region that the note names", evidence, ("tabular",))
        elif site == "fits" and located.place.every:
            for code in fitting:
                if code != chosen.nearest.code:
                    yield self._alternative(
                        code, "additional", "a further region that the note names; each has its own code", evidence, ("guideline-i-c-13-a",)
                    )

    def _routed(self, family: Family, kind: str) -> Iterator[Alternative]:
        if family.family not in self._routes:
            # Of the many routes only those of which the note speaks.
            self._routes[family.family] = [route for route in family.routes if not route.names.isdisjoint(self._chart.concepts)]
        for route in self._routes[family.family]:
            if route.kind == kind:
                yield from self._route(family, route)

    def _route(self, family: Family, route: Route) -> Iterator[Alternative]:
        if route.unmentioned and self._chart.indices((*family.diagnosis, *family.unresolved)):
            return
        if any(self._chart.evidence(condition) for condition in route.unless):
            return
        if not all(self._chart.evidence(condition) for condition in route.also):
            return
        for condition in route.when:
            # Of several codes among which the provider has to choose, one that is chosen has answered.
            if len(route.code) > 1 and any(code[:6] in {chosen[:6] for chosen in self._codes} for code in route.code):
                return
            # What radiology or the laboratory names is no diagnosis; what they find is evidence all the same.
            stated = tuple(
                i
                for i in self._chart.evidence(condition) or ()
                if self._chart.findings[i].author == "provider" or self._chart.findings[i].kind not in STATEMENTS
            )
            for other in self._codes_of(family, route, stated) if stated else ():
                yield self._alternative(other, route.kind, route.because, stated, route.source, route=route)

    def _codes_of(self, family: Family, route: Route, evidence: Sequence[int]) -> Iterator[str]:
        if route.code:
            yield from route.code
            return
        own: dict[str, str | None] = {}
        for i in evidence:
            finding = self._chart.findings[i]
            entry = self._library.by_concept.get(f"{finding.concept}/{finding.value}") or self._library.by_concept.get(finding.concept)
            if parent := route.site_parent or (entry.site_parent if entry else None):
                yield from self._region_codes(parent, family, evidence)
                return
            if code := finding.attributes.get("code") or (entry.code if entry else None):
                own[str(code)] = entry.code if entry else None
        # Of one thing named more and less exactly ("Brucella", "B. melitensis") the exact code counts.
        yield from [code for code, general in own.items() if code != general] or own

    def _region_codes(self, parent: str, family: Family, evidence: Sequence[int]) -> Iterator[str]:
        """The codes under a parent for the place that the findings name together, else the place of the family's own diagnosis."""
        codes = self._library.region_codes(parent, self._codeset)
        named = [found for i in evidence if (found := self._named(self._chart.findings[i]))]
        levels = {level for found in named for level in found[0]}
        words = {word for found in named for word in found[1]}
        place = self._library.spine.place(levels, words, several_codes="multiple" not in codes) if named else self._place(family)[0]
        if not place.candidates:
            yield codes.get("unspecified", parent)
        for region in place.candidates:
            if region in codes:
                yield codes[region]

    def organism_codes(self, chosen: str) -> Iterator[Alternative]:
        """The codes of the organisms that the provider affirms as the cause, the most exact of each line.

        What only the laboratory tells is a finding, which the provider has to link to the infection (guideline III.B).
        """
        told = [i for i in self._chart.indices(["organism"]) if self._chart.is_linked(i)]
        organisms = [i for i in told if self._chart.holds(i)]
        values = {self._chart.findings[i].value for i in organisms}
        broader = {wider for value in values for wider in self._library.wider(value or "")}
        asks = any("B95" in note.text for note in self._codeset.additional(chosen))
        for value in sorted(values - broader - {None}, key=str):
            evidence = tuple(i for i in organisms if self._chart.findings[i].value == value)
            code = self._chart.findings[evidence[0]].attributes.get("code")
            if code and code[:3] in ("B95", "B96", "B97"):
                reason = "the organism that the note names as the cause"
                yield self._alternative(code, "additional", reason, evidence, ("tabular",) if asks else ("guideline-i-c-1-b",))

    def _alternative(
        self,
        code: str,
        kind: AlternativeKind,
        reason: str,
        evidence: tuple[int, ...],
        sources: tuple[str, ...],
        *,
        route: Route | None = None,
    ) -> Alternative:
        known = self._codeset.get(code)
        return Alternative(
            code=code, title=known.title if known else "", kind=kind, reason=reason, evidence=evidence, sources=sources,
            route=route.id if route else None, first=route is not None and route.first,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------ what would decide

    def _prospects(self, chosen: _Chosen, judgement: Judgement, located: _Located) -> Iterator[Prospect]:
        """The codes that could be assigned, each with the words that are open: every answer to every open element, none preferred."""
        elements = {element.id: element for element in self._library.elements_of(chosen.family, self._profile)}
        status = {assessed.element: assessed for assessed in judgement.assessment.elements}
        open_ = [
            elements[name]
            for name, assessed in status.items()
            if assessed.status != "met" and self._decides(elements[name], assessed, judgement)
        ]
        kept: dict[str, list[Need]] = {}
        if judgement.support in ("missing", "uncertain", "negated"):
            for answer in elements["diagnosis"].answers:
                if answer.chosen:
                    kept.setdefault("diagnosis", []).append(Need(element="diagnosis", words=answer.words))
        for element in open_:
            for answer in element.answers:
                if answer.chosen:
                    kept.setdefault(element.id, []).append(Need(element=element.id, words=answer.words))
        regions = list(self._regions_open(judgement, located))
        for code, region in regions or [(chosen.nearest.code, None)]:
            needs = [*(needs[0] for needs in kept.values()), *([Need(element="region", words=region)] if region else [])]
            if needs:
                yield self._prospect(code, needs)
        # Without the diagnosis nothing else is asked yet.
        for element in open_ if "diagnosis" not in kept else ():
            for answer in element.answers:
                if answer.code:
                    yield self._prospect(answer.code, [Need(element=element.id, words=answer.words)])
                elif answer.site_parent:
                    for code in self._region_codes(answer.site_parent, chosen.family, ()):
                        yield self._prospect(code, [Need(element=element.id, words=answer.words)])

    @staticmethod
    def _decides(element: Element, assessed: AssessedElement, judgement: Judgement) -> bool:
        """Does an open element keep the code from being assigned, and are its answers known?"""
        choice = any(alternative.kind == "candidate" for alternative in judgement.assessment.alternatives)
        unclear = assessed.level == "specificity" and assessed.status != "missing" and choice
        return element.kind not in ("diagnosis", "region") and bool(element.answers) and (assessed.level == "required" or unclear)

    def _regions_open(self, judgement: Judgement, located: _Located) -> Iterator[tuple[str, str | None]]:
        """(code, region in words) of each way in which an open region can be told; nothing where the region is told."""
        if judgement.site not in ("ambiguous", "undocumented", "none") or not located.codes:
            return
        regions = located.place.candidates if judgement.site == "ambiguous" else tuple(located.codes)
        for region in regions:
            if region in located.codes:
                yield located.codes[region], self._library.region_words(region)

    def _prospect(self, code: str, needs: Sequence[Need]) -> Prospect:
        known = self._codeset.get(code)
        return Prospect(code=code, title=known.title if known else "", needs=tuple(needs))

    # ------------------------------------------------------------------------------------------------ no code chosen

    def supported(self) -> list[str]:
        """The codes of the families that the note's own words support, in the order of the packs."""
        found: list[str] = []
        for family in self._library.families if self._chart.concepts else ():
            conclusion = self._chart.conclusion(family.diagnosis, provider=True)
            head = self._codeset.get(family.family)
            if conclusion.state != "affirmed" or head is None or list(self._routed(family, "instead")):
                continue
            if family.site is None:
                found.append(family.family)
                continue
            codes = self._library.region_codes(family.site.parent, self._codeset)
            place, _, _ = self._place(family)
            regions = [region for region in place.candidates if region in codes] or ["unspecified"]
            found += [codes[region] for region in (regions if place.every or len(regions) == 1 else regions[:1]) if region in codes]
        return found


_SILENT = frozenset({"unmentioned", "family", "other"})


def differ(one: Document, other: Document, first: Conclusion, second: Conclusion) -> bool:
    """Do two writers say the opposite, one that the patient has it and one that not?"""
    return {first.state, second.state} == {"affirmed", "denied"} and None not in (one.writer, other.writer) and one.writer != other.writer


def _union(evidence: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({i for each in evidence for i in each}))
