"""Audits: the same files whatever happens on the way, no note lost, no process left, no word where none is wanted."""

import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit_workers
from notelint import InputError, Linter, Note, formats
from notelint.audit import baseline, intake, judging, page, run, store, workers, writing
from notelint.audit import command as audit_command
from notelint.audit.intake import Files, Placed
from notelint.audit.rows import TABLES, Row, Table
from notelint.errors import NotelintError
from notelint.report import Failure

Command = Callable[..., tuple[int, str, str]]
HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"
LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes by /proc")


@pytest.fixture(autouse=True)
def _without_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page takes longer than all the rest of a small run."""
    monkeypatch.setattr(run, "as_html", audit_workers.page)


def archive(folder: Path, texts: Sequence[str]) -> Path:
    """A folder with a file for each text."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(texts):
        (folder / f"note-{number:03}.txt").write_text(text, encoding="utf-8")
    return folder


def table(path: Path, rows: Sequence[dict[str, Any] | str]) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8")
    return path


def audit(
    output: Path, *inputs: Path, start: judging.Start = audit_workers.start, jobs: int = 1, **options: Any
) -> tuple[store.Run, list[str]]:
    """(the run, what it told) of an audit without a linter, its tables in JSON Lines."""
    told: list[str] = []
    made = run.run(
        [str(each) for each in inputs], output, store.Options(**{"format": "jsonl", **options}), jobs=jobs, start=start, tell=told.append
    )
    return made, [line.removeprefix(f"{output}: ") for line in told]


def rows(output: Path, name: Table) -> list[Row]:
    return list(writing.rows_in(output, store.Run.model_validate_json((output / "run.json").read_bytes()).options.format, name))


def column(output: Path, name: Table, of: str) -> list[Any]:
    at = [each.name for each in TABLES[name]].index(of)
    return [row[at] for row in rows(output, name)]


def reasons(output: Path) -> dict[str, str]:
    """{source: why it was not read}, without lines of our code."""
    return {source: re.sub(r" at \w+\.py:\d+", "", reason) for source, reason in rows(output, "errors")}


