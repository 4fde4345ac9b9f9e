"""The account as it stands: summary and positions, as the venue tells them.

Seen in public: a position's size comes without a sign, and its direction beside; combos are no positions,
their legs are. With a cross margin model the margin fields are sums over currencies.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from core.contract import AccountSummary, CurrencyRequest, Positions, VenuePosition
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError
from gateway.live.fields import AnswerFields, rows_of
from gateway.live.market.instruments import COIN, money, plain
from gateway.live.orders.combos import looks_like_combo
from gateway.live.store import StateFolder
from gateway.live.venue.limits import Limits, Priority
from gateway.live.venue.methods import Bucket, Method
from gateway.live.venue.reads import DeribitReads
from gateway.shell.refusals import MalformedRequestError

SIGNS: Final = {"buy": 1, "sell": -1, "zero": 0}
CROSS: Final = "cross_"


class WhoseAccount(NamedTuple):
    """What the venue says of an account beside its money."""

    number: str
    kind: str
    margin_model: str

    @property
    def is_cross(self) -> bool:
        """Whether other currencies count as collateral."""
        return self.margin_model.startswith(CROSS)

    @property
    def is_portfolio(self) -> bool:
        """Whether margin is that of the whole portfolio."""
        return self.margin_model.endswith("pm")


class VenueAccount:
    """Reads of the account. Each raises an `OutsideError` if the venue does not answer."""

    def __init__(self, reads: DeribitReads, folder: StateFolder) -> None:
        self._reads = reads
        self._folder = folder

    async def whose(self, limits: Limits, deadline: Deadline) -> WhoseAccount:
        """Whose it is; the limits are narrowed to what the venue grants this account."""
        asked = {"currency": COIN, "extended": True}
        answer = await self._reads.read(Method.GET_ACCOUNT, asked, deadline, Priority.ACCOUNT)
        row = AnswerFields(answer.result, "get_account_summary")
        if row.has("limits"):
            granted = row.child("limits")
            for name, bucket in (("non_matching_engine", Bucket.READS), ("matching_engine", Bucket.MATCHING)):
                if granted.has(name):
                    _narrow(limits, bucket, granted.child(name))
        number = plain(row.decimal("id"))
        return WhoseAccount(f"{number:f}", row.text("type"), row.text("margin_model"))

    async def summary(self, request: CurrencyRequest, deadline: Deadline) -> AccountSummary:
        """Money and margin in ETH, as sent."""
        require_coin(request.currency)
        answer = await self._reads.read(Method.GET_ACCOUNT, {"currency": COIN}, deadline, Priority.ACCOUNT)
        row = AnswerFields(answer.result, "get_account_summary")
        if row.text("currency") != COIN:
            raise AnomalyError(
                f"get_account_summary.currency: expected {COIN}, found {row.text('currency')!r}"
            )
        return AccountSummary(
            equity=money(row.decimal("equity")),
            balance=money(row.decimal("balance")),
            available_funds=money(row.decimal("available_funds")),
            initial_margin=money(row.decimal("initial_margin")),
            maintenance_margin=money(row.decimal("maintenance_margin")),
        )

    async def positions(self, request: CurrencyRequest, deadline: Deadline) -> Positions:
        """Every position in the currency, somebody else's too: the engine must see them."""
        require_coin(request.currency)
        answer = await self._reads.read(Method.GET_POSITIONS, {"currency": COIN}, deadline, Priority.ACCOUNT)
        found = [_position(row) for row in rows_of(answer.result, "get_positions")]
        positions = tuple(each for each in found if each.size != 0)
        sizes = {each.instrument_name: each.size for each in positions}
        self._folder.put_held(sizes, self._reads.wire.clock.now())
        return Positions(positions=positions)

    async def held(self, deadline: Deadline) -> dict[str, Decimal]:
        """The size of each position, signed."""
        found = await self.positions(CurrencyRequest(), deadline)
        return {each.instrument_name: each.size for each in found.positions}


def require_coin(currency: str) -> None:
    """Raise `MalformedRequestError` for another currency than the gateway's."""
    if currency != COIN:
        raise MalformedRequestError(f"currency: expected {COIN}, found {currency!r}")


def _narrow(limits: Limits, bucket: Bucket, granted: AnswerFields) -> None:
    if granted.has("trading"):
        granted = granted.child("trading")
        granted = granted.child("total") if granted.has("total") else granted
    if granted.has("burst") and granted.has("rate"):
        limits.narrow(bucket, granted.number("burst"), granted.number("rate"))


def _position(row: AnswerFields) -> VenuePosition:
    name, direction = row.text("instrument_name"), row.text("direction")
    if looks_like_combo(name):
        raise AnomalyError(f"get_positions: expected the legs of a combo, found {name}")
    if direction not in SIGNS:
        raise AnomalyError(f"get_positions.direction: expected buy, sell or zero, found {direction!r}")
    return VenuePosition(
        instrument_name=name,
        size=plain(abs(row.decimal("size"))) * SIGNS[direction],
        average_price=money(row.decimal("average_price")),
        mark_price=money(row.decimal("mark_price")),
        floating_pnl=money(row.decimal("floating_profit_loss")),
        delta=row.number("delta"),
        # A future has no other greeks.
        gamma=row.number("gamma") if row.has("gamma") else 0.0,
        theta=row.number("theta") if row.has("theta") else 0.0,
        vega=row.number("vega") if row.has("vega") else 0.0,
    )
