"""The library of patterns: find the files, read them, check them against each other, and keep what was read for the next start.

The shipped files lie in the package (a wheel) or beside it (a checkout). A site's own folder is laid over them: a file of the same name
takes the place of the shipped one, any other file is added.

Reading YAML takes a second, so the checked result is kept as JSON in the user's cache folder under a name made from the content of
every file; a cache that can not be read or written is done without.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import Field, ValidationError

from notelint import __version__, needs
from notelint.cache import cache_folder, write_whole
from notelint.codeset import CodeSet
from notelint.errors import InputError, PackError
from notelint.gate import Pieces
from notelint.levels import WRITTEN, Spine
from notelint.note import reading_view
from notelint.packs import (
    KEPT,
    Asking,
    Case,
    Cases,
    Concept,
    Cue,
    Element,
    Family,
    FamilyFile,
    Kind,
    Model,
    NoteType,
    Pair,
    Pairs,
    Profile,
    Region,
    Result,
    Route,
    Section,
    Shared,
    SharedElement,
    SharedRoutes,
    Source,
    Sources,
    Turn,
    Vocabulary,
    Wordings,
    conditions,
)
from notelint.scan import Scanner, Tokens

if TYPE_CHECKING:
    from notelint.reference import Reference

CASES = ".cases.yaml"
_SHAPE = 4
"""Counted up when the models of a pattern file change, or how needs are worked out, so that what an older program kept is not read."""
_UNREAD = "can not be read; a text that holds a colon and a blank, or begins with a mark, stands in quotes"
_CRITERIA = frozenset({"test", "imaging", "study", "symptom", "treatment", "site"})
"""Kinds on which no route to a code may rest: what was measured, seen or done supports a diagnosis, it does not state one."""


class Library(Model):
    """All patterns, checked. Lookups are made once and kept."""

    vocabularies: tuple[Vocabulary, ...]
    families: tuple[Family, ...]
    sources: tuple[Source, ...]
    profiles: tuple[Profile, ...] = ()
    pairs: tuple[Pair, ...] = ()
    shared: frozenset[tuple[str, str]] = Field(
        frozenset(), description="(family, id) of the elements and routes that a family has from a shared file"
    )

    def profile(self, name: str) -> Profile:
        """The profile of that name; InputError when there is none."""
        found = next((profile for profile in self.profiles if profile.profile == name), None)
        if found is None:
            raise InputError(f"{name[:40]!r} is no profile; there are {', '.join(sorted(profile.profile for profile in self.profiles))}")
        return found

    @property
    def elements(self) -> Iterator[Element]:
        """All elements of families and profiles."""
        for family in self.families:
            yield from family.elements
        for profile in self.profiles:
            for block in profile.elements:
                yield from block.elements

    def elements_of(self, family: Family, profile: Profile) -> tuple[Element, ...]:
        """The elements of a family that a profile asks for, its own among them."""
        own = [
            element
            for element in family.elements
            if element.level != "recommended" or profile.recommended == "all" or element.id in profile.recommended
        ]
        return (*own, *(element for block in profile.elements if family.family in block.families for element in block.elements))

    @cached_property
    def concepts(self) -> tuple[Concept, ...]:
        """All concepts of all vocabularies, in the order of files."""
        return tuple(concept for vocabulary in self.vocabularies for concept in vocabulary.concepts)

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """All words that give a test its value or status."""
        return tuple(result for vocabulary in self.vocabularies for result in vocabulary.results)

    @cached_property
    def cues(self) -> tuple[Cue, ...]:
        """All ConText cues."""
        return tuple(cue for vocabulary in self.vocabularies for cue in vocabulary.cues)

    @cached_property
    def turns(self) -> tuple[Turn, ...]:
        """All words by which a note goes on from an earlier idea."""
        return tuple(turn for vocabulary in self.vocabularies for turn in vocabulary.turns)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All sections."""
        return tuple(section for vocabulary in self.vocabularies for section in vocabulary.sections)

    @cached_property
    def note_types(self) -> tuple[NoteType, ...]:
        """All note types."""
        return tuple(note_type for vocabulary in self.vocabularies for note_type in vocabulary.note_types)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """The regions of the spine, head to foot."""
        return tuple(region for vocabulary in self.vocabularies for region in vocabulary.regions)

    @cached_property
    def spine(self) -> Spine:
        """Which region a level lies in."""
        return Spine(self.regions)

    @cached_property
    def pieces(self) -> Pieces:
        """The pieces of words that any pattern needs."""
        return Pieces()

    @cached_property
    def site_words(self) -> tuple[Scanner, tuple[str, ...]]:
        """(words of regions, the region of each number)."""
        sites = [concept for concept in self.concepts if concept.kind == "site" and concept.value]
        words = [(phrase, n) for n, site in enumerate(sites) for phrase in site.phrases]
        return Scanner(self.pieces, words), tuple(site.value or "" for site in sites)

    @cached_property
    def note_type_words(self) -> Scanner:
        """The words of note types, by their number."""
        return Scanner.of(self.pieces, self.note_types)

    def note_types_in(self, text: str) -> list[NoteType]:
        """The note types of which a text (a type, a first line) has words, in the order of the files."""
        found = self.note_type_words.on(Tokens(reading_view(text), self.pieces)).find()
        return [self.note_types[number] for number in sorted({number for _, _, number in found})]

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """The kind of each concept, also by `concept/value`."""
        return {name: concept.kind for concept in self.concepts for name in (concept.concept, concept.key)}

    @cached_property
    def by_concept(self) -> Mapping[str, Concept]:
        """The first entry of each concept: its title, code and the like."""
        entries: dict[str, Concept] = {}
        for concept in self.concepts:
            entries.setdefault(concept.key, concept)
        for concept in self.concepts:
            entries.setdefault(concept.concept, concept)
        return entries

    def cite(self, name: str, release: str) -> str:
        """A source in a few words, with the release for the tabular list and a mark on what was not verified."""
        known = self.by_source[name]
        cited = f"{known.cite} {release}" if name == "tabular" else known.cite
        return f"{cited} [unverified]" if known.basis == "unverified" else cited

    def wider(self, name: str) -> Iterator[str]:
        """The less exact concepts or values of which one is a kind, nearest first."""
        seen: set[str] = set()
        while (entry := self._by_value.get(name)) is not None and entry.broader and entry.broader not in seen:
            name = entry.broader
            seen.add(name)
            yield name

    @cached_property
    def result_sections(self) -> frozenset[str]:
        """The sections that hold results alone."""
        return frozenset(section.section for section in self.sections if section.results)

    @cached_property
    def _by_value(self) -> Mapping[str, Concept]:
        found: dict[str, Concept] = {}
        for concept in self.concepts:
            found.setdefault(concept.value or concept.concept, concept)
        return found

    @cached_property
    def lifelong(self) -> tuple[str, ...]:
        """The tests whose results do not change in a life."""
        return tuple(dict.fromkeys(concept.concept for concept in self.concepts if concept.lifelong))

    @cached_property
    def by_source(self) -> Mapping[str, Source]:
        """Sources by their id."""
        return {source.id: source for source in self.sources}

    def family_of(self, code: str) -> Family | None:
        """The family to which a code belongs: the one with the longest name that it begins with, else the only one below it."""
        above = [family for family in self.families if code.startswith(family.family)]
        if above:
            return max(above, key=lambda family: len(family.family))
        below = [family for family in self.families if family.family.startswith(code)]
        return below[0] if len(below) == 1 else None

    def region_codes(self, parent: str, codeset: CodeSet) -> Mapping[str, str]:
        """{region: code} of the children of a code, read off the titles of the tabular list; `unspecified` is the code without a site.

        Children that are no region (another family, a named type) are left out.
        """
        known = self._region_codes.get((parent, codeset.release.name))
        if known is None:
            known = self._region_codes[parent, codeset.release.name] = self._children(parent, codeset)
        return known

    @cached_property
    def _region_codes(self) -> dict[tuple[str, str], Mapping[str, str]]:
        return {}

    def _children(self, parent: str, codeset: CodeSet) -> Mapping[str, str]:
        found: dict[str, str] = {}
        head = codeset.get(parent)
        for child in head.children if head else ():
            code = codeset.get(child)
            if code is None:
                continue
            region = self._region_in(code.title)
            if region:
                found.setdefault(region, child)
        return found

    def region_words(self, region: str) -> str:
        """A region in the words of the titles: "lumbosacral region"; "no region" for the code without a site."""
        if region == "unspecified":
            return "no region"
        return next((known.title for known in self.regions if known.region == region), region)

    @cached_property
    def _titles(self) -> tuple[tuple[str, str], ...]:
        rows = [(title, region.region) for region in self.regions for title in (region.title, *region.also_titles)]
        return tuple(sorted(rows, key=lambda row: -len(row[0])))

    def _region_in(self, title: str) -> str | None:
        if "unspecified site" in title or "site unspecified" in title:
            return "unspecified"
        return next((region for words, region in self._titles if re.search(rf"\b{re.escape(words)}\b", title)), None)


