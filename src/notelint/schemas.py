"""The JSON schemas that notelint publishes, made from its models, of pattern files and of reports; and the description of an audit's tables."""

import json
from collections.abc import Iterator

from pydantic import BaseModel

from notelint.audit.compare import Comparison
from notelint.audit.rows import SCHEMA, TABLES
from notelint.audit.store import Run
from notelint.audit.summary import Summary
from notelint.ledger import Entry
from notelint.packs import Asking, Cases, FamilyFile, Pairs, Profile, Shared, Sources, Vocabulary, Wordings
from notelint.query import Drafts, Query
from notelint.reference import Claims, Page
from notelint.report import Checked, Extracts, Report

_MODELS: dict[str, type[BaseModel]] = {
    "family": FamilyFile, "shared": Shared, "vocabulary": Vocabulary, "page": Page, "profile": Profile, "claims": Claims, "pairs": Pairs,
    "sources": Sources, "cases": Cases, "report": Report, "extracts": Extracts,
    "asking": Asking, "wordings": Wordings, "query": Query, "queries": Drafts, "query-check": Checked, "query-log": Entry,
    "audit-run": Run, "audit-summary": Summary, "audit-comparison": Comparison,
}  # fmt: skip


_PRINTED = ("report", "extracts", "query", "queries", "query-check", "query-log", "audit-run", "audit-summary", "audit-comparison")


def schemas() -> dict[str, str]:
    """{name: JSON schema as text}, draft 2020-12."""
    made = {}
    for name, model in _MODELS.items():
        mode = "serialization" if name in _PRINTED else "validation"
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema(by_alias=True, mode=mode)}  # type: ignore[arg-type]
        made[name] = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    return made


def tables() -> Iterator[str]:
    """Lines of Markdown that describe the tables of an audit."""
    yield "# The tables of an audit"
    yield ""
    yield f"`notelint audit run` and `notelint.spark` give these tables, version `{SCHEMA}`. `note` is the key of a note, made of where it stands and of its"
    yield "words: it stays the same from run to run. Dates that a note tells are text, as partial as the note. A column marked * may hold words of a"
    yield "note, and is null with `--no-quotes`."
    for table, columns in TABLES.items():
        yield ""
        yield f"## {table}"
        yield ""
        yield "| column | type | what |"
        yield "|---|---|---|"
        yield from (f"| `{column.name}`{' *' if column.quotes else ''} | {column.type} | {column.about} |" for column in columns)
