"""What pattern files may say: the models of patterns/*.yaml, checked strictly.

Kinds of file, told apart by their first key:

    vocabulary: NAME     words of notes and what they stand for (patterns/vocabulary/NAME.yaml)
    family: CODE         what a code family asks of the chart (patterns/CODE.yaml)
    shared: NAME         elements and routes that several families use (patterns/shared.yaml)
    profile: NAME        which recommended elements are asked for, and by whom (patterns/profiles/NAME.yaml)
    pairs: [...]         codes that contradict each other though no note says so (patterns/pairs.yaml)
    sources: [...]       the works that packs cite (patterns/sources.yaml)
    wordings: NAME       what a query may not do, and the words that show it (patterns/query.yaml)
    asking: NAME         the words in which providers are asked (patterns/asking.yaml)
    cases: [...]         texts with what must and must not be found in them (NAME.cases.yaml beside NAME.yaml)

Pages and claims, which only explanations need, are in `notelint.reference`. Names are in kebab-case. Nothing here knows a disease: packs do.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, ValidationInfo, model_validator

from notelint import phrases

Axis = Literal["negated", "possible", "historical", "hypothetical", "family"]
"""The five axes of ConText: what a note says of a thing other than that the patient has it now."""

Kind = Literal[
    "site", "diagnosis", "test", "imaging", "study", "symptom", "organism", "infection-source", "treatment", "condition",
    "statement", "owner", "look-alike",
]  # fmt: skip
"""What sort of thing a concept is. `study` is an imaging study, reported as `imaging`; `condition` a disease that matters only as a
cause; `statement` something a note says of a diagnosis, such as its radiographic status; `owner` a thing whose place is not that of
the disease (a brace, a scan, an old fracture), never reported; `look-alike` words that only look like something else, never reported."""

Author = Literal["provider", "radiology", "laboratory", "pathology", "nursing", "patient"]
Level = Literal["required", "specificity", "recommended"]
Status = Literal["resulted", "pending", "ordered", "not-done", "declined", "unfilled"]
State = Literal["affirmed", "denied", "possible", "past", "stated", "mentioned"]
"""What a note concludes of a concept. `affirmed`: the patient has it now. `denied`: negated. `possible`: hedged. `past`: historical.
`stated`: affirmed or denied. `mentioned`: any of these, in the patient."""


KEPT = "kept"
"""The context in which what was checked before is read again: its words are not parsed a second time."""


def _slug(text: str, info: ValidationInfo) -> str:
    if info.context != KEPT:
        _kebab(text)
    return text


def _kebab(text: str) -> None:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ValueError(f"{text!r} is no kebab-case name")


def _phrase(text: str, info: ValidationInfo) -> str:
    if info.context != KEPT:
        phrases.parse(text)
    return text


_SHOWN = 60
"""So much of a faulty pattern a message shows."""


def _regex(text: str, info: ValidationInfo) -> str:
    if info.context == KEPT:
        return text
    try:
        compiled = re.compile(text, re.IGNORECASE | re.VERBOSE)
    except re.error as error:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
        raise ValueError(f"{shown!r} is no regular expression: {error}") from None
    if compiled.match(""):
        raise ValueError(f"{text!r} matches the empty text")
    return text


def _key(text: str, info: ValidationInfo) -> str:
    for part in text.split("/", 1) if info.context != KEPT else ():
        _kebab(part)
    return text


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


Slug = Annotated[str, AfterValidator(_slug)]
Key = Annotated[str, AfterValidator(_key)]
"""`concept`, or `concept/value` where only one value of it is meant."""
Phrase = Annotated[str, AfterValidator(_phrase)]
Cited = Annotated[tuple[Slug, ...], BeforeValidator(_listed, json_schema_input_type=Slug | tuple[Slug, ...])]
"""Ids of sources; one may stand alone."""
Codes = Annotated[tuple[str, ...], BeforeValidator(_listed, json_schema_input_type=str | tuple[str, ...])]
"""Codes; one may stand alone."""
Regex = Annotated[str, AfterValidator(_regex)]
"""A Python regular expression, case ignored, blanks in it ignored (`re.VERBOSE`), `#` begins a comment."""


class Model(BaseModel):
    """A frozen value whose keys are in kebab-case; an unknown key is a mistake."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        # A schema is built when a value of the model is first made: most starts need few of them.
        defer_build=True,
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_name=True,
        validate_by_alias=True,
    )


