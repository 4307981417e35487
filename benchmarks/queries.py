"""How well queries that people wrote are judged: precision and recall of the rules, text by text.

    python benchmarks/queries.py                              those of queries/: held out, with notes, and those that were missed
    python benchmarks/queries.py FILE.jsonl ... --show        what is judged otherwise than the file says

The texts of development that are judged right are the cases of patterns/query.cases.yaml. A line of a file: `text`, `rules` (without `query/`, all that it breaks), perhaps `notes` (the texts of notes given with it).
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from notelint import Linter, Note
from notelint.compliance import Checker
from notelint.library import load_wordings

HERE = Path(__file__).parent


def measure(checker: Checker, path: Path, *, show: bool = False) -> Sequence[str]:
    """The lines of a table: of each rule how often it was found, told wrongly, and missed."""
    found: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    right = 0
    for row in rows:
        expected = set(row["rules"])
        told = {d.rule.partition("/")[2] for d in checker.check_text(row["text"], [Note(text) for text in row.get("notes", ())])}
        found.update(expected & told)
        wrong.update(told - expected)
        missed.update(expected - told)
        right += expected == told
        if show and expected != told:
            print(f"{row['id']}: missed {sorted(expected - told)}, wrong {sorted(told - expected)}")  # noqa: T201
    hits = sum(found.values())
    precision, recall = hits / max(1, hits + sum(wrong.values())), hits / max(1, hits + sum(missed.values()))
    lines = [f"{path.name}: {len(rows)} texts, {right} judged right in every rule; precision {precision:.3f}, recall {recall:.3f}", ""]
    lines += ["| rule | found | wrong | missed |", "|---|---|---|---|"]
    return [*lines, *(f"| {rule} | {found[rule]} | {wrong[rule]} | {missed[rule]} |" for rule in sorted({*found, *wrong, *missed})), ""]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--show", action="store_true")
    arguments = parser.parse_args()
    checker = Checker(Linter(), load_wordings())
    for path in arguments.files or sorted((HERE / "queries").glob("*.jsonl")):
        print("\n".join(measure(checker, path, show=arguments.show)))  # noqa: T201


if __name__ == "__main__":
    main()
