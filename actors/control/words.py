"""What an answer to a person's command means: its end, a word on the way, or a reason to ask again.

Only an end closes the command. What the room can't do now, because it compares books and venue, because the
books can't be written or because it is full, is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from core.messages.alerting import AlertTested, Severity
from core.messages.base import Event, Refused
from core.messages.control import InjectDone
from core.messages.decision import CycleWaits
from core.messages.execution import (
    AllClosed,
    ExitEnded,
    ExitStarted,
    OrdersCancelled,
    Settled,
    SettleFailed,
    StillClosing,
)
from core.messages.health import BackupDone, BackupFailed
from core.messages.kill_switch import EntriesPaused, EntriesResumed
from core.messages.market_data import MarketSnapshotFailed, MarketSnapshotStored
from core.messages.restart import RestartDone, RestartWaits
from core.messages.room_status import CycleEnded
from core.orders.books import CycleOutcome

RECOVERING = "recovering"
ALREADY_UNDER_WAY = "already_under_way"
TRANSIENT = {
    RECOVERING: "execution compares books and venue; it is asked again after that",
    "awaiting_settlement": "its legs have expired; it is closed when their settlement is booked",
}
"""Reasons that have words of their own for people."""
EXIT_UNDER_WAY = (
    "its exit is under way: the price goes towards the market's step by step (run.py status shows it); "
    "it ends when the position is closed"
)
FAILED_OUTCOMES = frozenset(
    {
        CycleOutcome.DATA_FAILED,
        CycleOutcome.DEADLINE,
        CycleOutcome.ACTOR_FAILED,
        CycleOutcome.RECOVERING,
        CycleOutcome.INTERRUPTED,
        CycleOutcome.EXPIRED,
        CycleOutcome.EXIT_BLOCKED,
        CycleOutcome.IN_DOUBT,
    }
)
"""Ends of a cycle after which a person may have to do something."""


class Kind(Enum):
    END = auto()
    """The command is over: done, or it never will be."""
    GOES_ON = auto()
    """The room works on it and will say more."""
    ASK_AGAIN = auto()
    """The room does not work on it now."""


@dataclass(frozen=True)
class Word:
    """`text` is for people; None if it says nothing new."""

    kind: Kind
    text: str | None = None


def word_of(answer: Event) -> Word:
    """The meaning of an answer. Raises TypeError for an event that answers no command."""
    match answer:
        case CycleEnded() | Settled() | MarketSnapshotStored() | MarketSnapshotFailed() | EntriesResumed():
            return Word(Kind.END)
        case EntriesPaused(not_on_disk=None) | AllClosed() | OrdersCancelled() | RestartDone():
            return Word(Kind.END)
        case BackupDone() | BackupFailed() | AlertTested():
            return Word(Kind.END)
        case StillClosing() | RestartWaits():
            return Word(Kind.GOES_ON, answer.text)
        case EntriesPaused():
            text = f"entries are paused, but not over a restart; recorded again: {answer.not_on_disk}"
            return Word(Kind.ASK_AGAIN, text)
        case SettleFailed():
            return _again(answer.reasons) if RECOVERING in answer.reasons else Word(Kind.END)
        case ExitEnded():
            return Word(Kind.END) if answer.nothing_left else _again(answer.reasons)
        case ExitStarted() if ALREADY_UNDER_WAY in answer.reasons:
            return Word(Kind.GOES_ON)
        case ExitStarted() if answer.started:
            return Word(Kind.GOES_ON, EXIT_UNDER_WAY)
        case ExitStarted() if RECOVERING in answer.reasons:
            return _again(answer.reasons)
        case ExitStarted():
            text = f"its exit could not be sent yet and is tried again: {', '.join(answer.reasons)}"
            return Word(Kind.GOES_ON, text)
        case CycleWaits():
            return Word(Kind.GOES_ON, answer.text)
        case Refused():
            return _again(answer.reasons)
        case _:
            raise TypeError(f"expected an answer to a person's command, found {type(answer).__name__}")


def _again(reasons: tuple[str, ...]) -> Word:
    for reason in reasons:
        if reason in TRANSIENT:
            return Word(Kind.ASK_AGAIN, TRANSIENT[reason])
    return Word(Kind.ASK_AGAIN, f"it can't be done now and is asked again: {', '.join(reasons)}")


def said(answer: Event) -> str:
    """The end of a command as a sentence for people."""
    return _end(answer)[1]


def end_alert(done: InjectDone, answer: Event, who: str) -> tuple[Severity, str]:
    """How a person is told the end of their command if they do not wait for it."""
    severity, text = _end(answer)
    return severity, f"{done.message} of {who} ({done.request_id}): {text}"


def _end(answer: Event) -> tuple[Severity, str]:
    match answer:
        case CycleEnded():
            why = f": {', '.join(answer.reasons)}" if answer.reasons else ""
            severity = Severity.HIGH if answer.outcome in FAILED_OUTCOMES else Severity.MEDIUM
            return severity, f"its cycle {answer.cycle_id} ended {answer.outcome}{why}"
        case Settled():
            return Severity.MEDIUM, f"deliveries booked: {answer.deliveries}"
        case SettleFailed():
            return Severity.HIGH, f"the deliveries could not be booked: {', '.join(answer.reasons)}"
        case MarketSnapshotStored():
            return Severity.MEDIUM, f"a snapshot with {answer.quotes} quotes was stored"
        case MarketSnapshotFailed():
            return Severity.HIGH, f"the market could not be read: {', '.join(answer.reasons)}"
        case EntriesPaused(not_on_disk=None):
            return (
                Severity.MEDIUM,
                'no position is opened until somebody resumes entries (run.py resume --reason "…")',
            )
        case EntriesPaused():
            why = f"the books can't be written ({answer.not_on_disk})"
            return Severity.HIGH, f"no position is opened, but only until the engine is restarted: {why}"
        case EntriesResumed():
            return Severity.MEDIUM, resumed_text(answer)
        case AllClosed():
            closed = f": {', '.join(answer.closed)}" if answer.closed else ", and nothing was"
            return Severity.MEDIUM, f"no position is open any more{closed}"
        case OrdersCancelled():
            return Severity.MEDIUM, cancelled_text(answer)
        case BackupDone():
            return Severity.MEDIUM, f"the backup {answer.path} is complete ({answer.size_bytes} bytes)"
        case BackupFailed():
            return Severity.HIGH, f"there is no backup: {', '.join(answer.reasons)}"
        case AlertTested():
            over = ", ".join(answer.channels) or "the log alone: no channel is set up"
            return Severity.LOW, f"the test alert is on its way over {over}"
        case RestartDone():
            return Severity.MEDIUM, f"{answer.actor} was restarted"
        case ExitEnded(state=None):
            return Severity.HIGH, f"the books know no position {answer.position_id}"
        case ExitEnded():
            return Severity.MEDIUM, f"{answer.position_id} is {answer.state}, nothing is left to close"
        case Refused():
            return Severity.HIGH, f"it was given up: {', '.join(answer.reasons)}"
        case _:
            raise TypeError(f"expected the end of a person's command, found {type(answer).__name__}")


def cancelled_text(cancelled: OrdersCancelled) -> str:
    """Which entries were cancelled, which of them had been filled, and what goes on."""
    text = f"resting entries cancelled: {len(cancelled.entries)}"
    if cancelled.opened:
        text += f", of which these had been filled at least in part: {', '.join(cancelled.opened)}"
    if cancelled.exits:
        text += (
            f"; the exits of {', '.join(cancelled.exits)} go on, because they would be placed again at once "
            '(run.py kill-switch arm --reason "…" stops them if kill_switch.exits is block)'
        )
    return text


def resumed_text(resumed: EntriesResumed) -> str:
    """What a resumption has done, and what still blocks entries."""
    lifted = " and ".join(resumed.lifted)
    done = (
        f"what {lifted} had blocked goes on" if lifted else "neither a pause nor a protection blocked entries"
    )
    if not resumed.still_blocked_by:
        return f"{done}; nothing blocks entries now"
    return f"{done}; entries are still blocked: {'; '.join(resumed.still_blocked_by)}"
