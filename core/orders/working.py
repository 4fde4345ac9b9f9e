"""What becomes of an order that does not fill: its next price, its end, and when the next attempt follows.

Execution and the backtest both ask here at each look, so that one order has one course on either road.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Final, TypeAlias

from core.orders.closing_cost import ClosingCost
from core.orders.ladder import next_entry_price_eth, next_exit_price_eth
from core.orders.limits import TOO_LARGE
from core.orders.plan import ComboPlan
from core.strategy import ExecutionSection, LimitsSection

FILL_TIMEOUT: Final = "fill_timeout"
"""The reason of an entry that was cancelled because its time was over."""
LAST_STEPS_MAX: Final = 10
"""Steps that an exit rests at its ladder's last price before it is replaced: it may no longer work."""
LAST_STEP: Final = 1_000_000
"""A step number beyond the end of any ladder."""
PAUSE_MAX_S: Final = 900.0
"""The longest pause between two attempts at an exit that is vetoed or refused again and again."""
EXIT_STEPS_BEYOND: Final = 3
"""A monitor waits for its exits until this many steps after natural; then they go on without it."""
_DOUBLINGS_MAX: Final = 10


class Next(Enum):
    """What follows a look, if it is no new price."""

    REST = "rest"
    CANCEL = "cancel"


Course: TypeAlias = Decimal | Next
"""A new limit, net ETH received per combo, or what else follows."""


def entry_wait_s(now: datetime, ends_at: datetime, execution: ExecutionSection) -> float:
    """Seconds until the next look at an entry: the usual ones, or those that are left of its time."""
    return max(0.0, min(execution.reprice_s, (ends_at - now).total_seconds()))


def entry_course(
    now: datetime, ends_at: datetime, limit_eth: Decimal, plan: ComboPlan, execution: ExecutionSection
) -> Course:
    """What follows a look at an entry that rests at `limit_eth`: cancelled when its time is over."""
    if now >= ends_at:
        return Next.CANCEL
    price_eth = next_entry_price_eth(
        limit_eth, mid_eth=plan.mid_eth, floor_eth=plan.floor_eth, reprice_steps=execution.reprice_steps
    )
    return Next.REST if price_eth is None or price_eth == limit_eth else price_eth


def exit_price_eth(
    cost: ClosingCost, step: int, execution: ExecutionSection, limits: LimitsSection
) -> Decimal:
    """The limit of an exit at a step of its ladder, net ETH received per combo: the negative of its cost."""
    return -next_exit_price_eth(
        step,
        mid_cost_eth=cost.mid_eth,
        natural_cost_eth=cost.natural_eth,
        exit_steps=execution.exit_steps,
        limits=limits,
    )


@dataclass(slots=True)
class ExitLadder:
    """The steps of one exit order. `step` is that of its present price."""

    execution: ExecutionSection
    limits: LimitsSection
    step: int
    last_steps: int = 0

    def looked(self) -> None:
        """A minute has passed without its end: the next step is due, whether or not its price is known."""
        self.step += 1

    def course(self, cost: ClosingCost, limit_eth: Decimal) -> Course:
        """What follows at the present quotes: cancelled, to be replaced, if it rests at the last price for
        long, which is counted also if that price moves with the market: an order may accept edits and yet
        not work."""
        price_eth = exit_price_eth(cost, self.step, self.execution, self.limits)
        if price_eth == exit_price_eth(cost, LAST_STEP, self.execution, self.limits):
            self.last_steps += 1
            if self.last_steps > LAST_STEPS_MAX:
                return Next.CANCEL
        return Next.REST if price_eth == limit_eth else price_eth


def needs_smaller_orders(reasons: tuple[str, ...]) -> bool:
    """Whether its size alone keeps an edit from leaving: the exit then goes on in smaller orders."""
    return TOO_LARGE.issuperset(reasons)


def exit_retry_s(attempts_failed: int, execution: ExecutionSection) -> float:
    """Seconds until an exit that could not be placed is tried again: twice as long each time."""
    return min(PAUSE_MAX_S, execution.exit_reprice_s * 2.0 ** min(attempts_failed - 1, _DOUBLINGS_MAX))
