"""Shared by all tests: one cache of its own for the run, one linter."""

import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from notelint import Linter

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing of a test is read from or left in the user's folders; what is compiled once serves the whole run."""
    folder = tmp_path_factory.mktemp("notelint")
    names = {"NOTELINT_CACHE_DIR": str(folder / "cache"), "NOTELINT_DATA_DIR": str(folder / "data")}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    yield
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="session")
def linter() -> Linter:
    """A linter with the shipped patterns, its pipeline built once."""
    return Linter()


@pytest.fixture
def command(linter: Linter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The command line in this process: `command("check", "note.txt", stdin=b"…")` gives (exit status, standard output, standard error)."""
    from notelint import cli
    from notelint.linter import Reader

    # The reader of the same patterns serves all commands.
    reader = linter.reader
    monkeypatch.setattr("notelint.linter.Reader", lambda library: reader if library == reader.library else Reader(library))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def run(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["notelint", *(str(argument) for argument in arguments)])
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        status = 0
        try:
            cli.main()
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        told = capsys.readouterr()
        return status, told.out, told.err

    return run
