"""What the protections change in years of the model market: `python -m tests.recorded.model_years 10 1 2`.

The first number is how many years, the others are seeds, each a market and an account of its own. The core
road of a backtest trades every market three times: without protections and margin rule, with both and a
person who resumes entries a week after a breach, and with both and nobody who does. Prints a table, the
breaches, and the highest figures that were seen.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from core.orders.books import Job, Position
from core.protection_settings import ProtectionsSection
from core.strategy import ExitsSection, Strategy
from gateway.paper.model_market import ModelMarket
from tests.recorded.seen_road import SeenRoad

OFF = Strategy(
    protections=ProtectionsSection(
        drawdown_max_frac=None, loss_max_multiple=None, losing_trades_max=None, rest_weeks_after_stop=None
    ),
    exits=ExitsSection(margin_exit=None),
)
KEPT_OUT = "suspended:protections"
A_WEEK, NEVER = timedelta(weeks=1), None


class Played(NamedTuple):
    """One way to trade one market."""

    seed: int
    way: str
    road: SeenRoad

    @property
    def pnl_usd(self) -> Decimal:
        return sum((trade.pnl_usd for trade in self.trades), Decimal(0))

    @property
    def trades(self) -> tuple[Position, ...]:
        return tuple(self.road.books.positions.values())

    def row(self) -> str:
        entries = [row for row in self.road.books.cycles if row.job is Job.ENTRY]
        kept_out = sum(any(reason.startswith(KEPT_OUT) for reason in row.reasons) for row in entries)
        trades = self.trades
        worst = min((trade.pnl_usd for trade in trades), default=Decimal(0))
        by_margin = sum(trade.exit_rule == "margin" for trade in trades)
        return (
            f"| {self.seed} | {self.way} | {len(trades)} | {self.pnl_usd:+,.0f} | {worst:+,.0f} | "
            f"{len(self.road.breaches)} | {kept_out + self.road.entries['protections']} | {by_margin} |"
        )


def played(seed: int, years: int) -> list[Played]:
    """The market of a seed, traded in each way."""
    ways = (
        ("off", OFF, NEVER),
        ("resumed after a week", Strategy(), A_WEEK),
        ("never resumed", Strategy(), NEVER),
    )
    found = []
    for way, strategy, resume_after in ways:
        road = SeenRoad(ModelMarket(seed), strategy, resume_after=resume_after)
        road.days(round(years * 365.25))
        found.append(Played(seed, way, road))
    return found


def main(years: int, seeds: Sequence[int]) -> None:
    write = sys.stdout.write
    write("| seed | protections | trades | P&L, USD | worst trade | breaches | kept out | by margin |\n")
    write("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
    every = [one for seed in seeds for one in played(seed, years)]
    for one in every:
        write(f"{one.row()}\n")
    for one in every:
        for breach in one.road.breaches:
            shown = ", ".join(f"{c} {f:.4g}" for c, f in zip(breach.codes, breach.figures, strict=True))
            write(f"seed {one.seed}, {one.way}: {breach.at:%Y-%m-%d %H:%M} {shown}\n")
    for code in sorted({code for one in every for code in one.road.largest}):
        most = max(one.road.largest.get(code, 0.0) for one in every)
        write(f"highest {code}: {most:.4g}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(seed) for seed in sys.argv[2:]])
