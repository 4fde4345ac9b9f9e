"""The methods of Deribit that the gateway may call. There is none for withdrawals, transfers or keys."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Bucket(StrEnum):
    """What a call is counted against at the venue."""

    READS = "reads"
    MATCHING = "matching"
    INSTRUMENTS = "instruments"
    """At most once in some seconds; documents of the venue differ between 1 and 10."""
    LOG = "log"
    SIMULATION = "simulation"


class Method(StrEnum):
    """Each by the path under `/api/v2/`."""

    GET_TIME = "public/get_time"
    STATUS = "public/status"
    AUTH = "public/auth"
    GET_INDEX_PRICE = "public/get_index_price"
    GET_INDEX_CHART = "public/get_index_chart_data"
    GET_VOLATILITY_INDEX = "public/get_volatility_index_data"
    GET_CANDLES = "public/get_tradingview_chart_data"
    GET_INSTRUMENTS = "public/get_instruments"
    GET_TICKER = "public/ticker"
    GET_BOOK_SUMMARY = "public/get_book_summary_by_currency"
    GET_ORDER_BOOK = "public/get_order_book"
    GET_INSTRUMENT = "public/get_instrument"
    GET_COMBO = "public/get_combo_details"
    GET_DELIVERY_PRICES = "public/get_delivery_prices"
    CREATE_COMBO = "private/create_combo"
    BUY = "private/buy"
    SELL = "private/sell"
    EDIT = "private/edit"
    CANCEL = "private/cancel"
    CANCEL_ALL = "private/cancel_all_by_currency"
    GET_ORDER = "private/get_order_state"
    GET_ORDERS_BY_LABEL = "private/get_order_state_by_label"
    GET_OPEN_BY_LABEL = "private/get_open_orders_by_label"
    GET_OPEN_ORDERS = "private/get_open_orders_by_currency"
    GET_ORDER_HISTORY = "private/get_order_history_by_currency"
    GET_TRADES_BY_ORDER = "private/get_user_trades_by_order"
    GET_TRADES_BY_TIME = "private/get_user_trades_by_currency_and_time"
    GET_SETTLEMENTS = "private/get_settlement_history_by_currency"
    GET_LOG = "private/get_transaction_log"
    GET_ACCOUNT = "private/get_account_summary"
    GET_ACCOUNTS = "private/get_account_summaries"
    GET_POSITIONS = "private/get_positions"
    GET_MARGINS = "private/get_margins"
    SIMULATE = "private/simulate_portfolio"

    @property
    def bucket(self) -> Bucket:
        """What of the venue's limits a call uses."""
        return _BUCKETS.get(self, Bucket.READS)


_BUCKETS: Final = {
    Method.GET_INSTRUMENTS: Bucket.INSTRUMENTS,
    Method.GET_LOG: Bucket.LOG,
    Method.SIMULATE: Bucket.SIMULATION,
    **dict.fromkeys(
        (Method.BUY, Method.SELL, Method.EDIT, Method.CANCEL, Method.CANCEL_ALL), Bucket.MATCHING
    ),
}
