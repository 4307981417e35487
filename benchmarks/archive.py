"""Writes an invented archive of notes, as hospitals hold them: tables, bulk exports, messages, documents of all formats, some of them damaged.

    python benchmarks/archive.py DIR --notes 20000 --seed 7             the archive, and DIR.manifest.json beside it
    python benchmarks/archive.py DIR --notes 20000 --corrupt            with a folder of files that can not be read, or only in part
    python benchmarks/archive.py DIR --check AUDIT                      what the tables of an audit of it lack (Parquet)

No note is of a person. They are made of the notes of this folder and of `samples/`, and of templates with varied words. Equal numbers give equal bytes,
so long as Python, zlib, SQLite and pyarrow are the same; nothing is held in memory but one encounter and the manifest.

The manifest lists each file: `path` in the archive, `format`, `notes` (how many it holds), `corrupt` (null, or what is wrong with it). Of a corrupt
file `notes` is how many stand whole in it; a reader may find fewer, but has to tell something of each.
"""

import argparse
import base64
import csv
import gzip
import io
import json
import random
import re
import sqlite3
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

from notelint import Note
from notelint.note import Setting

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"
SCHEMA = "notelint/archive/1"

FIELDS = (
    "id", "text", "codes", "setting", "date-of-service", "note-type", "encounter", "author", "role", "site", "template",
)  # fmt: skip
"""The columns of a table."""

# ---------------------------------------------------------------------------------------------------- words

