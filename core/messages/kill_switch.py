"""The kill switch: permits for orders, suspensions (cleared by source), arming (only a person disarms)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.messages.arm_cause import ArmCause
from core.messages.base import Answered, Command, Event, Query, Refused
from core.messages.room_status import (
    KillSwitchStatus,
)
from core.orders.books import Books, LatchSource
from core.orders.terms import OrderTerms
from core.values import Label


class Permit(Event):
    """Leave for one order on these terms; used once; `expires_at` is the order's `valid_until`."""

    permit_id: str
    label: Label
    terms: OrderTerms
    expires_at: datetime


class Veto(Event):
    request_id: str
    label: Label
    reasons: tuple[str, ...]


class RequestPermit(Query[Permit | Veto]):
    """Asked by execution before it places or edits an order. No answer in time is a veto."""

    request_id: str
    label: Label
    terms: OrderTerms
    reference_eth: Decimal
    """The natural price that the collar is measured from, net ETH received; of an exit never above 0."""


class PermitSpent(Event):
    """Told by mcp.orders when the venue has answered, or when an unanswered order can't arrive any more."""

    permit_id: str
    label: Label


class PermitVoid(Event):
    """Told by mcp.orders: the permit came back unused."""

    permit_id: str
    label: Label
    reason: str


class KillSwitchArmed(Event):
    """Armed in memory, and no permit is outstanding: only what `exits_blocked` leaves can leave any more."""

    cause: ArmCause
    reason: str
    who: str
    at: datetime
    exits_blocked: bool
    not_on_disk: str | None = None
    """Why no `KILL` file could be written; the arming then does not survive the process."""


class ArmKillSwitch(Command, Answered[KillSwitchArmed]):
    """Latch: no entry leaves any more, and no exit unless `kill_switch.exits` and the cause allow it.

    Answered by `KillSwitchArmed` when that is certain.
    """

    cause: ArmCause = ArmCause.OPERATOR
    reason: str
    who: str = "operator"


class KillSwitchDisarmed(Event):
    reason: str
    who: str
    at: datetime


class DisarmKillSwitch(Command, Answered[KillSwitchDisarmed | Refused]):
    """Row and audit first, then the file. Answered by `KillSwitchDisarmed` or `Refused`."""

    reason: str
    who: str = "operator"
    accept_audit_break: bool = False
    armings: tuple[str, ...] | None = None
    """The ids of the armings that the person saw; refused if there are others by now. None: whatever is."""


CLOCK_SOURCE = "clock"
"""The source of the suspension after the system's clock was set, until the venue confirms the time."""


STOPPING_SOURCE = "stopping"
"""The source of the suspension while the engine stops in good order. It is no news to who stopped it."""


class SuspendEntries(Command):
    """Blocks entries until the same `source` clears it."""

    source: str
    reason: str


class ClearSuspension(Command):
    """The reason for which `source` suspended entries is gone; harmless if it suspended none."""

    source: str


class EntriesPaused(Event):
    """No new entry gets a permit any more.

    `not_on_disk`: why the books do not have it; the pause then ends with this run of the kill switch.
    """

    request_id: str
    reason: str
    who: str
    not_on_disk: str | None = None


class PauseEntries(Command, Answered[EntriesPaused]):
    """Let no position be opened until a person resumes entries; open ones are watched and closed as ever.

    It holds at once, and over restarts as soon as the books have it. An entry that rests is cancelled.
    Answered by `EntriesPaused`.
    """

    request_id: str
    reason: str
    who: str = "operator"
    at: datetime


class EntriesResumed(Event):
    """`lifted` are the latches that this message has lifted, `still_blocked_by` what blocks entries now."""

    request_id: str
    lifted: tuple[LatchSource, ...]
    still_blocked_by: tuple[str, ...]


class ResumeEntries(Command, Answered[EntriesResumed | Refused]):
    """Let positions be opened again that a person or the protections have stopped; it never disarms.

    Without `source` it lifts what either has blocked. Answered by `EntriesResumed`, or `Refused`.
    """

    request_id: str
    source: LatchSource | None = None
    reason: str
    who: str = "operator"
    at: datetime


class BooksChanged(Event):
    """State's facts for the gate, told after each commit."""

    books: Books
    entry_requests_last_hour: int
    """Placements and edits of entries; exits are not limited."""


class MarksChanged(Event):
    """Market data's facts for the gate."""

    as_of: datetime
    spot_usd: float


class GetKillSwitch(Query[KillSwitchStatus]):
    """Answered by `KillSwitchStatus`."""
