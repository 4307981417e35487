"""Explanations as documents: one order of headings for a page, printed as text, Markdown or HTML."""

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from notelint.explain import LEVELS, CodePage, RulePage
from notelint.reference import Claim
from notelint.rules import RULES


@dataclass(frozen=True, slots=True)
class Line:
    """One item: a few words that name it, what is said, and small print below it."""

    text: str
    label: str = ""
    small: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its items."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A page to print. `name` is the file's name in a set, without an ending."""

    name: str
    title: str
    lead: str
    sections: tuple[Section, ...]


_CAUGHT = {
    "diagnosis": tuple(rule for rule in RULES if rule.startswith("support/")),
    "region": (*(rule for rule in RULES if rule.startswith("site/")), "gap/region"),
}
"""The rules of the elements that are no mere gap where they are missing."""


# ---------------------------------------------------------------------------------------------------- what stands on a page


def of_page(page: CodePage | RulePage) -> Document:
    """The document of a code or a rule; a heading without items is left out."""
    return _of_code(page) if isinstance(page, CodePage) else _of_rule(page)


def _of_code(page: CodePage) -> Document:
    facts = [
        Line(f"{page.status}, ICD-10-CM release {page.release}", "Status"),
        Line(page.chapter, "Chapter"),
        Line(page.block, "Block"),
        *([Line(page.region, "Region")] if page.region else []),
    ]
    asks = [
        Section(
            f"What the chart should show: {title.lower()}",
            tuple(
                Line(
                    f"{ask.because}{f' Example: {ask.example}' if ask.example else ''}",
                    f"{ask.title}{' (where the note raises it)' if ask.raised else ''}",
                    _small(
                        ask.sources, rules=() if ask.element in ("diagnosis", "region") else (f"gap/{ask.element}",), profiles=ask.profiles
                    ),
                )
                for ask in page.asks
                if ask.level == level
            ),
        )
        for level, title in LEVELS.items()
    ]
    ways = [
        Section(
            heading,
            tuple(
                Line(f"{way.when}. {way.because}", "; ".join(f"{code.code} {code.title}" for code in way.codes), _small(way.sources))
                for way in page.ways
                if way.kind == kind and way.codes
            ),
        )
        for kind, heading in (
            ("instead", "Other codes, where the provider documents another condition"),
            ("candidate", "Codes between which the provider has to choose"),
            ("additional", "Codes beside it"),
        )
    ]
    lead = f"{page.given} is no code of release {page.release}; the nearest existing code is {page.code}. " if page.given else ""
    if not page.covered:
        lead += f"notelint checks {page.code} against the tabular list only: no pattern file covers its documentation."
    unverified = sum(work.basis == "unverified" for work in page.sources)
    sections = (
        Section("Facts", tuple(line for line in facts if line.text)),
        Section("About", (Line(page.about),) if page.about else ()),
        Section("When it applies", tuple(Line(text) for text in page.applies)),
        Section("When it does not", tuple(Line(text) for text in page.applies_not)),
        *asks,
        Section("Common mistakes", tuple(Line(f"{m.what} {m.because}", "", _small(m.sources, rules=m.rules)) for m in page.mistakes)),
        *ways,
        Section("Questions", tuple(Line(q.answer, q.question, _small(q.sources)) for q in page.questions)),
        Section("Codes below it", tuple(Line(code.title, code.code) for code in page.children)),
        Section("Siblings", tuple(Line(code.title, code.code) for code in page.siblings)),
        Section("Notes of the tabular list that apply", tuple(Line(note.text, f"{note.node}  {note.kind}:") for note in page.notes)),
        Section("What reference pages say of it", tuple(of_claim(claim) for claim in page.claims)),
        Section(
            "Sources",
            (
                *(
                    Line(work.title, work.cite, "verified in the work itself" if work.basis == "verified" else "unverified")
                    for work in page.sources
                ),
                *(
                    [Line(f"{unverified} of {len(page.sources)} works above rest on working knowledge and are marked unverified.")]
                    if page.sources
                    else []
                ),
            ),
        ),
    )
    return Document(page.code, f"{page.code}  {page.title}", lead, tuple(s for s in sections if s.lines))


def of_claim(claim: Claim) -> Line:
    """A claim with its verdict, what decides it, and what notelint does."""
    instead = f" notelint: {claim.instead}" if claim.instead else ""
    return Line(f"{claim.claim} Verdict: {claim.verdict}. {claim.because}{instead}", claim.id, _small((), rules=claim.rules))


