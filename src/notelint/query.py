"""A query to a provider: one question about the documentation, with the words of the record on which it rests.

A query has no place for a code, nor for what an answer is worth. Its wording comes from patterns/asking.yaml; its indicators are
quotations, each with the document, the section, who says it, and when.
"""

import hashlib
from datetime import date
from typing import Literal

from pydantic import Field

from notelint.packs import Author, Model, Reason

Polarity = Literal["for", "against", "neutral"]
"""What a quotation says of the matter: `against` where it denies or is normal, `neutral` where it is the statement that is asked about."""
Form = Literal["open", "multiple-choice", "yes-no"]
State = Literal["draft", "released", "answered"]


class Person(Model):
    """Somebody who asks or is asked."""

    name: str
    credential: str | None = None
    contact: str | None = None


class Indicator(Model):
    """Words of the record. `start` and `end` are code points into the document as read, half-open; `date` is ISO 8601, as partial as known."""

    id: str
    text: str = Field(repr=False)
    document: str
    document_type: str | None = None
    section: str | None = None
    author: Author | None = None
    date: str | None = None
    encounter: str | None = None
    prior: bool = Field(False, description="of an earlier encounter")
    polarity: Polarity = "for"
    start: int
    end: int


class Option(Model):
    """An answer that is offered, with the indicators that support it."""

    label: str
    supported_by: tuple[str, ...]


class Record(Model):
    """A document on which a query rests: its name and the SHA-256 of its text."""

    document: str
    sha256: str


class Query(Model):
    """One question to one provider. `options` are without "other" and "unable to determine", which `other` and `undetermined` name."""

    schema_: Literal["notelint/query/1"] = Field("notelint/query/1", alias="schema")
    id: str
    matter: str = Field(description="the question of patterns/asking.yaml")
    reason: Reason | None
    title: str
    encounter: str | None = None
    setting: str = "unknown"
    recipient: Person | None = None
    author: Person | None = None
    written: date | None = None
    indicators: tuple[Indicator, ...] = Field(repr=False)
    stem: str = Field(repr=False)
    form: Form
    options: tuple[Option, ...] = Field((), repr=False)
    other: str | None
    undetermined: str | None
    records: tuple[Record, ...] = ()
    version: str
    patterns: str = Field(description="the hash of the patterns")
    code_set: str = Field(description="the release of ICD-10-CM against which the notes were read")
    status: State = "draft"
    verbal: bool = False

    def prior(self) -> tuple[Indicator, ...]:
        """The indicators of earlier encounters."""
        return tuple(indicator for indicator in self.indicators if indicator.prior)


class Drafts(Model):
    """What `query draft --format json` prints. `nothing`: documents, by name, in which nothing is to be asked, with the reason."""

    schema_: Literal["notelint/queries/1"] = Field("notelint/queries/1", alias="schema")
    version: str
    queries: tuple[Query, ...]
    nothing: tuple[tuple[str, str], ...] = ()


def digest(text: str) -> str:
    """The SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
