"""What only explanations need: pages of families, and the ledger of what other reference pages claim.

page: CODE           what `explain` tells of a family beside what follows from it (patterns/pages/CODE.yaml)
claims: [...]        what reference pages say of the codes, and the verdict (patterns/claims.yaml)
"""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from notelint.codes import NoteKind
from notelint.codeset import CodeSet
from notelint.packs import Case, Cited, Model, Slug

CodeClass = Literal["parent", "unspecified", "multiple", "region", "billable"]
"""Sorts of codes in a family: one with codes below it, one without a site, one for several regions, one for a region, any complete one."""


PLACEHOLDERS = frozenset({"code", "title", "head", "region", "neighbor", "neighbor_title", "unspecified", "multiple", "count"})
"""What may stand in braces in the texts of pages."""


class Mistake(Model):
    """A common mistake with the codes of a family, and the rules that catch it."""

    what: str
    only: tuple[CodeClass, ...] = Field((), description="the codes it concerns; empty: all")
    rules: Annotated[tuple[str, ...], Field(min_length=1)]
    because: str
    source: Cited


class Question(Model):
    """A question that people ask of a code, and the answer that is true for it."""

    question: str
    only: tuple[CodeClass, ...] = Field((), description="the codes it concerns; empty: all")
    answer: str
    source: Cited


class Page(Model):
    """What `explain` tells of a family's codes beside what follows from its elements and routes.

    Texts may hold {code}, {title}, {head}, {region}, {neighbor}, {neighbor_title}, {unspecified}, {multiple} and {count} (characters of a
    complete code), which are filled from the code set.
    """

    page: str
    about: str
    applies: tuple[str, ...] = Field((), description="when the codes apply, of a category whose families have files of their own")
    applies_not: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...]
    questions: tuple[Question, ...]


class Fact(Model):
    """A fact about one code that is checked against the code set; every key that is given has to hold."""

    code: str
    exists: bool | None = None
    billable: bool | None = None
    title: str | None = Field(None, description="words of the title")
    characters: int | None = Field(None, description="letters and digits, without the dot")
    seventh: bool | None = Field(None, description="whether it takes a 7th character")
    note: NoteKind | None = Field(None, description="a note of this kind applies")
    at: str | None = Field(None, description="the node at which the note stands")
    refers: str | None = Field(None, description="a code that the note covers")
    no_note: NoteKind | None = Field(None, description="no note of this kind stands at the code or above it, up to its category")
    excludes1: str | None = Field(None, description="a code from which an Excludes1 note keeps it apart")
    excludes2: str | None = Field(None, description="a code beside which an Excludes2 note lets it stand")
    free: str | None = Field(None, description="a code from which no Excludes1 note keeps it apart")


class Claim(Model):
    """What a reference page says of a code, in our words, and what the classification says of that."""

    id: Slug
    page: str = Field(description="the code whose page says it")
    part: Literal["description", "tip", "pitfall", "context", "question", "source"]
    claim: str
    verdict: Literal["supported", "silent", "contradicted"] = Field(
        description="silent: neither the tabular list nor a guideline says anything of it"
    )
    because: str
    source: Cited = Field(description="what decides it; of a silent claim, on what it could rest")
    proof: tuple[Fact, ...] = ()
    instead: str | None = Field(None, description="what notelint does")
    rules: tuple[str, ...] = ()
    case: Case | None = None

    @model_validator(mode="after")
    def _answered(self) -> Self:
        if self.verdict != "supported" and not self.instead:
            raise ValueError("needs `instead`: what notelint does")
        return self


class Omitted(Model):
    """How many claims were left out, and why."""

    payment: int = Field(ge=0, description="claims and questions about payment")


class Claims(Model):
    """The file of claims."""

    claims: tuple[Claim, ...]
    omitted: Omitted


class Reference(Model):
    """All pages and claims; `omitted` counts the claims on payment, which are written down nowhere."""

    pages: tuple[Page, ...] = ()
    claims: tuple[Claim, ...] = ()
    omitted: int = 0


def disproved(fact: Fact, codeset: CodeSet) -> Iterator[str]:
    """What of a fact the code set does not bear out."""
    known = codeset.get(fact.code)
    if fact.exists is not None and (known is not None) is not fact.exists:
        yield f"{fact.code} {'does not exist' if fact.exists else 'exists'}"
    if known is None:
        if fact.exists is None:
            yield f"{fact.code} is no code"
        return
    if fact.billable is not None and known.billable is not fact.billable:
        yield f"{fact.code} is {'not ' if fact.billable else ''}billable"
    if fact.title is not None and fact.title not in known.title:
        yield f"{fact.code} is titled {known.title!r}"
    if fact.characters is not None and len(known.code.replace(".", "")) != fact.characters:
        yield f"{fact.code} has {len(known.code.replace('.', ''))} characters"
    if fact.seventh is not None and bool(known.seventh) is not fact.seventh:
        yield f"{fact.code} takes {'no' if fact.seventh else 'a'} 7th character"
    yield from _of_notes(fact, codeset)


def _of_notes(fact: Fact, codeset: CodeSet) -> Iterator[str]:
    if fact.note is not None:
        notes = [n for n in codeset.notes(fact.code, {fact.note}) if fact.at in (None, n.node)]
        if fact.refers is not None:
            notes = [n for n in notes if any(fact.refers in codes for codes in n.ranges)]
        if not notes:
            yield f"no such {fact.note} note applies to {fact.code}"
    if fact.no_note is not None:
        within = {fact.code, *(name for name in codeset.ancestors(fact.code) if codeset.get(name))}
        yield from (f"a {n.kind} note stands at {n.node}" for n in codeset.notes(fact.code, {fact.no_note}) if n.node in within)
    for other, note, what in (
        (fact.excludes1, codeset.excludes1(fact.code, fact.excludes1 or ""), "Excludes1"),
        (fact.excludes2, codeset.excludes2(fact.code, fact.excludes2 or ""), "Excludes2"),
    ):
        if other is not None and (note is None or fact.at not in (None, note.node)):
            yield f"no {what} note{f' at {fact.at}' if fact.at else ''} between {fact.code} and {other}"
    if fact.free is not None and codeset.excludes1(fact.code, fact.free) is not None:
        yield f"an Excludes1 note parts {fact.code} from {fact.free}"
