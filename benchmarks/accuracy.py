"""How well notelint reads: precision, recall and F1 on the notes of `marked/`, and on a test set in JSON Lines.

    python benchmarks/accuracy.py                       # the marked notes and the clean set
    python benchmarks/accuracy.py --errors 20           # also what went wrong, note by note
    python benchmarks/accuracy.py --set FILE.jsonl      # a set of notes or of sentences, such as unseen.jsonl
    python benchmarks/accuracy.py --write               # all of them, put into benchmarks/README.md with date and versions

`benchmarks/README.md` describes the shapes. All texts are invented.
"""

import argparse
import json
import platform
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from notelint import Assertion, Finding, Linter, Note, NoteReport

HERE = Path(__file__).parent
AXES = ("negated", "possible", "historical", "hypothetical", "family")
SCORED = ("diagnosis", "imaging", "test", "organism", "symptom", "infection-source", "treatment")
PHENOMENA = (
    "HLA-B27", "authors", "boxes and slots", "capitals, wraps and shorthand", "conditions and advice", "denials", "dialogue and lay words", "doubt",
    "ideas taken back or confirmed", "kin and strangers", "laboratory values", "look-alikes and mimics", "organisms and cultures", "past",
    "regions and levels", "reports and letters", "sides and grades", "tables",
)  # fmt: skip
STUDIES = frozenset({"radiograph", "mri", "ct", "bone-scan", "pet"})
_MARK = re.compile(r"⟦([^⟦⟧|]+)\|([^⟦⟧|]+)⟧")
_QUANTITY = re.compile(r"([<>]?)(\d+(?:\.\d+)?)\s*(\S.*)?")
_EXACT = ("status", "value", "quantity", "date", "regions", "modality", "side", "grade", "code")


@dataclass(frozen=True)
class Answer:
    """What a mention means: concept (an organism by its value), flags, and such facts as the annotation gives, as text."""

    concept: str
    flags: frozenset[str] = frozenset()
    facts: Mapping[str, str] = field(default_factory=dict)
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Marked:
    """A note with its answers; `unscored` are spans that count neither way, `rules` all of warning level and above, or None."""

    note: Note
    answers: tuple[Answer, ...]
    unscored: tuple[tuple[int, int], ...] = ()
    phenomena: tuple[str, ...] = ()
    rules: frozenset[str] | None = None


def read_marked(path: Path) -> Marked:
    """A note whose answers are marked in its text; ValueError where a mark can not be read."""
    head, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    keys = dict(line.split(":", 1) for line in head.splitlines() if ":" in line)
    keys = {key.strip(): value.strip() for key, value in keys.items()}
    text, at = "", 0
    answers: list[Answer] = []
    unscored: list[tuple[int, int]] = []
    for mark in _MARK.finditer(body):
        text += body[at : mark.start()]
        span = (len(text), len(text) + len(mark[1]))
        text, at = text + mark[1], mark.end()
        for told in mark[2].split(";"):
            if told.strip() == "?":
                unscored.append(span)
            else:
                answers.append(_answer(told.split(), span, path))
    text += body[at:]
    if "⟦" in text or "⟧" in text:
        raise ValueError(f"{path}: a mark that can not be read")
    rules = frozenset(re.split(r"\s*,\s*", keys["rules"])) - {"", "none"} if "rules" in keys else None
    note = Note(
        text,
        id=path.stem,
        codes=tuple(keys.get("codes", "").replace(",", " ").split()),
        setting=keys.get("setting", "unknown"),  # type: ignore[arg-type]
        date_of_service=date.fromisoformat(keys["date-of-service"]) if keys.get("date-of-service") else None,
        note_type=keys.get("note-type"),
    )
    # Two of the names hold a comma.
    phenomena = tuple(name for name in PHENOMENA if name in keys.get("phenomena", ""))
    return Marked(note, tuple(answers), tuple(unscored), phenomena, rules)


