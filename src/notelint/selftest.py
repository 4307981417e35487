"""Running the cases that stand beside the pattern files."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from notelint.codeset import CodeSet
from notelint.compliance import Checker
from notelint.findings import Finding
from notelint.gate import Pieces
from notelint.library import Library, case_lines, load_wordings, read_cases
from notelint.linter import Linter
from notelint.note import Note, reading_view
from notelint.packs import Case, Expected, Family, Wordings, Words
from notelint.reference import PLACEHOLDERS, Reference, disproved
from notelint.rules import RULES
from notelint.scan import Scanner, Tokens

UNREPORTED = frozenset({"look-alike", "owner"})


def run(linter: Linter, overlay: Path | None = None) -> Iterator[tuple[str, str | None]]:
    """Yield (`path:line: case NUMBER`, what is wrong or None) of every case."""
    for path, cases in read_cases(overlay).values():
        lines = case_lines(path)
        for number, case in enumerate(cases, start=1):
            yield f"{path}:{lines[number - 1]}: case {number}", "; ".join(of_case(linter, case)) or None


def of_case(linter: Linter, case: Case) -> Iterator[str]:
    """What is wrong with a case, nothing when it holds."""
    if case.is_query:
        yield from _of_query(_checker(linter), case)
    else:
        yield from _of_code(linter, case) if case.code else _of_words(linter, case)


@lru_cache(maxsize=1)
def _checker(linter: Linter) -> Checker:
    return Checker(linter, load_wordings(linter.patterns))


def _of_query(checker: Checker, case: Case) -> Iterator[str]:
    if case.breaks is not None:
        found = {diagnostic.rule.partition("/")[2] for diagnostic in checker.check_text(case.text)}
        yield from _compare("rule", case.breaks, found)
    held = checker.held(case.text) if case.holds or case.not_holds else frozenset()
    yield from (f"no words of {name} stand in it" for name in case.holds if name not in held)
    yield from (f"words of {name} stand in it" for name in case.not_holds if name in held)


def _of_words(linter: Linter, case: Case) -> Iterator[str]:
    findings = linter.extract(Note(text=case.text, setting=case.setting, note_type=case.note_type))
    for expected in case.found:
        if not any(matches(finding, expected) for finding in findings):
            near = [
                f"{f.concept}/{f.value} {f.status} {f.quantity.as_written if f.quantity else ''} {f.date or ''} {list(f.flags)} {_shown(f)}"
                for f in findings
                if f.concept == expected.concept
            ]
            yield f"{expected.concept} is not found as {expected.model_dump(exclude_defaults=True, exclude={'concept'})}, but as {near or 'nothing'}"
    for key in case.not_found:
        concept, _, value = key.partition("/")
        if any(f.concept == concept and (not value or f.value == value) for f in findings):
            yield f"{key} is found"


def _shown(finding: Finding) -> str:
    return str({k: v for k, v in finding.attributes.items() if v})


def matches(finding: Finding, expected: Expected) -> bool:
    """Is a finding what a case expects? What the case does not say is not compared, but flags that it does not name must be off."""
    attributes = finding.attributes
    told = {
        "text": finding.text, "value": finding.value, "status": finding.status, "date": finding.date, "section": finding.section, "author": finding.author,
        "side": attributes.get("side"), "grade": attributes.get("grade"), "modality": attributes.get("modality"), "code": attributes.get("code"),
    }  # fmt: skip
    if finding.concept != expected.concept or set(finding.flags) != set(expected.flags):
        return False
    if any(getattr(expected, name) not in (None, value) for name, value in told.items()):
        return False
    if expected.regions is not None and list(expected.regions) != attributes.get("regions"):
        return False
    if expected.levels is not None and list(expected.levels) != attributes.get("levels"):
        return False
    return expected.quantity is None or expected.quantity == _quantity(finding)


def _quantity(finding: Finding) -> str | None:
    q = finding.quantity
    return f"{'' if q.comparator == '=' else q.comparator}{q.value:g}{' ' + q.unit if q.unit else ''}" if q else None


def _of_code(linter: Linter, case: Case) -> Iterator[str]:
    codes = (*case.before, case.code or "", *case.codes)
    report = linter.asking(case.profile).check(Note(text=case.text, codes=codes, setting=case.setting, note_type=case.note_type))
    assessment = report.assessments[len(case.before)]
    status = {element.element: element.status for element in assessment.elements}
    for wanted, names in (
        ("met", case.met),
        ("missing", case.missing),
        ("uncertain", case.uncertain),
        ("conflict", case.conflict),
        (None, case.absent),
    ):
        for name in names:
            if status.get(name) != wanted:
                asked = "" if status.get(name) else f" (the profile {case.profile or 'scribe'} does not ask for it, or nothing raises it)"
                yield f"{name} is {status.get(name, 'absent')}{asked if wanted else ''}, not {wanted or 'absent'}"
    fired = {d.rule for d in report.diagnostics if d.code in (None, assessment.code)}
    offered = {a.code for a in assessment.alternatives}
    taken = {a.route for a in assessment.alternatives if a.route}
    yield from _compare("rule", case.rules, fired)
    yield from _compare("alternative", case.alternatives, offered)
    for rule in case.not_rules:
        if any(f == rule or (rule.endswith("/*") and f.startswith(rule[:-1])) for f in fired):
            yield f"{rule} fires"
    yield from (f"{code} is offered" for code in case.not_alternatives if code in offered)
    yield from (f"the route {name} is not taken" for name in case.routes if name not in taken)
    for name in case.look_alike:
        if name in taken:
            yield f"the route {name} is taken"
        if status.get(name) == "met":
            yield f"{name} is met"
    if case.decision is not None and assessment.decision != case.decision:
        yield f"the decision is {assessment.decision}, not {case.decision}"


def _compare(what: str, wanted: tuple[str, ...] | None, found: set[str]) -> Iterator[str]:
    if wanted is None:
        return
    yield from (f"no {what} {name}" for name in wanted if name not in found and name != "...")
    if "..." not in wanted:
        yield from (f"{what} {name} besides" for name in sorted(found - set(wanted)))


_PAYMENT = re.compile(r"\b(?:pay|pays|paid|payer|payers|payment|payments|reimburs\w*|revenue|DRG|HCC|denials?)\b", re.IGNORECASE)


Read = Mapping[str, tuple[Path, tuple[Case, ...]]]
"""{name of a file of cases: (the file, its cases)}, as `read_cases` gives them."""


def of_cases(library: Library, codeset: CodeSet, read: Read) -> Iterator[str]:
    """Names in cases that nothing bears, as `path:line: case NUMBER: what`, and words of payment in questions to providers."""
    rules = {*RULES, *(f"gap/{element.id}" for element in library.elements)}
    known = {c.concept for c in library.concepts} | {c.key for c in library.concepts}
    profiles = {profile.profile for profile in library.profiles}
    for path, cases in read.values():
        lines = case_lines(path)
        for number, case in enumerate(cases, start=1):
            for what in _unknown(case, library, codeset, rules, known, profiles):
                yield f"{path}:{lines[number - 1]}: case {number}: {what}"
    for element in library.elements:
        if _PAYMENT.search(element.ask):
            yield f"{element.id}: `ask` knows nothing of payment"


def _unknown(
    case: Case, library: Library, codeset: CodeSet, rules: Collection[str], known: Collection[str], profiles: Collection[str]
) -> Iterator[str]:
    yield from (f"nothing is called {name}" for name in (*(e.concept for e in case.found), *case.not_found) if name not in known)
    if case.profile is not None and case.profile not in profiles:
        yield f"there is no profile {case.profile}; there are {', '.join(sorted(profiles))}"
    if case.code is None:
        return
    nearest = codeset.nearest(case.code)
    family = library.family_of(nearest.code) if nearest else None
    if family is None:
        yield f"{case.code} is in no family"
        return
    asked = {element.id for element in library.elements_of(family, library.profile("audit"))}
    profile = next((p for p in library.profiles if p.profile == case.profile), None)
    asked |= {element.id for element in library.elements_of(family, profile)} if profile else set()
    everywhere = {element.id for element in library.elements}
    for name in (*case.met, *case.missing, *case.uncertain, *case.conflict):
        if name not in asked:
            yield f"{family.family} has no element {name}"
    yield from (f"there is no element {name}" for name in case.absent if name not in everywhere)
    routes = {route.id for route in family.routes}
    yield from (f"{family.family} has no route {name}" for name in case.routes if name not in routes)
    yield from (f"{family.family} has no element and no route {name}" for name in case.look_alike if name not in asked | routes)
    named = (*(case.rules or ()), *case.not_rules)
    yield from (f"there is no rule {name}" for name in named if name not in rules and name != "..." and not name.endswith("/*"))
    for code in (*(case.alternatives or ()), *case.not_alternatives):
        if code != "..." and codeset.get(code) is None:
            yield f"{code} is no code of release {codeset.release.name}"


def uncovered(library: Library, wordings: Wordings, read: Read) -> Iterator[str]:
    """What has no case: a concept that none finds or none misses, an element that none meets or misses, a cue or turn that none holds."""
    cases = {name: found for name, (_, found) in read.items()}
    asked = [case for found in cases.values() for case in found if case.is_query]
    everything = [case for found in cases.values() for case in found if not case.is_query]
    seen = {e.concept for case in everything for e in case.found} | {f"{e.concept}/{e.value}" for case in everything for e in case.found}
    unseen = {key for case in everything for key in case.not_found}
    for key in dict.fromkeys(c.key for c in library.concepts if c.kind not in UNREPORTED and not (c.kind == "site" and c.value is None)):
        if key not in seen:
            yield f"{key}: no case finds it (`found: [{{concept: {key.partition('/')[0]}}}]`)"
        if key not in unseen and key.partition("/")[0] not in unseen:
            yield f"{key}: no case misses it (`not-found: [{key}]`, in a text with something like it)"
    yield from _unused(library, [reading_view(case.text) for case in everything])
    for family in library.families:
        yield from _uncovered_elements(library, family, cases)
    yield from _uncovered_profiles(library, everything)
    yield from _uncovered_routes(library, everything)
    yield from _without_look_alike(library, everything)
    yield from _uncovered_queries(wordings, asked)


def _uncovered_queries(wordings: Wordings, cases: Sequence[Case]) -> Iterator[str]:
    """The rules of queries that no case breaks or only seems to break, and the lists of words of which none stands in a case that breaks the rule."""
    for rule in wordings.rules:
        if rule.texts and not any(rule.rule in (case.breaks or ()) for case in cases):
            yield f"query/{rule.rule}: no case breaks it (`breaks: [{rule.rule}]`)"
        if rule.texts and not any(rule.rule in case.look_alike and rule.rule not in (case.breaks or ()) for case in cases):
            yield f"query/{rule.rule}: no case only seems to break it (`look-alike: [{rule.rule}]`)"
    pieces = Pieces()
    broken = [words for words in wordings.lists if words.rule is not None]
    scanner = Scanner.of(pieces, broken)
    for n, words in enumerate(broken):
        texts = [reading_view(case.text) for case in cases if words.rule in (case.breaks or ())]
        if not any(n in {number for _, _, number in scanner.on(Tokens(text, pieces)).find()} for text in texts):
            yield f"lists.{words.list}: no case holds its words"
    held = {name for case in cases for name in case.holds}
    without = {name for case in cases for name in case.not_holds}
    breaking = {words.list for words in broken}
    for name in (name for name, _ in wordings.entries if name not in breaking):
        if name not in held:
            yield f"{name}: no case holds its words (`holds: [{name}]`)"
        if name not in without:
            yield f"{name}: no case has something like its words (`not-holds: [{name}]`)"


def of_reference(library: Library, reference: Reference, codeset: CodeSet) -> Iterator[str]:
    """Mistakes of pages and claims, as `where: what`: rules, works, codes and placeholders that there are not, facts that are not so."""
    rules = {*RULES, *(f"gap/{element.id}" for element in library.elements)}
    for page in reference.pages:
        if codeset.get(page.page) is None:
            yield f"pages/{page.page}: is no code of release {codeset.release.name}"
        for n, mistake in enumerate(page.mistakes, start=1):
            where = f"pages/{page.page}: mistakes[{n}]"
            yield from (f"{where}: there is no rule {rule}" for rule in mistake.rules if rule not in rules)
            yield from _of_texts(where, (mistake.what, mistake.because), mistake.source, library)
        for n, question in enumerate(page.questions, start=1):
            yield from _of_texts(f"pages/{page.page}: questions[{n}]", (question.question, question.answer), question.source, library)
    for claim in reference.claims:
        where = f"claims: {claim.id}"
        yield from (f"{where}: there is no rule {rule}" for rule in claim.rules if rule not in rules)
        yield from (f"{where}: {wrong}" for fact in claim.proof for wrong in disproved(fact, codeset))
        yield from _of_texts(where, (), claim.source, library)


def _of_texts(where: str, texts: Sequence[str], sources: Sequence[str], library: Library) -> Iterator[str]:
    yield from (f"{where}: no source is called {source}" for source in sources if source not in library.by_source)
    for text in texts:
        yield from (f"{where}: there is no placeholder {{{name}}}" for name in re.findall(r"\{(\w*)\}", text) if name not in PLACEHOLDERS)


def _unused(library: Library, views: Sequence[str]) -> Iterator[str]:
    """The cues, turns and look-alikes whose words stand in no case."""
    named: list[tuple[str, Words]] = [(f"cues[{n} {cue.cue}]", cue) for n, cue in enumerate(library.cues, start=1)]
    named += [(f"turns[{n} {turn.turn}]", turn) for n, turn in enumerate(library.turns, start=1)]
    named += [(concept.key, concept) for concept in library.concepts if concept.kind in UNREPORTED]
    scanner = Scanner.of(library.pieces, [words for _, words in named])
    seen = {n for view in views for _, _, n in scanner.on(Tokens(view, library.pieces)).find()}
    for n, (name, _) in enumerate(named):
        if n not in seen:
            yield f"{name}: no case holds its words"


def _uncovered_elements(library: Library, family: Family, cases: Mapping[str, tuple[Case, ...]]) -> Iterator[str]:
    own = [case for found in cases.values() for case in found if case.code and library.family_of(case.code) is family]
    for element in family.elements:
        yield from _unmet(f"{family.family}: {element.id}", element.id, own)


def _uncovered_profiles(library: Library, cases: Sequence[Case]) -> Iterator[str]:
    """The elements of profiles: a case in any of their families will do."""
    for profile in library.profiles:
        own = [case for case in cases if case.profile == profile.profile]
        for element in (element for block in profile.elements for element in block.elements):
            yield from _unmet(f"profile {profile.profile}: {element.id}", element.id, own)
            if not any(element.id in case.look_alike for case in own):
                yield f"profile {profile.profile}: {element.id}: no case is only like it"


def _unmet(name: str, element: str, cases: Sequence[Case]) -> Iterator[str]:
    if not any(element in case.met for case in cases):
        yield f"{name}: no case meets it (`met: [{element}]`)"
    if not any(element in (*case.missing, *case.uncertain, *case.conflict, *case.absent) for case in cases):
        yield f"{name}: no case misses it (`missing`, `uncertain`, `conflict` or `absent`)"


def _uncovered_routes(library: Library, cases: Sequence[Case]) -> Iterator[str]:
    taken = {(family.family, name) for case in cases if case.code and (family := library.family_of(case.code)) for name in case.routes}
    for what, name, families in _pieces(library):
        if what == "route " and not any((family, name) in taken for family in families):
            yield f"{', '.join(families)}: route {name}: no case takes it (`routes: [{name}]`)"


def _without_look_alike(library: Library, cases: Sequence[Case]) -> Iterator[str]:
    """The elements and routes without a case that only seems to speak of them."""
    seen = {(family.family, name) for case in cases if case.code and (family := library.family_of(case.code)) for name in case.look_alike}
    for what, name, families in _pieces(library):
        if not any((family, name) in seen for family in families):
            yield f"{', '.join(families)}: {what}{name}: no case is only like it (`look-alike: [{name}]`)"


def _pieces(library: Library) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(what, id, families) of each element and route. A shared one is one piece of all its families, but for the diagnosis and the region."""
    pieces: dict[tuple[object, ...], list[str]] = {}
    for family in library.families:
        for element in family.elements:
            own = (family.family, element.id) not in library.shared or element.kind in ("diagnosis", "region")
            pieces.setdefault(("", element.id, family.family if own else element.met), []).append(family.family)
        for route in family.routes:
            own = (family.family, route.id) not in library.shared
            pieces.setdefault(("route ", route.id, family.family if own else route.when), []).append(family.family)
    for (what, name, _), families in pieces.items():
        yield str(what), str(name), tuple(families)
