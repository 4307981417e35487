"""How fast `notelint audit run` is, by mix, format and number of processes, how much memory it takes, and what it costs to go on with a broken run.

    python benchmarks/audit.py                          the tables, as Markdown
    python benchmarks/audit.py --notes 5000 --rounds 3  more notes, and the median of so many runs of each kind
    python benchmarks/audit.py --only mixes             one part alone: mixes, formats, resume

The notes are those of `archive.py`. Times are those of whole runs, less what a run over a note or two takes: a run that takes hours does not begin anew for
every thousand notes. Notes a second are told by the clock, which counts what else the machine does; the times for ten million notes are computed from the
processor time of all processes together, and nobody has waited for them. Peak memory is what the kernel tells of each process while it runs (Linux).
"""

import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from itertools import islice
from pathlib import Path

import archive

from notelint import Note

_LOOK = 0.1
"""Seconds from one look at the memory to the next; a process tells of its own peak, so that only its last moments are missed."""
CORES = (1, 2, 4, 8, 16, 32, 64)
_MILLIONS = 10
PARTS = ("mixes", "formats", "resume")


@dataclass(frozen=True, slots=True)
class Run:
    """A run that was watched: seconds by the clock, seconds of processor time, peak memory in megabytes of its first process and of the largest other."""

    seconds: float
    processor: float
    first: float
    worker: float
    killed: bool = False


# ---------------------------------------------------------------------------------------------------- watching


def descendants(parents: Mapping[int, int], root: int) -> set[int]:
    """The processes below one, of {process: its parent}."""
    found: set[int] = set()
    new = {root}
    while new:
        new = {process for process, parent in parents.items() if parent in new} - found
        found |= new
    return found


