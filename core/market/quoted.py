"""What a rule reads of a quote, whether it stands in a chain that was just read or in the last marks."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from core.values import OptionType


class Quoted(Protocol):
    """One option's quote. Prices are ETH per contract, the IV is in percent points."""

    @property
    def instrument_name(self) -> str: ...

    @property
    def option_type(self) -> OptionType: ...

    @property
    def strike_usd(self) -> float: ...

    @property
    def expiration(self) -> datetime: ...

    @property
    def timestamp(self) -> datetime: ...

    @property
    def forward_usd(self) -> float: ...

    @property
    def bid_eth(self) -> Decimal | None: ...

    @property
    def ask_eth(self) -> Decimal | None: ...

    @property
    def mark_iv_pct(self) -> float: ...

    @property
    def abs_delta(self) -> float: ...