class Words(Model):
    """Words to look for: at least one phrase, abbreviation or pattern."""

    phrases: tuple[Phrase, ...] = ()
    abbreviations: tuple[Phrase, ...] = Field((), description="phrases matched in exactly this case")
    patterns: tuple[Regex, ...] = Field((), description="regular expressions, for what a phrase can not say")

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not (self.phrases or self.abbreviations or self.patterns):
            raise ValueError("needs phrases, abbreviations or patterns")
        return self


class Concept(Words):
    """Words of notes that stand for one thing."""

    concept: Slug
    kind: Kind
    title: str = Field(description="how messages name it")
    value: Slug | None = Field(None, description="the normal form, where one concept has many: an organism, a region")
    unless: tuple[Regex, ...] = Field((), description="the words stand for something else where the sentence holds one of these")
    only_if: tuple[Regex, ...] = Field((), description="abbreviations count only where the whole note holds one of these")
    code: str | None = Field(None, description="the ICD-10-CM code of the thing itself, where it has one")
    site_parent: str | None = Field(None, description="the code whose children name the region, where its code depends on the region")
    code_note: str | None = Field(None, description="what is not certain of the code, such as that only the Alphabetic Index decides")
    result: Literal["qualitative", "quantity", "culture"] | None = Field(None, description="what a test's result looks like")
    unit: str | None = Field(None, description="the unit in which a quantity is reported")
    units: dict[str, float] = Field(default_factory=dict, description="a unit as written, in lower case, and its factor to `unit`")
    lifelong: bool = Field(False, description="a result that does not change in a life: two different ones contradict each other")
    grade: bool = Field(False, description="an imaging finding that is graded 0 to 4")
    modality: Literal["radiograph", "mri", "ct", "bone-scan", "pet"] | None = Field(None, description="of a study, or implied by a finding")
    resistance: tuple[Slug, ...] = ()
    region: Slug | None = Field(None, description="the region that the word itself names, where no other stands with it")
    placed_as: Slug | None = Field(None, description="the diagnosis that the word is when a place in the spine goes with it")
    drug: bool = Field(False, description="a treatment without a place in the body")
    linked_as: Slug | None = Field(None, description="the diagnosis that the word states when a bacterium (B95, B96) is named as its cause")
    image_as: Slug | None = Field(None, description="the imaging finding that the word is when an image shows it")
    denied: bool = Field(False, description="the words themselves deny it: afebrile")
    lasting: bool = Field(False, description="a disease for life: a past date tells when it began, not that it is over")
    confirmed_only: bool = Field(False, description="counts only where it is confirmed, in every setting")
    denies: tuple[Slug, ...] = Field((), description="the concepts that are denied with it: without an infection of the spine no discitis")
    broader: Slug | None = Field(
        None, description="the less exact concept (or value) that this one is a kind of: naming it also names that"
    )

    @cached_property
    def key(self) -> str:
        """`concept` or `concept/value`: what cases and errors call it."""
        return f"{self.concept}/{self.value}" if self.value else self.concept


class Result(Words):
    """Words that give a test its value or its status."""

    value: Slug | None = None
    status: Status | None = None
    of: tuple[Literal["qualitative", "quantity", "culture", "imaging"], ...] = Field(description="the tests of which they can be said")
    before: bool = Field(False, description="they may also stand before the test")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.value is None) == (self.status is None):
            raise ValueError("needs either a value or a status")
        return self


