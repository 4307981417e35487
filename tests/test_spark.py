"""Audits in Spark: the same rows as from notes one by one, whatever reaches a worker."""

import importlib.util
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby, islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from notelint import Linter, Note
from notelint.audit.rows import TABLES, Row, Table, rows_of
from notelint.errors import InputError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_MISSING = [name for name in ("pyspark", "pyarrow", "pandas") if importlib.util.find_spec(name) is None]
if shutil.which("java") is None:
    _MISSING.append("Java")
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=f"Spark needs {', '.join(_MISSING)}")

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
GUIDE = Path(__file__).parent.parent / "docs" / "spark.md"
NOTES, LENGTH, FEW = 2000, 800, 100
SCHEMA = (
    "id string, note_text string, codes array<string>, setting string, `date-of-service` date, note_type string, visit string, author string,"
    " role string, site string, template string"
)
COLUMNS = {"text": "note_text", "encounter": "visit"}


@pytest.fixture(scope="module")
def archive() -> ModuleType:
    spec = importlib.util.spec_from_file_location("archive", BENCHMARKS / "archive.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["archive"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def auditor(linter: Linter) -> Linter:
    # What is compiled here the workers find in the cache.
    linter.check(Note("Ankylosing spondylitis."))
    return linter.asking("audit")


@pytest.fixture(scope="module")
def spark(auditor: Linter) -> "Iterator[SparkSession]":
    from pyspark.sql import SparkSession

    before = {name: os.environ.get(name) for name in ("PYSPARK_PYTHON", "SPARK_LOCAL_IP")}
    os.environ.update(PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1")
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "4")
        # What serves long jobs costs short ones half their time.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .config("spark.sql.codegen.wholeStage", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})


def frame(spark: "SparkSession", notes: Sequence[Note]) -> "DataFrame":
    """Notes as a hospital's table has them: columns of other names, codes as a list. A few of them are for one worker."""
    rows = [
        (
            note.id, note.text, list(note.codes), note.setting, note.date_of_service, note.note_type, note.encounter, note.author, note.role, note.site,
            note.template,
        )
        for note in notes
    ]  # fmt: skip
    return spark.createDataFrame(rows, SCHEMA).coalesce(1 if len(rows) < FEW else 2)


def found(audited: "DataFrame") -> dict[Table, Counter[Row]]:
    """The rows of all tables, from one pass over the notes."""
    rows: dict[Table, Counter[Row]] = {table: Counter() for table in TABLES}
    for note in audited.collect():
        for table in TABLES:
            rows[table].update(map(tuple, note[table]))
    return rows


def plain(groups: Sequence[Sequence[Note]], linter: Linter, *, quotes: bool = True) -> dict[Table, Counter[Row]]:
    """The rows of groups of notes, each judged together."""
    expected: dict[Table, Counter[Row]] = {table: Counter() for table in TABLES}
    for group in groups:
        for note, report in linter.check_pairs(group):
            for table, rows in rows_of(note, report, str(note.id), linter.families(report), quotes=quotes).items():
                expected[table].update(rows)
    return expected


@pytest.fixture(scope="module")
def notes(archive: Any) -> list[Note]:
    """None of them is long: two thousand are read twice."""
    short = (group for group in archive.encounters(7) if all(len(note.text) < LENGTH for note in group))
    return list(islice((note for group in short for note in group), NOTES))


def test_the_rows_are_those_of_the_notes_one_by_one(spark: "SparkSession", notes: list[Note], auditor: Linter) -> None:
    from notelint.spark import audit, tables

    audited = audit(frame(spark, notes).repartition(5), columns=COLUMNS).persist()
    rows = {table: Counter(map(tuple, told.collect())) for table, told in tables(audited).items()}
    audited.unpersist()
    expected = plain([[note] for note in notes], auditor)
    assert rows == expected
    assert all(len(rows[table]) > 100 for table in TABLES if table != "errors")
    assert rows["notes"].total() == NOTES


def test_the_notes_of_an_encounter_are_judged_together(spark: "SparkSession", archive: Any, auditor: Linter) -> None:
    from notelint.spark import audit

    some = list(archive.notes(7, 120))
    # Those of one encounter are torn apart, and come in another order.
    mixed = frame(spark, sorted(some, key=lambda note: str(note.id)[::-1]))
    rows = found(audit(mixed, columns={"text": "note_text"}, encounter="visit"))
    groups = [list(group) for _, group in groupby(some, key=lambda note: note.encounter or note.id)]
    assert max(map(len, groups)) > 4
    expected = plain(groups, auditor)
    assert rows == expected
    assert rows["elements"] != plain([[note] for note in some], auditor)["elements"]


def test_a_column_tells_the_order_where_dates_do_not(spark: "SparkSession") -> None:
    from notelint.spark import audit, tables

    told = spark.createDataFrame(
        [("a", "Assessment: discitis at L4-L5.", "M46.46", "e", 2), ("b", "Assessment: no discitis.", "M46.46", "e", 1)],
        "id string, text string, codes string, encounter string, at int",
    )
    # The later word of one writer counts.
    for order, state in (("at", "assign"), (None, "unsupported")):
        audited = audit(told, encounter="encounter", order=order)
        decisions = {row["note"]: row["decision"] for row in tables(audited)["codes"].collect()}
        assert set(decisions.values()) == {state}


def test_without_an_encounter_column_notes_stand_alone(spark: "SparkSession", auditor: Linter) -> None:
    from notelint.spark import audit

    some = [
        Note("Assessment: discitis at L4-L5.", id="a", codes=("M46.46",), encounter="e"),
        Note("CRP 88 mg/L.", id="b", codes=("M46.46",), encounter="e"),
        Note("CRP 88 mg/L.", id="c", codes=("M46.46",)),
        Note("Assessment: discitis.", id="d", codes=("M46.46",)),
    ]
    alone = found(audit(frame(spark, some), columns=COLUMNS))
    assert alone == plain([[note] for note in some], auditor)
    assert {row[5] for row in alone["notes"]} == {"e", None}
    # Notes without an encounter are never those of one.
    pooled = found(
        audit(frame(spark, [replace(note, encounter=note.encounter or "") for note in some]), columns=COLUMNS, encounter="visit")
    )
    assert pooled == plain([some[:2], some[2:3], some[3:]], auditor)


def test_what_can_not_be_read_is_an_error_and_nothing_else_is_lost(spark: "SparkSession", capfd: pytest.CaptureFixture[str]) -> None:
    from notelint.spark import audit

    secret = "Xylopyrum 7"
    rows = [
        ("good", secret.encode(), "outpatient", "2026-05-01"),
        ("timed", secret.encode(), "IMP", "2026-05-01T08:00:00Z"),
        ("empty", b" \r\n\t", None, None),
        ("none", None, None, None),
        ("bytes", secret.encode() + b" \xff\xfe", None, None),
        ("setting", secret.encode(), secret, None),
        ("day", secret.encode(), None, secret),
        (None, secret.encode(), None, None),
        ("", secret.encode(), None, None),
    ]
    told = spark.createDataFrame(rows, "id string, text binary, setting string, date_of_service string")
    # A string of Spark may hold any bytes.
    audited = audit(told.withColumn("text", told["text"].cast("string")), quotes=False)
    tables_ = found(audited)
    assert audited.count() == len(rows)
    assert sorted((row[1], row[6], row[7]) for row in tables_["notes"]) == [
        ("good", "outpatient", "2026-05-01"),
        ("timed", "inpatient", "2026-05-01"),
    ]
    assert tables_["errors"] == Counter(
        {
            ("empty", "empty note"): 1,
            ("none", "empty note"): 1,
            ("bytes", "`text` is not UTF-8 (byte 13)"): 1,
            ("setting", "the setting is none of inpatient, outpatient, unknown"): 1,
            ("day", "the date of service is no date of the form YYYY-MM-DD"): 1,
            (None, "nothing tells where this note stands"): 2,
        }
    )
    # Bytes are read as those of any table.
    assert {row[1]: row[4] for row in found(audit(told))["notes"]} == {"good": 11, "timed": 11, "bytes": 14}
    assert secret not in repr(tables_)
    assert secret not in "".join(capfd.readouterr())


def test_columns_of_other_types_are_read_as_what_they_mean(spark: "SparkSession") -> None:
    from notelint.spark import audit

    told = spark.createDataFrame(
        [(7, "Discitis.", datetime(2026, 5, 1, 23, 30), 31)],  # noqa: DTZ001
        "`note.id` bigint, text string, date_of_service timestamp, encounter int",
    )
    (row,) = found(audit(told, columns={"id": "note.id"}))["notes"]
    by_name = dict(zip((column.name for column in TABLES["notes"]), row, strict=True))
    assert {name: by_name[name] for name in ("source", "id", "date", "encounter")} == {
        "source": "7", "id": "7", "date": date(2026, 5, 1).isoformat(), "encounter": "31",
    }  # fmt: skip


def test_the_script_of_the_guide_runs(
    spark: "SparkSession", archive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0]
    some = list(archive.notes(7, 30))
    told = frame(spark, some).withColumnsRenamed({"id": "note_id", "codes": "dx", "date-of-service": "service_date"})
    told.write.parquet(f"{tmp_path}/archive")
    monkeypatch.setattr("sys.argv", ["audit_archive.py", f"{tmp_path}/archive", f"{tmp_path}/output"])
    exec(compile(script, "audit_archive.py", "exec"), {})
    assert capsys.readouterr().out.startswith("30 notes given, 30 read, 0 not read\n")
    assert {path.name for path in (tmp_path / "output").iterdir()} == {"audited", *TABLES}
    sources = {row["source"] for row in spark.read.parquet(f"{tmp_path}/output/notes").collect()}
    assert sources == {f"{tmp_path}/archive#{note.id}" for note in some}


@pytest.mark.parametrize(
    ("schema", "options", "message"),
    [
        ("id string", {}, "the notes have no column `text`"),
        ("text string", {}, "the notes have no column `id`"),
        ("id string, text string", {"source": "place"}, "the notes have no column `place`"),
        ("id string, text string", {"encounter": "visit"}, "the notes have no column `visit`"),
        ("id string, text string", {"encounter": "id", "order": "at"}, "the notes have no column `at`"),
        ("id string, text string", {"columns": {"text": "words"}}, "the notes have no column `words`"),
        ("id string, text string", {"columns": {"txt": "text"}}, "`txt` is no field of a note"),
        ("id string, text double", {}, "the column `text` is of type double, which is none for `text`"),
        ("id string, text array<string>", {}, "the column `text` is of type array<string>"),
        ("id boolean, text string", {}, "the column `id` is of type boolean, which is none for `id`"),
        ("id string, text string, codes array<int>", {}, "the column `codes` is of type array<int>"),
    ],
)
def test_columns_that_are_of_no_use_are_told_at_once(spark: "SparkSession", schema: str, options: Mapping[str, Any], message: str) -> None:
    from notelint.spark import audit

    with pytest.raises(InputError, match="^" + message.replace("<", "[<]")):
        audit(spark.createDataFrame([], schema), **options)


def test_a_fault_in_one_note_costs_that_note_alone(monkeypatch: pytest.MonkeyPatch, linter: Linter) -> None:
    import pyarrow

    from notelint import spark

    def extract(self: Linter, note: Note) -> tuple[()]:
        if "Xylopyrum" in note.text:
            raise ValueError(note.text)
        return ()

    monkeypatch.setattr(Linter, "extract", extract)
    monkeypatch.setattr(spark, "_linter", lambda *_: linter)
    options = spark._Options(None, "audit", (), (), "all", quotes=True, pooled=False)
    batch = pyarrow.RecordBatch.from_pydict({"source": ["a", "b", "c"], "text": ["One.", "Xylopyrum.", "Three."]})
    (packed,) = spark._batches([batch], options)
    rows = packed.to_pylist()
    assert [note["source"] for row in rows for note in row["notes"]] == ["a", "c"]
    (error,) = [error for row in rows for error in row["errors"]]
    assert error["source"] == "b"
    assert error["reason"].startswith("internal error, ValueError at linter.py:")


def test_an_encounter_goes_on_in_the_next_batch(linter: Linter, monkeypatch: pytest.MonkeyPatch, auditor: Linter) -> None:
    import pyarrow

    from notelint import spark

    monkeypatch.setattr(spark, "_linter", lambda *_: auditor)
    options = spark._Options(None, "audit", (), (), "all", quotes=True, pooled=True)
    some = [Note("Assessment: discitis at L4-L5.", id="a", codes=("M46.46",), encounter="e"), Note("CRP 88 mg/L.", id="b", encounter="e")]
    batches = [
        pyarrow.RecordBatch.from_pydict(
            {"source": [note.id], "id": [note.id], "text": [note.text], "codes": [" ".join(note.codes)], "encounter": ["e"]}
        )
        for note in some
    ]
    # A row between them that can not be read parts them not.
    batches.insert(1, pyarrow.RecordBatch.from_pydict({"source": ["x"], "id": ["x"], "text": [""], "codes": [None], "encounter": ["e"]}))
    (packed,) = spark._batches(batches, options)
    expected = plain([some], auditor)
    for table in TABLES:
        rows = Counter(tuple(row.values()) for listed in packed.column(table).to_pylist() for row in listed)
        assert rows == (expected[table] if table != "errors" else Counter([("x", "empty note")]))


def test_options_reach_the_workers(spark: "SparkSession", linter: Linter, tmp_path: Path) -> None:
    from notelint.spark import audit

    some = [Note("Ankylosing spondylitis, cervical spine. CRP 12 mg/L.", id="a", codes=("M45.6",))]
    told = frame(spark, some)
    without = found(audit(told, columns=COLUMNS, profile="scribe", ignore=["gap"], quotes=False))
    asked = Linter(profile="scribe", ignore=["gap"])
    assert without == plain([some], asked, quotes=False)
    assert {row[2] for row in without["diagnostics"]} == {"site/mismatch"}
    needed = found(audit(frame(spark, [replace(some[0], text="CRP 12 mg/L.", codes=("I10",))]), columns=COLUMNS, findings="needed"))
    assert needed["notes"].total() == 1
    assert not needed["findings"]


def test_a_folder_of_patterns_is_shipped_with_the_session(spark: "SparkSession", tmp_path: Path) -> None:
    from notelint.spark import audit

    site = tmp_path / "site-patterns"
    site.mkdir()
    (site / "profiles").mkdir()
    (site / "profiles" / "ours.yaml").write_text("profile: ours\ntitle: Ours\nabout: Nothing more.\nrecommended: []\n", encoding="utf-8")
    told = frame(spark, [Note("Ankylosing spondylitis of the lumbar spine.", id="a", codes=("M45.6",))])
    whole = found(audit(told, columns=COLUMNS, patterns=site, profile="ours"))
    assert whole["notes"].total() == 1
    spark.sparkContext.addFile(str(site), recursive=True)
    assert found(audit(told, columns=COLUMNS, patterns="site-patterns", profile="ours")) == whole
    # What was changed since counts.
    (site / "profiles" / "ours.yaml").write_text("profile: ours\ntitle: Ours\nabout: More.\nrecommended: [hla-b27]\n", encoding="utf-8")
    assert found(audit(told, columns=COLUMNS, patterns=site, profile="ours"))["elements"] != whole["elements"]


@pytest.mark.parametrize(
    ("options", "message"), [({"profile": "nobody"}, "'nobody' is no profile"), ({"ignore": ["gpa"]}, "'gpa' is no rule and no category")]
)
def test_an_option_that_there_is_not_ends_the_job(spark: "SparkSession", options: Mapping[str, Any], message: str) -> None:
    from pyspark.errors import PythonException

    from notelint.spark import audit

    told = frame(spark, [Note("Xylopyrum 7.", id="a")])
    with pytest.raises(PythonException, match=message) as caught:
        audit(told, columns=COLUMNS, **options).collect()
    assert "Xylopyrum" not in str(caught.value)
