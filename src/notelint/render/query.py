"""Queries as text, Markdown and HTML: for the provider to read and to answer."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from notelint.note import BLANK_LINE
from notelint.query import Indicator, Person, Query

WIDTH = 80
ANSWER = "Please answer in the record, by a note or an addendum."
REASONS = {
    "conflicting": "conflicting documentation", "imprecise": "imprecise documentation", "incomplete": "incomplete documentation",
    "illegible": "illegible documentation", "ambiguous": "ambiguous documentation", "inconsistent": "inconsistent documentation",
    "indicators-without-diagnosis": "clinical indicators without a diagnosis", "clinical-validity": "clinical validation",
    "cause-effect": "cause and effect", "specificity": "specificity", "present-on-admission": "present on admission",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Quotation:
    """An indicator to print: its number, its words in one line, where they stand."""

    number: int
    words: str
    source: str


@dataclass(frozen=True, slots=True)
class Line:
    """An answer to print, with the numbers of the quotations on which it rests; without a box where it is to be written."""

    label: str
    support: tuple[int, ...] = ()
    box: bool = True


@dataclass(frozen=True, slots=True)
class Sheet:
    """A query to print. `blocks` are (heading, quotations)."""

    title: str
    state: str
    people: tuple[tuple[str, str], ...]
    blocks: tuple[tuple[str, tuple[Quotation, ...]], ...]
    stem: str
    answers: tuple[Line, ...]
    foot: str


def sheet(query: Query) -> Sheet:
    """What is printed of a query, in its order."""
    numbers = {indicator.id: number for number, indicator in enumerate(query.indicators, 1)}
    now = [i for i in query.indicators if not i.prior]
    blocks = (
        ("Clinical indicators", [i for i in now if i.polarity != "against"]),
        ("Findings that are normal or negative", [i for i in now if i.polarity == "against"]),
        ("Indicators of earlier encounters", list(query.prior())),
    )
    answers = [Line(option.label, tuple(numbers[name] for name in option.supported_by if name in numbers)) for option in query.options]
    blank = "____________"
    if query.form == "open":
        answers.append(Line(f"Answer: {blank * 3}", box=False))
    elif query.other:
        answers.append(Line(f"{query.other}: {blank}"))
    if query.undetermined:
        answers.append(Line(query.undetermined))
    return Sheet(
        title=query.title,
        state=f"Query {query.id}, {query.status}{', asked orally' if query.verbal else ''}",
        people=(
            ("To", _person(query.recipient) or blank),
            ("From", _person(query.author) or blank),
            ("Date", query.written.isoformat() if query.written else blank),
            ("Reason", REASONS.get(query.reason or "", query.reason or blank)),
            *([("Encounter", query.encounter)] if query.encounter else []),
        ),
        blocks=tuple((heading, tuple(Quotation(numbers[i.id], _words(i), source(i)) for i in found)) for heading, found in blocks if found),
        stem=query.stem,
        answers=tuple(answers),
        foot=ANSWER,
    )


def source(indicator: Indicator) -> str:
    """Where an indicator stands, by whom and of when."""
    document = indicator.document if indicator.document_type is None else f"{indicator.document_type} {indicator.document}"
    section = indicator.section.replace("-", " ") if indicator.section else None
    encounter = f"encounter {indicator.encounter}" if indicator.prior and indicator.encounter else None
    return ", ".join(filter(None, (document, section, indicator.author, indicator.date or "no date known", encounter)))


def _person(person: Person | None) -> str:
    return ", ".join(filter(None, (person.name, person.credential, person.contact))) if person else ""


def _words(indicator: Indicator) -> str:
    paragraphs = [" ".join(part.split()) for part in BLANK_LINE.split(indicator.text)]
    return f"“{' / '.join(filter(None, paragraphs))}”"


def as_text(query: Query, *, width: int = WIDTH) -> Iterator[str]:
    """Lines for a terminal or a plain message."""
    made = sheet(query)
    yield made.title
    yield made.state
    yield ""
    for name, who in made.people:
        yield f"{name + ':':<11}{who}"
    for heading, quotations in made.blocks:
        yield ""
        yield heading
        for quotation in quotations:
            lead = f"  {quotation.number}. "
            yield from _wrapped(quotation.words, lead, width)
            yield from _wrapped(quotation.source, " " * len(lead), width)
    yield ""
    yield "Question"
    yield from _wrapped(made.stem, "  ", width)
    yield ""
    for line in made.answers:
        yield from _wrapped(f"{line.label}{_support(line.support)}", "  [ ] " if line.box else "  ", width)
    yield ""
    yield from _wrapped(made.foot, "", width)


def _support(numbers: Sequence[int]) -> str:
    return f" ({', '.join(map(str, numbers))})" if numbers else ""


def _wrapped(text: str, lead: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=lead, subsequent_indent=" " * len(lead), break_long_words=False, break_on_hyphens=False
    ) or [lead.rstrip()]


def as_markdown(query: Query) -> Iterator[str]:
    """Lines of Markdown."""
    from notelint.render.document import escaped

    made = sheet(query)
    yield f"# {escaped(made.title)}"
    yield ""
    yield escaped(made.state)
    yield ""
    for name, who in made.people:
        yield f"- **{name}:** {escaped(who)}"
    for heading, quotations in made.blocks:
        yield ""
        yield f"## {heading}"
        yield ""
        for quotation in quotations:
            yield f"{quotation.number}. {escaped(quotation.words)}  "
            yield f"   *{escaped(quotation.source)}*"
    yield ""
    yield "## Question"
    yield ""
    yield escaped(made.stem)
    yield ""
    for line in made.answers:
        yield f"- {'[ ] ' if line.box else ''}{escaped(line.label)}{_support(line.support)}"
    yield ""
    yield made.foot


def as_html(queries: Sequence[Query]) -> str:
    """One HTML page of queries, a sheet of paper each, without scripts or anything from outside."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("notelint.render", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("query.html.j2").render(sheets=[sheet(query) for query in queries])