class Cue(Words):
    """Words that say how things near them are meant (a ConText rule)."""

    cue: Axis | Literal["terminate", "pseudo"]
    direction: Literal["forward", "backward", "both"] = "forward"
    within: int | None = Field(None, ge=1, description="at most so many words away; else to the end of the sentence or a terminator")
    until: Regex | None = Field(None, description="its reach also ends at this")
    of: tuple[Kind, ...] = Field((), description="the kinds of things it can modify; empty: all")
    not_lasting: bool = Field(False, description="it does not modify diseases for life (`lasting`)")
    ends: tuple[Axis, ...] = Field(
        (), description="of a terminator or a pseudo cue: the axes it concerns; empty: all. A pseudo cue that looks `backward` spares what "
        "stands just before it: of `no AS flare` not the disease is denied",
    )  # fmt: skip
    weak: bool = Field(False, description="of a hedge: so doubtful that it never counts as an established diagnosis")
    general: bool = Field(False, description="of a condition: it speaks of the disease at large, which is no finding in the patient")
    refutes: bool = Field(
        False, description="of a negation: it takes back what was thought before (`ruled out`), it does not only not see it"
    )


class Turn(Words):
    """Words by which a note goes on from an earlier idea of the diagnosis, across sentences.

    `provisional` marks a first idea in its own sentence ("initially treated for X"); a later sentence of the section that holds words of
    `found` (what was seen in the end) or `revised` (that the idea was given up) takes it back, unless that sentence says X again. The other
    turns speak of the diagnosis named last before them ("This was ruled out."): `refuted`, `doubted`, `confirmed`, `over`. A later denial
    takes a first idea or a suspicion back too, unless words of `elsewhere` stand near it ("no other discitis").
    """

    turn: Literal["provisional", "found", "revised", "refuted", "doubted", "confirmed", "over", "elsewhere"]
    direction: Literal["forward", "backward"] = Field(
        "forward", description="of `provisional`: where in its sentence the first idea stands"
    )
    until: Regex | None = Field(None, description="of `provisional`: its reach ends at this, else with the sentence")
    only_revised: bool = Field(False, description="of `provisional`: only words of `revised` take it back")
    answers: bool = Field(False, description="they answer a question: they speak of all that the question names")


class Section(Model):
    """A section of a note and what it says of its contents."""

    section: Slug
    headers: tuple[Phrase, ...]
    short: tuple[Phrase, ...] = Field((), description="headers that count only with a colon after them")
    says: tuple[Axis, ...] = ()
    of: tuple[Kind, ...] = Field((), description="the kinds of things of which it says so; empty: all")
    brief: bool = Field(False, description="a list: it ends at a blank line behind which no item stands")
    passed: bool = Field(False, description="a disease that passes is over there, where an earlier year stands in its line")
    list: bool = Field(False, description="the head of a list below it, which ends with a blank line")
    author: Author | None = None
    concludes: bool = Field(False, description="what the author stands by: it outranks the other sections")
    untold: Literal["ordered", "pending"] | None = Field(None, description="the status of a test that is named there without a result")
    general: bool = Field(False, description="titles of works and the like: nothing there is a finding in the patient")
    clinical: bool = Field(False, description="a report of radiology has no such section")
    results: bool = Field(False, description="it holds results: what stands there alone nobody has drawn a conclusion from")
    report: bool = Field(False, description="headers that mark a report of radiology when two of them stand in a note")


class NoteType(Words):
    """Words of the note's type that tell whose words a note holds, or that it is a final statement."""

    author: Author | None = None
    final: bool = Field(False, description="a statement at discharge, in which uncertain diagnoses count as established (II.H, III.C)")


class Region(Model):
    """A region of the spine."""

    region: Slug
    title: str = Field(description="how the titles of the tabular list name it")
    also_titles: tuple[str, ...] = Field((), description="further wordings of titles")
    first: str | None = Field(None, description="its first vertebra")
    last: str | None = Field(None, description="its last vertebra")
    joins: tuple[Slug, ...] = Field((), description="of a junction: the two regions between which it lies")


