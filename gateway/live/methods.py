"""The methods of Deribit that the gateway may call. There is none for withdrawals, transfers or keys."""

from __future__ import annotations

from enum import StrEnum


class Bucket(StrEnum):
    """What a call is counted against at the venue."""

    READS = "reads"
    MATCHING = "matching"
    INSTRUMENTS = "instruments"
    """At most once in some seconds; documents of the venue differ between 1 and 10."""
    LOG = "log"


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

    @property
    def bucket(self) -> Bucket:
        """What of the venue's limits a call uses."""
        return Bucket.INSTRUMENTS if self is Method.GET_INSTRUMENTS else Bucket.READS