def _answer(told: Sequence[str], span: tuple[int, int], path: Path) -> Answer:
    concept, *rest = told
    flags = frozenset(word for word in rest if "=" not in word)
    if flags - set(AXES):
        raise ValueError(f"{path}: no flag is called {', '.join(flags - set(AXES))}")
    facts = dict(word.split("=", 1) for word in rest if "=" in word)
    if "quantity" in facts:
        facts["quantity"] = _spelled(facts["quantity"])
    if "regions" in facts:
        facts["regions"] = ",".join(sorted(facts["regions"].split(",")))
    return Answer(concept, flags, facts, *span)


def _spelled(quantity: str) -> str:
    comparator, number, unit = _QUANTITY.fullmatch(quantity.removeprefix("=")).groups()  # type: ignore[union-attr]
    return f"{comparator}{float(number):g}{unit or ''}"


def known_concepts(linter: Linter) -> frozenset[str]:
    """The concepts that a finding can have, organisms by their value."""
    concepts = linter.library.concepts
    named = {c.concept for c in concepts} | {name for c in concepts for name in (c.placed_as, c.image_as) if name}
    return frozenset(named | {f"organism/{c.value}" for c in concepts if c.kind == "organism" and c.value})


def read_set(path: Path) -> Iterator[tuple[Marked, dict[str, Any]]]:
    """The notes of a test set: answers without places, where the shape gives no quote, and what is expected of each code."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        note = Note(
            row["text"],
            id=row["id"],
            codes=tuple(row.get("codes", ())),
            setting=row["setting"],
            note_type=row.get("note_type"),
            date_of_service=date.fromisoformat(row["date_of_service"]) if row.get("date_of_service") else None,
        )
        yield Marked(note, tuple(_facts(row.get("facts", {}))), phenomena=tuple(row.get("phenomena", ()))), row


def _facts(facts: Mapping[str, Any]) -> Iterator[Answer]:
    for kind, name in (("diagnoses", "concept"), ("imaging", "concept"), ("organisms", "value")):
        for item in facts.get(kind, ()):
            prefix = "organism/" if kind == "organisms" else ""
            yield Answer(prefix + item[name], frozenset(axis for axis in AXES if item.get(axis)))
    for concept in ("crp", "esr"):
        for item in facts.get(concept, ()):
            number = (
                {}
                if item.get("value") is None
                else {"quantity": f"{item['comparator'] or ''}{item['value']}{item['unit'] or ''}".lstrip("=")}
            )
            yield Answer(concept, facts={name: _spelled(told) for name, told in number.items()} or {"status": item["status"] or ""})
    if facts.get("hla_b27"):
        yield Answer("hla-b27", facts={name: facts["hla_b27"].get(name) or "" for name in ("status", "value")})
    for concept in facts.get("history", ()):
        yield Answer(concept)
    for concept in facts.get("treatments", ()):
        yield Answer(concept)


def found(finding: Finding) -> Answer:
    """A finding as an answer."""
    attributes, quantity = finding.attributes, finding.quantity
    facts = {
        "status": finding.status, "value": finding.value, "date": finding.date, "regions": ",".join(sorted(attributes.get("regions") or ())) or None,
        "quantity": quantity and _spelled(f"{quantity.comparator}{quantity.value}{quantity.unit or ''}"),
        **{name: attributes.get(name) for name in ("modality", "side", "grade", "code")},
    }  # fmt: skip
    concept = f"organism/{finding.value}" if finding.kind == "organism" else finding.concept
    return Answer(concept, frozenset(finding.flags), {name: str(told) for name, told in facts.items() if told}, finding.start, finding.end)


class Board:
    """Counts of right, extra and missed answers by row, of facts that are right, and what went wrong."""

    def __init__(self) -> None:
        self.sets: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        self.facts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.errors: dict[str, list[str]] = defaultdict(list)

    def count(self, rows: Iterable[str], index: int) -> None:
        """Count one answer as right (0), extra (1) or missed (2) in each of the rows."""
        for row in rows:
            self.sets[row][index] += 1

    def check(self, row: str, right: bool) -> None:
        """Count one fact."""
        self.facts[row][0] += right
        self.facts[row][1] += 1

    def table(self, prefix: str, *, least: int = 1) -> Iterator[str]:
        """The rows whose names begin so, as lines of Markdown."""
        yield f"| {prefix.rstrip(':')} | marked | P | R | F1 |"
        yield "|---|---|---|---|---|"
        for row, (right, extra, missed) in sorted(self.sets.items()):
            if row.startswith(prefix) and right + missed >= least:
                f1 = 2 * right / (2 * right + extra + missed)
                yield f"| {row.removeprefix(prefix)} | {right + missed} | {_share(right, right + extra)} | {_share(right, right + missed)} | {f1:.3f} |"


def _share(right: int, of: int) -> str:
    return f"{right / of:.3f}" if of else "-"


def score_marked(marked: Marked, report: NoteReport, board: Board, known: frozenset[str], kinds: Mapping[str, str]) -> None:
    """Compare every mention of a marked note with the findings."""
    name, text = marked.note.id or "", marked.note.text
    ours = [(finding, found(finding)) for finding in report.findings if finding.kind in SCORED]
    ours = [(f, a) for f, a in ours if a.concept in known and a.concept not in STUDIES]
    free = set(range(len(ours)))
    about = [f"phenomenon:{one}" for one in marked.phenomena if one]
    for answer in marked.answers:
        near = [n for n in free if ours[n][1].concept == answer.concept and _overlap(answer, ours[n][1])]
        best = max(near, key=lambda n: (_agree(answer, ours[n][1]), -n), default=None)
        place = f"{answer.concept} at {_context(text, answer)!r}"
        rows = [f"concept:{answer.concept}", f"kind:{kinds.get(answer.concept.partition('/')[0], 'other')}", *about]
        if best is None:
            board.count(rows, 2)
            board.errors[name].append(f"missed {place} [{' '.join(sorted(answer.flags))}]")
            continue
        free.discard(best)
        told = ours[best][1]
        for axis in AXES:
            if axis in answer.flags or axis in told.flags:
                board.count([f"axis:{axis}"], 0 if axis in answer.flags and axis in told.flags else 1 if axis in told.flags else 2)
        if answer.flags == told.flags:
            board.count(rows, 0)
        else:
            board.count(rows, 1)
            board.count(rows, 2)
            board.errors[name].append(f"{place} is [{' '.join(sorted(answer.flags))}], read as [{' '.join(sorted(told.flags))}]")
        for fact, wanted in answer.facts.items():
            if fact in _EXACT:
                board.check(fact, told.facts.get(fact) == wanted)
                if told.facts.get(fact) != wanted:
                    board.errors[name].append(f"{fact} of {place} is {wanted}, read as {told.facts.get(fact)}")
    for n in sorted(free):
        finding, told = ours[n]
        if any(a is not None and b is not None and a < finding.end and finding.start < b for a, b in marked.unscored):
            continue
        if finding.kind == "diagnosis" and any(a.concept.endswith("-imaging") and _overlap(a, told) for a in marked.answers):
            continue
        if any(a.concept == told.concept and _overlap(a, told) for a in marked.answers):
            # A further number of a trend that the note marks once.
            continue
        board.count([f"concept:{told.concept}", f"kind:{finding.kind}", *about], 1)
        board.errors[name].append(f"extra {told.concept} at {_context(text, told)!r} [{' '.join(sorted(told.flags))}]")
    if marked.rules is not None:
        fired = {f"{d.code} {d.rule}".strip() if d.code else d.rule for d in report.diagnostics if d.severity != "info"}
        _compare("rules:all of warning level and above", name, set(marked.rules), fired, board)


def _context(text: str, answer: Answer, width: int = 70) -> str:
    start, end = answer.start or 0, answer.end or 0
    return f"{text[max(0, start - width) : start]}⟦{text[start:end]}⟧{text[end : end + width]}"


def _overlap(answer: Answer, told: Answer) -> bool:
    return answer.start is not None and told.start is not None and answer.start < (told.end or 0) and told.start < (answer.end or 0)


def _agree(answer: Answer, told: Answer) -> tuple[int, bool]:
    return sum(told.facts.get(fact) == wanted for fact, wanted in answer.facts.items()), answer.flags == told.flags


def _compare(row: str, name: str, wanted: set[Any], have: set[Any], board: Board) -> None:
    for index, items in enumerate((wanted & have, have - wanted, wanted - have)):
        for item in sorted(items, key=str):
            board.count([row], index)
            if index:
                board.errors[name].append(f"{row}: {'extra' if index == 1 else 'missed'} {item}")


def score_set(marked: Marked, row: Mapping[str, Any], report: NoteReport, board: Board, known: frozenset[str]) -> None:
    """Compare what a note says as a whole, and what is reported of it, with a row of a test set."""
    name, facts = row["id"], row.get("facts", {})
    ignored = {slug for slugs in facts.get("ignore", {}).values() for slug in slugs}
    ours = [found(f) for f in report.findings if f.kind in SCORED and not (f.kind == "imaging" and f.concept in STUDIES)]
    by_kind: dict[str, set[str]] = {}
    for kind, names in (("diagnoses", "concept"), ("imaging", "concept"), ("organisms", "value")):
        if kind in facts:
            prefix = "organism/" if kind == "organisms" else ""
            by_kind[kind] = {prefix + item[names] for item in facts[kind]}
    wanted, have = _concluded(marked.answers), _concluded(ours)
    kinds = {found(f).concept: f.kind for f in report.findings}
    for kind, finding_kind in (("diagnoses", "diagnosis"), ("imaging", "imaging"), ("organisms", "organism")):
        if kind in facts:
            gold = {(c, wanted[c]) for c in by_kind[kind] if c not in ignored}
            told = {
                (c, flags)
                for c, flags in have.items()
                if kinds.get(c) == finding_kind and c in known and c not in ignored and c.removeprefix("organism/") not in ignored
            }
            if kind != "diagnoses":
                told = {(c, flags) for c, flags in told if not {"hypothetical", "family"} & set(flags)}
            _compare(f"facts:{kind} with flags", name, gold, told, board)
    for item in facts.get("diagnoses", ()):
        if item.get("regions") and not any(item.get(axis) for axis in AXES):
            have_regions = {
                r for f in report.findings if f.concept == item["concept"] and f.affirmed for r in f.attributes.get("regions") or ()
            }
            same = {
                r
                for d in facts["diagnoses"]
                if d["concept"] == item["concept"] and not any(d.get(a) for a in AXES)
                for r in d.get("regions") or ()
            }
            board.check("regions of affirmed diagnoses", have_regions - ({"multiple"} if len(same) > 1 else set()) == same)
    for concept in ("crp", "esr"):
        if concept in facts and concept not in ignored:
            gold = {str(a.facts) for a in marked.answers if a.concept == concept and "quantity" in a.facts}
            told = {
                str({"quantity": a.facts["quantity"]})
                for a in ours
                if a.concept == concept and "quantity" in a.facts and not {"hypothetical", "family"} & a.flags
            }
            _compare(f"facts:{concept} value and unit", name, gold, told, board)
    if facts.get("hla_b27"):
        gold_hla = next(a for a in marked.answers if a.concept == "hla-b27").facts
        ok = any(all(a.facts.get(k, "") == v for k, v in gold_hla.items()) for a in ours if a.concept == "hla-b27")
        board.check("hla-b27 status and value", ok)
    for kind, finding_kind in (("history", "symptom"), ("treatments", "treatment")):
        if kind in facts:
            current = {f.concept for f in report.findings if f.kind == finding_kind and not (set(f.flags) - {"historical"})}
            wanted_slugs = set(facts[kind]) - ignored
            own = set(facts[kind]) | (BACK_PAIN if kind == "history" else {c for c, k in kinds.items() if k == "treatment"})
            past = {f.concept for f in report.findings if f.kind == finding_kind and f.affirmed}
            told_slugs = {c for c in current & own if c in past or (kind == "treatments" and c in wanted_slugs)}
            _compare(f"facts:{kind}", name, wanted_slugs, told_slugs - ignored, board)
    _score_rules(row, report, board)


BACK_PAIN = frozenset(
    {
        "morning-stiffness",
        "night-pain",
        "improves-with-exercise",
        "not-relieved-by-rest",
        "insidious-onset",
        "onset-before-45",
        "duration-3-months",
    }
)


def _concluded(answers: Iterable[Answer]) -> dict[str, tuple[str, ...]]:
    """{concept: flags}: affirmed where any mention is, else the commonest flags."""
    rows: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for answer in answers:
        rows[answer.concept].append(tuple(axis for axis in AXES if axis in answer.flags))
    return {concept: () if () in told else Counter(told).most_common(1)[0][0] for concept, told in rows.items()}


def _score_rules(row: Mapping[str, Any], report: NoteReport, board: Board) -> None:
    name = row["id"]
    every: set[str] = set()
    allowed: set[str] = set()
    for code, expected in row.get("expected", {}).items():
        own = next((a for a in report.assessments if a.code == code), None)
        fired = {d.rule for d in report.diagnostics if d.code in (code, None) or d.rule.startswith(("code/", "note/"))}
        loud = {d.rule for d in report.diagnostics if d.severity != "info"}
        for rule in expected.get("rules", ()):
            right = any(one in fired for one in rule.split("|"))
            board.check("rules that must fire", right)
            allowed.update(rule.split("|"))
            if not right:
                board.errors[name].append(f"{code} {rule} does not fire")
        for rule in expected.get("not_rules", ()):
            wrong = {one for one in fired if one == rule or (rule.endswith("/*") and one.startswith(rule[:-1]))}
            board.check("rules that must not fire", not wrong)
            if wrong:
                board.errors[name].append(f"{code} {', '.join(sorted(wrong))} fires")
        every |= loud
        for key, state in (("met", {"met"}), ("gaps", {"missing", "uncertain", "conflict"})):
            status = {e.element: e.status for e in own.elements} if own else {}
            for element in expected.get(key, ()):
                board.check(f"elements {'met' if key == 'met' else 'with a gap'}", status.get(element) in state)
                if status.get(element) not in state:
                    board.errors[name].append(f"{code} {element} is {status.get(element)}, not {key}")
        offered = {a.code for a in own.alternatives} if own else set()
        for other in expected.get("alternatives", ()):
            board.check("alternatives offered", bool(offered & set(other.split("|"))))
            if not offered & set(other.split("|")):
                board.errors[name].append(f"{code}: {other} is not offered")
        for other in expected.get("not_alternatives", ()):
            board.check("alternatives not offered", other not in offered)
            if other in offered:
                board.errors[name].append(f"{code}: {other} is offered")
        if expected.get("decision"):
            decision = own.decision if own else None
            board.check("decision", decision in expected["decision"].split("|"))
            if decision not in expected["decision"].split("|"):
                board.errors[name].append(f"{code}: the decision is {decision}, not {expected['decision']}")
    if "all-rules" in row.get("phenomena", ()):
        for rule in sorted(every):
            board.check("precision of rules at warning level and above", rule in allowed)
            if rule not in allowed:
                board.errors[name].append(f"{rule} fires besides")


def main() -> int:
    """Run the benchmark; 0 whatever the scores are."""
    parser = argparse.ArgumentParser(description="Score notelint on marked notes.")
    parser.add_argument("--notes", type=Path, default=HERE / "marked")
    parser.add_argument("--clean", type=Path, default=HERE / "clean")
    parser.add_argument("--set", type=Path, dest="test_set")
    parser.add_argument("--errors", type=int, default=0, metavar="N")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    linter, board = Linter(), Board()
    if options.test_set:
        lines = of_set(options.test_set, linter, board)
    else:
        lines = of_marked(options.notes, options.clean, linter, board)
        for path in sorted(HERE.glob("*.jsonl")) if options.write else ():
            lines += ["", *of_set(path, linter, Board())]
    sys.stdout.write("\n".join(lines) + "\n")
    for name, told in sorted(board.errors.items(), key=lambda item: (-len(item[1]), item[0]))[: options.errors]:
        sys.stdout.write(f"\n{name}\n" + "".join(f"  {one}\n" for one in told))
    if options.write:
        write(lines)
    return 0


def of_marked(folder: Path, clean: Path, linter: Linter, board: Board) -> list[str]:
    """The tables of the marked notes, and what is said of the clean ones."""
    notes = [read_marked(path) for path in sorted(folder.glob("*.txt"))]
    known = frozenset(a.concept for marked in notes for a in marked.answers)
    for marked in notes:
        score_marked(marked, linter.check(marked.note), board, known, linter.library.kinds)
    lines = ["### Marked notes", "", f"{len(notes)} notes, {sum(len(m.answers) for m in notes)} mentions.", ""]
    for prefix, least in (("kind:", 1), ("axis:", 1), ("concept:", 8), ("phenomenon:", 1), ("rules:", 1)):
        lines += [*board.table(prefix, least=least), ""]
    quiet = [read_marked(path) for path in sorted(clean.glob("*.txt"))]
    loud = {m.note.id: [d.rule for d in linter.check(m.note).diagnostics] for m in quiet}
    for name, rules in loud.items():
        board.errors[name or ""] += [f"not clean: {rule}" for rule in rules]
    return [*lines, *_facts_table(board), "", f"{len(quiet)} clean notes, {sum(map(bool, loud.values()))} with a diagnostic."]


def of_set(path: Path, linter: Linter, board: Board) -> list[str]:
    """The tables of a set of notes, or of a set of sentences."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if rows and "start" in rows[0]:
        for row in rows:
            score_sentence(row, linter.assert_span(row["text"], row["start"], row["end"]), board)
        return [f"### {path.name}", "", f"{len(rows)} sentences.", "", *board.table("axis:"), "", *_facts_table(board)]
    notes = list(read_set(path))
    known = frozenset(a.concept for marked, _ in notes for a in marked.answers)
    for marked, row in notes:
        score_set(marked, row, linter.check(marked.note), board, known)
    return [f"### {path.name}", "", f"{len(notes)} notes.", "", *board.table("facts:"), "", *_facts_table(board)]