class Vocabulary(Model):
    """A file of words."""

    vocabulary: Slug
    title: str
    concepts: tuple[Concept, ...] = ()
    results: tuple[Result, ...] = ()
    placeholders: tuple[Regex, ...] = Field((), description="an empty slot of a template")
    ticked: tuple[Regex, ...] = ()
    unticked: tuple[Regex, ...] = ()
    cues: tuple[Cue, ...] = ()
    turns: tuple[Turn, ...] = ()
    sections: tuple[Section, ...] = ()
    note_types: tuple[NoteType, ...] = ()
    regions: tuple[Region, ...] = ()


class Source(Model):
    """A work that packs cite."""

    id: Slug
    title: str
    cite: str = Field(description="how diagnostics name it, in a few words")
    authority: Literal["tabular", "guideline", "coding-clinic", "payer", "criteria", "anatomy", "editorial"]
    basis: Literal["verified", "unverified"] = Field(description="verified: read in the work itself; unverified: from working knowledge")
    url: str | None = None


class Sources(Model):
    """The file of sources."""

    sources: tuple[Source, ...]


class Condition(Model):
    """A state of the findings of a note."""

    concept: Annotated[tuple[Key, ...], Field(min_length=1)]
    state: State = "affirmed"
    status: tuple[Status, ...] = Field((), description="of tests and studies: any of these")
    value: tuple[Slug, ...] = ()
    has: tuple[Literal["value", "quantity", "unit", "grade", "side", "modality", "organism"], ...] = Field(
        (), description="facts that it must hold"
    )
    grade: tuple[str, ...] = ()
    side: tuple[Literal["left", "right", "bilateral"], ...] = ()
    modality: tuple[str, ...] = ()
    author: tuple[Author, ...] = Field((), description="told by any of these")
    linked: bool = Field(False, description="told by the provider, and not only among results")
    without: tuple[Key, ...] = Field((), description="it does not hold where one of these is affirmed")
    coded: tuple[str, ...] = Field((), description="the finding's own code begins with one of these")
    resistance: tuple[Slug, ...] = Field((), description="of organisms: resistant to any of these")

    @cached_property
    def names(self) -> frozenset[str]:
        """The concepts, without their values."""
        return frozenset(name.partition("/")[0] for name in self.concept)

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"concept": [data]}
        if isinstance(data, dict):
            return {name: _listed(value) if name not in ("state",) else value for name, value in data.items()}
        return data


Conditions = Annotated[
    tuple[Condition, ...], BeforeValidator(_listed, json_schema_input_type=Condition | str | tuple[Condition | str, ...])
]
"""Conditions; one may stand alone, and a concept that is affirmed stands as its name."""


class Answer(Model):
    """One of the answers that a provider may give where an element is open, and the code that it leads to.

    The code is the chosen one (`chosen`), `code`, or the one for the note's region under `site-parent`; none of these where the answer
    leaves no code of the spine. The answers of an element together are neutral: they name each way, never a likely one.
    """

    words: str
    chosen: bool = False
    code: str | None = None
    site_parent: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum((self.chosen, self.code is not None, self.site_parent is not None)) > 1:
            raise ValueError("leads to more than one code")
        return self