SITES = (
    "North Clinic", "Harbor Hospital", "Mill Street Rheumatology", "Lakeside Spine Center", "St. Anne Campus", "County Infectious Diseases",
    "Prairie Family Medicine", "Riverside Rehabilitation",
)  # fmt: skip
SURNAMES = (
    "Abara", "Benning", "Castellan", "Dvorak", "Eklund", "Farrow", "Gupta", "Hollis", "Ibarra", "Jansen", "Kowal", "Lindqvist", "Moreau", "Nakata",
    "O'Dell", "Petrakis", "Quist", "Rahimi", "Sandoval", "Tran", "Usman", "Vogel", "Whitlock", "Xu", "Yilmaz", "Zeller", "Müller", "Peña", "Søren",
)  # fmt: skip
GIVEN = (
    "Ada",
    "Ben",
    "Carla",
    "Dmitri",
    "Elena",
    "Farid",
    "Greta",
    "Hugo",
    "Iris",
    "Jonas",
    "Kemi",
    "Luis",
    "Mei",
    "Nadia",
    "Omar",
    "Priya",
)
WORK = (
    "carpenter", "teacher", "bus driver", "nurse", "farmer", "software tester", "cook", "retired plumber", "violinist", "warehouse clerk", "student",
    "welder", "florist", "accountant", "mail carrier",
)  # fmt: skip
LEVELS = {
    "cervical": ("C4-C5", "C5-C6", "C6-C7"), "thoracic": ("T5-T6", "T7-T8", "T9-T10"), "lumbar": ("L2-L3", "L3-L4", "L4-L5"),
    "lumbosacral": ("L5-S1",),
}  # fmt: skip
REGIONS = tuple(LEVELS)
ORGANISMS = (
    ("MSSA", "B95.61"), ("MRSA", "B95.62"), ("Streptococcus agalactiae", "B95.1"), ("Escherichia coli", "B96.20"),
    ("Pseudomonas aeruginosa", "B96.5"), ("Enterococcus faecalis", "B95.2"),
)  # fmt: skip
SMALL_TALK = (
    "Lives with {kin} in a second-floor apartment.",
    "Works as a {work} and is on {pronoun} feet most of the day.",
    "Walks the dog twice daily, sleeps about {hours} hours.",
    "Does not smoke, drinks {drinks} glasses of wine a week.",
    "Came by bus because of the road work on Main Street.",
    "Asked about travel to the coast in {month}; no objection.",
    "Allergies reviewed and unchanged.",
    "Medication list reconciled with the pharmacy's.",
    "The visit took {minutes} minutes, more than half of it spent on explanation.",
    "Interpreter {number} took part by telephone.",
    "Forms for the employer were filled in and handed over.",
    "Vaccines: influenza given in {month}, tetanus up to date.",
    "Heart regular, lungs clear, abdomen soft, no edema.",
    "Blood pressure {systolic}/{diastolic}, pulse {pulse}, weight {weight} kg.",
    "No new complaints besides those above.",
    "Return in {weeks} weeks or earlier when needed.",
)
INFLAMMATORY = (
    "Low back pain for {years} years that began slowly at the age of {young}.",
    "Morning stiffness lasts {minutes} minutes and eases with exercise.",
    "Wakes in the second half of the night because of the back.",
    "Rest does not help, movement does.",
    "BASDAI {score}, ASDAS-CRP {score}.",
    "Schober {centimeters} cm, chest expansion {centimeters} cm.",
    "HLA-B27 {sign} ({past}).",
    "CRP {crp} mg/L on {day}, ESR {esr} mm/h.",
    "CRP pending.",
    "MRI of the sacroiliac joints {past}: bone marrow edema on the {side}, no erosions.",
    "Pelvis radiograph: {grade} sacroiliitis, {side}.",
    "Syndesmophytes at T11 and T12, no bamboo spine.",
    "No uveitis, no psoriasis, no inflammatory bowel disease.",
    "An uncle may have had ankylosing spondylitis.",
    "Naproxen {dose} mg twice daily, tolerated.",
    "Adalimumab 40 mg every other week since {past}; TB screening negative.",
    "Physical therapy twice weekly, home program known.",
)
INFECTIOUS = (
    "{age}-year-old with {weeks} weeks of worsening back pain and chills.",
    "Temp {fever} C on admission, no fever since {day}.",
    "Denies weakness, numbness, and loss of bladder control.",
    "Strength 5/5 in both legs, sensation intact, gait slow.",
    "Blood cultures on {day}: {organism} in 2 of 2 sets; repeat cultures clear.",
    "Blood cultures: no growth to date.",
    "CRP {high} mg/L, ESR {esr} mm/h, WBC {white}.",
    "MRI with gadolinium on {day}: disc and endplate enhancement at {level}, no epidural abscess.",
    "MRI: {level} disc bright on T2, small ventral epidural collection, no psoas abscess.",
    "CT-guided biopsy of {level} on {day}, culture {organism}.",
    "TEE without vegetation.",
    "Source: a boil on the thigh, opened two weeks before.",
    "Cefazolin 2 g IV every 8 hours through a PICC, {weeks} weeks planned.",
    "Vancomycin until cultures are final.",
    "Infectious diseases and spine surgery follow along.",
    "History of diabetes, no injection drug use, no spinal surgery.",
)
OTHER = (
    "Blood sugar at home between {low} and {middle}.",
    "A1c {sugar}, was 7.{small} in {month}.",
    "Cough for {weeks} weeks, dry, no wheeze on examination.",
    "Rash on both forearms, itching less than before.",
    "Knee pain on stairs, mild effusion, full extension.",
    "Sleeps poorly, no snoring noticed by {kin}.",
    "Colonoscopy due in {month}.",
    "Ears clear, throat pink, no nodes felt.",
    "Metformin 1 g twice daily, atorvastatin 40 mg at night.",
    "Eye examination done in {month}, report not yet here.",
    "Potassium and creatinine as before.",
    "Dry skin of the lower legs, emollient advised.",
    "Mood even, PHQ-9 {small}.",
    "Back muscles sore after shoveling snow, gone within days.",
)
SYSTEMS = (
    ("Constitutional", ("no weight loss", "appetite as always", "tired since {month}", "no night sweats")),
    ("Eyes", ("no redness", "reads with glasses", "last seen by an eye doctor in {month}", "no loss of vision")),
    ("Ears, nose, throat", ("hears well", "stuffy nose for {weeks} weeks", "no sore throat", "teeth in good order")),
    ("Heart", ("no chest pain", "no palpitations", "climbs {small} flights of stairs", "no swelling of the legs")),
    ("Lungs", ("no cough", "short of breath on hills only", "no wheeze", "inhaler not needed since {past}")),
    ("Abdomen", ("no nausea", "stools regular", "heartburn with coffee", "no blood seen")),
    ("Kidneys and bladder", ("no burning", "up {small} times a night", "no blood seen", "stream as before")),
    ("Skin", ("no rash", "dry elbows", "a mole on the {side}, unchanged", "bruises easily on aspirin")),
    ("Nerves", ("no headache", "no falls since {past}", "no tremor", "sleeps {hours} hours")),
    ("Mood", ("even", "worried about work", "enjoys the garden", "PHQ-9 {small}")),
)
DRUGS = (
    "amlodipine 5 mg daily", "atorvastatin 40 mg at night", "calcium with vitamin D daily", "gabapentin 300 mg at night", "levothyroxine 75 mcg daily",
    "lisinopril 20 mg daily", "loratadine 10 mg as needed", "metformin 1 g twice daily", "omeprazole 20 mg before breakfast", "sertraline 50 mg daily",
    "acetaminophen 500 mg as needed", "hydrochlorothiazide 12.5 mg daily", "latanoprost drops at night", "folic acid 1 mg daily",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """What an encounter is about: its diagnosis in words of several kinds, its codes, and the sentences from which its notes are made."""

    names: tuple[str, ...]
    codes: tuple[str, ...]
    sentences: tuple[str, ...]
    inpatient: float
    weight: int


CASES = (
    Case(("Ankylosing spondylitis, {region} spine", "AS, {region}", "Ankylosing spondylitis"), ("M45.{as}",), INFLAMMATORY, 0.05, 8),
    Case(("Non-radiographic axial spondyloarthritis, {region}", "nr-axSpA"), ("M45.A{as}",), INFLAMMATORY, 0.02, 5),
    Case(("Sacroiliitis, {side}", "Probable sacroiliitis"), ("M46.1",), INFLAMMATORY, 0.02, 3),
    Case(("Spinal enthesopathy, {region}",), ("M46.0{inf}",), INFLAMMATORY, 0.02, 2),
    Case(("Inflammatory back pain, cause open", "Possible axial spondyloarthritis"), ("M46.9{inf}",), INFLAMMATORY, 0.02, 3),
    Case(("Discitis at {level}", "Discitis, {region}", "Rule out discitis"), ("M46.4{inf}",), INFECTIOUS, 0.8, 5),
    Case(("Vertebral osteomyelitis, {level}, due to {organism}",), ("M46.2{inf}", "{agent}"), INFECTIOUS, 0.9, 4),
    Case(("Pyogenic infection of the {level} disc with {organism}",), ("M46.3{inf}", "{agent}"), INFECTIOUS, 0.9, 3),
    Case(("Brucellar spondylitis",), ("M49.8{as}",), INFECTIOUS, 0.7, 1),
    Case(("Type 2 diabetes",), ("E11.9",), OTHER, 0.05, 18),
    Case(("Essential hypertension",), ("I10",), OTHER, 0.05, 18),
    Case(("Knee osteoarthritis, right",), ("M17.11",), OTHER, 0.02, 10),
    Case(("Community-acquired pneumonia",), ("J18.9",), OTHER, 0.9, 8),
    Case(("Strain of back muscles", "Low back pain"), ("M54.50",), OTHER, 0.02, 12),
)  # fmt: skip
TYPES = {
    "inpatient": (
        "admission note",
        "progress note",
        "progress note",
        "nursing note",
        "consultation",
        "radiology report",
        "discharge summary",
    ),
    "outpatient": ("clinic letter", "progress note", "physical therapy note", "telephone encounter", "radiology report"),
    "unknown": ("progress note",),
}
ROLES = {
    "nursing note": ("nurse",), "physical therapy note": ("physical therapist",), "radiology report": ("radiologist",),
    "telephone encounter": ("nurse", "physician assistant"),
}  # fmt: skip
PROVIDERS = ("attending physician", "resident", "nurse practitioner", "physician assistant")
TEMPLATES = ("SOAP", "BY PROBLEM", "LETTER", "TERSE", "FORM")


# ---------------------------------------------------------------------------------------------------- notes of this folder


@cache
def given_texts() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(texts that hold much, texts that hold nothing of these codes) of this folder and of the samples."""
    dense = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.rglob("*.txt"))]
    plain: list[str] = []
    for path in (*sorted((HERE / "marked").glob("*.txt")), *sorted((HERE / "clean").glob("*.txt"))):
        body = path.read_text(encoding="utf-8").partition("\n---\n")[2]
        (plain if path.name.startswith("bg-") else dense).append(re.sub(r"⟦([^|⟧]*)\|[^⟧]*⟧", r"\1", body))
    plain += (HERE / "background.txt").read_text(encoding="utf-8").split("\n%%\n")
    return tuple(dense), tuple(plain)


def _slots(rng: random.Random, region: str) -> dict[str, str]:
    """What stands in the slots of an encounter's sentences."""
    organism, agent = rng.choice(ORGANISMS)
    return {
        "region": region, "level": rng.choice(LEVELS[region]), "organism": organism, "agent": agent,
        "as": {"cervical": "2", "thoracic": "4", "lumbar": "6", "lumbosacral": "7"}[region],
        "inf": {"cervical": "2", "thoracic": "4", "lumbar": "6", "lumbosacral": "7"}[region],
        "kin": rng.choice(("his wife", "her son", "two brothers", "a cousin")), "work": rng.choice(WORK),
        "pronoun": rng.choice(("his", "her")), "hours": str(rng.randint(4, 9)), "drinks": str(rng.randint(0, 7)),
        "month": rng.choice(("January", "March", "May", "July", "September", "November")), "minutes": str(rng.choice((15, 25, 30, 45, 60, 90))),
        "number": str(rng.randint(10000, 99999)), "systolic": str(rng.randint(104, 162)), "diastolic": str(rng.randint(58, 96)),
        "pulse": str(rng.randint(54, 108)), "weight": str(rng.randint(48, 121)), "weeks": str(rng.randint(2, 12)),
        "years": str(rng.randint(2, 25)), "young": str(rng.randint(17, 44)), "score": f"{rng.randint(10, 99) / 10:.1f}",
        "centimeters": f"{rng.randint(15, 60) / 10:.1f}", "sign": rng.choice(("positive", "negative")), "past": str(rng.randint(2009, 2025)),
        "crp": str(rng.randint(1, 45)), "esr": str(rng.randint(4, 110)), "day": f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/2026",
        "side": rng.choice(("left", "right", "both sides")), "grade": rng.choice(("grade 1", "grade 2", "grade 3")),
        "dose": rng.choice(("375", "500")), "age": str(rng.randint(19, 91)), "fever": f"{rng.randint(372, 396) / 10:.1f}",
        "high": str(rng.randint(40, 290)), "white": f"{rng.randint(40, 210) / 10:.1f}", "low": str(rng.randint(90, 120)),
        "middle": str(rng.randint(130, 210)), "small": str(rng.randint(0, 9)), "sugar": f"{rng.randint(52, 109) / 10:.1f}",
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------- encounters


def encounters(seed: int) -> Iterator[tuple[Note, ...]]:
    """Notes without end, those of one encounter together; about one in eight belongs to none, and has a tuple of its own."""
    rng = random.Random(seed)  # noqa: S311
    number = 0
    while True:
        some = tuple(_encounter(rng, number))
        number += len(some)
        yield some


def notes(seed: int, number: int) -> Iterator[Note]:
    """So many notes; the last encounter may lack some of its own."""
    for each in _cut(encounters(seed), number):
        yield from each


def _cut(groups: Iterator[tuple[Note, ...]], number: int) -> Iterator[tuple[Note, ...]]:
    while number > 0:
        some = next(groups)[:number]
        number -= len(some)
        yield some


def _encounter(rng: random.Random, number: int) -> Iterator[Note]:
    case = rng.choices(CASES, [each.weight for each in CASES])[0]
    setting: Setting = "inpatient" if rng.random() < case.inpatient else "outpatient"
    slots = _slots(rng, rng.choice(REGIONS))
    first = date(2025, 10, 1) + timedelta(days=rng.randrange(360))
    count = rng.choice((3, 4, 5, 6, 8)) if setting == "inpatient" else rng.choice((1, 1, 1, 1, 2))
    named = f"E{number:07}" if count > 1 or rng.random() < 0.7 else None
    authors = [f"{rng.choice(GIVEN)} {rng.choice(SURNAMES)}" for _ in range(3)]
    site = rng.choice(SITES)
    codes = _codes(rng, case, slots)
    before: list[str] = []
    for n in range(count):
        kind = rng.choice(TYPES[setting])
        if setting == "inpatient" and n in (0, count - 1):
            kind = "admission note" if n == 0 else "discharge summary"
        author, role, template = rng.choice(authors), rng.choice(ROLES.get(kind, PROVIDERS)), rng.choice(TEMPLATES)
        day = first + timedelta(days=n)
        body = _body(rng, case, slots, before)
        yield Note(
            text=_laid_out(template, kind, body, day, author, site, rng), id=f"N{number + n:08}", codes=codes if rng.random() < 0.9 else (),
            setting=setting if rng.random() < 0.95 else "unknown", date_of_service=day if rng.random() < 0.97 else None, note_type=kind,
            encounter=named, author=author, role=role, site=site, template=template if rng.random() < 0.9 else None,
        )  # fmt: skip


def _codes(rng: random.Random, case: Case, slots: Mapping[str, str]) -> tuple[str, ...]:
    """The codes of a case; at times one that is of another region, a parent, or none at all, and often one of something else."""
    codes = [code.format_map(slots) for code in case.codes]
    odd = rng.random()
    if odd < 0.05:
        codes[0] = codes[0][:-1] + rng.choice("0235789")
    elif odd < 0.08:
        codes[0] = codes[0][:5].rstrip(".")[:-1].rstrip(".")
    elif odd < 0.12:
        codes = codes[:1]
    if rng.random() < 0.3:
        codes.append(rng.choice(("E11.9", "I10", "Z79.899", "Z87.891", "K21.9")))
    return tuple(dict.fromkeys(codes))


def _body(rng: random.Random, case: Case, slots: dict[str, str], before: list[str]) -> list[str]:
    """The paragraphs of a note: an old text, or sentences of the case; some are copied from the note before."""
    dense, plain = given_texts()
    if rng.random() < 0.3:
        text = rng.choice(plain if case.sentences is OTHER else dense)
        body = [part for part in re.split(r"\n[ \t]*\n", text) if part.strip()]
    else:
        slots.update(score=f"{rng.randint(10, 99) / 10:.1f}", crp=str(rng.randint(1, 45)), weeks=str(rng.randint(2, 12)))
        told = [sentence.format_map(slots) for sentence in rng.sample(case.sentences, rng.randint(4, 9))]
        told.insert(0, f"{rng.choice(case.names).format_map(slots)}.")
        body = [" ".join(told[:2]), " ".join(told[2:5]), " ".join(told[5:])]
    talk = [sentence.format_map(slots) for sentence in rng.sample(SMALL_TALK, rng.randint(2, 8))]
    body.append(" ".join(talk))
    if rng.random() < 0.4:
        body.append("\n".join(_by_system(rng, slots)))
    if rng.random() < 0.4:
        body.append("\n".join(f"- {drug}" for drug in rng.sample(DRUGS, rng.randint(3, 10))))
    if before and rng.random() < 0.5:
        body = [rng.choice(before), *body]
    before[:] = body
    return [part for part in body if part.strip()]


def _by_system(rng: random.Random, slots: Mapping[str, str]) -> Iterator[str]:
    """What else was asked, a line for each system."""
    for system, answers in SYSTEMS:
        told = ", ".join(rng.sample(answers, rng.randint(1, len(answers))))
        yield f"{system}: {told}.".format_map(slots)


def _laid_out(template: str, kind: str, body: Sequence[str], day: date, author: str, site: str, rng: random.Random) -> str:
    """The text of a note by a template."""
    signed = f"Electronically signed by {author} on {day:%m/%d/%Y}"
    if template == "LETTER":
        return "\n\n".join((site, f"{day:%B} {day.day}, {day.year}", "Dear colleague,", *body, "With kind regards,", author)) + "\n"
    if template == "TERSE":
        return "\n".join((f"{kind} {day:%m/%d/%y}", *body, f"-{author.split()[-1]}")) + "\n"
    if template == "FORM":
        lines = [
            f"[{'x' if rng.random() < 0.5 else ' '}] {item}" for item in ("Identity confirmed", "Allergies reviewed", "Consent on file")
        ]
        return "\n".join((f"{site.upper()} FORM {rng.randint(100, 999)}", *lines, "", "\n\n".join(body), "", signed)) + "\n"
    heads = ("SUBJECTIVE", "OBJECTIVE", "ASSESSMENT", "PLAN") if template == "SOAP" else ("#1", "#2", "#3", "#4", "#5")
    parts = [f"{heads[n]}:\n{part}" if n < len(heads) else part for n, part in enumerate(body)]
    return "\n\n".join((f"{kind.upper()}    {day:%m/%d/%Y}    {site}", *parts, signed)) + "\n"


# ---------------------------------------------------------------------------------------------------- documents


def cells(note: Note) -> dict[str, str]:
    """A note as a row of a table; what is not known is empty."""
    day = note.date_of_service.isoformat() if note.date_of_service else ""
    told = (
        note.id, note.text, " ".join(note.codes), note.setting, day, note.note_type, note.encounter, note.author, note.role, note.site, note.template,
    )  # fmt: skip
    return {field: value or "" for field, value in zip(FIELDS, told, strict=True)}


def markdown(note: Note) -> bytes:
    """Markdown, its first line a heading."""
    return f"# {note.note_type}\n\n**Author:** {note.author}\n\n{note.text}".encode()


def rtf(note: Note) -> bytes:
    """Rich text, ANSI, other characters escaped."""

    def spelled(char: str) -> str:
        if char in "\\{}":
            return f"\\{char}"
        if char == "\n":
            return "\\par\n"
        return char if ord(char) < 128 else f"\\u{ord(char) if ord(char) < 0x8000 else ord(char) - 0x10000}?"

    text = "".join(map(spelled, note.text))
    return f"{{\\rtf1\\ansi\\ansicpg1252\\deff0{{\\fonttbl{{\\f0\\fswiss Arial;}}}}\\f0\\fs22\n{text}\n}}\n".encode("ascii", "replace")


_DOCX = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml"'
        ' ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1"'
        ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
    ),
}
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'


