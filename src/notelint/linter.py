"""The line from a note to its report, spelled out once."""

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from os.path import commonprefix
from pathlib import Path
from typing import Literal

from notelint import library as library_
from notelint.assessment import Assessment, Assessor
from notelint.chart import Chart, Document
from notelint.codeset import CodeSet, CodeSets, load_codesets
from notelint.encounter import in_time, mark_copies, name_of, writer_of
from notelint.errors import InputError, NotelintError
from notelint.findings import Assertion, Finding
from notelint.library import Library
from notelint.note import Note
from notelint.packs import Concept, Kind, Profile
from notelint.reader import Reader
from notelint.report import CodesFrom, Diagnostic, Failure, NoteReport, diagnose
from notelint.rules import RULES, selected

# It begins with the dot, so that `re` passes over all else at once.
_CODE_IN_TEXT = re.compile(r"\.(?<=[A-Z][0-9][0-9A-Z]\.)(?<![\w.][A-Z][0-9][0-9A-Z]\.)[0-9A-Z]{1,4}(?![\w.]*\w)", re.IGNORECASE)
_BEFORE_DOT = 3
Wanted = Literal["all", "needed"]
"""Which findings a report holds: every one, or those of the notes in which something can be said of a code."""


def _nobody(note: Note) -> None:
    """Nobody watches."""


