"""What an order of the simulated venue is asked with: each parameter checked as the venue does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from gateway.sim.errors import RpcError, invalid_params

LABEL_MAX: Final = 64
TIMES_IN_FORCE: Final = ("good_til_cancelled", "good_til_day", "fill_or_kill", "immediate_or_cancel")
COMBO_TICK: Final = Decimal("0.0001")
COARSE_FROM, COARSE_TICK = Decimal("0.005"), Decimal("0.0005")
DIGITS: Final = 10
"""A float's noise lies behind so many."""


class AskedOrder(NamedTuple):
    """One `private/buy` or `private/sell`. `price` in ETH for one of the instrument."""

    instrument: str
    direction: str
    amount: Decimal
    price: Decimal
    label: str
    time_in_force: str
    reduce_only: bool
    post_only: bool
    reject_post_only: bool

    @property
    def sign(self) -> int:
        """1 to buy, -1 to sell."""
        return 1 if self.direction == "buy" else -1


def asked_order(params: Mapping[str, Any], direction: str, now_ms: int) -> AskedOrder:
    """The parameters. Raises `RpcError` naming the one that is wrong."""
    require_in_time(params, now_ms)
    if params.get("type", "limit") != "limit":
        raise invalid_params("type", "only limit orders are simulated")
    label = params.get("label", "")
    if not isinstance(label, str) or len(label) > LABEL_MAX:
        raise invalid_params("label", f"must be at most {LABEL_MAX} characters")
    time_in_force = params.get("time_in_force", TIMES_IN_FORCE[0])
    if time_in_force not in TIMES_IN_FORCE:
        raise invalid_params("time_in_force", "unknown value")
    return AskedOrder(
        instrument=str(params.get("instrument_name", "")),
        direction=direction,
        amount=amount_of(params),
        price=price_of(params),
        label=label,
        time_in_force=str(time_in_force),
        reduce_only=params.get("reduce_only") is True,
        post_only=params.get("post_only") is True,
        reject_post_only=params.get("reject_post_only") is True,
    )


def require_in_time(params: Mapping[str, Any], now_ms: int) -> None:
    """Raise 13888 if the request is taken up after its `valid_until`."""
    until = params.get("valid_until")
    if until is not None and not isinstance(until, int):
        raise invalid_params("valid_until", "must be an integer")
    if until is not None and now_ms > until:
        raise RpcError(13888, "timed_out")


def amount_of(params: Mapping[str, Any]) -> Decimal:
    """Contracts, at least 1 and whole."""
    amount = _number(params, "amount")
    if amount <= 0 or amount != int(amount):
        raise invalid_params("amount", "must be a multiple of the minimum order size")
    return amount


def price_of(params: Mapping[str, Any]) -> Decimal:
    """A price in ETH; of a combo it may be negative."""
    return _number(params, "price")


def require_tick(price: Decimal, *, is_combo: bool) -> None:
    """Raise what the venue says of a price between its ticks: words, not a number of their own."""
    tick = COMBO_TICK if is_combo or price < COARSE_FROM else COARSE_TICK
    if price % tick != 0:
        raise invalid_params("price", "must conform to tick size")


def _number(params: Mapping[str, Any], name: str) -> Decimal:
    value = params.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid_params(name, "must be a number")
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-DIGITS)).normalize()
