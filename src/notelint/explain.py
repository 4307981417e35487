"""Explanations of a code or a rule, as text: what the chart should show and why, with sources. Titles and notes come from the code set."""

import textwrap
from collections.abc import Iterator, Sequence

from notelint.codeset import CodeSet, NoteKind
from notelint.errors import InputError
from notelint.library import Library
from notelint.packs import Condition, Element, Family, Source
from notelint.rules import GAP_SEVERITY, RULES, Rule

_NOTES = {
    NoteKind.INCLUDES: "Includes", NoteKind.INCLUSION_TERM: "Inclusion term", NoteKind.EXCLUDES1: "Excludes1", NoteKind.EXCLUDES2: "Excludes2",
    NoteKind.CODE_FIRST: "Code first", NoteKind.USE_ADDITIONAL_CODE: "Use additional code", NoteKind.CODE_ALSO: "Code also", NoteKind.NOTE: "Note",
}  # fmt: skip
_LEVELS = {"required": "Required", "specificity": "For a more specific code", "recommended": "Recommended"}


def explain(subject: str, library: Library, codeset: CodeSet, *, width: int = 80) -> Iterator[str]:
    """The lines that explain a code or a rule; InputError when it is neither."""
    text = subject.strip()
    if "/" in text:
        yield from _rule(text.lower(), library, width)
        return
    code = codeset.normalize(text)
    if code is None:
        known = ", ".join(sorted({rule.category for rule in RULES.values()} | {"gap"}))
        raise InputError(f"{text[:24]!r} is no ICD-10-CM code and no rule; rules are CATEGORY/NAME with a category of {known}")
    yield from _code(code, library, codeset, width)


