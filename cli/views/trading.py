"""The trading report for people: what was earned, what it cost, what it proves, and why nothing was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from cli.views.output import eth_text, show_fields, show_table, time_text, usd_text
from cli.views.say import say
from core.how_many import how_many
from core.statistics.bootstrap import Interval
from core.statistics.costs import Costs
from core.statistics.means import Mean, evidence
from core.statistics.performance import RESULT_QUANTILES, Group, Performance
from reading.trading import TradingReport

STEADY_WEEKS_MIN = 104
"""Below so many weeks Sharpe's and Sortino's ratio say little, and the report says so."""


def show_report(report: TradingReport) -> None:
    """Print the whole report on standard output."""
    found = report.performance
    days = (found.ended - found.began) / timedelta(days=1)
    say(f"{time_text(found.began)} to {time_text(found.ended)}, {how_many(days, 'day', '.0f')}")
    say("")
    show_fields(figures(report))
    for title, groups in (
        ("month", found.by_month),
        ("kind", found.by_kind),
        ("exit", found.by_exit),
    ):
        if groups:
            say("")
            _show_groups(title, groups)
    say("")
    _show_refusals(report)


def figures(report: TradingReport) -> Iterator[tuple[str, str]]:
    """The figures of the whole, one a line: the name and the value."""
    found = report.performance
    yield "trades", _trades_text(report)
    yield "P&L", f"{eth_text(found.total.pnl_eth)} ETH, {usd_text(found.total.pnl_usd)} USD of closed trades"
    if report.open_trades:
        yield "open", _open_text(report)
    yield from _account_figures(report)
    for place, breach in enumerate(report.breaches):
        yield "protections" if place == 0 else "", f"{time_text(breach.at)}: {breach.text}"
    if found.costs.mid_credit_eth > 0:
        yield "costs", _costs_text(found.costs)
    yield "proof", evidence("mean r", found.total.mean_result)
    if found.total.mean_result is not None:
        yield from _trade_figures(found)


def _trades_text(report: TradingReport) -> str:
    total = report.performance.total
    rate = "" if total.win_rate is None else f": {_share_text(total.win_rate)}"
    entered, cycles = report.entries.get("entered", 0), sum(report.entries.values())
    return (
        f"{total.trades} closed, {total.wins} with a gain{rate}; {len(report.open_trades)} open; "
        f"{entered} of {cycles} entry cycles entered"
    )


def _open_text(report: TradingReport) -> str:
    """What the open positions would bring at the last marks; a premium received is not yet a profit."""
    marked = [trade for trade in report.open_trades if trade.pnl_eth is not None]
    if report.marks is None or not marked:
        why = report.marks_problem or "a leg has no mark"
        return f"{len(report.open_trades)} without a value: {why}"
    pnl_eth = sum((trade.pnl_eth for trade in marked if trade.pnl_eth is not None), Decimal(0))
    pnl_usd = sum((trade.pnl_usd for trade in marked if trade.pnl_usd is not None), Decimal(0))
    lacking = len(report.open_trades) - len(marked)
    rest = f"; {lacking} more without a mark" if lacking else ""
    return (
        f"{eth_text(pnl_eth)} ETH, {usd_text(pnl_usd)} USD if closed at the marks of "
        f"{time_text(report.marks.at)}, before fees{rest}"
    )


def _account_figures(report: TradingReport) -> Iterator[tuple[str, str]]:
    if len(report.account) < 2 or report.eth_effect_usd is None:
        yield "account", "seen at less than two entry decisions, so its change is not known"
        return
    first, last = report.account[0], report.account[-1]
    change = Decimal(repr(last.equity_usd - first.equity_usd))
    yield (
        "account",
        (
            f"{first.equity_usd:,.2f} -> {last.equity_usd:,.2f} USD at the venue ({usd_text(change)}), "
            f"from {time_text(first.at)} to {time_text(last.at)}"
        ),
    )
    yield (
        "",
        (
            f"of that, closed trades {usd_text(change - report.eth_effect_usd)} USD; the price of the ETH "
            f"held, transfers and open positions {usd_text(report.eth_effect_usd)} USD"
        ),
    )


def _costs_text(costs: Costs) -> str:
    parts = [
        f"{_percent(costs.share(amount))} {name}"
        for name, amount in (("fees", costs.fees_eth), ("crossing the spread", costs.crossing_eth))
    ]
    unknown = (
        ""
        if costs.unknown_exits == 0
        else f"; what {how_many(costs.unknown_exits, 'exit')} gave away is not known and not counted"
    )
    return (
        f"{_percent(costs.share(costs.total_eth))} of the credit at mid, {costs.mid_credit_eth:f} ETH: "
        f"{' and '.join(parts)}{unknown}"
    )


def _trade_figures(found: Performance) -> Iterator[tuple[str, str]]:
    mean = found.total.mean_result
    if mean is not None:
        interval = _interval_text(mean.interval_with_loss, "+.3f")
        yield "", f"with one full loss added {mean.with_loss:+.3f}{interval}"
    names = ["worst", "10 %", "25 %", "median", "75 %", "90 %", "best"]
    assert len(names) == len(RESULT_QUANTILES)
    yield "r", ", ".join(f"{name} {value:+.2f}" for name, value in zip(names, found.results, strict=True))
    yield "a trade", f"{_usd_mean(found.expectancy_usd)} USD"
    yield "", _wins_and_losses(found)
    yield "drawdown", _drawdown_text(found)
    if found.exposure is not None:
        yield "exposure", f"a position was open {found.exposure:.0%} of the time"
    yield "steadiness", _steadiness_text(found)


def _wins_and_losses(found: Performance) -> str:
    win, loss = found.average_win_usd, found.average_loss_usd
    parts = [
        "no trade won" if win is None else f"a win {_usd_mean(win)} USD",
        "no trade lost" if loss is None else f"a loss {_usd_mean(loss)} USD",
    ]
    if found.profit_factor is not None:
        parts.append(f"profit factor {found.profit_factor:.2f}")
    return ", ".join(parts)


def _drawdown_text(found: Performance) -> str:
    if found.drawdown is None:
        return "none: the realised P&L never fell"
    fall = found.drawdown
    end = "not recovered yet" if fall.recovered_at is None else f"recovered {fall.recovered_at:%Y-%m-%d}"
    return (
        f"{fall.depth:,.2f} USD of realised P&L, {how_many(fall.length_days, 'day', '.0f')} from "
        f"{fall.peak_at:%Y-%m-%d} (lowest {fall.trough_at:%Y-%m-%d}), {end}"
    )


def _steadiness_text(found: Performance) -> str:
    steady = found.steadiness
    if steady.sharpe is None or steady.standard_error is None:
        return f"no Sharpe ratio: the P&L of {how_many(steady.weeks, 'week')} does not vary"
    sortino = "no week lost" if steady.sortino is None else f"Sortino {steady.sortino:.2f}"
    caveat = "" if steady.weeks >= STEADY_WEEKS_MIN else "; so few weeks say little"
    return (
        f"Sharpe {steady.sharpe:.2f} (standard error {steady.standard_error:.2f}), {sortino}, "
        f"of the P&L of {how_many(steady.weeks, 'week')}, annualised{caveat}"
    )


def _show_groups(title: str, groups: Sequence[Group]) -> None:
    show_table(
        (title, "trades", "won", "P&L ETH", "P&L USD", "mean r"),
        (
            (
                group.name,
                str(group.trades),
                str(group.wins),
                eth_text(group.pnl_eth),
                usd_text(group.pnl_usd),
                "-"
                if group.mean_result is None
                else f"{group.mean_result.value:+.3f}{_interval_text(group.mean_result.interval, '+.3f')}",
            )
            for group in groups
        ),
        empty="",
    )


def _show_refusals(report: TradingReport) -> None:
    """Why entry cycles did not enter: one line a check, one column a month."""
    months = sorted({refusal.month for refusal in report.refusals})
    times = {(each.rule, each.reason, each.month): each.times for each in report.refusals}
    totals: Counter[tuple[str, str]] = Counter()
    for refusal in report.refusals:
        totals[refusal.rule, refusal.reason] += refusal.times
    show_table(
        ("not entered", "because", "times", *months),
        (
            (rule, reason, str(total), *(str(times.get((rule, reason, month), "-")) for month in months))
            for (rule, reason), total in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
        ),
        empty="every entry cycle entered",
    )


def _share_text(mean: Mean) -> str:
    interval = mean.interval
    between = "" if interval is None else f" [{interval.low:.0%}, {interval.high:.0%}]"
    return f"{mean.value:.0%}{between}"


def _usd_mean(mean: Mean | None) -> str:
    return "-" if mean is None else f"{mean.value:+,.2f}{_interval_text(mean.interval, '+,.2f')}"


def _interval_text(interval: Interval | None, form: str) -> str:
    return "" if interval is None else f" [{interval.low:{form}}, {interval.high:{form}}]"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
