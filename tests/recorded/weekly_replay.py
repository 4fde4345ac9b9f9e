"""The recorded months through the pure core alone: `python -m tests.recorded.weekly_replay $CHAINS`.

Weekly entries, monitors at 00:00 and 12:00, exits and settlements, with no actor: the rules decide, the paper
venue's own pure parts quote and match. Writes one line of JSON a trade, and the entry outcomes at the end.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.combo import ComboPlan, exit_collar_eth, next_entry_price_eth, next_exit_price_eth
from core.entry_decision import EntryDecision, decide_entry
from core.exit_decision import ExitCode, ExitDecision, decide_exit
from core.facts import (
    EntryFacts,
    FundingRate,
    HourlyClose,
    Level,
    MacroEvent,
    MonitorFacts,
    OpenPositionFacts,
)
from core.fees import delivery_fee_eth, is_daily_expiry, trade_fee_eth
from core.option_chain import OptionChain
from core.strategy import Strategy
from core.values import Leg, OptionType, PositionId, Side, round_eth
from gateway.paper.matching import LegTouch, combo_book, fillable, leg_prices
from gateway.paper.quotes import quotes_json
from gateway.paper.recorded import RecordedMarket

EUR_USD = 1.17
CASH_EUR = 150_000.0
START_ETH = Decimal(10)
DAYS = 115
_HOUR = timedelta(hours=1)
_NEAR, _FAR = timedelta(days=0), timedelta(days=25)


@dataclass
class ReplayedTrade:
    """One trade. ETH amounts are in total, not per contract; `flows_eth` are the venue's cash flows."""

    slot: datetime
    plan: ComboPlan
    entered_at: datetime
    credit_eth: Decimal
    decision: EntryDecision
    flows_eth: list[Decimal] = field(default_factory=list)
    closed_at: datetime | None = None
    exit_rule: str | None = None
    exit: ExitDecision | None = None
    exit_cost_eth: Decimal | None = None

    @property
    def pnl_eth(self) -> Decimal:
        return sum(self.flows_eth, Decimal(0))

    def as_json(self) -> dict[str, object]:
        return {
            "slot": self.slot.isoformat(),
            "kind": self.plan.kind.value,
            "legs": [f"{leg.side.value} {leg.instrument_name}" for leg in self.plan.legs],
            "contracts": self.plan.contracts,
            "entered_at": self.entered_at.isoformat(),
            "credit_eth": str(self.credit_eth),
            "closed_at": None if self.closed_at is None else self.closed_at.isoformat(),
            "exit_rule": self.exit_rule,
            "pnl_eth": str(self.pnl_eth),
        }


