"""Findings: what a note says, each with its place, its words, and how they are meant."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from notelint.packs import Author, Axis, Model, Status

FindingKind = Literal[
    "site", "diagnosis", "test", "imaging", "symptom", "organism", "infection-source", "treatment", "condition", "statement"
]


class Quantity(Model):
    """A measured quantity: `value` in `unit`; without a unit in the note `unit` is null. `as_written` is the note's own wording."""

    comparator: Literal["=", "<", ">"]
    value: float
    unit: str | None
    as_written: str = Field(repr=False)


class Finding(Model):
    """One thing that a note says.

    `start`, `end`, `extent` and `sentence` are code points into the note as read, half-open: `text` is text[start:end], and `extent` also
    spans value, unit and date. The five flags are ConText's axes. `status` is of tests, cultures and studies. `date` is ISO 8601, as partial
    as the note. `attributes` by kind: imaging `modality`, `side`, `grade`, `level`; diagnoses `regions`, `levels`; organisms `code`,
    `specimen`, `resistance`; any `hedge`, the words of doubt, and `refuted` where the words take back what was thought before.
    """

    concept: str
    kind: FindingKind
    text: str = Field(repr=False)
    start: int
    end: int
    extent: tuple[int, int]
    section: str | None
    sentence: tuple[int, int]
    author: Author | None
    negated: bool = False
    possible: bool = False
    historical: bool = False
    hypothetical: bool = False
    family: bool = False
    status: Status | None = None
    value: str | None = None
    quantity: Quantity | None = Field(None, repr=False)
    date: str | None = None
    attributes: dict[str, Any] = Field(default_factory=dict, repr=False)

    @property
    def flags(self) -> tuple[Axis, ...]:
        """The axes that hold."""
        if self.affirmed:
            return ()
        axes: tuple[Axis, ...] = ("negated", "possible", "historical", "hypothetical", "family")
        return tuple(axis for axis in axes if getattr(self, axis))

    @property
    def affirmed(self) -> bool:
        """The patient has it now: no flag holds."""
        return not (self.negated or self.possible or self.historical or self.hypothetical or self.family)


@dataclass(frozen=True)
class Assertion:
    """How a span of a note is meant: the five axes, and status and value where it is a test."""

    negated: bool = False
    possible: bool = False
    historical: bool = False
    hypothetical: bool = False
    family: bool = False
    status: Status | None = None
    value: str | None = None