def docx(note: Note) -> bytes:
    """A Word document: a paragraph for each line, and what is known of the note in a table above them."""
    known = (("Type", note.note_type or ""), ("Author", note.author or ""), ("Site", note.site or ""))
    rows = "".join(f"<w:tr>{''.join(f'<w:tc>{_paragraph(cell)}</w:tc>' for cell in row)}</w:tr>" for row in known)
    return _zipped(f"<w:tbl>{rows}</w:tbl>{''.join(map(_paragraph, note.text.splitlines()))}")


def _paragraph(line: str) -> str:
    return f'<w:p><w:r><w:t xml:space="preserve">{escape(_printable(line))}</w:t></w:r></w:p>'


def _printable(text: str) -> str:
    """A text without what XML can not hold."""
    return "".join(char if char >= " " or char in "\t\n" else " " for char in text)


def _zipped(body: str) -> bytes:
    document = f'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in {**_DOCX, "word/document.xml": document}.items():
            # A fixed time: equal notes give equal bytes.
            file.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), (_XML + part).encode(), zipfile.ZIP_DEFLATED)
    return content.getvalue()


_LINES = 54
"""So many lines a page of PDF has."""
_WIDTH = 95
_PDF = str.maketrans({char: f"\\{char}" for char in "\\()"})


