"""No word of a note leaves it but in the report: not to standard error, not to a log, not into an error, a repr or a file; no network."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from notelint import InputError, Linter, Note
from notelint.audit.intake import Placed, TablePart
from notelint.formats import tables
from notelint.written import Answer

# Words that no message of notelint holds of itself.
TEXT = (
    "HISTORY: Zyxwvut Qrstpon reports nightly pain.\nASSESSMENT: Ankylosing spondylitis, Kjihgfe lumbar spine. HLA-B27 positive.\n"
    "Blood cultures grew Staphylococcus aureus. Discitis L4-L5 ruled out. CRP 12 mg/L.\n"
)
WORDS = ("Zyxwvut", "Qrstpon", "Kjihgfe", "nightly", "grew", "12 mg")

_NO_NETWORK = """
import socket, sys
def refuse(*a, **k): raise AssertionError("network")
socket.socket.connect = socket.socket.connect_ex = socket.socket.bind = refuse
socket.getaddrinfo = socket.create_connection = refuse
sys.argv = ["notelint", *sys.argv[1:]]
from notelint.cli import main
main()
"""


def run(*arguments: str, stdin: bytes = TEXT.encode()) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONWARNINGS": "default", "LOGURU_LEVEL": "TRACE"}
    return subprocess.run([sys.executable, "-c", _NO_NETWORK, *arguments], input=stdin, capture_output=True, check=False, env=environment)


def test_standard_error_is_empty_and_no_network_is_touched() -> None:
    done = run("check", "-", "--code", "M45.7", "--format", "json", "--fail-on", "never")
    assert done.returncode == 0
    assert done.stderr == b""
    assert b"Kjihgfe" not in done.stderr


def test_bad_input_shows_none_of_its_words() -> None:
    done = run("check", "-", "--code", "M45.7", stdin=TEXT.encode() + b"\x81")
    assert done.returncode == 2
    assert not [word for word in WORDS if word.encode() in done.stderr + done.stdout]


def test_nothing_is_logged(linter: Linter, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG):
        linter.check(Note(TEXT, codes=("M45.7",)))
    told = capfd.readouterr()
    assert (caplog.text, told.out, told.err) == ("", "", "")


def test_reprs_and_errors_hold_no_words(linter: Linter) -> None:
    note = Note(TEXT, codes=("M45.7",))
    report = linter.check(note)
    shown = repr(note) + repr(report) + str(report)
    # What the readers of formats and of queries hold on the way.
    shown += repr(tables.row_of({"text": TEXT, "id": "1"})) + repr(tables.Resource(TEXT.encode())) + repr(Answer(0, 5, TEXT, marked=False))
    shown += repr(Placed("a.txt", note)) + repr(TablePart(0, (Placed("a.txt", note),)))
    assert [word for word in WORDS if word in shown] == []
    with pytest.raises(InputError) as caught:
        linter.assert_span(TEXT, 5, len(TEXT) + 1)
    assert not re.search("|".join(WORDS), str(caught.value))


def test_nothing_of_a_note_is_kept(linter: Linter) -> None:
    linter.check(Note(TEXT, codes=("M45.7",)))
    kept = [path for name in ("NOTELINT_CACHE_DIR", "NOTELINT_DATA_DIR") for path in Path(os.environ[name]).rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        assert b"Zyxwvut" not in path.read_bytes(), path
