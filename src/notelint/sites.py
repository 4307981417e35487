"""Whose place is it? The regions and levels that belong to each diagnosis.

A note is full of places that are not the disease's: a brace, the field of a scan, an old fracture, a fusion. In each sentence every
place goes to one thing, its *head*: the thing whose name follows at once ("lumbar corset"), else the thing named before it
("discitis at L4-5"), else the next one named after it.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from notelint import levels
from notelint.levels import Level, Spine
from notelint.reading import Mention, Reading
from notelint.scan import Scanner

DISEASE_PLACE = "disease-place"
"""The statement that speaks of the disease without naming it: "disease is confined to …", "with lumbar involvement"."""

_HEADS = frozenset({"diagnosis", "imaging", "owner", "symptom", "treatment", "study", "condition"})
_FILLER = re.compile(
    r"(?:[\s,/&()+-]|\b(?:and|or|of|the|at|to|both|also|plus|as\s+well\s+as|vertebra\w*|bod(?:y|ies)|dis[ck]s?|spine|spinal|regions?|levels?|"
    r"inter(?:space|vertebral)\w*|segments?|junction|endplates?|joints?|i\.e\.|upper|lower|mid|anterior|posterior|entire|whole)\b)*",
    re.IGNORECASE,
)
_LEADS_ON = re.compile(
    r"\s*(?:(?:spine|spinal|vertebra\w*|bod(?:y|ies)|dis[ck]s?|levels?|regions?|inter\w+|joints?|space|segment\w*|bilateral|left|right|acute|chronic|subacute|septic|"
    r"to\s+(?:the\s+)?(?:pelvis|sacrum|ilium)|pyogenic|bacterial|infect\w+|suspected|possible|probable|likely|known|early|severe|mild|moderate|active|recurrent|new|old|posterior|anterior|[a-z]+al)[\s-]*){0,3}",
    re.IGNORECASE,
)
_STUDY_REACH = re.compile(
    r"(?:[\s,]|\b(?:of|the|and|with|without|w/?o?|contrast|gadolinium|total|whole|from|to|for|scan|images?)\b|[-/()\d])*", re.IGNORECASE
)
_COORDINATION = re.compile(
    r"[\s,]*(?:/|-|,|[ ]|\band\b|\bwith\b|\bor\b|&|\+|\bas\s+well\s+as\b|\bplus\b|\bassociated\b|\badjacent\b)[\s,]*(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)
_BRACKETED = re.compile(r"[(,]\s*(?:not|no|rather\s+than)\s+$", re.IGNORECASE)
_LABEL = re.compile(
    r"[\s,;:/&().-]*(?:(?:spinal|spine|regions?|sites?|levels?|locations?|areas?|involved|affected|and|the|of|dx|at|is|are|both)\b[\s,;:/&().-]*)*",
    re.IGNORECASE,
)
_APART = re.compile(r";|\b(?:whereas|while|but|however|although|s/p|status\s+post)\b", re.IGNORECASE)
_EXPLAINS = re.compile(
    r"[^.;]{0,50}?\b(?:(?:consistent|compatible|in\s+keeping|in\s+line)\s+with|c/w|(?:suggestive|indicative|diagnostic|suspicious|concerning|worrisome)\s+(?:of|for)|represent(?:s|ing)|due\s+to|from)"
    r"\s+(?:[\w-]+\s+){0,3}$",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*(?:,|/|\band\b|,\s*and\b|&)\s*(?:an?\s+|the\s+)?(?:[\w-]+\s+)?", re.IGNORECASE)
_REACH = 140
_LISTED = 4
"""So many things of a list share the place at its end."""
_TOLD = 1500
"""So many characters before a diagnosis an image may have told its place."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The places of a mention: region words as their slugs, levels, and the regions they make."""

    words: tuple[str, ...]
    levels: tuple[Level, ...]
    regions: tuple[str, ...]


