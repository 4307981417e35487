"""The report of an audit: its numbers are those that DuckDB counts in the tables, it is one file that asks for nothing, and hostile names do no harm."""

import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html
from pydantic import ValidationError
from typer.testing import CliRunner

from notelint.audit import summary as summaries
from notelint.audit.command import app
from notelint.audit.compare import Comparison, as_markdown, as_text, compare, read_run
from notelint.audit.page import as_html
from notelint.audit.rows import TABLES, Row, Table
from notelint.audit.sets import QUERY_SET_UP, note_sets
from notelint.audit.summary import Summary, Tally, interval, interval_of_difference
from notelint.errors import InputError

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "M45": ("M45.0", "M45.2", "M45.4", "M45.6", "M45.7", "M45.9"),
    "M45.A": ("M45.A0", "M45.A2", "M45.A6", "M45.AB"),
    "M46.2": ("M46.20", "M46.22", "M46.24", "M46.26", "M46.27"),
    "M46.4": ("M46.40", "M46.44", "M46.46", "M46.47"),
    "M46.1": ("M46.1",),
    "M46.9": ("M46.90", "M46.92", "M46.96"),
}
UNSPECIFIED: Mapping[str, tuple[str, ...]] = {
    "M45.9": ("M45.2", "M45.4", "M45.6", "M45.7"),
    "M45.A0": ("M45.A2", "M45.A6"),
    "M46.20": ("M46.22", "M46.26", "M46.27"),
    "M46.40": ("M46.44", "M46.46"),
    "M46.90": ("M46.92", "M46.96"),
}
OUTSIDE = ("M54.50", "I10", "E11.9", "Z79.899", "G06.1", "B95.61", "M54.59", "K21.9")
ELEMENTS: Sequence[tuple[str, str, float]] = (
    ("diagnosis", "required", 0.03), ("radiographic-status", "required", 0.18), ("organism", "required", 0.22), ("imaging", "recommended", 0.2),
    ("region", "specificity", 0.25), ("laterality", "specificity", 0.4), ("hla-b27", "recommended", 0.45), ("inflammatory-markers", "recommended", 0.3),
    ("blood-cultures", "recommended", 0.28), ("tissue-sampling", "recommended", 0.5), ("disease-activity", "recommended", 0.62), ("spinal-mobility", "recommended", 0.55),
    ("nsaid-trial", "recommended", 0.35), ("neurologic-exam", "recommended", 0.15), ("onset", "recommended", 0.3), ("conservative-care", "recommended", 0.4),
)  # fmt: skip
RULES = (
    ("code/additional", "error"), ("code/sequence", "error"), ("code/excludes1", "error"), ("code/not-billable", "error"),
    ("support/diagnosis-missing", "error"), ("support/diagnosis-uncertain", "error"), ("site/mismatch", "warning"), ("site/ambiguous", "warning"),
    ("note/contradiction", "warning"), ("note/placeholder", "warning"),
)  # fmt: skip
KINDS = ("more-specific", "instead", "candidate", "additional")
TEMPLATES = (
    "Rheumatology follow-up", "Rheumatology consult", "Spine clinic", "ED provider note", "Discharge summary", "Infectious disease consult", "Progress note",
    "Free text", "Radiology report", "Operative note",
)  # fmt: skip
SITES = (
    "Main campus",
    "North clinic",
    "South clinic",
    "Riverside",
    "Lakeview",
    "Children's",
    "East campus",
    "West infusion center",
    "Harbor",
    "Hill",
)


def invented(count: int, seed: int = 7, *, authors: int = 70, part: int = 4000) -> Iterator[dict[Table, list[Row]]]:
    """The parts of a run over as many notes, of which some have nothing that is known of them."""
    chance = random.Random(seed)
    names = [f"{last}, {first}." for last, first in ((f"Author{n:02}", "ABCDEFGHIJKLMNOP"[n % 16]) for n in range(authors))]
    habit = {name: chance.betavariate(3, 7) for name in names}
    weight = [1 / (n + 2) for n in range(authors)]
    rows: dict[Table, list[Row]] = _empty()
    for number in range(count):
        author = chance.choices(names, weight)[0] if chance.random() > 0.02 else None
        _note(number, author, habit.get(author or "", 0.3), chance, rows)
        if chance.random() < 0.011:
            reason = chance.choice(
                (
                    "empty note",
                    f"line {number}: not UTF-8 (byte {number * 7})",
                    "larger than 64 MiB, too large for a note",
                    "no PDF text layer",
                )
            )
            rows["errors"].append((f"archive/2025/bad-{number}.txt", reason))
        if (number + 1) % part == 0:
            yield rows
            rows = _empty()
    yield rows


@cache
def _asks(family: str, element: str) -> bool:
    return element == "diagnosis" or sha256((family + element).encode()).digest()[0] >= 120


def _empty() -> dict[Table, list[Row]]:
    return {"notes": [], "codes": [], "findings": [], "elements": [], "diagnostics": [], "alternatives": [], "errors": []}


