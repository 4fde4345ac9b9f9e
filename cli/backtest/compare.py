"""Two runs of one plan held against each other: the two roads, or the engine with and without latency."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cli.views.output import eth_text, time_text
from cli.views.say import say
from core.errors import FoundWrongError
from core.how_many import how_many
from lab.backtest.compared import differences
from lab.backtest.result import BacktestResult


def show_check(pairs: Sequence[tuple[BacktestResult, BacktestResult]]) -> None:
    """`pairs`: of each market both roads, core first. Raises `FoundWrongError` if any two differ."""
    found_all = 0
    for core, actors in pairs:
        found = differences(core, actors)
        found_all += len(found)
        say(
            f"{core.market}: {_counts(core)} on the core road, {how_many(len(found), 'difference')} "
            "from the actors'"
        )
        if found:
            say(found[0].text("core", "actors"))
    if found_all:
        raise FoundWrongError(
            f"the two roads differ in {how_many(found_all, 'field')}; each market's first is above"
        )


def show_alone(results: Sequence[BacktestResult]) -> None:
    """Runs of a market that were not compared, because it was interrupted."""
    for result in results:
        until = "whole" if result.is_whole else f"until {time_text(result.ended)}"
        say(f"{result.market}: {_counts(result)} on the {result.road} road, {until}, not compared")


def _counts(result: BacktestResult) -> str:
    return ", ".join(
        how_many(len(each), thing)
        for each, thing in ((result.positions, "trade"), (result.fills, "fill"), (result.cycles, "cycle"))
    )


def show_latency(at_once: BacktestResult, late: BacktestResult, latency_s: float) -> None:
    """What it changed that each answer took its time: of the differences the first one of a trade, if any."""
    found = differences(at_once, late)
    others = {each.thing for each in found}
    same = sum(f"trade {each.position_id}" not in others for each in late.positions)
    say("")
    say(
        f"latency of {latency_s * 1000:g} ms: {how_many(len(found), 'difference')} from a run in which each "
        f"answer came at once; {how_many(len(at_once.positions), 'trade')} at once, {len(late.positions)} "
        f"with latency, {same} of them the same",
        f"P&L of closed trades: {_pnl(at_once)} at once, {_pnl(late)} with latency",
    )
    if found:
        first = next((each for each in found if each.thing.startswith("trade ")), found[0])
        say(first.text("at once", "with latency"))


def _pnl(result: BacktestResult) -> str:
    closed = [each for each in result.positions if each.closed_at is not None]
    return f"{eth_text(sum((each.pnl_eth for each in closed), Decimal(0)))} ETH"
