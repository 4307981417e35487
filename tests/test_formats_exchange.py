"""CDA, HL7 messages and FHIR: the text as its author wrote it, what the format tells of it, and one clear line for what can not be read."""

import base64
import json
import logging
import re
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn
from xml.sax.saxutils import escape as xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notelint.errors import InputError
from notelint.formats import cda, fhir, hl7, notes_of
from notelint.formats.facts import codes_of, day_of, filled, line_of, told_apart
from notelint.formats.narrative import text_of_page
from notelint.formats.settings import SETTINGS
from notelint.note import Note
from notelint.report import Failure

Reads = Callable[[bytes, str], Iterator[Note | Failure]]

DAY = date(2026, 4, 14)
SECRET = "Zyxwvut Kjihgfe"
"""Words of a note that no message of notelint holds of itself."""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("network")

    for name in ("connect", "connect_ex", "bind"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def one(found: Iterable[Note | Failure]) -> Note:
    (note,) = found
    assert isinstance(note, Note), note
    return note


def told(reads: Reads, content: bytes, name: str) -> list[Note | Failure] | str:
    """What is found in a file, or why it can not be read."""
    try:
        return list(reads(content, name))
    except InputError as error:
        return str(error)


def refusal(reads: Reads, content: bytes, name: str = "a.bin") -> str:
    """The only thing said of a file that holds no note that can be read."""
    found = told(reads, content, name)
    if isinstance(found, str):
        return found
    (failure,) = found
    assert isinstance(failure, Failure)
    assert failure.path == name
    return failure.message


# ------------------------------------------------------------------------------------------------ facts


def test_days() -> None:
    for written in ("2026-04-14", "20260414", "2026-04-14T23:59:00-05:00", "202604142359+0200", " 20260414 "):
        assert day_of(written) == DAY, written
    for written in (
        "",
        "2026",
        "2026-04",
        "202604",
        "202604-0500",
        "2026-0414",
        "20260230",
        "14.04.2026",
        "٢٠٢٦-٠٤-١٤",
        None,
        20260414,
        ["2026-04-14"],
    ):
        assert day_of(written) is None, written


def test_facts_are_one_line() -> None:
    assert line_of(" Discharge\r\n\tsummary\u00a0 ") == "Discharge summary"
    assert line_of("a\x00b\ud800\u200b") == "a\\x00b\\ud800\\u200b"
    assert [line_of(each) for each in ("", " \n", None, 7, ["a"])] == [None] * 5


def test_what_stands_in_the_place_of_a_code_and_is_none() -> None:
    assert codes_of(["M45.7", " m457 ", "M45.7", "", "Ankylosing spondylitis", None, 7, "M45.7-", "B95.61"]) == ("M45.7", "m457", "B95.61")


def test_notes_of_one_id_are_told_apart() -> None:
    found = told_apart([Note("a", "1"), Note("b", "1"), Failure(path="x", message="y"), Note("c", "1-2"), Note("d", "1")])
    assert [each.id for each in found if isinstance(each, Note)] == ["1", "1-2", "1-2-2", "1-3"]
    many = [each.id for each in told_apart(Note("a", "1") for _ in range(20_000)) if isinstance(each, Note)]
    assert len(set(many)) == 20_000


def test_the_outer_document_outranks_the_inner_one() -> None:
    inner = Note("a", "i", "p", ("M45.7",), "inpatient", DAY, "consult", "e1", "Ann Example", "Physician", "Ward")
    assert filled(Note("a", "o", "q"), inner) == Note(
        "a", "o", "q", ("M45.7",), "inpatient", DAY, "consult", "e1", "Ann Example", "Physician", "Ward"
    )
    outer = Note("a", "o", "q", ("M46.46",), "outpatient", date(2026, 1, 1), "letter", "e2", "Bob Other", None, "Clinic")
    assert filled(outer, inner) == outer
    assert filled(outer, None) == outer


def test_settings_have_no_word_for_what_fits_both() -> None:
    assert {word: SETTINGS[word] for word in ("imp", "i", "ip", "amb", "o", "e", "r", "emer", "obsenc", "vr")} == {
        "imp": "inpatient", "i": "inpatient", "ip": "inpatient", "amb": "outpatient", "o": "outpatient", "e": "outpatient", "r": "outpatient",
        "emer": "outpatient", "obsenc": "outpatient", "vr": "outpatient",
    }  # fmt: skip
    assert not {"p", "b", "c", "n", "u", "ss", "prenc", ""} & set(SETTINGS)
    assert all(word == word.lower().strip() for word in SETTINGS)


# ------------------------------------------------------------------------------------------------ narrative

NARRATIVES = [
    ("Nightly pain.", "Nightly pain."),
    ("  Nightly\n      pain,\tstiff ", "Nightly pain, stiff"),
    ("a\u00a0 \u00a0b", "a\u00a0 \u00a0b"),
    ("<p>One</p><p>Two</p>", "One\nTwo"),
    ("<p>One</p>\n   <p> </p>\n<p>Two</p>", "One\nTwo"),
    ("before<p>One</p>after", "before\nOne\nafter"),
    ("One<br/>Two<br/><br/>Three<br/>", "One\nTwo\n\nThree"),
    ("<p>One<br/></p><br/><p>Two</p>", "One\n\nTwo"),
    ("<br/><p>One</p><br/>", "One"),
    ("HLA-<b>B</b>27 <i><u>posi</u>tive</i>.", "HLA-B27 positive."),
    ("a <b> b </b> c<i> </i> d", "a b c d"),
    ("L4<sup>5</sup>, CO<sub>2</sub>", "L45, CO2"),
    ("5 &lt; 6 &amp; 7 &#x1F600;", "5 < 6 & 7 \U0001f600"),
    ("<!-- hidden -->One<!-- two --> line<?skip this?>", "One line"),
    ("<ul><li>One</li><li> Two <b>b</b></li><li/></ul>", "- One\n- Two b"),
    ("<p>Has:<ul><li>One</li></ul>and more</p>", "Has:\n- One\nand more"),
    (
        "<ul><li>One<ul><li>In</li><li>Deep<ol><li>Down</li></ol></li></ul></li><li>Two</li></ul>",
        "- One\n  - In\n  - Deep\n    - Down\n- Two",
    ),
    ("<ul><li><ul><li>In</li></ul></li></ul>", "- - In"),
    ("<ul><li>One<br/>and on<br/><br/>end</li></ul>", "- One\n  and on\n  end"),
    ("<ul><li>One<ul><li/></ul></li><li>Two</li></ul>", "- One\n- Two"),
    ("<ol><li><p>One</p><p>more</p></li></ol>", "- One\n  more"),
    ("<table><tr><th>Test</th><th>Value</th></tr><tr><td>CRP</td><td>12 mg/L</td></tr></table>", "Test | Value\nCRP | 12 mg/L"),
    ("<table><tr><td>a</td><td/><td>c</td></tr><tr><td> </td><td/></tr></table>", "a |  | c"),
    (
        "<table><caption>Labs</caption><col/><thead><tr><th>Test</th></tr></thead><tfoot><tr><td>foot</td></tr></tfoot>"
        "<tbody><tr><td>CRP</td></tr></tbody></table>",
        "Labs\nTest\nCRP\nfoot",
    ),
    ("<table><tr><td>One<br/>Two</td><td><ul><li>a</li><li>b</li></ul></td></tr></table>", "One; Two | - a; - b"),
    ("<table><tr><td><table><tr><td>in</td><td>ner</td></tr></table></td><td>b</td></tr></table>", "in | ner | b"),
    ("x<table><tr><td>a</td></tr></table>y", "x\na\ny"),
    ("<pre>Line one\n  B27   pos\n\nend</pre>after", "Line one\nB27   pos\n\nend\nafter"),
    ("<h1>Exam</h1>Stiff.<hr/>Pain.", "Exam\nStiff.\nPain."),
    ("<style>p {color: red}</style><script>x()</script>One", "One"),
    ("<a href='http://example.org/x'>Link</a><img src='file:///etc/passwd' alt='x'/>", "Link"),
    ("<dl><dt>Pain</dt><dd>Nightly</dd></dl>", "Pain\nNightly"),
    ("", ""),
    (" <p/> ", ""),
]


@pytest.mark.parametrize(("markup", "text"), NARRATIVES)
def test_marked_up_text_as_lines(markup: str, text: str) -> None:
    assert text_of_page(f'<div xmlns="http://www.w3.org/1999/xhtml">{markup}</div>', "a.json") == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<div>No&nbsp;pain &eacute; &lt;5</div>", "No\u00a0pain \u00e9 <5"),
        ("<div><p>One<p>Two", "One\nTwo"),
        ("just text", "just text"),
        ("<div>a < b & c</div>", "a < b & c"),
        ("<ul><li>One<li>Two</ul>", "- One\n- Two"),
        ("<!DOCTYPE html><html><head><title>x</title></head><body><P>One<BR>Two</P></body></html>", "One\nTwo"),
        ("<div>Kreuzschmerz \u2013 n\u00e4chtlich</p></div>", "Kreuzschmerz \u2013 n\u00e4chtlich"),
    ],
)
def test_html_that_is_not_well_formed(markup: str, text: str) -> None:
    assert text_of_page(markup, "a.json") == text


def test_entities_of_a_page_are_refused() -> None:
    with pytest.raises(InputError, match=r"^a\.json: has a DOCTYPE, which is refused$"):
        text_of_page(f'<!DOCTYPE div [<!ENTITY e "{SECRET}">]><div>&e;</div>', "a.json")


@pytest.mark.parametrize("tag", ["b", "div", "ul><li", "table><tr><td"])
def test_nesting_is_read_or_refused(tag: str) -> None:
    def nested(depth: int, ends: str) -> str:
        return "".join(f"<{each}>" for each in tag.split("><")) * depth + "inside" + ends * depth

    ends = "".join(f"</{each}>" for each in reversed(tag.split("><")))
    assert text_of_page(nested(60, ends), "a.json").endswith("inside")
    assert text_of_page(nested(60, ""), "a.json").endswith("inside")
    for page in (nested(5_000, ends), nested(5_000, "")):
        with pytest.raises(InputError, match=r"^a\.json: nested too deeply, or too long a text$"):
            text_of_page(page, "a.json")


# ------------------------------------------------------------------------------------------------ CDA

