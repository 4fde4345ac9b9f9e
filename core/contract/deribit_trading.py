"""The `deribit` router's private tools: account, positions, orders, trades, margins, settlements.

Prices and cash in ETH. A combo's `price` is the net ETH *received* per combo: positive for a credit,
negative for a debit. `legs[].side` is the side executed on that leg; the order's own `side` never flips it
("sell" opens a credit combo, "buy" closes it, a contradiction is 422).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, FailFast, Field, model_validator

from core.contract.base import CurrencyRequest, Router, Tool, ToolAnswer, ToolRequest
from core.contract.rows import RowsAnswer
from core.contract.scalars import (
    NAME_LENGTH_MAX,
    Amount,
    FreeText,
    Money,
    Named,
    Positive,
    SideName,
    Statistic,
    UtcTime,
    order_state,
)
from core.contract.series import rows
from core.contract.worth import FEE_MAX_ETH, pays_at_most_eth
from core.venue_text import named

OrderStateName = Annotated[Literal["open", "filled", "cancelled", "rejected"], BeforeValidator(order_state)]
TimeInForce = Literal["good_til_cancelled", "immediate_or_cancel", "fill_or_kill"]
PositiveAmount = Annotated[Amount, Field(gt=0)]
NotNegativeAmount = Annotated[Amount, Field(ge=0)]
RATIO_MAX = 1000
LabelRead = Annotated[str, Field(max_length=NAME_LENGTH_MAX), AfterValidator(named)]
"""A label as a venue shows it: empty if an order was placed without one."""
LabelText = Annotated[str, Field(min_length=1, max_length=64)]


class AccountSummary(ToolAnswer):
    """The account at the venue, ETH. Beside a non-blank `error` no other field means anything."""

    equity: Money
    balance: Money
    available_funds: Money
    initial_margin: Money
    maintenance_margin: Money
    error: FreeText | None = None


class VenuePosition(ToolAnswer):
    """One open position: `size` signed, contracts; prices and `floating_pnl` in ETH; greeks of all of it."""

    instrument_name: Named
    size: Amount
    average_price: Money
    mark_price: Money
    floating_pnl: Money
    delta: Statistic
    gamma: Statistic
    theta: Statistic
    vega: Statistic


class Positions(RowsAnswer):
    """Every position with a size other than 0."""

    ROWS = "positions"

    positions: Annotated[tuple[VenuePosition, ...], FailFast(), rows(lambda row: row.instrument_name)]


class ComboLeg(ToolRequest):
    """One leg as executed; `ratio` contracts of it per combo."""

    instrument_name: str = Field(min_length=1)
    side: SideName
    ratio: Annotated[int, Field(ge=1, le=10, strict=True)] = 1


class PlaceComboOrder(ToolRequest):
    """One limit order on a combo. An order that the venue takes up after `valid_until` is dropped."""

    legs: tuple[ComboLeg, ...] = Field(min_length=1, max_length=4)
    amount: PositiveAmount
    side: SideName
    type: Literal["limit"] = "limit"
    price: Money
    label: LabelText
    time_in_force: TimeInForce = "good_til_cancelled"
    reduce_only: bool = False
    valid_until: UtcTime | None = None

    @model_validator(mode="after")
    def _side_agrees_with_price(self) -> PlaceComboOrder:
        """ "sell" receives, "buy" pays: a price of the other sign contradicts the side."""
        if self.side == "sell" and self.price < 0:
            raise ValueError(f"side 'sell' opens a credit combo, found a debit: price {self.price}")
        if self.side == "buy" and self.price > 0:
            raise ValueError(f"side 'buy' closes a credit combo, found a credit: price {self.price}")
        return self


class OrderLeg(ToolAnswer):
    """One leg of an order, as it was asked for."""

    instrument_name: Named
    side: SideName
    ratio: Annotated[int, Field(ge=1, le=RATIO_MAX, strict=True)]


class Order(ToolAnswer):
    """One order. Partly filled: `open` (or `cancelled`) with 0 < `filled_amount` < `amount`.

    `average_price` is the net ETH received per filled combo, null while nothing is filled.
    """

    order_id: Named
    label: LabelRead
    state: OrderStateName
    amount: NotNegativeAmount
    filled_amount: NotNegativeAmount
    average_price: Money | None
    price: Money
    legs: Annotated[tuple[OrderLeg, ...], FailFast()]
    reject_reason: FreeText | None = None
    created_at: UtcTime
    updated_at: UtcTime

    @model_validator(mode="after")
    def _state_agrees_with_filled_amount(self) -> Order:
        """A final state ends the look-ups, so that a fill which the amount does not show would be lost."""
        if self.state == "filled" and self.filled_amount < self.amount:
            raise ValueError(
                f"state 'filled': expected filled_amount {self.amount:f}, found {self.filled_amount:f}"
            )
        if self.state == "rejected" and self.filled_amount > 0:
            raise ValueError(f"state 'rejected': expected nothing filled, found {self.filled_amount:f}")
        return self


class OrderAnswer(ToolAnswer):
    """The order as it stands now."""

    order: Order


class MaybeOrder(ToolAnswer):
    """The order, or null if the venue knows none under that label."""

    order: Order | None


class Orders(RowsAnswer):
    """Orders, oldest first."""

    ROWS = "orders"

    orders: Annotated[
        tuple[Order, ...],
        FailFast(),
        # Under another label it is another order, and not a later state of the same.
        rows(
            lambda row: (row.order_id, row.label),
            dated=lambda row: row.updated_at,
            order=lambda row: row.created_at,
        ),
    ]


class GetOrderByLabel(ToolRequest):
    """Look an order up by its label."""

    label: LabelText


class EditOrderRequest(ToolRequest):
    """Change a resting order; null leaves that field as it is. `amount` is the new total, fills included."""

    order_id: str = Field(min_length=1)
    price: Money | None = None
    amount: PositiveAmount | None = None
    valid_until: UtcTime | None = None


class GetOrderHistory(ToolRequest):
    """Final orders updated at or after `since`; those with nothing filled only if `include_unfilled`."""

    currency: Literal["ETH"] = "ETH"
    since: UtcTime
    include_unfilled: bool = True


class GetSince(ToolRequest):
    """Records at or after `since`."""

    currency: Literal["ETH"] = "ETH"
    since: UtcTime


class Trade(ToolAnswer):
    """One leg of one fill. `price` and `fee` in ETH, `index_price` in USD. Options pay no rebate."""

    trade_id: Named
    order_id: Named
    label: LabelRead
    instrument_name: Named
    side: SideName
    amount: NotNegativeAmount
    price: Annotated[Money, Field(ge=0)]
    fee: Annotated[Money, Field(ge=0)]
    timestamp: UtcTime
    index_price: Positive

    @model_validator(mode="after")
    def _is_in_ether(self) -> Trade:
        """A price or a fee in USD would be booked as thousands of times what it was."""
        most = pays_at_most_eth(self.instrument_name, self.index_price)
        if self.price > most:
            raise ValueError(f"price: expected at most {most:.4f} ETH, found {self.price:f}")
        if self.fee > max(self.amount, Decimal(1)) * FEE_MAX_ETH:
            raise ValueError(f"fee: expected at most {FEE_MAX_ETH} ETH a contract, found {self.fee:f}")
        return self


class Trades(RowsAnswer):
    """Trades, oldest first."""

    ROWS = "trades"

    trades: Annotated[
        tuple[Trade, ...],
        FailFast(),
        rows(lambda row: row.trade_id, order=lambda row: row.timestamp),
    ]


class GetMargins(ToolRequest):
    """What a combo would need. `price`: net ETH received per combo, null for its mid."""

    legs: tuple[ComboLeg, ...] = Field(min_length=1, max_length=4)
    amount: PositiveAmount
    price: Money | None = None


class Margins(ToolAnswer):
    """Margin that the order would add, ETH, and the collar on its price (net ETH received per combo)."""

    initial_margin: Money
    maintenance_margin: Money
    min_price: Money
    max_price: Money


class OrderIdRequest(ToolRequest):
    """The body of a tool that takes one order's id."""

    order_id: str = Field(min_length=1)


