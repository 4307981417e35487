"""The rules: what each diagnostic means, for `explain` and for the severity of what is reported.

`gap/ELEMENT` is one rule for each element of the packs; its text comes from there.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""From the gravest to the slightest."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it fires, why, an example, and the works on which it stands (ids of patterns/sources.yaml)."""

    name: str
    severity: Severity
    what: str
    why: str
    example: str
    sources: tuple[str, ...]

    @property
    def category(self) -> str:
        """The part before the stroke."""
        return self.name.partition("/")[0]


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "code/unknown", "error", "The chosen code is not a code of the release in force on the date of service.",
            "A code that does not exist can not be reported; another release, or ICD-10 of another country, may have had it.",
            "M46.29: osteomyelitis of vertebra has no code for multiple sites.", ("tabular",),
        ),
        Rule(
            "code/not-billable", "error", "The chosen code is a parent, or its 7th character is missing.",
            "Diagnoses are reported with all characters that the code needs.",
            "M45 alone; T84.63 without A, D or S.", ("tabular", "guideline-i-b-2"),
        ),
        Rule(
            "code/outdated-code-set", "info", "No loaded release of ICD-10-CM covers the date of service; the nearest one was used. Said once a run.",
            "Codes come and go with releases; `notelint codes add` loads another official one.",
            "A note of 2027-01-15 checked against the release of April 2026.", ("tabular",),
        ),
        Rule(
            "code/excludes1", "error", "Two chosen codes, or a chosen code and a documented diagnosis, are kept apart by an Excludes1 note.",
            "An Excludes1 note says that the two are not coded together.",
            "M46.46 with M54.50: Excludes1 at M50-M54.", ("tabular", "guideline-i-a-12-a"),
        ),
        Rule(
            "code/conflict", "error", "Two chosen codes contradict each other, though no Excludes1 note names them.",
            "One condition has one of the two codes; what keeps them apart is told with the finding.",
            "M45.6 with M45.A6: radiographic and non-radiographic at once.", ("guideline-i-b-2",),
        ),
        Rule(
            "code/sequence", "error", "A code that can not stand first stands first, or the code that goes before it is missing.",
            "A manifestation is coded after its cause; B95-B97 and Z16 only add to another code.",
            "M49.86 first, without the code of the underlying disease.", ("tabular", "guideline-i-a-13"),
        ),
        Rule(
            "code/additional", "error", "A further code is asked for and is not chosen.",
            "A note at the code asks for it (error), or a guideline, or the provider documents a condition with a code of its own (warning).",
            "M46.36 with a named organism and no code of B95-B97.", ("tabular", "guideline-i-c-1-b"),
        ),
        Rule(
            "support/diagnosis-missing", "error", "The note holds no provider's statement of the code's diagnosis.",
            "The code rests on the provider's statement; findings of radiology or the laboratory do not make a diagnosis.",
            "Only the MRI report names discitis.", ("guideline-i-a-19", "guideline-iii-b"),
        ),
        Rule(
            "support/diagnosis-uncertain", "error", "The diagnosis is stated only as uncertain.",
            "In outpatient care an uncertain diagnosis is not coded; at the end of an inpatient stay it is coded as if it were certain.",
            '"Rule out discitis" in an emergency department note.', ("guideline-iv-h", "guideline-ii-h"),
        ),
        Rule(
            "support/diagnosis-negated", "error", "The diagnosis is stated only as absent, past or someone else's.",
            "What the provider rules out, or what is over, is not a current diagnosis.",
            '"No evidence of ankylosing spondylitis."', ("guideline-i-a-19",),
        ),
        Rule(
            "support/diagnosis-elsewhere", "error", "The words name a condition that is classified elsewhere.",
            "The tabular list has another place for it.",
            "M46.24 with tuberculous spondylitis: A18.01.", ("tabular",),
        ),
        Rule(
            "site/unspecified", "warning", "The code names no site although the note does.",
            "The most specific code that the documentation supports is reported.",
            "M45.9 with cervical and lumbar involvement.", ("tabular", "guideline-i-b-18"),
        ),
        Rule(
            "site/mismatch", "warning", "The code's region is not the one documented.",
            "The region is part of what the code says.",
            "M45.6 (lumbar) with disease of the cervical spine.", ("tabular",),
        ),
        Rule(
            "site/undocumented", "warning", "The code names a region that the note does not.",
            "The region rests on the documentation; the sacroiliac joint is no region of the spine.",
            "M45.8 with sacroiliac disease only.", ("tabular", "guideline-i-b-18"),
        ),
        Rule(
            "site/ambiguous", "warning", "The words fit more than one region code.",
            "The tabular list does not say which levels make a junction: ask, do not guess.",
            "L4-L5 and L5-S1: multiple sites, or lumbosacral.", ("tabular",),
        ),
        Rule(
            "note/contradiction", "warning", "The note says both.",
            "Conflicting documentation is clarified by the provider.",
            "HLA-B27 positive in the history, negative under results.", ("guideline-i-a-19",),
        ),
        Rule(
            "note/placeholder", "warning", "A template slot for something that the code needs is not filled.",
            "An empty slot says nothing, and stays in the record when the note is signed.",
            "HLA-B27: ***", ("editorial",),
        ),
    )
}  # fmt: skip
"""The rules by name, but for `gap/*`."""

GAP_SEVERITY: dict[str, Severity] = {"required": "error", "specificity": "warning", "recommended": "info"}


def selected(rule: str, select: tuple[str, ...], ignore: tuple[str, ...]) -> bool:
    """Is a rule wanted? `select` and `ignore` name rules or categories; the exact name outranks its category, `ignore` outranks `select`."""
    category = rule.partition("/")[0]
    if rule in ignore:
        return False
    if rule in select:
        return True
    if category in ignore:
        return False
    return not select or category in select
