"""Execution: the path of an order from proposal to final state, recovery, and settlement."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from core.messages.base import Answered, Command, Event, Query, Refused
from core.messages.room_status import ExecutionStatus
from core.orders.books import Proposal
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from core.values import CycleId, PositionId, ProposalId


class OrderFinal(Event):
    request_id: str
    cycle_id: CycleId | None
    proposal_id: ProposalId
    outcome: FinalOutcome
    contracts_filled: int
    reasons: tuple[str, ...]


class PlaceCombo(Command, Answered[OrderFinal]):
    """Open a recorded proposal. Answered by `OrderFinal` when its order is final or was refused unsent."""

    request_id: str
    cycle_id: CycleId
    proposal: Proposal


class ExitStarted(Event):
    request_id: str
    position_id: PositionId
    started: bool
    reasons: tuple[str, ...]


class ExitEnded(Event):
    """Told to control whenever an exit has nothing more to do, or a settlement closes a position.

    `state` is None if the books do not know the position. `reasons` say what is still to be waited for.
    """

    position_id: PositionId
    state: PositionState | None
    reasons: tuple[str, ...] = ()

    @property
    def nothing_left(self) -> bool:
        """True if there is nothing to close any more, or never will be."""
        return self.state in (None, PositionState.CLOSED, PositionState.CANCELLED)


class ClosePosition(Command, Answered[ExitStarted | ExitEnded]):
    """Close a position with reduce-only exits that are retried until it is closed.

    Answered by `ExitStarted`, once: the first exit is under way, or why it is not (yet). While an exit is
    under way, asking again changes nothing. `OrderFinal` is told to decision each time an exit order ends,
    and `ExitEnded` to control when nothing is left.
    """

    request_id: str
    cycle_id: CycleId | None = None
    position_id: PositionId
    exit_rule: ExitRule = ExitRule.MANUAL
    reason: str


class AllClosed(Event):
    """No position is open, and none is being opened. `closed` are those that were, as far as this run saw."""

    request_id: str
    closed: tuple[PositionId, ...]


class StillClosing(Event):
    """Told while positions are being closed: what each of them waits for, for people."""

    request_id: str
    text: str


class CloseAll(Command, Answered[AllClosed | StillClosing | Refused]):
    """Close every position with reduce-only exits that are retried until nothing is left.

    Until then no entry is placed. After that entries go on, unless they are paused (`PauseEntries`). Answered
    by `AllClosed`, and before that by `StillClosing`.
    """

    request_id: str
    reason: str


class OrdersCancelled(Event):
    """No entry rests any more that was there when the message came.

    `entries` are the positions that they would have opened, `opened` those that were filled at least in part.
    `exits` are the positions whose exit goes on.
    """

    request_id: str
    entries: tuple[PositionId, ...]
    opened: tuple[PositionId, ...]
    exits: tuple[PositionId, ...]


class CancelOrders(Command, Answered[OrdersCancelled | Refused]):
    """Cancel the entries that rest or are being placed. Exits go on: closing would place them again at once.

    Answered by `OrdersCancelled` when the venue has confirmed it. Later entries are not touched.
    """

    request_id: str
    reason: str
    at: datetime


class Settled(Event):
    request_id: str
    cycle_id: CycleId
    positions_closed: tuple[PositionId, ...]
    deliveries: int


class SettleFailed(Event):
    request_id: str
    cycle_id: CycleId
    reasons: tuple[str, ...]


class SettleExpired(Command, Answered[Settled | SettleFailed]):
    """Book the settlements of expired legs since the last ones. Answered by `Settled` or `SettleFailed`."""

    request_id: str
    cycle_id: CycleId


class FinalOutcome(StrEnum):
    FILLED = "filled"
    PARTLY_FILLED = "partly_filled"
    NOT_FILLED = "not_filled"
    VETOED = "vetoed"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"
    RECOVERING = "recovering"


class PositionClosed(Event):
    """Told to decision whenever a position reaches size 0."""

    position_id: PositionId
    exit_rule: ExitRule
    at: datetime


class Reconcile(Command):
    """Check the books against the venue now; execution is `recovering` until that is done."""

    reason: str


class EntriesCancelled(Event):
    cancelled: int
    unconfirmed: int


class CancelEntries(Command, Answered[EntriesCancelled]):
    """Orderly stop: cancel resting entry orders and confirm. Answered by `EntriesCancelled`."""


class WithdrawEntries(Command):
    """The switch is armed, or entries are paused: cancel resting entries now, and those under way as soon as
    they rest.

    Not answered. Exits are not touched. Execution need not refuse new entries: they get no permit.
    """

    reason: str


class GetExecution(Query[ExecutionStatus]):
    """Answered by `ExecutionStatus`."""
