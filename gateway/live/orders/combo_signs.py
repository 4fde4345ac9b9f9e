"""From a contract's order to the venue's and back: which combo, which direction, how many, at what price.

With l the legs that the order executes (bought positive) and v those that buying the combo executes, l =
c·v for one c. The order buys |c| combos for each of the contract's if c is positive, and sells them if it
is negative; what it receives, R, is -c times the combo's price. No sign is ever taken from a name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Final, Protocol

from gateway.live.market.instruments import plain
from gateway.shell.refusals import SoftRefusalError

MISMATCH: Final = "combo mismatch"
DIGITS: Final = 40


class ExecutedLeg(Protocol):
    """One leg of a contract's order."""

    @property
    def instrument_name(self) -> str: ...
    @property
    def side(self) -> str: ...
    @property
    def ratio(self) -> int: ...


def executed(legs: Iterable[ExecutedLeg]) -> dict[str, int]:
    """Contracts of each leg for one of the order's: bought positive, sold negative."""
    return {leg.instrument_name: leg.ratio if leg.side == "buy" else -leg.ratio for leg in legs}


@dataclass(frozen=True)
class Oriented:
    """A contract's order in the venue's terms: an instrument, and c."""

    instrument: str
    c: Fraction
    is_combo: bool = True

    @property
    def direction(self) -> str:
        """`buy` or `sell`, of the combo."""
        return "buy" if self.c > 0 else "sell"

    def venue_amount(self, amount: Decimal) -> Decimal | None:
        """How many combos; None if they would not be whole."""
        found = abs(self.c) * Fraction(amount)
        return Decimal(found.numerator) if found.denominator == 1 else None

    def amount(self, venue_amount: Decimal) -> Decimal | None:
        """How many of the contract's; None if they are not whole."""
        found = Fraction(venue_amount) / abs(self.c)
        return Decimal(found.numerator) if found.denominator == 1 else None

    def exact_price(self, received_eth: Decimal) -> Fraction:
        """The price of one combo; it may be negative."""
        return -Fraction(received_eth) / self.c

    def venue_price(self, received_eth: Decimal, tick: Decimal) -> Decimal | None:
        """The price of one combo; None if it lies between two ticks."""
        found = self.exact_price(received_eth)
        return None if found % Fraction(tick) else _decimal(found)

    def received(self, venue_price: Decimal) -> Decimal:
        """What one of the contract's receives at that price, net."""
        return _decimal(-self.c * Fraction(venue_price))


def oriented(legs: Iterable[ExecutedLeg], instrument: str, combo_legs: Mapping[str, int]) -> Oriented:
    """The order on this combo. Raises `SoftRefusalError` if it is not exactly the order's legs."""
    wanted = executed(legs)
    ratios = {Fraction(wanted.get(name, 0), size) for name, size in combo_legs.items() if size}
    if wanted.keys() != combo_legs.keys() or len(ratios) != 1 or 0 in ratios:
        raise SoftRefusalError(
            MISMATCH, f"expected {_shown(wanted)}, found {instrument} = {_shown(combo_legs)}"
        )
    return Oriented(instrument, ratios.pop())


def single(leg: ExecutedLeg) -> Oriented:
    """An order of one leg: the instrument itself is what is bought or sold."""
    return Oriented(leg.instrument_name, Fraction(executed([leg])[leg.instrument_name]), is_combo=False)


def _decimal(value: Fraction) -> Decimal:
    with localcontext() as exact:
        exact.prec = DIGITS
        return plain(Decimal(value.numerator) / Decimal(value.denominator)) + 0


def _shown(legs: Mapping[str, int]) -> str:
    return " ".join(f"{size:+d} {name}" for name, size in sorted(legs.items()))
