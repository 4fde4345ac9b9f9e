"""Reads the fields of one `calc` request; an error names the field, what was expected and what was found."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from core.errors import InputError
from core.plain_number import plain_number
from core.pricing.black76 import DAYS_PER_YEAR
from core.pricing.inverse import SignedLeg
from core.pricing.kelly import Outcome
from core.values import OptionType, Side

OPTION_FIELDS = frozenset(
    ("type", "forward", "strike", "dte", "iv", "price_eth", "amount", "side", "settlement", "fees")
)
LEG_FIELDS = frozenset(("type", "strike", "side", "amount", "iv", "price_eth"))
LIST_LENGTH_MAX = 10_000


class Fields:
    """The fields of one request, or of one leg of it (`where` then names the leg)."""

    def __init__(self, request: object, known: frozenset[str], where: str = "") -> None:
        if not isinstance(request, Mapping):
            raise InputError(f"{where or 'request'}: expected an object, found {_shown(request)}")
        self._request: Mapping[object, object] = request
        self._where = f"{where}." if where else ""
        unknown = sorted(str(name) for name in request if name not in known)
        if unknown:
            raise InputError(
                f"{self._where}{unknown[0]}: unknown field, expected one of {', '.join(sorted(known))}"
            )

    def has(self, name: str) -> bool:
        """Tell whether the field was given; null is the same as absent."""
        return self._request.get(name) is not None

    def finite(self, name: str) -> float:
        """Return a finite number, which may also be written as a string."""
        found = self._given(name)
        number = _number(found)
        if number is None:
            raise self._refuse(name, "a finite number", found)
        return number

    def positive(self, name: str) -> float:
        """Return a finite number above 0."""
        number = self.finite(name)
        if number <= 0.0:
            raise self._refuse(name, "a number above 0", number)
        return number

    def not_negative(self, name: str) -> float:
        """Return a finite number of at least 0."""
        number = self.finite(name)
        if number < 0.0:
            raise self._refuse(name, "a number of at least 0", number)
        return number

    def t_years(self) -> float:
        """Return `dte`, in days, as years (Act/365)."""
        return self.not_negative("dte") / DAYS_PER_YEAR

    def flag(self, name: str) -> bool:
        """Return a boolean that is false unless given."""
        found = self._request.get(name)
        if found is None:
            return False
        if not isinstance(found, bool):
            raise self._refuse(name, "true or false", found)
        return found

    def option_type(self) -> OptionType:
        """Return `type`."""
        found = self._given("type")
        if found not in tuple(OptionType):
            raise self._refuse("type", "put or call", found)
        return OptionType(str(found))

    def amount(self) -> float:
        """Return the signed contracts: `amount` as it is, or positive with a `side` that gives the sign."""
        if not self.has("side"):
            return self.finite("amount") if self.has("amount") else 1.0
        found = self._given("side")
        if found not in tuple(Side):
            raise self._refuse("side", "buy or sell", found)
        return Side(str(found)).sign * (self.positive("amount") if self.has("amount") else 1.0)

    def items(self, name: str) -> list[object]:
        """Return a list that is empty unless given."""
        found = self._request.get(name, [])
        if not isinstance(found, list) or len(found) > LIST_LENGTH_MAX:
            raise self._refuse(name, f"a list of at most {LIST_LENGTH_MAX} items", found)
        return found

    def prices(self, name: str) -> list[float]:
        """Return a list of finite numbers above 0."""
        prices = []
        for index, found in enumerate(self.items(name)):
            price = _number(found)
            if price is None or price <= 0.0:
                raise self._refuse(f"{name}[{index}]", "a finite number above 0", found)
            prices.append(price)
        return prices

    def _given(self, name: str) -> object:
        if not self.has(name):
            raise InputError(f"{self._where}{name}: missing")
        return self._request[name]

    def _refuse(self, name: str, expected: str, found: object) -> InputError:
        return InputError(f"{self._where}{name}: expected {expected}, found {_shown(found)}")


class LegFields:
    """One leg of a spread: its sign and size, and its own volatility and price if they were given."""

    def __init__(self, found: object, index: int) -> None:
        fields = Fields(found, LEG_FIELDS, f"legs[{index}]")
        self.leg = SignedLeg(fields.option_type(), fields.positive("strike"), fields.amount())
        self.iv = fields.not_negative("iv") if fields.has("iv") else None
        self.price_eth = fields.not_negative("price_eth") if fields.has("price_eth") else None


def read_legs(fields: Fields) -> list[LegFields]:
    """Return the `legs`, of which there must be at least one."""
    legs = [LegFields(found, index) for index, found in enumerate(fields.items("legs"))]
    if not legs:
        raise InputError("legs: expected at least one leg, found none")
    return legs


def read_outcomes(fields: Fields) -> list[Outcome]:
    """Return the `outcomes` of a bet."""
    outcomes = []
    for index, found in enumerate(fields.items("outcomes")):
        outcome = Fields(found, frozenset(("p", "r")), f"outcomes[{index}]")
        outcomes.append(Outcome(outcome.not_negative("p"), outcome.finite("r")))
    return outcomes


def combos_of(amounts: list[float]) -> float:
    """Return how many combos the legs make: the greatest common divisor of their amounts."""
    combos = Fraction(0)
    for amount in amounts:
        # The decimal as written is meant, not the binary fraction nearest to it.
        step = abs(Fraction(repr(amount)))
        common = combos.denominator * step.denominator
        combos = Fraction(math.gcd(int(combos * common), int(step * common)), common)
    return float(combos)


def _number(found: object) -> float | None:
    """Return what was found as a finite double, or None if it is no such thing."""
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        number = plain_number(found) if isinstance(found, str) else float(found)
    except OverflowError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _shown(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}..."