def content(folder: Path) -> dict[str, bytes]:
    """What stands in the files of a folder, and of those below it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# ---------------------------------------------------------------------------------------------------- with the linter


def test_tables_hold_what_the_linter_says_for_any_number_of_processes(
    command: Command, linter: Linter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = archive(tmp_path / "notes", [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))])
    (notes / "odd.txt").touch()
    monkeypatch.setattr(intake, "FILES", 9)
    monkeypatch.setattr(run, "as_html", page.as_html)
    for jobs in (2, 1):
        status, out, err = command("audit", "run", notes, "--output", tmp_path / f"out{jobs}", "--jobs", jobs, "--fail-on", "error:90%")
        shown = f"{tmp_path / f'out{jobs}'}"
        assert (status, err) == (0, f"notelint: 1 note could not be read; the table of errors in {shown} says why\n")
        assert out.startswith("23 given, 22 read, 1 not read; ")
        assert out.endswith(f" warnings; {shown}/report.html\n")
        # The second time without any process.
        monkeypatch.setattr(workers, "work", in_process)
    assert content(tmp_path / "out1") == content(tmp_path / "out2")
    assert b"Ankylosing spondylitis" in (tmp_path / "out1" / "report.html").read_bytes()
    reports = list(
        linter.asking("audit").check_all(Note(path.read_text(encoding="utf-8"), id=path.stem) for path in sorted(notes.glob("note-*")))
    )
    found = duckdb.sql(f"SELECT rule, start, message FROM '{tmp_path}/out1/diagnostics.parquet'").fetchall()
    assert found == [(d.rule, d.start, d.message) for report in reports for d in report.diagnostics]
    found = duckdb.sql(f"SELECT concept, text, possible FROM '{tmp_path}/out1/findings.parquet'").fetchall()
    assert found == [(f.concept, f.text, f.possible) for report in reports for f in report.findings]
    assert len(found) > 200
    assert rows(tmp_path / "out1", "errors") == [(str(notes / "odd.txt"), "empty note")]


@pytest.fixture
def judge(linter: Linter, monkeypatch: pytest.MonkeyPatch) -> Callable[..., judging.Rows]:
    """What a worker makes of notes, with the reader of this process."""
    reader = linter.reader
    monkeypatch.setattr("notelint.linter.Reader", lambda _: reader)

    def judged(notes: Sequence[Note], **options: Any) -> judging.Rows:
        chosen = {"patterns": None, "profile": "audit", "select": (), "ignore": (), "findings": "all", "quotes": True, **options}
        return judging.Lint(**chosen)()([Placed(f"{n}", note) for n, note in enumerate(notes)], lambda _: None)

    return judged


def test_without_quotes_no_five_words_of_a_note_stand_in_a_table(judge: Callable[..., judging.Rows]) -> None:
    def runs(text: str) -> set[tuple[str, ...]]:
        words = "".join(char.lower() if char.isalnum() else " " for char in text).split()
        return {tuple(words[n : n + 5]) for n in range(len(words) - 4)}

    notes = [Note(path.read_text(encoding="utf-8"), id=path.stem) for path in sorted(SAMPLES.glob("*.txt"))]
    spoken = set().union(*(runs(note.text) for note in notes))

    def quoted(**options: Any) -> set[str]:
        made = judge(notes, **options)
        # A title is the tabular list's own.
        cells = ((c.name, v) for t, some in made.items() for row in some for c, v in zip(TABLES[t], row, strict=True) if c.name != "title")
        return {name for name, value in cells if isinstance(value, str) and runs(value) & spoken}

    assert quoted(quotes=False) == set()
    assert quoted() >= {"quote", "text"}


def test_notes_of_one_encounter_pool_and_rules_are_chosen(judge: Callable[..., judging.Rows]) -> None:
    both = [
        Note("Assessment: sacroiliitis.", encounter="e", codes=("M46.1",)),
        Note("MRI: right sacroiliitis.", encounter="e", codes=("M46.1",)),
    ]
    alone = [replace(note, encounter=None) for note in both]
    assert len(judge(both, select=("gap",))["diagnostics"]) < len(judge(alone, select=("gap",))["diagnostics"])
    assert {row[3] for row in judge(alone, select=("gap",))["diagnostics"]} == {"gap"}
    assert judge(alone, ignore=("gap", "support", "site", "note", "code"))["diagnostics"] == []


def test_each_note_of_an_encounter_is_announced_before_it_is_read_and_judged(linter: Linter) -> None:
    notes = [Note("Sacroiliitis.", id="a", encounter="e"), Note("No sacroiliitis.", id="b", encounter="e"), Note("Well.", id="c")]
    seen: list[str | None] = []
    for note, _ in linter.check_pairs(notes, watch=lambda note: seen.append(note.id)):
        seen.append(f"done {note.id}")
    assert seen == ["a", "b", "a", "done a", "b", "done b", "c", "c", "done c"]


def test_nothing_of_an_audit_is_imported_before_it_is_asked_for() -> None:
    script = (
        "import sys; sys.argv = ['notelint', '--version']\nfrom notelint.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "assert not {'pyarrow', 'multiprocessing', 'sqlite3', 'notelint.audit.rows', 'notelint.formats'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# ---------------------------------------------------------------------------------------------------- killed and begun again

DRIVER = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import audit_workers
from pathlib import Path
from notelint.audit import run, store
run.as_html = audit_workers.page
inputs, output, jobs = sys.argv[1:4]
run.run([inputs], Path(output), store.Options(format="sqlite"), jobs=int(jobs), start=audit_workers.start)
"""


def driver(*arguments: object, script: str = DRIVER) -> "subprocess.Popen[str]":
    words = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def processes(session: int) -> list[str]:
    """The processes of a session that still live, by their command lines; one that only waits for its parent lives no more."""
    found = []
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            state, _, _, own = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(own) == session and state != "Z":
                found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found


def gone(session: int, seconds: float = 5) -> bool:
    """Are all processes of a session gone within so many seconds?"""
    end = time.monotonic() + seconds
    while processes(session) and time.monotonic() < end:
        time.sleep(0.02)
    return not processes(session)


def slow_archive(folder: Path, times: int = 1) -> Path:
    """A small archive that takes so many seconds."""
    texts = [f"{'slowly ' * times}{'!' * (number % 4)} {number}" for number in range(110)]
    texts[60] = "\0"
    return archive(folder, texts)


