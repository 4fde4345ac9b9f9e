"""The kill switch as it is while nothing is wrong."""

from __future__ import annotations

from core.messages.room_status import KillSwitchStatus

CLEAR = KillSwitchStatus(
    armed=False,
    causes=(),
    reason=None,
    who=None,
    since=None,
    exits_blocked=False,
    suspensions={},
    permits_outstanding=0,
    permits_granted=1,
    vetoes=0,
)