def shipped_folder() -> Path:
    """Where the shipped patterns lie: in the package, or beside it in a checkout."""
    here = Path(__file__).parent
    packaged = here / "patterns"
    return packaged if packaged.is_dir() else here.parent.parent / "patterns"


def pattern_files(overlay: Path | None = None) -> dict[str, Path]:
    """{name: path} of the pattern and case files, a site's own over the shipped, in the order in which they are read."""
    files: dict[str, Path] = {}
    for folder in (shipped_folder(), overlay):
        if folder is None:
            continue
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder of patterns")
        for path in sorted(folder.rglob("*.yaml")):
            files[path.relative_to(folder).as_posix()] = path
    return files


def load(overlay: Path | None = None) -> Library:
    """The library: the shipped patterns, with a site's own folder over them. PackError lists every mistake of every file."""
    library, kept = _kept("patterns", Library, overlay, _read)
    learnt = kept.with_name(kept.name.replace("patterns-", "needs-"))
    try:
        needs.learn(learnt.read_bytes())
    except (OSError, ValueError):
        with suppress(OSError):
            write_whole(learnt, needs.told(_texts(library)))
    return library


def _texts(library: Library) -> Iterator[tuple[str, int]]:
    """All phrases of a library, each with whether its case counts, and all patterns, each with its flags."""
    flags = int(re.IGNORECASE | re.VERBOSE)
    for words in (*library.concepts, *library.cues, *library.results, *library.turns, *library.note_types):
        yield from ((phrase.lower(), 0) for phrase in words.phrases)
        yield from ((phrase, 1) for phrase in words.abbreviations)
        yield from ((pattern, flags) for pattern in words.patterns)
    for concept in library.concepts:
        yield from ((pattern, flags) for pattern in (*concept.unless, *concept.only_if))
    for section in library.sections:
        yield from ((header.lower(), 0) for header in (*section.headers, *section.short))
    for vocabulary in library.vocabularies:
        yield from ((box, flags) for box in (*vocabulary.ticked, *vocabulary.unticked))
    yield WRITTEN.pattern, WRITTEN.flags


