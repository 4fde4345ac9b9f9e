"""What an order would need, and between which prices the venue takes it, asked before the order is.

Asking makes the combo too, so that it is active by the time the order comes.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Final

from core.contract import ComboLeg, GetMargins, Margins
from core.market.instrument_name import named_option
from core.pricing.margin import MarginLeg, maintenance_margin_eth
from core.values import OptionType
from gateway.live.account.standing import WhoseAccount
from gateway.live.deadline import Deadline
from gateway.live.fields import AnswerFields
from gateway.live.market.instruments import COIN, money
from gateway.live.orders.combo_signs import executed
from gateway.live.orders.combos import ComboBooks
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads
from gateway.live.venue.sending import asked_number
from gateway.shell.refusals import MalformedRequestError

ZERO: Final = Decimal(0)


class OrderMargins:
    """Margins by the account's own model."""

    def __init__(self, reads: DeribitReads, combos: ComboBooks) -> None:
        self._reads = reads
        self._combos = combos

    async def margins(self, request: GetMargins, whose: WhoseAccount, deadline: Deadline) -> Margins:
        """Margin that the order would add (ETH), and its collar (net ETH received for each).

        Raises an `OutsideError`, `SoftRefusalError` if there is no such combo, `MalformedRequestError`.
        """
        if len({leg.instrument_name for leg in request.legs}) < len(request.legs):
            raise MalformedRequestError("legs: expected each instrument once")
        turned = await self._combos.for_order(request.legs, deadline)
        collar, (initial, maintenance) = await asyncio.gather(
            self._ticker(turned.instrument, deadline),
            self._simulated(request, deadline) if whose.is_portfolio else self._standard(request, deadline),
        )
        edges = [turned.received(collar.decimal(name)) for name in ("min_price", "max_price")]
        return Margins(
            initial_margin=money(initial),
            maintenance_margin=money(maintenance),
            min_price=money(min(edges)),
            max_price=money(max(edges)),
        )

    async def _standard(self, request: GetMargins, deadline: Deadline) -> tuple[Decimal, Decimal]:
        """Leg by leg: the standard model gives no offset. The venue has no method for maintenance margin."""
        legs = await asyncio.gather(*(self._leg(leg, request.amount, deadline) for leg in request.legs))
        maintenance = maintenance_margin_eth([margin for _, margin in legs])
        return sum((initial for initial, _ in legs), ZERO), Decimal(maintenance)

    async def _leg(self, leg: ComboLeg, amount: Decimal, deadline: Deadline) -> tuple[Decimal, MarginLeg]:
        ticker = await self._ticker(leg.instrument_name, deadline)
        option = named_option(leg.instrument_name)
        if option is None:
            raise MalformedRequestError(f"legs: expected options, found {leg.instrument_name!r}")
        contracts, mark = amount * leg.ratio, ticker.decimal("mark_price")
        asked = {
            "instrument_name": leg.instrument_name,
            "amount": asked_number(contracts),
            "price": asked_number(mark),
        }
        answer = await self._reads.read(Method.GET_MARGINS, asked, deadline, Priority.ACCOUNT)
        initial = AnswerFields(answer.result, "get_margins").decimal(leg.side)
        signed = float(contracts) if leg.side == "buy" else -float(contracts)
        forward = ticker.number("underlying_price")
        _, strike_usd, option_type = option
        return initial, MarginLeg(OptionType(option_type), forward, float(strike_usd), float(mark), signed)

    async def _simulated(self, request: GetMargins, deadline: Deadline) -> tuple[Decimal, Decimal]:
        """The whole portfolio with the legs, less the portfolio as it is."""
        sizes = {name: asked_number(size * request.amount) for name, size in executed(request.legs).items()}
        asked = {"currency": COIN, "add_positions": True, "simulated_positions": sizes}
        with_it, now = await asyncio.gather(
            self._reads.read(Method.SIMULATE, asked, deadline, Priority.ACCOUNT),
            self._reads.read(Method.GET_ACCOUNT, {"currency": COIN}, deadline, Priority.ACCOUNT),
        )
        then, before = (
            AnswerFields(with_it.result, "simulate"),
            AnswerFields(now.result, "get_account_summary"),
        )
        initial, maintenance = (
            then.decimal(name) - before.decimal(name) for name in ("initial_margin", "maintenance_margin")
        )
        return initial, maintenance

    async def _ticker(self, instrument: str, deadline: Deadline) -> AnswerFields:
        asked = {"instrument_name": instrument}
        answer = await self._reads.read(Method.GET_TICKER, asked, deadline, Priority.ACCOUNT)
        return AnswerFields(answer.result, "ticker")
