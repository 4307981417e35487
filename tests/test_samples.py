"""The samples: their reports are held here, word by word; the README shows what is printed."""

import csv
import os
import re
from collections.abc import Callable, Iterator

import pytest

from conftest import ROOT

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