def _facts_table(board: Board) -> list[str]:
    rows = [f"| {row} | {of} | {right / of:.3f} |" for row, (right, of) in sorted(board.facts.items())]
    return ["| fact | given | right |", "|---|---|---|", *rows]


def score_sentence(row: Mapping[str, Any], told: Assertion, board: Board) -> None:
    """Compare how a span is meant with a row of a set of sentences; a null axis, status or value is not compared."""
    asked = [axis for axis in AXES if row.get(axis) is not None]
    for axis in asked:
        if row[axis] or getattr(told, axis):
            board.count([f"axis:{axis}"], 0 if row[axis] and getattr(told, axis) else 2 if row[axis] else 1)
    right = all(row[axis] == getattr(told, axis) for axis in asked)
    board.check("all axes", right)
    wrong = [] if right else [f"axes of {row['text']!r}"]
    for fact in ("status", "value"):
        if row.get(fact) is not None:
            board.check(fact, row[fact] == getattr(told, fact))
            wrong += [] if row[fact] == getattr(told, fact) else [f"{fact} of {row['text']!r} is {getattr(told, fact)}, not {row[fact]}"]
    if wrong:
        board.errors[str(row["id"])] += wrong


def write(lines: Sequence[str]) -> None:
    """Put tables between the marks of benchmarks/README.md."""
    page = HERE / "README.md"
    head = f"{date.today().isoformat()}, notelint {version('notelint')}, spaCy {version('spacy')}, medspaCy {version('medspacy')}, Python {platform.python_version()}."  # noqa: DTZ011
    before, _, rest = page.read_text(encoding="utf-8").partition("<!-- accuracy -->")
    _, _, after = rest.partition("<!-- end -->")
    page.write_text(f"{before}<!-- accuracy -->\n{head}\n\n" + "\n".join(lines) + f"\n<!-- end -->{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
