"""Which of the owner's assets are ETH: by name, because nothing else of a holding says it."""

from __future__ import annotations

import re
from typing import Final

from core.venue_text import CLOSE, CUT, OPEN

_ETH_NAMES: Final = """
    ETH ETHER ETHEREUM ETH2 ETH.S ETH.F ETH-PERPETUAL WETH STETH WSTETH RETH CBETH BETH WBETH EETH WEETH METH
    EZETH RSETH OSETH SWETH ANKRETH FRXETH SFRXETH ETHX ETHE ETHA ETHV FETH QETH CETH AETH
"""
"""ETH itself, claims on it that are worth as much as it is, and funds that hold nothing else."""
_OTHER_NAMES: Final = """
    TETHER TETHER_USD TETHER_USDT USDT_TETHER TETHERUS ETHFI ETHENA ETHW ETHEREUM_CLASSIC AETHIR
"""
_ETH: Final = frozenset(_ETH_NAMES.split())
_NOT_ETH: Final = frozenset(_OTHER_NAMES.split())
_PART: Final = "ETH"
_PLAIN: Final = re.compile(rf"{OPEN}?[!-\[\]-~]+{CLOSE}?")
"""Without a backslash, with which other characters are written in a quoted name."""


def is_eth(asset: str) -> bool | None:
    """Whether an asset counts as ETH; None if the name looks like it and is not known, or if it has other
    characters than names have: another script spells ETH, too."""
    plain = "_".join(asset.upper().split())
    if _PLAIN.fullmatch(plain) is None or CUT in plain:
        return None
    if plain in _ETH:
        return True
    return False if plain in _NOT_ETH or _PART not in plain else None
