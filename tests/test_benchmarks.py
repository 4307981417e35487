"""The notes of benchmarks/: they can be read, their answers lie in their text, and on the clean ones nothing is said."""

import importlib.util
import json
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from notelint import Linter, Note

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
MARKED = sorted((BENCHMARKS / "marked").glob("*.txt"))
CLEAN = sorted((BENCHMARKS / "clean").glob("*.txt"))
SETS = sorted(BENCHMARKS.glob("*.jsonl"))


@pytest.fixture(scope="module")
def accuracy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("accuracy", BENCHMARKS / "accuracy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["accuracy"] = module
    spec.loader.exec_module(module)
    return module


def test_there_are_enough() -> None:
    assert len(MARKED) >= 40
    assert len(CLEAN) >= 20


@pytest.mark.parametrize("path", MARKED, ids=lambda path: path.stem)
def test_a_marked_note(accuracy: Any, linter: Linter, path: Path) -> None:
    marked = accuracy.read_marked(path)
    assert marked.answers
    assert all(0 <= answer.start < answer.end <= len(marked.note.text) for answer in marked.answers)
    known = accuracy.known_concepts(linter)
    assert {answer.concept for answer in marked.answers} <= known
    assert set(marked.phenomena) - {""} <= set(accuracy.PHENOMENA)


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_nothing_is_said_of_a_clean_note(accuracy: Any, linter: Linter, path: Path) -> None:
    report = linter.check(accuracy.read_marked(path).note)
    assert [(d.code, d.rule, d.message) for d in report.diagnostics] == []


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_a_set(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        if "start" in row:
            assert 0 <= row["start"] < row["end"] <= len(row["text"])
        for item in row.get("facts", {}).get("diagnoses", ()):
            assert item["quote"] in row["text"], row["id"]


LINTED = [
    pytest.param(row, id=row["id"])
    for name in ("lint-inflammatory", "lint-infections")
    for row in map(json.loads, (BENCHMARKS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines())
]


def _fits(wanted: str, found: set[str]) -> bool:
    """Is one of the alternatives of `a|b` there; `site/*` stands for a category."""
    return any(name in found or (name.endswith("/*") and any(f.startswith(name[:-1]) for f in found)) for name in wanted.split("|"))


@pytest.mark.parametrize("row", LINTED)
def test_a_note_is_judged_as_its_author_says(linter: Linter, row: dict[str, Any]) -> None:
    day = date.fromisoformat(row["date_of_service"]) if row["date_of_service"] else None
    report = linter.check(
        Note(row["text"], codes=tuple(row["codes"]), setting=row["setting"], note_type=row["note_type"], date_of_service=day)
    )
    for assessment in report.assessments:
        expected = row["expected"].get(assessment.code)
        if expected is None:
            continue
        status = {element.element: element.status for element in assessment.elements}
        offered = {alternative.code for alternative in assessment.alternatives}
        fired = {d.rule for d in report.diagnostics if d.code in (None, assessment.code)}
        told = {d.rule for d in report.diagnostics}
        assert [name for name in expected["met"] if status.get(name) != "met"] == []
        assert [name for name in expected["gaps"] if status.get(name) in ("met", None)] == []
        assert [wanted for wanted in expected["alternatives"] if not _fits(wanted, offered)] == []
        assert [code for code in expected["not_alternatives"] if code in offered] == []
        assert [wanted for wanted in expected["rules"] if not _fits(wanted, told)] == []
        assert [rule for rule in expected["not_rules"] if _fits(rule, fired)] == []
        assert expected["decision"] in (None, assessment.decision)
        if "perfect" in row["phenomena"]:
            assert [d.rule for d in report.diagnostics if d.severity != "info"] == []
