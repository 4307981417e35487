"""Sentences of clinical notes.

Notes are half prose, half lists. A line end may wrap a sentence or end it; a full stop may close a sentence, an abbreviation, a number
or a list mark. This module looks at lines and stops only; standard library, linear time.
"""

import re

_SPECIES = (
    r"aureus|coli|epidermidis|lugdunensis|pneumoniae|tuberculosis|acnes|aeruginosa|mirabilis|fragilis|faecalis|faecium|albicans|agalactiae"
    r"|pyogenes|melitensis|abscessus|anginosus|gallolyticus|bovis|marcescens|cloacae|burnetii|fumigatus|henselae|difficile|diff"
)
# What stands behind a letter that is no end: "L. spine", "S. aureus", and the same in capitals.
_ANSWER = re.compile(r"[ ]*(?:yes|no|none|nil|y|n|denie[sd])\b", re.IGNORECASE)
_AFTER_INITIAL = re.compile(rf"\s*(?:[a-z]|SI\b|(?i:spine|{_SPECIES})\b)")
_BULLET = re.compile(
    r"[ ]*(?:[-*+\u2022\u25aa\u25cf\u25e6>#]+(?:[ ]+|(?=[A-Za-z]))|\(?\d{1,2}[.)][ ]+|\(?(?:[a-zA-Z]\)|[a-z]\.|[A-Z]\.(?!"
    + _AFTER_INITIAL.pattern
    + r"))[ ]+"
    r"|\[[ xX\u2713]?\]|[\u2610-\u2612])"
)
_HEADER = re.compile(r"[ ]*[A-Z][A-Za-z0-9 /&,'()\-]{0,48}:(?![\d/])")
_CAPS_LINE = re.compile(r"[ ]*[A-Z][A-Z0-9 /&,'()\-]{2,60}[ ]*$")
_TABLE = re.compile(r"\S[ ]{3,}\S|\.{4,}|\t|[ ]\|[ ]")
# The blank behind a full stop may be missing: "no fever.Has chills".
# Each way begins with a mark, so that `re` passes over all else at once.
_STOP = re.compile(
    r"\.{1,2}(?!\.)(?<!\.\.\.)[\"')\]]*(?=\s|$)|[!?](?<![!?]{2})[!?]*+(?!\.)[\"')\]]*(?=\s|$)|\.(?<=[a-z][a-z][a-z]\.)(?=[A-Z][a-z])"
)
_NEVER_LAST = re.compile(
    # In capitals some are diseases: MS, IE, CF, CA.
    r"(?:^|[\s(/])(?:dr|drs|mr|mrs|(?-i:[Mm]s)|prof|st|vs|v|e\.g|i\.e|(?-i:[Ee]g|[Ii]e|[Cc]f|[Cc]a)|approx|fig|staph|strep|resp|prot|et al|hx|h/o|spp|subsp|ssp)$",
    re.IGNORECASE,
)
_SELDOM_LAST = re.compile(
    r"(?:^|[\s(/\d])(?:(?:[a-z]\.)+[a-z]|no|nos|dept|inc|jr|sr|pt|pts|wt|ht|temp|vol|rt|lt|bilat|lumb|cerv|thor|sp"
    r"|mos|mo|yrs|yr|wks|wk|hrs|hr|min|sec|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)$",
    re.IGNORECASE,
)
_BEFORE_NUMBER = re.compile(r"(?:^|[\s(/])(?:wt|ht|gr|temp|vol|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)$", re.IGNORECASE)
_INITIAL = re.compile(r"(?:^|[\s(/-])[A-Za-z]$")
_LIST_MARK = re.compile(r"(?P<behind>^|[:;.,][ ]+)[ ]*\(?(?P<mark>\d{1,2}|[a-zA-Z])$")
_ITEM = 1000
"""Within so many characters the mark before is looked for."""
_LONGEST = 2000
"""No sentence is longer: text without any stop is cut between words, so that no work grows with the square of its length."""
_SPACES = " \n"