ICD = "2.16.840.1.113883.6.90"
SNOMED = "2.16.840.1.113883.6.96"
HEAD = '<id root="1.2.3" extension="d7"/><code code="18842-5" codeSystem="2.16.840.1.113883.6.1" displayName="Discharge summary"/><title>Summary</title>'


def document(body: str, head: str = HEAD) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet type="text/xsl" href="http://example.org/CDA.xsl"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sdtc="urn:hl7-org:sdtc" '
        f'xsi:schemaLocation="urn:hl7-org:v3 http://example.org/CDA.xsd">{head}{body}</ClinicalDocument>'
    ).encode()


def body(*sections: str) -> str:
    return f"<component><structuredBody>{''.join(f'<component>{each}</component>' for each in sections)}</structuredBody></component>"


def section(title: str | None, text: str | None, *entries: str, code: str = "", inner: Iterable[str] = ()) -> str:
    return (
        "<section>"
        + (f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1" displayName="Named by code"/>' if code else "")
        + (f"<title>{title}</title>" if title is not None else "")
        + (f"<text>{text}</text>" if text is not None else "")
        + "".join(f"<entry>{entry}</entry>" for entry in entries)
        + "".join(f"<component>{each}</component>" for each in inner)
        + "</section>"
    )


def observed(value: str, more: str = "", attributes: str = 'moodCode="EVN"') -> str:
    return f'<observation classCode="OBS" {attributes}>{more}<code code="29308-4"/>{value}</observation>'


def coded(code: str, system: str = ICD, inner: str = "", attributes: str = "") -> str:
    return f'<value xsi:type="CD" code="{code}" codeSystem="{system}" {attributes}>{inner}</value>'


def concern(value: str, **more: str) -> str:
    return f'<act classCode="ACT" moodCode="EVN"><entryRelationship typeCode="SUBJ">{observed(value, **more)}</entryRelationship></act>'


def read_cda(content: bytes) -> Note:
    return one(cda.notes(content, "in/a.xml"))


def cda_codes(*sections: str) -> tuple[str, ...]:
    return read_cda(document(body(section("Text", "x"), *sections))).codes


def test_a_discharge_summary() -> None:
    head = (
        f"{HEAD}"
        '<effectiveTime value="20260420101500-0500"/>'
        '<author><time value="20260420"/><assignedAuthor><code code="207R" displayName="Resident"/><assignedPerson><name><given>Ron</given>'
        "<family>Resident</family></name></assignedPerson></assignedAuthor></author>"
        "<custodian><assignedCustodian><representedCustodianOrganization><name>Example Health</name></representedCustodianOrganization>"
        "</assignedCustodian></custodian>"
        '<legalAuthenticator><assignedEntity><code displayName="Attending physician"/><assignedPerson><name><prefix>Dr.</prefix><given>Ann</given>'
        "<given>B.</given><family>Example</family><suffix>MD</suffix></name></assignedPerson></assignedEntity></legalAuthenticator>"
        '<documentationOf><serviceEvent><effectiveTime><low value="20260401"/></effectiveTime></serviceEvent></documentationOf>'
        '<componentOf><encompassingEncounter><id root="9.8" extension="e1"/><code code="IMP" codeSystem="2.16.840.1.113883.5.4"/>'
        '<effectiveTime><low value="20260414"/><high value="20260420"/></effectiveTime>'
        "<location><healthCareFacility><location><name>Ward\n 7B</name></location></healthCareFacility></location>"
        "</encompassingEncounter></componentOf>"
    )
    text = (
        "<paragraph>Ankylosing spondylitis of the <content styleCode='Bold' ID='d1'>lumbar spine</content>.</paragraph>"
        "<list listType='ordered'><caption>Plan</caption><item>NSAID</item><item>MRI</item></list>"
    )
    labs = "<table><thead><tr><th>Test</th><th>Result</th></tr></thead><tbody><tr><td>HLA-B27</td><td>positive</td></tr></tbody></table>"
    found = list(
        cda.notes(
            document(
                body(
                    section("Assessment:", text, concern(coded("M45.6", inner="<originalText><reference value='#d1'/></originalText>"))),
                    section(
                        "Results", labs, inner=[section("Imaging", "No erosions.<footnote>read twice</footnote>"), section("Empty", " ")]
                    ),
                    section("Nothing at all", None),
                    section(None, "Coded header only.", code="8716-3"),
                ),
                head,
            ),
            "in/a.xml",
        )
    )
    assert found == [
        Note(
            "Assessment:\nAnkylosing spondylitis of the lumbar spine.\nPlan\n- NSAID\n- MRI\n\n"
            "Results:\nTest | Result\nHLA-B27 | positive\n\n"
            "Imaging:\nNo erosions. [read twice]\n\n"
            "Named by code:\nCoded header only.",
            "1.2.3^d7", "in/a.xml", ("M45.6",), "inpatient", DAY, "Discharge summary", "9.8^e1", "Ann B. Example", "Attending physician", "Ward 7B",
        )
    ]  # fmt: skip


def test_a_document_that_tells_nothing_of_itself() -> None:
    assert read_cda(document(body(section(None, "Stiff back.")), "")) == Note("Stiff back.", "a", "in/a.xml")


def test_the_narrative_elements_of_cda() -> None:
    text = (
        "Before <content revised='delete'>wrong side </content><content revised='insert'>right side</content>"
        "<paragraph><caption>Knee</caption>swollen</paragraph><linkHtml href='http://example.org'>see</linkHtml>"
        "<renderMultiMedia referencedObject='MM1'><caption>Figure</caption></renderMultiMedia>"
        "<list><item><caption>First</caption>one</item><item><list><item>two</item></list></item></list>"
    )
    assert read_cda(document(body(section("T", text)))).text == (
        "T:\nBefore right side\nKnee\nswollen\nsee\nFigure\n- First\n  one\n- - two"
    )


def test_text_is_not_doubled_by_entries() -> None:
    entry = observed(coded("M45.7"), more="<text>Stiff back.</text>")
    assert read_cda(document(body(section("T", "Stiff back.", entry)))).text == "T:\nStiff back."


def test_a_header_stays_over_the_sections_within() -> None:
    assert read_cda(document(body(section("Outer", None, inner=[section("Inner", "x")])))).text == "Outer:\n\nInner:\nx"


def test_codes_in_document_order_each_once() -> None:
    assert cda_codes(
        section("Encounter", None, concern(coded("M46.46")), concern(coded("B95.61"))),
        section("Problems", None, concern(coded("M46.46")), concern(coded("E11.9")), code="11450-4"),
    ) == ("M46.46", "B95.61", "E11.9")


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        (coded("9631008", SNOMED, f'<translation code="M45.7" codeSystem="{ICD}"/>'), ("M45.7",)),
        (f'<value nullFlavor="OTH"><translation code="M46.46" codeSystem="{ICD}"/><translation code="B95.61" codeSystem="{ICD}"/></value>', ("M46.46", "B95.61")),
        (f'<value nullFlavor="UNK"><translation nullFlavor="UNK" code="M46.46" codeSystem="{ICD}"/></value>', ()),
        (coded("M45.7", attributes='nullFlavor="NI"'), ()),
        (coded("M45.7", "2.16.840.1.113883.6.3"), ()),
        (coded("720.0", "2.16.840.1.113883.6.103"), ()),
        (coded("9631008", SNOMED), ()),
        ("<value/>", ()),
        (coded("Ankylosing spondylitis"), ()),
    ],
)  # fmt: skip
def test_which_code_of_a_value_counts(value: str, codes: tuple[str, ...]) -> None:
    assert cda_codes(section("Problems", None, concern(value))) == codes


DENIED = {
    "negated": concern(coded("M45.7"), attributes='moodCode="EVN" negationInd="true"'),
    "negated as a number": concern(coded("M45.7"), attributes='moodCode="EVN" negationInd="1"'),
    "negated around it": f'<act negationInd="true"><entryRelationship>{observed(coded("M45.7"))}</entryRelationship></act>',
    "intended": concern(coded("M45.7"), attributes='moodCode="INT"'),
    "an indication": concern(coded("M45.7"), more='<templateId root="2.16.840.1.113883.10.20.22.4.19"/>'),
    "of a relative": f"<organizer><subject><relatedSubject/></subject><component>{observed(coded('M45.7'))}</component></organizer>",
}


@pytest.mark.parametrize("entry", DENIED.values(), ids=DENIED.keys())
def test_codes_that_are_not_the_patients_now(entry: str) -> None:
    assert cda_codes(section("Problems", None, entry, concern(coded("M46.46")))) == ("M46.46",)


def test_what_is_not_negated_though_it_says_so() -> None:
    assert cda_codes(section("T", None, concern(coded("M45.7"), attributes='negationInd="false"'))) == ("M45.7",)


@pytest.mark.parametrize("code", ["10157-6", "11348-0"])
def test_the_past_and_the_family_have_no_codes_of_the_encounter(code: str) -> None:
    assert cda_codes(section("History", None, concern(coded("M45.7")), code=code)) == ()


@pytest.mark.parametrize(
    ("time", "code", "codes"),
    [
        ('<effectiveTime><low value="2020"/><high value="2021"/></effectiveTime>', "11450-4", ()),
        ('<effectiveTime><low value="2020"/><high nullFlavor="UNK"/></effectiveTime>', "11450-4", ()),
        ('<effectiveTime><low value="2020"/><high nullFlavor="NA"/></effectiveTime>', "11450-4", ("M45.7",)),
        ('<effectiveTime><low value="2020"/></effectiveTime>', "11450-4", ("M45.7",)),
        ('<effectiveTime><low value="2020"/><high value="2021"/></effectiveTime>', "46240-8", ("M45.7",)),
    ],
)
def test_problems_that_are_over(time: str, code: str, codes: tuple[str, ...]) -> None:
    assert cda_codes(section("Problems", None, concern(coded("M45.7"), more=time), code=code)) == codes


def visit(inner: str) -> str:
    return f"<componentOf><encompassingEncounter>{inner}</encompassingEncounter></componentOf>"