def of_claims(claims: Sequence[Claim], omitted: int) -> Document:
    """The ledger of claims, page by page."""
    pages = dict.fromkeys(claim.page for claim in claims)
    counts = ", ".join(f"{sum(c.verdict == verdict for c in claims)} {verdict}" for verdict in ("supported", "silent", "contradicted"))
    lead = f"{len(claims)} claims of reference pages, in our words: {counts}. Left out: {omitted} on payment."
    sections = tuple(Section(f"Page of {page}", tuple(of_claim(claim) for claim in claims if claim.page == page)) for page in pages)
    return Document("claims", "Claims of reference pages", lead, sections)


def _of_rule(page: RulePage) -> Document:
    sections = (
        Section("What", tuple(Line(text) for text in page.what)),
        Section("Why", tuple(Line(text) for text in page.why)),
        Section("Ask", tuple(Line(text) for text in page.ask)),
        Section("Example of words that meet it" if page.met_by else "Example", (Line(page.example),) if page.example else ()),
        Section("Met by", tuple(Line(text) for text in page.met_by)),
        Section("Asked by", (Line(", ".join(page.asked_by)),) if page.asked_by else ()),
        Section("Source", tuple(Line(work.title, "", "" if work.basis == "verified" else "unverified") for work in page.sources)),
    )
    return Document(page.rule.replace("/", "-"), f"{page.rule}  ({page.severity})", "", tuple(s for s in sections if s.lines))


def _small(sources: Sequence[str], *, rules: Sequence[str] = (), profiles: Sequence[str] = ()) -> str:
    said = [
        *([f"caught by {', '.join(rules)}"] if rules else []),
        *([f"asked by profile {', '.join(profiles)}"] if profiles else []),
        *(["; ".join(sources)] if sources else []),
    ]
    return " - ".join(said)


# ---------------------------------------------------------------------------------------------------- printing


def as_text(document: Document, *, width: int = 80) -> Iterator[str]:
    """Lines for a terminal."""
    yield from _wrap(document.title, width, "")
    if document.lead:
        yield from _wrap(document.lead, width, "")
    for section in document.sections:
        yield ""
        yield section.heading
        for line in section.lines:
            label = line.label if not line.label or line.label[-1] in ".:?" else f"{line.label}:"
            yield from _wrap(" ".join(filter(None, (label, line.text))), width, "  - ")
            if line.small:
                yield from _wrap(f"[{line.small}]", width, "    ")


def _wrap(text: str, width: int, indent: str) -> list[str]:
    hang = " " * len(indent)
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|])")


def escaped(text: str) -> str:
    """A text that Markdown shows as it is."""
    return _MARKDOWN.sub(r"\\\1", text)


def as_markdown(document: Document) -> Iterator[str]:
    """Lines of Markdown."""
    yield f"# {escaped(document.title)}"
    if document.lead:
        yield ""
        yield escaped(document.lead)
    for section in document.sections:
        yield ""
        yield f"## {escaped(section.heading)}"
        yield ""
        for line in section.lines:
            label = f"**{escaped(line.label)}** " if line.label else ""
            yield f"- {label}{escaped(line.text)}" + (f" *({escaped(line.small)})*" if line.small else "")


def as_html(document: Document, links: Mapping[str, str] | None = None) -> str:
    """A whole HTML page without scripts or anything from outside. `links` are {code or rule: address} of the other pages of a set."""
    from jinja2 import Environment, PackageLoader
    from markupsafe import Markup

    known = links or {}

    def linked(text: str) -> Markup:
        return Markup("").join(_pieces(text, known, Markup))

    environment = Environment(loader=PackageLoader("notelint.render", "."), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("document.html.j2").render(document=document, linked=linked, set=bool(known))


_RULE = re.compile(r"\b(?:code|support|site|gap|note)/[a-z0-9]+(?:-[a-z0-9]+)*")
_LINKED = re.compile(rf"\b[A-Z][0-9][0-9A-Z](?:\.[0-9A-Z]{{1,4}})?\b|{_RULE.pattern}")


def _pieces(text: str, links: Mapping[str, str], markup: Callable[[str], str]) -> Iterator[str]:
    """The parts of a text, those that name a page of the set as links."""
    if text in links:
        yield markup('<a href="{}">{}</a>').format(links[text], text)
        return
    at = 0
    for match in _LINKED.finditer(text):
        address = links.get(match[0])
        if address:
            yield text[at : match.start()]
            yield markup('<a href="{}">{}</a>').format(address, match[0])
            at = match.end()
    yield text[at:]


def index(pages: Iterable[tuple[str, str, str]], *, title: str, lead: str) -> Document:
    """The first page of a set, from (heading, name, what it is) of each page."""
    sections: dict[str, list[Line]] = {}
    for heading, name, what in pages:
        sections.setdefault(heading, []).append(Line(what, name))
    return Document("index", title, lead, tuple(Section(heading, tuple(lines)) for heading, lines in sections.items()))