def peak_of(status: str) -> float:
    """The peak resident memory, in megabytes, that `/proc/PID/status` tells; 0 where it tells none."""
    line = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name of a process stands in parentheses and may hold blanks.
            found[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    return found


def _peak(process: int) -> float:
    try:
        return peak_of(Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0.0


def command(inputs: Path, output: Path, jobs: int, more: Sequence[str] = ()) -> list[str]:
    """The command of a run."""
    return [
        sys.executable, "-m", "notelint", "audit", "run", str(inputs), "--output", str(output), "--jobs", str(jobs), "--quiet", *more,
    ]  # fmt: skip


def watched(arguments: Sequence[str], kill_after: float | None = None) -> Run:
    """Run a command to its end, or for so many seconds, after which it and all that it has begun are killed."""
    start, before = time.perf_counter(), _processor()
    first = worker = 0.0
    with subprocess.Popen(arguments, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
        while process.poll() is None:
            first = max(first, _peak(process.pid))
            worker = max([worker, *map(_peak, descendants(_parents(), process.pid))])
            if kill_after is not None and time.perf_counter() - start > kill_after:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return Run(time.perf_counter() - start, _processor() - before, first, worker, killed=True)
            time.sleep(_LOOK)
        seconds = time.perf_counter() - start
        told = process.stderr.read() if process.stderr else ""
    if process.returncode:
        sys.exit(f"{' '.join(arguments)}\nended with {process.returncode}: {told[-500:]}")
    return Run(seconds, _processor() - before, first, worker)


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# ---------------------------------------------------------------------------------------------------- notes


def mixes(number: int, seed: int) -> dict[str, list[Note]]:
    """{name: so many notes}: as the archive has them, those of the families, and all others."""

    def some(wanted: Callable[[Note], bool]) -> list[Note]:
        return list(islice((note for group in archive.encounters(seed) for note in group if wanted(note)), number))

    return {
        "mixed, 4 in 10 of the families": some(lambda _: True),
        "all of the families": some(lambda note: note.codes[:1] != () and note.codes[0].startswith("M4")),
        "none of the families": some(lambda note: note.codes[:1] != () and not note.codes[0].startswith("M4")),
    }


def write_table(path: Path, notes: Sequence[Note], format_: str = "tables/notes.jsonl") -> None:
    """Write notes into a table of one of the formats of an archive."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with archive.TABLES[format_][1](path) as add:
        for note in notes:
            add([note])


def write_documents(folder: Path, notes: Sequence[Note], format_: str) -> None:
    """Write a file for each note."""
    ending, written, _ = archive.DOCUMENTS[format_]
    folder.mkdir(parents=True, exist_ok=True)
    for note in notes:
        (folder / f"{note.id}{ending}").write_bytes(written([note]))


# ---------------------------------------------------------------------------------------------------- figures


def each(notes: int, whole: float, start: float) -> float:
    """The seconds of a note, of so many seconds for all of them and of what the start takes."""
    return max(whole - start, 1e-6) / notes


def hours(notes: int, seconds: float, cores: int) -> float:
    """The time that so many notes take, each so many seconds of processor time, where no core waits for another."""
    return notes * seconds / cores / 3600


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def duration(hours_: float) -> str:
    """A time to read."""
    return f"{hours_ * 60:,.0f} min" if hours_ < 1.5 else f"{hours_:,.1f} h" if hours_ < 48 else f"{hours_ / 24:,.1f} days"


class Bench:
    """Runs in a folder of its own, each into a new output."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self._folder, self._rounds, self._runs = folder, rounds, 0
        self._starts: dict[tuple[int, tuple[str, ...]], Run] = {}

    def output(self) -> Path:
        """A folder that is not there yet."""
        self._runs += 1
        return self._folder / f"run-{self._runs}"

    def run(self, inputs: Path, jobs: int, more: Sequence[str] = ()) -> Run:
        """The run of median time."""
        runs = [watched(command(inputs, self.output(), jobs, more)) for _ in range(self._rounds)]
        return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]

    def start(self, jobs: int, more: Sequence[str] = ()) -> Run:
        """A run over a note for each process."""
        key = (jobs, tuple(more))
        if key not in self._starts:
            folder = self._folder / f"start-{len(self._starts)}"
            for note in mixes(jobs, 1)["all of the families"]:
                # Each process gets a file of its own.
                write_table(folder / f"{note.id}.jsonl", [note])
            self._starts[key] = self.run(folder, jobs, more)
        return self._starts[key]


def of_mixes(bench: Bench, folder: Path, number: int, jobs: Sequence[int], seed: int) -> Iterator[str]:
    """Rates by mix and number of processes, and what they come to."""
    rows, computed = [], []
    for name, notes in mixes(number, seed).items():
        path = folder / f"{name.replace(' ', '-')}.jsonl"
        write_table(path, notes)
        for more in ((), ("--findings", "needed")):
            shown = f"{name}{', `needed`' if more else ''}"
            for count in jobs:
                run, start = bench.run(path, count, more), bench.start(count, more)
                processor = each(len(notes), run.processor, start.processor)
                rows.append((
                    shown, f"{statistics.mean(len(note.text) for note in notes):,.0f}", str(count), f"{1 / each(len(notes), run.seconds, start.seconds):,.0f}",
                    f"{processor * 1000:,.2f} ms", f"{start.seconds:.1f} s", f"{run.first:,.0f} MB", f"{run.worker:,.0f} MB",
                ))  # fmt: skip
            computed.append((shown, *(duration(hours(_MILLIONS * 10**6, processor, cores)) for cores in CORES)))
    yield from table(
        ("notes", "characters each", "processes", "notes/s", "processor time each", "start", "first process", "largest other"), rows
    )
    yield ""
    yield f"Computed, not measured: {_MILLIONS} million such notes, where each core is as fast as one here, none is shared, and no disk holds it up."
    yield ""
    yield from table(("notes", *(f"{cores} core{'s' if cores > 1 else ''}" for cores in CORES)), computed)


def of_formats(bench: Bench, folder: Path, number: int, jobs: int, seed: int) -> Iterator[str]:
    """Rates of the same notes in each format."""
    notes = mixes(number, seed)["mixed, 4 in 10 of the families"]
    files: dict[str, Path] = {}
    for name, (format_, _, _) in archive.TABLES.items():
        files[format_] = folder / name
        write_table(files[format_], notes, name)
    for name in archive.DOCUMENTS:
        files[f"{name}, a file for each note"] = path = folder / name.replace(", ", "-").replace(" ", "-")
        write_documents(path, notes, name)
    rows, start = [], bench.start(jobs)
    for name, path in files.items():
        run = bench.run(path, jobs)
        rows.append((
            name, f"{1 / each(len(notes), run.seconds, start.seconds):,.0f}", f"{each(len(notes), run.processor, start.processor) * 1000:,.2f} ms"
        ))  # fmt: skip
    yield from table(("format", "notes/s", "processor time each"), rows)


def of_resume(bench: Bench, folder: Path, number: int, jobs: int, seed: int) -> Iterator[str]:
    """What it costs that a run is killed half way and begun again."""
    path = folder / "resume.jsonl"
    write_table(path, mixes(number, seed)["mixed, 4 in 10 of the families"])
    rows = []
    whole = bench.run(path, jobs).seconds
    for share in (0.3, 0.6, 0.9):
        output = bench.output()
        broken = watched(command(path, output, jobs), kill_after=whole * share)
        if broken.killed:
            rest = watched(command(path, output, jobs)).seconds
            rows.append((f"{whole:.1f} s", f"{broken.seconds:.1f} s", f"{rest:.1f} s", f"{broken.seconds + rest - whole:+.1f} s"))
    yield from table(("unbroken", "killed after", "the same command again", "cost"), rows)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--notes", type=int, default=3000, help="notes of each run; of each format a quarter of them")
    parser.add_argument("--jobs", default="1,2", help="numbers of processes, a comma between them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", choices=PARTS)
    options = parser.parse_args()
    jobs = [int(part) for part in options.jobs.split(",")]
    lines = [f"{date.today()}, notelint {version('notelint')}, Python {sys.version.split()[0]}, {os.cpu_count()} cores."]  # noqa: DTZ011
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench = Bench(folder, options.rounds)
        made = {
            "mixes": lambda: of_mixes(bench, folder, options.notes, jobs, options.seed),
            "formats": lambda: of_formats(bench, folder, options.notes // 4, max(jobs), options.seed),
            "resume": lambda: of_resume(bench, folder, options.notes, max(jobs), options.seed),
        }
        for part in PARTS:
            if options.only in (None, part):
                lines += ["", *made[part]()]
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    main()