class Cancelled(ToolAnswer):
    """How many orders were cancelled."""

    cancelled: Annotated[int, Field(ge=0, strict=True)]


class Settlement(ToolAnswer):
    """One delivery: `cash_flow` is what it moved in the balance before the fee, ETH; `size` signed."""

    instrument_name: Named
    delivery_price: Positive
    size: Amount
    cash_flow: Money
    fee: Money
    timestamp: UtcTime

    @model_validator(mode="after")
    def _is_in_ether(self) -> Settlement:
        """What was sold pays, what was bought receives, and neither more than the option is worth."""
        most = abs(self.size) * pays_at_most_eth(self.instrument_name, self.delivery_price)
        if abs(self.cash_flow) > most or self.cash_flow * self.size < 0:
            raise ValueError(
                f"cash_flow: expected 0 to {most.copy_sign(self.size):.4f} ETH for a size of {self.size:f}, "
                f"found {self.cash_flow:f}"
            )
        if abs(self.fee) > abs(self.size) * FEE_MAX_ETH:
            raise ValueError(f"fee: expected at most {FEE_MAX_ETH} ETH a contract, found {self.fee:f}")
        return self


class Settlements(RowsAnswer):
    """Deliveries, oldest first."""

    ROWS = "settlements"

    settlements: Annotated[
        tuple[Settlement, ...],
        FailFast(),
        rows(lambda row: (row.instrument_name, row.timestamp), order=lambda row: row.timestamp),
    ]