def load_asking(overlay: Path | None = None) -> Asking:
    """The words in which providers are asked. PackError lists every mistake."""
    return _kept("asking", Asking, overlay, lambda files: _only(files, Asking))[0]


def load_wordings(overlay: Path | None = None) -> Wordings:
    """What a query may not do, and the words that show it. PackError lists every mistake."""
    return _kept("wordings", Wordings, overlay, lambda files: _only(files, Wordings))[0]


def load_reference(overlay: Path | None = None) -> "Reference":
    """What only explanations need: pages and claims. PackError lists every mistake."""
    from notelint.reference import Reference

    return _kept("reference", Reference, overlay, _read_reference)[0]


_M = TypeVar("_M", bound=Model)


def _kept(kind: str, model: type[_M], overlay: Path | None, read: Callable[[Mapping[str, Path]], _M]) -> tuple[_M, Path]:
    """(what was read of these files before, from the cache, else read anew; its place there)."""
    files = {name: path for name, path in pattern_files(overlay).items() if not name.endswith(CASES) and _part(name) == kind}
    digest = hashlib.sha256(f"{__version__} {_SHAPE}".encode())
    for name, path in files.items():
        try:
            content = path.read_bytes()
        except OSError as error:
            raise PackError([f"{path}:1: file: {(error.strerror or 'can not be read').lower()}"]) from None
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    kept = cache_folder() / f"{kind}-{digest.hexdigest()[:24]}.json"
    with suppress(OSError, ValueError):
        return model.model_validate_json(kept.read_bytes(), context=KEPT), kept
    made = read(files)
    with suppress(OSError):
        write_whole(kept, made.model_dump_json(by_alias=True, exclude_defaults=True).encode())
    return made, kept


