"""Explanations: the reference page of a code or a rule, as plain values that the renderers print.

What stands on a page follows from the packs (elements, routes), from their pages (mistakes, questions) and from the code set (title,
status, notes, relatives): nothing is typed twice, and a code that no pack covers gets a page of what the code set says of it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from notelint.codeset import Code, CodeSet, NoteKind
from notelint.errors import InputError
from notelint.library import Library
from notelint.packs import Condition, Family, Model, QueryRule, Route
from notelint.reference import Claim, CodeClass, Page, Reference
from notelint.rules import GAP_SEVERITY, RULES

NOTE_NAMES = {
    NoteKind.INCLUDES: "Includes", NoteKind.INCLUSION_TERM: "Inclusion term", NoteKind.EXCLUDES1: "Excludes1", NoteKind.EXCLUDES2: "Excludes2",
    NoteKind.CODE_FIRST: "Code first", NoteKind.USE_ADDITIONAL_CODE: "Use additional code", NoteKind.CODE_ALSO: "Code also", NoteKind.NOTE: "Note",
}  # fmt: skip
Cite = Callable[[Sequence[str]], tuple[str, ...]]
LEVELS = {"required": "Required", "specificity": "For a more specific code", "recommended": "Recommended"}


class Named(Model):
    """A code with its title."""

    code: str
    title: str


class TabularNote(Model):
    """A note of the tabular list and the node at which it stands."""

    node: str
    kind: str
    text: str


class Asked(Model):
    """An element as the page tells it."""

    element: str
    title: str
    level: str
    raised: bool
    because: str
    ask: str
    example: str | None
    profiles: tuple[str, ...]
    sources: tuple[str, ...]


class Pitfall(Model):
    """A common mistake and the rules that catch it."""

    what: str
    because: str
    rules: tuple[str, ...]
    sources: tuple[str, ...]


class Answered(Model):
    """A question and its answer."""

    question: str
    answer: str
    sources: tuple[str, ...]


class Way(Model):
    """A way to another code: `when` names what the provider documents."""

    route: str
    kind: Literal["instead", "additional", "candidate"]
    when: str
    codes: tuple[Named, ...]
    because: str
    sources: tuple[str, ...]


class Work(Model):
    """A work that the page cites."""

    cite: str
    title: str
    authority: str
    basis: Literal["verified", "unverified"]
    url: str | None


class CodePage(Model):
    """The reference page of a code. `given`: the code asked for, where it does not exist and its nearest one is shown."""

    kind: Literal["code"] = "code"
    given: str | None
    code: str
    title: str
    status: str
    billable: bool
    release: str
    chapter: str
    block: str
    region: str | None
    covered: bool
    about: str | None
    applies: tuple[str, ...]
    applies_not: tuple[str, ...]
    asks: tuple[Asked, ...]
    mistakes: tuple[Pitfall, ...]
    ways: tuple[Way, ...]
    questions: tuple[Answered, ...]
    children: tuple[Named, ...]
    siblings: tuple[Named, ...]
    notes: tuple[TabularNote, ...]
    claims: tuple[Claim, ...]
    sources: tuple[Work, ...]


class RulePage(Model):
    """The reference page of a rule."""

    kind: Literal["rule"] = "rule"
    rule: str
    severity: str
    what: tuple[str, ...]
    why: tuple[str, ...]
    example: str | None
    ask: tuple[str, ...]
    met_by: tuple[str, ...]
    asked_by: tuple[str, ...]
    sources: tuple[Work, ...]


@dataclass(frozen=True)
class Explainer:
    """Makes the pages of codes and rules."""

    library: Library
    reference: Reference
    codeset: CodeSet
    queries: tuple[QueryRule, ...] = ()
    """What a query may not do."""

    def page(self, subject: str) -> CodePage | RulePage:
        """The page of a code or a rule; InputError when it is neither."""
        text = subject.strip()
        if "/" in text:
            return self._rule(text.lower())
        code = self.codeset.normalize(text)
        if code is None:
            known = ", ".join(sorted({rule.category for rule in RULES.values()} | {"gap", "query"}))
            raise InputError(f"{text[:24]!r} is no ICD-10-CM code and no rule; rules are CATEGORY/NAME with a category of {known}")
        nearest = self.codeset.nearest(code)
        if nearest is None:
            raise InputError(f"{code} is no code of ICD-10-CM release {self.codeset.release.name}, and no code is like it")
        return self._code(code, nearest)

    def codes(self) -> Iterator[str]:
        """The codes of all families with those above them in their category, in the order of the tabular list."""
        heads = dict.fromkeys(family.family[:3] for family in self.library.families)
        for category in sorted(heads):
            for code in (category, *(known.code for known in self.codeset.under(category))):
                if self.library.family_of(code) or code in self._pages:
                    yield code

    def rules(self) -> Iterator[str]:
        """All rules, those of the elements included."""
        yield from RULES
        yield from dict.fromkeys(f"gap/{element.id}" for element in self.library.elements if element.id != "diagnosis")
        yield from (f"query/{rule.rule}" for rule in self.queries)

    # ------------------------------------------------------------------------------------------------ a code

    @cached_property
    def _pages(self) -> Mapping[str, Page]:
        return {page.page: page for page in self.reference.pages}

    def _code(self, given: str, known: Code) -> CodePage:
        family = self.library.family_of(known.code)
        head = family.family if family else known.code
        page = self._pages.get(head)
        regions = self.library.region_codes(family.site.parent, self.codeset) if family and family.site else {}
        region = next((name for name, code in regions.items() if code == known.code), None)
        sort = self._sort(known, region)
        fill = self._fills(known, head, regions, region)
        above = self.codeset.ancestors(known.code)
        blocks = [name for name in above if "-" in name]
        cited: list[str] = []

        def cite(names: Iterable[str]) -> tuple[str, ...]:
            cited.extend(names)
            return tuple(self.library.cite(name, self.codeset.release.name) for name in names)

        asks = tuple(self._asked(family, region, cite)) if family else ()
        mistakes = tuple(
            Pitfall(what=fill(m.what), because=fill(m.because), rules=m.rules, sources=cite(m.source))
            for m in (page.mistakes if page else ())
            if _concerns(m.only, sort)
        )
        ways = tuple(self._ways(family, region, known, cite)) if family else ()
        questions = tuple(
            Answered(question=fill(q.question), answer=fill(q.answer), sources=cite(q.source))
            for q in (page.questions if page else ())
            if _concerns(q.only, sort)
        )
        claims = tuple(claim for claim in self.reference.claims if claim.page == known.code)
        for claim in claims:
            cited.extend(claim.source)
        return CodePage(
            given=given if given != known.code else None, code=known.code, title=known.title, status=_status(known), billable=known.billable,
            release=self.codeset.release.name, chapter=self.codeset.heading(above[-1]) if above else "",
            block=self.codeset.heading(blocks[0]) if blocks else "",
            region=self.library.region_words(region) if region and region != "unspecified" else "no region named" if region else None,
            covered=family is not None or page is not None, about=fill(page.about) if page else None,
            applies=tuple(family.applies if family else page.applies if page else ()),
            applies_not=tuple(family.applies_not if family else page.applies_not if page else ()),
            asks=asks, mistakes=mistakes, ways=ways, questions=questions,
            children=self._named(known.children), siblings=self._siblings(known),
            notes=tuple(TabularNote(node=n.node, kind=NOTE_NAMES[n.kind], text=n.text) for n in self.codeset.notes(known.code)),
            claims=claims, sources=self._works(cited or ["tabular"]),
        )  # fmt: skip

    @staticmethod
    def _sort(known: Code, region: str | None) -> frozenset[CodeClass]:
        if not known.billable:
            return frozenset({"parent"})
        named: CodeClass = "region"
        if region in ("unspecified", "multiple"):
            named = region  # type: ignore[assignment]
        return frozenset({"billable", named} if region else {"billable"})

    def _fills(self, known: Code, head: str, regions: Mapping[str, str], region: str | None) -> Callable[[str], str]:
        places = [code for name, code in regions.items() if name not in ("unspecified", "multiple")]
        neighbor = None
        if known.code in places:
            at = places.index(known.code)
            neighbor = self.codeset.get(places[at - 1] if at else places[at + 1])
        complete = next((code for code in regions.values()), known.code)
        values = {
                "code": known.code, "title": known.title, "head": head, "unspecified": regions.get("unspecified", head),
                "multiple": regions.get("multiple", head), "count": str(len(complete.replace(".", ""))),
                "region": self.library.region_words(region) if region else "", "neighbor": neighbor.code if neighbor else "",
            "neighbor_title": neighbor.title if neighbor else "",
        }  # fmt: skip
        return lambda text: _filled(text, values)

    def _asked(self, family: Family, region: str | None, cite: Cite) -> Iterator[Asked]:
        further = [e for p in self.library.profiles for block in p.elements if family.family in block.families for e in block.elements]
        for level in LEVELS:
            for element in (*family.elements, *further):
                if element.level != level or (element.regions and region not in (None, *element.regions)):
                    continue
                profiles = [p.profile for p in self.library.profiles if element in self.library.elements_of(family, p)]
                yield Asked(
                    element=element.id, title=element.title, level=level, raised=bool(element.raised_by) or element.kind == "resolve",
                    because=element.because, ask=element.ask, example=element.example, sources=cite(element.source),
                    profiles=tuple(profiles) if len(profiles) < len(self.library.profiles) else (),
                )  # fmt: skip

    def _ways(self, family: Family, region: str | None, known: Code, cite: Cite) -> Iterator[Way]:
        for kind in ("instead", "candidate", "additional"):
            for route in family.routes:
                if route.kind == kind:
                    codes = tuple(code for code in self._leads_to(route, region) if code.code != known.code)
                    yield Way(
                        route=route.id,
                        kind=route.kind,
                        when=self._when(route),
                        codes=codes,
                        because=route.because,
                        sources=cite(route.source),
                    )

    def _when(self, route: Route) -> str:
        names = [self._name(concept, condition) for condition in route.when for concept in condition.concept]
        # Of a long list, a few show what is meant.
        shown = names if len(names) <= _SHOWN else [*names[:_SHOWN], "and others"]
        also = [self._name(concept, condition) for condition in route.also for concept in condition.concept]
        return ", ".join(dict.fromkeys(shown)) + (f", with {' and '.join(also)}" if also else "")

    def _name(self, concept: str, condition: Condition) -> str:
        titles = [
            self.library.by_concept[key].title for value in condition.value if (key := f"{concept}/{value}") in self.library.by_concept
        ]
        return ", ".join(titles) or self.library.by_concept[concept].title

    def _leads_to(self, route: Route, region: str | None) -> Iterator[Named]:
        if route.code:
            yield from self._named(route.code)
            return
        parents = [route.site_parent] if route.site_parent else []
        for condition in route.when if not parents else ():
            keys = [f"{c}/{v}" for c in condition.concept for v in condition.value] or list(condition.concept)
            entries = [self.library.by_concept[key] for key in keys if key in self.library.by_concept]
            yield from self._named(dict.fromkeys(entry.code for entry in entries if entry.code))
            parents += [entry.site_parent for entry in entries if entry.site_parent]
        for parent in dict.fromkeys(parents):
            codes = self.library.region_codes(parent, self.codeset)
            yield from self._named([codes.get(region or "", parent)])

    def _named(self, codes: Iterable[str]) -> tuple[Named, ...]:
        return tuple(Named(code=known.code, title=known.title) for code in codes if (known := self.codeset.get(code)))

    def _siblings(self, known: Code) -> tuple[Named, ...]:
        above = self.codeset.get(known.parent) if known.parent else None
        return tuple(named for named in self._named(above.children if above else ()) if named.code != known.code)

    def _works(self, names: Iterable[str]) -> tuple[Work, ...]:
        found = (self.library.by_source[name] for name in dict.fromkeys(names))
        order = {name: n for n, name in enumerate(self.library.by_source)}
        return tuple(
            Work(cite=work.cite, title=work.title, authority=work.authority, basis=work.basis, url=work.url)
            for work in sorted(found, key=lambda work: order[work.id])
        )

    # ------------------------------------------------------------------------------------------------ a rule

    def _rule(self, name: str) -> RulePage:
        if name in RULES:
            rule = RULES[name]
            return RulePage(
                rule=name, severity=rule.severity, what=(rule.what,), why=(rule.why,), example=rule.example, ask=(), met_by=(), asked_by=(),
                sources=self._works(rule.sources),
            )  # fmt: skip
        category, _, wanted = name.partition("/")
        for one in self.queries if category == "query" else ():
            if one.rule == wanted:
                return RulePage(
                    rule=name, severity=one.severity, what=(one.what,), why=(one.why,), example=one.example, ask=(), met_by=(), asked_by=(),
                    sources=self._works(("query-practice",)),
                )  # fmt: skip
        asked = [(family.family, element) for family in self.library.families for element in family.elements if element.id == wanted]
        for profile in self.library.profiles:
            for block in profile.elements:
                asked += [(f"{f} with profile {profile.profile}", e) for f in block.families for e in block.elements if e.id == wanted]
        if category != "gap" or not asked:
            near = [rule for rule in self.rules() if rule.startswith(f"{category}/") and category != "gap"]
            hint = f"; of {category}/ there are {', '.join(r.partition('/')[2] for r in near)}" if near else ""
            raise InputError(f"{name[:40]!r} is no rule{hint}")
        elements = [element for _, element in asked]
        levels = {element.level for element in elements}
        return RulePage(
            rule=name, severity=", ".join(f"{GAP_SEVERITY[level]} where {level}" for level in LEVELS if level in levels),
            what=(f"{elements[0].title}: missing, without a clear result, or in conflict.",),
            why=tuple(dict.fromkeys(e.because for e in elements)), example=next((e.example for e in elements if e.example), None),
            ask=tuple(dict.fromkeys(e.ask for e in elements)),
            met_by=tuple(dict.fromkeys(_words(condition) for e in elements for condition in e.met)),
            asked_by=tuple(dict.fromkeys(f"{code} ({e.level})" for code, e in asked)),
            sources=self._works(name for e in elements for name in e.source),
        )  # fmt: skip


_SHOWN = 6
"""So many concepts of a route are named."""


def _filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its placeholders filled; an unknown one is left as it stands, so that it is seen."""
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1]) or m[0], " ".join(text.split()))


def _concerns(only: Sequence[CodeClass], sort: frozenset[CodeClass]) -> bool:
    return not only or not sort.isdisjoint(only)


def _status(known: Code) -> str:
    if known.billable:
        return "billable"
    if known.seventh:
        return f"needs a 7th character ({', '.join(letter for letter, _ in known.seventh)})"
    return "a parent: not reported alone"


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
