"""What is recorded: the engine's lives on one folder, and marks of what it said and asked while it wrote.

Run as `python -m tests.power.story CHAPTER FOLDER [durably|carelessly]` in a process of its own, chapter by
chapter. The engine's files are in `FOLDER/data`, the venue's in `FOLDER/venue`, the marks in `FOLDER/marks`.
Carelessly means SQLite's `synchronous=OFF`.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from actors.audit import durable, files
from actors.names import CONTROL, KILL_SWITCH, Rooms
from actors.runtime import Envelope, Question, Tracer, ask
from cli.main import main as cli
from core.contract import CHANGING_TOOLS
from core.messages.audit import AuditAt
from core.messages.control import InjectAccepted, InjectMessage
from core.messages.kill_switch import ArmKillSwitch, DisarmKillSwitch, KillSwitchArmed, KillSwitchDisarmed
from core.messages.state import BackupMade
from core.orders.books import Position
from gateway.paper.paper_venue import PaperVenue
from gateway.shell.bodies import HttpAnswer
from lab.engine import SimulatedEngine, open_venue
from reading.books import stored_positions
from tests.scenarios.playing import BEGIN, MARKET, TO_ENTRY, strategy

R = TypeVar("R")
DATA, MARKS = "data", "marks"
ASK_S = 60.0
A_DAY, A_MONTH = timedelta(days=1), timedelta(days=32)
"""The next day begins a file of its own; after a month the first days' files are compressed."""
ACCEPT = "the record was cut off by the story itself"


def kill() -> None:
    """End as `kill -9` does, here and now."""
    os.kill(os.getpid(), signal.SIGKILL)


class Marks:
    """Lines in a file of their own. They are in the recording of the system calls, in their place."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / MARKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.now: Callable[[], datetime] = lambda: BEGIN

    def __call__(self, mark: str, **facts: object) -> None:
        line = {"mark": mark, "at": self.now().isoformat(), **facts}
        os.write(self._file, json.dumps(line).encode() + b"\n")


class NotingTracer(Tracer):
    """Marks the messages that acknowledge something, as they are sent."""

    def __init__(self, marks: Marks) -> None:
        super().__init__(1)
        self._marks = marks
        self.record = self._note

    def _note(self, envelope: Envelope) -> None:
        match envelope.message:
            case AuditAt(seq=seq, hash=digest) if seq:
                self._marks("head", seq=seq, hash=digest)
            case BackupMade(path=path):
                self._marks("backup", path=path)
            case _:
                pass


class Life:
    """One life of the engine in the story."""

    def __init__(self, folder: Path, marks: Marks, *, life: int, begin: datetime) -> None:
        self._marks = marks
        self.data_dir = folder / DATA
        venue = open_venue(folder, MARKET)
        self._note_requests(venue)
        begin = max(begin, venue.venue.clock)
        self.engine = SimulatedEngine(
            loaded=strategy(),
            venue=venue,
            data_dir=self.data_dir,
            seed=1,
            begin=begin,
            life=life,
            tracer=NotingTracer(marks),
        )
        self._begin = begin
        self._rooms = Rooms(self.engine.system.addresses)
        marks.now = self.engine.runtime.now
        self.engine.start()

    def run(self, lasts: timedelta) -> None:
        self.engine.run_until(self._begin + lasts)

    def arm(self, reason: str) -> None:
        self._marks("begun", what="arm")
        question = ArmKillSwitch(reason=reason, who="ada").to(self._rooms[KILL_SWITCH])
        assert isinstance(self._asked(question), KillSwitchArmed)
        self._marks("done", what="arm")

    def disarm(self, reason: str, *, accept_audit_break: bool = False) -> None:
        self._marks("begun", what="disarm")
        command = DisarmKillSwitch(reason=reason, who="ada", accept_audit_break=accept_audit_break)
        answer = self._asked(command.to(self._rooms[KILL_SWITCH]))
        assert isinstance(answer, KillSwitchDisarmed), answer
        self._marks("done", what="disarm")

    def close(self, position: Position) -> None:
        body = json.dumps({"position_id": position.position_id, "reason": "drill"})
        inject = InjectMessage(message="ClosePosition", body=body, who="ada")
        answer = self._asked(inject.to(self._rooms[CONTROL]))
        assert isinstance(answer, InjectAccepted), answer
        self._marks("accepted", request_id=answer.request_id, position_id=position.position_id)

    def _asked(self, question: Question[R]) -> R:
        return ask(question, timeout_s=ASK_S)

    def _note_requests(self, venue: PaperVenue) -> None:
        answering = venue.dispatch

        def noted(now: datetime, router: str, tool: str, headers: Any, body: bytes) -> HttpAnswer:
            self._marks("request", tool=tool, changes=tool in CHANGING_TOOLS)
            answer = answering(now, router, tool, headers, body)
            self._marks("answered")
            return answer

        vars(venue)["dispatch"] = noted


def trade(folder: Path, marks: Marks) -> None:
    """The first day: an entry, an arming and a disarming, a close by hand, two backups, an orderly stop."""
    life = Life(folder, marks, life=1, begin=BEGIN)
    life.run(TO_ENTRY)
    life.arm("drill")
    life.run(TO_ENTRY + timedelta(minutes=1))
    life.disarm("drill over")
    [position] = stored_positions(life.data_dir, everything=False)
    life.close(position)
    life.run(timedelta(minutes=70))
    [closed] = stored_positions(life.data_dir, everything=True)
    assert closed.state == "closed", closed
    life.engine.stop("end of the first day")


def arm_without_engine(folder: Path, marks: Marks) -> None:
    """A person arms while no engine runs."""
    marks.now = lambda: BEGIN + timedelta(hours=2)
    marks("begun", what="arm")
    assert cli(["kill-switch", "arm", "--reason", "drill at night", "--data-dir", str(folder / DATA)]) == 0
    marks("done", what="arm")


def killed_in_a_new_file(folder: Path, marks: Marks) -> None:
    """The next day's start is killed when its first records are written, and nothing of them is synced."""
    with before_sync_in("append_bytes", kill):
        life = Life(folder, marks, life=2, begin=BEGIN + A_DAY)
        life.run(timedelta(minutes=5))
    raise AssertionError("nothing was appended to the audit log")