class Linter:
    """Checks notes against the codes chosen for them.

    `patterns`: a site's own folder of patterns, laid over the shipped ones. `profile` names which recommended elements are asked for.
    `select` and `ignore` name rules or categories of rules.
    Building one reads the patterns and the code set; the first note builds the pipeline. PackError, CodeSetError when these are faulty.

        linter = Linter()
        report = linter.check(Note(text="…", codes=["M45.7"], setting="outpatient"))
    """

    def __init__(
        self, *, patterns: Path | None = None, profile: str = "scribe", select: Sequence[str] = (), ignore: Sequence[str] = ()
    ) -> None:
        self.patterns = patterns
        self._profile = profile
        self._select, self._ignore = tuple(select), tuple(ignore)
        self._told_outdated = False
        self.releases: set[str] = set()
        """The releases against which notes were checked, by name."""

    @cached_property
    def library(self) -> Library:
        """The patterns."""
        return library_.load(self.patterns)

    @cached_property
    def profile(self) -> Profile:
        """The profile; InputError when there is none of that name."""
        return self.library.profile(self._profile)

    def asking(self, profile: str | None) -> "Linter":
        """A linter that asks by another profile and shares all that this one has built; this one itself for its own and for None."""
        if profile in (None, self._profile):
            return self
        other = copy.copy(self)
        other.__dict__.pop("profile", None)
        other._profile = str(profile)
        return other

    @cached_property
    def codesets(self) -> CodeSets:
        """The loaded releases of ICD-10-CM."""
        return load_codesets()

    @cached_property
    def reader(self) -> Reader:
        """What reads the notes."""
        return Reader(self.library)

    @cached_property
    def _concludes(self) -> frozenset[str]:
        return frozenset(section.section for section in self.library.sections if section.concludes)

    def extract(self, note: Note) -> tuple[Finding, ...]:
        """The findings of a note, in the order of the text."""
        codeset, _ = self.codesets.on(note.date_of_service)

        def titles() -> str:
            # The titles of the chosen codes tell what "AS" may stand for.
            return " ".join(known.title for code in note.codes if (known := codeset.get(code) or codeset.nearest(code)))

        return self.reader.find(note, titles)

    def check(self, note: Note, *, findings: Wanted = "all") -> NoteReport:
        """The report of one note; `findings` as in `check_all`."""
        self._told_outdated = False
        _, report = next(self._encounter([note], findings))
        return report

    def check_all(self, notes: Iterable[Note], *, findings: Wanted = "all", failures: list[Failure] | None = None) -> Iterator[NoteReport]:
        """The reports of a stream of notes, in order and in constant memory.

        With `findings="needed"`, a note that has no code of our families and does not name one of their diagnoses is not read: its report
        has no findings. Codes, elements, alternatives, decisions and diagnostics are the same either way.

        Notes of one `encounter` pool their evidence: what one documents is no gap in another, a later word takes the place of an earlier one
        of the same writer, and copied text counts once. They have to follow each other, and are held until the last of them is read. With a
        list of `failures`, a fault of notelint in one note is added to it (never its words), and the rest is still done.
        """
        return (report for _, report in self.check_pairs(notes, findings=findings, failures=failures))

    def check_pairs(
        self,
        notes: Iterable[Note],
        *,
        findings: Wanted = "all",
        failures: list[Failure] | None = None,
        watch: Callable[[Note], object] = _nobody,
    ) -> Iterator[tuple[Note, NoteReport]]:
        """As `check_all`, each report with its note. `watch` is called with each note before it is read, and again before it is judged."""
        self._told_outdated = False
        waiting: list[Note] = []
        for note in notes:
            if waiting and note.encounter != waiting[0].encounter:
                yield from self._safely(waiting, findings, failures, watch)
                waiting = []
            if note.encounter is None:
                yield from self._safely([note], findings, failures, watch)
            else:
                waiting.append(note)
        yield from self._safely(waiting, findings, failures, watch)

    def _safely(
        self, notes: Sequence[Note], wanted: Wanted, failures: list[Failure] | None, watch: Callable[[Note], object]
    ) -> Iterator[tuple[Note, NoteReport]]:
        if failures is None:
            yield from self._encounter(notes, wanted, watch)
            return
        try:
            reports = list(self._encounter(notes, wanted, watch))
        except NotelintError:
            raise
        except Exception as error:
            failures += [Failure(path=note.path or note.id or "<note>", message=internal_error(error)) for note in notes]
            return
        yield from reports

    def _encounter(
        self, notes: Sequence[Note], wanted: Wanted, watch: Callable[[Note], object] = _nobody
    ) -> Iterator[tuple[Note, NoteReport]]:
        order = in_time(notes)

        def extract(note: Note) -> tuple[Finding, ...]:
            watch(note)
            return self.extract(note)

        def is_of_use(note: Note) -> bool:
            watch(note)
            return self._is_of_use(note)

        if wanted == "all" or any(is_of_use(note) for note in notes):
            found = mark_copies([notes[n] for n in order], [extract(notes[n]) for n in order])
        else:
            found = [()] * len(notes)
        documents = [self._document(notes[n], findings) for n, findings in zip(order, found, strict=True)]
        for number, note in enumerate(notes):
            at = order.index(number)
            watch(note)
            yield note, self._report(note, documents[at], documents[:at], documents[at + 1 :])

    def _document(self, note: Note, findings: Sequence[Finding]) -> Document:
        final = note.setting == "inpatient" and self._is_final(note)
        return Document(name_of(note), Chart(findings, self.library, concludes=self._concludes, final=final), writer_of(note))

    def _report(self, note: Note, document: Document, earlier: Sequence[Document], later: Sequence[Document]) -> NoteReport:
        codeset, covered = self.codesets.on(note.date_of_service)
        self.releases.add(codeset.release.name)
        codes, codes_from = self._codes(note, codeset)

        def assessor(codes: Sequence[str]) -> Assessor:
            return Assessor(document, codeset, codes=codes, profile=self.profile, earlier=earlier, later=later)

        if codes_from == "words" and document.chart.concepts:
            codes = tuple(assessor(()).supported())
        assessing = assessor(codes) if codes else None
        judgements = [assessing.judge(code) for code in codes] if assessing else []
        told, self._told_outdated = self._told_outdated, self._told_outdated or not covered
        diagnostics = diagnose(
            note, document, judgements, others=(*earlier, *later), library=self.library, codeset=codeset, codes=codes,
            covered=covered or told, profile=self.profile,
        )  # fmt: skip
        return NoteReport(
            id=note.id,
            path=note.path,
            setting=note.setting,
            date_of_service=note.date_of_service,
            profile=self.profile.profile,
            codes=codes,
            codes_from=codes_from,
            findings=tuple(document.chart.findings),
            assessments=tuple(self._cited(judgement.assessment, codeset.release.name) for judgement in judgements),
            diagnostics=tuple(self._wanted(diagnostics)),
        )

    def _cited(self, assessment: Assessment, release: str) -> Assessment:
        """An assessment whose alternatives name their sources in words, as diagnostics do."""
        cited = (
            alternative.model_copy(update={"sources": tuple(self.library.cite(name, release) for name in alternative.sources)})
            for alternative in assessment.alternatives
        )
        return assessment.model_copy(update={"alternatives": tuple(cited)})

    def _codes(self, note: Note, codeset: CodeSet) -> tuple[tuple[str, ...], CodesFrom]:
        """The chosen codes: those given, else those written in the note; none of either where its words have to tell."""
        if note.codes:
            return tuple(dict.fromkeys(codeset.normalize(code) or code for code in note.codes)), "given"
        written = self._in_text(note, codeset)
        return written, "note" if written else "words"

    def families(self, report: NoteReport) -> dict[str, str | None]:
        """{assessed code: its family}; None for a code outside of them."""
        found = {assessed.code: self.library.family_of(assessed.code) for assessed in report.assessments}
        return {code: family.family if family else None for code, family in found.items()}

    def _is_of_use(self, note: Note) -> bool:
        """Can the words of a note change what is said of a code: has it one of our families, or may it name a diagnosis of theirs?"""
        codeset, _ = self.codesets.on(note.date_of_service)
        codes, _ = self._codes(note, codeset)
        if not codes:
            return self.reader.names(note, self._anchors)
        known = [code for written in codes if (code := codeset.get(written) or codeset.nearest(written))]
        return any(code.is_manifestation or self.library.family_of(code.code) is not None for code in known)

    @cached_property
    def _beginning(self) -> str:
        """With what the names of all families begin: where it does not stand, no code of theirs is written."""
        return commonprefix([family.family for family in self.library.families])

    @cached_property
    def _anchors(self) -> frozenset[str]:
        """The concepts of which a finding may be, or name, a diagnosis of the families."""
        library = self.library
        wanted = {key.partition("/")[0] for family in library.families for key in family.diagnosis}

        def names(concept: Concept) -> Iterator[str]:
            for name in filter(None, (concept.concept, concept.placed_as, concept.image_as)):
                entry = library.by_concept.get(name)
                for named in filter(None, (name, concept.linked_as, entry.linked_as if entry else None)):
                    yield from (named, *library.wider(named))

        return frozenset(concept.key for concept in library.concepts if not wanted.isdisjoint(names(concept)))

    def _in_text(self, note: Note, codeset: CodeSet) -> tuple[str, ...]:
        """The codes written in a note, with a dot and of a category that exists; none where no family of the packs is among them."""
        view = note.view
        if self._beginning not in view and self._beginning.lower() not in view:
            return ()
        written = (view[match.start() - _BEFORE_DOT : match.end()] for match in _CODE_IN_TEXT.finditer(view))
        found = [codeset.normalize(code) for code in written]
        known = tuple(dict.fromkeys(code for code in found if code and codeset.nearest(code)))
        return known if any(self.library.family_of(code) for code in known) else ()

    def _wanted(self, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        return (d for d in diagnostics if selected(d.rule, self._select, self._ignore))

    def _is_final(self, note: Note) -> bool:
        """Is the note a statement at discharge? By its type, else by its first words."""
        named = note.note_type or " ".join(note.view[:200].split())
        return any(note_type.final for note_type in self.library.note_types_in(named))

    def assert_span(self, text: str, start: int, end: int, *, kind: Kind | None = None) -> Assertion:
        """How text[start:end] is meant: the five axes, and status and value where it is a test or a study.

        `kind` says what the span is; without it the patterns tell, and a span that they do not know is read as a condition.
        InputError when the span is empty, blank or outside of the text.
        """
        return self.reader.assert_span(text, start, end, kind=kind)


def named_rules(names: Sequence[str], patterns: Path | None) -> tuple[str, ...]:
    """The rules or categories that a user names, a comma or blanks between them; InputError for one that there is not."""
    known = set(RULES) | {rule.category for rule in RULES.values()} | {"gap"}
    wanted = [part for name in names for part in name.replace(",", " ").split()]
    if any(name not in known for name in wanted):
        known |= {f"gap/{element.id}" for element in library_.load(patterns).elements}
    for name in wanted:
        if name not in known:
            raise InputError(f"{name[:40]!r} is no rule and no category")
    return tuple(wanted)


def internal_error(error: BaseException) -> str:
    """A fault of notelint in one line: its kind and place in our code, never its message, which may hold words of a note."""
    frame = error.__traceback__
    place = ""
    while frame is not None:
        file = Path(frame.tb_frame.f_code.co_filename)
        if file.parent.name in ("notelint", "render", "formats", "audit"):
            place = f" at {file.name}:{frame.tb_lineno}"
        frame = frame.tb_next
    return f"internal error, {type(error).__name__}{place}; please report it"


_default: Linter | None = None


def assert_span(text: str, start: int, end: int, *, kind: Kind | None = None) -> Assertion:
    """`Linter().assert_span` of the shipped patterns, with one linter kept for all calls."""
    global _default
    if _default is None:
        _default = Linter()
    return _default.assert_span(text, start, end, kind=kind)
