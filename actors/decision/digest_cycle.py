"""The weekly digest: what the week brought, told once a week. It reads the books and changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Final

from actors.decision.cycle import Cycle, CycleEnd, CycleOver, Step
from actors.decision.desk import RoomUnreachableError
from actors.decision.kelly_cycle import trades_key
from actors.runtime import Key
from core.alerts import AlertCode, Severity
from core.messages.alerting import RaiseAlert
from core.messages.base import Refused
from core.messages.state import GetClosedTrades, GetWeek, WeekRead
from core.orders.books import CycleOutcome
from core.statistics.digest import WeekSeen, digest_text, week_before

ACCOUNT_BEFORE: Final = timedelta(weeks=5)
"""How far before the week a figure of the account is looked for, to compare the week's last one with."""


def week_key(request_id: str) -> Key[WeekRead | Refused]:
    """State's answer to `GetWeek`."""
    return Key(f"week:{request_id}")


class DigestCycle(Cycle):
    """Reads the week before the slot's, and ends when its alert is on record.

    The alert's id is the week's: if an earlier incarnation, or a slot of a clock that ran ahead, has put it
    on record, it is not told a second time. A week in which no cycle was opened yet is not told: the engine
    was not there.
    """

    async def conduct(self) -> CycleEnd:
        desk = self.desk
        self.enter(Step.TRADES, desk.rooms.state)
        began, ended = week_before(self.due.slot)
        closed = GetClosedTrades(request_id=f"digest-trades-{self.cycle_id}")
        week = GetWeek(
            request_id=f"digest-week-{self.cycle_id}",
            alert_id=f"digest-of-{began:%Y-%m-%d}",
            account_since=began - ACCOUNT_BEFORE,
            began=began,
            ended=ended,
        )
        desk.ctx.tell(desk.rooms.state, closed, correlation=self.cycle_id)
        trades = await self.event(trades_key(closed.request_id))
        if isinstance(trades, Refused):
            raise CycleOver(CycleOutcome.ACTOR_FAILED, "state_refused", *trades.reasons)
        desk.ctx.tell(desk.rooms.state, week, correlation=self.cycle_id)
        read = await self.event(week_key(week.request_id))
        if isinstance(read, Refused):
            raise CycleOver(CycleOutcome.ACTOR_FAILED, "state_refused", *read.reasons)
        if read.told:
            return CycleEnd(CycleOutcome.REPORTED, ("told_already",))
        if read.first_cycle_at is None or read.first_cycle_at >= ended:
            return CycleEnd(CycleOutcome.REPORTED, ("no_cycle_then",))
        seen = WeekSeen(
            ended=ended,
            trades=trades.positions,
            live=desk.books().positions,
            entries=read.entries,
            account=read.account,
            marks_eth=self._marks_eth(),
        )
        try:
            text = digest_text(seen)
        except (ArithmeticError, LookupError, ValueError) as error:
            # A row that no figure can be made of shall not end this room, which trading needs.
            desk.ctx.log().exception("the digest could not be computed")
            raise CycleOver(CycleOutcome.ACTOR_FAILED, "digest_failed", type(error).__name__) from error
        self.enter(Step.TELLING, desk.rooms.alerting)
        alert = RaiseAlert(
            severity=Severity.MEDIUM,
            code=AlertCode.WEEKLY_DIGEST,
            text=text,
            cause=self.cycle_id,
            at=desk.ctx.now(),
            request_id=week.alert_id,
        )
        await self.event(desk.alert_on_record(alert))
        return CycleEnd(CycleOutcome.REPORTED, (), lambda: text)

    def _marks_eth(self) -> Mapping[str, Decimal]:
        """The last marks; none if market data does not answer, and the digest then says so."""
        try:
            return {mark.instrument_name: mark.mark_eth for mark in self.desk.marks().legs}
        except RoomUnreachableError as error:
            self.desk.ctx.log().warning("the digest goes without marks: %s", error)
            return {}
