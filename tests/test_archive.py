"""The invented archive of benchmarks/: equal seeds give equal bytes, every format is there, and what an audit lacks is told."""

import gzip
import importlib.util
import json
import sys
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def archive() -> Any:
    return _module("archive")


@pytest.fixture(scope="module")
def audit(archive: Any) -> Any:
    return _module("audit")


@pytest.fixture(scope="module")
def made(archive: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Any]]:
    folder = tmp_path_factory.mktemp("archive")
    return folder, archive.write(folder, 300, 7)


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_equal_seeds_give_equal_bytes(archive: Any, made: tuple[Path, list[Any]], tmp_path: Path) -> None:
    folder, files = made
    assert archive.write(tmp_path / "again", 300, 7) == files
    again = _bytes(tmp_path / "again")
    assert again == _bytes(folder)
    assert archive.write(tmp_path / "other", 300, 8) != files
    assert _bytes(tmp_path / "other")["tables/notes.csv"] != again["tables/notes.csv"]


def test_the_manifest_names_every_file_and_counts_every_note(archive: Any, made: tuple[Path, list[Any]]) -> None:
    folder, files = made
    assert sorted(file.path for file in files) == sorted(_bytes(folder))
    assert sum(file.notes for file in files) == 300
    formats = Counter(file.format for file in files if file.notes)
    assert set(formats) == {format_ for format_, _, _ in archive.TABLES.values()} | set(archive.DOCUMENTS)


def test_notes_are_all_different_and_those_of_an_encounter_stand_together(archive: Any) -> None:
    notes = list(archive.notes(7, 500))
    assert len({note.text for note in notes}) == len({note.id for note in notes}) == 500
    assert {note.setting for note in notes} == {"inpatient", "outpatient", "unknown"}
    assert len({note.site for note in notes}) == len(archive.SITES)
    assert len({note.date_of_service.replace(day=1) for note in notes if note.date_of_service}) > 9
    assert any(not note.codes for note in notes)
    seen: list[str | None] = []
    for note in notes:
        if note.encounter is None or note.encounter != (seen or [None])[-1]:
            assert note.encounter is None or note.encounter not in seen
            seen.append(note.encounter)


