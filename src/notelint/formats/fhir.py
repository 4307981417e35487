"""Documents of FHIR R4 as JSON: DocumentReference, DiagnosticReport and Composition, alone, as lines of a bulk export, or in a Bundle.

Around a document stands what it refers to, its encounter with the diagnoses, its authors, its places. It is looked up where the file holds it, and
nowhere else: nothing is fetched.
"""

import json
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from notelint.errors import InputError
from notelint.formats.cda import Within, note_within
from notelint.formats.embedded import unpacked
from notelint.formats.facts import checked, codes_of, day_of, filled, line_of, reason_of, told_apart
from notelint.formats.narrative import text_of_page
from notelint.formats.settings import SETTINGS
from notelint.note import Note, Setting
from notelint.report import Failure

Resource = dict[str, Any]

_DOCUMENTS = frozenset({"DocumentReference", "DiagnosticReport", "Composition"})
_ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
_CLASSES = frozenset(
    {
        None,
        "http://terminology.hl7.org/CodeSystem/v3-ActCode",
        "http://terminology.hl7.org/CodeSystem/v2-0004",
    }
)
"""The systems whose codes tell a setting; a class without a system is one of theirs."""
_PREFERRED = ("text/plain", "text/html", "xml", "rtf", "wordprocessingml.document", "application/pdf")
"""Of several forms of one document the first that is read, by the end of its media type."""
_PEOPLE = ("authenticator", "attester", "resultsInterpreter", "author", "performer")
"""Who answers for a document, those who signed it first."""
_NOBODY = frozenset({"CareTeam", "Device", "Organization", "Patient"})
_UNTRUE = frozenset({"entered-in-error", "refuted"})
_DEEPEST = 16
"""So many bundles, or sections, may stand in one another."""


