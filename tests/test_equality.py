"""The fast line gives what the plain one gives: the same findings, offsets, flags, sections, judgements."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notelint import Linter, Note
from notelint.library import read_cases
from plain import plain

ROOT = Path(__file__).parent.parent
FURTHER = os.environ.get("NOTELINT_TEXTS")
"""A folder of further notes in JSON Lines, for who has some: every ninth of each file is read."""


def notes() -> Iterator[tuple[str, Note]]:
    """(name, note) of the samples, of the notes under benchmarks/, and of further ones where they are."""
    for path in sorted(ROOT.glob("samples/*.txt")):
        yield path.name, Note(path.read_text(encoding="utf-8"), codes=("M45.7",))
    for path in sorted(path for folder in ("marked", "clean") for path in ROOT.glob(f"benchmarks/{folder}/*.txt")):
        text = path.read_text(encoding="utf-8").partition("\n---\n")[2]
        yield path.name, Note(text.translate({ord("⟦"): None, ord("⟧"): None}), codes=("M46.46",))
    files = [*sorted(ROOT.glob("benchmarks/lint-*.jsonl")), ROOT / "benchmarks" / "unseen.jsonl"]
    further = sorted(Path(FURTHER).rglob("*.jsonl")) if FURTHER else []
    for path, every in (*((path, 1) for path in files), *((path, 9) for path in further)):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            row = json.loads(line)
            if number % every == 0 and "text" in row:
                codes, setting = tuple(row.get("codes") or ()), row.get("setting") or "unknown"
                yield f"{path.stem} {row.get('id', number)}", Note(row["text"], codes=codes, setting=setting)


NOTES = dict(notes())


@pytest.mark.parametrize("name", NOTES)
def test_the_fast_line_is_the_plain_one(linter: Linter, name: str) -> None:
    fast = linter.check(NOTES[name])
    with plain():
        assert linter.check(NOTES[name]) == fast


@pytest.mark.parametrize("name", NOTES)
def test_only_findings_of_no_use_are_left_out(linter: Linter, name: str) -> None:
    note = NOTES[name]
    for asked in (note, Note(note.text), Note(note.text, codes=("I10", "H28"))):
        every, needed = linter.check(asked), linter.check(asked, findings="needed")
        assert needed.model_copy(update={"findings": every.findings}) == every
        assert needed.findings in ((), every.findings)


WORDS = sorted({word for _, cases in read_cases().values() for case in cases for word in case.text.split(" ")})
PIECES = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(["No", "denies", "possible", "history of", "HLA-B27", "AS", "L4-L5", "T12", ":", ",", ".", ";", "\n", "\n\n", "-", "[x]", "___",
                     "|", "    ", "ASSESSMENT:", "Family history:", "?", "1.", "İ", "ſ", "K", "é", "ß", "\u00a0", "\u200b", "\r\n", "\ud800", "🦴", "Σ"]),
)  # fmt: skip
TEXTS = st.builds(
    lambda words, blank: blank.join(words), st.lists(PIECES, max_size=30), st.sampled_from([" ", " ", "", "  ", "-", "\u00a0"])
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_on_any_text(linter: Linter, text: str) -> None:
    note = Note(text, codes=("M45.7", "M46.46"))
    fast = linter.check(note)
    with plain():
        assert linter.check(note) == fast