@LINUX
def test_killed_at_any_moment_it_comes_to_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes, output = slow_archive(tmp_path / "notes"), tmp_path / "out"
    random.seed(7)
    broken = 0
    for jobs in (2, 1, 3):
        before = parts_of(output)
        killed = driver(notes, output, jobs)
        # When another part is done, there is something to lose, and something is under way.
        while killed.poll() is None and parts_of(output) <= before:
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.2))
        broken += killed.poll() is None
        # Its workers are left alone, and come to their end by themselves.
        killed.kill()
        killed.communicate()
        assert gone(killed.pid)
    assert broken >= 2
    done = driver(notes, output, 2)
    out, err = done.communicate()
    assert (done.returncode, err) == (0, "")
    assert "part" in out or "finished" in out
    monkeypatch.setattr(workers, "work", in_process)
    made, _ = audit(tmp_path / "whole", notes, format="sqlite")
    assert content(output) == content(tmp_path / "whole")
    assert made.counts.given == 110


def parts_of(output: Path) -> int:
    """How many parts of a run are done."""
    return len(list((output / ".parts").glob("*/*.gz")))


class Line:
    """The line to a worker that is no process: what it asks for it gets."""

    def __init__(self, files: Files) -> None:
        self._files, self._asked = files, -1

    def send(self, number: int) -> None:
        self._asked = number

    def recv(self) -> Path | Failure | None:
        return self._files.document(self._asked)


class Nowhere:
    """In place of what a worker tells."""

    def at(self, place: intake.Place) -> None:
        pass


def in_process(
    parts: Iterable[intake.Part], files: Files, start: judging.Start, *, folder: Path, jobs: int, timeout: float
) -> Generator[workers.Done, None, None]:
    """As `workers.work`, in this process."""
    setting = workers._Setting(start, files.options, folder, timeout)
    for part in parts:
        yield workers._do(part, {}, start(), setting, Nowhere(), Line(files))  # type: ignore[arg-type]


def test_broken_off_at_any_step_it_comes_to_the_same_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Kill(BaseException):
        pass

    monkeypatch.setattr(workers, "work", in_process)
    monkeypatch.setattr(intake, "FILES", 1)
    notes, older = archive(tmp_path / "notes", ["one!", "two?"]), archive(tmp_path / "older", ["three"])
    audit(tmp_path / "whole", notes)
    audit(tmp_path / "before", older, format="csv")
    wanted = content(tmp_path / "whole")
    for at in count():
        output = tmp_path / str(at)
        shutil.copytree(tmp_path / "before", output)
        step = count()

        def counted(plain: Callable[..., Any], step: Iterator[int] = step, at: int = at) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                if next(step) == at:
                    raise Kill
                return plain(*arguments, **options)

            return call

        with monkeypatch.context() as patched:
            for name in ("replace", "unlink", "mkdir"):
                patched.setattr(Path, name, counted(getattr(Path, name)))
            try:
                audit(output, notes)
            except Kill:
                before = store.finished(output)
            else:
                break
        # As long as the older run stands there, it stands there whole.
        assert before is None or (output / "notes.csv").exists() == (before.options.format == "csv")
        audit(output, notes)
        assert content(output) == wanted
    assert at > 20


@LINUX
def test_asked_to_stop_it_leaves_no_process_and_keeps_what_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = slow_archive(tmp_path / "notes", 5)
    # The command line itself, with workers that have no linter.
    script = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
