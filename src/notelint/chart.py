"""The chart: the findings of a document, asked what its author concludes; and the documents of an encounter."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from notelint.findings import Finding
from notelint.levels import parse
from notelint.library import Library
from notelint.packs import Condition, State

STATEMENTS = frozenset({"diagnosis", "condition", "statement"})
"""Kinds that are stated; what is measured, seen or done is not."""
_RESULTS = frozenset({"test"})
_DIAGNOSES = frozenset({"diagnosis", "condition", "organism", "infection-source"})
"""Kinds that can be an uncertain diagnosis, or a part of one."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a note concludes of a concept, and the findings that say so; `weak` when only doubt so strong that it never counts."""

    state: Literal["affirmed", "possible", "denied", "past", "family", "other", "unmentioned"]
    evidence: tuple[int, ...] = ()
    weak: bool = False


def _apart(one: Finding, other: Finding) -> bool:
    """Do two findings name levels or regions, and none in common?"""
    first, second = ([parse(name) for name in finding.attributes.get("levels") or ()] for finding in (one, other))
    if first and second:
        return not any(a.first <= b.last and b.first <= a.last for a in first for b in second)
    here, there = (set(finding.attributes.get("regions") or ()) for finding in (one, other))
    return bool(here and there) and not here & there


class Chart:
    """The findings of a note, asked what the note concludes.

    `concludes` are the sections where an author concludes. `final`: the note is the statement at the end of an inpatient stay, in which a
    diagnosis that is still uncertain counts as established (guidelines II.H and III.C), but for those of which only a confirmed one does.
    """

    def __init__(self, findings: Sequence[Finding], library: Library, *, concludes: frozenset[str], final: bool = False) -> None:
        self.findings = findings
        self.library = library
        self.final = final
        self._concludes = concludes
        self._placed = any(finding.section in concludes for finding in findings)
        self._by_concept: dict[str, list[int]] = {}
        self._known: dict[tuple[str, ...], list[int]] = {}
        self._evidence: dict[int, tuple[Condition, tuple[int, ...] | None]] = {}
        for index, finding in enumerate(findings):
            if finding.attributes.get("elsewhere") or finding.attributes.get("copied-from"):
                continue
            named = self._linked(finding) or finding.concept
            # To name a thing exactly is also to name what it is a kind of.
            for concept in (named, *library.wider(named)):
                self._by_concept.setdefault(concept, []).append(index)

    def _linked(self, finding: Finding) -> str | None:
        """What a diagnosis is with the bacterium that the provider names as its cause: "MSSA discitis" is pyogenic."""
        entry = self.library.by_concept.get(finding.concept)
        organism = self.library.by_concept.get(f"organism/{finding.attributes.get('organism')}")
        if entry is None or organism is None or not (organism.code or "").startswith(("B95", "B96")):
            return None
        return entry.linked_as

    @property
    def concepts(self) -> Collection[str]:
        """The concepts that the note names, also those that they are a kind of."""
        return self._by_concept.keys()

    def indices(self, concepts: Iterable[str]) -> list[int]:
        """The findings of these concepts in the patient, in the order of the text."""
        asked = tuple(concepts)
        known = self._known.get(asked)
        if known is None:
            known = self._known[asked] = [i for i in self._all(asked) if not self.findings[i].family]
        return known

    def _all(self, concepts: Iterable[str]) -> list[int]:
        found: set[int] = set()
        for name in concepts:
            concept, _, value = name.partition("/")
            found.update(i for i in self._by_concept.get(concept, ()) if not value or self.findings[i].value == value)
        return sorted(found)

    def is_conclusion(self, finding: Finding) -> bool:
        """Does a finding stand where the author concludes?"""
        return finding.section in self._concludes

    def is_linked(self, index: int) -> bool:
        """Is a finding told by the provider, and not only among results? What only these tell is no cause (guideline III.B)."""
        finding = self.findings[index]
        return finding.author == "provider" and finding.section not in self.library.result_sections

    def holds(self, index: int) -> bool:
        """Does a finding count as present in the patient now: affirmed, or still uncertain where that counts as established?"""
        finding = self.findings[index]
        if finding.affirmed:
            return True
        if not self.final or finding.flags != ("possible",) or "weak" in finding.attributes:
            return False
        entry = self.library.by_concept.get(finding.concept)
        # The rule speaks of the final statement: what was suspected on admission and is not in it is no diagnosis.
        said_last = not self._placed or self.is_conclusion(finding)
        return said_last and finding.kind in _DIAGNOSES and entry is not None and not entry.confirmed_only

    def conclusion(self, concepts: Iterable[str], *, provider: bool = False) -> Conclusion:
        """What the note concludes of any of these concepts: what it says where the author concludes, else anywhere.

        `provider`: only the words of a provider count, not those of radiology, laboratory, nursing or the patient.
        """
        mentions = [i for i in self.indices(concepts) if not provider or self.findings[i].author == "provider"]
        final = [i for i in mentions if self.is_conclusion(self.findings[i]) and not self.findings[i].hypothetical]
        pool = final or mentions
        if not pool:
            relatives = [i for i in self._all(concepts) if self.findings[i].family]
            return Conclusion("family", tuple(relatives)) if relatives else Conclusion("unmentioned")
        affirmed = [i for i in pool if self.holds(i)]
        retracted = [i for i in pool if i > max(affirmed, default=0) and self._takes_back(i, affirmed)] if affirmed else []
        if retracted:
            # As where an addendum rules out what the assessment named.
            return Conclusion("denied", tuple(retracted))
        if affirmed:
            return Conclusion("affirmed", tuple(affirmed))
        # Of several flagged mentions the last is the one that the author leaves standing.
        told = [i for i in pool if not self.findings[i].hypothetical] or pool
        last = self.findings[told[-1]]
        state: Literal["affirmed", "possible", "denied", "past", "other"] = "other"
        if last.negated:
            state = "denied"
        elif last.possible:
            state = "possible"
        elif last.historical and not last.hypothetical:
            state = "past"
        same = tuple(i for i in told if self.findings[i].flags == last.flags)
        return Conclusion(state, same, weak=all("weak" in self.findings[i].attributes for i in same))

    def _takes_back(self, index: int, affirmed: Sequence[int]) -> bool:
        """Does a finding refute what others affirm, at the same place?"""
        finding = self.findings[index]
        refutes = finding.flags == ("negated",) and finding.attributes.get("refuted")
        return bool(refutes) and not all(_apart(finding, self.findings[i]) for i in affirmed)

    def contradicted(self, concept: str) -> tuple[int, ...]:
        """The findings by which a note both states and denies a diagnosis where the provider concludes, in this order; else nothing."""
        if self.conclusion([concept], provider=True).state != "affirmed":
            return ()
        final = [i for i in self.indices([concept]) if self.findings[i].author == "provider" and self.is_conclusion(self.findings[i])]
        stated = [i for i in final if self.findings[i].affirmed]
        for index in final:
            finding = self.findings[index]
            before = [i for i in stated if i < index and not _apart(finding, self.findings[i])]
            if finding.flags == ("negated",) and not finding.attributes.get("partial") and before:
                return (before[-1], index)
        return ()

    def evidence(self, condition: Condition) -> tuple[int, ...] | None:
        """The findings by which a condition holds, or None where it does not."""
        # Routes and elements are asked more than once. A condition that is kept keeps its id.
        known = self._evidence.get(id(condition))
        if known is None:
            known = self._evidence[id(condition)] = (condition, self._evidence_of(condition))
        return known[1]

    def _evidence_of(self, condition: Condition) -> tuple[int, ...] | None:
        if condition.names.isdisjoint(self.concepts):
            return None
        if condition.without and any(self.holds(i) for i in self.indices(condition.without)):
            return None
        found: list[int] = []
        for concept in condition.concept:
            mentions = [i for i in self.indices([concept]) if self._fits(self.findings[i], condition)]
            if condition.linked:
                mentions = [i for i in mentions if self.is_linked(i)]
            if not mentions:
                continue
            kind = self.library.kinds.get(concept)
            if kind in STATEMENTS:
                found += [i for i in self._of_state(concept, condition.state) if i in mentions]
            else:
                found += [i for i in mentions if self._in_state(i, condition.state)]
        return tuple(sorted(set(found))) or None

    def _of_state(self, concept: str, state: State) -> tuple[int, ...]:
        if state == "mentioned":
            return tuple(self.indices([concept]))
        conclusion = self.conclusion([concept])
        wanted = {
            "affirmed": ("affirmed",),
            "denied": ("denied",),
            "possible": ("possible",),
            "past": ("past",),
            "stated": ("affirmed", "denied"),
        }
        return conclusion.evidence if conclusion.state in wanted[state] else ()

    def _in_state(self, index: int, state: State) -> bool:
        finding = self.findings[index]
        if finding.kind in _RESULTS or finding.status is not None:
            # What was measured stays measured: a result is denied by its value, not by a cue, and an old one is still a result.
            return not finding.hypothetical
        if state == "mentioned":
            return True
        flags = set(finding.flags)
        return {
            "affirmed": self.holds(index),
            "denied": "negated" in flags,
            "possible": "possible" in flags and "negated" not in flags,
            "past": flags == {"historical"},
            "stated": self.holds(index) or flags == {"negated"},
        }[state]

    def _fits(self, finding: Finding, condition: Condition) -> bool:
        attributes = finding.attributes
        return (
            (not condition.author or finding.author in condition.author)
            and (not condition.status or finding.status in condition.status)
            and (not condition.value or any(v in condition.value for v in (finding.value, *self.library.wider(finding.value or ""))))
            and all(_fact(finding, name) is not None for name in condition.has)
            and (not condition.grade or any(grade in condition.grade for grade in str(attributes.get("grade") or "").split("-")))
            and (not condition.side or attributes.get("side") in condition.side)
            and (not condition.modality or attributes.get("modality") in condition.modality)
            and (not condition.resistance or not set(condition.resistance).isdisjoint(attributes.get("resistance") or ()))
            and (not condition.coded or str(attributes.get("code") or "").startswith(condition.coded))
        )


def _fact(finding: Finding, name: str) -> object:
    """A fact about a finding by its name in pattern files, None where it is not known."""
    if name == "value":
        return finding.value
    if name == "quantity":
        return finding.quantity
    if name == "unit":
        return finding.quantity.unit if finding.quantity else None
    if name == "organism" and finding.kind == "organism":
        return finding.value
    return finding.attributes.get(name)


@dataclass(frozen=True)
class Document:
    """A document of an encounter: `writer` tells whose it is as far as that is known."""

    name: str
    chart: Chart
    writer: str | None = None

    def conclusion(self, concepts: Iterable[str]) -> Conclusion:
        """What its provider concludes of any of these concepts."""
        return self.chart.conclusion(concepts, provider=True)
