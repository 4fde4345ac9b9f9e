"""The recorded months through the pure core alone: `python -m tests.recorded.weekly_replay $CHAINS`.

Weekly entries, monitors at 00:00 and 12:00, exits and deliveries, with no actor: the rules decide, the paper
venue's own pure parts quote and match. Writes one line of JSON a trade, and the entry outcomes at the end.
`python -m tests.recorded.compare_replay` holds it against what the engine did.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.contract import Settlement, Trade
from core.errors import McpDataAnomalyError
from core.orders.books import TradeResult
from core.orders.exit_rule import ExitRule
from core.orders.plan import ComboPlan
from core.rules.entry.decision import EntryDecision, decide_entry
from core.rules.entry.protections import PROTECTIONS
from core.rules.exit.decision import ExitDecision, decide_exit
from core.rules.exit.margin import margin_use
from core.rules.facts import HeldAccount, OpenPositionFacts
from core.strategy import Strategy
from core.values import PositionId, Side
from gateway.paper.account import VenueOrder
from gateway.paper.source import MarketSource
from tests.recorded.own_results import OwnResults
from tests.recorded.venue_desk import VenueDesk

DAYS = 115
NO_CHAIN = "deribit.get_options_chain:soft"
"""Why a cycle failed in a hole of the record. The engine's snapshots fail there too, so that after half an
hour it answers an entry with `blocked` by `suspended:market_data`; no Monday of the record lies in a hole."""
BROKEN_CHAIN = "deribit.get_options_chain:anomaly"
"""Why an entry failed that found no expiry listed which it may choose; only in the model market."""
_HOUR = timedelta(hours=1)
SNAPSHOT = timedelta(minutes=15)
"""The grid of the stored snapshots."""


@dataclass
class ReplayedTrade:
    """One trade. ETH amounts are in total, not per contract; `fills` and `settlements` are the venue's."""

    slot: datetime
    plan: ComboPlan
    contracts: int
    entered_at: datetime
    credit_eth: Decimal
    decision: EntryDecision
    fills: list[Trade]
    settlements: list[Settlement] = field(default_factory=list)
    closed_at: datetime | None = None
    exit_rule: str | None = None
    exit: ExitDecision | None = None
    exit_cost_eth: Decimal | None = None

    @property
    def flows_eth(self) -> list[Decimal]:
        """The cash flows, each with its fee."""
        traded = [_premium_eth(fill) - fill.fee for fill in self.fills]
        return traded + [delivered.cash_flow - delivered.fee for delivered in self.settlements]

    @property
    def pnl_eth(self) -> Decimal:
        return sum(self.flows_eth, Decimal(0))

    @property
    def fees_eth(self) -> Decimal:
        fees = [fill.fee for fill in self.fills] + [delivered.fee for delivered in self.settlements]
        return sum(fees, Decimal(0))

    @property
    def pnl_usd(self) -> Decimal:
        """Each cash flow at the index of its own time."""
        indices = [fill.index_price for fill in self.fills]
        indices += [delivered.delivery_price for delivered in self.settlements]
        return sum((flow * index for flow, index in zip(self.flows_eth, indices, strict=True)), Decimal(0))

    def as_json(self) -> dict[str, object]:
        return {
            "slot": self.slot.isoformat(),
            "kind": self.plan.kind.value,
            "legs": [f"{leg.side.value} {leg.instrument_name}" for leg in self.plan.legs],
            "contracts": self.contracts,
            "entered_at": self.entered_at.isoformat(),
            "credit_eth": str(self.credit_eth),
            "closed_at": None if self.closed_at is None else self.closed_at.isoformat(),
            "exit_rule": self.exit_rule,
            "fees_eth": str(self.fees_eth),
            "pnl_eth": str(self.pnl_eth),
            "pnl_usd": str(self.pnl_usd),
        }