def _wrap(text: str, width: int, indent: str = "  ", hang: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=hang if hang is not None else indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _named(sources: Sequence[str], library: Library) -> str:
    return "; ".join(_title(library.by_source[name]) if name in library.by_source else name for name in sources)


def _title(source: Source) -> str:
    return source.title if source.basis == "verified" else f"{source.title} [unverified]"


# ---------------------------------------------------------------------------------------------------- a code


def _code(code: str, library: Library, codeset: CodeSet, width: int) -> Iterator[str]:
    known = codeset.get(code)
    nearest = known or codeset.nearest(code)
    release = f"ICD-10-CM release {codeset.release.name}"
    if known is None:
        yield f"{code}: no code of {release}"
        if nearest is None:
            return
        yield f"The nearest existing code is {nearest.code}:"
        yield ""
    assert nearest is not None
    yield f"{nearest.code}  {nearest.title}"
    if nearest.billable:
        state = "billable"
    elif nearest.seventh:
        state = f"needs a 7th character ({', '.join(letter for letter, _ in nearest.seventh)})"
    else:
        state = "a parent: not reported alone"
    yield f"{state}, {release}"
    family = library.family_of(nearest.code)
    if family is not None:
        yield from _asks(family, library, width)
    yield from _relatives(nearest.code, codeset, width)
    yield from _tabular_notes(nearest.code, codeset, width)
    if family is not None:
        cited = dict.fromkeys(name for element in family.elements for name in element.source)
        yield from ("", "Sources")
        for source in (library.by_source[name] for name in cited):
            yield from _wrap(f"{source.cite}: {_title(source)}" if source.cite != source.title else _title(source), width, "  - ", "    ")
    if family is None:
        yield ""
        yield from _wrap(
            f"notelint checks {nearest.code} against the tabular list only: no pattern file covers its documentation.", width, ""
        )


def _asks(family: Family, library: Library, width: int) -> Iterator[str]:
    for heading, lines in (("When it applies", family.applies), ("When it does not", family.applies_not)):
        if lines:
            yield from ("", heading)
            for line in lines:
                yield from _wrap(line, width, "  - ", "    ")
    for level, title in _LEVELS.items():
        elements = [element for element in family.elements if element.level == level]
        if elements:
            yield from ("", f"What the chart should show: {title.lower()}")
            for element in elements:
                raised = " (when the note raises it)" if element.raised_by or element.kind == "resolve" else ""
                cited = "; ".join(library.by_source[name].cite for name in element.source)
                yield from _wrap(f"{element.title}{raised}. {element.because} [{cited}]", width, "  - ", "    ")


def _relatives(code: str, codeset: CodeSet, width: int) -> Iterator[str]:
    known = codeset.get(code)
    if known is None:
        return
    above = codeset.get(known.parent) if known.parent else None
    children = [codeset.get(child) for child in (known.children or (above.children if above else ()))]
    listed = [child for child in children if child and child.code != code]
    if listed:
        yield from ("", "Codes below it" if known.children else "Siblings")
        for child in listed[:30]:
            yield from _wrap(f"{child.code:<9} {child.title}", width, "  ", " " * 12)


def _tabular_notes(code: str, codeset: CodeSet, width: int) -> Iterator[str]:
    notes = codeset.notes(code)
    if notes:
        yield from ("", "Notes of the tabular list that apply")
        for note in notes:
            yield from _wrap(f"{note.node:<9} {_NOTES[note.kind]}: {note.text}", width, "  ", " " * 12)


# ---------------------------------------------------------------------------------------------------- a rule


def _rule(name: str, library: Library, width: int) -> Iterator[str]:
    if name in RULES:
        yield from _known(RULES[name], library, width)
        return
    category, _, element_id = name.partition("/")
    families = [(family, element) for family in library.families for element in family.elements if element.id == element_id]
    if category != "gap" or not families:
        near = [rule for rule in RULES if rule.startswith(f"{category}/")]
        hint = f"; of {category}/ there are {', '.join(r.partition('/')[2] for r in near)}" if near else ""
        raise InputError(f"{name[:40]!r} is no rule{hint}")
    yield from _gap(name, families, library, width)


def _known(rule: Rule, library: Library, width: int) -> Iterator[str]:
    yield f"{rule.name}  ({rule.severity})"
    for heading, text in (("What", rule.what), ("Why", rule.why), ("Example", rule.example), ("Source", _named(rule.sources, library))):
        yield from ("", heading)
        yield from _wrap(text, width)


def _gap(name: str, families: Sequence[tuple[Family, Element]], library: Library, width: int) -> Iterator[str]:
    element = families[0][1]
    levels = {e.level for _, e in families}
    severity = ", ".join(f"{GAP_SEVERITY[level]} where {level}" for level in _LEVELS if level in levels)
    yield f"{name}  ({severity})"
    yield from ("", "What")
    yield from _wrap(f"{element.title}: missing, without a clear result, or in conflict.", width)
    yield from ("", "Why")
    for because in dict.fromkeys(e.because for _, e in families):
        yield from _wrap(because, width)
    yield from ("", "Ask")
    for ask in dict.fromkeys(e.ask for _, e in families):
        yield from _wrap(ask, width)
    example = next((e.example for _, e in families if e.example), None)
    if example:
        yield from ("", "Example of words that meet it")
        yield from _wrap(example, width)
    looked_for = dict.fromkeys(_words(condition) for _, e in families for condition in e.met)
    if looked_for:
        yield from ("", "Met by")
        for words in looked_for:
            yield from _wrap(words, width, "  - ", "    ")
    yield from ("", "Asked by")
    yield from _wrap(", ".join(f"{family.family} ({e.level})" for family, e in families), width)
    yield from ("", "Source")
    yield from _wrap(_named(tuple(dict.fromkeys(s for _, e in families for s in e.source)), library), width)


def _words(condition: Condition) -> str:
    said = [" or ".join(condition.concept)]
    if condition.status:
        said.append(f"({', '.join(condition.status)})")
    if condition.value:
        said.append(f"= {' or '.join(condition.value)}")
    if condition.has:
        said.append(f"with {', '.join(condition.has)}")
    if condition.state != "affirmed":
        said.append(f"[{condition.state}]")
    return " ".join(said)
