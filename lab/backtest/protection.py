"""Looks at what the strategy has made itself, as the engine does at monitors and stored snapshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from actors.decision.facts import realised, trading_facts
from core.checks import RuleResult
from core.orders.books import Books, EntryLatch, LatchSource, Position, TradeResult
from core.rules.entry.protections import breach_text, breaches, counted, protections
from core.rules.facts import NOT_READ, HeldAccount, TradingFacts
from core.statistics.highs import PnlHigh, highs_with, part_end
from core.strategy import Strategy
from lab.backtest.agenda import NEVER
from lab.backtest.books import BacktestBooks, live_books
from lab.backtest.reader import Marked

NEAR_USD: Final = 1e-6
"""More than floats lose of a P&L."""
NEARLY: Final = 0.98
"""The share of a bound from which on it is looked at exactly."""
RESUMED_BY: Final = "the backtest, in a person's place"


MarkedAt = Callable[[datetime, Sequence[Position]], Marked]
"""Marks positions exactly at a moment that is now or over."""


@dataclass(frozen=True)
class _Seen:
    """A P&L that floats take for a high, and all that is needed to count it exactly later."""

    at: datetime
    live: tuple[Position, ...]
    latch: EntryLatch | None
    closed: int


class OwnResults:
    """The highs of the P&L and the latch of a run.

    Of the points of a day only the highest stays, so those of a climb are noted and the last of them counted.
    """

    def __init__(self, books: BacktestBooks, strategy: Strategy, marked_at: MarkedAt) -> None:
        self._books = books
        self._strategy = strategy
        self._marked_at = marked_at
        self._highs: tuple[PnlHigh, ...] = ()
        self._seen: list[_Seen] = []
        """Of the day that `_part_ends` ends, each higher than the one before it."""
        self._last_usd = self._peak_usd = 0.0
        """The last of the highs, seen ones included, and the highest."""
        self._part_ends = NEVER
        self._results_seen = 0
        self._loss_grows_at = NEVER
        """When a gain leaves the window of the losses."""
        section = strategy.protections
        self._window = timedelta(days=section.drawdown_window_d)
        limits = (section.drawdown_max_frac, section.loss_max_multiple, section.losing_trades_max)
        self.can_latch = any(limit is not None for limit in limits)
        """False if every protection that is latched is off: then nothing need be looked at."""

    @property
    def latched(self) -> tuple[str, ...]:
        """What an entry is blocked by, in the engine's words."""
        latch = self._books.latch
        return () if latch is None or not latch.latched else (f"{latch.source}: {latch.reason}",)

    @property
    def highs(self) -> tuple[PnlHigh, ...]:
        """The highs of the P&L, exactly."""
        self._count_seen()
        return self._highs

    def trading(
        self, now: datetime, marks_eth: Mapping[str, Decimal], spot_usd: float | None
    ) -> TradingFacts:
        """What the protections read; the P&L of now joins the highs."""
        self._count_seen()
        results = self._books.results
        facts = self._facts(now, self._books.at(now), results, marks_eth, spot_usd)
        self._take_highs(facts.highs)
        self._results_seen = len(results)
        self._loss_grows_at = self._next_gain_to_leave(now, facts)
        return facts

    def may_change(self, now: datetime, pnl_usd: float, equity_usd: float) -> bool:
        """Whether a look at this P&L may find a breach, or must be exact for another reason; if not, it is
        not made, and a high is noted.

        The other protections change with closed trades, and with a gain that leaves the window of losses.
        """
        if not self.can_latch or not self._is_known(now):
            return self.can_latch
        limit = self._strategy.protections.drawdown_max_frac
        if limit is None:
            return False
        if now >= self._part_ends:
            self._count_seen()
            self._note(now, pnl_usd)
        elif pnl_usd > self._last_usd + NEAR_USD:
            self._note(now, pnl_usd)
        elif pnl_usd > self._last_usd - NEAR_USD:
            return True
        return self._peak_usd - pnl_usd + NEAR_USD >= limit * equity_usd * NEARLY

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

    def look_at_nothing(self, now: datetime) -> None:
        """The same while nothing is held and no account is read: only a trade that has closed can change
        anything, and the P&L that stays the same is a high of its day."""
        if not self.can_latch:
            return
        if not self._is_known(now):
            self.look(now, {}, None, NOT_READ)
        elif self._strategy.protections.drawdown_max_frac is not None:
            self._count_seen()
            pnl_usd = float(sum((each.pnl_usd for each in self._books.results), Decimal(0)))
            if now < self._part_ends and pnl_usd <= self._last_usd:
                return
            point, latch = PnlHigh(at=now, pnl_usd=pnl_usd), self._books.latch
            since = None if latch is None else latch.resumed_at
            self._take_highs(highs_with(self._highs, point, window=self._window, since=since))

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

    def _is_known(self, now: datetime) -> bool:
        """Whether the last look has seen all that changes with trades alone, and a high to go on from."""
        if len(self._books.results) != self._results_seen or now >= self._loss_grows_at:
            return False
        return self._strategy.protections.drawdown_max_frac is None or bool(self._highs or self._seen)

    def _note(self, now: datetime, pnl_usd: float) -> None:
        books = self._books
        self._seen.append(_Seen(now, books.live, books.latch, len(books.results)))
        self._last_usd, self._peak_usd = pnl_usd, max(self._peak_usd, pnl_usd)
        self._part_ends = part_end(now, self._window)

    def _count_seen(self) -> None:
        """Add the highest P&L that was seen since the last exact look and can be marked, as of its moment."""
        for seen in reversed(self._seen):
            marks_eth, spot_usd = self._marked_at(seen.at, seen.live)
            then = live_books(seen.at, seen.live, seen.latch)
            facts = self._facts(seen.at, then, self._books.results[: seen.closed], marks_eth, spot_usd)
            if facts.pnl_usd is not None:
                self._take_highs(facts.highs)
                break
        self._seen.clear()

    def _facts(
        self,
        at: datetime,
        books: Books,
        results: Sequence[TradeResult],
        marks_eth: Mapping[str, Decimal],
        spot_usd: float | None,
    ) -> TradingFacts:
        return trading_facts(
            at,
            books,
            realised(results),
            self._highs,
            marks_eth=marks_eth,
            spot_usd=spot_usd,
            strategy=self._strategy,
        )

    def _take_highs(self, highs: tuple[PnlHigh, ...]) -> None:
        self._highs = highs
        if highs:
            self._last_usd, self._peak_usd = highs[-1].pnl_usd, max(high.pnl_usd for high in highs)
            self._part_ends = part_end(highs[-1].at, self._window)

    def _next_gain_to_leave(self, now: datetime, facts: TradingFacts) -> datetime:
        section = self._strategy.protections
        if section.loss_max_multiple is None:
            return NEVER
        window = timedelta(days=section.loss_window_d)
        leaves = (trade.closed_at + window for trade in counted(facts) if trade.pnl_usd > 0)
        return min((at for at in leaves if at > now), default=NEVER)
