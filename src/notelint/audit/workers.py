"""The processes of an audit: each does one part after another, and none of them takes anything but its own note with it when it ends.

A worker tells through shared memory at which place it is. Where it ends there, or does not come on, it is replaced, and does the part once
more; the note at that place is given up, and stands among the errors with the reason.
"""

import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notelint.audit import store
from notelint.audit.intake import DocumentPart, Files, Item, Part, Place, Placed, items_of, items_of_part, size_of, together
from notelint.audit.judging import Judge, Rows, Start
from notelint.audit.rows import TABLES, Row, row_of_failure
from notelint.errors import NotelintError
from notelint.formats import Options, shown
from notelint.linter import internal_error
from notelint.report import Failure

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

NOTES_OF_A_WORKER = 50_000
"""After so many notes a worker is replaced: what libraries in C leak or leave in pieces ends with the process, and the two seconds of a start
are less than a hundredth of the time that so many notes take."""
TRIES = 2
"""A note is given up when it has ended so many workers: whoever ends one from outside does so once. One that takes too long is so at once."""
_ENDS_OUTSIDE = 3
"""So often a part may end workers outside of any note, as where nothing can be written."""
_LOOK = 0.2
"""Seconds from one look at the clocks of the workers to the next."""
_LATE = 1.0
"""Seconds: where a look comes later than that, and nothing was done here in between, this process was held up, and the workers with it."""
_ALARM = 30
"""Seconds after the time for a note: a worker that nobody has stopped by then has been left alone, and ends itself."""
_PARTING = 2.0
"""Seconds in which a worker that is ending comes to its end: how it ends is the reason that the user reads."""
_NOWHERE: Place = (-1, -1)
_OPENING = -1
"""In place of the number of a note: its file is being read."""
_ERRORS = next(number for number, column in enumerate(TABLES["notes"]) if column.name == "errors")

# Fork would copy the threads' locks; a new process knows nothing of this one.
_PROCESSES = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True)
class Done:
    """A part that is done: how many notes were given and not read, and how many errors were found; `size` as `size_of` tells it."""

    number: int
    size: int
    given: int = 0
    unreadable: int = 0
    errors: int = 0


