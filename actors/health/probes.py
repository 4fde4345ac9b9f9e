"""One round of probes at a time, and what each router's last ones mean for the kill switch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from actors.room import Alarm
from actors.runtime import Address, Context
from core.alerts import AlertCode, Severity
from core.contract import Router
from core.messages.arm_cause import ArmCause
from core.messages.kill_switch import ArmKillSwitch, ClearSuspension, SuspendEntries
from core.messages.mcp import RouterProbed
from core.messages.protocols import KillSwitchProtocol
from core.messages.room_status import (
    RouterHealth,
)

FAILURES_THAT_ARM: Final = 3
"""Failed probes of deribit in a row, each a single attempt; maintenance is not a failure."""


@dataclass
class Round:
    """A round under way: which routers have not answered yet."""

    number: str
    at: datetime
    waiting: set[Router] = field(default_factory=set)
    waits_for_environment: bool = True

    @property
    def done(self) -> bool:
        return not self.waiting and not self.waits_for_environment


class Verdicts:
    """The last probe of each router, and its effect on the kill switch.

    Deribit's third failure in a row arms it; any other router suspends entries while its probe fails.
    """

    def __init__(
        self,
        ctx: Context,
        kill_switch: Address[KillSwitchProtocol],
        alert: Alarm,
    ) -> None:
        self._ctx = ctx
        self._kill_switch = kill_switch
        self._alert = alert
        self._last: dict[Router, tuple[RouterProbed, int]] = {}
        """The last probe of each router, and how many have failed in a row."""

    @property
    def routers(self) -> tuple[RouterHealth, ...]:
        return tuple(_health(*self._last[router]) for router in sorted(self._last))

    def take(self, probed: RouterProbed) -> None:
        """Judge one answer."""
        before, failures_before = self._last.get(probed.router, (None, 0))
        failures = 0 if probed.ok else failures_before if probed.maintenance else failures_before + 1
        self._last[probed.router] = probed, failures
        if probed.router is Router.DERIBIT:
            self._judge_deribit(probed, failures, failures_before)
        else:
            self._judge_other(probed, before)

    def _judge_deribit(self, probed: RouterProbed, failures: int, failures_before: int) -> None:
        """Alert of the first failure and of the end; the third one arms, which the kill switch tells."""
        if probed.ok and failures_before > 0:
            self._alert(Severity.LOW, AlertCode.PROBE_BACK, "deribit answers again", "mcp.deribit")
        if probed.maintenance or failures == 0:
            return
        text = f"deribit failed {failures} probes in a row: {probed.error}"
        if failures == FAILURES_THAT_ARM:
            self._ctx.tell(self._kill_switch, ArmKillSwitch(cause=ArmCause.PROBES, reason=text, who="health"))
        if failures == 1:
            first = f"deribit does not answer its probe: {probed.error}"
            self._alert(Severity.MEDIUM, AlertCode.PROBE_FAILED, first, "mcp.deribit")

    def _judge_other(self, probed: RouterProbed, before: RouterProbed | None) -> None:
        """Tell the kill switch of a change, and of the first probe: an earlier incarnation may have
        suspended."""
        if before is not None and before.ok == probed.ok:
            return
        source = f"probe:{probed.router.value}"
        cause = f"mcp.{probed.router.value}"
        if probed.ok:
            self._ctx.tell(self._kill_switch, ClearSuspension(source=source))
            if before is not None:
                self._alert(Severity.LOW, AlertCode.PROBE_BACK, f"{probed.router.value} answers again", cause)
            return
        text = f"{probed.router.value} does not answer its probe: {probed.error}"
        self._ctx.tell(self._kill_switch, SuspendEntries(source=source, reason=text))
        self._alert(Severity.MEDIUM, AlertCode.PROBE_FAILED, text, cause)


def _health(probed: RouterProbed, failures_in_a_row: int) -> RouterHealth:
    return RouterHealth(
        router=probed.router,
        ok=probed.ok,
        maintenance=probed.maintenance,
        version=probed.version,
        environment=probed.environment,
        error=probed.error,
        latency_s=probed.latency_s,
        at=probed.at,
        failures_in_a_row=failures_in_a_row,
    )