def test_tables_hold_the_notes_as_they_are(archive: Any, tmp_path: Path) -> None:
    import csv
    import sqlite3

    import pyarrow.parquet

    notes = list(archive.notes(7, 40))
    expected = [archive.cells(note) for note in notes]
    for name, (_, open_, _) in archive.TABLES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        with open_(tmp_path / name) as add:
            add(notes)
    with (tmp_path / "tables/notes.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == expected
    with (tmp_path / "tables/utf-16.csv").open(newline="", encoding="utf-16") as file:
        assert list(csv.DictReader(file)) == expected
    parquet = pyarrow.parquet.read_table(tmp_path / "tables/notes.parquet").to_pylist()
    assert [{name.replace("_", "-"): value or "" for name, value in row.items()} for row in parquet] == expected
    with sqlite3.connect(tmp_path / "tables/notes.sqlite") as connection:
        assert [tuple(row) for row in connection.execute("SELECT * FROM notes")] == [tuple(row.values()) for row in expected]
    connection.close()
    lines = gzip.decompress((tmp_path / "tables/packed.jsonl.gz").read_bytes()).decode().splitlines()
    assert [json.loads(line)["text"] for line in lines] == [note.text for note in notes]


def test_documents_are_what_they_say(archive: Any) -> None:
    note = next(note for note in archive.notes(7, 100) if "(" in note.text and "Müller" in note.text)
    with zipfile.ZipFile(BytesIO(archive.docx(note))) as file:
        words = "".join(ElementTree.fromstring(file.read("word/document.xml")).itertext())
    assert "".join(note.text.splitlines()) in words
    root = ElementTree.fromstring(archive.cda(note))
    paragraphs = [each.text for each in root.iter("{urn:hl7-org:v3}paragraph")]
    assert paragraphs == [line for line in note.text.splitlines() if line.strip()]
    assert {value.get("code") for value in root.iter("{urn:hl7-org:v3}value")} == set(note.codes)
    entries = json.loads(archive.bundle([note]))["entry"]
    assert [entry["resource"]["resourceType"] for entry in entries][:2] == ["Patient", "Encounter"]
    message = archive.mdm([note]).decode().split("\r")
    assert [segment[:3] for segment in message[:3]] == ["MSH", "PID", "PV1"]
    assert message[2].split("|")[19] == (note.encounter or "")
    assert next(segment for segment in message if segment.startswith("TXA")).split("|")[12] == note.id
    assert archive.rtf(note).isascii()


def test_a_pdf_can_be_read(archive: Any) -> None:
    from pypdf import PdfReader

    note = max(archive.notes(7, 100), key=lambda note: len(note.text))
    reader = PdfReader(BytesIO(archive.pdf(note)), strict=True)
    assert len(reader.pages) > 1
    text = " ".join(page.extract_text() for page in reader.pages)
    assert [word for word in note.text.split() if word.isascii() and word not in text] == []


def test_what_is_corrupt_is_listed(archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_BOMB", 8 * 2**20)
    monkeypatch.setattr(archive, "_LONG", 2**20)
    files = archive.write_corrupt(tmp_path, 7)
    content = _bytes(tmp_path)
    assert sorted(content) == sorted(file.path for file in files)
    assert all(file.corrupt for file in files)
    assert content["corrupt/empty.docx"] == b""
    assert len(content["corrupt/bomb.docx"]) < 2**16
    assert len(content["corrupt/long-line.jsonl"].splitlines()[1]) > 2**20 - 10
    with pytest.raises(UnicodeDecodeError):
        content["corrupt/other-encoding.jsonl"].decode()
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(content["corrupt/truncated.xml"])
    lines = content["corrupt/truncated.jsonl"].splitlines()
    assert len([json.loads(line) for line in lines[:-1]]) == 59
    with pytest.raises(json.JSONDecodeError):
        json.loads(lines[-1])


def test_what_an_audit_lacks_is_told(archive: Any) -> None:
    manifest = {
        "files": [
            {"path": "a.csv", "notes": 2, "corrupt": None},
            {"path": "b/c.txt", "notes": 1, "corrupt": None},
            {"path": "bad.xml", "notes": 0, "corrupt": "cut short"},
        ]
    }
    folder = Path("archives/one")
    whole = {"notes": [f"{folder}/a.csv:2", f"{folder}/a.csv#x (2)", f"{folder}/b/c.txt"], "errors": [f"{folder}/bad.xml"]}
    assert archive.missing(manifest, folder, whole) == []
    assert archive.missing(manifest, folder, {"notes": whole["notes"][1:], "errors": [f"{folder}/b/c.txt", "elsewhere.txt"]}) == [
        "a.csv: 1 of 2 notes and 0 errors",
        "b/c.txt: 1 of 1 notes and 1 errors",
        "bad.xml (cut short): nothing is told of it",
        "elsewhere.txt: is no file of the archive",
    ]


# ---------------------------------------------------------------------------------------------------- figures of an audit


def test_the_processes_below_one_are_found(audit: Any) -> None:
    assert audit.descendants({1: 0, 10: 1, 11: 10, 12: 11, 20: 1}, 10) == {11, 12}
    assert audit.descendants({1: 1, 2: 1}, 1) == {1, 2}
    assert audit.peak_of("Name:\tpython\nVmPeak:\t 9999 kB\nVmHWM:\t 2048 kB\n") == 2.0
    assert audit.peak_of("Name:\tkthreadd\n") == 0.0


def test_figures_are_computed_from_what_was_measured(audit: Any) -> None:
    assert audit.each(100, 12.0, 2.0) == pytest.approx(0.1)
    assert audit.hours(3600, 0.01, 2) == pytest.approx(0.005)
    assert [audit.duration(hours) for hours in (0.5, 2.0, 72.0)] == ["30 min", "2.0 h", "3.0 days"]
    assert list(audit.table(("a", "b"), [("1", "2")])) == ["| a | b |", "|---|---|", "| 1 | 2 |"]


def test_the_mixes_are_what_they_are_called(audit: Any) -> None:
    of = audit.mixes(60, 7)
    assert {len(notes) for notes in of.values()} == {60}
    assert all(note.codes[0].startswith("M4") for note in of["all of the families"])
    assert not any(note.codes[0].startswith("M4") for note in of["none of the families"])


def test_a_command_is_watched_and_can_be_killed(audit: Any) -> None:
    busy = [
        sys.executable,
        "-c",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; b = bytearray([1]) * (40 << 20); time.sleep(0.6)'])",
    ]
    run = audit.watched(busy)
    assert run.worker > 40
    assert run.seconds > 0.6
    assert not run.killed
    killed = audit.watched([sys.executable, "-c", "import time; time.sleep(60)"], kill_after=0.2)
    assert killed.killed
    assert killed.seconds < 20
    with pytest.raises(SystemExit, match="ended with 3"):
        audit.watched([sys.executable, "-c", "raise SystemExit(3)"])