import audit_workers
from notelint.audit import run
run.Lint, run.as_html = lambda *_: audit_workers.start, audit_workers.page
sys.argv = ["notelint", "audit", "run", *sys.argv[1:], "--format", "csv", "--jobs", "2"]
from notelint.cli import main
main()
"""
    stopped = {number: driver(notes, "--output", tmp_path / number.name, script=script) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(workers, "work", in_process)
    while stopped:
        number = next((each for each in stopped if parts_of(tmp_path / each.name)), None)
        if number is None:
            assert all(process.poll() is None for process in stopped.values())
            time.sleep(0.005)
            continue
        process, output = stopped.pop(number), tmp_path / number.name
        if number == signal.SIGINT:
            # As the terminal does it: all of them hear it.
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (128 + number, "")
        assert err == "notelint: stopped; what is done is kept, and the same command goes on from there\n"
        assert gone(process.pid)
        kept = parts_of(output)
        assert 0 < kept < 5
        made, told = audit(output, notes, format="csv")
        assert told == [f"goes on with what is missing; {kept} part{'s are' if kept > 1 else ' is'} done"]
        assert made.counts.given == 110


def test_what_has_changed_is_told_and_all_is_done_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "work", in_process)
    notes, output = archive(tmp_path / "notes", ["one!", "two?"]), tmp_path / "out"
    assert audit(output, notes)[1] == []
    first = content(output)
    assert audit(output, notes, jobs=2)[1] == ["this audit is finished already, nothing is done"]
    (notes / "note-001.txt").write_text("two!!")
    assert audit(output, notes)[1] == ["not what it was before: the inputs; all is done anew"]
    assert column(output, "notes", "errors") == [1, 2]
    assert audit(output, notes, profile="cdi", quotes=False, timeout=5.0)[1] == [
        "not what it was before: --profile, --no-quotes, --timeout; all is done anew"
    ]
    monkeypatch.setattr("notelint.library.fingerprint", lambda _: "other")
    assert audit(output, notes, profile="cdi", quotes=False, timeout=5.0)[1] == ["not what it was before: the patterns; all is done anew"]
    made, told = audit(output, notes, format="csv", profile="cdi", quotes=False, timeout=5.0)
    assert told == ["not what it was before: --format; all is done anew"]
    # Nothing of the earlier shapes is left.
    assert {path.suffix for path in output.iterdir()} == {".csv", ".json", ".html", ""}
    assert made.run != json.loads(first["run.json"])["run"]


def test_a_run_is_named_by_its_words_and_not_by_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "work", in_process)
    one, _ = audit(tmp_path / "1", archive(tmp_path / "here", ["one", "two"]))
    two, _ = audit(tmp_path / "2", archive(tmp_path / "there", ["one", "two"]))
    three, _ = audit(tmp_path / "3", archive(tmp_path / "over", ["two", "one"]))
    four, _ = audit(tmp_path / "4", tmp_path / "here", select=("gap",))
    assert one.run == two.run
    assert len({one.run, three.run, four.run}) == 3


def test_a_part_that_is_damaged_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "work", in_process)
    monkeypatch.setattr(run, "_merge", lambda *_: 1 / 0)
    notes, output = archive(tmp_path / "notes", ["one"]), tmp_path / "out"
    with pytest.raises(ZeroDivisionError):
        audit(output, notes)
    monkeypatch.undo()
    (part,) = (output / ".parts").glob("*/*.gz")
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(NotelintError, match=r"00000000\.gz: is damaged; remove it"):
        audit(output, notes)
    part.unlink()
    assert audit(output, notes)[0].counts.read == 1


def test_two_runs_never_write_into_one_folder(tmp_path: Path) -> None:
    notes, output = archive(tmp_path / "notes", ["one"]), tmp_path / "out"
    with store.held(output), pytest.raises(InputError, match="another audit writes there at this moment"):
        audit(output, notes)


def test_a_folder_of_something_else_is_left_alone(command: Command, tmp_path: Path) -> None:
    notes = archive(tmp_path / "notes", ["one"])
    status, out, err = command("audit", "run", notes, "--output", notes)
    assert (status, out, err) == (2, "", f"notelint: {notes}: is not empty, and holds no audit; name another folder\n")
    assert [path.name for path in notes.iterdir()] == ["note-000.txt"]


# ---------------------------------------------------------------------------------------------------- notes that end their worker


def test_a_note_that_ends_its_worker_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of each kind, in a table and among the notes of one encounter."""
    monkeypatch.setattr(workers, "TRIES", 1)
    given = [
        {"id": "first", "text": "one!"}, {"id": "crash", "text": "segfault"}, {"id": "e1", "text": "e!", "encounter": "e"},
        {"id": "e2", "text": "exit", "encounter": "e"}, {"id": "e3", "text": "e?", "encounter": "e"}, {"id": "hang", "text": "hang"},
        {"id": "f1", "text": "a fault of Kjihgfe", "encounter": "f"}, {"id": "f2", "text": "f!", "encounter": "f"}, "no JSON",
        {"id": "large", "text": "memory"}, {"id": "last", "text": "last?"},
    ]  # fmt: skip
    name = table(tmp_path / "notes.jsonl", given)
    made, _ = audit(tmp_path / "out", name, timeout=1.0)
    assert (made.counts.given, made.counts.read, made.counts.unreadable) == (11, 5, 6)
    assert column(tmp_path / "out", "notes", "id") == ["first", "e1", "e3", "f2", "last"]
    # What was lost is not pooled.
    assert column(tmp_path / "out", "notes", "codes") == ["P1", "P2", "P2", "P1", "P1"]
    assert reasons(tmp_path / "out") == {
        f"{name}#crash": "the process that read it was ended by SIGSEGV",
        f"{name}#e2": "the process that read it ended with status 7",
        f"{name}#hang": "took longer than 1 seconds",
        f"{name}#f1": "internal error, ValueError; please report it",
        f"{name}:9": "no JSON (column 1)",
        f"{name}#large": "the process that read it was ended by SIGKILL, as where memory is short",
    }
    assert not [path for path, some in content(tmp_path / "out").items() if b"Kjihgfe" in some]