def go_on_after_the_kill(folder: Path, marks: Marks) -> None:
    """A start on what the kill left; at its end it is killed too, so that nothing is put in order."""
    life = Life(folder, marks, life=3, begin=BEGIN + A_DAY + timedelta(minutes=1))
    life.run(timedelta(minutes=6))
    life.disarm("drill over")
    life.run(timedelta(minutes=8))
    kill()


def killed_within_a_record(folder: Path, marks: Marks) -> None:
    """The day after, the start is killed again, when half of the first record of a new file is written."""
    whole = durable.write_whole

    def half(handle: int, payload: bytes) -> None:
        whole(handle, payload[: len(payload) // 2])
        kill()

    vars(files)["write_whole"] = half
    life = Life(folder, marks, life=4, begin=BEGIN + 2 * A_DAY)
    life.run(timedelta(minutes=5))
    raise AssertionError("nothing was appended to the audit log")


def go_on_within_the_record(folder: Path, marks: Marks) -> None:
    """The start restores the record from the books."""
    life = Life(folder, marks, life=5, begin=BEGIN + 2 * A_DAY + timedelta(minutes=1))
    life.run(timedelta(minutes=6))
    kill()


def a_month_later(folder: Path, marks: Marks) -> None:
    """The first days' files are compressed, a backup is made, the old ones are removed."""
    life = Life(folder, marks, life=6, begin=BEGIN + A_MONTH)
    life.run(timedelta(minutes=10))
    life.engine.stop("a month later")


def broken_log(folder: Path, marks: Marks) -> None:
    """The log's last record is cut off while no engine runs: the start puts the log aside and arms.

    A person accepts that. It is another day, so that nothing else says that the old files don't belong there.
    """
    begin = BEGIN + A_MONTH + A_DAY
    marks.now = lambda: begin
    log = sorted((folder / DATA / "audit").glob("audit-*.jsonl"))[-1]
    handle = os.open(log, os.O_RDWR)
    os.ftruncate(handle, log.read_bytes()[:-1].rindex(b"\n") + 1)
    os.fsync(handle)
    os.close(handle)
    marks("broken")
    life = Life(folder, marks, life=7, begin=begin)
    life.run(timedelta(minutes=2))
    life.disarm(ACCEPT, accept_audit_break=True)
    life.run(timedelta(minutes=3))
    life.engine.stop("end of the story")


CHAPTERS: dict[str, Callable[[Path, Marks], None]] = {
    chapter.__name__: chapter
    for chapter in (
        trade,
        arm_without_engine,
        killed_in_a_new_file,
        go_on_after_the_kill,
        killed_within_a_record,
        go_on_within_the_record,
        a_month_later,
        broken_log,
    )
}
KILLED = frozenset(
    chapter.__name__
    for chapter in (
        killed_in_a_new_file,
        go_on_after_the_kill,
        killed_within_a_record,
        go_on_within_the_record,
    )
)
"""The chapters that end with a `kill -9` of themselves."""


@contextmanager
def before_sync_in(function: str, act: Callable[[], None]) -> Iterator[None]:
    """Call `act` where that function of ours is about to sync."""
    real = os.fsync

    def fsync(handle: int) -> None:
        if sys._getframe(1).f_code.co_name == function:
            act()
        real(handle)

    vars(os)["fsync"] = fsync
    try:
        yield
    finally:
        vars(os)["fsync"] = real


def note_syncs(marks: Marks) -> None:
    """Mark the place in the code of each `fsync` of ours, right before it."""
    real = os.fsync

    def fsync(handle: int) -> None:
        marks("sync", site=site_of(sys._getframe(1)))
        real(handle)

    vars(os)["fsync"] = fsync


def site_of(frame: FrameType | None) -> list[str]:
    """Where a sync is: the functions that only sync, from the inmost on, and the line that called for it."""
    root = Path(__file__).resolve().parents[2]
    site: list[str] = []
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(root) and not path.is_relative_to(root / "tests"):
            site.append(f"{path.relative_to(root)}:{frame.f_lineno} {frame.f_code.co_name}")
            if "sync" not in frame.f_code.co_name and path.name != "durable.py":
                return site
        frame = frame.f_back
    return site


class CarelessConnection(sqlite3.Connection):
    """A mutant of the books: nothing is synced by SQLite."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        return super().execute(sql.replace("synchronous = FULL", "synchronous = OFF"), *parameters)


def main(chapter: str, folder: str, how: str = "durably") -> None:
    if how == "carelessly":
        vars(sqlite3)["connect"] = partial(sqlite3.connect, factory=CarelessConnection)
    marks = Marks(Path(folder))
    note_syncs(marks)
    (Path(folder) / DATA).mkdir(exist_ok=True)
    CHAPTERS[chapter](Path(folder), marks)


if __name__ == "__main__":
    main(*sys.argv[1:])