class Element(Model):
    """Something that a code asks of the chart.

    Kinds: `diagnosis` (the provider's statement) and `region` look at the code; `findings` is met, uncertain or in conflict by the
    findings named, in the order conflict, met, uncertain, missing; `resolve` asks that conditions which the note raises be denied (met), and is in the assessment only where one is.
    """

    id: Slug
    kind: Literal["diagnosis", "region", "findings", "resolve"] = "findings"
    title: str
    level: Level
    raised_by: Conditions = Field((), description="the element is there only where one of these holds")
    required_if: Conditions = Field((), description="its level is `required` where one of these holds")
    met: Conditions = ()
    at_least: int = Field(1, ge=1, description="so many of the conditions of `met` are needed")
    uncertain: Conditions = ()
    conflict: Conditions = ()
    resolve: tuple[Key, ...] = Field((), description="concepts to be denied")
    because: str
    source: Cited
    ask: str = Field(description="neutral words for a query: what to document, never which answer")
    example: str | None = Field(None, description="words of a note that meet it, for explanations")
    regions: tuple[Slug, ...] = Field((), description="the element is asked of the codes of these regions only; empty: of all")
    answers: tuple[Answer, ...] = Field((), description="what may be answered, and the code to which each answer leads")

    @model_validator(mode="after")
    def _kind(self) -> Self:
        if self.kind == "findings" and not self.met:
            raise ValueError("needs `met`")
        if self.kind == "resolve" and not self.resolve:
            raise ValueError("needs `resolve`")
        return self


class SharedElement(Model):
    """An element of a shared file, by its id; what is given here stands in place of what the shared file says."""

    use: Slug
    id: Slug | None = Field(None, description="the element's name in this family, where it has another in the shared file")
    title: str | None = None
    level: Level | None = None
    required_if: Conditions | None = None
    because: str | None = None
    source: Cited | None = None
    ask: str | None = None
    example: str | None = None
    answers: tuple[Answer, ...] | None = None


class Route(Model):
    """A way from what the note says to another code than the one chosen.

    The code is `code` (of several the provider has to choose), or the one for the region under `site-parent`, or that of the concept found.
    """

    id: Slug
    when: Annotated[Conditions, Field(min_length=1, description="any of these")]
    also: Conditions = Field((), description="and all of these")
    kind: Literal["instead", "additional", "candidate"]
    code: Codes = ()
    site_parent: str | None = None
    unmentioned: bool = Field(False, description="only where the code's own diagnosis is not mentioned at all")
    unless: Conditions = Field((), description="not where one of these holds")
    first: bool = Field(False, description="the other code goes before the chosen one")
    because: str
    source: Cited

    @cached_property
    def names(self) -> frozenset[str]:
        """The concepts of `when`, without their values."""
        return frozenset(name for condition in self.when for name in condition.names)


class SharedRoutes(Model):
    """A group of routes of a shared file, by its name."""

    use: Slug


class RouteGroup(Model):
    """Routes that several families take."""

    group: Slug
    routes: Annotated[tuple[Route, ...], Field(min_length=1)]


class Shared(Model):
    """A file of elements and groups of routes that families use by name."""

    shared: Slug
    elements: tuple[Element, ...] = ()
    groups: tuple[RouteGroup, ...] = ()


def _own_or_shared(data: Any) -> str:
    return "shared" if (isinstance(data, dict) and "use" in data) or isinstance(data, SharedElement | SharedRoutes) else "own"


class Site(Model):
    """The region codes of a family."""

    parent: str = Field(description="the code whose children name the regions; which child is which is read off the titles")
    imaging: tuple[Slug, ...] = Field((), description="imaging findings that may give the site once the provider has made the diagnosis")


class _Family(Model):
    family: str = Field(description="the code at the family's head")
    release: date = Field(description="the release against which the file was checked, by the day on which it came into force")
    diagnosis: Annotated[tuple[Key, ...], Field(min_length=1)] = Field(description="concepts that state the diagnosis")
    unresolved: tuple[Key, ...] = Field((), description="concepts that may be the diagnosis: stated, and asked about")
    site: Site | None = None
    infection: bool = Field(False, description="an organism that the provider names asks for a further code (guideline I.C.1.b)")
    applies: tuple[str, ...] = Field((), description="when the code applies, for explanations")
    applies_not: tuple[str, ...] = ()


