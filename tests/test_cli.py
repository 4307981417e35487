"""The command line: what it prints, where, and with which exit status."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from notelint import __version__, schemas
from notelint.scan import Tokens

Command = Callable[..., tuple[int, str, str]]

COMPLETE = """Assessment: Sacroiliitis of the right sacroiliac joint after childbirth, not due to ankylosing spondylitis, psoriasis or infection.
"""
WRONG_REGION = "Assessment: Ankylosing spondylitis of the cervical spine.\n"


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "note.txt"
    path.write_text(WRONG_REGION, encoding="utf-8")
    return path


def test_version(command: Command) -> None:
    assert command("--version") == (0, f"notelint {__version__}\n", "")


def test_help_and_version_never_import_spacy() -> None:
    for argument in ("--help", "--version"):
        script = (
            f"import sys; sys.argv = ['notelint', {argument!r}]\n"
            "from notelint.cli import main\n"
            "try: main()\nexcept SystemExit: pass\n"
            "heavy = {'spacy', 'medspacy', 'pydantic', 'srsly', 'numpy', 'notelint.pipeline', 'notelint.linter'} & set(sys.modules)\n"
            "assert not heavy, heavy\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), argument


def test_check_points_at_the_words_and_exits_by_severity(command: Command, note: Path) -> None:
    status, out, err = command("check", note, "--code", "M45.6", "--select", "site")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"{note}:1:13 warning site/mismatch",
        "  M45.6 is of another region than the note's: cervical",
        "    1 | Assessment: Ankylosing spondylitis of the cervical spine.",
        "      |             ^^^^^^^^^^^^^^^^^^^^^^",
        "  help: the words fit M45.2 (Ankylosing spondylitis of cervical region)",
        "  source: ICD-10-CM Tabular List 2026-04-01",
        "",
        "1 warning in 1 note.",
    ]
    assert command("check", note, "--code", "M45.6", "--fail-on", "warning")[0] == 1
    assert command("check", note, "--code", "M45.6", "--fail-on", "never")[0] == 0
    assert command("check", note, "--code", "M45")[0] == 1


def test_output_fits_80_columns(command: Command, note: Path) -> None:
    _, out, _ = command("check", note, "--code", "M45.6,M08.1,B95.61")
    assert [line for line in out.splitlines() if len(line) > 80 and str(note) not in line] == []


def test_no_quotes_shows_no_words_of_the_note(command: Command, note: Path) -> None:
    _, out, _ = command("check", note, "--code", "M45.6", "--no-quotes")
    assert "Assessment" not in out
    assert "Ankylosing spondylitis of the cervical spine" not in out


def test_select_and_ignore(command: Command, note: Path) -> None:
    _, out, _ = command("check", note, "--code", "M45.6", "--select", "gap/hla-b27", "--format", "json")
    assert {d["rule"] for d in json.loads(out)["notes"][0]["diagnostics"]} == {"gap/hla-b27"}
    _, out, _ = command("check", note, "--code", "M45.6", "--ignore", "gap", "--format", "json")
    assert {d["rule"] for d in json.loads(out)["notes"][0]["diagnostics"]} == {"site/mismatch"}
    assert command("check", note, "--select", "gap/hla-b72") == (2, "", "notelint: 'gap/hla-b72' is no rule and no category\n")


def test_nothing_to_say_is_said_in_one_line(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(COMPLETE, encoding="utf-8")
    assert command("check", path, "--code", "M46.1", "--ignore", "gap") == (0, "Nothing to report in 1 note.\n", "")
    assert command("check", path, "--code", "M46.1", "--ignore", "gap", "--quiet") == (0, "", "")


def test_standard_input(command: Command) -> None:
    status, out, _ = command("check", "-", "--code", "M45.6", "--format", "json", stdin=WRONG_REGION.encode())
    report = json.loads(out)["notes"][0]
    assert (status, report["id"], report["path"], report["codes-from"]) == (0, "stdin", None, "given")


def test_codes_come_from_the_note_or_from_its_words(command: Command) -> None:
    _, out, _ = command("check", "-", "--format", "json", stdin=b"Dx: M45.6 ankylosing spondylitis, lumbar.")
    assert [(n["codes"], n["codes-from"]) for n in json.loads(out)["notes"]] == [(["M45.6"], "note")]
    _, out, _ = command("check", "-", "--format", "json", stdin=WRONG_REGION.encode())
    assert [(n["codes"], n["codes-from"]) for n in json.loads(out)["notes"]] == [(["M45.2"], "words")]
    _, out, _ = command("check", "-", "--format", "json", stdin=b"Knee pain after a fall.")
    assert [(n["codes"], n["codes-from"], n["diagnostics"]) for n in json.loads(out)["notes"]] == [([], "words", [])]


def test_json_is_what_the_published_schema_says(command: Command, note: Path) -> None:
    _, out, _ = command("check", note, "--code", "M45.6", "--code", "B95.61", "--date-of-service", "2026-06-01", "--format", "json")
    jsonschema.validate(json.loads(out), json.loads(schemas.schemas()["report"]), cls=jsonschema.Draft202012Validator)
    _, out, _ = command("extract", note, "--format", "json")
    jsonschema.validate(json.loads(out), json.loads(schemas.schemas()["extracts"]), cls=jsonschema.Draft202012Validator)
    _, out, _ = command("check", note, note, "--code", "M45.6", "--format", "jsonl")
    assert [json.loads(line)["codes"] for line in out.splitlines()] == [["M45.6"], ["M45.6"]]


def test_findings_quote_the_text(command: Command) -> None:
    text = "\ufeffHLA\u2011B27:\u00a0negative (03/12/2019)\r\nDiscitis L4\u20135, CRP\u00a012\u00a0mg/L.\r\n"
    _, out, _ = command("extract", "-", "--format", "json", stdin=text.encode())
    findings = json.loads(out)["notes"][0]["findings"]
    assert all(text[f["start"] : f["end"]] == f["text"] for f in findings)
    assert [(f["concept"], f["value"], f["date"]) for f in findings if f["concept"] == "hla-b27"] == [("hla-b27", "negative", "2019-03-12")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.txt", None, "no such file or directory"),
        ("empty.txt", b" \n\t\r\n", "empty note"),
        ("broken.txt", b"CRP\nna\x81ve", "line 2: neither UTF-8 nor Windows-1252 (byte 7)"),
        ("folder", "folder", "holds no files"),
    ],
)
def test_a_note_that_can_not_be_read_is_named_and_the_rest_is_done(
    command: Command, note: Path, tmp_path: Path, name: str, content: bytes | str | None, message: str
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "folder":
        path.mkdir()
    status, out, err = command("check", path, note, "--code", "M45.6", "--format", "json")
    report = json.loads(out)
    assert status == 2
    assert len(report["notes"]) == 1
    assert err == f"notelint: {path}: {message}\n"
    assert [e["path"] for e in report["errors"]] == [str(path)]


def test_wrong_use_is_one_line(command: Command, note: Path) -> None:
    assert command("check") == (2, "", "notelint: no notes: name files, - for standard input, or --manifest FILE\n")
    assert command("check", note, "--date-of-service", "June")[::2] == (
        2,
        "notelint: the date of service is no date of the form YYYY-MM-DD\n",
    )
    assert command("check", note, "--manifest", "none.jsonl")[::2] == (2, "notelint: none.jsonl: no such file or directory\n")
    assert command("check", note, "--patterns", "nowhere")[::2] == (2, "notelint: nowhere: no such folder of patterns\n")
    assert command("check", note, "--output", note / "x")[0] == 2
    assert command("explain", "nonsense")[0] == 2


def test_an_unknown_code_is_reported_and_the_note_still_checked(command: Command, note: Path) -> None:
    status, out, _ = command("check", note, "--code", "M45.Z,hello", "--format", "json", "--select", "code")
    found = [(d["rule"], d["code"]) for d in json.loads(out)["notes"][0]["diagnostics"]]
    assert (status, found) == (1, [("code/unknown", "M45.Z"), ("code/unknown", "hello")])


def test_manifests(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(WRONG_REGION, encoding="utf-8")
    lines = [
        {"id": "one", "path": "a.txt", "codes": ["M45.2"], "setting": "outpatient", "date-of-service": "2026-05-01", "ward": "7"},
        {"id": 2, "text": WRONG_REGION, "codes": "M45.6; M54.50"},
        {"id": "three"},
        {"id": "four", "path": "b.txt"},
        {"id": "five", "text": "x", "setting": "home"},
    ]
    manifest = tmp_path / "m.jsonl"
    manifest.write_text("\n".join(json.dumps(line) for line in lines) + "\nnot json\n\n[1]\n", encoding="utf-8")
    status, out, err = command("check", "--manifest", manifest, "--format", "json")
    report = json.loads(out)
    assert status == 2
    assert [(n["id"], n["path"], n["codes"], n["setting"], n["date-of-service"]) for n in report["notes"]] == [
        ("one", "a.txt", ["M45.2"], "outpatient", "2026-05-01"),
        ("2", None, ["M45.6", "M54.50"], "unknown", None),
    ]
    assert err.splitlines() == [
        f"notelint: {manifest}:3: has neither `path` nor `text`",
        f"notelint: {manifest}:4: {tmp_path / 'b.txt'}: no such file or directory",
        f"notelint: {manifest}:5: the setting is none of inpatient, outpatient, unknown",
        f"notelint: {manifest}:6: no JSON (column 1)",
        f"notelint: {manifest}:8: no JSON object",
    ]
    table = tmp_path / "m.csv"
    table.write_text('id,text,codes,extra\nx,"Ankylosing spondylitis,\ncervical spine.",M45.2 M54.2,1\ny,a,b,c,d\n', encoding="utf-8")
    status, out, err = command("check", "--manifest", table, "--format", "json")
    assert [(n["id"], n["codes"]) for n in json.loads(out)["notes"]] == [("x", ["M45.2", "M54.2"])]
    assert (status, err) == (2, f"notelint: {table}:4: more cells than the header has columns\n")


def test_an_encounter_pools_its_notes(command: Command, tmp_path: Path) -> None:
    manifest = tmp_path / "m.jsonl"
    rows = [
        {"id": "letter", "text": "Assessment: ankylosing spondylitis, lumbar spine.", "codes": "M45.6", "encounter": "e1"},
        {"id": "labs", "text": "HLA-B27 positive (2019-03-12).", "codes": "M45.6", "encounter": "e1"},
    ]
    manifest.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    _, out, _ = command("check", "--manifest", manifest, "--format", "json")
    elements = {e["element"]: e for e in json.loads(out)["notes"][0]["assessments"][0]["elements"]}
    assert (elements["hla-b27"]["status"], elements["hla-b27"]["documents"]) == ("met", ["labs"])


def test_a_date_that_no_release_covers_is_told_once_a_run(command: Command, note: Path) -> None:
    _, out, _ = command("check", note, note, "--code", "M45.2", "--date-of-service", "2031-01-01", "--select", "code", "--format", "json")
    told = [[d["rule"] for d in n["diagnostics"]] for n in json.loads(out)["notes"]]
    assert told == [["code/outdated-code-set"], []]


def test_statistics(command: Command, note: Path) -> None:
    _, out, _ = command("check", note, note, "--code", "M45.6", "--statistics", "--select", "site")
    assert out == "     2  warning  site/mismatch\n2 warnings in 2 notes.\n"


def test_output_goes_to_a_file(command: Command, note: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    assert command("check", note, "--code", "M45.6", "--format", "json", "--output", target) == (0, "", "")
    assert json.loads(target.read_text(encoding="utf-8"))["summary"]["notes"] == 1


def test_explain_a_code(command: Command) -> None:
    status, out, _ = command("explain", "m457")
    assert status == 0
    lines = out.splitlines()
    assert lines[0] == "M45.7  Ankylosing spondylitis of lumbosacral region"
    assert "Notes of the tabular list that apply" in lines
    assert any("M45  Excludes1: juvenile (ankylosing) spondylitis (M08.1)" in line for line in lines)
    assert any("M45.6: Ankylosing spondylitis lumbar region" in line for line in lines)
    assert max(len(line) for line in lines) <= 80


def test_explain_a_rule(command: Command) -> None:
    status, out, _ = command("explain", "gap/hla-b27")
    assert status == 0
    assert [line for line in out.splitlines() if line and not line.startswith(" ")] == [
        "gap/hla-b27  (info where recommended)", "What", "Why", "Ask", "Example of words that meet it", "Met by", "Asked by", "Source",
    ]  # fmt: skip
    assert command("explain", "site/mismatch")[0] == 0
    assert command("explain", "site/wrong")[2].startswith("notelint: 'site/wrong' is no rule; of site/ there are unspecified, mismatch")


def test_codes(command: Command) -> None:
    status, out, _ = command("codes", "show", "M46.36")
    assert status == 0
    assert out.splitlines()[0] == "M46.36  Infection of intervertebral disc (pyogenic), lumbar region"
    assert "  M46.3     use-additional-code: code (B95-B97) to identify infectious agent." in out.splitlines()
    assert command("codes", "show", "M46.29") == (2, "", "notelint: 'M46.29' is no code of release 2026-04-01; the nearest is M46.2\n")
    assert command("codes", "list")[1].startswith("2026-04-01  in force 2026-04-01 to 2026-09-30  ")


def test_patterns(command: Command) -> None:
    assert command("patterns", "check")[1].rstrip().endswith("no mistake")
    assert command("patterns", "list")[0] == 0
    assert json.loads(command("patterns", "schema", "family")[1])["title"] == "FamilyFile"
    assert command("patterns", "schema", "nothing")[0] == 2


def test_a_written_file_is_whole_or_as_it_was(command: Command, note: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("before", encoding="utf-8")
    assert command("check", "--manifest", tmp_path / "none.csv", "--output", kept)[0] == 2
    assert kept.read_text(encoding="utf-8") == "before"
    status, _, err = command("check", note, "--code", "M45.6", "--output", note)
    assert (status, err) == (2, f"notelint: {note}: is read by this run; name another file to write\n")
    assert note.read_text(encoding="utf-8") == WRONG_REGION
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept.txt", "note.txt"]


def test_a_fault_of_ours_costs_one_note_and_shows_no_words(command: Command, note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from notelint import pipeline

    real = pipeline.read

    def faulty(nlp: object, tokens: Tokens, *others: object, **more: object) -> object:
        if "SECRET" in tokens.view:
            raise RuntimeError(tokens.view)
        return real(nlp, tokens, *others, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "read", faulty)
    bad = note.with_name("bad.txt")
    bad.write_text("SECRET discitis", encoding="utf-8")
    for name in ("check", "extract"):
        status, out, err = command(name, bad, note, "--format", "json")
        assert (status, len(json.loads(out)["notes"])) == (2, 1)
        assert err.startswith(f"notelint: {bad}: internal error, RuntimeError at ")
        assert "SECRET" not in out + err


def test_interleaved_encounters_are_pooled(command: Command, tmp_path: Path) -> None:
    rows = [
        {"id": "a1", "text": "Assessment: ankylosing spondylitis, lumbar spine.", "codes": "M45.6", "encounter": "A"},
        {"id": "b1", "text": "Assessment: sacroiliitis.", "codes": "M46.1", "encounter": "B"},
        {"id": "a2", "text": "HLA-B27 positive.", "codes": "M45.6", "encounter": "A"},
    ]
    manifest = tmp_path / "m.jsonl"
    manifest.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    _, out, _ = command("check", "--manifest", manifest, "--format", "json")
    notes = {n["id"]: n for n in json.loads(out)["notes"]}
    assert list(notes) == ["a1", "a2", "b1"]
    elements = {e["element"]: e for e in notes["a2"]["assessments"][0]["elements"]}
    assert [(elements[name]["status"], elements[name]["documents"]) for name in ("diagnosis", "region")] == [
        ("met", ["a1"]),
        ("met", ["a1"]),
    ]
    assert not [d for d in notes["a2"]["diagnostics"] if d["rule"].startswith("support/")]
