"""Looks at what the strategy has made itself, as the engine does at monitors and stored snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from actors.decision.facts import trading_facts
from core.checks import RuleResult
from core.orders.books import EntryLatch, LatchSource
from core.rules.entry.protections import breach_text, breaches, protections
from core.rules.facts import HeldAccount, TradingFacts
from core.statistics.highs import PnlHigh, adds_nothing
from core.strategy import Strategy
from lab.backtest.books import BacktestBooks

NOT_READ: Final = HeldAccount(
    venue_equity_eth=None, maintenance_margin_eth=None, equity_usd=None, eur_usd=None
)
NEAR_USD: Final = 1e-6
"""More than floats lose of a P&L."""
NEARLY: Final = 0.98
"""The share of a bound from which on it is looked at exactly."""
RESUMED_BY: Final = "the backtest, in a person's place"


class OwnResults:
    """The highs of the P&L and the latch of a run."""

    def __init__(self, books: BacktestBooks, strategy: Strategy) -> None:
        self._books = books
        self._strategy = strategy
        self._highs: tuple[PnlHigh, ...] = ()
        self._results_seen = 0
        section = strategy.protections
        limits = (section.drawdown_max_frac, section.loss_max_multiple, section.losing_trades_max)
        self.can_latch = any(limit is not None for limit in limits)
        """False if every protection that is latched is off: then nothing need be looked at."""

    @property
    def latched(self) -> tuple[str, ...]:
        """What an entry is blocked by, in the engine's words."""
        latch = self._books.latch
        return () if latch is None or not latch.latched else (f"{latch.source}: {latch.reason}",)

    def trading(
        self, now: datetime, marks_eth: Mapping[str, Decimal], spot_usd: float | None
    ) -> TradingFacts:
        """What the protections read; the P&L of now joins the highs."""
        facts = trading_facts(
            now,
            self._books.at(now),
            self._books.results,
            self._highs,
            marks_eth=marks_eth,
            spot_usd=spot_usd,
            strategy=self._strategy,
        )
        self._highs = facts.highs
        self._results_seen = len(self._books.results)
        return facts

    def may_change(self, now: datetime, pnl_usd: float, equity_usd: float) -> bool:
        """Whether a look at this P&L may change the highs or come near to a breach; if not, it is not made.

        The other protections change with closed trades alone.
        """
        section, highs = self._strategy.protections, self._highs
        if not self.can_latch or not highs or len(self._books.results) != self._results_seen:
            return self.can_latch
        point = PnlHigh.model_construct(at=now, pnl_usd=pnl_usd + NEAR_USD)
        window = timedelta(days=section.drawdown_window_d)
        if not adds_nothing(highs[-1], point, window=window):
            return True
        limit, drop_usd = section.drawdown_max_frac, max(high.pnl_usd for high in highs) - pnl_usd
        return limit is not None and drop_usd + NEAR_USD >= limit * equity_usd * NEARLY

    def look(
        self, now: datetime, marks_eth: Mapping[str, Decimal], spot_usd: float | None, account: HeldAccount
    ) -> None:
        """Check outside of an entry decision, and latch a breach."""
        if not self.can_latch:
            return
        facts = self.trading(now, marks_eth, spot_usd)
        found = protections(
            facts, now, self._strategy, equity_usd=account.equity_usd, eur_usd=account.eur_usd
        )
        self.take(now, found)

    def take(self, now: datetime, found: RuleResult) -> None:
        """Latch what is breached, unless it is latched already."""
        latch = self._books.latch
        if not breaches(found) or (latch is not None and latch.latched):
            return
        self._books.latch = EntryLatch(
            source=LatchSource.PROTECTIONS,
            latched=True,
            reason=breach_text(found, self._strategy.protections),
            who="backtest",
            at=now,
            resumed_at=None if latch is None else latch.resumed_at,
        )
        self._books.latches.append(self._books.latch)

    def resume(self, now: datetime) -> None:
        """Do what a person does who has looked at a breach and lets entries go on."""
        latch = self._books.latch
        if latch is not None and latch.latched:
            update = {"latched": False, "who": RESUMED_BY, "at": now, "resumed_at": now}
            self._books.latch = latch.model_copy(update=update)