class FamilyFile(_Family):
    """What the codes of one family ask of the chart, as a file says it: with elements and routes of its own, and shared ones."""

    elements: tuple[Annotated[Annotated[Element, Tag("own")] | Annotated[SharedElement, Tag("shared")], Discriminator(_own_or_shared)], ...]
    routes: tuple[Annotated[Annotated[Route, Tag("own")] | Annotated[SharedRoutes, Tag("shared")], Discriminator(_own_or_shared)], ...] = ()


class Family(_Family):
    """What the codes of one family ask of the chart, whole."""

    elements: tuple[Element, ...]
    routes: tuple[Route, ...] = ()

    @model_validator(mode="after")
    def _names(self) -> Self:
        for what, names in (("element", [e.id for e in self.elements]), ("route", [r.id for r in self.routes])):
            twice = next((name for name in names if names.count(name) > 1), None)
            if twice:
                raise ValueError(f"the {what} {twice} stands twice")
        if not any(element.id == "diagnosis" for element in self.elements):
            raise ValueError("has no element `diagnosis`")
        return self


class Profile(Model):
    """Which recommended elements are asked for, for one kind of reader. What a code requires is asked for by every profile."""

    profile: Slug
    title: str
    about: str
    recommended: tuple[Slug, ...] | Literal["all"] = Field(description="the elements of level `recommended` that are asked for")
    brief: bool = Field(False, description="text output tells recommended elements that are missing in one line")
    elements: tuple["ProfileElements", ...] = Field((), description="further elements, which only this profile asks for")


class ProfileElements(Model):
    """Elements that a profile asks of some families."""

    families: Annotated[tuple[str, ...], Field(min_length=1)]
    elements: Annotated[tuple[Element, ...], Field(min_length=1)]


class Pair(Model):
    """Codes that are not chosen together, though no Excludes1 note says so. A name stands for all codes under it.

    Where a code is under both names (M45.A is under M45) only its nearest one counts.
    """

    codes: Annotated[Codes, Field(min_length=1)]
    others: Annotated[Codes, Field(min_length=1)]
    severity: Literal["error", "warning", "info"] = "error"
    because: str
    source: Cited


class Pairs(Model):
    """The file of pairs."""

    pairs: tuple[Pair, ...]


Reason = Literal[
    "conflicting", "imprecise", "incomplete", "illegible", "ambiguous", "inconsistent", "indicators-without-diagnosis", "clinical-validity",
    "cause-effect", "specificity", "present-on-admission",
]  # fmt: skip
"""Why a provider is asked."""


class Choice(Model):
    """One of the answers that a query offers: only where something in the notes supports it, or where it is a meaning of the statement."""

    words: str
    rests_on: Conditions = Field((), description="what in the notes supports it, any of these; none: the statement that is asked about")
    by: Literal["statement", "for", "against"] = Field(
        "statement", description="without `rests-on`: what supports it, where there is any such quotation"
    )
    always: bool = Field(False, description="offered also where none of `rests-on` holds, as a meaning of the statement")


class Question(Model):
    """The words in which one matter is asked about."""

    id: Slug
    element: Slug | None = Field(None, description="the element that is open")
    families: tuple[str, ...] = Field((), description="of these families only; empty: of all")
    reason: Reason
    topic: str = Field(description="the title: neutral, without a diagnosis")
    stem: str = Field(description="the question; {statement} and {other} stand for words of the notes")
    choices: tuple[Choice, ...] = ()
    indicators: tuple[Key, ...] = Field((), description="concepts that are quoted; empty: those of the family's group")

    @model_validator(mode="after")
    def _places(self) -> Self:
        unknown = set(re.findall(r"\{(.*?)\}", self.stem)) - {"statement", "other"}
        if unknown:
            raise ValueError(f"{sorted(unknown)[0]!r} stands for nothing")
        return self


class IndicatorGroup(Model):
    """Concepts that are quoted for a kind of disease."""

    group: Literal["infection", "inflammation"]
    indicators: Annotated[tuple[Key, ...], Field(min_length=1)]