def split(view: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence of a reading view, in order, without the white space around it; together they hold all other text."""
    spans: list[tuple[int, int]] = []
    for start, end in _blocks(view):
        at = start
        for stop in _STOP.finditer(view, start, end):
            if _ends(view, start, stop, end):
                _add(view, at, stop.end(), spans)
                at = stop.end()
        _add(view, at, end, spans)
    return spans


def _add(view: str, start: int, end: int, spans: list[tuple[int, int]]) -> None:
    while start < end and view[start] in _SPACES:
        start += 1
    while end > start and view[end - 1] in _SPACES:
        end -= 1
    while end - start > _LONGEST:
        cut = max(view.rfind(" ", start, start + _LONGEST), view.rfind("\n", start, start + _LONGEST))
        cut = cut if cut > start else start + _LONGEST
        spans.append((start, cut))
        start = cut
        while start < end and view[start] in _SPACES:
            start += 1
    if start < end:
        spans.append((start, end))


def _blocks(view: str) -> list[tuple[int, int]]:
    """Runs of lines that belong together: a wrapped sentence or paragraph, a list item, a row of a table."""
    blocks: list[tuple[int, int]] = []
    lines = []
    at = 0
    for line in view.split("\n"):
        lines.append((at, at + len(line), line))
        at += len(line) + 1
    wide = max((len(line.rstrip()) for _, _, line in lines), default=0)
    begin = None
    for index, (start, end, line) in enumerate(lines):
        if begin is None:
            begin = start
        if index + 1 == len(lines) or not _wraps(line, lines[index + 1][2], wide):
            blocks.append((begin, end))
            begin = None
    return blocks


def _wraps(line: str, following: str, wide: int) -> bool:
    """Does the sentence or paragraph of `line` go on in the line that follows it?"""
    here, there = line.rstrip(), following.strip()
    if not here.strip() or not there:
        return False
    if _BULLET.match(following) or _TABLE.search(following.strip()) or _TABLE.search(here.strip()):
        return False
    # Among capitals a line of capitals is no header.
    if _CAPS_LINE.match(following) and not here.isupper():
        return False
    if here.endswith(":"):
        return False
    if _HEADER.match(following) and not (there[0].islower() and here[-1] not in ".!?"):
        return False
    if _CAPS_LINE.match(line) and not there.isupper():
        return False
    if there[0].islower() or here[-1] in ",-(/&":
        return True
    # A line that stops well before the margin was ended on purpose.
    first_word = len(there.split(" ", 1)[0])
    return len(here) + 1 + first_word > max(44, int(wide * 0.86))


def _ends(view: str, block: int, stop: re.Match[str], end: int) -> bool:
    """Does a stop close a sentence?"""
    if stop.end() >= end:
        return True
    if view[stop.end() - 1] in "!?":
        if stop[0] in ("?", "??") and (stop.start() == block or view[stop.start() - 1].isspace()) and view[stop.end()] == " ":
            # "? discitis", "Indication: ? AS": the mark stands before what is asked, unless a new sentence begins.
            asked = view[max(block, stop.start() - 8) : stop.start()].rstrip()[-1:] in ("", ",", ":", ";", "(", "-", "/", ".")
            return not asked and not view[stop.end() : stop.end() + 2].strip().islower()
        # "Psoriasis? No": a question of a form and its answer belong together.
        return "?" not in stop[0] or _ANSWER.match(view, stop.end()) is None
    after = view[stop.end() : stop.end() + 60].lstrip()
    if not after:
        return True
    if after[0] in ",;:)":
        return False
    before = view[max(block, stop.start() - 12) : stop.start()]
    if _NEVER_LAST.search(before):
        return False
    mark = _LIST_MARK.search(before[before.rfind("\n") + 1 :])
    if mark and (not mark["behind"] or _counts_on(view, max(block, stop.start() - _ITEM), stop.start(), mark["mark"])):
        return False
    if _INITIAL.search(before):
        # "L. spine" and "S. aureus" go on, "hepatitis C. Denies" does not.
        return not _AFTER_INITIAL.match(view, stop.end())
    if after[0].isdigit():
        return not _BEFORE_NUMBER.search(before)
    return not (after[0].islower() and _SELDOM_LAST.search(before))


def _counts_on(view: str, start: int, end: int, mark: str) -> bool:
    """Is a number or letter the first of a list, or does the one before it stand in view[start:end]? "ESR: 45." is no mark."""
    if mark in ("1", "a", "A"):
        return True
    earlier = str(int(mark) - 1) if mark.isdigit() else chr(ord(mark) - 1)
    return re.compile(rf"(?<![\w.]){re.escape(earlier)}[.)]").search(view, start, end) is not None
