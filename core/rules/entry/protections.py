"""Between rules 1 and 2: whether what the strategy has made itself allows another entry.

A breach of `drawdown`, `loss` or `streak` is latched: it suspends entries until a person resumes them, and
then every window begins anew. A rest after a stop ends by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import takewhile

from core.checks import Check, RuleResult, Scalar, at_least, at_most, holds
from core.how_many import how_many
from core.orders.books import TradeResult
from core.orders.exit_rule import ExitRule
from core.protection_settings import ProtectionsSection
from core.rules.facts import EntryFacts, TradingFacts
from core.statistics.highs import within
from core.strategy import Strategy

PROTECTIONS = "protections"
"""The name of the rule."""
DRAWDOWN, LOSS, STREAK = "drawdown_above_max", "loss_above_max", "losing_trades_in_a_row"
REST, UNKNOWN = "rest_after_stop", "pnl_unknown"
LATCHED = frozenset({DRAWDOWN, LOSS, STREAK})
"""The checks whose failure is latched in the books."""
WEEK = timedelta(weeks=1)
DRAWDOWN_MAX = 1000.0
"""A share beyond this says no more, and an account without equity has no finite one."""


def check_protections(facts: EntryFacts, strategy: Strategy) -> RuleResult | None:
    """The protections at an entry; None on the facts of an older record, which does not have theirs."""
    if facts.trading is None:
        return None
    account = facts.account
    return protections(
        facts.trading, facts.now, strategy, equity_usd=account.equity_usd, eur_usd=account.eur_usd
    )


def protections(
    trading: TradingFacts,
    now: datetime,
    strategy: Strategy,
    *,
    equity_usd: float | None,
    eur_usd: float | None,
) -> RuleResult:
    """Every protection that is on. One whose figures are not known is left out, but of a P&L that can't be
    marked says so: an entry must not follow then."""
    section = strategy.protections
    checks: list[Check] = []
    inputs: dict[str, Scalar] = {"pnl_usd": trading.pnl_usd, "since": _shown(trading.since)}
    if section.drawdown_max_frac is not None:
        if trading.pnl_usd is None:
            checks.append(holds(UNKNOWN, False, None, "known"))
        elif equity_usd is not None:
            peak_usd = peak_pnl_usd(trading, now, section)
            share = drawdown_frac(peak_usd - trading.pnl_usd, equity_usd)
            checks.append(at_most(DRAWDOWN, share, section.drawdown_max_frac))
            inputs |= {"pnl_peak_usd": peak_usd, "equity_usd": equity_usd}
    if section.loss_max_multiple is not None and eur_usd is not None:
        bound_usd = section.loss_max_multiple * strategy.sizing.cap_per_trade_eur * eur_usd
        window = timedelta(days=section.loss_window_d)
        checks.append(at_most(LOSS, realised_loss_usd(counted(trading), now, window), bound_usd))
    if section.losing_trades_max is not None:
        losses, bound = losing_streak(counted(trading)), section.losing_trades_max
        checks.append(Check(code=STREAK, value=losses, op="<", threshold=bound, passed=losses < bound))
    if section.rest_weeks_after_stop:
        stopped_at = last_stop(counted(trading))
        if stopped_at is not None:
            weeks = (now - stopped_at) / WEEK
            checks.append(at_least(REST, weeks, section.rest_weeks_after_stop))
    return RuleResult(rule=PROTECTIONS, checks=tuple(checks), inputs=inputs)


def breaches(result: RuleResult) -> tuple[Check, ...]:
    """The failed checks that are latched."""
    return tuple(check for check in result.checks if not check.passed and check.code in LATCHED)


def breach_text(result: RuleResult, section: ProtectionsSection) -> str:
    """Which protections are breached, each with its figure and its bound, for people."""
    shown = {
        DRAWDOWN: lambda check: (
            f"the strategy's own P&L is {_number(check.value):.2%} of equity below its peak of "
            f"{how_many(section.drawdown_window_d, 'day', 'g')}, {_number(check.threshold):.2%} are allowed "
            "(protections.drawdown_max_frac)"
        ),
        LOSS: lambda check: (
            f"the trades closed in {how_many(section.loss_window_d, 'day', 'g')} lost "
            f"{_number(check.value):,.2f} USD, "
            f"{_number(check.threshold):,.2f} USD are allowed (protections.loss_max_multiple)"
        ),
        STREAK: lambda check: (
            f"{check.value} losing trades in a row, fewer than {check.threshold} are allowed "
            "(protections.losing_trades_max)"
        ),
    }
    return "; ".join(shown[check.code](check) for check in breaches(result))


def _number(value: Scalar) -> float:
    return float(value or 0.0)


def counted(trading: TradingFacts) -> tuple[TradeResult, ...]:
    """The closed trades since entries were resumed, oldest first."""
    since = trading.since
    return tuple(trade for trade in trading.trades if since is None or trade.closed_at > since)


def peak_pnl_usd(trading: TradingFacts, now: datetime, section: ProtectionsSection) -> float:
    """The highest P&L within the window, that of now included. `pnl_usd` must be known."""
    if trading.pnl_usd is None:
        raise ValueError("pnl_usd: expected a figure, found none")
    window = timedelta(days=section.drawdown_window_d)
    highs = within(trading.highs, now, window=window, since=trading.since)
    return max(trading.pnl_usd, *(high.pnl_usd for high in highs)) if highs else trading.pnl_usd


def drawdown_frac(drop_usd: float, equity_usd: float) -> float:
    """A drop as a share of equity."""
    if drop_usd <= 0.0:
        return 0.0
    return min(drop_usd / equity_usd, DRAWDOWN_MAX) if equity_usd > 0.0 else DRAWDOWN_MAX


def realised_loss_usd(trades: Iterable[TradeResult], now: datetime, window: timedelta) -> float:
    """What the trades that closed within the window lost together, wins set against losses; 0 if they won."""
    recent = (trade.pnl_usd for trade in trades if trade.closed_at > now - window)
    return max(float(-sum(recent, Decimal(0))), 0.0)


def losing_streak(trades: Sequence[TradeResult]) -> int:
    """How many trades in a row, up to the last one, did not win."""
    return sum(1 for _ in takewhile(lambda trade: not trade.won, reversed(trades)))


def last_stop(trades: Iterable[TradeResult]) -> datetime | None:
    """When an exit by `stop` last closed a trade."""
    stops = [trade.closed_at for trade in trades if trade.exit_rule is ExitRule.STOP]
    return max(stops, default=None)


def trades_that_may_count(
    trades: Sequence[TradeResult], now: datetime, section: ProtectionsSection
) -> tuple[TradeResult, ...]:
    """Of all closed trades, oldest first, those that a protection may read: recent ones, and the last few."""
    rest = (section.rest_weeks_after_stop or 0) * WEEK
    first = now - max(timedelta(days=section.loss_window_d), rest)
    last = len(trades) - (section.losing_trades_max or 0)
    place = len(trades)
    while place > 0 and (place > last or trades[place - 1].closed_at > first):
        place -= 1
    return tuple(trades[place:])


def _shown(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