class Asking(Model):
    """The file of the words in which providers are asked."""

    asking: Slug
    other: str
    undetermined: str
    document_date: Words = Field(description="what stands before the date of a note, at its head")
    groups: tuple[IndicatorGroup, ...]
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    def question(self, name: str) -> Question:
        """The question of that name."""
        return next(question for question in self.questions if question.id == name)

    def of_element(self, element: str, family: str) -> Question | None:
        """The question about an open element of a family."""
        fitting = (q for q in self.questions if q.element == element and (not q.families or family in q.families))
        return next(fitting, None)

    def indicators(self, *, infection: bool) -> tuple[Key, ...]:
        """The concepts that are quoted for a kind of disease."""
        wanted = "infection" if infection else "inflammation"
        return next((group.indicators for group in self.groups if group.group == wanted), ())


class QueryRule(Model):
    """What a query may not do: the rule `query/RULE`."""

    rule: Slug
    severity: Literal["error", "warning", "info"]
    what: str
    why: str
    example: str
    texts: bool = Field(True, description="judged on plain texts too, not only on structured queries")


Part = Literal[
    "other", "undetermined", "yes", "no", "yes-no", "options-heading", "choose", "or", "small-word", "qualifier",
    "provider-source", "image-source", "laboratory-source", "weak-source", "prior", "that-time", "to-come", "together", "result", "day",
    "ask", "not-asked", "open-verb", "question-word", "auxiliary", "polar", "either", "reply", "again", "and-asks", "for-each", "and", "denial", "documented", "documented-behind", "taken-as-documented", "demand", "between",
    "diagnosis-word", "letter-line", "courtesy", "subject", "query-word", "telling",
    "axis-site", "axis-organism", "axis-acuity", "axis-type", "axis-side", "axis-severity", "axis-extent", "axis-cause", "axis-admission", "general",
]  # fmt: skip
"""What the checker has to recognise in a query, beside what breaks a rule."""


class WordList(Words):
    """Words of queries. With `rule`, they break it; without, they show a part of the query, and the checker asks for them by the list's name."""

    list: Slug
    rule: Slug | None = None
    says: str | None = Field(None, description="what such words do, for the message")
    counts: Literal["anywhere", "beside-diagnosis", "as-answer"] = Field(
        "anywhere", description="where they break the rule: `beside-diagnosis`, with a diagnosis or a word for it in the sentence; `as-answer`, where an answer begins"
    )  # fmt: skip

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.rule is None and self.list not in get_args(Part):
            raise ValueError(f"no part of a query is called {self.list!r}, and no rule is named that the words break")
        return self


class OtherDiagnosis(Words):
    """A diagnosis that queries speak of and notes are not read for."""

    diagnosis: Slug
    kinds: tuple[Slug, ...] = Field((), description="diagnoses and concepts that are a kind of it")


class Ground(Words):
    """What an answer names, and the words of which one has to stand among the indicators that support it."""

    ground: Slug
    support: Words


class Meaning(Words):
    """Words that mean the same in an answer. `of`: the meanings of which it is made, where it says several at once."""

    meaning: Slug
    of: tuple[Slug, ...] = ()


class Wordings(Model):
    """The file of what a query may not do, and of the words that show it."""

    wordings: Slug
    late_after: int = Field(180, ge=1, description="a query written so many days after the last of its indicators is late")
    rules: Annotated[tuple[QueryRule, ...], Field(min_length=1)]
    lists: Annotated[tuple[WordList, ...], Field(min_length=1)]
    diagnoses: tuple[OtherDiagnosis, ...] = ()
    grounds: tuple[Ground, ...] = ()
    meanings: tuple[Meaning, ...] = ()

    @cached_property
    def entries(self) -> tuple[tuple[str, Words], ...]:
        """All words with the names by which they are found and cases name them."""
        return (
            *((words.list, words) for words in self.lists),
            *((f"diagnosis/{other.diagnosis}", other) for other in self.diagnoses),
            *((f"answer/{ground.ground}", ground) for ground in self.grounds),
            *((f"support/{ground.ground}", ground.support) for ground in self.grounds),
            *((f"meaning/{meaning.meaning}", meaning) for meaning in self.meanings),
        )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := set(get_args(Part)) - {words.list for words in self.lists}:
            raise ValueError(f"the list {min(missing)!r} is missing")
        rules = {rule.rule for rule in self.rules}
        if unknown := [words.rule for words in self.lists if words.rule is not None and words.rule not in rules]:
            raise ValueError(f"there is no rule {unknown[0]!r}")
        return self


