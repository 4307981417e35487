"""How fast notelint is, beside plain medspaCy in the same run.

    python benchmarks/speed.py                        the table, on the notes of this folder
    python benchmarks/speed.py --write                and into benchmarks/README.md
    python benchmarks/speed.py --dense FILE.jsonl --background FILE.jsonl    other notes, a `text` in each line
    python benchmarks/speed.py --memory 100000        the peak memory after so many notes, each with words never seen before

Plain medspaCy is what its users begin with: its tokenizer, sentence splitter (PyRuSH), target matcher, ConText and section detector, all with
their own rules, and the same target phrases (each phrase of the patterns in up to 200 of its spellings). The two take turns on the same
notes; a figure is the median of the rounds, in processor time of one core. Only the ratios carry over to other machines.
"""

import argparse
import gc
import json
import random
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from notelint import Linter, Note
from notelint.phrases import spellings

HERE = Path(__file__).parent
README = HERE / "README.md"
SPELLINGS = 200
LENGTHS = (800, 3_000, 6_000, 20_000, 60_000, 1_000_000)
PLAIN_UP_TO = 6_000
"""Of longer notes plain medspaCy takes minutes."""


def texts_of(path: Path) -> list[str]:
    """The texts of a JSONL of notes."""
    return [str(json.loads(line)["text"]) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def own_dense() -> list[str]:
    """Notes of this folder that hold much."""
    files = [*sorted(HERE.glob("lint-*.jsonl")), HERE / "unseen.jsonl"]
    return [text for path in files for text in texts_of(path)]


def own_background() -> list[str]:
    """Notes of this folder in which nothing is amiss."""
    return [path.read_text(encoding="utf-8").partition("\n---\n")[2] for path in sorted((HERE / "clean").glob("*.txt"))]


def without_trigger() -> list[str]:
    """Notes in which no pattern has anything to find, brought to the length of a visit note."""
    return [f"{text}\n\n{text}\n\n{text}" for text in (HERE / "background.txt").read_text(encoding="utf-8").split("\n%%\n")]


def plain_medspacy(linter: Linter) -> Callable[[str], object]:
    """medspaCy with its own rules and our phrases."""
    from loguru import logger

    for name in ("PyRuSH", "medspacy", "PyFastNER", "quickumls"):
        logger.disable(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import medspacy
        from medspacy.target_matcher import TargetRule

        nlp: Any = medspacy.load(
            medspacy_enable={"medspacy_tokenizer", "medspacy_pyrush", "medspacy_target_matcher", "medspacy_context", "medspacy_sectionizer"}
        )
    rules = [
        TargetRule(spelling, concept.concept)
        for concept in linter.library.concepts
        for phrase in (*concept.phrases, *concept.abbreviations)
        for spelling in sorted(set(islice(spellings(phrase), SPELLINGS)))
    ]
    nlp.get_pipe("medspacy_target_matcher").add(rules)
    return nlp  # type: ignore[no-any-return]


def timed(run: Callable[[], object]) -> float:
    """Seconds of processor time."""
    start = time.process_time()
    run()
    return time.process_time() - start


def interleaved(ways: dict[str, Callable[[str], object]], texts: Sequence[str], rounds: int) -> dict[str, list[float]]:
    """Of each way the seconds that each note takes: the median of the rounds, in which the ways take turns with all notes."""
    for text in texts:
        for run in ways.values():
            run(text)
    seconds: dict[str, list[list[float]]] = {name: [[] for _ in texts] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            for number, text in enumerate(texts):
                seconds[name][number].append(timed(lambda run=run, text=text: run(text)))  # type: ignore[misc]
    return {name: [statistics.median(each) for each in notes] for name, notes in seconds.items()}


def of_length(texts: Sequence[str], length: int) -> str:
    """Dense text of so many characters."""
    joined, number = "", 0
    while len(joined) < length:
        joined += texts[number % len(texts)] + "\n\n"
        number += 1
    return joined[:length]


def milliseconds(seconds: float) -> str:
    """A time to read."""
    return f"{seconds * 1000:,.2f} ms" if seconds < 1 else f"{seconds:,.1f} s"


def mixes(linter: Linter, dense: Sequence[str], background: Sequence[str], rounds: int) -> Iterator[str]:
    """The lines of the table of mixes."""
    plain = plain_medspacy(linter)
    # The rules of plain medspaCy are many objects; to look for garbage among them would count for whoever runs next.
    gc.collect()
    gc.freeze()

    def all_of(text: str) -> object:
        return linter.check(Note(text))

    def needed(text: str) -> object:
        return linter.check(Note(text), findings="needed")

    yield "| notes | number, characters each | plain medspaCy | notelint | ratio | `needed` | ratio |"
    yield "|---|---|---|---|---|---|---|"
    for name, texts in (("dense", dense), ("background", background), ("without any trigger", without_trigger())):
        found = interleaved({"plain": plain, "all": all_of, "needed": needed}, texts, rounds)
        mean = {way: statistics.mean(notes) for way, notes in found.items()}
        yield (
            f"| {name} | {len(texts)}, {statistics.mean(map(len, texts)):,.0f} | {milliseconds(mean['plain'])} | {milliseconds(mean['all'])}"
            f" | {mean['plain'] / mean['all']:,.1f} × | {milliseconds(mean['needed'])} | {mean['plain'] / mean['needed']:,.0f} × |"
        )
    yield ""
    yield "| one dense note of | plain medspaCy | notelint, median | p95 | ratio |"
    yield "|---|---|---|---|---|"
    for length in LENGTHS:
        text = of_length(dense, length)
        times = sorted(timed(lambda text=text: all_of(text)) for _ in range(3 if length > 100_000 else 9 if length > 10_000 else 60))  # type: ignore[misc]
        median = statistics.median(times)
        slow = (
            f"{statistics.median(timed(lambda text=text: plain(text)) for _ in range(3)) / median:,.1f} ×" if length <= PLAIN_UP_TO else "-"
        )  # type: ignore[misc]
        shown = milliseconds(statistics.median(timed(lambda text=text: plain(text)) for _ in range(3))) if length <= PLAIN_UP_TO else "-"  # type: ignore[misc]
        yield f"| {length:,} characters | {shown} | {milliseconds(median)} | {milliseconds(times[int(len(times) * 0.95)])} | {slow} |"


STARTS = (
    ("`python -c pass`", ["-c", "pass"]),
    ("`spacy.blank(\"en\")`", ["-c", "import spacy; spacy.blank('en')"]),
    ("`import medspacy`", ["-c", "import medspacy"]),
    ("`notelint --version`", ["-m", "notelint", "--version"]),
    ("`notelint codes show M45.7`", ["-m", "notelint", "codes", "show", "M45.7"]),
    ("`notelint explain M45.7`", ["-m", "notelint", "explain", "M45.7"]),
    ("`notelint check`, a note without trigger", ["-m", "notelint", "check", "--quiet", "QUIET"]),
    ("`notelint check`, a note with findings", ["-m", "notelint", "check", "--quiet", "DENSE", "--fail-on", "never"]),
)  # fmt: skip


def starts(dense: Sequence[str], folder: Path, rounds: int) -> Iterator[str]:
    """The lines of the table of cold starts: wall time of a whole process, caches filled."""
    files = {"QUIET": folder / "quiet.txt", "DENSE": folder / "dense.txt"}
    files["QUIET"].write_text(without_trigger()[0], encoding="utf-8")
    files["DENSE"].write_text(dense[0], encoding="utf-8")
    seconds: dict[str, list[float]] = {name: [] for name, _ in STARTS}
    for _ in range(rounds + 1):
        for name, arguments in STARTS:
            command = [sys.executable, *(str(files.get(argument, argument)) for argument in arguments)]
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603
            seconds[name].append(time.perf_counter() - start)
    yield "| start | wall time | of `spacy.blank` |"
    yield "|---|---|---|"
    spacy = statistics.median(seconds[STARTS[1][0]][1:])
    for name, each in seconds.items():
        median = statistics.median(each[1:])
        yield f"| {name} | {median:.2f} s | {median / spacy:.2f} × |"


def memory(linter: Linter, dense: Sequence[str], number: int) -> str:
    """The peak memory of this process after so many notes, each with twenty words that were never seen before."""
    rng = random.Random(1)  # noqa: S311
    letters = "abcdefghijklmnopqrstuvwxyz"
    for count in range(number):
        new = " ".join("".join(rng.choices(letters, k=9)) for _ in range(20))
        linter.check(Note(f"{dense[count % len(dense)][:300]}\n{new}."))
    return f"{number:,} notes with {20 * number:,} different new words: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB at the peak"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dense", type=Path)
    parser.add_argument("--background", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--notes", type=int, default=60, help="at most so many notes of a mix")
    parser.add_argument("--memory", type=int, metavar="N")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    dense = (texts_of(options.dense) if options.dense else own_dense())[: options.notes]
    background = (texts_of(options.background) if options.background else own_background())[: options.notes]
    linter = Linter()
    if options.memory:
        print(memory(linter, dense, options.memory))  # noqa: T201
        return
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        lines = [
            f"{date.today()}, notelint {version('notelint')}, spaCy {version('spacy')}, medspaCy {version('medspacy')}, Python {sys.version.split()[0]}.",  # noqa: DTZ011
            "",
            *mixes(linter, dense, background, options.rounds),
            "",
            *starts(dense, Path(folder), options.rounds),
        ]
    print("\n".join(lines))  # noqa: T201
    if options.write:
        before, _, rest = README.read_text(encoding="utf-8").partition("<!-- speed -->\n")
        README.write_text(
            before + "<!-- speed -->\n" + "\n".join(lines) + "\n<!-- end speed -->" + rest.partition("<!-- end speed -->")[2],
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