def test_a_file_that_ends_who_opens_it_takes_no_other_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(workers, "TRIES", 1)
    notes = archive(tmp_path / "notes", ["one!", "a fault of Kjihgfe"])
    for name in ("exit", "fault", "hang"):
        (notes / f"{name}.txt").write_text("Kjihgfe")
    made, _ = audit(tmp_path / "out", notes, start=audit_workers.start_with_reader, timeout=1.0, jobs=2)
    assert reasons(tmp_path / "out") == {
        str(notes / "exit.txt"): "the process that read it ended with status 7",
        str(notes / "fault.txt"): "internal error, ValueError; please report it",
        str(notes / "hang.txt"): "took longer than 1 seconds",
        str(notes / "note-001.txt"): "internal error, ValueError; please report it",
    }
    assert made.counts.read == 1
    told = capfd.readouterr()
    assert "Kjihgfe" not in told.out + told.err


def test_a_worker_that_is_ended_once_from_outside_takes_no_note_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    made, _ = audit(tmp_path / "out", archive(tmp_path / "notes", ["one", f"once {mark}", "two"]))
    assert mark.exists()
    assert (made.counts.read, made.counts.unreadable) == (3, 0)


def test_a_worker_that_can_not_start_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(NotelintError, match="a process of this audit could not start: it ended with status 9"):
        audit(tmp_path / "out", archive(tmp_path / "notes", ["one"]), start=audit_workers.start_never)


