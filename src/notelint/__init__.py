"""A linter for clinical notes: what a note says against what its ICD-10-CM code asks of the chart.

    from notelint import Linter, Note

    report = Linter().check(Note(text="…", codes=["M45.7"], setting="outpatient"))

Everything public is exported here; a name is imported when it is first used, so that `import notelint` costs nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from notelint.assessment import Alternative, AssessedElement, Assessment
    from notelint.codeset import CodeSet, CodeSets, load_codesets
    from notelint.errors import CodeSetError, InputError, NotelintError, PackError
    from notelint.findings import Assertion, Finding
    from notelint.library import Library
    from notelint.linter import Linter, assert_span
    from notelint.note import Note
    from notelint.report import Diagnostic, NoteReport, Report

_HOMES = {
    "Alternative": "assessment", "AssessedElement": "assessment", "Assessment": "assessment",
    "CodeSet": "codeset", "CodeSets": "codeset", "load_codesets": "codeset",
    "CodeSetError": "errors", "InputError": "errors", "NotelintError": "errors", "PackError": "errors",
    "Assertion": "findings", "Finding": "findings", "Library": "library", "Linter": "linter", "assert_span": "linter", "Note": "note",
    "Diagnostic": "report", "NoteReport": "report", "Report": "report",
}  # fmt: skip

__all__ = [
    "Alternative",
    "Assertion",
    "AssessedElement",
    "Assessment",
    "CodeSet",
    "CodeSetError",
    "CodeSets",
    "Diagnostic",
    "Finding",
    "InputError",
    "Library",
    "Linter",
    "Note",
    "NoteReport",
    "NotelintError",
    "PackError",
    "Report",
    "__version__",
    "assert_span",
    "load_codesets",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'notelint' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"notelint.{_HOMES[name]}"), name)