@dataclass(slots=True)
class _Task:
    """A part, the places that are given up with the reason, and how often each place has ended a worker."""

    part: Part
    given_up: dict[Place, str] = field(default_factory=dict)
    ends: Counter[Place] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What a worker has to know for all parts."""

    start: Start
    options: Options
    parts: Path
    timeout: float


@dataclass(slots=True)
class _Worker:
    """A process; `seen` is what its shared memory held when it was last looked at and had changed, `since` the time of that."""

    process: "SpawnProcess"
    connection: "Connection[Any, Any]"
    shared: Any
    ready: bool = False
    task: _Task | None = None
    notes: int = 0
    seen: tuple[int, ...] = ()
    since: float = 0.0


def work(parts: Iterable[Part], files: Files, start: Start, *, folder: Path, jobs: int, timeout: float) -> Generator[Done, None, None]:
    """Do parts in so many processes, each into its file in a folder; tells each as it is done. At most two parts for each process are in memory.

    `timeout`: seconds that one note may take. However it ends, no process is left. NotelintError when the work can not go on.
    """
    crew = _Crew(_Setting(start, files.options, folder, timeout), files, jobs)
    try:
        yield from crew.work(parts)
    finally:
        crew.end()


class _Crew:
    """The workers of a run."""

    def __init__(self, setting: _Setting, files: Files, jobs: int) -> None:
        self._setting, self._files, self._jobs = setting, files, jobs
        self._workers: list[_Worker] = []
        self._waiting: deque[_Task] = deque()

    def work(self, parts: Iterable[Part]) -> Iterator[Done]:
        coming = iter(parts)
        more = True
        looked, worked = time.monotonic(), time.process_time()
        while True:
            while more and len(self._waiting) < self._jobs:
                part = next(coming, None)
                more = part is not None
                if part is not None:
                    self._waiting.append(_Task(part))
            busy = sum(worker.task is not None for worker in self._workers)
            if not self._waiting and not busy:
                return
            while len(self._workers) < min(self._jobs, busy + len(self._waiting)):
                self._workers.append(_hired(self._setting))
            for worker in list(self._workers):
                if worker.ready and worker.task is None and self._waiting:
                    self._give(worker, self._waiting.popleft())
            heard = wait([worker.connection for worker in self._workers], timeout=_LOOK)
            for worker in list(self._workers):
                if worker.connection in heard and (done := self._hear(worker)):
                    yield done
            now, work = time.monotonic(), time.process_time()
            self._look(now, held_up=(now - looked) - (work - worked) > _LOOK + _LATE)
            looked, worked = now, work

    def end(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            _close(worker)
        self._workers.clear()

    def _give(self, worker: _Worker, task: _Task) -> None:
        worker.task = task
        worker.since = time.monotonic()
        # Whether it has ended in the meantime is heard next.
        with suppress(OSError):
            worker.connection.send((task.part, task.given_up))

    def _hear(self, worker: _Worker) -> Done | None:
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            self._lost(worker)
            return None
        if isinstance(message, str):
            raise NotelintError(message)
        if isinstance(message, int):
            with suppress(OSError):
                worker.connection.send(self._files.document(message))
        elif isinstance(message, Done):
            worker.task = None
            worker.notes += message.given
            if worker.notes >= NOTES_OF_A_WORKER:
                self._part_with(worker)
            return message
        else:
            worker.ready = True
        return None

    def _look(self, now: float, *, held_up: bool) -> None:
        """End the workers that do not come on with their note."""
        for worker in list(self._workers):
            seen = tuple(worker.shared)
            if seen != worker.seen or held_up:
                worker.seen, worker.since = seen, now
            elif worker.task is not None and _place(seen) != _NOWHERE and now - worker.since > self._setting.timeout:
                worker.process.kill()
                worker.process.join()
                # It may have come on in the last moment.
                late = tuple(worker.shared) == seen
                self._lost(worker, f"took longer than {self._setting.timeout:g} seconds" if late else None)

    def _lost(self, worker: _Worker, reason: str | None = None) -> None:
        """A worker has ended; its part is done once more, without the note that has ended it."""
        worker.process.join(_PARTING)
        # One that closed its end of the line and lives on is of no use either.
        worker.process.kill()
        worker.process.join()
        task, place, status = worker.task, _place(worker.shared), worker.process.exitcode or 0
        self._part_with(worker)
        if not worker.ready:
            raise NotelintError(f"a process of this audit could not start: it {_ended(status)}")
        if task is None:
            return
        task.ends[place] += 1
        if place == _NOWHERE:
            if task.ends[place] >= _ENDS_OUTSIDE:
                raise NotelintError(f"a process of this audit {_ended(status)}, and so did the {_ENDS_OUTSIDE - 1} that took its place")
        elif reason or task.ends[place] >= TRIES:
            task.given_up[place] = reason or f"the process that read it {_ended(status)}"
        self._waiting.appendleft(task)

    def _part_with(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.process.kill()
        _close(worker)


def _hired(setting: _Setting) -> _Worker:
    own, other = _PROCESSES.Pipe()
    # (file, number in it, how often it has moved)
    shared = _PROCESSES.RawArray("q", [*_NOWHERE, 0])
    process = _PROCESSES.Process(target=_serve, args=(setting, other, shared), daemon=True)
    with _uninterrupted():
        process.start()
    other.close()
    return _Worker(process, own, shared)


def _close(worker: _Worker) -> None:
    worker.process.join()
    worker.process.close()
    worker.connection.close()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes that begin here do not hear an interrupt from the keyboard, from their first moment on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It begins before the first of them, and would leave the signal open.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _place(shared: Sequence[int]) -> Place:
    return shared[0], shared[1]


def _ended(status: int) -> str:
    """How a process ended, from its exit status; one below 0 is a signal."""
    if status >= 0:
        return f"ended with status {status}"
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    return f"was ended by {name}{', as where memory is short' if name == 'SIGKILL' else ''}"


# ---------------------------------------------------------------------------------------------------- in the worker


class _Here:
    """Tells where the worker is."""

    def __init__(self, shared: Any, timeout: float) -> None:
        self._shared, self._timeout = shared, timeout
        self._parent = os.getppid()

    def at(self, place: Place) -> None:
        """It begins with what stands at a place, or comes on with it."""
        self._shared[0], self._shared[1] = place
        self._shared[2] += 1
        if os.getppid() != self._parent:
            os._exit(0)
        if hasattr(signal, "setitimer"):
            # By default the kernel ends who does not come on: that needs nobody who is still alive.
            signal.setitimer(signal.ITIMER_REAL, 0 if place == _NOWHERE else self._timeout + _ALARM)


def _serve(setting: _Setting, connection: "Connection[Any, Any]", shared: Any) -> None:
    """The life of a worker: a judge, then one part after another."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _be_silent()
    here = _Here(shared, setting.timeout)
    # A broken line: there is nobody left to work for.
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        try:
            judge = setting.start()
            connection.send(None)
            while True:
                part, given_up = connection.recv()
                connection.send(_do(part, given_up, judge, setting, here, connection))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except NotelintError as error:
            connection.send(str(error))
        except OSError as error:
            connection.send(str(store.unwritable(setting.parts, error)))
        except Exception as error:
            connection.send(internal_error(error))


