"""The samples: their reports are held here, word by word; the README shows what is printed."""

import csv
import os
import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from conftest import ROOT
from notelint import Linter, Note

Command = Callable[..., tuple[int, str, str]]
REPORTS = ROOT / "tests" / "reports"


def rows() -> Iterator[dict[str, str]]:
    with (ROOT / "samples" / "manifest.csv").open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def printed(command: Command, row: dict[str, str]) -> str:
    status, out, err = command(
        "check", f"samples/{row['path']}", "--code", row["codes"], "--setting", row["setting"], "--date-of-service", row["date-of-service"],
        "--note-type", row["note-type"], "--fail-on", "never",
    )  # fmt: skip
    assert (status, err) == (0, "")
    return out


@pytest.mark.parametrize("row", list(rows()), ids=lambda row: row["id"])
def test_report(command: Command, row: dict[str, str]) -> None:
    kept = REPORTS / f"{row['path'].removesuffix('.txt')}.txt"
    told = printed(command, row)
    if os.environ.get("NOTELINT_WRITE_REPORTS"):
        kept.write_text(told, encoding="utf-8")
    assert told == kept.read_text(encoding="utf-8"), "read the change; `make reports` keeps it"


def test_all_samples_are_in_the_manifest_and_the_table() -> None:
    files = {path.name for path in (ROOT / "samples").glob("*.txt")}
    assert {row["path"] for row in rows()} == files
    table = (ROOT / "samples" / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(files) if f"`{name}`" not in table] == []
    assert {path.name for path in REPORTS.iterdir()} == files


def test_the_readme_shows_what_is_printed(command: Command) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^\$ notelint (.*)\n((?:.*\n)*?)```", readme, re.MULTILINE)
    assert command(*shown[0].split())[1] == shown[1]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    gaps = next(line for line in re.findall(r"bin\)?/notelint (check .*)|notelint (check .*)", makefile) if "gaps" in "".join(line))
    assert f"```\n{command(*''.join(gaps).split())[1]}```" in readme


def test_the_readmes_figures_of_cases_are_counted() -> None:
    from notelint import library

    number = sum(len(cases) for _, cases in library.read_cases().values())
    assert f"Cases beside the patterns: {number:,}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_of_a_complete_note_nothing_is_said(linter: Linter) -> None:
    complete = [row for row in rows() if row["id"].endswith("-complete") or row["id"] == "sacroiliitis-postpartum"]
    families = {family.family for row in complete if (family := linter.library.family_of(row["codes"].split()[0]))}
    assert len(families) >= 6
    for row in complete:
        text = (ROOT / "samples" / row["path"]).read_text(encoding="utf-8")
        note = Note(
            text, codes=tuple(row["codes"].split()), setting=row["setting"], note_type=row["note-type"],
            date_of_service=date.fromisoformat(row["date-of-service"]),
        )  # fmt: skip
        assert [d.rule for d in linter.check(note).diagnostics if d.severity != "info"] == [], row["id"]


def test_of_the_sampled_stay_each_document_stands_by_the_others(command: Command) -> None:
    assert command("check", "--manifest", "samples/encounter.csv")[:2] == (0, "Nothing to report in 3 notes.\n")
    for alone in ("1-admission", "2-progress"):
        assert command("check", f"samples/encounter/{alone}.txt", "--code", "M46.36,B96.20", "--setting", "inpatient")[1] != ""