def _part(name: str) -> str:
    """Of what a file is read: what reads notes, what only explanations need, what only queries need."""
    if name.startswith("pages/") or name == "claims.yaml":
        return "reference"
    return {"asking.yaml": "asking", "query.yaml": "wordings"}.get(name, "patterns")


def _models(files: Mapping[str, Path], mistakes: list[str]) -> Iterator[tuple[Path, Model]]:
    """The models of files; what is wrong with a file is added to the mistakes."""
    for path in files.values():
        model, found = read_file(path)
        mistakes += found
        if model is not None:
            yield path, model


def _read(files: Mapping[str, Path]) -> Library:
    mistakes: list[str] = []
    models = list(_models(files, mistakes))
    shared = [(path, model) for path, model in models if isinstance(model, Shared)]
    families: list[Family] = []
    places: dict[int, Path] = {}
    for path, model in models:
        if isinstance(model, FamilyFile):
            family, found = _whole(model, path, shared)
            mistakes += found
            if family is not None:
                families.append(family)
                places[id(family)] = path
        else:
            places[id(model)] = path
    if mistakes:
        # Names between files are looked at once each file is sound: a name that is missing because its file is not read is no mistake.
        raise PackError(mistakes)
    library = Library(
        vocabularies=tuple(model for _, model in models if isinstance(model, Vocabulary)),
        families=tuple(families),
        sources=tuple(source for _, model in models if isinstance(model, Sources) for source in model.sources),
        profiles=tuple(model for _, model in models if isinstance(model, Profile)),
        pairs=tuple(pair for _, model in models if isinstance(model, Pairs) for pair in model.pairs),
        shared=frozenset(_shared_ids([model for _, model in models if isinstance(model, FamilyFile)], [model for _, model in shared])),
    )
    mistakes += dict.fromkeys(_cross_check(library, places, [path for path, _ in shared]))
    if mistakes:
        raise PackError(mistakes)
    return library


def _whole(file: FamilyFile, path: Path, shared: Sequence[tuple[Path, Shared]]) -> tuple[Family | None, list[str]]:
    """A family with its shared elements and routes in place, and what is wrong with it."""
    mistakes: list[str] = []
    known = {element.id: element for _, model in shared for element in model.elements}
    groups = {group.group: group.routes for _, model in shared for group in model.groups}
    elements: list[Element] = []
    for element in file.elements:
        if isinstance(element, Element):
            elements.append(element)
        elif element.use in known:
            changes = {name: getattr(element, name) for name in element.model_fields_set - {"use"}}
            elements.append(known[element.use].model_copy(update=changes))
        else:
            mistakes.append(f"{path}:{_line_of(path, element.use)}: elements: no shared element is called {element.use}")
    routes: list[Route] = []
    for route in file.routes:
        if isinstance(route, Route):
            routes.append(route)
        elif route.use in groups:
            routes += groups[route.use]
        else:
            mistakes.append(f"{path}:{_line_of(path, route.use)}: routes: no shared group is called {route.use}")
    if mistakes:
        return None, mistakes
    kept = {name: getattr(file, name) for name in type(file).model_fields if name not in ("elements", "routes")}
    try:
        return Family(**kept, elements=tuple(elements), routes=tuple(routes)), []
    except ValidationError as error:
        return None, [f"{path}:1: family: {_what(problem)}" for problem in error.errors(include_url=False, include_input=False)]


def _shared_ids(files: Sequence[FamilyFile], shared: Sequence[Shared]) -> Iterator[tuple[str, str]]:
    groups = {group.group: group.routes for model in shared for group in model.groups}
    for file in files:
        for element in file.elements:
            if isinstance(element, SharedElement):
                yield file.family, element.id or element.use
        for route in file.routes:
            if isinstance(route, SharedRoutes):
                yield from ((file.family, one.id) for one in groups[route.use])


def _only(files: Mapping[str, Path], model: type[_M]) -> _M:
    """The one file of a kind."""
    mistakes: list[str] = []
    found = [made for _, made in _models(files, mistakes) if isinstance(made, model)]
    if mistakes or not found:
        raise PackError(mistakes or [f"{shipped_folder()}:1: file: no file of {model.__name__.lower()}"])
    return found[-1]