def _note(number: int, author: str | None, habit: float, chance: random.Random, rows: dict[Table, list[Row]]) -> None:
    source = f"archive/{2024 + number % 3}/site-{number % 10}/notes-{number // 500:03}.csv:{number % 500 + 2}"
    key = sha256(source.encode()).hexdigest()[:16]
    month = int(26 * chance.random() ** 0.7)
    habit *= 1.3 - month / 40
    family = chance.choices(list(FAMILIES), (8, 4, 3, 3, 2, 1))[0]
    codes = [chance.choice(FAMILIES[family]), *chance.sample(OUTSIDE, chance.choice((0, 0, 1, 2)))]
    if chance.random() < 0.06:
        codes.append(chance.choice(FAMILIES["M46.4"]))
    codes = list(dict.fromkeys(codes))
    severities = []
    diagnostics: list[tuple[str, str, str | None]] = []
    for place, code in enumerate(codes, 1):
        of = next((name for name, those in FAMILIES.items() if code in those), None)
        decision = None
        if of:
            decision = chance.choices(("assign", "query", "replace", "unsupported"), (6, 2 + 4 * habit, 1, 2 * habit))[0]
            if code in UNSPECIFIED:
                decision = chance.choices(("unspecified", "replace", "query"), (5, 3 * habit + 1, 1))[0]
                if decision == "replace":
                    rows["alternatives"].append((key, code, chance.choice(UNSPECIFIED[code]), "more-specific", None, None, "0"))
            elif decision != "assign" and chance.random() < 0.6:
                other = chance.choice([c for those in FAMILIES.values() for c in those if c != code])
                rows["alternatives"].append((key, code, other, chance.choice(KINDS[1:]), None, None, None))
            for element, level, gap in ELEMENTS:
                if not _asks(of, element):
                    continue
                share = gap * (0.4 + 2 * habit)
                status = "missing" if chance.random() < share else chance.choices(("met", "uncertain", "conflict"), (30, 3, 1))[0]
                rows["elements"].append((key, code, element, level, status, "1 2"))
                if status != "met":
                    diagnostics.append(
                        (f"gap/{element}", {"required": "error", "specificity": "warning", "recommended": "info"}[level], code)
                    )
        rows["codes"].append(
            (
                key,
                place,
                code,
                f"Title of {code}, as it is told in the tabular list" if code != "M46.1" else None,
                code != "M46.1" and code != "G06.1",
                of,
                decision,
            )
        )
    for rule, severity in RULES:
        if chance.random() < 0.05 * (0.4 + 2 * habit):
            diagnostics.append((rule, severity, codes[0]))
    for place, (rule, severity, code) in enumerate(diagnostics):
        severities.append(severity)
        rows["diagnostics"].append((key, place, rule, rule.partition("/")[0], severity, code, None, 3, 9, 1, 4, None, None))
    date = f"{2024 + month // 12}-{month % 12 + 1:02}-{number % 28 + 1:02}" if chance.random() > 0.01 else None
    rows["notes"].append((
        key, source, f"N{100000 + number}" if chance.random() > 0.1 else None, key * 4, 1200, None, "outpatient", date, "progress note", author,
        chance.choice(("physician", "resident", "nurse practitioner", "physician assistant", None)),
        SITES[number % 10], chance.choices(TEMPLATES, range(10, 0, -1))[0] if chance.random() > 0.1 else None,
        " ".join(codes), chance.choices(("given", "note", "words"), (8, 2, 1))[0], *(severities.count(s) for s in ("error", "warning", "info")),
    ))  # fmt: skip


# ---------------------------------------------------------------------------------------------------- the same rows as tables


def tallied(parts: Iterable[Mapping[Table, Sequence[Row]]]) -> Summary:
    """The summary of a run of these parts."""
    tally = Tally()
    for part in parts:
        tally.add(part)
    return tally.summary()