def facility(code: str, system: str) -> str:
    return visit(f'<location><healthCareFacility><code code="{code}" codeSystem="{system}"/></healthCareFacility></location>')


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        *((visit(f'<code code="{code}" codeSystem="2.16.840.1.113883.5.4"/>'), "inpatient") for code in ("IMP", "ACUTE", "NONAC")),
        *(
            (visit(f'<code code="{code}" codeSystem="2.16.840.1.113883.5.4"/>'), "outpatient")
            for code in ("AMB", "HH", "VR", "EMER", "OBSENC")
        ),
        (visit('<code code="SS" codeSystem="2.16.840.1.113883.5.4"/>'), "unknown"),
        (visit('<code code="AMB"/>'), "outpatient"),
        (visit('<code nullFlavor="UNK"/>'), "unknown"),
        (visit('<code code="I" codeSystem="2.16.840.1.113883.6.12"/>'), "unknown"),
        (
            visit(
                '<code code="99213" codeSystem="2.16.840.1.113883.6.12"><translation code="AMB" codeSystem="2.16.840.1.113883.5.4"/></code>'
            ),
            "outpatient",
        ),
        (facility("21", "2.16.840.1.113883.6.50"), "inpatient"),
        (facility("11", "2.16.840.1.113883.6.50"), "outpatient"),
        (facility("11", "1.2.3"), "unknown"),
        (facility("ER", "2.16.840.1.113883.5.111"), "outpatient"),
        (facility("HOSP", "2.16.840.1.113883.5.111"), "unknown"),
        ("", "unknown"),
    ],
)
def test_settings_of_cda(head: str, expected: str) -> None:
    assert read_cda(document(body(section("T", "x")), head)).setting == expected


SERVICE = "<documentationOf><serviceEvent><effectiveTime>{}</effectiveTime></serviceEvent></documentationOf>"


@pytest.mark.parametrize(
    ("head", "day"),
    [
        (visit('<effectiveTime><low value="202604142200"/></effectiveTime>'), DAY),
        (visit('<effectiveTime value="20260414"/>'), DAY),
        (visit('<effectiveTime nullFlavor="UNK"/>') + SERVICE.format('<low value="20260414"/>'), DAY),
        (visit('<effectiveTime value="202604"/>') + '<effectiveTime value="20260414"/>', DAY),
        (SERVICE.format("") + SERVICE.format('<low value="20260414"/>') + '<effectiveTime value="20260501"/>', DAY),
        ('<effectiveTime value="20260414093000+0000"/>', DAY),
        ('<effectiveTime value="2026"/>', None),
        ('<effectiveTime value="20260231"/>', None),
    ],
)
def test_dates_of_cda(head: str, day: date | None) -> None:
    assert read_cda(document(body(section("T", "x")), head)).date_of_service == day


AUTHOR = "<author><assignedAuthor>{}<assignedPerson><name>{}</name></assignedPerson></assignedAuthor></author>"
SIGNED = "<legalAuthenticator><assignedEntity>{}<assignedPerson><name>{}</name></assignedPerson></assignedEntity></legalAuthenticator>"
ROLE = '<code code="1" displayName="Physician"/>'


@pytest.mark.parametrize(
    ("head", "author", "role"),
    [
        (AUTHOR.format(ROLE, "Ann\n Example"), "Ann Example", "Physician"),
        (AUTHOR.format("", "<family>Example</family><given>Ann</given>"), "Ann Example", None),
        (AUTHOR.format(ROLE, "Ann Example") + SIGNED.format("", "<given>Ann</given><family>Example</family>"), "Ann Example", "Physician"),
        (AUTHOR.format(ROLE, "Ann Example") + SIGNED.format("", "Bob Other"), "Bob Other", None),
        (AUTHOR.format(ROLE, "") + AUTHOR.format("", "Bob Other"), "Bob Other", None),
        ("<author><assignedAuthor><assignedAuthoringDevice/></assignedAuthor></author>" + AUTHOR.format(ROLE, "Ann"), "Ann", "Physician"),
    ],
)  # fmt: skip
def test_authors_of_cda(head: str, author: str, role: str | None) -> None:
    note = read_cda(document(body(section("T", "x")), head))
    assert (note.author, note.role) == (author, role)


def test_ids_and_names_that_are_not_told() -> None:
    head = '<id root="1.2.3"/><code code="1"/><title> A\n title </title>' + visit('<id nullFlavor="NI"/>')
    note = read_cda(document(body(section("T", "x")), head))
    assert (note.id, note.note_type, note.encounter) == ("1.2.3", "A title", None)
    assert read_cda(document(body(section("T", "x")), '<id nullFlavor="UNK" root="1.2"/>')).id == "a"


def whole(data: str, attributes: str = "") -> bytes:
    return document(f"<component><nonXMLBody><text {attributes}>{data}</text></nonXMLBody></component>")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (whole("Stiff\n  back &amp; hips."), "Stiff\n  back & hips."),
        (whole("Stiff\n  back.", 'mediaType="text/plain"'), "Stiff\n  back."),
        (whole(b64("Stiff\r\nback \u2013 x"), 'mediaType="text/plain" representation="B64"'), "Stiff\r\nback \u2013 x"),
        (whole(b64("Stiff")[:4] + "\n   " + b64("Stiff")[4:], 'representation="B64"'), "Stiff"),
        (
            whole(b64("n\u00e4chtlich".encode("latin-1")), 'mediaType="text/plain; charset=iso-8859-1" representation="B64"'),
            "n\u00e4chtlich",
        ),
        (whole(b64("<p>Stiff<p>back"), 'mediaType="text/html" representation="B64"'), "Stiff\nback"),
        (whole("&lt;p&gt;Stiff \u2013 back", 'mediaType="text/html"'), "Stiff \u2013 back"),
    ],
)
def test_bodies_without_structure(content: bytes, text: str) -> None:
    note = read_cda(content)
    assert (note.text, note.id, note.note_type) == (text, "1.2.3^d7", "Discharge summary")


BAD_CDA = {
    "empty": (b"", "a.xml: line 1: no XML"),
    "no XML": (f"{SECRET} <".encode(), "a.xml: line 1: no XML"),
    "cut off": (document(body(section("T", f"\n\n{SECRET}")))[:-60], "a.xml: line 5: no XML"),
    "not closed": (document(body(f"<section><{SECRET[:7]}></section>")), "a.xml: line 3: no XML"),
    "a null": (document(body(section("T", f"{SECRET}\0"))), "a.xml: line 3: no XML"),
    "an unknown encoding": (b"<?xml version='1.0' encoding='x-none'?><a/>", "a.xml: line 1: no XML"),
    "not its encoding": (document(body(section("T", SECRET))).replace(b"Zyx", b"\xff\xfe\xff"), "a.xml: line 3: no XML"),
    "another document": (f"<html><body>{SECRET}</body></html>".encode(), "a.xml: no CDA document"),
    "without its namespace": (document(body(section("T", SECRET))).replace(b' xmlns="urn:hl7-org:v3"', b""), "a.xml: no CDA document"),
    "no text": (document(body(section("T", " "), section(None, "<br/>"))), "a.xml: empty note"),
    "no body": (document(""), "a.xml: empty note"),
    "an empty body": (whole(" \n"), "a.xml: empty note"),
    "a text elsewhere": (whole('<reference value="http://example.org/note.pdf"/>', 'mediaType="application/pdf"'), "a.xml: text not inline"),
    "packed": (whole(b64(SECRET), 'representation="B64" compression="GZ"'), "a.xml: text is compressed"),
    "no base64": (whole(SECRET + "!", 'representation="B64"'), "a.xml: attachment is no base64"),
    "cut base64": (whole(b64(SECRET)[:-1], 'representation="B64"'), "a.xml: attachment is no base64"),
    "not its characters": (whole(b64(b"\xff" + SECRET.encode()), 'mediaType="text/plain;charset=utf-8" representation="B64"'), "a.xml: not UTF-8 (byte 1)"),
    "unknown characters": (whole(b64(SECRET), 'mediaType="text/plain;charset=x-none" representation="B64"'), "a.xml: its character set is not known"),
    "nested": (document(body(section("T", "<content>" * 400 + SECRET + "</content>" * 400))), "a.xml: line 3: nested too deeply, or too long a text"),
    "entities": (
        b'<!DOCTYPE a [<!ENTITY b "lol">' + b"".join(b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(1, 9)) + b"]>" + document(""),
        "a.xml: has a DOCTYPE, which is refused",
    ),
    "entities in an attribute": (
        b'<!DOCTYPE a [<!ENTITY e "' + b"x" * 50_000 + b'">]><a b="' + b"&e;" * 50_000 + b'"/>',
        "a.xml: has a DOCTYPE, which is refused",
    ),
    "an external entity": (
        b'<!DOCTYPE ClinicalDocument [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + document(body(section("T", "&e;"))).partition(b"?>")[2].partition(b"?>")[2],
        "a.xml: has a DOCTYPE, which is refused",
    ),
    "an external DTD": (
        b'<!DOCTYPE ClinicalDocument SYSTEM "http://127.0.0.1:9/cda.dtd">' + document(body(section("T", "x"))).partition(b"?>")[2].partition(b"?>")[2],
        "a.xml: has a DOCTYPE, which is refused",
    ),
    "a parameter entity": (
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p.dtd"> %p;]><a/>',
        "a.xml: has a DOCTYPE, which is refused",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD_CDA.values(), ids=BAD_CDA.keys())
def test_cda_that_can_not_be_read(content: bytes, message: str) -> None:
    began = time.perf_counter()
    assert refusal(cda.notes, content, "a.xml") == message
    assert time.perf_counter() - began < 1


def test_a_text_too_long_for_a_note() -> None:
    assert refusal(cda.notes, whole("x" * 10_000_100), "a.xml") == "a.xml: line 3: nested too deeply, or too long a text"


def test_an_error_of_cda_shows_no_words() -> None:
    for content, _ in BAD_CDA.values():
        with pytest.raises(InputError) as caught:
            list(cda.notes(content, "a.xml"))
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        assert not [word for word in SECRET.split() if word in str(caught.value)]


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "windows-1252"])
def test_the_encodings_of_xml(encoding: str) -> None:
    content = document(body(section("T", "n\u00e4chtlich"))).decode().replace("UTF-8", encoding)
    assert read_cda(content.encode(encoding)).text == "T:\nn\u00e4chtlich"


XML_TEXT = st.text(st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Z")) | st.sampled_from(" \n\t<>&]'\""), max_size=60)
BLANKS = re.compile("[ \t\r\n]+")


def as_shown(text: str) -> str:
    return BLANKS.sub(" ", text).strip(" ")


