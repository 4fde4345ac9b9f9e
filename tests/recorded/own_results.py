"""What a replayed strategy has made as a whole curve, for the protections: beside the books of the engine.

The engine keeps only the highs that may count later (`core.statistics.highs`); here every point stays. A
person who resumes entries after a breach is played by `resume_after`; None leaves the latch set.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.checks import RuleResult
from core.orders.books import TradeResult
from core.rules.entry.protections import breaches, protections
from core.rules.exit.margin import margin_use
from core.rules.facts import HeldAccount, TradingFacts
from core.statistics.highs import PnlHigh
from core.strategy import Strategy


@dataclass
class Breach:
    """One latch: when it was set, by what, and when a person lifted it."""

    at: datetime
    codes: tuple[str, ...]
    figures: tuple[float, ...]
    resumed_at: datetime | None = None


@dataclass
class OwnResults:
    """Results, curve and latch. `largest` is the highest value that each check has had, and of the margin."""

    strategy: Strategy
    resume_after: timedelta | None = None
    trades: list[TradeResult] = field(default_factory=list)
    curve: list[PnlHigh] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    largest: dict[str, float] = field(default_factory=dict)

    def latched(self, now: datetime) -> bool:
        """Whether entries are blocked; a person who is due to resume them has done it."""
        last = self.breaches[-1] if self.breaches else None
        if last is None or last.resumed_at is not None:
            return False
        if self.resume_after is not None and now >= last.at + self.resume_after:
            last.resumed_at = last.at + self.resume_after
            return False
        return True

    def facts(self, now: datetime, open_usd: float | None) -> TradingFacts:
        """What the protections read, with the P&L of an open trade at marks; its point joins the curve."""
        since = max((b.resumed_at for b in self.breaches if b.resumed_at is not None), default=None)
        pnl_usd = float(sum(trade.pnl_usd for trade in self.trades)) + (open_usd or 0.0)
        self.curve.append(PnlHigh(at=now, pnl_usd=pnl_usd))
        first = now - timedelta(days=self.strategy.protections.drawdown_window_d)
        self.curve = [point for point in self.curve if point.at >= first]
        counted = tuple(point for point in self.curve if since is None or point.at >= since)
        return TradingFacts(since=since, pnl_usd=pnl_usd, highs=counted, trades=tuple(self.trades))

    def look(self, now: datetime, open_usd: float | None, account: HeldAccount) -> None:
        """Check outside of an entry, as at a monitor or a stored snapshot."""
        facts = self.facts(now, open_usd)
        equity_usd, eur_usd = account.equity_usd, account.eur_usd
        self.take(now, protections(facts, now, self.strategy, equity_usd=equity_usd, eur_usd=eur_usd))
        self._see("margin", margin_use(account) or 0.0)

    def take(self, now: datetime, found: RuleResult) -> None:
        """Latch a breach, unless it is latched already."""
        for check in found.checks:
            self._see(check.code, float(check.value or 0.0))
        failed = breaches(found)
        if failed and not self.latched(now):
            codes = tuple(check.code for check in failed)
            self.breaches.append(Breach(now, codes, tuple(float(check.value or 0.0) for check in failed)))

    def _see(self, code: str, value: float) -> None:
        self.largest[code] = max(self.largest.get(code, value), value)
