"""Clinical documents of HL7 version 3 (CDA, C-CDA): the narrative of their sections, and what their header and their entries tell.

The narrative is what the author attests: the text is taken from it alone, and from the entries only the codes.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from notelint.errors import InputError
from notelint.formats.embedded import Failures, text_within, unpacked
from notelint.formats.facts import checked, codes_of, day_of, line_of, reason_of
from notelint.formats.narrative import parse, text_of
from notelint.formats.settings import SETTINGS
from notelint.note import Note, Setting
from notelint.report import Failure

Within = tuple[Note, Failures]
"""What stands inside another file, and what of it has no text."""

_NAMES = {"v": "urn:hl7-org:v3"}
_ENCOUNTER = "v:componentOf/v:encompassingEncounter"
_ICD10CM = "2.16.840.1.113883.6.90"
_ACT_CODE = "2.16.840.1.113883.5.4"
_FACILITIES: Mapping[tuple[str, str], Setting] = {
    # Places of service (CMS): office, inpatient hospital, outpatient hospital, emergency room, urgent care.
    **{("2.16.840.1.113883.6.50", code): "outpatient" for code in ("11", "19", "20", "22", "23")},
    ("2.16.840.1.113883.6.50", "21"): "inpatient",
    # RoleCode (HL7): clinics and emergency room; intensive care. A hospital can be both.
    **{("2.16.840.1.113883.5.111", code): "outpatient" for code in ("ER", "FMC", "GIM", "OF", "ORTHO", "PC", "RHEUM")},
    **{("2.16.840.1.113883.5.111", code): "inpatient" for code in ("CCU", "ICU", "PEDICU", "PEDNICU")},
}  # fmt: skip
"""{(code system, code) of a facility in which there is only one kind of care: that kind}."""
_NOT_NOW = frozenset({"10157-6", "11348-0"})
"""Sections, by LOINC, whose diagnoses are not those of the encounter: of the family, of the past."""
_PROBLEMS = "11450-4"
_INDICATION = "2.16.840.1.113883.10.20.22.4.19"
_TRUE = frozenset({"true", "1"})
_CDA = re.compile(rb"<(?:[\w.-]+:)?ClinicalDocument[\s>]")
_HEAD = 4096
"""The root of a document stands within so many bytes."""


def notes(content: bytes, name: str) -> Iterator[Note | Failure]:
    """The note of a CDA document. InputError when it is none, when its text is not in it, or can not be read."""
    root = parse(content, name)
    if root.tag != f"{{{_NAMES['v']}}}ClinicalDocument":
        raise InputError(f"{name}: no CDA document")
    try:
        text, failures = _text(root, name)
        checked(text)
    except InputError as error:
        raise InputError(f"{name}: {reason_of(error, name)}") from None
    author, role = _author(root)
    yield Note(
        text=text,
        id=_id(root.find("v:id", _NAMES)) or Path(name).stem,
        path=name,
        codes=codes_of(_codes(root)),
        setting=_setting(root),
        date_of_service=_day(root),
        note_type=line_of(_get(root, "v:code", "displayName")) or _words(root, "v:title"),
        encounter=_id(root.find(f"{_ENCOUNTER}/v:id", _NAMES)),
        author=author,
        role=role,
        site=_words(root, f"{_ENCOUNTER}/v:location/v:healthCareFacility/v:location/v:name")
        or _words(root, "v:custodian/v:assignedCustodian/v:representedCustodianOrganization/v:name"),
    )
    yield from failures


def note_within(content: bytes, name: str, media_type: str | None) -> Within:
    """What stands inside another file: of a CDA document its note, of all else the text. InputError begins with `name: `."""
    kind = (media_type or "").partition(";")[0].strip().lower()
    if (kind.endswith(("/xml", "+xml")) and kind != "application/xhtml+xml") or (not kind and _CDA.search(content[:_HEAD])):
        found = list(notes(content, name))
        note = next(each for each in found if isinstance(each, Note))
        return note, tuple(each for each in found if isinstance(each, Failure))
    text, failures = text_within(content, name, media_type)
    return Note(text), failures


def _text(root: Any, name: str) -> tuple[str, Failures]:
    whole = root.find("v:component/v:nonXMLBody/v:text", _NAMES)
    if whole is not None:
        return _unstructured(whole, name)
    sections = root.iterfind("v:component/v:structuredBody/v:component/v:section", _NAMES)
    return "\n\n".join(block for section in sections for block in _blocks(section)), ()


def _unstructured(whole: Any, name: str) -> tuple[str, Failures]:
    data, kind = "".join(whole.itertext()), whole.get("mediaType")
    if not data.strip() and whole.find("v:reference", _NAMES) is not None:
        raise InputError("text not inline")
    if whole.get("compression"):
        raise InputError("text is compressed")
    if whole.get("representation", "TXT").upper() == "B64":
        return text_within(unpacked(data), name, kind)
    return text_within(data.encode(), name, f"{(kind or 'text/plain').partition(';')[0]}; charset=utf-8")


def _blocks(section: Any) -> Iterator[str]:
    """A section and those within it, each with its title as the first line. One without any text is passed over."""
    text = section.find("v:text", _NAMES)
    own = text_of(text) if text is not None else ""
    inner = [block for each in section.iterfind("v:component/v:section", _NAMES) for block in _blocks(each)]
    title = _words(section, "v:title") or line_of(_get(section, "v:code", "displayName"))
    header = f"{title.rstrip(' :')}:" if title else None
    if own or (inner and header):
        yield "\n".join(line for line in (header, own) if line)
    yield from inner


def _codes(root: Any) -> Iterator[str | None]:
    """The ICD-10-CM codes of the diagnoses that the entries affirm, in document order."""
    for section in root.iterfind(".//v:section", _NAMES):
        kind = _get(section, "v:code", "code")
        if kind in _NOT_NOW:
            continue
        for observation in _affirmed(section.findall("v:entry", _NAMES)):
            if kind == _PROBLEMS and _is_over(observation):
                continue
            for value in observation.iterfind("v:value", _NAMES):
                for coded in (value, *value.iterfind("v:translation", _NAMES)):
                    if coded.get("codeSystem") == _ICD10CM and coded.get("nullFlavor") is None:
                        yield coded.get("code")


def _affirmed(entries: Iterable[Any]) -> Iterator[Any]:
    """The observations in entries that have been made of the patient, with nothing around them that is denied or of somebody else."""
    left = [*entries][::-1]
    while left:
        each = left.pop()
        if each.get("negationInd") in _TRUE or each.find("v:subject", _NAMES) is not None:
            continue
        left += reversed(each)
        if (
            each.tag == f"{{{_NAMES['v']}}}observation"
            and each.get("moodCode", "EVN") == "EVN"
            and all(template.get("root") != _INDICATION for template in each.iterfind("v:templateId", _NAMES))
        ):
            yield each


def _is_over(observation: Any) -> bool:
    """Has a problem of the list of problems been resolved, be it at a time that nobody knows?"""
    end = observation.find("v:effectiveTime/v:high", _NAMES)
    return end is not None and (end.get("value") is not None or end.get("nullFlavor") == "UNK")


def _day(root: Any) -> date | None:
    paths = (f"{_ENCOUNTER}/v:effectiveTime", "v:documentationOf/v:serviceEvent/v:effectiveTime", "v:effectiveTime")
    written = (
        end.get("value") for path in paths for time in root.iterfind(path, _NAMES) for end in (*time.iterfind("v:low", _NAMES), time)
    )
    return next((day for each in written if (day := day_of(each))), None)


def _setting(root: Any) -> Setting:
    for coded in _with_translations(root.find(f"{_ENCOUNTER}/v:code", _NAMES)):
        if coded.get("codeSystem", _ACT_CODE) == _ACT_CODE and coded.get("code", "").lower() in SETTINGS:
            return SETTINGS[coded.get("code").lower()]
    for coded in _with_translations(root.find(f"{_ENCOUNTER}/v:location/v:healthCareFacility/v:code", _NAMES)):
        if setting := _FACILITIES.get((coded.get("codeSystem", ""), coded.get("code", ""))):
            return setting
    return "unknown"


def _with_translations(coded: Any) -> Iterable[Any]:
    return () if coded is None else (coded, *coded.iterfind("v:translation", _NAMES))


def _author(root: Any) -> tuple[str | None, str | None]:
    """(name, role) of who answers for the document: its legal authenticator, else its first author who is a person."""
    people = [
        (_person(each), line_of(_get(each, "v:code", "displayName")))
        for path in ("v:legalAuthenticator/v:assignedEntity", "v:author/v:assignedAuthor")
        for each in root.iterfind(path, _NAMES)
    ]
    name = next((name for name, _ in people if name), None)
    return name, next((role for each, role in people if name and each == name and role), None)


def _person(entity: Any) -> str | None:
    name = entity.find("v:assignedPerson/v:name", _NAMES)
    if name is None:
        return None
    parts = [part.text for kind in ("given", "family") for part in name.iterfind(f"v:{kind}", _NAMES) if part.text]
    # A name may also be written without parts.
    return line_of(" ".join(parts or name.itertext()))


def _id(element: Any) -> str | None:
    if element is None or element.get("nullFlavor"):
        return None
    return line_of("^".join(part for part in (element.get("root"), element.get("extension")) if part))


def _get(element: Any, path: str, attribute: str) -> str | None:
    found = element.find(path, _NAMES)
    return None if found is None else found.get(attribute)


def _words(element: Any, path: str) -> str | None:
    found = element.find(path, _NAMES)
    return None if found is None else line_of("".join(found.itertext()))
