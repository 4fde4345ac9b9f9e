"""What an option can pay at most: whatever is booked of one in ETH and is more, is in another unit."""

from __future__ import annotations

from decimal import Decimal

from core.market.instrument_name import named_option
from core.values import OptionType

SLACK = Decimal("1.05")
"""The index of a trade is not quite the forward, and a venue rounds."""
FEE_MAX_ETH = Decimal("0.1")
"""Of one contract: hundreds of times what a venue takes, and less than it takes in USD."""


def pays_at_most_eth(instrument_name: str, index_usd: Decimal) -> Decimal:
    """The most that one contract can be worth at this index: 1 ETH, or strike over index for a put above."""
    option = named_option(instrument_name)
    if option is None or option.option_type is OptionType.CALL:
        return SLACK
    return max(Decimal(1), option.strike_usd / index_usd) * SLACK
