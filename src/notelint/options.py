"""Options that several commands share, once for all of them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FindingsOption(StrEnum):
    """Which notes are read for findings."""

    all = "all"
    needed = "needed"


class SettingOption(StrEnum):
    """Where the patient was seen."""

    inpatient = "inpatient"
    outpatient = "outpatient"
    unknown = "unknown"


Map = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="FIELD=COLUMN", help="Columns of tables by other names: text=note_text,codes=dx.", show_default=False),
]
Table = Annotated[str | None, typer.Option("--table", metavar="NAME", help="Which table of an SQLite file holds the notes.")]
Patterns = Annotated[
    Path | None, typer.Option("--patterns", metavar="DIR", help="A site's own folder of patterns, laid over the shipped ones.")
]
Select = Annotated[list[str] | None, typer.Option("--select", metavar="RULE", help="Only these rules or categories.")]
Ignore = Annotated[list[str] | None, typer.Option("--ignore", metavar="RULE", help="Not these rules or categories.")]
Findings = Annotated[
    FindingsOption, typer.Option("--findings", help="All, or none in notes where they can change nothing that is said of a code: faster.")
]