def database(parts: Sequence[Mapping[Table, Sequence[Row]]], folder: Path) -> duckdb.DuckDBPyConnection:
    """The parts as Parquet, and DuckDB set up as the page says."""
    types = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
    connection = duckdb.connect()
    for table, columns in TABLES.items():
        names = [column.name for column in columns]
        with (folder / f"{table}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for part in parts for row in part[table])
        shape = ", ".join(f"{column.name!r}: {types[column.type]!r}" for column in columns)
        connection.execute(
            f"COPY (FROM read_json('{folder}/{table}.jsonl', format = 'newline_delimited', columns = {{{shape}}})) TO '{folder}/{table}.parquet'"
        )
    connection.execute(f"SET file_search_path = '{folder}'")
    connection.execute(QUERY_SET_UP)
    return connection


class Made:
    """One invented run, counted here and in DuckDB."""

    def __init__(self, folder: Path) -> None:
        self.parts = list(invented(1200, seed=11, authors=25, part=500))
        self.summary = tallied(self.parts)
        self.database = database(self.parts, folder)
        self.page = as_html(self.summary, "Notes of a test", [("Release", "2026-04-01")])
        self.tree = lxml_html.document_fromstring(self.page)
        self.data = json.loads(self.tree.get_element_by_id("data").text)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        return self.database.execute(query).fetchall()

    def rows(self, sheet: str) -> list[list[str]]:
        """The cells of a table of the page, a share without its interval, a name without its small print."""
        (body,) = self.tree.xpath(f"//div[@id='sheet-{sheet}']//tbody")
        return [[told(cell) for cell in row] for row in body]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A run of some notes."""
    return Made(tmp_path_factory.mktemp("tables"))


def told(cell: Any) -> str:
    """The text of a cell without small print."""
    return "".join(cell.xpath(".//text()[not(ancestor::small)]")).strip()


def thin(number: int) -> str:
    """A number as the page writes it."""
    return f"{number:,}".replace(",", "\u202f")


def rate(part: int, whole: int) -> str:
    """A share as the page writes it."""
    return f"{100 * (part / whole):.1f}\u202f%" if whole else "–"


def decoded(text: str) -> list[int]:
    """The numbers of a set, as the script reads them."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    found, last, shift, value = [], -1, 0, 0
    for digit in text:
        six = digits.index(digit)
        value += (six & 31) << shift
        if six & 32:
            shift += 5
            continue
        last += value + 1
        found.append(last)
        value = shift = 0
    return found


def unfolded(texts: Sequence[str | None]) -> list[str | None]:
    """The texts that are held without what they have in common, as the script reads them."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    found: list[str | None] = []
    before = ""
    for text in texts:
        if text is None:
            found.append(None)
            continue
        # A script counts in UTF-16.
        units = before.encode("utf-16-le")[: 2 * digits.index(text[0])]
        before = units.decode("utf-16-le") + text[1:]
        found.append(before)
    return found


def notes_of(data: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    """(key, source, id) of the notes that a page holds."""
    sources = unfolded(data["sources"])
    long = len(data["keys"]) // len(sources) if sources else 0
    return [
        (data["keys"][long * n : long * n + long], source, own)
        for n, (source, own) in enumerate(zip(sources, unfolded(data["ids"]), strict=True))
    ]


# ---------------------------------------------------------------------------------------------------- numbers


def test_each_set_of_notes_is_what_its_query_gives(made: Made) -> None:
    keys = [note.note for note in made.summary.listed]
    sets = [one for one in note_sets(made.summary).values() if one.name[0] != "p" or int(one.name[1:]) % 10 == 0]
    assert len({one.name for one in sets}) == len(sets) > 200
    for one in sets:
        listed = [note for (note,) in made.ask(f"SELECT note FROM notes WHERE {one.where} ORDER BY note")]
        assert sorted(keys[number] for number in one.group.listed) == listed, one
        assert one.group.notes == len(listed), one


def test_the_page_holds_every_note_once_and_each_set(made: Made) -> None:
    notes = notes_of(made.data)
    assert notes == made.ask("SELECT note, source, id FROM notes ORDER BY source, note")
    for name, one in note_sets(made.summary).items():
        label, where, number, coded = made.data["sets"][name]
        assert (label, where, number) == (one.label, one.where, one.group.notes)
        assert {notes[at][0] for at in decoded(coded)} == {made.summary.listed[at].note for at in one.group.listed}


def test_each_number_leads_to_as_many_notes(made: Made) -> None:
    buttons = made.tree.xpath("//button[@data-s]")
    assert len(buttons) > 1500
    sets = {name: set(decoded(coded)) for name, (_, _, _, coded) in made.data["sets"].items()}
    for button in buttons:
        names = button.get("data-s").split()
        among = set.intersection(*(sets[name] for name in names))
        (whole,) = button.xpath("ancestor::td/@data-whole") or [button.text_content()]
        if button.xpath("ancestor::div[@id='sheet-decisions']"):
            # Counted in codes, of which a note may have two.
            assert 0 < len(among) <= int(whole.replace("\u202f", ""))
        else:
            assert thin(len(among)) == whole, names


def test_the_head(made: Made) -> None:
    counted = [told(number) for number in made.tree.xpath("//dl[@id='figures']//span[@class='big']")]
    queries = (
        "SELECT count(*) FROM notes",
        "SELECT count(*) FROM errors",
        "SELECT count(*) FROM codes",
        "SELECT count(*) FROM notes WHERE errors > 0",
        "SELECT count(*) FROM notes WHERE warnings > 0",
        "SELECT count(DISTINCT note) FROM elements WHERE level = 'required' AND status = 'missing'",
        "SELECT count(DISTINCT note) FROM codes WHERE decision = 'unspecified'",
        "SELECT count(DISTINCT note) FROM alternatives WHERE kind = 'more-specific'",
    )
    assert counted == [thin(made.ask(query)[0][0]) for query in queries]


def test_where_codes_are_from_and_what_is_not_known(made: Made) -> None:
    said = " ".join(made.tree.get_element_by_id("read").xpath(".//p")[0].text_content().split())
    origins = dict(made.ask("SELECT codes_from, count(*) FROM notes GROUP BY ALL"))
    assert f"given with it ({thin(origins['given'])} notes), or stand in its text ({thin(origins['note'])})" in said
    for column in ("author", "role", "template", "date"):
        ((unknown,),) = made.ask(f"SELECT count(*) FROM notes WHERE {column} IS NULL")
        assert f"{column.replace('date', 'month')} of {thin(unknown)} notes" in said
    assert "site of" not in said


def test_what_was_not_read(made: Made) -> None:
    found = made.ask(
        """SELECT regexp_replace(reason, '(line|byte) [0-9]+', '\\1 …', 'g') AS why, count(*) FROM errors GROUP BY why ORDER BY count(*) DESC, why"""
    )
    ((whole,),) = made.ask("SELECT count(*) FROM errors")
    assert [row[:3] for row in made.rows("unread")] == [[why, thin(number), rate(number, whole)] for why, number in found]
    named = {item.text_content() for item in made.tree.xpath("//div[@id='sheet-unread']//li")}
    assert named == {source for (source,) in made.ask("SELECT source FROM errors")}


@pytest.mark.parametrize("dimension", ["author", "role", "site", "template", "month"])
def test_groups_of_notes(made: Made, dimension: str) -> None:
    column = "date[:7]" if dimension == "month" else dimension
    found = made.ask(
        f"""
        SELECT coalesce({column}, 'not given') AS value, count(*), count(*) FILTER (errors > 0), count(*) FILTER (warnings > 0),
            count(*) FILTER (note IN (SELECT note FROM elements WHERE level = 'required' AND status = 'missing')),
            count(*) FILTER (note IN (SELECT note FROM codes WHERE decision = 'unspecified')),
            count(*) FILTER (note IN (SELECT note FROM alternatives WHERE kind = 'more-specific'))
        FROM notes GROUP BY value
        """
    )
    expected = sorted(
        [value, thin(notes), *(text for n in counts for text in (thin(n), rate(n, notes)))] for value, notes, *counts in found
    )
    shown = made.rows(f"by-{dimension}")
    assert sorted(shown) == expected
    if dimension == "month":
        assert [row[0] for row in shown] == [*sorted({row[0] for row in shown} - {"not given"}), "not given"]


def test_rules(made: Made) -> None:
    found = made.ask(
        """
        SELECT rule, string_agg(DISTINCT severity), count(DISTINCT note) AS notes, count(*) FROM diagnostics GROUP BY rule ORDER BY notes DESC, rule
        """
    )
    ((whole,),) = made.ask("SELECT count(*) FROM notes")
    assert made.rows("rules") == [[rule, severity, thin(notes), rate(notes, whole), thin(times)] for rule, severity, notes, times in found]


def test_elements(made: Made) -> None:
    found = made.ask(
        f"""
        SELECT element, any_value(level), count(DISTINCT note), {
            ", ".join(f"count(DISTINCT note) FILTER (status = '{status}')" for status in ("met", "uncertain", "conflict", "missing"))
        } FROM elements GROUP BY element
        """
    )
    expected = [
        [element, level, thin(asked), thin(met), thin(uncertain), thin(conflict), thin(missing), rate(missing, asked)]
        for element, level, asked, met, uncertain, conflict, missing in found
    ]
    assert sorted(made.rows("elements")) == sorted(expected)


@pytest.mark.parametrize("dimension", ["author", "site", "template"])
def test_the_heat_map(made: Made, dimension: str) -> None:
    found = made.ask(
        f"""
        SELECT element, {dimension} AS value, count(DISTINCT note), count(DISTINCT note) FILTER (status = 'missing')
        FROM elements JOIN notes USING (note) WHERE value IS NOT NULL GROUP BY ALL
        """
    )
    (heat,) = made.tree.xpath(f"//div[contains(@class, 'heat-{dimension}')]//table")
    values = [head.get("title") for head in heat.xpath(".//thead//span[@title]")]
    shown = {}
    for row in heat.xpath(".//tbody/tr[td]"):
        # The first cell is that of all notes.
        for value, cell in zip(values, row[2:], strict=True):
            if counts := cell.xpath(".//small"):
                shown[row[0].text_content(), value] = counts[0].text_content()
                missing, asked = (int(part.replace("\u202f", "")) for part in counts[0].text_content().split("/"))
                assert told(cell) == f"{100 * (missing / asked):.0f}"
                assert ("few" in cell.get("class").split()) == (asked < 5)
    assert shown == {(element, value): f"{thin(missing)}/{thin(asked)}" for element, value, asked, missing in found}


def test_decisions_and_families(made: Made) -> None:
    decisions = ("assign", "unspecified", "query", "replace", "unsupported")
    counted = ", ".join(f"count(*) FILTER (decision = '{decision}')" for decision in decisions)
    found = made.ask(f"SELECT family, count(*), {counted} FROM codes WHERE family IS NOT NULL GROUP BY family")
    assert sorted(row[:-1] for row in made.rows("decisions")) == sorted([family, *map(thin, counts)] for family, *counts in found)
    errors = dict(
        made.ask(
            "SELECT family, count(DISTINCT note) FROM diagnostics JOIN codes USING (note, code) WHERE severity = 'error' GROUP BY family"
        )
    )
    missing = dict(
        made.ask(
            "SELECT family, count(DISTINCT note) FROM elements JOIN codes USING (note, code) WHERE level = 'required' AND status = 'missing' GROUP BY 1"
        )
    )
    notes = dict(made.ask("SELECT family, count(DISTINCT note) FROM codes GROUP BY family"))
    expected = [
        [
            family or "codes outside the patterns", thin(number), thin(errors.get(family, 0)), rate(errors.get(family, 0), number),
            *([thin(missing[family]), rate(missing[family], number)] if family else ["–", "–"]),
        ]
        for family, number in notes.items()
    ]  # fmt: skip
    assert sorted(made.rows("families")) == sorted(expected)


def test_codes_and_words(made: Made) -> None:
    used = dict(made.ask("SELECT code, count(DISTINCT note) FROM codes GROUP BY code"))
    names = {"more-specific": "more specific", "instead": "in its place", "candidate": "candidate"}
    found = made.ask("SELECT code, alternative, kind, count(DISTINCT note) FROM alternatives WHERE kind != 'additional' GROUP BY ALL")
    shown = made.rows("pairs")
    assert len(shown) == min(300, len(found))
    assert {tuple(row) for row in shown} <= {(a, b, names[kind], thin(n), rate(n, used[a])) for a, b, kind, n in found}
    assert [int(row[3]) for row in shown] == sorted((n for *_, n in found), reverse=True)[:300]
    ((whole,),) = made.ask("SELECT count(*) FROM notes")
    assert [[row[0], *row[3:]] for row in made.rows("codes")] == [
        [code, thin(n), rate(n, whole)] for code, n in sorted(used.items(), key=lambda item: (-item[1], item[0]))
    ]
    states = {row[0]: row[2] for row in made.rows("codes")}
    assert (states["M46.1"], states["G06.1"], states["M45.0"]) == ("no code", "not valid for submission", "valid")


def test_unspecified_codes(made: Made) -> None:
    open_ = dict(made.ask("SELECT code, count(DISTINCT note) FROM codes WHERE decision = 'unspecified' GROUP BY code"))
    said = dict(made.ask("SELECT code, count(DISTINCT note) FROM alternatives WHERE kind = 'more-specific' GROUP BY code"))
    used = dict(made.ask("SELECT code, count(DISTINCT note) FROM codes GROUP BY code"))
    shown = {row[0]: (row[1], row[2], row[3], row[5], row[6]) for row in made.rows("unspecific")}
    assert shown == {
        code: (thin(used[code]), thin(said[code]), rate(said[code], used[code]), thin(open_[code]), rate(open_[code], used[code]))
        for code in UNSPECIFIED
    }
    ((first, number),) = made.ask(
        "SELECT alternative, count(DISTINCT note) AS n FROM alternatives WHERE kind = 'more-specific' AND code = 'M45.9' GROUP BY 1 ORDER BY n DESC, 1 LIMIT 1"
    )
    assert next(row[4] for row in made.rows("unspecific") if row[0] == "M45.9").startswith(f"{first} ({number}), ")


def test_the_worst_stand_first(made: Made) -> None:
    notes = made.ask(
        "SELECT coalesce(id, 'not given'), errors, warnings, codes FROM notes WHERE errors > 0 ORDER BY errors DESC, warnings DESC, source LIMIT 50"
    )
    assert [row[:4] for row in made.rows("worst-notes")] == [
        [name, str(errors), str(warnings), codes] for name, errors, warnings, codes in notes
    ]
    ((whole, wrong),) = made.ask("SELECT count(*), count(*) FILTER (errors > 0) FROM notes")
    groups = made.ask(
        "SELECT author, count(*), count(*) FILTER (errors > 0) AS e FROM notes WHERE author IS NOT NULL GROUP BY 1 HAVING count(*) >= 30 AND e > 0"
    )
    ranked = sorted(groups, key=lambda group: -interval(group[2], group[1])[0])[:15]
    words = {
        (True, False): "above", (False, True): "below", (False, False): "no clear difference"
    }  # fmt: skip
    expected = []
    for author, number, errors in ranked:
        low, high = interval(errors, number)
        expected.append([author, thin(number), thin(errors), rate(errors, number), words[low > wrong / whole, high < wrong / whole]])
    assert made.rows("worst-author") == expected
    assert len({row[4] for row in expected}) > 1


def test_the_trend_has_the_months_of_the_table(made: Made) -> None:
    (drawing,) = made.tree.xpath("//section[@id='months']//figure//svg")
    told_ = [title.text_content() for title in drawing.xpath(".//circle/title")]
    rows = [row for row in made.rows("by-month") if row[0] != "not given"]
    assert told_ == [f"{row[0]}: {row[1]} notes, {row[3]} with an error, {row[5]} with a warning" for row in rows]


def test_the_flow_has_the_most_frequent_pairs(made: Made) -> None:
    titles = [title.text_content() for title in made.tree.xpath("//path[contains(@class, 'ribbon')]/title")]
    assert sorted(titles) == sorted(f"{row[0]} to {row[1]}, {row[2]}: {row[3]} notes" for row in made.rows("pairs")[:24])


# ---------------------------------------------------------------------------------------------------- one file that asks for nothing


VOID = frozenset({"meta", "br", "input", "link", "hr", "img"})


class Balanced(HTMLParser):
    """Counts elements, and sees that each is closed in its turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: set[str] = set()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        self.seen.append(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element of a drawing that holds nothing."""
        assert tag in {"path", "rect", "polygon", "polyline", "circle"}, tag
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        assert self.open.pop() == tag


def test_the_page_is_whole(made: Made) -> None:
    found = Balanced(made.page)
    assert found.open == []
    assert found.seen.count("script") == 2
    assert not {"img", "link", "iframe", "object", "embed", "base", "form", "audio", "video", "source", "use", "image"} & set(found.seen)
    assert not [name for name in found.attributes if name.startswith("on")]
    identifiers = made.tree.xpath("//@id")
    assert len(identifiers) == len(set(identifiers))
    targets = {target.removeprefix("#") for target in made.tree.xpath("//a/@href")}
    assert targets
    assert targets <= set(identifiers)


def test_the_page_asks_for_nothing(made: Made) -> None:
    (policy,) = made.tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    plain = made.page.replace("http-equiv", "").lower()
    for word in (
        "http",
        "src=",
        "url(",
        "@import",
        "fetch(",
        "xmlhttprequest",
        "websocket",
        "sendbeacon",
        "eventsource",
        "import(",
        "localstorage",
        "cookie",
    ):
        assert word not in plain, word


def test_no_word_of_payment_and_none_on_persons(made: Made) -> None:
    words = " ".join(made.tree.xpath("string(//div[@class='page'])").split()).lower()
    for word in ("pay", "reimburs", "revenue", "drg", "hcc", "money", "denial", "price", "bad author", "worst author", "blame", "offender"):
        assert not re.search(rf"\b{word}", words), word
    assert "no verdict on a person" in words


@pytest.fixture(scope="module")
def large() -> tuple[Summary, str]:
    """A run of 20,000 notes, and its page."""
    found = tallied(invented(20_000))
    return found, as_html(found, "Many notes", [])


def test_twenty_thousand_notes_take_no_more_than_three_megabytes(large: tuple[Summary, str]) -> None:
    found, page = large
    assert found.notes == 20_000
    assert found.complete
    assert len(page.encode()) <= 3_000_000
    assert "Complete: all 20\u202f000 notes are named in this page." in page


HOSTILE = (
    "</script><script>alert(1)</script>", "<!--", "--><img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "' OR '1'='1", "'; DROP TABLE notes; --",
    "{{ 7 * 7 }}{% raw %}", "&lt;b&gt;&amp;", "]]>", "\u2028\u2029", "\u202eevil", "\U0001f9b4\U0001f9b4", "x" * 500, " ", "\t\n", "<style>*{display:none}</style>",
    "a\\'b", "javascript:alert(1)",
)  # fmt: skip


def hostile_rows() -> dict[Table, list[Row]]:
    """Notes of which everything that is told may do harm."""
    rows = _empty()
    for number, text in enumerate(HOSTILE):
        key = f"{number:016x}"
        rows["notes"].append((
            key, f"{text}/{number}", text, "0", 1, None, "outpatient", "2026-01-02", None, text, text, text, text, "M45.9", "given", 1, 0, 0
        ))  # fmt: skip
        rows["codes"].append((key, 1, text, text, True, text, "query"))
        rows["elements"].append((key, text, text, "required", "missing", None))
        rows["diagnostics"].append((key, 0, text, text, "error", text, None, None, None, None, None, None, None))
        rows["alternatives"].append((key, text, text, "instead", None, None, None))
        rows["errors"].append((text, text))
    return rows


def test_hostile_names_are_text(tmp_path: Path) -> None:
    rows = hostile_rows()
    found = tallied([rows])
    page = as_html(found, HOSTILE[0], [(HOSTILE[0], HOSTILE[2])])
    parsed = Balanced(page)
    assert parsed.open == []
    assert parsed.seen.count("script") == 2
    assert parsed.seen.count("style") == 1
    assert "img" not in parsed.seen
    assert not [name for name in parsed.attributes if name.startswith("on")]
    tree = lxml_html.document_fromstring(page)
    assert tree.findtext(".//title") == tree.findtext(".//h1") == HOSTILE[0]
    held = notes_of(json.loads(tree.get_element_by_id("data").text))
    assert sorted(held) == sorted((row[0], row[1], row[2]) for row in rows["notes"])
    connection = database([rows], tmp_path)
    for one in note_sets(found).values():
        ((number,),) = connection.execute(f"SELECT count(*) FROM notes WHERE {one.where}").fetchall()
        assert number == one.group.notes, one


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(made: Made, scheme: str) -> None:
    (style,) = made.tree.xpath("//style/text()")
    colours: dict[str, str] = {}
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)[: 1 if scheme == "light" else 2]:
        colours |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))
    pairs = [(name, paper) for name in ("ink", "dim", "link", "error", "warning") for paper in ("paper", "band")]
    pairs += [("on-pale", f"h{step}") for step in range(4)] + [("on-deep", "h4"), ("on-deep", "h5"), ("dim", "h0"), ("paper", "ink")]
    for text, ground in pairs:
        bright, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
    shades = [_luminance(colours[f"h{step}"]) for step in range(6)]
    assert shades == sorted(shades, reverse=scheme == "light")


def _luminance(colour: str) -> float:
    """The relative luminance of WCAG."""
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    "parts", [[], [_empty()], [{"errors": [("a.txt", "empty note")]}]], ids=["nothing", "an empty part", "nothing read"]
)
def test_a_run_without_notes_has_a_page(parts: list[dict[Table, list[Row]]]) -> None:
    page = as_html(tallied(parts), "Nothing", [])
    assert Balanced(page).open == []
    assert "Nothing to show." in page


def test_a_date_that_was_written_wrongly_does_not_stretch_the_trend() -> None:
    rows = next(invented(300))
    note = rows["notes"][0]
    rows["notes"][0] = (*note[:7], "2626-01-01", *note[8:])
    page = as_html(tallied([rows]), "Notes", [])
    (drawing,) = lxml_html.document_fromstring(page).xpath("//section[@id='months']//figure//svg")
    months = [title.text_content()[:7] for title in drawing.xpath(".//circle/title")]
    assert (months[0], months[-1], len(months)) == ("2024-01", "2026-02", 26)
    assert "1 more stand in the table" in page


# ---------------------------------------------------------------------------------------------------- counting


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 10, (0, 0.2775)), (5, 10, (0.2366, 0.7634)), (10, 10, (0.7225, 1)), (1, 1000, (0.0002, 0.0056)), (0, 0, (0, 1))],
)
def test_wilson(part: int, whole: int, expected: tuple[float, float]) -> None:
    assert interval(part, whole) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # The examples of Newcombe's paper of 1998, method 10.
        ((48, 80), (56, 70), (0.0524, 0.3339)), ((3, 10), (9, 10), (0.1705, 0.8090)), ((0, 10), (10, 10), (0.6075, 1)), ((0, 20), (0, 10), (-0.1611, 0.2775)),
        ((3, 0), (1, 2), (-1, 1)),
    ],
)  # fmt: skip
def test_newcombe(first: tuple[int, int], second: tuple[int, int], expected: tuple[float, float]) -> None:
    assert interval_of_difference(*first, *second) == pytest.approx(expected, abs=5e-5)


@given(st.lists(st.integers(1, 119), max_size=6))
@settings(max_examples=8, deadline=None)
def test_it_is_the_same_in_whatever_parts_a_run_comes(cuts: list[int]) -> None:
    (rows,) = invented(120, seed=3)
    bounds = [0, *sorted(set(cuts)), 120]
    parts = []
    for first, last in pairwise(bounds):
        keys = {row[0] for row in rows["notes"][first:last]}
        parts.append({table: [row for row in some if row[0] in keys] for table, some in rows.items() if table != "errors"})
    parts.append({"errors": rows["errors"]})
    assert tallied(parts) == tallied([rows])


def test_a_summary_is_read_as_it_was_written(made: Made) -> None:
    written = made.summary.model_dump_json(by_alias=True)
    assert '"schema":"notelint/audit-summary/1"' in written
    assert Summary.model_validate_json(written) == made.summary


@given(st.sets(st.integers(0, summaries.LISTED + summaries.FURTHER - 1), max_size=40).map(sorted))
def test_numbers_of_notes_are_read_as_they_were_written(numbers: list[int]) -> None:
    group = summaries.Group(notes=len(numbers), times=0, listed=tuple(numbers))
    assert summaries.Group.model_validate_json(group.model_dump_json()) == group


def test_numbers_of_notes_are_short() -> None:
    listed = (0, 1, 3, 4, 5, 6, 9)
    assert json.loads(summaries.Group(listed=listed).model_dump_json())["listed"] == "0 1 3-6 9"


@pytest.mark.parametrize("text", ["1 1", "3 2", "5-2", "-1", "x", "0-999999999999", "30000", "1.5", "1--2"])
def test_numbers_that_do_not_rise_are_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        summaries.Group.model_validate_json(json.dumps({"notes": 0, "times": 0, "listed": text}))


def test_of_a_large_run_some_notes_are_named_and_all_are_counted(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "LISTED", 100)
    monkeypatch.setattr(summaries, "FURTHER", 60)
    monkeypatch.setattr(summaries, "FEW", 4)
    found = tallied(made.parts)
    assert not found.complete
    assert 100 < len(found.listed) <= 160
    assert {name: (one.label, one.group.notes, one.group.times) for name, one in note_sets(found).items()} == {
        name: (one.label, one.group.notes, one.group.times) for name, one in note_sets(made.summary).items()
    }
    few = [rule for rule in found.rules if len(rule.listed) < min(4, rule.notes)]
    assert few == []
    page = as_html(found, "Some notes", [])
    assert f"{len(found.listed)} of 1\u202f200 notes are named in this page" in page
    assert len(notes_of(json.loads(lxml_html.document_fromstring(page).get_element_by_id("data").text))) == len(found.listed)


def test_of_very_many_values_the_first_are_counted_apart(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "GROUPS", 10)
    found = tallied(made.parts)
    assert len(found.values["author"]) == len(found.codes) == len(found.pairs) == 10
    for dimension in ("author", "month"):
        assert sum(value.notes for value in found.values[dimension]) + found.beyond[dimension] == 1200
    assert f"{thin(found.beyond['author'])} notes have a value beyond those counted apart" in as_html(found, "Notes", [])


def test_reasons_differ_in_more_than_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "REASONS", 3)
    monkeypatch.setattr(summaries, "SOURCES", 2)
    reasons = [
        "line 3: not UTF-8 (byte 17)",
        "line 40: not UTF-8 (byte 9)",
        "line 41: not UTF-8 (byte 9)",
        "larger than 64 MiB",
        "page 2 of 9",
        "other",
        "further",
    ]
    found = tallied([{"errors": [(f"{n}.txt", reason) for n, reason in enumerate(reasons)]}])
    assert [(one.reason, one.number, one.sources) for one in found.reasons] == [
        ("line …: not UTF-8 (byte …)", 3, ("0.txt", "1.txt")), ("other reasons", 2, ("5.txt", "6.txt")), ("larger than 64 MiB", 1, ("3.txt",)),
        ("page … of 9", 1, ("4.txt",)),
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------- two runs


def note(number: int, *, text: str = "", site: str = "Main", errors: int = 0) -> Row:
    """The row of a note that stands in a place of its own."""
    key = sha256(f"{number}{text}".encode()).hexdigest()[:16]
    return (
        key,
        f"notes.csv:{number}",
        f"N{number}",
        key,
        9,
        None,
        "unknown",
        "2026-01-02",
        None,
        "A",
        None,
        site,
        None,
        "M45.9",
        "given",
        errors,
        0,
        0,
    )


def run_of(notes: Sequence[Row], codes: Sequence[tuple[str, str | None, bool]], rule: str | None = None) -> dict[Table, list[Row]]:
    """A run in which all notes have all codes, and those with errors break a rule."""
    rows = _empty()
    for row in notes:
        rows["notes"].append(row)
        rows["codes"] += [
            (row[0], number, code, title, billable, "M45", "assign") for number, (code, title, billable) in enumerate(codes, 1)
        ]
        if row[15] and rule:
            rows["diagnostics"].append(
                (row[0], 0, rule, rule.partition("/")[0], "error", codes[0][0], None, None, None, None, None, None, None)
            )
    return rows


@pytest.fixture
def two() -> tuple[Summary, Summary]:
    """Two runs: of ten notes four are wrong, then one of nine, of which one is new and one has other words."""
    first = run_of(
        [note(n, errors=n < 4) for n in range(10)], [("M45.9", "Unspecified", True), ("M99.99", "Of old", True), ("I10", "High", True), ("E11", "Parent", True)],
        "code/excludes1",
    )  # fmt: skip
    second = run_of(
        [*(note(n, errors=n < 1) for n in range(7)), note(7, text="other"), note(20, site="North")],
        [("M45.9", "Unspecified", True), ("M99.99", None, False), ("E11", "Parent", False)], "site/mismatch",
    )  # fmt: skip
    return tallied([first]), tallied([second])


def test_what_rose_and_what_fell(two: tuple[Summary, Summary]) -> None:
    found = compare(*two)
    shares = {(one.kind, one.name): (one.a, one.a_of, one.b, one.b_of) for one in found.changes}
    assert shares == {
        ("measure", "with an error"): (4, 10, 1, 9), ("rule", "code/excludes1"): (4, 10, 0, 9), ("rule", "site/mismatch"): (0, 10, 1, 9),
        ("family", "M45"): (4, 10, 1, 9), ("site", "Main"): (4, 10, 1, 8),
    }  # fmt: skip
    assert [abs(one.difference) for one in found.changes] == sorted((abs(one.difference) for one in found.changes), reverse=True)
    first = found.changes[0]
    assert (first.name, first.difference, first.clear) == ("code/excludes1", pytest.approx(-0.4), True)
    assert (first.low, first.high) == pytest.approx(interval_of_difference(4, 10, 0, 9))
    assert (found.new_rules, found.gone_rules) == (("site/mismatch",), ("code/excludes1",))


def test_notes_of_one_run_alone(two: tuple[Summary, Summary]) -> None:
    found = compare(*two)
    assert found.in_both == 7
    assert [one.id for one in found.only_a or ()] == ["N8", "N9"]
    assert [one.id for one in found.only_b or ()] == ["N20"]
    assert [(one.id, one.a, one.b) for one in found.reworded or ()] == [("N7", note(7)[0], note(7, text="other")[0])]


def test_codes_that_are_no_longer_valid(two: tuple[Summary, Summary]) -> None:
    found = compare(*two)
    assert [(one.code, one.state, one.notes) for one in found.lost] == [("E11", "not-valid", 10), ("M99.99", "gone", 10)]
    assert found.untold == 1
    assert compare(two[1], two[0]).lost == ()


def test_a_run_beside_itself(two: tuple[Summary, Summary]) -> None:
    found = compare(two[0], two[0])
    assert (found.changes, found.new_rules, found.gone_rules, found.only_a, found.only_b, found.reworded, found.lost) == (
        (),
        (),
        (),
        (),
        (),
        (),
        (),
    )
    assert "No share differs." in list(as_text(found, 80))


def test_where_not_all_notes_are_named_nothing_is_said_of_them(two: tuple[Summary, Summary]) -> None:
    short = two[0].model_copy(update={"listed": two[0].listed[:5]})
    found = compare(short, two[1])
    assert (found.in_both, found.only_a, found.only_b, found.reworded) == (None, None, None, None)
    assert any("ANTI JOIN" in line for line in as_text(found, 100))


def test_a_comparison_as_text(two: tuple[Summary, Summary]) -> None:
    lines = list(as_text(compare(*two), 80))
    assert max(map(len, lines)) <= 80
    assert "7 notes are in both runs, 2 in A alone, 1 in B alone," in lines
    between = " to ".join(f"{100 * end:+.1f}" for end in interval_of_difference(4, 10, 0, 9))
    assert f"{'  code/excludes1':<37}  40.0 %   0.0 %   -40.0  {between} *" in lines
    assert lines[lines.index("Rules that only B breaks") + 1] == "  site/mismatch"
    assert "  M99.99  Of old  (10 notes of A)" in lines


def test_a_comparison_as_markdown(two: tuple[Summary, Summary]) -> None:
    text = "\n".join(as_markdown(compare(*two)))
    between = " to ".join(f"{100 * end:+.1f}" for end in interval_of_difference(4, 10, 0, 9))
    assert f"| code/excludes1 | 40.0 % (4 of 10) | 0.0 % (0 of 9) | **-40.0** | {between} |" in text
    assert "## Notes with other words" in text


def test_hostile_names_in_a_comparison() -> None:
    found = compare(tallied([hostile_rows()]), tallied([run_of([note(1)], [("M45.9", None, True)])]))
    for line in [*as_text(found, 80), *as_markdown(found)]:
        assert "\n" not in line
        assert "\t" not in line
    assert not any("<script>" in line for line in as_markdown(found))


def written(folder: Path, summary: Summary, **changed: object) -> Path:
    """A folder of a run."""
    folder.mkdir()
    known = {
        "schema": "notelint/audit/1",
        "run": "0123456789abcdef",
        "version": "0.1.0",
        "patterns": "p" * 12,
        "code-sets": ["2026-04-01"],
        "more": {},
    }
    (folder / "run.json").write_text(json.dumps({**known, **changed}), encoding="utf-8")
    (folder / "summary.json").write_text(summary.model_dump_json(by_alias=True, indent=1), encoding="utf-8")
    return folder


def ran(*arguments: object) -> tuple[int, str]:
    """The command in this process."""
    found = CliRunner().invoke(app, ["compare", *(str(argument) for argument in arguments)])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.output


def test_the_command(two: tuple[Summary, Summary], tmp_path: Path) -> None:
    a, b = written(tmp_path / "a", two[0]), written(tmp_path / "b", two[1], **{"code-sets": ["2026-10-01"]})
    status, text = ran(a, b)
    assert status == 0
    assert "   ICD-10-CM 2026-10-01" in text.splitlines()
    status, told_ = ran(a, b, "--format", "json")
    found = Comparison.model_validate_json(told_)
    assert (found.a.folder, found.b.code_sets, found.in_both) == (str(a), ("2026-10-01",), 7)
    assert found.changes == compare(*two).changes
    status, marked = ran(a, b, "--format", "markdown")
    assert marked.startswith("# Two audits compared\n")


def test_what_is_no_run_is_named(two: tuple[Summary, Summary], tmp_path: Path) -> None:
    good = written(tmp_path / "good", two[0])
    for name, spoil, expected in (
        (
            "none",
            lambda folder: [one.unlink() for one in folder.iterdir()],
            "summary.json: no such file or directory; a run is named by the folder",
        ),
        ("folder", lambda folder: ((folder / "summary.json").unlink(), (folder / "summary.json").mkdir()), "summary.json: is a directory"),
        ("text", lambda folder: (folder / "summary.json").write_text("SECRET words"), "summary.json: no JSON"),
        (
            "other",
            lambda folder: (folder / "summary.json").write_text('{"schema": "SECRET"}'),
            "summary.json: schema: is not what a run holds",
        ),
        ("list", lambda folder: (folder / "run.json").write_text("[]"), "run.json: file: is not what a run holds"),
        ("short", lambda folder: (folder / "run.json").write_text('{"schema": "notelint/audit/1"}'), "run.json: run: is missing"),
        ("bytes", lambda folder: (folder / "run.json").write_bytes(b"\xff\xfe"), "run.json: no JSON"),
    ):
        folder = written(tmp_path / name, two[1])
        spoil(folder)
        with pytest.raises(InputError) as raised:
            read_run(folder)
        message = str(raised.value)
        assert message.startswith(f"{folder / expected.partition(':')[0]}:{expected.partition(':')[2]}"), message
        assert "SECRET" not in message
        assert "\n" not in message
        with pytest.raises(InputError):
            ran(good, folder)