class Expected(Model):
    """A finding that a case expects; flags that are not named must be off."""

    concept: Slug
    text: str | None = None
    value: str | None = None
    status: Status | None = None
    quantity: str | None = Field(None, description='as "12 mg/L", "<5 mg/L" or "8" without a unit')
    date: str | None = None
    flags: tuple[Axis, ...] = ()
    regions: tuple[Slug, ...] | None = None
    levels: tuple[str, ...] | None = None
    side: str | None = None
    grade: str | None = None
    modality: str | None = None
    code: str | None = None
    section: str | None = None
    author: str | None = None


class Case(Model):
    """A text, and what must and must not come of it.

    In a vocabulary's cases: `found` and `not-found` (`concept` or `concept/value`). In a family's cases: `code`, with `met`, `missing`,
    `uncertain`, `conflict` (elements), `absent` (elements that are not in question), `rules`, `not-rules`, `alternatives`,
    `not-alternatives`, `routes`, `look-alike`, `profile` and `decision`. In the cases of queries: `breaks`, and `look-alike` for a rule that the
    text only seems to break; or `holds` and `not-holds`, of the lists of words. Every list but `rules` and `alternatives` names some; these two name all unless `...` stands in them.
    """

    text: str
    title: str | None = None
    found: tuple[Expected, ...] = ()
    not_found: tuple[str, ...] = ()
    code: str | None = None
    codes: tuple[str, ...] = Field((), description="further codes chosen after `code`")
    before: tuple[str, ...] = Field((), description="further codes chosen before `code`")
    setting: Literal["inpatient", "outpatient", "unknown"] = "unknown"
    note_type: str | None = None
    met: tuple[Slug, ...] = ()
    missing: tuple[Slug, ...] = ()
    uncertain: tuple[Slug, ...] = ()
    conflict: tuple[Slug, ...] = ()
    absent: tuple[Slug, ...] = ()
    rules: tuple[str, ...] | None = None
    not_rules: tuple[str, ...] = ()
    alternatives: tuple[str, ...] | None = None
    not_alternatives: tuple[str, ...] = ()
    routes: tuple[Slug, ...] = Field((), description="routes that are taken")
    look_alike: tuple[Slug, ...] = Field(
        (), description="elements and routes that the text only seems to speak of: the element is not met, the route is not taken"
    )
    profile: Slug | None = None
    decision: Literal["assign", "unspecified", "query", "replace", "unsupported"] | None = None
    breaks: tuple[Slug, ...] | None = Field(None, description="of a query: all the rules that it breaks, without `query/`; `[]` for none")
    holds: tuple[Key, ...] = Field(
        (), description="of a piece of a query: lists whose words stand in it, and `diagnosis/`, `answer/`, `support/`, `meaning/`"
    )
    not_holds: tuple[Key, ...] = Field((), description="of a piece of a query: lists and others whose words do not stand in it")

    @property
    def is_query(self) -> bool:
        """Is the text one of a query, or a piece of one?"""
        return self.breaks is not None or bool(self.holds or self.not_holds)


class Cases(Model):
    """A file of cases."""

    cases: tuple[Case, ...]


def conditions(item: Element | Route) -> Iterator[Condition]:
    """All conditions of an element or a route."""
    if isinstance(item, Element):
        yield from (*item.raised_by, *item.required_if, *item.met, *item.uncertain, *item.conflict)
    else:
        yield from (*item.when, *item.also, *item.unless)