def _read_reference(files: Mapping[str, Path]) -> "Reference":
    from notelint.reference import Claims, Page, Reference

    mistakes: list[str] = []
    models = [model for _, model in _models(files, mistakes)]
    if mistakes:
        raise PackError(mistakes)
    claims = [model for model in models if isinstance(model, Claims)]
    return Reference(
        pages=tuple(model for model in models if isinstance(model, Page)),
        claims=tuple(claim for model in claims for claim in model.claims),
        omitted=sum(model.omitted.payment for model in claims),
    )


def read_cases(overlay: Path | None = None) -> dict[str, tuple[Path, tuple[Case, ...]]]:
    """{name of the pattern file: (path of its cases, cases)}. PackError lists every mistake."""
    mistakes: list[str] = []
    cases: dict[str, tuple[Path, tuple[Case, ...]]] = {}
    for name, path in pattern_files(overlay).items():
        if name.endswith(CASES):
            model, found = read_file(path)
            mistakes += found
            if isinstance(model, Cases):
                cases[name.removesuffix(CASES)] = (path, model.cases)
    if mistakes:
        raise PackError(mistakes)
    return cases


def case_lines(path: Path) -> list[int]:
    """The line of each case of a file, from 1."""
    text = path.read_text(encoding="utf-8")
    return [text.count("\n", 0, m.start()) + 1 for m in re.finditer(r"^  - ", text, re.MULTILINE)]


def family_files(overlay: Path | None = None) -> dict[str, Path]:
    """{family: path of its file}."""
    found = {}
    for name, path in pattern_files(overlay).items():
        if not name.endswith(CASES) and (head := re.search(r"^family: *[\"']?([\w.]+)", path.read_text(encoding="utf-8"), re.MULTILINE)):
            found[head[1]] = path
    return found


def read_file(path: Path) -> tuple[Model | None, list[str]]:
    """A pattern file as its model, or None, and its mistakes as `path:line: where: what`."""
    # YAML is read once per change of the files, not at every start.
    from srsly import yaml_loads  # type: ignore[attr-defined]

    from notelint.reference import Claims, Page

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return None, [f"{path}:1: file: {getattr(error, 'strerror', None) or 'not UTF-8'}"]
    try:
        data = yaml_loads(text)
    except Exception as error:
        lines = re.findall(r"line:? (\d+)", str(error))
        what = next((line.strip() for line in str(error).splitlines()[1:] if line.strip() and not line.startswith(" ")), _UNREAD)
        return None, [f"{path}:{lines[-1] if lines else 1}: file: no YAML: {what.splitlines()[0]}"]
    if not isinstance(data, dict):
        return None, [f"{path}:1: file: is no mapping of keys"]
    heads: dict[str, type[Model]] = {
        "vocabulary": Vocabulary, "family": FamilyFile, "shared": Shared, "page": Page, "profile": Profile, "claims": Claims, "pairs": Pairs,
        "sources": Sources, "asking": Asking, "wordings": Wordings, "cases": Cases,
    }  # fmt: skip
    model = next((heads[key] for key in heads if key in data), None)
    if model is None:
        return None, [f"{path}:1: file: has none of the keys {', '.join(heads)}"]
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        lines_of = _Lines(text)
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        # The marks by which pydantic tells an item of its own from a shared one are no keys of the file.
        located = [(tuple(step for step in p["loc"] if step not in ("own", "shared")), p) for p in problems]
        told = sorted((lines_of.line(loc), f"{_where(loc, data)}: {_what(p)}") for loc, p in located)
        return None, [f"{path}:{line}: {what}" for line, what in told]


def _where(loc: tuple[int | str, ...], data: Any) -> str:
    """A place in a file in words: keys, and for an item of a list its number and name."""
    parts: list[str] = []
    for step in loc:
        if isinstance(step, int) and parts:
            data = data[step] if isinstance(data, list) and step < len(data) else None
            name = next(
                (str(data[k]) for k in ("concept", "id", "cue", "section", "code", "value") if isinstance(data, dict) and k in data), ""
            )
            parts[-1] += f"[{step + 1}{' ' + name if name else ''}]"
        else:
            data = data.get(step) if isinstance(data, dict) else None
            parts.append(str(step))
    return ".".join(parts) or "file"