def pdf(note: Note) -> bytes:
    """A PDF of the barest kind: a font that every reader has, the lines of the note, what is wider than the page broken between words."""
    lines = [part for line in note.text.splitlines() for part in _broken(line)]
    pages = [lines[at : at + _LINES] for at in range(0, len(lines), _LINES)] or [[]]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for n, page in enumerate(pages):
        shown = "".join(f"({line.translate(_PDF)}) Tj T*\n" for line in page)
        stream = b"BT /F1 9 Tf 12 TL 40 760 Td\n" + shown.encode("cp1252", "replace") + b"ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * n} 0 R >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream))
    content, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF\n"
    return content + end.encode()


def _broken(line: str) -> list[str]:
    parts = [""]
    for word in line.split(" "):
        if parts[-1] and len(parts[-1]) + 1 + len(word) > _WIDTH:
            parts.append(word)
        else:
            parts[-1] = f"{parts[-1]} {word}" if parts[-1] else word
    return parts


# ---------------------------------------------------------------------------------------------------- exchange formats

_LOINC = {
    "admission note": ("34117-2", "History and physical note"), "progress note": ("11506-3", "Progress note"), "nursing note": ("34746-8", "Nurse Note"),
    "consultation": ("11488-4", "Consult note"), "radiology report": ("18748-4", "Diagnostic imaging study"),
    "discharge summary": ("18842-5", "Discharge summary"), "clinic letter": ("34108-1", "Outpatient Note"),
    "physical therapy note": ("28579-1", "Physical therapy Note"), "telephone encounter": ("34748-4", "Telephone encounter Note"),
}  # fmt: skip
_TXA = {"admission note": "HP", "discharge summary": "DS", "consultation": "CN"}