class Owners:
    """The head of every place in a reading."""

    def __init__(self, reading: Reading, spine: Spine, site_words: Scanner, site_values: tuple[str, ...]) -> None:
        self._reading = reading
        self._spine = spine
        self._site_words = site_words.on(reading.tokens)
        self._site_values = site_values
        self._sites: dict[int, list[Mention]] = defaultdict(list)
        by_sentence: dict[int, list[Mention]] = defaultdict(list)
        for mention in reading.mentions:
            by_sentence[mention.sentence].append(mention)
        self._heads: dict[int, list[Mention]] = {}
        for sentence, mentions in by_sentence.items():
            heads = [m for m in mentions if (m.concept.kind in _HEADS and not m.concept.drug) or m.concept.concept == DISEASE_PLACE]
            affirmed = {m.start for m in heads if m.concept.kind == "diagnosis" and "negated" not in m.axes}
            if affirmed:
                # "Ankylosing spondylitis (not DISH), lumbar": what is denied has no place when something else is affirmed.
                heads = [
                    m
                    for m in heads
                    if m.concept.kind != "diagnosis"
                    or m.start in affirmed
                    or not _BRACKETED.search(self._reading.view, max(0, m.start - 12), m.start)
                ]
            self._heads[sentence] = heads
            sites = [m for m in mentions if m.concept.kind == "site" and (m.level is not None or m.concept.value)]
            if sites and heads:
                self._assign(sites, heads)
            elif sites and self._only_places(sentence, sites) and (owner := self._last_diagnosis(by_sentence, sentence)):
                self._sites[owner.start] += sites

    def _only_places(self, sentence: int, sites: list[Mention]) -> bool:
        """Is a sentence nothing but places: "Lumbar.", "Region: thoracic and lumbar."?"""
        start, end = self._reading.sentences[sentence]
        if end - start > 120:
            return False
        rest, at = "", start
        for site in sites:
            rest, at = rest + self._reading.view[at : site.start] + " ", site.end
        return _LABEL.fullmatch(rest + self._reading.view[at:end]) is not None

    def _last_diagnosis(self, by_sentence: dict[int, list[Mention]], sentence: int) -> Mention | None:
        """The last diagnosis of the two sentences before one."""
        for before in (sentence - 1, sentence - 2):
            found = [m for m in by_sentence.get(before, []) if m.concept.kind == "diagnosis"]
            if found:
                return found[-1]
        return None

    def place(self, mention: Mention) -> Placed:
        """The places that belong to a mention, its own words included."""
        own = self._sites.get(mention.start, [])
        if "negated" not in mention.axes:
            # "Of the lumbar spine, without involvement of the cervical spine".
            own = [site for site in own if "negated" not in site.axes]
        words, found = self._inside(mention)
        if not own and not words and not found:
            own = self._shared(mention) or self._explained(mention) or self._told_before(mention)
        words += [m.concept.value for m in own if m.level is None and m.concept.value]
        found += [m.level for m in own if m.level is not None]
        placed = self._spine.place(found, words)
        return Placed(tuple(dict.fromkeys(words)), tuple(dict.fromkeys(found)), placed.regions)

    def _inside(self, mention: Mention) -> tuple[list[str], list[Level]]:
        """Places within the words of a mention: "lumbar osteomyelitis", "infected L5-S1 disc"."""
        view = self._reading.view
        words = [self._site_values[number] for _, _, number in self._site_words.find(mention.start, mention.end)]
        return [word for word in words if word != "sacroiliac"], levels.within(view[mention.start : mention.end])

    def _shared(self, mention: Mention) -> list[Mention]:
        """Of "discitis and osteomyelitis at L4-L5": the place of the diagnosis with which this one is coordinated."""
        heads = self._heads.get(mention.sentence, [])
        index = next((i for i, head in enumerate(heads) if head is mention), None)
        if index is None:
            return []
        for other, between in self._neighbours(heads, index):
            if other.concept.kind == "diagnosis" and _COORDINATION.fullmatch(between) and (found := self._sites.get(other.start, [])):
                return found
        # "Discitis, osteomyelitis and phlegmon at L2-L3": the place stands at the end of the list.
        for number in range(index + 1, min(index + _LISTED, len(heads))):
            listed = _LIST.fullmatch(self._reading.view, heads[number - 1].end, heads[number].start)
            if not listed or heads[number].concept.kind not in ("diagnosis", "imaging"):
                break
            if found := self._sites.get(heads[number].start, []):
                return found
        return []

    def _explained(self, mention: Mention) -> list[Mention]:
        """Of "fluid in the L5-S1 disc consistent with discitis": the levels of what the diagnosis explains."""
        heads = self._heads.get(mention.sentence, [])
        before = [h for h in heads if h.end <= mention.start]
        low = bisect_left(self._site_starts, self._reading.sentences[mention.sentence][0])
        sites = [s for s in self._level_sites[low : bisect_left(self._site_starts, mention.start)] if "negated" not in s.axes]
        if mention.concept.kind != "diagnosis" or not sites:
            return []
        last = max([sites[-1].end, *(h.end for h in before if h.concept.kind == "imaging")])
        if not _EXPLAINS.fullmatch(self._reading.view, last, mention.start):
            # "… at T8-T9 compatible with discitis/osteomyelitis": the second has the levels of the first.
            joined = before[-1] if before and before[-1].concept.kind == "diagnosis" else None
            together = joined is not None and _COORDINATION.fullmatch(self._reading.view[joined.end : mention.start]) is not None
            return self._explained(joined) if joined is not None and together else []
        owners = {id(s): start for start, owned in self._sites.items() for s in owned}
        shown = {h.start for h in heads if h.concept.kind in ("imaging", "study")}
        return [s for s in sites if id(s) not in owners or owners[id(s)] in shown]

    @cached_property
    def _level_sites(self) -> list[Mention]:
        return [m for m in self._reading.mentions if m.level is not None]

    @cached_property
    def _site_starts(self) -> list[int]:
        return [m.start for m in self._level_sites]

    def is_pictured(self, mention: Mention) -> bool:
        """Does an image or a biopsy of the spine say it: "Core biopsy of L4 showed no osteomyelitis"? It tells no place of the disease."""
        looked = [h for h in self._heads.get(mention.sentence, ()) if h.concept.kind == "study" or h.concept.concept == "biopsy"]
        return any(self._sites.get(head.start) for head in looked)

    def _told_before(self, mention: Mention) -> list[Mention]:
        """In prose without sections: the levels at which an image showed something before a passing disease is named.

        "MRI disclosed destruction of the T9 and T10 endplates. … The diagnosis was revised to tuberculous spondylitis."
        """
        if mention.concept.kind != "diagnosis" or mention.concept.lasting or mention.concept.region or mention.axes or not self._prose:
            return []
        low = bisect_left(self._shown_starts, mention.start - _TOLD)
        return self._shown[low : bisect_left(self._shown_starts, mention.start)]

    @cached_property
    def _prose(self) -> bool:
        return not any(section.rule and section.rule.concludes for section in self._reading.sections)

    @cached_property
    def _shown(self) -> list[Mention]:
        """The levels of affirmed findings of images, and those that stand in a sentence about an image and belong to nothing else."""
        heads = {m.start: m for m in self._reading.mentions if m.concept.kind == "imaging" and not m.axes}
        owned = {id(site): start for start, sites in self._sites.items() for site in sites}
        pictured = {m.sentence for m in self._reading.mentions if m.concept.kind in ("imaging", "study")}
        found = []
        for site in self._reading.mentions:
            if site.level is not None and not site.axes:
                owner = owned.get(id(site))
                if owner in heads if owner is not None else site.sentence in pictured:
                    found.append(site)
        return found

    @cached_property
    def _shown_starts(self) -> list[int]:
        return [site.start for site in self._shown]

    def _neighbours(self, heads: list[Mention], index: int) -> Iterator[tuple[Mention, str]]:
        view, here = self._reading.view, heads[index]
        if index + 1 < len(heads):
            yield heads[index + 1], view[here.end : heads[index + 1].start]
        if index > 0:
            before = heads[index - 1]
            sites = self._sites.get(before.start, [])
            start = max([before.end, *(s.end for s in sites if s.end <= here.start)])
            yield before, view[start : here.start]

    def _assign(self, sites: list[Mention], heads: list[Mention]) -> None:
        view = self._reading.view
        owners: dict[int, Mention | None] = {}
        for site in sites:
            owners[site.start] = self._following(site, sites, heads)
        for index, site in enumerate(sites):
            if owners[site.start] is not None:
                continue
            previous = sites[index - 1] if index else None
            joined = previous is not None and _FILLER.fullmatch(view, previous.end, site.start) is not None
            before = self._preceding(site, heads)
            if joined and previous is not None and owners[previous.start] is not None and (before is None or before.end <= previous.start):
                owners[site.start] = owners[previous.start]
            elif before is not None:
                owners[site.start] = before
        for index in range(len(sites) - 2, -1, -1):
            site, following = sites[index], sites[index + 1]
            if owners[site.start] is None and _FILLER.fullmatch(view, site.end, following.start):
                owners[site.start] = owners[following.start]
        for site in sites:
            head = owners[site.start] or next((h for h in heads if h.start >= site.end and h.start - site.end <= _REACH), None)
            if head is not None and head.concept.concept == DISEASE_PLACE:
                head = next((h for h in reversed(heads) if h.end <= site.start and h.concept.kind == "diagnosis"), head)
            if head is not None:
                self._sites[head.start].append(site)

    def _following(self, site: Mention, sites: list[Mention], heads: list[Mention]) -> Mention | None:
        """The head whose name follows a place at once: "lumbar discitis", "L3-L5 fusion"."""
        head = next((h for h in heads if h.start >= site.end), None)
        if head is None or any(site.end <= other.start < head.start for other in sites):
            return None
        between = self._reading.view[site.end : head.start]
        return head if _LEADS_ON.fullmatch(between) else None

    def _preceding(self, site: Mention, heads: list[Mention]) -> Mention | None:
        view = self._reading.view
        for head in reversed(heads):
            if head.end > site.start:
                continue
            if site.start - head.end > _REACH or _APART.search(view, head.end, site.start):
                return None
            if head.concept.kind == "study" and not _STUDY_REACH.fullmatch(view, head.end, site.start):
                continue
            return head
        return None
