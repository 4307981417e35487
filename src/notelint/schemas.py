"""The JSON schemas that notelint publishes, made from its models: of pattern files, and of reports."""

import json

from pydantic import BaseModel

from notelint.ledger import Entry
from notelint.packs import Asking, Cases, FamilyFile, Pairs, Profile, Shared, Sources, Vocabulary, Wordings
from notelint.query import Drafts, Query
from notelint.reference import Claims, Page
from notelint.report import Checked, Extracts, Report

_MODELS: dict[str, type[BaseModel]] = {
    "family": FamilyFile, "shared": Shared, "vocabulary": Vocabulary, "page": Page, "profile": Profile, "claims": Claims, "pairs": Pairs,
    "sources": Sources, "cases": Cases, "report": Report, "extracts": Extracts,
    "asking": Asking, "wordings": Wordings, "query": Query, "queries": Drafts, "query-check": Checked, "query-log": Entry,
}  # fmt: skip


_PRINTED = ("report", "extracts", "query", "queries", "query-check", "query-log")


def schemas() -> dict[str, str]:
    """{name: JSON schema as text}, draft 2020-12."""
    made = {}
    for name, model in _MODELS.items():
        mode = "serialization" if name in _PRINTED else "validation"
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True, mode=mode)}  # type: ignore[arg-type]
        made[name] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return made
