"""The one coin of this venue."""

from __future__ import annotations

from typing import Final

from gateway.shell.refusals import MalformedRequestError

COIN: Final = "ETH"


def require_eth(currency: str, field: str = "currency") -> None:
    """Raise `MalformedRequestError` for any currency but ETH; `field` is what the request calls it."""
    if currency != COIN:
        raise MalformedRequestError(f"{field}: expected {COIN}, found {currency!r}")
