"""Finds what a note says, from its reading: each thing with its place, its words, and how they are meant.

From the plain values of a `Reading`; no spaCy here. Three things together make an assertion: ConText's axes (in the reading), the status
and value of tests and studies (words beside them), and what the place says (section, box, template slot).
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from notelint import tables
from notelint.findings import Assertion, Finding
from notelint.library import Library
from notelint.note import BLANK_LINE, Note
from notelint.packs import Author, Axis, Section, Status
from notelint.reading import Mention, Reading, SectionSpan, without
from notelint.results import BOXED, Results, Words
from notelint.sites import DISEASE_PLACE, Owners

OTHER_INFECTION = "other-infection"
"""The condition of which an organism is, when it is not of the spine."""
_UNREPORTED = frozenset({"look-alike", "owner"})
_SIDES = re.compile(
    r"\b(?:(?P<both>bilateral(?:ly)?|both|(?:either|each)\s+side|b/l|bilat|[LR]\s?[>≥]\s?[LR]|(?:left|right)\s+(?:greater|more|worse|larger|>)\s+than\s+(?:left|right)|left\s+and\s+right|right\s+and\s+left)|(?P<left>left|lt|l\.)|(?P<right>right|rt|r\.))(?![\w])",
    re.IGNORECASE,
)
_SIDE_LETTER = re.compile(r"(?<![\w/.-])(?P<letter>[RL])(?=\s*[:=]?\s*(?:[0-4IV]|gr\b|grade\b)|\s*(?:[,.;)]|$|and\b|&|sacroil))")
_YEAR = re.compile(r"(?<![\d/-])(?:19[5-9]|20[0-4])\d(?![\d-])")
_CLAUSE_OF_ITS_OWN = re.compile(r";|\b(?:while|whereas|but)\b", re.IGNORECASE)
_TITLE = 70
"""So many characters of a first line tell what a note is."""
_LINE = 80
"""So many characters behind a disease of the past history its year may stand."""
_NOT_SEEN = frozenset({"ordered", "pending", "declined", "not-done"})
_SIDE_OF = re.compile(r"(?<![\w/.-])(?P<letter>[RL])\s+(?=(?:SI\b|SIJ|sacro|sacral|ili(?:um|ac)|joint|side\b|facet|psoas))")
_JOINT = re.compile(
    r"[\w.]*(?:[\s-]*(?:sided|side|of|the|SI|SIJ|sacro-?iliac|sacral|iliac|joints?))*[\s-]*(?:SI|SIJs?|sacro-?iliac|joints?|sacral|ilium)\b",
    re.IGNORECASE,
)
_NORMAL_SIDE = re.compile(
    r"\w+\.?\s+(?:(?:side|one|SI|SIJ|sacroiliac|joint)\s+){0,3}(?:(?:is|was|appears|looks|remains)\s+)?(?:normal|unremarkable|preserved|spared|intact|clear|negative|quiet|uninvolved)\b",
    re.IGNORECASE,
)
_GRADE = re.compile(
    r"\b(?:grade|gr\.?|stage)\s*:?\s*(?P<first>[0-4]|I{1,3}V?|IV)(?:\s*(?:-|to|/|or)\s*(?P<last>[0-4]|I{1,3}V?|IV))?(?![\w/])",
    re.IGNORECASE,
)
_GRADE_ON = re.compile(r"(?:,|\band|/)\s*(?P<grade>[0-4]|I{1,3}|IV)\s+(?=(?:on|at)\s+(?:the\s+)?(?:left|right)\b)", re.IGNORECASE)
_ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4"}
# What links an organism to a disease: it stands before it as an adjective, or is called its cause.
_ADJECTIVE = re.compile(r"[\s-]*(?:[\w/-]+\s+){0,2}", re.IGNORECASE)
_CAUSED_BY = re.compile(
    r"[^.;]*?\b(?:due\s+to|d/t|caused\s+by|secondary\s+to|2/2|attributed\s+to|attributable\s+to|from|with|growing|grew|positive\s+for|by)\b[^.;]*",
    re.IGNORECASE,
)
_SHOWN = re.compile(r"[^.;:?]{0,60}:\s*\w{3}")
_CLAUSE_STOP = re.compile(r"[;.]\s")


def find(note: Note, reading: Reading, library: Library, words: Words) -> tuple[Finding, ...]:
    """The findings of a note, in the order of the text."""
    return tuple(_Finder(note, reading, library, words).findings())


def assertion(note: Note, reading: Reading, library: Library, words: Words, mention: Mention) -> Assertion:
    """How one mention of a reading is meant."""
    finder = _Finder(note, reading, library, words)
    axes = finder.axes(mention)
    status = value = None
    if mention.concept.kind in BOXED:
        tested = finder.results.tested(mention)
        status, value = tested.status, tested.value
        if value is None and tested.measured:
            value = tested.flags[0]
    elif finder.results.slot(mention) == "unfilled":
        status = "unfilled"
    return Assertion(
        **{axis: axis in axes for axis in ("negated", "possible", "historical", "hypothetical", "family")}, status=status, value=value
    )


@dataclass(frozen=True)
class _Finder:
    """The finding of one note: holds what is looked up more than once."""

    note: Note
    reading: Reading
    library: Library
    words: Words

    @cached_property
    def results(self) -> Results:
        """What is said of tests and studies, and of boxes and slots."""
        return Results(self.reading, self.words, self.note.date_of_service)

    # ------------------------------------------------------------------------------------------------ the whole note

    def findings(self) -> Iterator[Finding]:
        """All findings, in the order of the text."""
        for mention in self.reading.mentions:
            kind = mention.concept.kind
            section = self.reading.section_at(mention.start)
            if kind in _UNREPORTED or mention.general or (section and section.rule and section.rule.general):
                continue
            if kind == "test":
                yield from self._test(mention)
            elif kind == "study":
                yield self._study(mention)
            elif kind == "imaging":
                yield from self._imaging(mention)
            elif (reader := self._image_reader(mention)) is not None:
                # What an image shows is a diagnosis too: of radiology, or of the provider who states it and names the image.
                yield from self._imaging(mention)
                if not self._open(mention):
                    yield self._placed(mention, author=reader)
            elif kind == "site" and mention.concept.value is None and mention.level is None:
                if self._open(mention):
                    yield self._finding(mention, "site", status="unfilled")
            elif self._open(mention):
                continue
            elif kind == "diagnosis" or mention.concept.placed_as or mention.concept.concept == DISEASE_PLACE:
                yield self._placed(mention)
            elif kind == "organism":
                yield self._organism(mention)
            elif kind == "site":
                yield from self._site(mention)
            else:
                yield self._finding(mention, kind)

    def _open(self, mention: Mention) -> bool:
        """Is a mention only a label whose box or slot nobody filled?"""
        answer = self.results.answered(mention)
        return answer[0] == "open" if answer else self.results.slot(mention) == "unfilled"

    def _finding(
        self, mention: Mention, kind: str, *, concept: str | None = None, extent: tuple[int, int] | None = None, **facts: Any
    ) -> Finding:
        section = self.reading.section_at(mention.start)
        axes = self.axes(mention)
        attributes = dict(facts.pop("attributes", {}))
        facts.setdefault("value", mention.concept.value)
        if (hedge := axes.get("possible")) is not None:
            attributes["hedge"] = " ".join(self.note.text[hedge[0] : hedge[1]].split())
        if mention.weak:
            attributes["weak"] = True
        if mention.refuted and "negated" in axes:
            attributes["refuted"] = True
        if mention.partial:
            attributes["partial"] = True
        return Finding.model_validate(
            {
                "concept": concept or mention.concept.concept,
                "kind": kind,
                "text": self.note.text[mention.start : mention.end],
                "start": mention.start,
                "end": mention.end,
                "extent": extent or (mention.start, mention.end),
                "section": section.rule.section if section and section.rule else None,
                "sentence": self.reading.sentences[mention.sentence],
                "author": self.author(mention, section),
                **dict.fromkeys(axes, True),
                "attributes": attributes,
                **facts,
            }
        )

    def axes(self, mention: Mention) -> Mapping[Axis, tuple[int, int] | None]:
        """The axes of a mention: what ConText found, and what its section says."""
        section = self.reading.section_at(mention.start)
        rule = section.rule if section and mention.start >= section.body else None
        says = rule.says if rule and (not rule.of or mention.concept.kind in rule.of) else ()
        axes = {**dict.fromkeys(says), **mention.axes} if says else mention.axes
        if mention.concept.kind not in BOXED and (answer := self.results.answered(mention)) is not None:
            told, place = answer
            axes = {**axes, "negated": place} if told == "no" else without(axes, "negated")
        if rule and rule.passed and mention.concept.kind == "diagnosis" and not mention.concept.lasting and not axes:
            start, end = tables.line_at(self.reading.view, mention.start)
            year = _YEAR.search(self.reading.view, mention.end, min(end, mention.end + _LINE))
            day = self.note.date_of_service
            if year and start < mention.start + _LINE and (day is None or int(year[0]) < day.year):
                axes = {**axes, "historical": year.span()}
        if mention.concept.lasting and mention.concept.kind == "diagnosis" and {"negated", "historical"} <= set(axes):
            # "No history of ankylosing spondylitis": a disease for life that was not there is not there.
            return without(axes, "historical")
        if "family" in axes and "historical" in axes:
            # "Brother treated for Pott disease in 1998": when a relative had it is not asked.
            return without(axes, "historical")
        return axes

    # ------------------------------------------------------------------------------------------------ who says it

    @cached_property
    def _note_author(self) -> Author:
        """Whose words the note holds as a whole: by its type, or because it is built as a report of radiology."""
        if self.note.note_type:
            for note_type in self.library.note_types_in(self.note.note_type):
                if note_type.author:
                    return note_type.author
        rules = [section.rule for section in self.reading.sections if section.rule]
        reports = {rule.section for rule in rules if rule.report}
        others = (rule for rule in rules if rule.section != "impression" and not rule.report)
        if len(reports) >= 2 and not any(
            (rule.clinical and not self._of_a_study(rule)) or (rule.concludes and rule.author is None) for rule in others
        ):
            return "radiology"
        return "provider"

    def _of_a_study(self, rule: Section) -> bool:
        """Is a section that looks like an examination of the patient one of a study: "EXAM: MRI LUMBAR SPINE"?"""
        spans = [s for s in self.reading.sections if s.rule is rule]
        return all(any(s.body <= m.start < s.body + _TITLE for m in self._studies) for s in spans)

    @cached_property
    def _head_author(self) -> Author:
        """Whose words a note holds by its first line: "PHYSICAL THERAPY EVALUATION", "MyChart message from patient:"."""
        head = self.note.text.lstrip("\ufeff \t\r\n")[:_TITLE].split("\n")[0].split(":")[0].strip()
        if self.note.note_type or not head:
            return "provider"
        for note_type in self.library.note_types_in(head):
            if note_type.author not in (None, "radiology"):
                return note_type.author or "provider"
        return "provider"

    def author(self, mention: Mention, section: SectionSpan | None) -> Author | None:
        """Whose words a mention is in."""
        if self._note_author != "provider":
            return self._note_author
        if section and section.rule and section.rule.author:
            return section.rule.author
        del mention
        return self._head_author

    # ------------------------------------------------------------------------------------------------ tests

    def _test(self, mention: Mention) -> Iterator[Finding]:
        tested = self.results.tested(mention)
        extent = tested.extent or (mention.start, mention.end)
        if not tested.measured:
            date = tested.dates[0] if tested.dates else None
            yield self._finding(mention, "test", extent=extent, status=tested.status, value=tested.value, date=date)
            return
        for measured, flag, date in zip(tested.measured, tested.flags, tested.dates, strict=True):
            reach = (min(mention.start, measured.start), max(mention.end, measured.end, extent[1] if len(tested.measured) == 1 else 0))
            yield self._finding(mention, "test", extent=reach, status="resulted", value=flag, quantity=measured.quantity, date=date)

    def _study(self, mention: Mention) -> Finding:
        """An imaging study: reported unless it was only ordered, refused or left open."""
        slot = self.results.slot(mention)
        status: Status | None = "unfilled" if slot == "unfilled" else None
        extent = (mention.start, mention.end)
        date: str | None = None
        if status is None:
            tested = self.results.tested(mention)
            status, extent = tested.status, tested.extent or extent
            if status is None and self._tells(mention):
                status = "resulted"
            date = tested.dates[0] if tested.dates else None
        return self._finding(mention, "imaging", extent=extent, status=status, date=date, attributes={"modality": mention.concept.modality})

    def _tells(self, mention: Mention) -> bool:
        """Does something stand behind a study that it has shown: a finding in its sentence, or words after a colon?"""
        _, end = self.reading.sentences[mention.sentence]
        if _SHOWN.match(self.reading.view, mention.end, end):
            return True
        return any(m.concept.kind == "imaging" and m.start >= mention.end and "hypothetical" not in m.axes for m in self._beside(mention))

    # ------------------------------------------------------------------------------------------------ imaging

    def _image_reader(self, mention: Mention) -> Author | None:
        """Who reads it off an image, when a word that may be a diagnosis or what an image shows is (also) the latter here."""
        if mention.concept.image_as is None:
            return None
        section = self.reading.section_at(mention.start)
        author = self.author(mention, section)
        if author == "radiology":
            return author
        _, end = self.reading.sentences[mention.sentence]
        studies = [m for m in self._studies_in(mention) if self.results.tested(m).status not in _NOT_SEEN]
        if any(study.end <= mention.start for study in studies):
            return "radiology"
        concludes = bool(section and section.rule and section.rule.concludes)
        if studies:
            # "Right sacroiliitis, confirmed on MRI": the provider says it, and on what evidence.
            return author
        first, _ = self.reading.sentences[mention.sentence]
        if _GRADE.search(self.reading.view, max(first, mention.start - 20), min(end, mention.end + 14)):
            return author if concludes else "radiology"
        if concludes:
            return None
        # A sentence of its own is a statement; one that goes on about the joint goes on about the study before it.
        about_a_site = any(m.concept.kind == "site" for m in self._beside(mention))
        return "radiology" if about_a_site and self._study_of(mention) is not None else None

    def _imaging(self, mention: Mention) -> Iterator[Finding]:
        concept = mention.concept.image_as if mention.concept.kind != "imaging" and mention.concept.image_as else mention.concept.concept
        study = self._study_of(mention)
        modality = mention.concept.modality or (study.concept.modality if study else None)
        start, end = self._clause(mention)
        level = next((str(m.level) for m in self._beside(mention) if m.level and start <= m.start < end), None)
        graded = self.library.by_concept[concept].grade if concept in self.library.by_concept else mention.concept.grade
        for side, grade in self._sides(mention, start, end, graded=graded):
            attributes = {"modality": modality, "side": side, "grade": grade, "level": level}
            yield self._finding(mention, "imaging", concept=concept, attributes=attributes)

    def _clause(self, mention: Mention) -> tuple[int, int]:
        """The words around a mention up to the next thing of its kind."""
        first, last = self.reading.sentences[mention.sentence]
        others = [m for m in self._beside(mention) if m.concept.kind in ("imaging", "diagnosis", "study") and m is not mention]
        start = max([first, *(m.end for m in others if m.end <= mention.start)])
        end = min([last, *(m.start for m in others if m.start >= mention.end)])
        start = max([start, *(stop.end() for stop in _CLAUSE_STOP.finditer(self.reading.view, start, mention.start))])
        stop = _CLAUSE_STOP.search(self.reading.view, mention.end, end)
        return start, stop.start() if stop else end

    def _sides(self, mention: Mention, start: int, end: int, *, graded: bool) -> list[tuple[str | None, str | None]]:
        """(side, grade) pairs of a finding: one, or one a side where the sides differ."""
        view = self.reading.view
        sides = self._told_sides(start, end)
        if not graded:
            if not sides:
                first, _ = self.reading.sentences[mention.sentence]
                stop = max([first, *(stop.end() for stop in _CLAUSE_STOP.finditer(view, first, mention.start))])
                # "The right SI joint shows erosions and sclerosis."
                sides = [(at, side) for at, side in self._told_sides(stop, mention.start) if _JOINT.match(view, at)][-1:]
            near = [side for at, side in sides if at < mention.start] or [side for _, side in sides]
            return [(near[-1] if sides and sides[0][0] < mention.start else near[0], None)] if near else [(None, None)]
        grades = [(m.start(), _grade(m)) for m in _GRADE.finditer(view, start, end)]
        if len(grades) == 1:
            # "grade 2 on the right, 3 on the left"
            grades += [(m.start(), _ROMAN.get(m["grade"].upper(), m["grade"])) for m in _GRADE_ON.finditer(view, grades[0][0] + 7, end)]
        sides += [(m.start(), "left" if m["letter"] == "L" else "right") for m in _SIDE_LETTER.finditer(view, start, end)]
        sides = sorted(dict(sides).items())
        names = [side for _, side in sides]
        apart = [(at, side) for at, side in sorted(sides) if side != "bilateral"]
        if len(grades) == len(apart) > 1 and len({grade for _, grade in grades}) > 1:
            return [(side, grade) for (_, side), (_, grade) in zip(apart, sorted(grades), strict=True)]
        side = "bilateral" if "bilateral" in names or {"left", "right"} <= set(names) else (names[0] if names else None)
        return [(side, grades[0][1] if grades else None)]

    def _told_sides(self, start: int, end: int) -> list[tuple[int, str]]:
        """(place, side) of the words that name a side; of sides with boxes only the ticked ones."""
        view = self.reading.view
        found = [(m.start(), "bilateral" if m["both"] else "left" if m["left"] else "right") for m in _SIDES.finditer(view, start, end)]
        both = [m.span() for m in _SIDES.finditer(view, start, end) if m["both"]]
        letters = [m for m in _SIDE_OF.finditer(view, start, end) if not any(a <= m.start() < b for a, b in both)]
        found += [(m.start(), "left" if m["letter"] == "L" else "right") for m in letters]
        found = [(at, side) for at, side in found if not _NORMAL_SIDE.match(view, at)]
        boxed = self.results.words.boxed_sides(view, start, end)
        return sorted(boxed or found)

    def _studies_in(self, mention: Mention) -> list[Mention]:
        return [m for m in self._beside(mention) if m.concept.kind == "study"]

    def _study_of(self, mention: Mention) -> Mention | None:
        """The study that shows a finding: the last before it in its sentence, else after it, else the last in the paragraph or section."""
        studies = self._studies_in(mention)
        earlier = [m for m in studies if m.end <= mention.start]
        if studies:
            return earlier[-1] if earlier else studies[0]
        done = [study for study in self._studies if not study.axes]
        if self._note_author == "radiology" and len({study.concept.modality for study in done}) == 1:
            return done[0]
        section = self.reading.section_at(mention.start)
        index = bisect_left(self._study_starts, mention.start) - 1
        if index < 0:
            return None
        last = self._studies[index]
        rule = section.rule if section is not None else None
        is_imaging = self._note_author == "radiology" or (rule is not None and (rule.author == "radiology" or rule.report))
        if section is not None and last.start < section.start and self._note_author != "radiology":
            return None
        between = self.reading.view[last.end : mention.start]
        if not is_imaging and (BLANK_LINE.search(between) or between.count("\n") > 2 or len(between) > 300):
            return None
        return last

    @cached_property
    def _studies(self) -> list[Mention]:
        return [m for m in self.reading.mentions if m.concept.kind == "study"]

    @cached_property
    def _study_starts(self) -> list[int]:
        return [m.start for m in self._studies]

    # ------------------------------------------------------------------------------------------------ the rest

    @cached_property
    def _owners(self) -> Owners:
        return Owners(self.reading, self.library.spine, *self.library.site_words)

    def _placed(self, mention: Mention, *, author: Author | None = None) -> Finding:
        """A diagnosis, a condition or a statement of the disease's place, with the places that belong to it."""
        place = self._owners.place(mention)
        own = mention.concept.region
        regions = list(place.regions) or ([own] if own else [])
        attributes: dict[str, Any] = {
            "regions": regions, "levels": [str(level) for level in place.levels], "named": list(place.words),
        }  # fmt: skip
        if linked := self._linked(mention):
            attributes["organism"] = linked.concept.value
        concept, kind = mention.concept.concept, mention.concept.kind
        if mention.concept.placed_as and (place.regions or self._owners.is_pictured(mention)):
            concept, kind = mention.concept.placed_as, "diagnosis"
        if mention.concept.image_as or mention.concept.region == "sacroiliac":
            start, end = self._clause(mention)
            told = self._sides(mention, start, end, graded=True)
            attributes["side"] = told[0][0] if len(told) == 1 else "bilateral"
        facts: dict[str, Any] = {"author": author} if author else {}
        return self._finding(mention, kind, concept=concept, attributes=attributes, **facts)

    def _linked(self, mention: Mention) -> Mention | None:
        """The organism that the words name as the cause: "discitis due to MSSA", "MRSA osteomyelitis"."""
        view = self.reading.view
        for other in self._organisms:
            if other.sentence != mention.sentence or other.axes:
                continue
            if other.end <= mention.start and _ADJECTIVE.fullmatch(view, other.end, mention.start):
                return other
            if mention.end <= other.start and other.start - mention.end < 120 and _CAUSED_BY.fullmatch(view, mention.end, other.start):
                return other
        return None

    @cached_property
    def _by_sentence(self) -> dict[int, list[Mention]]:
        found: dict[int, list[Mention]] = {}
        for mention in self.reading.mentions:
            found.setdefault(mention.sentence, []).append(mention)
        return found

    def _beside(self, mention: Mention) -> list[Mention]:
        """All mentions of the sentence of one."""
        return self._by_sentence[mention.sentence]

    @cached_property
    def _organisms(self) -> list[Mention]:
        return [m for m in self.reading.mentions if m.concept.kind == "organism"]

    def _site(self, mention: Mention) -> Iterator[Finding]:
        if mention.level is None:
            yield self._finding(mention, "site", value=mention.concept.value)
            return
        regions = self.library.spine.place([mention.level], []).regions
        for region in regions[:1] if len(regions) == 1 else ["multiple"]:
            yield self._finding(mention, "site", value=region, attributes={"level": str(mention.level), "regions": list(regions)})

    def _organism(self, mention: Mention) -> Finding:
        attributes: dict[str, Any] = {
            "code": mention.concept.code, "specimen": self._specimen(mention), "resistance": list(mention.concept.resistance),
        }  # fmt: skip
        if self._is_of_another_infection(mention):
            attributes["elsewhere"] = True
        return self._finding(mention, "organism", value=mention.concept.value, attributes=attributes)

    def _is_of_another_infection(self, mention: Mention) -> bool:
        """Do the words give an organism to another infection: "UTI due to E. coli", "sputum: S. pneumoniae"?"""
        beside = self._beside(mention)
        view = self.reading.view
        others = [m for m in beside if m.concept.concept == OTHER_INFECTION]
        # "Urine culture grew Klebsiella while blood cultures grew MSSA": each clause has its own.
        others = [m for m in others if not _CLAUSE_OF_ITS_OWN.search(view, min(m.end, mention.end), max(m.start, mention.start))]
        if not others:
            return False
        spine = [m for m in beside if m.concept.kind == "diagnosis"]

        def gap(m: Mention) -> int:
            return max(m.start - mention.end, mention.start - m.end, 0)

        return min(map(gap, others)) < min(map(gap, spine), default=10**6)

    def _specimen(self, mention: Mention) -> str | None:
        start, end = self.reading.sentences[mention.sentence]
        words = [(m.start(), m.lastgroup) for m in _SPECIMEN.finditer(self.reading.view, start, end)]
        words = [
            (at, kind)
            for at, kind in words
            if not _CLAUSE_OF_ITS_OWN.search(self.reading.view, min(at, mention.end), max(at, mention.start))
        ]
        before = [kind for at, kind in words if at < mention.start]
        return before[-1] if before else (words[0][1] if words else None)


_SPECIMEN = re.compile(
    r"\b(?:(?P<blood>blood\s+(?:cultures?|cx)|bcx|bacter[a]?emia|blood)|(?P<disc>dis[ck](?:\s+space)?\s+(?:aspirate|biopsy|bx|culture|cx|tissue)|disc\s+bx)"
    r"|(?P<bone>bone\s+(?:biopsy|bx|culture|cx)|vertebral\s+biopsy)|(?P<tissue>tissue|wound|aspirate|biopsy|bx|abscess|pus|collection))\b",
    re.IGNORECASE,
)


def _grade(match: re.Match[str]) -> str:
    numbers = [_ROMAN.get(match[name].upper(), match[name]) for name in ("first", "last") if match[name]]
    return "-".join(dict.fromkeys(numbers))