@settings(deadline=None)
@given(st.lists(XML_TEXT, min_size=1, max_size=4))
def test_any_narrative_comes_out(texts: list[str]) -> None:
    marked = "".join(f"<paragraph>{xml(text)}</paragraph>" for text in texts)
    lines = [line for text in texts if (line := as_shown(text))]
    content = document(body(section("T", marked)))
    if "\n".join(lines).strip("\ufeff \t\r\n\0"):
        assert read_cda(content).text == "\n".join(["T:", *lines])
    rows = "".join(f"<tr><td>{xml(text)}</td><td>x</td></tr>" for text in texts)
    assert read_cda(document(body(section("T", f"<table>{rows}</table>")))).text.split("\n")[1:] == [
        f"{as_shown(text)} | x".strip(" ") for text in texts
    ]


@settings(deadline=None)
@given(
    st.binary(max_size=60)
    | st.binary(max_size=30).map(lambda noise: document(body(section("T", "x"))).replace(b"<text>", b"<text>" + noise))
)
def test_any_bytes_as_cda_are_read_or_refused(content: bytes) -> None:
    found = told(cda.notes, content, "a.xml")
    assert re.fullmatch(r"a\.xml: .+", found) if isinstance(found, str) else one(found).text


# ------------------------------------------------------------------------------------------------ HL7

MSH = "MSH|^~\\&|EHR|Example Hospital|||20260415||MDM^T02^MDM_T02|c1|P|2.5.1"
TXA = "TXA|1|DS^Discharge summary|TX|20260413|||||7^Writer^Wilma|||d7^EHR"


def visited(kind: str = "I", number: str = "e1", day: str = "20260414101500") -> str:
    fields = [""] * 45
    fields[0], fields[1], fields[2], fields[3], fields[19], fields[44] = "PV1", "1", kind, "7B^1^2^Ward 7B", number, day
    return "|".join(fields)


def documented(signed: str = "", **fields: str) -> str:
    held = [""] * 23
    held[0], held[1], held[2], held[4], held[9], held[12], held[22] = (
        "TXA",
        "1",
        "DS^Discharge summary",
        "20260413",
        "7^Writer^Wilma",
        "d7^EHR",
        signed,
    )
    for number, value in fields.items():
        held[int(number[1:])] = value
    return "|".join(held)


def obx(value: str, kind: str = "TX", status: str = "F") -> str:
    return f"OBX|1|{kind}|1^note^L||{value}||||||{status}"


def mdm(*segments: str, header: str = MSH) -> bytes:
    return "".join(f"{each}\r" for each in (header, "EVN|T02|20260415", "PID|1||p1", visited(), documented(), *segments)).encode()


def oru(*segments: str, header: str = MSH.replace("MDM^T02^MDM_T02", "ORU^R01")) -> bytes:
    return "".join(f"{each}\r" for each in (header, "PID|1||p1", *segments)).encode()


def read_hl7(content: bytes) -> list[Note | Failure]:
    return list(hl7.notes(content, "in/a.hl7"))


def texts(content: bytes) -> list[str]:
    return [each.text if isinstance(each, Note) else each.message for each in read_hl7(content)]


def test_a_document_message() -> None:
    content = mdm("DG1|2||M45.6^AS^I10|||F", "DG1|1||H20.9^Iritis^I10|||F", obx("HISTORY:"), obx("Stiff back."), obx(""), obx("Plan: MRI."))
    assert read_hl7(content) == [
        Note(
            "HISTORY:\nStiff back.\n\nPlan: MRI.", "d7", "in/a.hl7", ("H20.9", "M45.6"), "inpatient", DAY, "Discharge summary", "e1", "Wilma Writer", None,
            "Example Hospital",
        )
    ]  # fmt: skip


def test_a_message_that_tells_nothing_of_itself() -> None:
    assert read_hl7(b"MSH|^~\\&|||||||MDM^T02\rTXA|1\rOBX|1|TX|||Stiff.") == [Note("Stiff.", "a", "in/a.hl7")]


def test_reports_in_one_message() -> None:
    order = "OBR|{}||f{}|72148^MRI lumbar spine^C4|||20260412|||||||||||||||||||||||||3&Radiologist&Rita&X."
    content = oru(
        order.format(1, 1), obx("No erosions."), "NTE|1|L|read twice~by two", obx("Sacroiliitis."),
        order.format(2, 2), obx("12", "NM"), "NTE|1|L|high",
        "OBR|3||f3|CT^CT", obx("Second text.", "FT"),
    )  # fmt: skip
    assert read_hl7(content) == [
        Note(
            "No erosions.\nread twice\nby two\nSacroiliitis.", "c1", "in/a.hl7", (), "unknown", date(2026, 4, 12), "MRI lumbar spine", None,
            "Rita X. Radiologist", None, "Example Hospital",
        ),
        Note("Second text.", "c1-2", "in/a.hl7", note_type="CT", site="Example Hospital"),
    ]  # fmt: skip


def test_what_is_told_of_one_patient_is_not_told_of_the_next() -> None:
    content = oru(
        visited(),
        "DG1|1|I10|M45.6",
        "OBR|1",
        obx("One"),
        "PID|2||p2",
        "NTE|1||of the patient",
        "OBR|1",
        obx("Two"),
        "PID|3",
        visited("O", "e3"),
    )
    assert [(each.text, each.codes, each.setting, each.encounter) for each in read_hl7(content) if isinstance(each, Note)] == [
        ("One", ("M45.6",), "inpatient", "e1"),
        ("Two", (), "unknown", None),
    ]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("frame", [("", ""), ("\x0b", "\x1c\r"), ("\x0b", "\r\x1c\r"), ("\n\n", "\n\n")])
def test_line_ends_and_frames(end: str, frame: tuple[str, str]) -> None:
    lines = mdm(obx("One"), "OBX|1|TX|||Two").decode().rstrip("\r").replace("\r", end)
    content = f"{frame[0]}{lines}{frame[1]}".encode()
    assert texts(content) == ["One\nTwo"]
    assert texts(content + end.encode() + content) == ["One\nTwo", "One\nTwo"]


def test_batches() -> None:
    messages = mdm(obx("One")) + mdm(obx("Two"))
    content = b"FHS|^~\\&|EHR\rBHS|^~\\&|EHR\r" + messages + b"BTS|2\rBHS|^~\\&\r" + mdm(obx("Three")) + b"BTS\rFTS|2\r"
    assert [(each.id, each.text) for each in read_hl7(content) if isinstance(each, Note)] == [
        ("d7", "One"),
        ("d7-2", "Two"),
        ("d7-3", "Three"),
    ]


def test_one_bad_message_loses_no_other() -> None:
    content = mdm(obx("One")) + b"MSH|^^^^|EHR|||||||MDM^T02\rTXA|1\r" + mdm(obx(SECRET, "RP")) + mdm(obx("Two"))
    assert texts(content) == [
        "One",
        "message 2: MSH-2 does not tell which characters part it",
        "message 3: OBX 1: attachment not inline",
        "Two",
    ]


def test_messages_of_other_kinds_are_passed_over_beside_notes() -> None:
    other = MSH.replace("MDM^T02^MDM_T02", "ADT^A01")
    content = b"".join(mdm(obx("x"), header=header) for header in (other, MSH, MSH.replace("T02^MDM_T02", "T01")))
    assert texts(content) == ["x"]
    assert read_hl7(mdm(obx(SECRET), header=other)) == [Failure(path="in/a.hl7", message="holds no document (MDM) and no report (ORU)")]


@pytest.mark.parametrize(("event", "read"), [*((f"T{n:02}", n in (2, 4, 6, 8, 10)) for n in range(1, 12)), ("", True)])
def test_the_events_that_bring_a_text(event: str, read: bool) -> None:
    assert len([each for each in read_hl7(mdm(obx("x"), header=MSH.replace("T02^MDM_T02", event))) if isinstance(each, Note)]) == read


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
        (r"One\.br\Two\.br\\.br\Three", "One\nTwo\n\nThree"),
        (r"One\X0D\Two\X0A\Three\X0D0A\Four\X0d\\X0A\Five", "One\nTwo\nThree\nFour\nFive"),
        (r"very \H\bad\N\ pain", "very bad pain"),
        (r"\.sp2\a\.sk3\b\.in+4\c\.ti-2\d\.fi\e\.nf\f\.ce\g", "\n\na   bcdef\ng"),
        (r"\.sp99999999999\a", "\n" * 99 + "a"),
        (r"n\XC3A4\chtlich \XC3\\XA4\ \XE4\ \X93\x\X94\ ", "n\u00e4chtlich \u00e4 \u00e4 \u201cx\u201d "),
        (r"\E\X0D\E\ and \E\F\E\ ", "\\X0D\\ and \\F\\ "),
        (r"C:\temp \Zlocal\ \X0\ \C2842\ \ end", "C:\\temp \\Zlocal\\ \\X0\\ \\C2842\\ \\ end"),
        ("5^6 & 7", "5^6 & 7"),
        ("One~Two~~Three", "One\nTwo\n\nThree"),
        ('""', "holds"),
        ('say ""', 'say ""'),
        ("  kept  blanks  ", "  kept  blanks  "),
    ],
)
def test_escapes_and_repetitions(sent: str, text: str) -> None:
    found = texts(mdm(obx(sent)))
    assert found == ([text] if text != "holds" else ["message 1: holds no text"])


def test_other_characters_part_a_message() -> None:
    header = MSH.replace("|", "#").replace("^~\\&", "@*!$").replace("^", "@")
    content = f"{header}\rTXA#1#DS@Letter##20260413#####7@Writer@Wilma\rDG1#1##M45.6@AS@I10\rOBX#1#FT###a!F!b!S!c*d|e^f~g\\h!.br!i\r"
    assert read_hl7(content.encode()) == [
        Note(
            "a#b@c\nd|e^f~g\\h\ni", "c1", "in/a.hl7", ("M45.6",), "unknown", date(2026, 4, 13), "Letter", None, "Wilma Writer", None, "Example Hospital"
        )
    ]  # fmt: skip


def test_two_encoding_characters_are_enough() -> None:
    assert texts(f"{MSH.replace('^~&', '^~')}\r{TXA}\rOBX|1|TX|||a~b\\T\\c".replace("|^~\\&|", "|^~|").encode()) == ["a\nb&c"]


