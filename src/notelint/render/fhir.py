"""Queries as FHIR R4: a Bundle that holds, of each query, a Questionnaire, the Task that puts it to the provider, and the records quoted."""

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from notelint.query import Query
from notelint.render.query import ANSWER, REASONS, sheet

_SYSTEM = "urn:notelint"
_STATUS = {"draft": ("draft", "draft"), "released": ("active", "requested"), "answered": ("active", "completed")}
"""{state: (status of the Questionnaire, status of the Task)}."""


def as_bundle(queries: Sequence[Query]) -> dict[str, Any]:
    """A Bundle of type `collection`, as JSON values."""
    entries = [entry for query in queries for entry in _entries(query)]
    unique = {entry["fullUrl"]: entry for entry in entries}
    return {"resourceType": "Bundle", "type": "collection", "entry": list(unique.values())}


def _entries(query: Query) -> Iterator[dict[str, Any]]:
    form, task = _STATUS[query.status]
    yield _entry({
        "resourceType": "Questionnaire", "id": query.id, "url": f"{_SYSTEM}:questionnaire:{query.id}", "title": query.title, "status": form,
        **({"date": query.written.isoformat()} if query.written else {}),
        **({"publisher": query.author.name} if query.author else {}),
        "item": list(_items(query)),
    })  # fmt: skip
    for record in query.records:
        yield _entry({
            "resourceType": "DocumentReference", "id": _record_id(record.sha256), "status": "current", "description": record.document,
            "identifier": [{"system": f"{_SYSTEM}:sha256", "value": record.sha256}],
            "content": [{"attachment": {"contentType": "text/plain", "title": record.document}}],
        })  # fmt: skip
    documents = {record.document: record.sha256 for record in query.records}
    yield _entry({
        "resourceType": "Task", "id": f"{query.id}-task", "status": task, "intent": "proposal" if query.status == "draft" else "order",
        "identifier": [{"system": f"{_SYSTEM}:query", "value": query.id}],
        "description": query.title,
        "code": {"text": "Documentation query"},
        **({"reasonCode": {"text": REASONS[query.reason]}} if query.reason else {}),
        "focus": {"reference": f"Questionnaire/{query.id}"},
        **({"encounter": {"display": query.encounter}} if query.encounter else {}),
        **({"authoredOn": query.written.isoformat()} if query.written else {}),
        **({"requester": {"display": _named(query.author.name, query.author.credential)}} if query.author else {}),
        **({"owner": {"display": _named(query.recipient.name, query.recipient.credential)}} if query.recipient else {}),
        "note": [{"text": ANSWER}],
        "input": [
            {
                "type": {"text": f"clinical indicator, {indicator.polarity}"},
                "valueAnnotation": {
                    "text": indicator.text,
                    **({"authorString": indicator.author} if indicator.author else {}),
                    **({"time": indicator.date} if indicator.date else {}),
                    "extension": [
                        {"url": f"{_SYSTEM}:document", "valueReference": {"reference": f"DocumentReference/{_record_id(documents[indicator.document])}"}},
                        {"url": f"{_SYSTEM}:start", "valueUnsignedInt": indicator.start},
                        {"url": f"{_SYSTEM}:end", "valueUnsignedInt": indicator.end},
                    ],
                },
            }
            for indicator in query.indicators
            if indicator.document in documents
        ],
    })  # fmt: skip


def _items(query: Query) -> Iterator[dict[str, Any]]:
    for number, (heading, quotations) in enumerate(sheet(query).blocks, 1):
        yield {
            "linkId": f"indicators-{number}", "type": "group", "text": heading,
            "item": [
                {"linkId": f"i{quotation.number}", "type": "display", "text": f"{quotation.words} ({quotation.source})"}
                for quotation in quotations
            ],
        }  # fmt: skip
    answers = [option.label for option in query.options] + ([query.undetermined] if query.undetermined else [])
    if query.options:
        # Of an open choice the answer may also be free text: that is the "other".
        yield {
            "linkId": "answer", "type": "open-choice" if query.other else "choice", "text": query.stem,
            "answerOption": [{"valueString": label} for label in answers],
        }  # fmt: skip
    else:
        yield {"linkId": "answer", "type": "text", "text": query.stem}


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": f"{_SYSTEM}:{resource['resourceType'].lower()}:{resource['id']}", "resource": resource}


def _record_id(sha256: str) -> str:
    # An id of FHIR has at most 64 characters, and no more are needed.
    return base64.b32encode(bytes.fromhex(sha256)[:20]).decode().lower()


def _named(name: str, credential: str | None) -> str:
    return f"{name}, {credential}" if credential else name
