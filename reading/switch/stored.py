"""Reads and arms the kill switch without an engine, by the KILL file and the row in the books."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from actors.kill_switch import DiskKillFile
from core.errors import CerberoError, InputError
from core.kill_file import KillFile
from core.messages.arm_cause import ArmCause
from core.messages.room_status import (
    KillSwitchStatus,
)
from core.messages.state_rows import KillSwitchRow
from core.orders.armed import Leaves, what_leaves
from core.orders.books import EntryLatch
from core.strategy import ExitsWhenArmed
from core.values import Value
from reading.books import entry_latches, kill_switch_row
from reading.engine_folder import require_engine_folder
from reading.engine_lock import running_engine
from reading.engine_status import engine_status


class StoredSwitch(Value):
    """What file and books say together. A setting and the causes decide which exits leave."""

    armed: bool
    causes: tuple[ArmCause, ...] = ()
    reason: str = ""
    who: str = ""
    at: datetime | None = None
    file: bool = False

    @property
    def exits_blocked(self) -> bool | None:
        """None if the setting decides, which is the engine's to know."""
        if what_leaves(self.causes, ExitsWhenArmed.ALLOW_REDUCE_ONLY) is Leaves.NO_ORDER:
            return True
        return None if self.armed else False


class SwitchNow(Value):
    """What the running engine says, or else file and books; `exits_blocked` is None if a setting decides."""

    armed: bool
    causes: tuple[ArmCause, ...]
    reason: str
    who: str
    at: datetime | None
    exits_blocked: bool | None
    file: bool
    engine_problem: str | None
    """Why an engine that runs did not say it itself; None if it did or if none runs."""
    latches: tuple[EntryLatch, ...] = ()
    """What blocks entries until a person resumes them, armed or not."""


def switch_now(data_dir: Path) -> SwitchNow:
    """The engine's own answer if one runs, so that there are no two.

    Raises DataFolderError for what is no engine's folder: nothing there says `clear`.
    """
    require_engine_folder(data_dir)
    told, problem = _told_by_engine(data_dir)
    if told is None:
        stored = stored_status(data_dir)
        return SwitchNow(
            **stored.model_dump(),
            exits_blocked=stored.exits_blocked,
            engine_problem=problem,
            latches=_stored_latches(data_dir),
        )
    return SwitchNow(
        armed=told.armed,
        causes=told.causes,
        reason=told.reason or "",
        who=told.who or "",
        at=told.since,
        exits_blocked=told.exits_blocked,
        file=DiskKillFile(data_dir).read() is not None,
        engine_problem=None,
        latches=told.latches,
    )


def _told_by_engine(data_dir: Path) -> tuple[KillSwitchStatus | None, str | None]:
    """The engine's answer, or why there is none although one runs."""
    if running_engine(data_dir) is None:
        return None, None
    try:
        found = engine_status(data_dir)
    except CerberoError as error:
        return None, str(error)
    return found.kill_switch, found.unavailable.get("kill_switch")


def stored_status(data_dir: Path) -> StoredSwitch:
    """The switch as the next start will find it: armed if file or row says so, with the causes of both."""
    if not data_dir.is_dir():
        raise InputError(f"--data-dir {data_dir}: expected a folder, found none")
    file = DiskKillFile(data_dir)
    found, aside = file.read(), file.read_aside()
    row = _row(data_dir, needed=found is None)
    if found is None and aside is not None and not _is_disarmed(aside, row):
        found = aside
    armed_row = row if row is not None and row.armed else None
    if found is None and armed_row is None:
        return StoredSwitch(armed=False)
    in_row = frozenset(armed_row.causes) if armed_row is not None else frozenset()
    causes = tuple(sorted(in_row | (found.causes if found is not None else frozenset())))
    if found is not None and found.armings:
        first = found.armings[0]
        return StoredSwitch(
            armed=True, causes=causes, reason=first.reason, who=first.who, at=first.at, file=True
        )
    if armed_row is not None:
        return StoredSwitch(
            armed=True,
            causes=causes,
            reason=armed_row.reason,
            who=armed_row.who,
            at=armed_row.at,
            file=found is not None,
        )
    reason = "KILL says nothing that can be read; the file alone arms"
    return StoredSwitch(armed=True, causes=causes, reason=reason, file=True)


def _row(data_dir: Path, *, needed: bool) -> KillSwitchRow | None:
    """The books' row. Books that can't be read are an error only if nothing else says what is armed."""
    try:
        return kill_switch_row(data_dir)
    except CerberoError:
        if needed:
            raise
        return None


def _stored_latches(data_dir: Path) -> tuple[EntryLatch, ...]:
    """Those of the books; none if they can't be read, which the row of the switch has said then."""
    try:
        return tuple(latch for latch in entry_latches(data_dir) if latch.latched)
    except CerberoError:
        return ()


def _is_disarmed(aside: KillFile, row: KillSwitchRow | None) -> bool:
    """Whether the books say that what a disarming had set aside when it was cut short was disarmed."""
    return row is not None and not row.armed and aside.without(set(row.disarms)) is None
