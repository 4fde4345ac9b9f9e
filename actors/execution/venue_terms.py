"""The venue's own terms for a combo, asked for before a permit: asking also has the venue make the combo."""

from __future__ import annotations

from decimal import Decimal

from actors.execution.line import PROBE_WITHIN_S, Line
from core.contract import GET_MARGINS, ComboLeg, GetMargins
from core.messages.mcp import FetchFailed, McpFault
from core.orders.terms import OrderTerms
from core.orders.venue_terms import venue_refuses
from core.values import Failed


async def venue_is_against(line: Line, terms: OrderTerms, margin_eth: Decimal | None) -> Failed | None:
    """Ask for the margins of an order that is to be placed. Returns why it may not be, or None if it may.

    A venue may have to make a combo before it can be traded, which takes longer than a permit lives. An exit
    goes on whatever the answer is: not to be placed at all would be worse. A venue without the tool is asked
    in vain, of which its router tells a person.
    """
    legs = tuple(
        ComboLeg(instrument_name=leg.instrument_name, side=leg.side, ratio=leg.ratio) for leg in terms.legs
    )
    request = GetMargins(legs=legs, amount=Decimal(terms.amount), price=terms.limit_eth)
    found = await line.read(GET_MARGINS, request, retry=False, within_s=PROBE_WITHIN_S)
    if margin_eth is None:
        return None
    if isinstance(found, FetchFailed):
        missing = found.fault is McpFault.TOOL_NOT_FOUND
        return None if missing else Failed.of(f"margins_unknown:{found.fault}")
    reasons = venue_refuses(terms, margin_eth, found)
    return Failed(reasons=reasons) if reasons else None