@dataclass(frozen=True)
class SlotOutcome:
    """What became of one due slot: an entry's outcome and reasons, or the exit rule of a monitor."""

    job: str
    slot: datetime
    outcome: str
    reasons: tuple[str, ...] = ()


class WeeklyReplay:
    """Runs the calendar of the default strategy over a recorded market."""

    def __init__(
        self,
        market: Path | MarketSource,
        strategy: Strategy,
        *,
        look_every: timedelta | None = None,
        resume_after: timedelta | None = None,
    ) -> None:
        """`look_every` is the grid of the stored snapshots, at which protections and margin are looked at
        while something is held; None looks at entries and monitors alone, which is faster."""
        self.desk = VenueDesk(market, strategy)
        self.strategy = strategy
        self.results = OwnResults(strategy, resume_after)
        self._look_every = look_every
        self._looked_at_end = True
        self.trades: list[ReplayedTrade] = []
        self.slots: list[SlotOutcome] = []
        self._open: ReplayedTrade | None = None

    @property
    def outcomes(self) -> Counter[str]:
        """How the entries ended."""
        return Counter(slot.outcome for slot in self.slots if slot.job == "entry")

    def run(self, days: int = DAYS) -> list[ReplayedTrade]:
        for now, job in self._calendar(days):
            self._look_until(now)
            self.desk.advance(now)
            self._take_deliveries()
            if job == "entry":
                self._enter(now)
            elif self._open is not None:
                self._monitor(now, self._open)
        return self.trades

    def _calendar(self, days: int) -> Iterator[tuple[datetime, str]]:
        """Deliveries are the venue's own and need no slot."""
        for day in range(days):
            midnight = self.desk.start + timedelta(days=day)
            yield midnight, "monitor"
            yield midnight + 12 * _HOUR, "monitor"
            if midnight.weekday() == 0:
                yield midnight + 14 * _HOUR, "entry"

    def _look_until(self, end: datetime) -> None:
        """Look at the stored snapshots before `end`, while something is held and once after that."""
        every = self._look_every
        while every is not None and (self._open is not None or not self._looked_at_end):
            since = self.desk.now - self.desk.start
            slot = self.desk.start + (since // every + 1) * every
            if slot >= end:
                return
            self.desk.advance(slot)
            self._take_deliveries()
            if not self.desk.has_quotes:
                continue
            self._looked_at_end = self._open is None
            account = self._look()
            use, limit = margin_use(account), self.strategy.exits.margin_exit
            if self._open is not None and limit is not None and use is not None and use >= limit:
                self._monitor(slot, self._open)

    def _look(self) -> HeldAccount:
        account = self.desk.held_account()
        self.results.look(self.desk.now, self._open_usd(), account)
        return account

    def _open_usd(self) -> float | None:
        """What the open trade has made at marks."""
        trade = self._open
        if trade is None:
            return None
        return float(trade.pnl_usd + self.desk.value_usd(trade.plan, trade.contracts))

    def _enter(self, slot: datetime) -> None:
        reasons = ("suspended:protections",) if self.results.latched(slot) else ()
        if self._open is not None:
            reasons = (*reasons, "max_open_positions")
        if reasons:
            self.slots.append(SlotOutcome("entry", slot, "blocked", reasons))
            return
        if not self.desk.has_quotes:
            self.slots.append(SlotOutcome("entry", slot, "data_failed", (NO_CHAIN,)))
            return
        trading = self.results.facts(slot, None)
        try:
            facts = self.desk.entry_facts(trading)
        except McpDataAnomalyError:
            self.slots.append(SlotOutcome("entry", slot, "data_failed", (BROKEN_CHAIN,)))
            return
        decision = decide_entry(facts, self.strategy)
        for rule in decision.rules:
            if rule.rule == PROTECTIONS:
                self.results.take(slot, rule)
        plan = decision.plan
        if plan is None:
            self.slots.append(SlotOutcome("entry", slot, decision.outcome.value, decision.reasons))
            return
        order = self.desk.work_entry(plan, _label("entry", slot, "e"))
        fills = self.desk.trades_of(order)
        if not fills:
            self.slots.append(SlotOutcome("entry", slot, "not_filled"))
            return
        trade = ReplayedTrade(
            slot=slot,
            plan=plan,
            contracts=int(order.order.filled_amount),
            entered_at=fills[0].timestamp,
            credit_eth=_premiums_eth(fills),
            decision=decision,
            fills=fills,
        )
        self.trades.append(trade)
        self._open, self._looked_at_end = trade, False
        self.slots.append(SlotOutcome("entry", slot, "entered"))

    def _monitor(self, slot: datetime, trade: ReplayedTrade) -> None:
        plan = trade.plan
        if not self.desk.has_quotes:
            self.slots.append(SlotOutcome("monitor", slot, "data_failed", (NO_CHAIN,)))
            return
        self._look()
        position = OpenPositionFacts(
            position_id=PositionId("replayed"),
            kind=plan.kind,
            legs=plan.legs,
            contracts=trade.contracts,
            credit_eth=trade.credit_eth / trade.contracts,
            entered_at=trade.entered_at,
            expiration=plan.expiration,
            entry_spot_usd=plan.entry_spot_usd,
            entry_dvol=plan.entry_dvol,
        )
        spot_4h_ago_usd = self.desk.spot_usd_at(slot - 4 * _HOUR)
        decision = decide_exit(self.desk.monitor_facts(position, spot_4h_ago_usd), self.strategy)
        if not isinstance(decision, ExitDecision):
            raise TypeError(f"{slot.isoformat()}: a recorded monitor was skipped: {decision.reasons}")
        self.slots.append(SlotOutcome("monitor", slot, str(decision.code)))
        if decision.rule is not None:
            order = self.desk.work_exit(plan, trade.contracts, _label("monitor", slot, "x"))
            self._close(trade, order, decision)

    def _close(self, trade: ReplayedTrade, order: VenueOrder, decision: ExitDecision) -> None:
        fills = self.desk.trades_of(order)
        trade.fills += fills
        trade.closed_at, trade.exit_rule = fills[-1].timestamp, decision.rule
        trade.exit, trade.exit_cost_eth = decision, -_premiums_eth(fills) / trade.contracts
        self._end(trade, decision.rule)

    def _take_deliveries(self) -> None:
        """What the venue delivered since the last slot closes the open trade."""
        trade = self._open
        if trade is not None and self.desk.now >= trade.plan.expiration:
            names = {leg.instrument_name for leg in trade.plan.legs}
            delivered = self.desk.venue.account.settlements.values()
            trade.settlements = [one for one in delivered if one.instrument_name in names]
            trade.closed_at, trade.exit_rule = trade.plan.expiration, "settlement"
            self._end(trade, ExitRule.SETTLEMENT)

    def _end(self, trade: ReplayedTrade, rule: ExitRule | None) -> None:
        assert trade.closed_at is not None
        name = PositionId(_label("entry", trade.slot, "e"))
        self.results.trades.append(
            TradeResult(position_id=name, closed_at=trade.closed_at, exit_rule=rule, pnl_usd=trade.pnl_usd)
        )
        self._open = None


def _premium_eth(fill: Trade) -> Decimal:
    return -Side(fill.side).sign * fill.price * fill.amount


def _premiums_eth(fills: Iterable[Trade]) -> Decimal:
    return sum((_premium_eth(fill) for fill in fills), Decimal(0))


def _label(job: str, slot: datetime, letter: str) -> str:
    return f"p-{job}-{slot:%Y%m%dT%H%M%SZ}:{letter}1"


def main(chains: Path) -> None:
    replay = WeeklyReplay(chains, Strategy(), look_every=SNAPSHOT)
    for trade in replay.run():
        sys.stdout.write(json.dumps(trade.as_json()) + "\n")
    sys.stdout.write(json.dumps(dict(sorted(replay.outcomes.items()))) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