def notes(content: bytes, name: str) -> Iterator[Note | Failure]:
    """The notes of a resource or a bundle. InputError when the file is no JSON of FHIR."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: line {content.count(10, 0, error.start) + 1}: not UTF-8 (byte {error.start + 1})") from None
    try:
        resource = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name}: line {getattr(error, 'lineno', 1)}: no JSON (column {getattr(error, 'colno', 1)})") from None
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise InputError(f"{name}: no FHIR resource")
    yield from told_apart(notes_of(resource, name, {}))


def notes_of(resource: Resource, name: str, around: Mapping[str, Resource]) -> Iterator[Note | Failure]:
    """The notes of one resource, which may be a bundle. `around` is what it may refer to, as `around_of` gives it."""
    kind = _text(resource, "resourceType")
    if kind == "Bundle":
        yield from _of_bundle(resource, name, around, 1)
    elif kind in _DOCUMENTS:
        yield from _of_document(resource, name, around)
    else:
        yield Failure(path=name, message="is no DocumentReference, DiagnosticReport, Composition or Bundle")


def around_of(resources: Iterable[tuple[str | None, Resource]]) -> dict[str, Resource]:
    """{reference: resource} of (full URL, resource), as `Encounter/1` and by the full URL.

    Under `Condition?encounter=Encounter/1` stands a bundle of what a search for it would find, and so for the roles of a practitioner.
    """
    around: dict[str, Resource] = {}
    names: dict[int, list[str]] = {}
    found: dict[str, list[Resource]] = {}
    listed = list(resources)
    for url, resource in listed:
        own = _text(resource, "id")
        names[id(resource)] = [each for each in (url, f"{resource.get('resourceType')}/{own}" if own else None) if each]
        for each in names[id(resource)]:
            around.setdefault(each, resource)
    for _, resource in listed:
        field = {"Condition": "encounter", "PractitionerRole": "practitioner"}.get(str(resource.get("resourceType")))
        reference = _text(resource, field or "", "reference")
        if field and reference:
            for each in names.get(id(_found(reference, around)), [reference]):
                found.setdefault(f"{resource['resourceType']}?{field}={each}", []).append({"resource": resource})
    return around | {search: {"resourceType": "Bundle", "entry": entries} for search, entries in found.items()}


def _of_bundle(bundle: Resource, name: str, outside: Mapping[str, Resource], depth: int) -> Iterator[Note | Failure]:
    entries = [(number, entry, _at(entry, "resource")) for number, entry in enumerate(_parts(bundle, "entry"), 1)]
    held = [(number, _text(entry, "fullUrl"), resource) for number, entry, resource in entries if isinstance(resource, dict)]
    around = _nearer(around_of((url, resource) for _, url, resource in held), outside)
    some = False
    for number, _, resource in held:
        kind = _text(resource, "resourceType")
        if kind == "Bundle" and depth < _DEEPEST:
            found: Iterable[Note | Failure] = _of_bundle(resource, name, around, depth + 1)
        elif kind == "Bundle":
            found = [Failure(path=name, message="more bundles in one another than are read")]
        elif kind in _DOCUMENTS:
            found = _of_document(resource, name, around)
        else:
            continue
        for each in found:
            some = True
            yield each if isinstance(each, Note) else Failure(path=name, message=f"entry {number}: {each.message}")
    if not some:
        yield Failure(path=name, message="holds no DocumentReference, DiagnosticReport or Composition")


def _of_document(resource: Resource, name: str, around: Mapping[str, Resource]) -> Iterator[Note | Failure]:
    if "entered-in-error" in (resource.get("status"), resource.get("docStatus")):
        yield Failure(path=name, message="its status is entered-in-error")
        return
    contained = {f"#{_text(each, 'id')}": each for each in _parts(resource, "contained")}
    if contained:
        around = _nearer(contained, around)
    try:
        within, failures = _content(resource, name, around)
        checked(within.text)
    except InputError as error:
        yield Failure(path=name, message=reason_of(error, name))
        return
    yield from failures
    reference = _at(resource, "context", "encounter") or _at(resource, "encounter")
    visit = _resolved(reference, around)
    author, role = _author(resource, around)
    days = (
        _at(resource, "context", "period", "start"), resource.get("effectiveDateTime"), _at(resource, "effectivePeriod", "start"),
        _at(visit, "period", "start"), resource.get("date"), resource.get("issued"),
    )  # fmt: skip
    own = Note(
        text=within.text,
        id=_id(resource) or Path(name).stem,
        path=name,
        codes=codes_of(_codes(reference, visit, around)),
        setting=_setting(visit),
        date_of_service=next((day for each in days if (day := day_of(each))), None),
        note_type=_concept(resource.get("type")) or _concept(resource.get("code")),
        encounter=_encounter(reference, visit),
        author=author,
        role=role,
        site=_named(resource.get("custodian"), around)
        or _named(_at(visit, "serviceProvider"), around)
        or _named(_at(visit, "location", "location"), around),
    )
    yield filled(own, within)


def _nearer(near: dict[str, Resource], far: Mapping[str, Resource]) -> Mapping[str, Resource]:
    # Nothing is put into it, but its type would let one.
    return ChainMap(near, cast(dict[str, Resource], far))


# ------------------------------------------------------------------------------------------------ the text


def _content(resource: Resource, name: str, around: Mapping[str, Resource]) -> Within:
    """(the text of a document, with what the file within it tells; what could not be read beside it). InputError when there is none."""
    if resource["resourceType"] == "DocumentReference":
        forms = [attachment for each in _parts(resource, "content") if isinstance(attachment := each.get("attachment"), dict)]
        return _attached(forms, name, around)
    if resource["resourceType"] == "Composition":
        blocks = [block for section in _parts(resource, "section") for block in _blocks(section, name, 1)]
        return Note("\n\n".join(blocks) or _narrative(resource, name)), ()
    forms = _parts(resource, "presentedForm")
    try:
        return _attached(forms, name, around)
    except InputError as error:
        lost = error
    said = [conclusion] if isinstance(conclusion := resource.get("conclusion"), str) and conclusion.strip() else []
    said += [code for each in _parts(resource, "conclusionCode") if (code := _concept(each)) and not any(code in line for line in said)]
    text = "\n".join(said) or _narrative(resource, name)
    if forms and not text:
        raise lost
    # Where a form is only named, the words stand for it.
    held = any(_data(form, around) for form in forms)
    return Note(text), (Failure(path=name, message=reason_of(lost, name)),) if held else ()


def _attached(forms: Iterable[Resource], name: str, around: Mapping[str, Resource]) -> Within:
    """The one of several forms of a document that is read best."""
    first: InputError | None = None
    for form in sorted(forms, key=_preference):
        data = _data(form, around)
        if not data:
            continue
        try:
            return note_within(unpacked(data), name, _text(form, "contentType"))
        except InputError as error:
            first = first or error
    raise first or InputError("attachment not inline")


def _preference(form: Resource) -> int:
    kind = (_text(form, "contentType") or "").partition(";")[0].strip().lower()
    return next((number for number, each in enumerate(_PREFERRED) if kind.endswith(each)), len(_PREFERRED))


def _data(form: Resource, around: Mapping[str, Resource]) -> str | None:
    """The base64 of an attachment; where it only has an address, of what the file itself holds under it."""
    return _text(form, "data") or _text(_found(_text(form, "url"), around), "data")


def _blocks(section: Resource, name: str, depth: int) -> Iterator[str]:
    """A section and those within it, each with its title as the first line. One without any text is passed over."""
    if depth > _DEEPEST:
        raise InputError("more sections in one another than are read")
    own = _narrative(section, name)
    inner = [block for each in _parts(section, "section") for block in _blocks(each, name, depth + 1)]
    title = line_of(section.get("title")) or _concept(section.get("code"))
    header = f"{title.rstrip(' :')}:" if title else None
    if own or (inner and header):
        yield "\n".join(line for line in (header, own) if line)
    yield from inner


def _narrative(resource: Resource, name: str) -> str:
    page = _text(resource, "text", "div")
    if not page:
        return ""
    return text_of_page(checked(page), name)


# ------------------------------------------------------------------------------------------------ the facts


def _codes(reference: object, visit: Resource, around: Mapping[str, Resource]) -> Iterator[object]:
    """The ICD-10-CM codes of the diagnoses of an encounter: by their rank, else of the conditions that name the encounter."""

    def rank(diagnosis: Resource) -> tuple[bool, float]:
        given = diagnosis.get("rank")
        return (False, given) if isinstance(given, int) else (True, 0)

    listed = sorted(_parts(visit, "diagnosis"), key=rank)
    conditions = [_resolved(diagnosis.get("condition"), around) for diagnosis in listed]
    if not listed:
        found = around.get(f"Condition?encounter={_unversioned(_text(reference, 'reference'))}", {})
        conditions = [each for entry in _parts(found, "entry") for each in _parts(entry, "resource") if not _is_of_list(each)]
    for condition in conditions:
        states = {_text(coding, "code") for coding in _parts(_at(condition, "verificationStatus"), "coding")}
        if not states & _UNTRUE:
            for coding in _parts(_at(condition, "code"), "coding"):
                if coding.get("system") == _ICD10CM:
                    yield coding.get("code")


def _is_of_list(condition: Resource) -> bool:
    """Does a condition stand in the list of problems, rather than among the diagnoses of its encounter?"""
    return any(coding.get("code") == "problem-list-item" for each in _parts(condition, "category") for coding in _parts(each, "coding"))


def _setting(visit: Resource) -> Setting:
    system, code, display = (_text(visit, "class", each) for each in ("system", "code", "display"))
    by_code = SETTINGS.get((code or "").lower()) if system in _CLASSES else None
    return by_code or SETTINGS.get((display or "").lower(), "unknown")


def _encounter(reference: object, visit: Resource) -> str | None:
    written = _unversioned(_text(reference, "reference"))
    _, parted, number = written.rpartition("Encounter/")
    return (
        line_of(visit.get("id"))
        or line_of(number if parted else written)
        or line_of(_text(visit, "identifier", "value"))
        or line_of(_text(reference, "identifier", "value"))
    )


def _author(resource: Resource, around: Mapping[str, Resource]) -> tuple[str | None, str | None]:
    """(name, role) of who answers for a document."""
    for field in _PEOPLE:
        for each in _parts(resource, field):
            reference = each.get("party") if field == "attester" else each
            person = _resolved(reference, around)
            kind = _text(person, "resourceType") or _text(reference, "type") or (_text(reference, "reference") or "").partition("/")[0]
            if kind not in _NOBODY and (name := _named(reference, around)):
                return name, _role(reference, person, around)
    return None, None


def _role(reference: object, person: Resource, around: Mapping[str, Resource]) -> str | None:
    roles = around.get(f"PractitionerRole?practitioner={_unversioned(_text(reference, 'reference'))}", {})
    whole = person if person.get("resourceType") == "PractitionerRole" else _at(roles, "entry", "resource")
    practitioner = _resolved(_at(whole, "practitioner"), around) or person
    return _concept(_at(whole, "code")) or _concept(_at(practitioner, "qualification", "code"))


def _named(reference: object, around: Mapping[str, Resource]) -> str | None:
    """How a reference names what it refers to, else how that is named itself."""
    if display := line_of(_text(reference, "display")):
        return display
    found = _resolved(reference, around)
    if found.get("resourceType") == "PractitionerRole":
        return line_of(_text(found, "practitioner", "display")) or _person(_resolved(found.get("practitioner"), around))
    return _person(found) if found.get("resourceType") == "Practitioner" else line_of(found.get("name"))


def _person(practitioner: Resource) -> str | None:
    name = _at(practitioner, "name")
    given = _at(name, "given", whole=True)
    parts = [*(given if isinstance(given, list) else []), _at(name, "family")]
    return line_of(" ".join(part for part in parts if isinstance(part, str))) or line_of(_at(name, "text"))


def _concept(concept: object) -> str | None:
    """A concept in words: its own, else those of its first code that has any."""
    codings = _parts(concept if isinstance(concept, dict) else _at(concept), "coding")
    return line_of(_text(concept, "text")) or next((line for each in codings if (line := line_of(each.get("display")))), None)


def _id(resource: Resource) -> str | None:
    return (
        line_of(resource.get("id"))
        or line_of(_text(resource, "masterIdentifier", "value"))
        or line_of(_text(resource, "identifier", "value"))
    )


# ------------------------------------------------------------------------------------------------ places in JSON


def _resolved(reference: object, around: Mapping[str, Resource]) -> Resource:
    return _found(_text(reference, "reference"), around)


def _found(reference: str | None, around: Mapping[str, Resource]) -> Resource:
    """What a reference refers to, in any version; empty when the file does not hold it."""
    return around.get(_unversioned(reference), {}) if reference else {}


def _unversioned(reference: str | None) -> str:
    return (reference or "").partition("/_history/")[0]


def _at(value: object, *path: str, whole: bool = False) -> Any:
    """What stands at a path, of lists the first; None where nothing does. `whole`: if a list stands there, all of it."""
    for key in path:
        value = value[0] if isinstance(value, list) and value else value
        value = value.get(key) if isinstance(value, dict) else None
    return value[0] if isinstance(value, list) and value and not whole else value


def _text(value: object, *path: str) -> str | None:
    found = _at(value, *path)
    return found if isinstance(found, str) else None


def _parts(value: object, key: str) -> list[Resource]:
    """The objects of a list, or the one that stands in its place."""
    found = _at(value, key, whole=True)
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]
