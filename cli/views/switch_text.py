"""The kill switch, and what blocks entries beside it, in words."""

from __future__ import annotations

from cli.views.output import time_text
from core.messages.room_status import KillSwitchStatus
from core.orders.books import EntryLatch


def kill_switch_text(switch: KillSwitchStatus | None) -> str:
    """Armed, suspended or clear, with the reasons."""
    if switch is None:
        return "no answer"
    if switch.armed:
        causes = ", ".join(cause.value for cause in switch.causes)
        exits = "exits blocked" if switch.exits_blocked else "reduce-only exits allowed"
        return f"ARMED ({causes}) since {time_text(switch.since)} by {switch.who}: {switch.reason}; {exits}"
    latched = [f"{latch.source}: {latch_text(latch)}" for latch in switch.latches]
    suspended = [f"{by}: {why}" for by, why in sorted(switch.suspensions.items())]
    if latched or suspended:
        return "entries suspended: " + "; ".join(latched + suspended)
    return "clear"


def latch_text(latch: EntryLatch) -> str:
    """What blocks entries until a person resumes them, and how they do."""
    since = f"since {time_text(latch.at)} by {latch.who}"
    return f'{latch.reason} ({since}; run.py resume --reason "…" lets entries go on)'