class WeeklyReplay:
    """Runs the calendar of the default strategy over a recorded market."""

    def __init__(self, chains: Path, strategy: Strategy) -> None:
        self.market = RecordedMarket(chains, "move", touch_size=25.0, funding_annual=0.05)
        self.strategy = strategy
        self.trades: list[ReplayedTrade] = []
        self.outcomes: Counter[str] = Counter()
        self._open: ReplayedTrade | None = None

    def run(self, days: int = DAYS) -> list[ReplayedTrade]:
        for now, job in self._slots(days):
            if job == "settlement":
                self._settle(now)
            elif job == "monitor":
                self._monitor(now)
            else:
                self._enter(now)
        return self.trades

    def _slots(self, days: int) -> Iterator[tuple[datetime, str]]:
        for day in range(days):
            midnight = self.market.start + timedelta(days=day)
            yield midnight, "monitor"
            yield midnight + 8 * _HOUR, "settlement"
            yield midnight + 12 * _HOUR, "monitor"
            if midnight.weekday() == 0:
                yield midnight + 14 * _HOUR, "entry"

    def chain(self, now: datetime) -> OptionChain:
        wanted = [expiry for expiry in self.market.expiries(now) if _NEAR <= expiry - now <= _FAR]
        quotes = [quote for expiry in wanted for quote in self.market.chain(now, expiry)]
        return OptionChain.decode(
            quotes_json(quotes, now.isoformat()),
            now=now,
            anomalies=self.strategy.anomalies,
            max_quote_age_s=self.strategy.liquidity.max_quote_age_s,
        )

    def facts(self, now: datetime) -> EntryFacts:
        spot = self.market.index_usd(now)
        balance = START_ETH + sum((trade.pnl_eth for trade in self.trades), Decimal(0))
        equity_usd = float(balance) * spot + CASH_EUR * EUR_USD
        bars = self.market.index_bars(now - 722 * _HOUR, now)
        events = self.market.events(now - 48 * _HOUR, now + 240 * _HOUR)
        return EntryFacts(
            now=now,
            strategy_enabled=True,
            armed=False,
            open_positions=0 if self._open is None else 1,
            orders_in_doubt=0,
            equity_usd=equity_usd,
            eur_usd=EUR_USD,
            eth_share=float(balance) * spot / equity_usd,
            venue_equity_eth=float(balance),
            initial_margin_eth=0.0,
            risk_open_usd=0.0,
            spot_usd=spot,
            dvol=self.market.dvol_pct(now),
            dvol_24h_ago=self.market.dvol_pct(now - timedelta(hours=24)),
            index_hourly_closes=tuple(HourlyClose(at=bar.start + _HOUR, close_usd=bar.close) for bar in bars),
            funding=tuple(
                FundingRate(venue=rate.name, annualised_frac=rate.annualized_rate, as_of=rate.at)
                for rate in self.market.exchange_funding(now)
            ),
            macro_events=tuple(
                MacroEvent(
                    name=event.name,
                    country=event.country,
                    importance=Level(event.importance),
                    scheduled_at=event.scheduled_at,
                )
                for event in events
            ),
            liquidation_level=Level.LOW,
            chain=self.chain(now),
        )

    def _enter(self, now: datetime) -> None:
        decision = decide_entry(self.facts(now), self.strategy)
        plan = decision.plan
        if plan is None:
            self.outcomes[decision.outcome.value] += 1
            return
        execution = self.strategy.execution
        at, price = now, plan.limit_eth
        while (at - now).total_seconds() < execution.fill_timeout_s:
            touches = self._touches(at, plan.legs)
            if fillable(price, plan.contracts, combo_book(touches)) == plan.contracts:
                trade = ReplayedTrade(now, plan, at, price * plan.contracts, decision)
                self._trade(trade, plan.legs, leg_prices(price, touches))
                self.trades.append(trade)
                self._open = trade
                self.outcomes["entered"] += 1
                return
            following = next_entry_price_eth(
                price, mid_eth=plan.mid_eth, floor_eth=plan.floor_eth, reprice_steps=execution.reprice_steps
            )
            price = price if following is None else following
            at += timedelta(seconds=execution.reprice_s)
        self.outcomes["not_filled"] += 1

    def _monitor(self, now: datetime) -> None:
        trade = self._open
        if trade is None:
            return
        plan = trade.plan
        decision = decide_exit(
            MonitorFacts(
                now=now,
                position=OpenPositionFacts(
                    position_id=PositionId("replayed"),
                    kind=plan.kind,
                    legs=plan.legs,
                    contracts=plan.contracts,
                    credit_eth=trade.credit_eth / plan.contracts,
                    entered_at=trade.entered_at,
                    expiration=plan.expiration,
                    entry_spot_usd=plan.entry_spot_usd,
                    entry_dvol=plan.entry_dvol,
                ),
                spot_usd=self.market.index_usd(now),
                spot_4h_ago_usd=self.market.index_usd(now - 4 * _HOUR),
                dvol=self.market.dvol_pct(now),
                chain=self.chain(now),
            ),
            self.strategy,
        )
        if not isinstance(decision, ExitDecision):
            raise TypeError(f"{now.isoformat()}: a recorded monitor was skipped: {decision.reasons}")
        if decision.code is not ExitCode.HOLD:
            self._exit(now, trade, decision)

    def _exit(self, now: datetime, trade: ReplayedTrade, decision: ExitDecision) -> None:
        execution, limits = self.strategy.execution, self.strategy.limits
        natural = decision.natural_cost_eth
        collar = exit_collar_eth(natural, collar_ticks=limits.collar_ticks, collar_frac=limits.collar_frac)
        legs = tuple(leg.reversed() for leg in trade.plan.legs)
        for step in range(1000):
            at = now + timedelta(seconds=step * execution.exit_reprice_s)
            cost = next_exit_price_eth(
                step,
                mid_cost_eth=decision.mid_cost_eth,
                natural_cost_eth=natural,
                exit_steps=execution.exit_steps,
                collar_eth=collar,
            )
            touches = self._touches(at, legs)
            if fillable(-cost, trade.plan.contracts, combo_book(touches)) == trade.plan.contracts:
                self._trade(trade, legs, leg_prices(-cost, touches))
                self._close(trade, at, decision.code.value)
                trade.exit, trade.exit_cost_eth = decision, cost
                return
        raise AssertionError(f"{now.isoformat()}: an exit was not filled in 1000 steps")

    def _settle(self, now: datetime) -> None:
        trade = self._open
        if trade is None or now < trade.plan.expiration:
            return
        delivery = Decimal(f"{self.market.delivery_price_usd(trade.plan.expiration):.2f}")
        for leg in trade.plan.legs:
            gap = delivery - Decimal(repr(leg.strike_usd))
            payoff = max(gap if leg.option_type is OptionType.CALL else -gap, Decimal(0)) / delivery
            size = Decimal(leg.side.sign * trade.plan.contracts)
            fee = delivery_fee_eth(payoff, size, is_daily_expiry(leg.expiration))
            trade.flows_eth.append(round_eth(payoff * size) - fee)
        self._close(trade, now, "settlement")

    def _close(self, trade: ReplayedTrade, at: datetime, rule: str) -> None:
        trade.closed_at, trade.exit_rule = at, rule
        self._open = None

    def _touches(self, at: datetime, legs: Sequence[Leg]) -> list[LegTouch]:
        chain = self.chain(at)
        touches = []
        for leg in legs:
            quote = chain.quote(leg.instrument_name)
            if quote is None:
                raise AssertionError(f"{at.isoformat()}: {leg.instrument_name} is not quoted")
            touches.append(
                LegTouch(leg.side, leg.ratio, quote.bid_eth, quote.ask_eth, quote.bid_size, quote.ask_size)
            )
        return touches

    @staticmethod
    def _trade(trade: ReplayedTrade, legs: Sequence[Leg], prices_eth: Sequence[Decimal]) -> None:
        amount = Decimal(trade.plan.contracts)
        for leg, price in zip(legs, prices_eth, strict=True):
            sign = 1 if leg.side is Side.SELL else -1
            trade.flows_eth.append(round_eth(sign * price * amount) - trade_fee_eth(price, amount))


def main(chains: Path) -> None:
    replay = WeeklyReplay(chains, Strategy())
    for trade in replay.run():
        sys.stdout.write(json.dumps(trade.as_json()) + "\n")
    sys.stdout.write(json.dumps(dict(sorted(replay.outcomes.items()))) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
