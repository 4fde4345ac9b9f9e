"""The simulated venue's combos: made on demand, named and oriented as the venue does, closed when unused.

Seen in public: a put spread is +1 of the higher strike, a call spread +1 of the lower one, and a new combo
becomes active 0.3 to 0.7 s after it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import gcd
from random import Random
from typing import Final, NamedTuple

from core.errors import InputError
from gateway.paper.instruments import ListedOption, parse_instrument
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.ways import Ways

LEGS_MAX: Final = 4
LIST_WITHIN_MS: Final = 1000
"""The venue tells a combo's birth in whole seconds."""


class ComboLegRow(NamedTuple):
    """One leg: contracts for each combo that is bought, negative if they are sold then."""

    instrument_name: str
    amount: int


@dataclass
class Combo:
    """One combo, with the times of its life (ms)."""

    id: str
    number: int
    legs: tuple[ComboLegRow, ...]
    created_ms: int
    active_ms: int
    used_ms: int

    @property
    def expires_ms(self) -> int:
        """When its legs expire."""
        return round(parse_instrument(self.legs[0].instrument_name).expiration.timestamp()) * 1000

    def state(self, now_ms: int, quiet_ms: float) -> str:
        """`inactive` until it has come to life, and again when nobody used it for long."""
        if now_ms < self.active_ms or now_ms - self.used_ms > quiet_ms:
            return "inactive"
        return "active"


class SimCombos:
    """All combos of the venue."""

    def __init__(self, ways: Ways, seed: int, is_listed: Callable[[ListedOption], bool]) -> None:
        self._ways = ways
        self._chance = Random(f"{seed}:combos")
        self._is_listed = is_listed
        self._known: dict[str, Combo] = {}

    def find(self, name: object) -> Combo | None:
        """A combo by its id."""
        return self._known.get(str(name))

    def known(self) -> tuple[Combo, ...]:
        """Every combo that was ever made."""
        return tuple(self._known.values())

    def restore(self, combos: Iterable[Combo]) -> None:
        """Put back those that were kept."""
        self._known |= {combo.id: combo for combo in combos}

    def state(self, combo: Combo, now_ms: int) -> str:
        """Whether it can be traded now."""
        return combo.state(now_ms, self._ways.quiet_after_s * 1000)

    def create(self, trades: object, now_ms: int) -> dict[str, object]:
        """`private/create_combo`: the combo of these legs, as it is known or new. Raises `RpcError`."""
        legs = self._oriented(_read(trades))
        if not all(self._is_listed(parse_instrument(leg.instrument_name)) for leg in legs):
            raise RpcError(13020, "not_found")
        name = _name(legs)
        combo = self._known.get(name)
        if combo is None or (self.state(combo, now_ms) != "active" and now_ms > combo.active_ms):
            open_now = sum(self.state(each, now_ms) == "active" for each in self._known.values())
            if open_now >= self._ways.combos_max:
                raise RpcError(13035, "combo_book_limit_reached")
            wakes_ms = int(self._chance.uniform(*self._ways.active_after_s) * 1000)
            number = combo.number if combo else 580_000 + len(self._known)
            born_ms = now_ms - now_ms % LIST_WITHIN_MS
            combo = Combo(name, number, legs, born_ms, now_ms + wakes_ms, now_ms + wakes_ms)
            self._known[name] = combo
        return self.row(combo, now_ms)

    def details(self, name: object, now_ms: int) -> dict[str, object]:
        """`public/get_combo_details`. Raises `RpcError`."""
        combo = self.find(name)
        if combo is None:
            raise invalid_params("combo_id", "wrong format")
        return self.row(combo, now_ms)

    def row(self, combo: Combo, now_ms: int) -> dict[str, object]:
        """A combo as the venue shows it."""
        return {
            "id": combo.id,
            "instrument_id": combo.number,
            "state": self.state(combo, now_ms),
            "state_timestamp": min(now_ms, combo.active_ms),
            "creation_timestamp": combo.created_ms,
            "legs": [{"instrument_name": leg.instrument_name, "amount": leg.amount} for leg in combo.legs],
        }

    def _oriented(self, legs: Sequence[ComboLegRow]) -> tuple[ComboLegRow, ...]:
        """Without a common factor, the first leg bought; or the other way round, at choice."""
        ordered = sorted(legs, key=_place)
        common = gcd(*(leg.amount for leg in ordered))
        turn = common if ordered[0].amount > 0 else -common
        if self._ways.inverse:
            turn = -turn
        return tuple(ComboLegRow(leg.instrument_name, leg.amount // turn) for leg in ordered)


def _read(trades: object) -> list[ComboLegRow]:
    if not isinstance(trades, list) or not 2 <= len(trades) <= LEGS_MAX:
        raise invalid_params("trades", f"must be a list of 2 to {LEGS_MAX}")
    legs = []
    for trade in trades:
        if not isinstance(trade, dict) or trade.get("direction") not in ("buy", "sell"):
            raise invalid_params("trades", "direction must be buy or sell")
        name, amount = trade.get("instrument_name"), _whole(trade.get("amount"))
        try:
            parse_instrument(str(name))
        except InputError as error:
            raise invalid_params("trades", "instrument_name: wrong format") from error
        legs.append(ComboLegRow(str(name), amount * (1 if trade["direction"] == "buy" else -1)))
    if len({leg.instrument_name for leg in legs}) < len(legs):
        raise RpcError(13036, "unavailable_for_combo_books")
    return legs


def _whole(amount: object) -> int:
    """Contracts of a leg, as a number or as its text. Raises `RpcError`."""
    if isinstance(amount, str) and amount.isdigit():
        amount = int(amount)
    if isinstance(amount, bool) or not isinstance(amount, int | float) or amount < 1 or amount % 1:
        raise invalid_params("trades", "amount must be a whole number")
    return int(amount)


def _place(leg: ComboLegRow) -> tuple[object, ...]:
    option = parse_instrument(leg.instrument_name)
    strike = option.strike_usd if option.is_call else -option.strike_usd
    return option.expiration, option.is_call, strike


def _name(legs: Sequence[ComboLegRow]) -> str:
    options = [parse_instrument(leg.instrument_name) for leg in legs]
    calls, expiries = {each.is_call for each in options}, {each.expiration for each in options}
    ratio = {abs(leg.amount) for leg in legs}
    opposite = sum(leg.amount for leg in legs) == 0
    if len(expiries) > 1 or ratio != {1} or not opposite:
        raise RpcError(13036, "unavailable_for_combo_books")
    if len(legs) == 2 and len(calls) == 1:
        code = "CS" if calls == {True} else "PS"
    elif len(legs) == LEGS_MAX and sum(each.is_call for each in options) == 2:
        code = "ICOND"
    elif len(legs) == 2:
        code = "RR"
    else:
        raise RpcError(13036, "unavailable_for_combo_books")
    coin, day = options[0].name.split("-")[:2]
    return f"{coin}-{code}-{day}-{'_'.join(str(each.strike_usd) for each in options)}"