def test_a_line_that_begins_no_segment_goes_on_with_the_one_before() -> None:
    content = mdm("OBX|1|TX|||HISTORY:\n\nCRP\nMSH-2 loss\nFTS-x\nOBX-like\r\nend||||||F", obx("Two"))
    assert texts(content) == ["HISTORY:\n\nCRP\nMSH-2 loss\nFTS-x\nOBX-like\nend\nTwo"]


@pytest.mark.parametrize(
    ("segment", "codes"),
    [
        ("DG1|1||M45.6^AS^I10", ("M45.6",)),
        ("DG1|1||M45.6^AS^I10C", ("M45.6",)),
        ("DG1|1||M45.6^AS^ICD-10-CM", ("M45.6",)),
        ("DG1|1||M45.6^AS^icd10", ("M45.6",)),
        ("DG1|1|I10|M45.6", ("M45.6",)),
        ("DG1|1|ICD10|M45.6^AS", ("M45.6",)),
        ("DG1|1|I10|720.0^AS^I9C", ()),
        ("DG1|1|I9|720.0", ()),
        ("DG1|1||M45.6^AS", ()),
        ("DG1|1||9631008^AS^SCT^M45.6^AS^I10", ("M45.6",)),
        ("DG1|1|I10|^Ankylosing spondylitis", ()),
        ("DG1|1|I10|Ankylosing spondylitis", ()),
        ("DG1|1", ()),
        ("DG1", ()),
    ],
)
def test_codes_of_diagnosis_segments(segment: str, codes: tuple[str, ...]) -> None:
    (note,) = read_hl7(mdm(segment, obx("x")))
    assert isinstance(note, Note)
    assert note.codes == codes


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("I", "inpatient"),
        ("i", "inpatient"),
        *((kind, "outpatient") for kind in "OER"),
        *((kind, "unknown") for kind in ("P", "B", "C", "N", "U", "", '""')),
    ],
)
def test_settings_of_messages(kind: str, expected: str) -> None:
    assert one(read_hl7(mdm(obx("x")).replace(b"PV1|1|I|", f"PV1|1|{kind}|".encode()))).setting == expected


def test_dates_authors_places_and_ids_of_messages() -> None:
    def read(*segments: str, header: str = MSH) -> Note:
        return one(read_hl7("\r".join((header, *segments, obx("x"))).encode()))

    assert read(visited(day=""), documented()).date_of_service == date(2026, 4, 13)
    assert read(visited(day="202604"), documented(f4="")).date_of_service is None
    assert read(documented("9^Signer^Sue^^^^^^^^^^^^^20260415")).author == "Sue Signer"
    assert read(documented(f9="7")).author == "7"
    assert read(documented(f9="7^van Dam&van&Dam^Wilma^W.~8^Other^Olga")).author == "Wilma W. van Dam"
    assert read(documented(f9="")).author is None
    assert read(documented(f2="DS")).note_type == "DS"
    assert read(documented(f12="")).id == "c1"
    assert read(documented(f12=""), header=MSH.replace("|c1|", "||")).id == "a"
    assert read(visited(), documented(), header=MSH.replace("Example Hospital", "")).site == "Ward 7B"
    assert read(documented(), header=MSH.replace("Example Hospital", "EXH^1.2.3^ISO")).site == "EXH"
    assert read(visited(number="e2^^^EXH"), documented()).encounter == "e2"


ATTACHED = [
    (f"^TEXT^PLAIN^Base64^{b64('Stiff')}", "Stiff"),
    (f"EHR^text^html^BASE64^{b64('<p>Stiff<p>back')}", "Stiff\nback"),
    (f"^text/html^^Base64^{b64('<p>Stiff</p>')}", "Stiff"),
    (f"^application^octet-stream^Base64^{b64('Stiff')}", "Stiff"),
    ("^TEXT^PLAIN^A^Stiff \\T\\ sore^5 & x", "Stiff & sore^5 & x"),
    (f"^TEXT^^Hex^{b'Stiff'.hex()}", "Stiff"),
    ("^TEXT^^Hex^5374f", "message 1: OBX 1: attachment is no hexadecimal data"),
    (f"^TEXT^PLAIN^Base64^{b64('Stiff')[:4]}\\.br\\{b64('Stiff')[4:]}", "Stiff"),
    (f"^TEXT^PLAIN^Base64^{SECRET}!", "message 1: OBX 1: attachment is no base64"),
    (f"^IM^JPEG^Base64^{b64(SECRET)}", "message 1: OBX 1: attachment of a type that is not read"),
    ("^TEXT^PLAIN^Base64^", "message 1: OBX 1: attachment not inline"),
    ("", "message 1: OBX 1: attachment not inline"),
]


@pytest.mark.parametrize(("value", "text"), ATTACHED)
def test_encapsulated_data(value: str, text: str) -> None:
    assert texts(mdm(obx(value, "ED"))) == [text]