GET_ACCOUNT_SUMMARY: Final = Tool(Router.DERIBIT, "get_account_summary", CurrencyRequest, AccountSummary)
GET_POSITIONS: Final = Tool(Router.DERIBIT, "get_positions", CurrencyRequest, Positions)
PLACE_COMBO_ORDER: Final = Tool(Router.DERIBIT, "place_combo_order", PlaceComboOrder, OrderAnswer)
GET_ORDER_BY_LABEL: Final = Tool(Router.DERIBIT, "get_order_by_label", GetOrderByLabel, MaybeOrder)
GET_OPEN_ORDERS: Final = Tool(Router.DERIBIT, "get_open_orders", CurrencyRequest, Orders)
EDIT_ORDER: Final = Tool(Router.DERIBIT, "edit_order", EditOrderRequest, OrderAnswer)
GET_ORDER_HISTORY: Final = Tool(Router.DERIBIT, "get_order_history", GetOrderHistory, Orders)
GET_USER_TRADES: Final = Tool(Router.DERIBIT, "get_user_trades", GetSince, Trades)
GET_MARGINS: Final = Tool(Router.DERIBIT, "get_margins", GetMargins, Margins)
CANCEL_ORDER: Final = Tool(Router.DERIBIT, "cancel_order", OrderIdRequest, OrderAnswer)
CANCEL_ALL: Final = Tool(Router.DERIBIT, "cancel_all", CurrencyRequest, Cancelled)
GET_TRADES_BY_ORDER: Final = Tool(Router.DERIBIT, "get_trades_by_order", OrderIdRequest, Trades)
GET_SETTLEMENTS: Final = Tool(Router.DERIBIT, "get_settlements", GetSince, Settlements)
TRADING_TOOLS: Final = (
    GET_ACCOUNT_SUMMARY,
    GET_POSITIONS,
    PLACE_COMBO_ORDER,
    GET_ORDER_BY_LABEL,
    GET_OPEN_ORDERS,
    EDIT_ORDER,
    GET_ORDER_HISTORY,
    GET_USER_TRADES,
    GET_MARGINS,
    CANCEL_ORDER,
    CANCEL_ALL,
    GET_TRADES_BY_ORDER,
    GET_SETTLEMENTS,
)
