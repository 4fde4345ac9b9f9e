"""What a backtest shows: the report of `report`, and below it what that report rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal

from cli.backtest.report import trading_of
from cli.views.output import eth_text, show_fields, show_table, time_text, usd_text
from cli.views.say import say
from cli.views.trading import show_report
from core.how_many import how_many
from lab.backtest.result import BacktestResult, Road
from lab.backtest.settings import BacktestSettings


def show_one(result: BacktestResult, settings: BacktestSettings) -> None:
    """Print one run."""
    say(f"backtest of {settings.path}, {result.road} road, {result.market}")
    if not result.is_whole:
        say(f"interrupted at {time_text(result.ended)}: what follows is of the part that was run")
    if not result.cycles:
        say("nothing was due yet")
        return
    show_report(trading_of(result))
    say("")
    show_fields(_rests_on(result, settings))


def show_many(
    results: Sequence[BacktestResult], settings: BacktestSettings, road: Road, *, asked: int
) -> None:
    """Print one line a seed, and all of them together."""
    say(f"backtest of {settings.path}, {road} road, {len(results)} of {asked} seeds")
    closed = [[each for each in result.positions if each.closed_at is not None] for result in results]
    show_table(
        ("market", "trades", "won", "P&L ETH", "P&L USD", "stopped by protections"),
        (
            (
                result.market if result.is_whole else f"{result.market}, until {time_text(result.ended)}",
                str(len(trades)),
                str(sum(each.pnl_usd > 0 for each in trades)),
                eth_text(sum((each.pnl_eth for each in trades), Decimal(0))),
                usd_text(sum((each.pnl_usd for each in trades), Decimal(0))),
                str(len(result.latches)) + (", and at the end" if result.still_latched else ""),
            )
            for result, trades in zip(results, closed, strict=True)
        ),
        empty="no seed had begun",
    )
    every = [each for trades in closed for each in trades]
    won, total_usd = (
        sum(each.pnl_usd > 0 for each in every),
        sum((each.pnl_usd for each in every), Decimal(0)),
    )
    say(f"{how_many(len(every), 'trade')}, {won} won, {usd_text(total_usd)} USD in all")


def _rests_on(result: BacktestResult, settings: BacktestSettings) -> Iterator[tuple[str, str]]:
    """The honest lines."""
    admitted = result.admitted
    if settings.changes:
        yield "changed", ", ".join(settings.changes)
    if settings.has_lab:
        yield "lab", "the file has switches that no engine has: this is not what an engine would trade"
    prices = admitted.prices
    yield (
        "P&L ETH",
        (
            f"{eth_text(prices.natural_eth)} at the natural prices that decisions saw, "
            f"{eth_text(prices.worked_eth)} as worked, {eth_text(prices.mid_eth)} at mid (not attainable)"
        ),
    )
    if admitted.recorded:
        yield "quotes' age", f"at decisions {admitted.decision_ages}; at fills {admitted.fill_ages}"
        dvol_pts, delivery = admitted.assumed_dvol_pts, "the mean of an hourly line"
        if dvol_pts is not None:
            delivery = "the index of the last snapshot"
        yield (
            "assumed",
            (
                f"{'' if dvol_pts is None else f'DVOL ({dvol_pts:g} points) at each decision, '}"
                f"funding at {admitted.on_assumed_funding} of {admitted.entry_decisions} entry decisions, "
                f"the size at the touch at {admitted.on_assumed_size} of {admitted.fills} fills, the "
                f"delivery price ({delivery}) of {admitted.deliveries} deliveries"
            ),
        )
    else:
        yield "quotes", "the model's own at every moment: no age, and nothing assumed but the model"
    skipped = ", ".join(f"{reason} {times}" for reason, times in sorted(admitted.skipped.items()))
    yield "monitors skipped", skipped or "none"
    yield "orders", f"{admitted.vetoes} vetoed by the limits, {admitted.refused} refused by the venue"
    if result.still_latched:
        yield "stopped", "entries were stopped by a protection at the end (--resume-after-days)"
    outcomes = Counter((row.job.value, row.outcome.value) for row in result.cycles if row.outcome is not None)
    yield (
        "cycles",
        ", ".join(f"{job} {outcome} {times}" for (job, outcome), times in sorted(outcomes.items())),
    )
    yield "venue", f"balance {result.balance_eth:f} ETH, equity {result.equity_usd:,.2f} USD at the end"
    yield "assumptions", ", ".join(f"{key}={value}" for key, value in result.assumptions.items())
