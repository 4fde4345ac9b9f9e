"""The price ladder of an order that does not fill: from mid towards its floor or its collar.

Prices are ETH per combo, multiples of the combo tick, rounded against us: credits down, costs up. Only the
most that an exit may cost is rounded down, so that it stays inside the collar.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from core.orders.collar import collar_eth
from core.strategy import LimitsSection
from core.values import COMBO_TICK_ETH


def round_credit_eth(credit_eth: Decimal) -> Decimal:
    """Round what we receive down to the combo tick."""
    return (credit_eth / COMBO_TICK_ETH).to_integral_value(ROUND_FLOOR) * COMBO_TICK_ETH


def round_cost_eth(cost_eth: Decimal) -> Decimal:
    """Round what we pay up to the combo tick."""
    return (cost_eth / COMBO_TICK_ETH).to_integral_value(ROUND_CEILING) * COMBO_TICK_ETH


def entry_limit_eth(mid_eth: Decimal, natural_eth: Decimal, price_aggression: float) -> Decimal:
    """The first limit: from mid towards natural by `price_aggression`, rounded down, never below natural."""
    towards = mid_eth + Decimal(str(price_aggression)) * (natural_eth - mid_eth)
    return max(round_credit_eth(towards), round_credit_eth(natural_eth))


def next_entry_price_eth(
    current_eth: Decimal, *, mid_eth: Decimal, floor_eth: Decimal, reprice_steps: int
) -> Decimal | None:
    """One step of max(1 tick, (mid - floor)/steps) towards the floor; None if the floor is reached."""
    if current_eth <= floor_eth:
        return None
    step = max(COMBO_TICK_ETH, (mid_eth - floor_eth) / reprice_steps)
    return max(floor_eth, round_credit_eth(current_eth - step))


def exit_cost_max_eth(natural_cost_eth: Decimal, limits: LimitsSection) -> Decimal:
    """The most that closing may cost: natural plus the collar, rounded down to the tick."""
    return round_credit_eth(natural_cost_eth + collar_eth(natural_cost_eth, limits))


def exit_reference_eth(natural_cost_eth: Decimal) -> Decimal:
    """The price from which the gate measures the collar of an exit, net ETH received: natural, but at most 0,
    because closing can't ask for a credit."""
    return -max(natural_cost_eth, Decimal(0))


def next_exit_price_eth(
    step: int,
    *,
    mid_cost_eth: Decimal,
    natural_cost_eth: Decimal,
    exit_steps: int,
    limits: LimitsSection,
) -> Decimal:
    """The cost offered at `step`: mid at 0, natural at `exit_steps`, then a tick per step up to the collar.

    The cost is positive if we pay; the venue's `price` (net ETH received) is its negative. It is never below
    0: the venue takes no order that asks to be paid for closing.
    """
    if step < 0:
        raise ValueError(f"step: expected at least 0, found {step}")
    if step <= exit_steps:
        part = Decimal(step) / Decimal(exit_steps)
        price = round_cost_eth(mid_cost_eth + (natural_cost_eth - mid_cost_eth) * part)
    else:
        price = round_cost_eth(natural_cost_eth) + COMBO_TICK_ETH * (step - exit_steps)
    return min(max(price, Decimal(0)), exit_cost_max_eth(max(natural_cost_eth, Decimal(0)), limits))