def _stamp(note: Note) -> str:
    return (note.date_of_service or date(2026, 1, 1)).strftime("%Y%m%d")


def _name(note: Note) -> tuple[str, str]:
    given, _, family = (note.author or "A Writer").partition(" ")
    return given, family


def cda(note: Note) -> bytes:
    """A C-CDA document: header, the narrative in sections, the codes in entries."""
    code, title = _LOINC[note.note_type or "progress note"]
    given, family = map(escape, _name(note))
    day, site = _stamp(note), escape(note.site or "")
    kind = {"inpatient": "IMP", "outpatient": "AMB"}.get(note.setting)
    of_kind = f'<code code="{kind}" codeSystem="2.16.840.1.113883.5.4"/>' if kind else ""
    sections = []
    for n, block in enumerate(re.split(r"\n[ \t]*\n", _printable(note.text))):
        paragraphs = "".join(f"<paragraph>{escape(line)}</paragraph>" for line in block.splitlines() if line.strip())
        sections.append(
            f'<component><section><code code="{"51848-0" if n else "10164-2"}" codeSystem="2.16.840.1.113883.6.1"/><text>{paragraphs}</text>'
            f"{'' if n else ''.join(map(_cda_problem, note.codes))}</section></component>"
        )
    of_encounter = f"<id root={quoteattr('2.16.840.1.113883.19.9')} extension={quoteattr(note.encounter)}/>" if note.encounter else ""
    return (
        f'{_XML}<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<realmCode code="US"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/><templateId root="2.16.840.1.113883.10.20.22.1.1"/>'
        f'<id root="2.16.840.1.113883.19.5" extension="{note.id}"/>'
        f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1" displayName="{title}"/><title>{escape(note.note_type or "")}</title>'
        f'<effectiveTime value="{day}"/><confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>'
        f'<recordTarget><patientRole><id root="2.16.840.1.113883.19.7" extension="P{note.id}"/></patientRole></recordTarget>'
        f'<author><time value="{day}"/><assignedAuthor><id nullFlavor="NI"/><code code="{"163W00000X" if note.role == "nurse" else "207R00000X"}"'
        f' codeSystem="2.16.840.1.113883.6.101" displayName={quoteattr(note.role or "")}/><assignedPerson><name><given>{given}</given>'
        f"<family>{family}</family></name></assignedPerson></assignedAuthor></author>"
        "<custodian><assignedCustodian><representedCustodianOrganization>"
        f'<id nullFlavor="NI"/><name>{site}</name></representedCustodianOrganization></assignedCustodian></custodian>'
        f"<componentOf><encompassingEncounter>{of_encounter}"
        f'{of_kind}<effectiveTime><low value="{day}"/></effectiveTime></encompassingEncounter></componentOf>'
        f"<component><structuredBody>{''.join(sections)}</structuredBody></component></ClinicalDocument>\n"
    ).encode()


def _cda_problem(code: str) -> str:
    return (
        '<entry><observation classCode="OBS" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.4"/>'
        '<code code="282291009" codeSystem="2.16.840.1.113883.6.96" displayName="Diagnosis"/><statusCode code="completed"/>'
        f'<value xsi:type="CD" code="{code}" codeSystem="2.16.840.1.113883.6.90"/></observation></entry>'
    )


_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})


def mdm(group: Sequence[Note]) -> bytes:
    """Messages MDM^T02, one for each note: its lines in OBX of type TX."""
    return "".join(_message(note, "MDM^T02^MDM_T02", _txa(note), _texts(note)) for note in group).encode()


def oru(group: Sequence[Note]) -> bytes:
    """Messages ORU^R01, one for each note: the whole of it in one OBX of type FT."""
    written = [
        "OBX|1|FT|18842-5^Note^LN||" + "\\.br\\".join(line.translate(_ESCAPES) for line in note.text.splitlines()) + "||||||F"
        for note in group
    ]
    return "".join(_message(note, "ORU^R01^ORU_R01", _obr(note), [text]) for note, text in zip(group, written, strict=True)).encode()


def _message(note: Note, kind: str, head: str, observed: Sequence[str]) -> str:
    class_ = {"inpatient": "I", "outpatient": "O"}.get(note.setting, "")
    site = (note.site or "").translate(_ESCAPES)
    segments = [
        f"MSH|^~\\&|EHR|{site}|ARCHIVE|ARCHIVE|{_stamp(note)}080000||{kind}|{note.id}|P|2.5.1||||||UNICODE UTF-8",
        _segment("PID", {1: "1", 3: f"P{note.id}^^^EHR^MR", 5: "Invented^Patient"}),
        _segment("PV1", {1: "1", 2: class_, 19: note.encounter or ""}),
        *(_segment("DG1", {1: str(n), 3: f"{code}^^I10C", 6: "W"}) for n, code in enumerate(note.codes, 1)),
        head,
        *observed,
    ]
    return "\r".join(segments) + "\r"


def _segment(name: str, fields: Mapping[int, str]) -> str:
    return "|".join((name, *(fields.get(number, "") for number in range(1, max(fields) + 1))))


def _person(note: Note, mark: str) -> str:
    given, family = _name(note)
    return mark.join((_number(family), family, given))


def _txa(note: Note) -> str:
    kind = f"{_TXA.get(note.note_type or '', 'PN')}^{note.note_type}"
    return _segment("TXA", {1: "1", 2: kind, 3: "TX", 4: _stamp(note), 9: _person(note, "^"), 12: str(note.id), 17: "AU"})


def _obr(note: Note) -> str:
    code = _LOINC[note.note_type or "progress note"][0]
    return _segment("OBR", {1: "1", 3: str(note.id), 4: f"{code}^{note.note_type}^LN", 7: _stamp(note), 32: _person(note, "&")})


def _number(family: str) -> str:
    return str(1000 + sum(map(ord, family)) % 9000)


def _texts(note: Note) -> list[str]:
    return [f"OBX|{n}|TX|||{line.translate(_ESCAPES)}||||||F" for n, line in enumerate(note.text.splitlines(), 1)]


def bundle(group: Sequence[Note]) -> bytes:
    """A Bundle of FHIR R4: the documents of an encounter with all that they refer to."""
    encounter = group[0].encounter or f"V{group[0].id}"
    codes = tuple(dict.fromkeys(code for note in group for code in note.codes))
    resources: list[dict[str, Any]] = [{"resourceType": "Patient", "id": f"P{group[0].id}"}, _visit(group[0], encounter, codes)]
    resources += [_condition(encounter, code) for code in codes]
    resources += [_document(note, encounter) for note in group]
    entries = [{"fullUrl": f"https://invented.example/{each['resourceType']}/{each['id']}", "resource": each} for each in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, ensure_ascii=False, indent=1).encode()


