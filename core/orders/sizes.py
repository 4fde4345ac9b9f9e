"""How large an order or a position is: sums of fills and deliveries over the legs, in whole combos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from core.orders.books import Delivery, Fill, InstructionKind, Position
from core.values import Failed, Leg, Value

UNKNOWN_LEG = "unknown_leg"
LEGS_UNEQUAL = "legs_unequal"
OVERSOLD = "oversold"


class Sizes(Value):
    """Sizes in combos. `left` is the part that still carries risk."""

    opened: int
    exited: int
    left: int


def contracts_by_instrument(fills: Iterable[Fill]) -> Counter[str]:
    """Filled contracts of each instrument, bought and sold ones added up."""
    amounts: Counter[str] = Counter()
    for fill in fills:
        amounts[fill.instrument_name] += fill.amount
    return amounts


def combos_in(contracts: Mapping[str, int], legs: Sequence[Leg]) -> int | Failed:
    """How many whole combos these contracts make.

    A combo fills as a whole. Failed with `unknown_leg` if an instrument is no leg, and with `legs_unequal` if
    the legs do not make the same whole number: some of their fills are then missing.
    """
    ratios = {leg.instrument_name: leg.ratio for leg in legs}
    if set(contracts) - set(ratios):
        return Failed.of(UNKNOWN_LEG)
    found = {divmod(contracts.get(name, 0), ratio) for name, ratio in ratios.items()}
    if len(found) != 1:
        return Failed.of(LEGS_UNEQUAL)
    combos, rest = found.pop()
    return Failed.of(LEGS_UNEQUAL) if rest else combos


def combos_filled(fills: Iterable[Fill], legs: Sequence[Leg]) -> int | Failed:
    """How many whole combos the fills make; Failed as by `combos_in`."""
    return combos_in(contracts_by_instrument(fills), legs)


def sizes_of(
    legs: Sequence[Leg], fills: Iterable[tuple[InstructionKind, Fill]], deliveries: Iterable[Delivery]
) -> Sizes | Failed:
    """A position's sizes, computed from all its fills and deliveries.

    Entry fills and exit fills must each make whole combos. Legs may be delivered one by one; `left` is that
    of the leg with the most contracts left. Failed with `unknown_leg`, `legs_unequal`, or `oversold` if more
    was closed than opened.
    """
    booked = list(fills)
    entered = contracts_by_instrument(fill for kind, fill in booked if kind is InstructionKind.ENTRY)
    exited = contracts_by_instrument(fill for kind, fill in booked if kind is InstructionKind.EXIT)
    left = Counter(entered)
    left.subtract(exited)
    for delivery in deliveries:
        left[delivery.instrument_name] -= abs(delivery.size)
    if set(left) - {leg.instrument_name for leg in legs}:
        return Failed.of(UNKNOWN_LEG)
    if any(contracts < 0 for contracts in left.values()):
        return Failed.of(OVERSOLD)
    opened, closed = combos_in(entered, legs), combos_in(exited, legs)
    if isinstance(opened, Failed):
        return opened
    if isinstance(closed, Failed):
        return closed
    return Sizes(
        opened=opened, exited=closed, left=max(-(-left[leg.instrument_name] // leg.ratio) for leg in legs)
    )


def expected_sizes(positions: Iterable[Position]) -> dict[str, int]:
    """Signed contracts by instrument that the venue must hold for these positions; zeros left out."""
    sizes: Counter[str] = Counter()
    for position in positions:
        for leg in position.plan.legs:
            sizes[leg.instrument_name] += leg.side.sign * leg.ratio * position.contracts
    return {name: size for name, size in sizes.items() if size}