def _what(problem: Mapping[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ")
    return {"extra_forbidden": "no such key", "missing": "is missing"}.get(str(problem["type"]), message)


class _Lines:
    """The line of each place in a YAML text; parsed only when there is a mistake to point at."""

    def __init__(self, text: str) -> None:
        from srsly.ruamel_yaml import compose
        from srsly.ruamel_yaml.loader import SafeLoader

        self._root = compose(text, SafeLoader)

    def line(self, loc: tuple[int | str, ...]) -> int:
        node, line = self._root, 1
        for step in loc:
            value = getattr(node, "value", None)
            if not isinstance(value, list):
                break
            if isinstance(step, int):
                if step >= len(value):
                    break
                node = value[step]
                line = node.start_mark.line + 1
            else:
                pair = next(((k, v) for k, v in value if k.value == step), None)
                if pair is None:
                    break
                node, line = pair[1], pair[0].start_mark.line + 1
        return line


def _cross_check(library: Library, places: Mapping[int, Path], shared: Sequence[Path]) -> list[str]:
    """Mistakes between files: names that nothing defines."""
    mistakes: list[str] = []

    def say(model: Model, needle: str, where: str, what: str) -> None:
        # What stands in no line of a family's file stands in the shared one.
        path = next((path for path in (places[id(model)], *shared) if _line_in(path, needle)), places[id(model)])
        mistakes.append(f"{path}:{_line_of(path, needle)}: {where}: {what}")

    kinds: dict[str, Kind] = {}
    for vocabulary in library.vocabularies:
        for concept in vocabulary.concepts:
            if kinds.setdefault(concept.concept, concept.kind) != concept.kind:
                say(vocabulary, concept.concept, f"concepts.{concept.key}", f"is also of kind {kinds[concept.concept]}")
            kinds.setdefault(concept.key, concept.kind)
    for concept_model in library.vocabularies:
        for concept in concept_model.concepts:
            if concept.broader and concept.broader not in kinds and concept.broader not in {c.value for c in library.concepts}:
                say(concept_model, concept.broader, f"concepts.{concept.key}.broader", f"nothing is called {concept.broader}")
    names = [family.family for family in library.families]
    for family in library.families:
        if names.count(family.family) > 1:
            say(family, family.family, "family", "stands in two files")
        for slug in (*family.diagnosis, *family.unresolved):
            if slug not in kinds:
                say(family, slug, "diagnosis", f"nothing is called {slug}")
        for route in family.routes:
            for condition in route.when:
                for slug in condition.concept:
                    if kinds.get(slug) in _CRITERIA:
                        say(
                            family, f"id: {route.id}", f"routes.{route.id}",
                            f"{slug} is of kind {kinds[slug]}, no statement of a provider: criteria never make a code",
                        )  # fmt: skip
        _check_items(library, kinds, family, [*family.elements, *family.routes], say)
    asked = {element.id for family in library.families for element in family.elements}
    for profile in library.profiles:
        for name in profile.recommended if profile.recommended != "all" else ():
            if name not in asked:
                say(profile, name, "recommended", f"no element is called {name}")
        for block in profile.elements:
            for name in block.families:
                if name not in names:
                    say(profile, name, "elements", f"there is no family {name}")
            _check_items(library, kinds, profile, block.elements, say)
    return mistakes


def _check_items(
    library: Library, kinds: Mapping[str, Kind], model: Model, items: Sequence[Element | Route], say: Callable[[Model, str, str, str], None]
) -> None:
    for item in items:
        for slug in (
            *(s for condition in conditions(item) for s in (*condition.concept, *condition.without)),
            *(item.resolve if isinstance(item, Element) else ()),
        ):
            if slug not in kinds:
                say(model, slug, item.id, f"nothing is called {slug}")
        for source in item.source:
            if source not in library.by_source:
                say(model, source, item.id, f"no source is called {source}")


def _line_in(path: Path, needle: str) -> int | None:
    text = path.read_text(encoding="utf-8")
    found = re.search(rf"(?<![\w.-]){re.escape(needle)}(?![\w-])", text)
    return text.count("\n", 0, found.start()) + 1 if found else None


def _line_of(path: Path, needle: str) -> int:
    return _line_in(path, needle) or 1


def check_codes(library: Library, codeset: CodeSet, overlay: Path | None = None) -> Iterator[str]:
    """Mistakes of the library against the code set, as `path:line: where: what`: a code that does not exist, a region without a code."""
    files, release = family_files(overlay), codeset.release
    shared = next((path for path in pattern_files(overlay).values() if path.name == "shared.yaml"), None)

    def at(family: Family, needle: str) -> str:
        places = [path for path in (files.get(family.family), shared) if path is not None]
        path = next((path for path in places if _line_in(path, needle)), places[0] if places else None)
        return f"{path}:{_line_of(path, needle)}: {family.family}" if path else family.family

    for concept in library.concepts:
        for code in filter(None, (concept.code, concept.site_parent)):
            if codeset.get(code) is None:
                yield f"{concept.key}: {code} is no code of release {release.name}"
        if concept.site_parent and not library.region_codes(concept.site_parent, codeset):
            yield f"{concept.key}: no child of {concept.site_parent} names a region"
    regions = {region.region for region in library.regions}
    for family in library.families:
        if codeset.get(family.family) is None:
            yield f"{at(family, family.family)}: is no code of release {release.name}"
        if family.release != release.effective_from:
            yield (
                f"{at(family, 'release')}: was checked against the release of {family.release}; read it against that of"
                f" {release.effective_from} and say so there"
            )
        if family.site and len(library.region_codes(family.site.parent, codeset)) < 2:
            yield f"{at(family, 'site')}: the children of {family.site.parent} name no regions"
        for element in family.elements:
            for region in element.regions:
                if region not in regions:
                    yield f"{at(family, region)}: {element.id}: no region is called {region}; there are {', '.join(sorted(regions))}"
        for route in family.routes:
            coded = [library.by_concept[slug] for condition in route.when for slug in condition.concept]
            if not (route.code or route.site_parent) and not all(entry.code or entry.site_parent or entry.code_note for entry in coded):
                yield f"{at(family, route.id)}: {route.id} names no code, and its concept has none"
        leads = [(route.id, code, route.site_parent) for route in family.routes for code in route.code or (None,)]
        leads += [(element.id, answer.code, answer.site_parent) for element in family.elements for answer in element.answers]
        for name, one, parent in dict.fromkeys(leads):
            known = codeset.get(one) if one else None
            if one and known is None:
                yield f"{at(family, one)}: {name}: {one} is no code of release {release.name}"
            elif known is not None and not known.billable:
                yield f"{at(family, known.code)}: {name}: {known.code} is no complete code"
            if parent and not library.region_codes(parent, codeset):
                yield f"{at(family, parent)}: {name}: no child of {parent} names a region"
    for pair in library.pairs:
        for code in (*pair.codes, *pair.others):
            if codeset.get(code) is None:
                yield f"pairs: {code} is no code of release {release.name}"


def check_asking(library: Library, asking: Asking, overlay: Path | None = None) -> Iterator[str]:
    """Mistakes of the words of queries against the library: names of concepts, elements and families that nothing defines."""
    path = pattern_files(overlay).get("asking.yaml")
    families = {family.family for family in library.families}
    elements = {element.id for element in library.elements}

    def say(needle: str, where: str, what: str) -> str:
        return f"{path}:{_line_of(path, needle) if path else 1}: {where}: {what}"

    for group in asking.groups:
        for key in group.indicators:
            if key not in library.kinds:
                yield say(key, f"groups.{group.group}", f"nothing is called {key}")
    for question in asking.questions:
        where = f"questions.{question.id}"
        if question.element is not None and question.element not in elements:
            yield say(question.element, where, f"no element is called {question.element}")
        for family in question.families:
            if family not in families:
                yield say(f"id: {question.id}", where, f"there is no family {family}")
        concepts = (key for choice in question.choices for condition in choice.rests_on for key in (*condition.concept, *condition.without))
        for key in (*question.indicators, *concepts):
            if key not in library.kinds:
                yield say(key, where, f"nothing is called {key}")
    for family_ in library.families:
        for element in family_.elements:
            if (element.level != "recommended" or element.required_if) and asking.of_element(element.id, family_.family) is None:
                yield f"{path}:1: questions: no question for {element.id} of {family_.family}"


def fingerprint(overlay: Path | None = None) -> str:
    """A hash of all pattern files, cases apart: what a record says of the patterns with which it was made."""
    found = hashlib.sha256()
    for name, path in pattern_files(overlay).items():
        if not name.endswith(CASES):
            content = path.read_bytes()
            found.update(f"\0{name}\0{len(content)}\0".encode())
            found.update(content)
    return found.hexdigest()[:24]