def _visit(note: Note, encounter: str, codes: Sequence[str]) -> dict[str, Any]:
    kind = {"inpatient": "IMP", "outpatient": "AMB"}.get(note.setting)
    visit: dict[str, Any] = {"resourceType": "Encounter", "id": encounter, "status": "finished", "period": {"start": _day(note)}}
    if kind:
        visit["class"] = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": kind}
    visit["diagnosis"] = [
        {"condition": {"reference": f"Condition/{_condition_id(encounter, code)}"}, "rank": n} for n, code in enumerate(codes, 1)
    ]
    visit["serviceProvider"] = {"display": note.site}
    return visit


def _day(note: Note) -> str:
    return (note.date_of_service or date(2026, 1, 1)).isoformat()


def _condition_id(encounter: str, code: str) -> str:
    return f"C{encounter}-{code.replace('.', '-')}"


def _condition(encounter: str, code: str) -> dict[str, Any]:
    return {
        "resourceType": "Condition", "id": _condition_id(encounter, code), "encounter": {"reference": f"Encounter/{encounter}"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]},
    }  # fmt: skip


def _document(note: Note, encounter: str) -> dict[str, Any]:
    code, title = _LOINC[note.note_type or "progress note"]
    return {
        "resourceType": "DocumentReference", "id": note.id, "status": "current", "docStatus": "final",
        "type": {"coding": [{"system": "http://loinc.org", "code": code, "display": title}], "text": note.note_type},
        "date": f"{_day(note)}T08:00:00Z", "author": [{"display": note.author}],
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(note.text.encode()).decode()}}],
        "context": {"encounter": [{"reference": f"Encounter/{encounter}"}]},
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------- files of many notes

Add = Callable[[Sequence[Note]], None]
"""Adds the notes of an encounter to a file."""


@contextmanager
def _csv_table(path: Path, encoding: str = "utf-8", delimiter: str = ",") -> Iterator[Add]:
    with ExitStack() as stack:
        raw: Any = stack.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            raw = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))
        text: TextIO = stack.enter_context(io.TextIOWrapper(raw, encoding=encoding, errors="replace", newline=""))
        writer = csv.DictWriter(text, FIELDS, delimiter=delimiter)
        writer.writeheader()
        yield lambda group: writer.writerows(map(cells, group))


@contextmanager
def _json_lines(path: Path, told: Callable[[Sequence[Note]], Iterator[Any]]) -> Iterator[Add]:
    with ExitStack() as stack:
        raw: Any = stack.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            raw = stack.enter_context(gzip.GzipFile("", "wb", 6, raw, mtime=0))

        def add(group: Sequence[Note]) -> None:
            for row in told(group):
                raw.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")

        yield add


def _objects(group: Sequence[Note]) -> Iterator[dict[str, Any]]:
    for note in group:
        yield {field: value for field, value in cells(note).items() if value} | ({"codes": list(note.codes)} if note.codes else {})


def _documents(group: Sequence[Note]) -> Iterator[dict[str, Any]]:
    return (_document(note, note.encounter or f"V{note.id}") for note in group)


def _visits(group: Sequence[Note]) -> Iterator[dict[str, Any]]:
    """What a bulk export has beside its documents: a file of each kind of resource, which holds no note."""
    yield _visit(group[0], group[0].encounter or f"V{group[0].id}", ())


@contextmanager
def _parquet_table(path: Path) -> Iterator[Add]:
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.schema([(field.replace("-", "_"), pyarrow.string()) for field in FIELDS])
    held: list[list[str | None]] = []
    with ParquetWriter(path, schema, compression="zstd") as file:

        def flush() -> None:
            columns = list(zip(*held, strict=True)) or [()] * len(FIELDS)
            file.write_table(pyarrow.table([list(column) for column in columns], schema=schema))
            held.clear()

        def add(group: Sequence[Note]) -> None:
            held.extend([value or None for value in cells(note).values()] for note in group)
            if len(held) >= 1000:
                flush()

        yield add
        flush()


@contextmanager
def _sqlite_table(path: Path) -> Iterator[Add]:
    names = ", ".join(f'"{field.replace("-", "_")}"' for field in FIELDS)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("BEGIN")
        connection.execute(f"CREATE TABLE notes ({names})")
        insert = f"INSERT INTO notes VALUES ({', '.join('?' * len(FIELDS))})"  # noqa: S608

        def add(group: Sequence[Note]) -> None:
            connection.executemany(insert, (tuple(cells(note).values()) for note in group))

        yield add
        connection.execute("COMMIT")


# ---------------------------------------------------------------------------------------------------- the archive


def _text(encoding: str) -> Callable[[Note], bytes]:
    return lambda note: note.text.encode(encoding, "replace")


def _each(write: Callable[[Note], bytes]) -> Callable[[Sequence[Note]], bytes]:
    return lambda group: write(group[0])


TABLES: Mapping[str, tuple[str, Callable[[Path], Any], int]] = {
    "tables/notes.csv": ("csv", _csv_table, 20),
    "tables/notes.tsv": ("tsv", lambda path: _csv_table(path, delimiter="\t"), 4),
    "tables/packed.csv.gz": ("csv, gzip", _csv_table, 8),
    "tables/utf-16.csv": ("csv, UTF-16", lambda path: _csv_table(path, "utf-16"), 3),
    "tables/cp1252.csv": ("csv, cp1252", lambda path: _csv_table(path, "cp1252"), 3),
    "tables/notes.jsonl": ("jsonl", lambda path: _json_lines(path, _objects), 20),
    "tables/packed.jsonl.gz": ("jsonl, gzip", lambda path: _json_lines(path, _objects), 8),
    "tables/notes.parquet": ("parquet", _parquet_table, 30),
    "tables/notes.sqlite": ("sqlite", _sqlite_table, 12),
    "bulk/DocumentReference.ndjson": ("fhir ndjson", lambda path: _json_lines(path, _documents), 20),
}
"""{file: (its format, what writes it, how many of so many encounters it takes)}."""
BESIDE = "bulk/Encounter.ndjson"
"""The encounters of the documents of a bulk export."""
DOCUMENTS: Mapping[str, tuple[str, Callable[[Sequence[Note]], bytes], bool]] = {
    "txt": (".txt", _each(_text("utf-8")), False),
    "txt, UTF-8 with mark": (".txt", _each(_text("utf-8-sig")), False),
    "txt, UTF-16": (".txt", _each(_text("utf-16")), False),
    "txt, cp1252": (".txt", _each(_text("cp1252")), False),
    "txt, gzip": (".txt.gz", _each(lambda note: gzip.compress(note.text.encode(), 6, mtime=0)), False),
    "md": (".md", _each(markdown), False),
    "rtf": (".rtf", _each(rtf), False),
    "docx": (".docx", _each(docx), False),
    "pdf": (".pdf", _each(pdf), False),
    "cda": (".xml", _each(cda), False),
    "hl7 mdm": (".hl7", mdm, True),
    "hl7 oru": (".hl7", oru, True),
    "fhir bundle": (".json", bundle, True),
}
"""{format: (ending, what writes it, whether a file holds the notes of a whole encounter)}."""
_OF_EACH = 200
"""So many encounters of each format of documents at most; and of a small archive, no more than one in a hundred."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of the archive, as the manifest tells it."""

    path: str
    format: str
    notes: int
    corrupt: str | None = None