@pytest.fixture
def fake_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of other formats that tell what they were given; of a PDF one page has no text."""

    def module(kind: str, *failures: str) -> SimpleNamespace:
        def notes(content: bytes, name: str) -> Iterator[Note | Failure]:
            yield Note(f"{kind} of {len(content)} bytes", "other", name)
            yield from (Failure(path=name, message=each) for each in failures)

        return SimpleNamespace(notes=notes)

    for kind, failures in {"rtf": (), "word": (), "pdf": ("page 2 has no text",)}.items():
        monkeypatch.setitem(sys.modules, f"notelint.formats.{kind}", module(kind, *failures))


RTF = b"{\\rtf1 x}"


@pytest.mark.usefixtures("fake_modules")
def test_the_formats_of_attachments() -> None:
    def read(content: bytes, **more: str) -> list[str]:
        return said(with_content({"data": b64(content), **more}))

    assert read(RTF) == read(RTF, contentType="text/plain") == read(RTF, contentType="application/octet-stream") == ["rtf of 9 bytes"]
    assert read(b"anything", contentType="application/rtf") == ["rtf of 8 bytes"]
    assert read(b"PK\x03\x04", contentType="application/zip") == ["word of 4 bytes"]
    assert read(b"%PDF-1.4", contentType="application/pdf") == ["page 2 has no text", "pdf of 8 bytes"]
    assert read(b"\n<!DOCTYPE HTML><p>One<p>Two") == read(b"<html><p>One<p>Two", contentType="application/octet-stream") == ["One\nTwo"]
    assert read(b"<p>One", contentType="text/plain") == ["<p>One"]
    assert read(document(body(section("T", "x")))) == ["T:\nx"]
    assert [
        each.text if isinstance(each, Note) else each.message
        for each in cda.notes(whole(b64(b"%PDF-1.4"), 'representation="B64"'), "a.xml")
    ] == [
        "pdf of 8 bytes",
        "page 2 has no text",
    ]
    assert texts(mdm(obx("One"), obx(f"^application^pdf^Base64^{b64(b'%PDF-1.4')}", "ED"))) == [
        "message 1: OBX 2: page 2 has no text",
        "One\npdf of 8 bytes",
    ]
    assert texts(mdm(obx("{\\E\\rtf1"), obx("x}"))) == ["rtf of 9 bytes"]


def test_text_stays_where_an_attachment_can_not_be_read() -> None:
    assert texts(mdm(obx("One"), obx("^IM^JPEG^Base64^AAAA", "ED"), "NTE|1||of the picture", obx("Two"))) == [
        "message 1: OBX 2: attachment of a type that is not read",
        "One\nTwo",
    ]


def test_a_cda_document_in_a_message() -> None:
    inner = document(
        body(section("T", "Stiff", concern(coded("M45.6")))), HEAD + visit('<id root="9.8"/>') + AUTHOR.format(ROLE, "Ann Example")
    )
    assert read_hl7(f"{MSH}\rTXA|1\r{obx(f'^TEXT^XML^Base64^{b64(inner)}', 'ED')}".encode()) == [
        Note(
            "T:\nStiff",
            "c1",
            "in/a.hl7",
            ("M45.6",),
            "unknown",
            None,
            "Discharge summary",
            "9.8",
            "Ann Example",
            "Physician",
            "Example Hospital",
        )
    ]


def test_what_was_withdrawn_is_not_read() -> None:
    assert texts(mdm(obx("One"), obx("wrong patient", status="W"), obx("deleted", status="D"), obx("Two", status="C"))) == ["One\nTwo"]
    cancelled = f"{MSH}\r{documented(f19='CA')}\r{obx(SECRET)}".encode()
    assert texts(cancelled) == ["message 1: the document has been deleted"]


@pytest.mark.parametrize(
    ("named", "codec"),
    [
        ("UNICODE UTF-8", "utf-8"), ("", "utf-8"), ("", "cp1252"), ("ASCII", "utf-8"), ("ASCII", "cp1252"), ("8859/1", "latin-1"), ("8859/15", "iso8859-15"),
        ("8859/2", "iso8859-2"), ("8859/1~UNICODE UTF-8", "latin-1"), ("UTF-8", "utf-8"), ("", "utf-16"), ("UNICODE UTF-8", "utf-8-sig"), ("8859/1", "utf-16"),
        ("UNICODE UTF-16", "utf-8"),
    ],
)  # fmt: skip
def test_character_sets_of_messages(named: str, codec: str) -> None:
    content = mdm(obx("n\u00e4chtlich")).decode().replace(MSH, f"{MSH}||||||{named}")
    assert texts(content.encode(codec)) == ["n\u00e4chtlich"]


BAD_HL7 = {
    "empty": (b"", "holds no document (MDM) and no report (ORU)"),
    "no message": (f"\n{SECRET}".encode(), "a.hl7: line 2: no HL7 message"),
    "a segment before": (f"PID|1||{SECRET}\r".encode() + mdm(obx(SECRET)), "a.hl7: line 1: no HL7 message"),
    "cut off in the header": (MSH[:8].encode(), "holds no document (MDM) and no report (ORU)"),
    "cut off at once": (b"MSH|", "message 1: MSH-2 does not tell which characters part it"),
    "letters that part": (b"MSH|abcd|", "message 1: MSH-2 does not tell which characters part it"),
    "characters twice": (b"MSH|^~\\^|", "message 1: MSH-2 does not tell which characters part it"),
    "the separator twice": (b"MSH^^~\\&^", "message 1: MSH-2 does not tell which characters part it"),
    "no document": (f"{MSH}\r{obx(SECRET)}".encode(), "message 1: has no segment TXA"),
    "no text": (f"{MSH}\r{TXA}\r{obx('')}\r{obx(' ~ ')}".encode(), "message 1: holds no text"),
    "only numbers": (oru("OBR|1", obx("12", "NM"), f"NTE|1||{SECRET}"), "message 1: holds no text"),
    "a pointer": (mdm(obx(f"{SECRET}^http://example.org", "RP")), "message 1: OBX 1: attachment not inline"),
    "unknown characters": (mdm(obx(SECRET), header=f"{MSH}||||||ISO IR87"), "message 1: its character set is not known"),
    "not its characters": (mdm(obx(SECRET + "\u00e4")).decode().replace(MSH, f"{MSH}||||||UNICODE UTF-8").encode("latin-1"), None),
}


@pytest.mark.parametrize(("content", "message"), BAD_HL7.values(), ids=BAD_HL7.keys())
def test_messages_that_can_not_be_read(content: bytes, message: str | None) -> None:
    said = refusal(hl7.notes, content, "a.hl7")
    assert said == message if message else re.fullmatch(r"message 1: not UTF-8 \(byte \d+\)", said)
    assert not [word for word in SECRET.split() if word in said]


def test_nothing_of_a_message_is_logged(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        for content, _ in (*BAD_HL7.values(), (mdm(obx(f"{SECRET}\\Zxx\\ \\X\\ \\XZZ\\ \\.sp\\ \\\\")), None)):
            assert SECRET.split()[0] not in repr(told(hl7.notes, content, "a.hl7"))
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")


def sent(text: str) -> str:
    return "".join(
        {"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\", "\r": "\\X0D\\", "\n": "\\.br\\"}.get(char, char)
        for char in text
    )


TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60) | st.text("|^&~\\\r\n.brFSX0D MSHOBX", min_size=1, max_size=40)


def has_words(text: str) -> bool:
    return bool(text.strip("\ufeff \t\r\n\0"))


@settings(deadline=None)
@given(TEXT.filter(has_words), st.sampled_from(["TX", "FT", "ST"]))
def test_any_text_of_a_message_comes_out(text: str, kind: str) -> None:
    if text == '""':
        return
    plain = re.sub(r"\r\n?", "\n", text)
    header = f"{MSH}||||||UNICODE UTF-8"
    assert texts(mdm(obx(sent(text), kind), header=header)) == [plain]
    assert texts(mdm(*(obx(sent(line), kind) for line in plain.split("\n")), header=header)) == [
        "\n".join("" if line == '""' else line for line in plain.split("\n"))
    ]
    assert texts(mdm(obx(f"^TEXT^PLAIN^A^{sent(text)}", "ED"), header=header)) == [plain]


@settings(deadline=None)
@given(st.text("|^&~\\ .brFSTREXHN0Dd123abc-", max_size=40))
def test_fields_are_parted_as_the_library_of_the_format_parts_them(noise: str) -> None:
    library = pytest.importorskip("hl7")
    message = f"{MSH}\rTXA|1|{noise}|x\r"
    theirs = library.parse(message).segments("TXA")[0]
    ours = hl7._message(message.rstrip("\r").encode().split(b"\r"), "a", None)
    assert [str(field) for field in theirs] == list(ours.of("TXA"))


@settings(deadline=None)
@given(
    st.binary(max_size=60)
    | st.binary(max_size=40).map(lambda noise: mdm(obx("x")).replace(b"OBX|1|TX", noise))
    | st.binary(max_size=40).map(lambda noise: b"MSH|^~\\&" + noise)
)
def test_any_bytes_as_messages_are_read_or_refused(content: bytes) -> None:
    found = told(hl7.notes, content, "a.hl7")
    if isinstance(found, str):
        assert re.fullmatch(r"a\.hl7: .+", found)
        return
    assert found
    for each in found:
        assert each.text if isinstance(each, Note) else each.path == "a.hl7"


# ------------------------------------------------------------------------------------------------ FHIR

SID = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = {"coding": [{"system": "http://loinc.org", "code": "18842-5", "display": "Discharge summary"}]}


def valid(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource, when FHIR R4 lets it be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fhir.resources.R4B import get_fhir_model_class

        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    return resource


def reference(text: str | None = None, **more: Any) -> dict[str, Any]:
    return valid(
        {
            "resourceType": "DocumentReference", "id": "d7", "status": "current",
            "content": [{"attachment": {"contentType": "text/plain", "data": b64(text or "Stiff back.")}}], **more,
        }
    )  # fmt: skip


def with_content(*attachments: dict[str, Any]) -> dict[str, Any]:
    return reference(content=[{"attachment": each} for each in attachments])


def report(**more: Any) -> dict[str, Any]:
    return valid({"resourceType": "DiagnosticReport", "id": "r7", "status": "final", "code": {"text": "MRI"}, **more})


def div(markup: str) -> dict[str, str]:
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{markup}</div>'}


def composition(*sections: dict[str, Any], **more: Any) -> dict[str, Any]:
    return valid(
        {
            "resourceType": "Composition", "id": "c7", "status": "final", "type": LOINC, "date": "2026-04-14", "title": "Summary",
            "author": [{"display": "Ann Example"}], "section": list(sections), **more,
        }
    )  # fmt: skip


def bundle(*resources: dict[str, Any], urls: bool = False, kind: str = "collection") -> dict[str, Any]:
    entries = [
        {**({"fullUrl": f"urn:uuid:00000000-0000-0000-0000-{number:012}"} if urls else {}), "resource": each}
        for number, each in enumerate(resources)
    ]
    return valid({"resourceType": "Bundle", "type": kind, "entry": entries})


def read_fhir(resource: object) -> list[Note | Failure]:
    return list(fhir.notes(json.dumps(resource).encode(), "in/a.json"))


def said(resource: object) -> list[str]:
    return [each.text if isinstance(each, Note) else each.message for each in read_fhir(resource)]


def encounter(**more: Any) -> dict[str, Any]:
    return valid({"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "IMP"}, **more})


def condition(name: str, code: str, system: str = SID, **more: Any) -> dict[str, Any]:
    return valid(
        {
            "resourceType": "Condition",
            "id": name,
            "subject": {"reference": "Patient/p1"},
            "code": {"coding": [{"system": system, "code": code}]},
            **more,
        }
    )


def test_a_document_reference_in_a_bundle() -> None:
    found = read_fhir(
        bundle(
            valid({"resourceType": "Patient", "id": "p1"}),
            reference(
                "Stiff\r\nback.", type=LOINC, date="2026-04-20T10:00:00Z", author=[{"reference": "Practitioner/w1"}],
                authenticator={"reference": "PractitionerRole/x1"}, custodian={"reference": "Organization/o1"},
                context={"encounter": [{"reference": "Encounter/e1"}], "period": {"start": "2026-04-14T08:00:00-05:00"}},
            ),
            encounter(diagnosis=[
                {"condition": {"reference": "Condition/k2"}, "rank": 2}, {"condition": {"reference": "Condition/k3"}},
                {"condition": {"reference": "Condition/k1"}, "rank": 1}, {"condition": {"reference": "Condition/gone"}, "rank": 3},
            ]),
            condition("k1", "M45.6"), condition("k2", "H20.9"), condition("k3", "Z79.1"),
            valid({"resourceType": "Practitioner", "id": "w1", "name": [{"family": "Writer", "given": ["Wilma"]}]}),
            valid({"resourceType": "PractitionerRole", "id": "x1", "practitioner": {"reference": "Practitioner/s1"}, "code": [{"text": "Attending"}]}),
            valid({"resourceType": "Practitioner", "id": "s1", "name": [{"family": "Signer", "given": ["Sue", "B."], "prefix": ["Dr."]}]}),
            valid({"resourceType": "Organization", "id": "o1", "name": "Example Hospital"}),
        )
    )  # fmt: skip
    assert found == [
        Note(
            "Stiff\r\nback.", "d7", "in/a.json", ("M45.6", "H20.9", "Z79.1"), "inpatient", DAY, "Discharge summary", "e1", "Sue B. Signer", "Attending",
            "Example Hospital",
        )
    ]  # fmt: skip


def test_a_document_reference_alone() -> None:
    assert read_fhir(reference()) == [Note("Stiff back.", "d7", "in/a.json")]
    assert read_fhir(reference(
        type={"text": "Letter"}, date="2026-04-14T10:00:00Z", author=[{"display": "Ann Example"}], custodian={"display": "Example Hospital"},
        context={"encounter": [{"reference": "https://example.org/fhir/Encounter/e9/_history/3"}]},
    )) == [Note("Stiff back.", "d7", "in/a.json", (), "unknown", DAY, "Letter", "e9", "Ann Example", None, "Example Hospital")]  # fmt: skip


def test_a_line_of_a_bulk_export() -> None:
    around = fhir.around_of([(None, encounter()), ("https://example.org/Encounter/e2", encounter(id="e2", **{"class": {"code": "AMB"}}))])
    document = reference(context={"encounter": [{"reference": "Encounter/e1"}]})
    other = reference(context={"encounter": [{"reference": "https://example.org/Encounter/e2"}]})
    assert [
        each.setting for each in (*fhir.notes_of(document, "a:1", around), *fhir.notes_of(other, "a:2", around)) if isinstance(each, Note)
    ] == [
        "inpatient",
        "outpatient",
    ]
    assert list(fhir.notes_of(document, "a:1", {})) == [Note("Stiff back.", "d7", "a:1", encounter="e1")]


def test_references_by_full_url_and_within_the_resource() -> None:
    urn = "urn:uuid:00000000-0000-0000-0000-{:012}"
    found = read_fhir(
        bundle(
            {**encounter(serviceProvider={"reference": urn.format(2)}, diagnosis=[{"condition": {"reference": urn.format(3)}}]), "id": "e5"},
            reference(
                context={"encounter": [{"reference": urn.format(0)}]}, author=[{"reference": "#me"}],
                contained=[{"resourceType": "Practitioner", "id": "me", "name": [{"text": "Dr. Ann Example"}], "qualification": [{"code": {"text": "MD"}}]}],
            ),
            valid({"resourceType": "Organization", "name": "Example Hospital"}),
            condition("k1", "M45.6"),
            urls=True,
        )
    )  # fmt: skip
    assert found == [
        Note("Stiff back.", "d7", "in/a.json", ("M45.6",), "inpatient", None, None, "e5", "Dr. Ann Example", "MD", "Example Hospital")
    ]


def test_the_role_of_a_practitioner() -> None:
    role = valid(
        {
            "resourceType": "PractitionerRole",
            "practitioner": {"reference": "Practitioner/w1"},
            "code": [{"coding": [{"display": "Rheumatologist"}]}],
        }
    )
    writer = valid({"resourceType": "Practitioner", "id": "w1", "name": [{"family": "Writer"}]})
    by_id = reference(author=[{"reference": "Practitioner/w1"}])
    by_url = reference(author=[{"reference": "urn:uuid:00000000-0000-0000-0000-000000000001"}])
    for document in (by_id, by_url):
        note = one(read_fhir(bundle(role, writer, document, urls=True)))
        assert (note.author, note.role) == ("Writer", "Rheumatologist")


def test_who_is_no_author() -> None:
    note = one(
        read_fhir(
            reference(author=[{"reference": "Organization/o1", "display": "Org"}, {"type": "Device", "display": "D"}, {"display": "Ann"}])
        )
    )
    assert note.author == "Ann"
    assert one(read_fhir(reference(author=[{"reference": "Practitioner/gone"}]))).author is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *(({"code": code}, "inpatient") for code in ("IMP", "ACUTE", "NONAC")),
        *(({"code": code}, "outpatient") for code in ("AMB", "EMER", "HH", "VR", "OBSENC")),
        ({"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}, "inpatient"),
        ({"code": "SS"}, "unknown"),
        ({"system": "urn:oid:1.2.3", "code": "I"}, "unknown"),
        ({"system": "urn:oid:1.2.3", "code": "4", "display": "Outpatient"}, "outpatient"),
    ],
)
def test_settings_of_encounters(given: dict[str, str], expected: str) -> None:
    note = one(read_fhir(bundle(encounter(**{"class": given}), reference(context={"encounter": [{"reference": "Encounter/e1"}]}))))
    assert note.setting == expected


STATES = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def test_which_conditions_count() -> None:
    at = {"encounter": {"reference": "Encounter/e1"}}

    def verified(code: str) -> dict[str, Any]:
        return {"verificationStatus": {"coding": [{"system": STATES, "code": code}]}, **at}

    both = condition("k5", "9631008", "http://snomed.info/sct", **at)
    both["code"]["coding"].append({"system": SID, "code": "M46.46"})
    note = one(
        read_fhir(
            bundle(
                encounter(), reference(context={"encounter": [{"reference": "Encounter/e1"}]}),
                condition("k1", "M45.6", **verified("confirmed")), condition("k2", "M45.7", **verified("refuted")),
                condition("k3", "M45.8", **verified("entered-in-error")), condition("k4", "M45.0", "http://hl7.org/fhir/sid/icd-10", **at), both,
                condition("k6", "E11.9", encounter={"reference": "Encounter/e2"}), condition("k7", "I10"),
                condition("k8", "Z79.1", category=[{"coding": [{"code": "problem-list-item"}]}], **at),
            )
        )
    )  # fmt: skip
    assert note.codes == ("M45.6", "M46.46")


def test_dates_and_places_of_fhir() -> None:
    def read(document: dict[str, Any], **more: Any) -> Note:
        return one(read_fhir(bundle(encounter(**more), document)))

    at = {"encounter": {"reference": "Encounter/e1"}}
    assert read(report(conclusion="x", effectiveDateTime="2026-04-14", issued="2026-05-01T00:00:00Z", **at)).date_of_service == DAY
    assert read(report(conclusion="x", effectivePeriod={"start": "2026-04-14"}, **at)).date_of_service == DAY
    assert read(report(conclusion="x", issued="2026-05-01T00:00:00Z", **at), period={"start": "2026-04-14"}).date_of_service == DAY
    assert read(report(conclusion="x", issued="2026-04-14T00:00:00Z")).date_of_service == DAY
    assert read(report(conclusion="x", effectiveDateTime="2026-04")).date_of_service is None
    assert read(report(conclusion="x", **at), location=[{"location": {"display": "Ward 7B"}}]).site == "Ward 7B"
    assert (
        read(report(conclusion="x", **at), serviceProvider={"display": "Hospital"}, location=[{"location": {"display": "7B"}}]).site
        == "Hospital"
    )


@pytest.mark.parametrize(
    ("attachments", "text"),
    [
        ([{"contentType": "text/plain; charset=ISO-8859-1", "data": b64(b"n\xe4chtlich")}], "n\u00e4chtlich"),
        ([{"contentType": 'text/plain;charset="utf-8"', "data": b64("n\u00e4chtlich")}], "n\u00e4chtlich"),
        ([{"contentType": "text/plain; charset=utf-16", "data": b64("n\u00e4chtlich".encode("utf-16"))}], "n\u00e4chtlich"),
        ([{"contentType": "text/html;charset=iso-8859-1", "data": b64(b"<p>n\xe4chtlich<p>x")}], "n\u00e4chtlich\nx"),
        ([{"data": b64("No type.")}], "No type."),
        ([{"contentType": "text/html", "data": b64("<p>HTML</p>")}, {"contentType": "text/plain", "data": b64("Plain")}], "Plain"),
        ([{"contentType": "text/plain", "url": "http://example.org/x"}, {"contentType": "text/html", "data": b64("<p>HTML</p>")}], "HTML"),
        ([{"contentType": "image/png", "data": b64("x")}, {"contentType": "text/html", "data": b64("<p>HTML</p>")}], "HTML"),
        ([{"contentType": "text/plain", "data": b64("Stiff")[:4] + " \n" + b64("Stiff")[4:]}], "Stiff"),
        ([{"contentType": "application/xml", "data": b64(document(body(section("T", "x"))))}], "T:\nx"),
        ([{"contentType": "text/plain", "url": "http://example.org/x"}], "attachment not inline"),
        ([{"contentType": "text/plain", "title": "x"}], "attachment not inline"),
        ([{"contentType": "image/png", "data": b64(SECRET)}], "attachment of a type that is not read"),
        ([{"contentType": "text/plain; charset=x-none", "data": b64(SECRET)}], "its character set is not known"),
        ([{"contentType": "text/plain; charset=utf-8", "data": b64(b"\xff" + SECRET.encode())}], "not UTF-8 (byte 1)"),
        ([{"contentType": "text/plain", "data": b64(" \n")}], "empty note"),
        ([{"contentType": "application/xml", "data": b64(f"<a>{SECRET}</a>")}], "no CDA document"),
    ],
)
def test_attachments(attachments: list[dict[str, Any]], text: str) -> None:
    assert said(with_content(*attachments)) == [text]


def test_broken_base64() -> None:
    for data in ("Stiff!", b64(SECRET)[:-1], "=" * 3, "\u00e4"):
        document = reference()
        document["content"][0]["attachment"]["data"] = data
        assert said(document) == ["attachment is no base64"]


def test_an_attachment_that_the_bundle_holds() -> None:
    binary = valid({"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": b64("Held.")})
    document = with_content({"contentType": "text/plain", "url": "Binary/b1"})
    assert said(bundle(document, binary)) == ["Held."]
    assert said(bundle(document)) == ["entry 1: attachment not inline"]


def test_a_cda_document_in_a_document_reference() -> None:
    inner = document(
        body(section("T", "Stiff", concern(coded("M45.6")))),
        HEAD + visit('<id root="9.8"/><code code="IMP"/><effectiveTime value="20260414"/>') + AUTHOR.format(ROLE, "Ann Example"),
    )
    outer = reference(
        content=[{"attachment": {"contentType": "text/xml", "data": b64(inner)}}], type={"text": "Letter"}, date="2026-04-13T00:00:00Z"
    )
    assert read_fhir(outer) == [
        Note("T:\nStiff", "d7", "in/a.json", ("M45.6",), "inpatient", date(2026, 4, 13), "Letter", "9.8", "Ann Example", "Physician", None)
    ]


def test_reports_of_fhir() -> None:
    form = {"contentType": "text/plain", "data": b64("The form.")}
    elsewhere = {"contentType": "text/plain", "url": "http://example.org/x"}
    picture = {"contentType": "image/png", "data": b64("x")}
    codes = [{"coding": [{"display": "Sacroiliitis"}]}, {"text": "Erosions"}, {"coding": [{"code": "1"}]}]
    shown = {"text": div("<p>Narrative</p>")}
    assert said(report(presentedForm=[form], conclusion="C", **shown)) == ["The form."]
    assert said(report(conclusion="No Erosions.", conclusionCode=codes, **shown)) == ["No Erosions.\nSacroiliitis"]
    assert said(report(presentedForm=[elsewhere], conclusion="C")) == ["C"]
    assert said(report(presentedForm=[picture], conclusion="C")) == ["attachment of a type that is not read", "C"]
    assert said(report(presentedForm=[elsewhere], **shown)) == ["Narrative"]
    assert said(report(**shown)) == ["Narrative"]
    assert said(report(presentedForm=[elsewhere])) == ["attachment not inline"]
    assert said(report(presentedForm=[picture])) == ["attachment of a type that is not read"]
    assert said(report()) == ["empty note"]
    assert one(read_fhir(report(conclusion="C", resultsInterpreter=[{"display": "Rita"}], performer=[{"display": "Lab"}]))) == Note(
        "C", "r7", "in/a.json", note_type="MRI", author="Rita"
    )


def test_compositions() -> None:
    found = read_fhir(
        composition(
            {"title": "Assessment:", "text": div("<p>AS.</p><ul><li>NSAID</li></ul>")},
            {
                "title": "Results",
                "section": [{"code": {"text": "Imaging"}, "text": div("<table><tr><td>MRI</td><td>normal</td></tr></table>")}],
            },
            {"title": "Empty", "text": div(" ")},
            {"text": div("No title.")},
            attester=[{"mode": "personal"}, {"mode": "legal", "party": {"display": "Sue Signer"}}],
        )
    )
    assert found == [
        Note(
            "Assessment:\nAS.\n- NSAID\n\nResults:\n\nImaging:\nMRI | normal\n\nNo title.", "c7", "in/a.json", date_of_service=DAY, note_type="Discharge summary",
            author="Sue Signer",
        )
    ]  # fmt: skip
    assert said(composition(text=div("Whole."))) == ["Whole."]
    assert said(composition()) == ["empty note"]


def test_what_was_entered_in_error() -> None:
    wrong = "its status is entered-in-error"
    assert said(reference(SECRET, status="entered-in-error")) == [wrong]
    assert said(reference(SECRET, docStatus="entered-in-error")) == [wrong]
    assert said(report(status="entered-in-error", conclusion=SECRET)) == [wrong]
    assert said(composition({"text": div(SECRET)}, status="entered-in-error")) == [wrong]
    assert said(bundle(reference("One"), reference(status="entered-in-error"), reference("Two"))) == ["One", f"entry 2: {wrong}", "Two"]


def test_bundles() -> None:
    patient = valid({"resourceType": "Patient", "id": "p1"})
    assert [each.id for each in read_fhir(bundle(patient, reference(), reference(id="d8"), reference())) if isinstance(each, Note)] == [
        "d7",
        "d8",
        "d7-2",
    ]
    assert said(bundle(patient)) == ["holds no DocumentReference, DiagnosticReport or Composition"]
    assert said({"resourceType": "Bundle"}) == ["holds no DocumentReference, DiagnosticReport or Composition"]
    assert said(patient) == ["is no DocumentReference, DiagnosticReport, Composition or Bundle"]
    inner = bundle(encounter(), reference("In", context={"encounter": [{"reference": "Encounter/e1"}]}))
    outer = encounter(**{"class": {"code": "AMB"}})
    both = read_fhir(bundle(outer, inner, reference("Out", context={"encounter": [{"reference": "Encounter/e1"}]})))
    assert [(each.text, each.setting) for each in both if isinstance(each, Note)] == [("In", "inpatient"), ("Out", "outpatient")]


BAD_FHIR = {
    "empty": (b"", "a.json: line 1: no JSON (column 1)"),
    "no JSON": (f'{{"resourceType":\n "{SECRET}" x'.encode(), None),
    "cut off": (json.dumps(reference(SECRET)).encode()[:-10], None),
    "nested": (b'{"resourceType": ' + b"[" * 100_000, "a.json: line 1: no JSON (column 1)"),
    "no object": (json.dumps([SECRET]).encode(), "a.json: no FHIR resource"),
    "no resource": (json.dumps({"text": SECRET}).encode(), "a.json: no FHIR resource"),
    "not UTF-8": (b'{"resourceType":\n "\xff' + SECRET.encode(), "a.json: line 2: not UTF-8 (byte 20)"),
    "another resource": (json.dumps({"resourceType": SECRET}).encode(), "is no DocumentReference, DiagnosticReport, Composition or Bundle"),
    "half a character": (b'{"resourceType": "DiagnosticReport", "conclusion": "Zyxwvut \\ud800"}', "holds half a character (a surrogate)"),
    "half a character in a page": (
        b'{"resourceType": "Composition", "section": [{"text": {"div": "<div>Zyxwvut \\ud800</div>"}}]}',
        "holds half a character (a surrogate)",
    ),
    "entities": (
        json.dumps({"resourceType": "Composition", "text": {"div": f'<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><div>{SECRET} &e;</div>'}}).encode(),
        "has a DOCTYPE, which is refused",
    ),
    "sections in sections": (b'{"resourceType": "Composition", "section": ' + b'[{"section": ' * 200 + b"[]" + b"}]" * 200 + b"}", "more sections in one another than are read"),
    "bundles in bundles": (
        b'{"resourceType": "Bundle", "entry": [{"resource": ' * 100 + b"{}" + b"}]}" * 100,
        "entry 1: " * 16 + "more bundles in one another than are read",
    ),
    "everything else": (b'{"resourceType": "DocumentReference", "content": [7, {"attachment": 8}, {"attachment": {"data": 9}}], "type": [1], "author": 5}', "attachment not inline"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), BAD_FHIR.values(), ids=BAD_FHIR.keys())
def test_fhir_that_can_not_be_read(content: bytes, message: str | None) -> None:
    found = refusal(fhir.notes, content, "a.json")
    assert found == message if message else re.fullmatch(r"a\.json: line \d: no JSON \(column \d+\)", found)
    assert not [word for word in SECRET.split() if word in found]


def test_facts_that_are_not_what_they_should_be_are_passed_over() -> None:
    within = [
        {"id": "e", "diagnosis": {"condition": {"reference": "#k"}, "rank": []}, "class": [[]], "period": 7},
        {
            "id": "k",
            "verificationStatus": {"coding": {"code": [[]]}},
            "code": {"coding": [{"system": [[]]}, {"system": SID, "code": {}}, 7]},
        },
        {"id": "a", "resourceType": [[]], "name": [[]]},
    ]
    odd = {
        "resourceType": "DiagnosticReport", "id": {}, "status": [[]], "conclusion": "x", "encounter": {"reference": "#e"}, "contained": within,
        "performer": {"reference": "#a"}, "author": [[], 7], "custodian": "x", "effectiveDateTime": {}, "code": [[]],
    }  # fmt: skip
    other = {"resourceType": "Basic", "entry": [{}, {"resource": 7}]}
    visited = {"resourceType": "DiagnosticReport", "conclusion": "y", "encounter": {"reference": "Encounter/e1"}}
    entries = [
        {"resource": {"resourceType": [[]], "id": {}}}, {"fullUrl": [], "resource": odd}, 7, {"resource": []},
        {"fullUrl": "Condition?encounter=Encounter/e1", "resource": other}, {"resource": visited},
    ]  # fmt: skip
    assert read_fhir({"resourceType": "Bundle", "entry": entries}) == [
        Note("x", "a", "in/a.json", encounter="e"),
        Note("y", "a-2", "in/a.json", encounter="e1"),
    ]


@settings(deadline=None)
@given(TEXT.filter(has_words))
def test_any_text_of_fhir_comes_out(text: str) -> None:
    assert said(
        {"resourceType": "DocumentReference", "content": [{"attachment": {"contentType": "text/plain;charset=utf-8", "data": b64(text)}}]}
    ) == [text.removeprefix("\ufeff")]
    assert said({"resourceType": "DiagnosticReport", "conclusion": text}) == ([text] if text.strip() else ["empty note"])


@settings(deadline=None)
@given(XML_TEXT.filter(lambda text: has_words(as_shown(text))))
def test_any_narrative_of_fhir_comes_out(text: str) -> None:
    assert said(
        composition({"title": "T", "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{xml(text)}</div>'}})
    ) == [f"T:\n{as_shown(text)}"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4) | st.sampled_from(["Encounter/e1", "#a", "text/plain", b64("Stiff")]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "resourceType", "id", "content", "attachment", "data", "url", "contentType", "section", "text", "div", "title", "code", "coding", "display",
                    "context", "encounter", "reference", "author", "contained", "name", "given", "class", "diagnosis", "condition", "rank", "presentedForm",
                    "conclusion", "entry", "resource", "fullUrl", "verificationStatus", "practitioner", "attester", "party", "custodian", "type", "period", "start",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)  # fmt: skip


@settings(deadline=None)
@given(JSON, st.sampled_from(["Bundle", "DocumentReference", "DiagnosticReport", "Composition"]), JSON)
def test_any_json_is_read_or_refused(resource: object, kind: str, other: object) -> None:
    whole = {**(resource if isinstance(resource, dict) else {"entry": [{"resource": resource}, {"resource": other}]}), "resourceType": kind}
    for each in fhir.notes(json.dumps(whole).encode(), "a.json"):
        if isinstance(each, Note):
            for told in (
                each.text,
                each.id or "",
                each.encounter or "",
                each.author or "",
                each.role or "",
                each.site or "",
                each.note_type or "",
                *each.codes,
            ):
                told.encode()
        else:
            assert each.path == "a.json"
            assert each.message


# ------------------------------------------------------------------------------------------------ speed

LINE = "The patient has nightly back pain and stiffness of the lumbar spine. "


@pytest.mark.parametrize(
    ("reads", "content"),
    [
        (cda.notes, document(body(*(section(f"Part {n}", f"<paragraph>{LINE}</paragraph>" * 100) for n in range(120))))),
        (cda.notes, document(body(section("T", f"<table>{'<tr><td>CRP</td><td>12 mg/L</td></tr>' * 25_000}</table>")))),
        (hl7.notes, mdm(*(obx(LINE) for _ in range(11_000)))),
        (hl7.notes, mdm(obx((LINE + "\\.br\\") * 13_000, "FT"))),
        (hl7.notes, oru(*(segment for _ in range(1_500) for segment in ("OBR|1||f1|72148^MRI", *[obx(LINE)] * 8)))),
        (hl7.notes, mdm("OBX|1|TX" + "|" * 1_000_000)),
        (hl7.notes, mdm("OBX|1|TX|||" + "pain\n" * 200_000)),
        (hl7.notes, mdm(obx("\\X0D" * 250_000))),
        (fhir.notes, json.dumps(composition(*({"title": "Part", "text": div(f"<p>{LINE}</p>" * 100)} for _ in range(120)))).encode()),
        (fhir.notes, json.dumps(reference(LINE * 11_000)).encode()),
        (
            fhir.notes,
            json.dumps(
                {
                    "resourceType": "Bundle",
                    "entry": [{"resource": {**reference(LINE * 5), "contained": [{"id": "x"}]}} for _ in range(1_200)],
                }
            ).encode(),
        ),
    ],
    ids=[
        "sections",
        "a table",
        "many OBX",
        "many reports",
        "escapes",
        "fields",
        "lines",
        "open escapes",
        "a composition",
        "an attachment",
        "a bundle",
    ],
)
def test_a_megabyte_takes_no_second(reads: Reads, content: bytes) -> None:
    assert len(content) > 700_000
    began = time.process_time()
    assert list(reads(content, "a"))
    assert time.process_time() - began < 1


def test_a_message_that_has_lost_its_first_segment_is_no_text(tmp_path: Path) -> None:
    segments = "PID|1||1\rOBX|1|TX|||Discitis of the lumbar spine.||||||F\r"
    (tmp_path / "a.hl7").write_text(segments, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        list(notes_of(tmp_path / "a.hl7"))
    assert str(caught.value) == f"{tmp_path}/a.hl7: line 1: no HL7 message"
    # A letter under the wrong name is a letter.
    (tmp_path / "b.hl7").write_text("Dear colleague, discitis.", encoding="utf-8")
    assert [note.text for note in notes_of(tmp_path / "b.hl7") if isinstance(note, Note)] == ["Dear colleague, discitis."]
