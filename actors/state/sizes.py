"""How large a position is: sums of fills and deliveries over its legs, in whole combos. Never set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actors.state.refusal import BooksRefusalError
from core.orders.books import InstructionKind
from core.values import Leg


@dataclass(frozen=True)
class Sizes:
    """In combos. `left` is what still carries risk; `left_by_leg` in contracts of each instrument."""

    opened: int
    exited: int
    left: int
    left_by_leg: dict[str, int]


def sizes_of(
    legs: Sequence[Leg],
    fills: Iterable[tuple[InstructionKind, str, int]],
    deliveries: Iterable[tuple[str, int]],
) -> Sizes:
    """`fills` are (kind, instrument, contracts), `deliveries` (instrument, contracts), all positive.

    A combo is atomic: entry fills and exit fills each must make whole combos, the same in every leg. Legs may
    be delivered one by one; the position is as large as its largest rest. Raises BooksRefusalError otherwise.
    """
    entered = dict.fromkeys((leg.instrument_name for leg in legs), 0)
    exited = dict.fromkeys(entered, 0)
    for kind, instrument, amount in fills:
        side = entered if kind is InstructionKind.ENTRY else exited
        side[_known(side, instrument)] += amount
    delivered = dict.fromkeys(entered, 0)
    for instrument, amount in deliveries:
        delivered[_known(delivered, instrument)] += amount
    left = {name: entered[name] - exited[name] - delivered[name] for name in entered}
    if any(amount < 0 for amount in left.values()):
        raise BooksRefusalError("oversold", f"expected no more closed than opened, found {left} left")
    whole = max(-(-left[leg.instrument_name] // leg.ratio) for leg in legs)
    return Sizes(_combos(legs, entered, "entry"), _combos(legs, exited, "exit"), whole, left)


def _known(sums: dict[str, int], instrument: str) -> str:
    if instrument not in sums:
        raise BooksRefusalError("unknown_leg", f"expected one of {sorted(sums)}, found {instrument}")
    return instrument


def _combos(legs: Sequence[Leg], contracts: dict[str, int], what: str) -> int:
    found = {
        (contracts[leg.instrument_name] // leg.ratio, contracts[leg.instrument_name] % leg.ratio)
        for leg in legs
    }
    combos, rest = next(iter(found))
    if len(found) > 1 or rest:
        raise BooksRefusalError("legs_unequal", f"expected whole combos in {what} fills, found {contracts}")
    return combos
