"""What nobody has published of the venue, at choice: whoever trades there must be right either way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TradesWay = Literal["full", "bare", "parent"]


@dataclass(frozen=True)
class Ways:
    """One way for the venue to be. Times are seconds of its clock."""

    trades: TradesWay = "full"
    """What a leg's row of the account's trades has: order, label and fee; none of them; or no row, and the
    fees in the parent's legs."""
    inverse: bool = False
    """A combo is handed out with every leg the other way round."""
    waives: bool = False
    """The legs of a combo's cheaper direction pay no fee."""
    active_after_s: tuple[float, float] = (0.3, 0.7)
    """A new combo can't be traded before."""
    quiet_after_s: float = 6 * 3600.0
    """A combo's book is closed if nobody has used it for so long."""
    combos_max: int = 100
    """So many books of combos may be open."""
    legs_late_ms: int = 1
    """Legs are stamped so long after the combo's own trade."""
    indexed_after_s: tuple[float, float] = (5.0, 60.0)
    """When a record leaves what is recent, it is in no list for so long."""
    delivered_after_s: float = 5.0
    """A delivery is in no list for so long."""
    worthless_rows: bool = True
    """An option that expires without worth has rows, too."""
    settling_s: float = 0.0
    """After 08:00 every method of an account is refused for so long."""
    counterparty: bool = True
    """Somebody trades with combos; on the real testnet nobody does."""
    account_id: int = 10
    margin_model: str = "segregated_sm"


AT_ONCE = Ways(active_after_s=(0.0, 0.0), legs_late_ms=0, indexed_after_s=(0.0, 0.0), delivered_after_s=0.0)
"""Nothing takes time, as at the paper venue."""