def write(folder: Path, number: int, seed: int) -> list[File]:
    """Write so many notes into a new folder; its files. Each format gets some of them, and those of one encounter stand together."""
    found: list[File] = []
    counts: Counter[str] = Counter()
    rng = random.Random(f"{seed} files")  # noqa: S311
    with ExitStack() as stack:
        adds: dict[str, Add] = {}
        for name, (_, open_, _) in TABLES.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            adds[name] = stack.enter_context(open_(folder / name))
        beside: Add = stack.enter_context(_json_lines(folder / BESIDE, _visits))
        for name, group in _placed(_cut(encounters(seed), number), rng, number):
            if name in adds:
                adds[name](group)
                counts[name] += len(group)
                if name.endswith(".ndjson"):
                    beside(group)
            else:
                found += _write_documents(folder, name, group)
    found += [File(name, TABLES[name][0], counts[name]) for name in TABLES]
    found.append(File(BESIDE, "fhir ndjson", 0))
    return found


def _placed(groups: Iterator[tuple[Note, ...]], rng: random.Random, number: int) -> Iterator[tuple[str, tuple[Note, ...]]]:
    """(table or format of documents, encounter) of each encounter."""
    first = [*TABLES, *DOCUMENTS]
    left = Counter(dict.fromkeys(DOCUMENTS, min(_OF_EACH, max(number // 100, 1))))
    # Spread over the whole archive, of which about two in three notes begin no encounter.
    often = 3 * sum(left.values()) / max(number, 1)
    weights = [weight for _, _, weight in TABLES.values()]
    for group in groups:
        name = first.pop(0) if first else rng.choice(list(DOCUMENTS)) if rng.random() < often else rng.choices(list(TABLES), weights)[0]
        if name in DOCUMENTS and not left[name]:
            name = rng.choices(list(TABLES), weights)[0]
        if name in DOCUMENTS:
            left[name] -= 1
        yield name, group


def _write_documents(folder: Path, name: str, group: Sequence[Note]) -> Iterator[File]:
    ending, written, whole = DOCUMENTS[name]
    for part in (group,) if whole else [(note,) for note in group]:
        path = f"documents/{name.split(',')[0].replace(' ', '-')}/{part[0].id}{ending}"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(written(part))
        yield File(path, name, len(part))


# ---------------------------------------------------------------------------------------------------- what can not be read

_BOMB = 512 * 2**20
_LONG = 100 * 2**20
_PIECE = 2**20
_BEHIND_ID = 200
"""A note that is cut short is so this many bytes behind its id."""


def _truncated(write_: Callable[[Note], bytes]) -> Callable[[Path, Note], None]:
    def damaged(path: Path, note: Note) -> None:
        content = write_(note)
        path.write_bytes(content[: len(content) * 3 // 5])

    return damaged


def _cut_short(open_: Callable[[Path], Any]) -> Callable[[Path, Note], None]:
    """A table of a hundred notes, which ends in the midst of one."""

    def damaged(path: Path, note: Note) -> None:
        with open_(path) as add:
            add([replace(note, id=f"{note.id}-{n}", encounter=None) for n in range(100)])
        content = path.read_bytes()
        begins = content[: len(content) * 3 // 5].rfind(str(note.id).encode())
        path.write_bytes(content[: max(begins, 0) + _BEHIND_ID])

    return damaged


def _holding(content: bytes | Callable[[Note], bytes]) -> Callable[[Path, Note], None]:
    return lambda path, note: (path.write_bytes(content if isinstance(content, bytes) else content(note)), None)[1]


def _zip_bomb(path: Path, note: Note) -> None:
    del note
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, part in _DOCX.items():
            file.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), _XML + part)
        info = zipfile.ZipInfo("word/document.xml", (2026, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        with file.open(info, "w", force_zip64=True) as part_:
            _pieces(part_)


def _gzip_bomb(path: Path, note: Note) -> None:
    del note
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, mtime=0) as file:
        _pieces(file)


def _pieces(file: Any) -> None:
    for _ in range(_BOMB // _PIECE):
        file.write(b" " * _PIECE)


def _entities(note: Note) -> bytes:
    """A document that grows a billionfold as its entities are resolved."""
    grown = "".join(f'<!ENTITY a{n} "{10 * (f"&a{n - 1};")}">' for n in range(1, 10))
    return (
        cda(note)
        .replace(b"<ClinicalDocument", f'<!DOCTYPE x [<!ENTITY a0 "word ">{grown}]><ClinicalDocument'.encode(), 1)
        .replace(b"</paragraph>", b"&a9;</paragraph>", 1)
    )


def _outside(note: Note) -> bytes:
    """A document that names a file of the machine as its entity."""
    return (
        cda(note)
        .replace(b"<ClinicalDocument", b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><ClinicalDocument', 1)
        .replace(b"</paragraph>", b"&a;</paragraph>", 1)
    )


def _long_line(path: Path, note: Note) -> None:
    """A line of 100 MB between two notes."""
    row = json.dumps({"id": note.id, "text": note.text}).encode() + b"\n"
    with path.open("wb") as file:
        file.write(row + b'{"id": "long", "text": "')
        for _ in range(_LONG // _PIECE):
            file.write(b"word " * (_PIECE // 5))
        file.write(b'"}\n' + row.replace(b'"id": "', b'"id": "after-', 1))


def _spoilt(note: Note) -> bytes:
    """Three lines of JSON, of which the second is not UTF-8."""
    rows = [json.dumps({"id": f"{note.id}-{n}", "text": f"caf\xe9 {note.text}"}, ensure_ascii=False) for n in range(3)]
    return b"\n".join(row.encode("cp1252" if n == 1 else "utf-8", "replace") for n, row in enumerate(rows)) + b"\n"


CORRUPT: Mapping[str, tuple[str, int, Callable[[Path, Note], None]]] = {
    "truncated.docx": ("cut short", 0, _truncated(docx)),
    "truncated.pdf": ("cut short", 0, _truncated(pdf)),
    "truncated.xml": ("cut short", 0, _truncated(cda)),
    "truncated.json": ("cut short", 0, _truncated(lambda note: bundle([note]))),
    "truncated.txt.gz": ("cut short", 0, _truncated(lambda note: gzip.compress(note.text.encode(), 6, mtime=0))),
    "truncated.parquet": ("cut short", 0, _cut_short(_parquet_table)),
    "truncated.sqlite": ("cut short", 0, _cut_short(_sqlite_table)),
    "truncated.csv": ("cut short", 59, _cut_short(_csv_table)),
    "truncated.jsonl": ("cut short", 59, _cut_short(lambda path: _json_lines(path, _objects))),
    "other-encoding.jsonl": ("a line is not UTF-8", 3, _holding(_spoilt)),
    "other-encoding.xml": ("is UTF-16 and says UTF-8", 1, _holding(lambda note: cda(note).decode().encode("utf-16-le"))),
    "bytes.txt": ("no text", 0, _holding(bytes(range(256)) * 64)),
    "bomb.docx": ("unpacks to 512 MB", 0, _zip_bomb),
    "bomb.txt.gz": ("unpacks to 512 MB", 0, _gzip_bomb),
    "bomb.xml": ("entities that grow a billionfold", 0, _holding(_entities)),
    "outside.xml": ("an entity outside of the file", 0, _holding(_outside)),
    "long-line.jsonl": ("a line of 100 MB between two notes", 2, _long_line),
    "empty.txt": ("empty", 0, _holding(b"")),
    "empty.docx": ("empty", 0, _holding(b"")),
    "empty.csv": ("empty", 0, _holding(b"")),
    "blank.txt": ("blanks alone", 0, _holding(b" \r\n\t\n" * 20)),
    "pdf-named.txt": ("a PDF by another name", 1, _holding(pdf)),
    "text-named.docx": ("a text by another name", 1, _holding(lambda note: note.text.encode())),
    "jsonl-named.csv": ("JSON Lines by another name", 1, _holding(lambda note: json.dumps({"text": note.text}).encode() + b"\n")),
    "no-message.hl7": ("HL7 without its first segment", 0, _holding(lambda note: mdm([note]).partition(b"\r")[2])),
}
"""{file: (what is wrong with it, how many notes stand whole in it, what writes it)}."""


def write_corrupt(folder: Path, seed: int) -> list[File]:
    """Write the files that can not be read, or only in part, into `corrupt`."""
    (folder / "corrupt").mkdir(parents=True, exist_ok=True)
    for (name, (_, _, written)), note in zip(CORRUPT.items(), notes(seed, len(CORRUPT)), strict=True):
        written(folder / "corrupt" / name, replace(note, id=f"X{note.id}", encounter=None))
    return [File(f"corrupt/{name}", name.partition(".")[2], readable, why) for name, (why, readable, _) in CORRUPT.items()]


# ---------------------------------------------------------------------------------------------------- what is missing


def place_of(folder: Path) -> Path:
    """Where the manifest of an archive lies: beside it, so that it is no file of it."""
    return folder.with_name(f"{folder.name}.manifest.json")


def missing(manifest: Mapping[str, Any], folder: Path, sources: Mapping[str, Sequence[str]]) -> list[str]:
    """What an audit of the archive lacks, a line each. `sources`: those of its tables `notes` and `errors`."""
    told = {table: Counter(_file_of(source, folder) for source in each) for table, each in sources.items()}
    lines = []
    for file in manifest["files"]:
        read, failed = told["notes"][file["path"]], told["errors"][file["path"]]
        if file["corrupt"]:
            if not read and not failed:
                lines.append(f"{file['path']} ({file['corrupt']}): nothing is told of it")
        elif read != file["notes"] or failed > (not file["notes"]):
            # Of a file without notes an audit tells that it holds none.
            lines.append(f"{file['path']}: {read:,} of {file['notes']:,} notes and {failed:,} errors")
    known = {file["path"] for file in manifest["files"]}
    return lines + [f"{path}: is no file of the archive" for path in sorted({*told["notes"], *told["errors"]} - known)]


def _file_of(source: str, folder: Path) -> str:
    """The file of a source, from the folder of the archive on. No file of an archive has a mark of a place in its name."""
    return re.split(r"[#:]| \(", source.removeprefix(f"{folder}/"))[0]


def _sources(run: Path) -> dict[str, list[str]]:
    from pyarrow.parquet import read_table

    return {table: read_table(run / f"{table}.parquet", columns=["source"])["source"].to_pylist() for table in ("notes", "errors")}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--notes", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--corrupt", action="store_true", help="with files that can not be read, or only in part")
    parser.add_argument("--check", type=Path, metavar="AUDIT", help="write nothing; tell what an audit of the archive lacks")
    options = parser.parse_args()
    if options.check:
        lacking = missing(json.loads(place_of(options.folder).read_text(encoding="utf-8")), options.folder, _sources(options.check))
        sys.exit("\n".join(lacking) or None)
    if options.folder.exists() and any(options.folder.iterdir()):
        sys.exit(f"{options.folder}: is not empty")
    files = write(options.folder, options.notes, options.seed)
    if options.corrupt:
        files += write_corrupt(options.folder, options.seed)
    listed = [
        {"path": file.path, "format": file.format, "notes": file.notes, "corrupt": file.corrupt}
        for file in sorted(files, key=lambda file: file.path)
    ]
    whole = sum(file.notes for file in files if not file.corrupt)
    manifest = {"schema": SCHEMA, "seed": options.seed, "notes": whole, "files": listed}
    place_of(options.folder).write_text(json.dumps(manifest, indent=0) + "\n", encoding="utf-8")
    print(f"{whole:,} notes in {len(listed):,} files")  # noqa: T201


if __name__ == "__main__":
    main()