def test_a_worker_is_replaced_after_so_many_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "NOTES_OF_A_WORKER", 4)
    monkeypatch.setattr(intake, "FILES", 2)
    notes = archive(tmp_path / "notes", ["one"] * 9)
    audit(tmp_path / "out", notes, start=audit_workers.start_with_processes)
    told = column(tmp_path / "out", "notes", "template")
    assert len(dict.fromkeys(told)) == 3
    assert [told.count(each) for each in dict.fromkeys(told)] == [4, 4, 1]


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command without linter and processes."""
    monkeypatch.setattr(run, "Lint", lambda *_: audit_workers.start)
    monkeypatch.setattr(workers, "work", in_process)


# ---------------------------------------------------------------------------------------------------- every note is accounted for

ITEMS = st.lists(
    st.one_of(st.just("failure"), st.tuples(st.sampled_from([None, "d", "e"]), st.sampled_from(["x!", "x!", "a fault"]))), max_size=6
)
"""What a file holds: notes by their encounter and text, and what can not be read."""


@given(st.lists(st.tuples(st.booleans(), ITEMS), max_size=9))
@settings(max_examples=40, deadline=None)
def test_each_note_is_told_of_or_was_not_read_however_the_archive_is_cut(mix: list[tuple[bool, list[Any]]]) -> None:
    held: dict[str, list[Note | Failure]] = {
        f"{number}.{'jsonl' if is_table else 'txt'}": [
            # Ids come twice, as they do.
            Failure(path="odd", message="odd") if each == "failure" else Note(each[1], id=f"{n // 2}", encounter=each[0])
            for n, each in enumerate(some)
        ]
        for number, (is_table, some) in enumerate(mix)
    }
    # By this the same notes are judged together as by one reading of the whole: (where, encounter) of notes that follow each other.
    places = {name: name if name.endswith("jsonl") else sum(table for table, _ in mix[:number]) for number, name in enumerate(held)}
    notes = [((places[name], note.encounter), note) for name, some in held.items() for note in some if isinstance(note, Note)]
    groups: list[list[Note]] = []
    for number, (place, note) in enumerate(notes):
        if note.encounter is None or number == 0 or notes[number - 1][0] != place:
            groups.append([])
        groups[-1].append(note)
    sound = [[note for note in group if note.text == "x!"] for group in groups]
    expected = [f"P{len(group)}" for group in sound for _ in group]

    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as folder:
        patched.setattr(formats, "files_of", lambda _: map(Path, held))
        patched.setattr(formats, "notes_of", lambda path, _: iter(held[path.name]))
        patched.setattr(formats, "is_table", lambda path, _: path.suffix == ".jsonl")
        patched.setattr(intake, "FILES", 2)
        patched.setattr(intake, "ROWS", 2)
        patched.setattr(workers, "work", in_process)
        with silent():
            made, _ = audit(Path(folder), Path("all"))
        assert column(Path(folder), "notes", "codes") == expected
        assert made.counts.read == len(expected)
        assert made.counts.given == sum(max(len(some), 1) for some in held.values())
        assert made.counts.unreadable == made.counts.given - made.counts.read
        keys = column(Path(folder), "notes", "note")
        assert len(set(keys)) == len(keys)


@contextmanager
def silent() -> Iterator[None]:
    """What a faulty judge writes past Python is not seen."""
    with mock.patch.object(os, "write", lambda _, text: len(text)):
        yield


def test_parts_of_a_table_end_with_many_characters_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "CHARACTERS", 10)
    items = [Placed(str(n), Note("x" * 6, encounter="e" if n in (1, 2, 3) else None)) for n in range(6)]
    assert [len(part) for part in intake._cut(items)] == [4, 2]


def test_sources_are_unique_and_tell_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "work", in_process)
    name = table(tmp_path / "t.jsonl", [{"id": "a", "text": "x"}, {"text": "x"}, {"id": "a", "text": "x"}])
    notes = archive(tmp_path / "notes", ["one"])
    odd = notes / os.fsdecode(b"caf\xe9.txt")
    odd.write_text("two")
    audit(tmp_path / "out", name, notes, notes / "note-000.txt", tmp_path / "none.txt")
    assert column(tmp_path / "out", "notes", "source") == [
        f"{name}#a",
        f"{name}:2",
        f"{name}#a (2)",
        str(notes / "caf\\udce9.txt"),
        str(notes / "note-000.txt"),
    ]
    assert rows(tmp_path / "out", "errors") == [(str(tmp_path / "none.txt"), "no such file or directory")]


def test_what_can_not_be_read_is_counted_and_fails_only_where_nothing_can(light: None, command: Command, tmp_path: Path) -> None:
    notes, output = tmp_path / "notes", tmp_path / "out"
    notes.mkdir()
    status, out, err = command("audit", "run", notes, tmp_path / "none.txt", "--output", output, "--format", "csv", "--jobs", "1")
    assert status == 2
    assert out == f"2 given, 0 read, 2 not read; 0 errors, 0 warnings; {output}/report.html\n"
    assert err == f"notelint: 2 notes could not be read; the table of errors in {output} says why\n"
    assert rows(output, "errors") == [(str(notes), "holds no files"), (str(tmp_path / "none.txt"), "no such file or directory")]


# ---------------------------------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("limit", "status"),
    [
        ("never", 0),
        ("error", 1),
        ("error:24%", 1),
        ("error:25%", 0),
        ("warning:49%", 1),
        ("warning:50%", 0),
        ("info:50%", 0),
        ("error:100%", 0),
    ],
)
def test_fails_where_a_share_of_notes_is_exceeded(light: None, command: Command, tmp_path: Path, limit: str, status: int) -> None:
    notes = archive(tmp_path / "notes", ["one!!", "two?", "three", "four"])
    assert command("audit", "run", notes, "--output", tmp_path / "out", "--format", "csv", "--fail-on", limit)[0] == status
    # What is finished fails no less.
    assert command("audit", "run", notes, "--output", tmp_path / "out", "--format", "csv", "--fail-on", limit)[0] == status


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--fail-on", "error:2", "--fail-on is none of"), ("--fail-on", "bad:2%", "--fail-on is none of"), ("--fail-on", "error:x%", "--fail-on is none of"),
        ("--fail-on", "error:nan%", "--fail-on is none of"), ("--map", "text", "maps no field of a note to a column"), ("--map", "words=x", "maps no field of a note to a column"),
        ("--select", "nothing", "'nothing' is no rule"), ("--profile", "nobody", "nobody"), ("--baseline", "nowhere", "nowhere: holds no finished audit"),
        ("--date-of-service", "2026-13-01", "the date of service is no date"),
    ],
)  # fmt: skip
def test_wrong_use_is_told_before_anything_is_begun(
    light: None, command: Command, tmp_path: Path, option: str, value: str, told: str
) -> None:
    status, out, err = command("audit", "run", tmp_path, "--output", tmp_path / "out", option, value)
    assert (status, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_what_stands_in_the_baseline_fails_nothing(light: None, command: Command, tmp_path: Path) -> None:
    notes = archive(tmp_path / "notes", ["one!!", "two?", "three!", "four"])
    options = ("--format", "csv", "--fail-on", "error:25%")
    assert command("audit", "run", notes, "--output", tmp_path / "before", *options)[0] == 1
    (notes / "note-000.txt").write_text("one, in other words!")
    (notes / "note-001.txt").write_text("two!?")
    (notes / "note-002.txt").write_text("three")
    (notes / "note-004.txt").write_text("five?")
    status, out, _ = command("audit", "run", notes, "--output", tmp_path / "now", "--baseline", tmp_path / "before", *options)
    assert (status, out) == (0, f"5 given, 5 read, 0 not read; 2 errors, 2 warnings; 2 new, 2 known, 1 gone; {tmp_path}/now/report.html\n")
    # One note has a new error, two have an error or a warning that is new.
    assert (
        command(
            "audit",
            "run",
            notes,
            "--output",
            tmp_path / "now",
            "--baseline",
            tmp_path / "before",
            "--format",
            "csv",
            "--fail-on",
            "error:19%",
        )[0]
        == 1
    )
    assert baseline.compare(tmp_path / "now", tmp_path / "before").notes_with == {"error": 1, "warning": 2, "info": 2}
    assert (
        "can not be the baseline as well"
        in command("audit", "run", notes, "--output", tmp_path / "now", "--baseline", tmp_path / "now", *options)[2]
    )


def test_two_runs_are_compared(light: None, command: Command, tmp_path: Path) -> None:
    notes = archive(tmp_path / "notes", ["one!!", "two?"])
    for name, change in (("a", "three"), ("b", "four!")):
        (notes / "note-002.txt").write_text(change)
        assert command("audit", "run", notes, "--output", tmp_path / name, "--format", "csv", "--quiet")[0] == 0
    status, out, err = command("audit", "compare", tmp_path / "a", tmp_path / "b", "--format", "markdown")
    assert (status, err) == (0, "")
    assert "| with an error | 33.3 % (1 of 3) | 66.7 % (2 of 3) |" in out


def test_quiet_says_nothing(light: None, command: Command, tmp_path: Path) -> None:
    notes = archive(tmp_path / "notes", ["one!!"])
    assert command("audit", "run", notes, tmp_path / "none", "--output", tmp_path / "out", "--format", "csv", "--quiet") == (0, "", "")


def test_options_reach_the_notes(light: None, command: Command, tmp_path: Path) -> None:
    notes, output = archive(tmp_path / "notes", ["one"]), tmp_path / "out"
    status, _, _ = command(
        "audit", "run", notes, "--output", output, "--format", "csv", "--code", "M45.6,M46.1", "--setting", "inpatient", "--date-of-service", "2026-05-06",
        "--note-type", "letter", "--map", "note-type=KIND", "--select", "gap,site", "--findings", "needed", "--timeout", "5",
    )  # fmt: skip
    assert status == 0
    assert store.finished(output).options.model_dump(exclude_defaults=True) == {  # type: ignore[union-attr]
        "format": "csv", "code": ("M45.6", "M46.1"), "setting": "inpatient", "date_of_service": "2026-05-06", "note_type": "letter",
        "map": {"note-type": "KIND"}, "select": ("gap", "site"), "findings": "needed", "timeout": 5.0,
    }  # fmt: skip
    assert column(output, "notes", "setting") == ["inpatient"]


def test_how_far_it_is_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with audit_command._shown(lambda stopped: 4) as advance:
        advance(workers.Done(0, 2, given=1200, unreadable=1, errors=30))
        advance(workers.Done(1, 2, given=1))
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------------------------------------------- tables

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', "a,b", "\r\n", "\n", "", "NULL", "=1+1", "é–😀"]
)
VALUES = {
    "text": TEXTS,
    "integer": st.integers(-(2**53), 2**53),
    "number": st.floats(allow_nan=False, allow_infinity=False, width=32),
    "boolean": st.booleans(),
}


@st.composite
def some_rows(draw: st.DrawFn) -> dict[Table, list[Row]]:
    made: dict[Table, list[Row]] = {}
    for name, columns in TABLES.items():
        cells = st.tuples(*(st.none() | VALUES[each.type] for each in columns))
        made[name] = draw(st.lists(cells, max_size=6))
    # The key of a note is its own.
    made["notes"] = [(f"{number}", *row[1:]) for number, row in enumerate(made["notes"])]
    return made


@given(some_rows())
@settings(max_examples=6, deadline=None)
def test_every_shape_of_tables_holds_the_same(made: dict[Table, list[Row]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for format_ in ("parquet", "csv", "jsonl", "sqlite"):
            place = Path(folder, format_)
            place.mkdir()
            with writing.writer(format_, place, {"notelint:version": "0"}) as add:
                for name, some in made.items():
                    for row in some:
                        add(name, [row])
            for name, some in made.items():
                found = list(writing.rows_in(place, format_, name))
                if format_ == "csv":
                    assert found == [tuple(None if value == "" else value for value in row) for row in some]
                else:
                    assert found == some
                assert read_by_duckdb(place, format_, name) == some, format_


def read_by_duckdb(place: Path, format_: str, name: Table) -> list[Row]:
    """The rows of a table as others read them."""
    types = {"text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN"}
    columns = "{" + ", ".join(f"'{each.name}': '{types[each.type]}'" for each in TABLES[name]) + "}"
    if format_ == "sqlite":
        with closing(sqlite3.connect(place / "audit.sqlite")) as connection:
            stored = connection.execute(f"SELECT * FROM {name} ORDER BY rowid").fetchall()
        flags = [each.type == "boolean" for each in TABLES[name]]
        return [tuple(bool(v) if flag and v is not None else v for flag, v in zip(flags, row, strict=True)) for row in stored]
    path = place / f"{name}.{format_}"
    if format_ == "jsonl" and not path.stat().st_size:
        return []
    source = {
        "parquet": f"read_parquet('{path}')",
        "csv": f"read_csv('{path}', header=true, columns={columns}, quote='\"', escape='\"', allow_quoted_nulls=false, new_line='\\r\\n', parallel=false)",
        "jsonl": f"read_json('{path}', format='newline_delimited', columns={columns})",
    }[format_]
    return duckdb.sql(f"SELECT * FROM {source}").fetchall()


def test_row_groups_do_not_depend_on_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROW_GROUP", 6)
    monkeypatch.setattr(writing, "_CHUNK", 3)
    made = [(f"s{number}", "r") for number in range(14)]
    for size in (1, 4, 14):
        (tmp_path / str(size)).mkdir()
        with writing.writer("parquet", tmp_path / str(size), {"notelint:schema": "s"}) as add:
            for at in range(0, 14, size):
                add("errors", made[at : at + size])
    assert content(tmp_path / "1") == content(tmp_path / "4") == content(tmp_path / "14")
    from pyarrow.parquet import ParquetFile

    with ParquetFile(tmp_path / "1" / "errors.parquet") as file:
        assert [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)] == [6, 6, 2]
        assert file.schema_arrow.metadata == {b"notelint:schema": b"s"}


def test_a_table_that_is_none_is_named(tmp_path: Path) -> None:
    for format_, name in (("parquet", "notes.parquet"), ("jsonl", "notes.jsonl"), ("sqlite", "audit.sqlite"), ("csv", "notes.csv")):
        with pytest.raises(InputError, match=rf"{name}: no such file"):
            list(writing.rows_in(tmp_path, format_, "notes"))  # type: ignore[arg-type]
        (tmp_path / name).write_bytes(b"\xffKjihgfe\nKjihgfe\n")
        with pytest.raises(InputError, match=rf"^{re.escape(str(tmp_path))}/{name}: is no table of an audit$"):
            list(writing.rows_in(tmp_path, format_, "notes"))  # type: ignore[arg-type]


def test_parquet_without_its_library_is_told_at_once(
    light: None, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    status, _, err = command("audit", "run", tmp_path, "--output", tmp_path / "out")
    assert (status, err) == (2, 'notelint: Parquet needs pyarrow: pip install "notelint[audit]"; or choose another --format\n')
    assert not (tmp_path / "out").exists()