def _be_silent() -> None:
    """What libraries print or log may hold words of a note: nobody reads it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


class _Reader:
    """Reads the documents of a part, and those around them."""

    def __init__(
        self, part: Part, given_up: Mapping[Place, str], options: Options, here: _Here, connection: "Connection[Any, Any]"
    ) -> None:
        self._part, self._given_up, self._options, self._here, self._connection = part, given_up, options, here, connection

    def read(self, number: int) -> Sequence[Item] | None:
        """What the document of a number holds; None where there is none."""
        file = self._file(number)
        if file is None:
            return None
        if reason := self._given_up.get((number, _OPENING)):
            return (Failure(path=file.path if isinstance(file, Failure) else shown(str(file)), message=reason),)
        items: list[Item] = []
        self._here.at((number, _OPENING))
        for item in items_of(file, self._options):
            items.append(item)
            self._here.at((number, _OPENING))
        self._here.at(_NOWHERE)
        return items

    def _file(self, number: int) -> Path | Failure | None:
        part = self._part
        if isinstance(part, DocumentPart) and 0 <= number - part.first < len(part.files):
            return part.files[number - part.first]
        self._connection.send(number)
        found: Path | Failure | None = self._connection.recv()
        return found


def _do(
    part: Part, given_up: Mapping[Place, str], judge: Judge, setting: _Setting, here: _Here, connection: "Connection[Any, Any]"
) -> Done:
    """Do a part, and write its file."""
    reader = _Reader(part, given_up, setting.options, here, connection)
    items = items_of_part(part, reader.read)
    count: Counter[str] = Counter()

    def rows() -> Iterator[Rows]:
        for group in together(items):
            some = _judged(group, given_up, judge, here)
            count["unreadable"] += len(some.get("errors", ()))
            count["errors"] += sum(row[_ERRORS] for row in some.get("notes", ()))
            yield some

    store.write_part(setting.parts, part.number, len(items), rows())
    return Done(part.number, size_of(part), len(items), count["unreadable"], count["errors"])


def _judged(group: Sequence[tuple[Place, Item]], given_up: Mapping[Place, str], judge: Judge, here: _Here) -> Rows:
    """The rows of a group. What can not be read or judged stands among the errors, and the others are judged without it."""
    errors: list[Row] = []
    left: dict[int, tuple[Place, Placed]] = {}
    for place, item in group:
        if isinstance(item, Failure):
            errors.append(row_of_failure(item))
        elif place in given_up:
            errors.append((item.source, given_up[place]))
        else:
            left[id(item)] = (place, item)
    rows: Rows = {}
    while left:
        at = next(iter(left))

        def begin(placed: Placed) -> None:
            nonlocal at
            at = id(placed)
            here.at(left[at][0])

        begin(left[at][1])
        try:
            rows = judge([placed for _, placed in left.values()], begin)
            break
        except NotelintError as error:
            reason = str(error)
        except Exception as error:
            reason = internal_error(error)
        _, placed = left.pop(at)
        errors.append((placed.source, reason))
    here.at(_NOWHERE)
    return {**rows, "errors": errors}
