"""The simulated venue's options, from the paper venue's market: listings, tickers, summaries and books."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from core.errors import InputError
from gateway.paper.instruments import ListedOption, parse_instrument
from gateway.paper.quotes import PaperQuote
from gateway.paper.source import MarketSource
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.moods import Moods

FEE: Final = 0.0003
DEPTHS: Final = (1, 5, 10, 20, 50, 100, 1000, 10_000)
UNIT_ETH: Final = 0.0001
TICK_SIZE, COARSE_TICK, COARSE_ABOVE = 0.0001, 0.0005, 0.005
LISTED_BEFORE: Final = timedelta(days=90)


def _ms(at: datetime) -> int:
    return round(at.timestamp()) * 1000


class SimOptions:
    """What the venue says of its options at a time."""

    def __init__(self, source: MarketSource, words: Moods) -> None:
        self._source = source
        self._words = words

    def listed(self, now: datetime) -> list[dict[str, object]]:
        """`public/get_instruments` of ETH's options."""
        return [
            self._instrument(option)
            for expiry in self._source.expiries(now)
            for option in self._source.instruments(now, expiry)
        ]

    def ticker(self, name: object, now: datetime, now_ms: int) -> dict[str, object]:
        """`public/ticker` of one option. Raises `RpcError` if it is not listed."""
        quote = self._quote(name, now)
        row = {**self._market(quote, now, now_ms), **self._shared(quote, now)}
        return self._words.dressed(row, ("settlement_price", "interest_rate", "estimated_delivery_price"))

    def book(self, name: object, depth: object, now: datetime, now_ms: int) -> dict[str, object]:
        """`public/get_order_book`: what a ticker says, and one level a side."""
        if depth not in DEPTHS:
            raise invalid_params("depth", "value is not one of the allowed")
        quote = self._quote(name, now)
        row = {**self._market(quote, now, now_ms), **self._shared(quote, now)}
        row["change_id"] = now_ms
        for side in ("bid", "ask"):
            price, amount = row[f"best_{side}_price"], row[f"best_{side}_amount"]
            row[f"{side}s"] = [[price, amount]] if amount else []
        return self._words.dressed(row, ("settlement_price", "interest_rate"))

    def summaries(self, now: datetime, now_ms: int) -> list[dict[str, object]]:
        """`public/get_book_summary_by_currency` of all options."""
        return [
            self._summary(quote, now, now_ms)
            for expiry in self._source.expiries(now)
            for quote in self._source.chain(now, expiry)
        ]

    def described(self, name: object, now: datetime) -> dict[str, object]:
        """`public/get_instrument` of one option. Raises `RpcError` if it is not listed."""
        return self._instrument(self._quote(name, now).instrument)

    def mark(self, name: object, at: datetime) -> float | None:
        """A listed option's mark (ETH) at a time; None if it was not listed then."""
        quote = self._source.quote(at, self._option(name))
        return None if quote is None else quote.mark_eth

    def _option(self, name: object) -> ListedOption:
        try:
            return parse_instrument(str(name))
        except InputError as error:
            raise invalid_params("instrument_name", "wrong format") from error

    def _quote(self, name: object, now: datetime) -> PaperQuote:
        quote = self._source.quote(now, self._option(name))
        if quote is None:
            raise RpcError(13020, "not_found")
        return quote

    def _instrument(self, option: ListedOption) -> dict[str, object]:
        row: dict[str, object] = {
            "price_index": "eth_usd",
            "kind": "option",
            "instrument_name": option.name,
            "option_type": option.option_type.value,
            "strike": float(option.strike_usd),
            "maker_commission": FEE,
            "taker_commission": FEE,
            "instrument_type": "reversed",
            "underlying_type": "crypto",
            "expiration_timestamp": _ms(option.expiration),
            "creation_timestamp": _ms(option.expiration - LISTED_BEFORE),
            "is_active": True,
            "tick_size": TICK_SIZE,
            "tick_size_steps": [{"above_price": COARSE_ABOVE, "tick_size": COARSE_TICK}],
            "contract_size": 1.0,
            "instrument_id": _ms(option.expiration) // 100_000 + option.strike_usd * 2 + option.is_call,
            "min_trade_amount": 1.0,
            "max_leverage": 1,
            "max_liquidation_commission": 0.0075,
            "block_trade_commission": FEE,
            "block_trade_min_trade_amount": 250,
            "block_trade_tick_size": 0.0001,
            "settlement_currency": "ETH",
            "settlement_period": "week",
            "base_currency": "ETH",
            "counter_currency": "USD",
            "quote_currency": "ETH",
            "state": "open",
        }
        return self._words.dressed(row, ("state",))

    def _market(self, quote: PaperQuote, now: datetime, now_ms: int) -> dict[str, object]:
        price, index = self._words.price, round(self._source.index_usd(now), 2)
        bid, ask = (
            0.0 if units is None else round(units * UNIT_ETH, 4)
            for units in (quote.bid_units, quote.ask_units)
        )
        volume = quote.volume_24h or None
        return {
            "instrument_name": quote.instrument.name,
            "timestamp": now_ms,
            "state": "open",
            "best_bid_price": price(bid),
            "best_bid_amount": quote.bid_size if bid else 0.0,
            "best_ask_price": price(ask),
            "best_ask_amount": quote.ask_size if ask else 0.0,
            "mark_price": price(round(quote.mark_eth, 6)),
            "index_price": index,
            "estimated_delivery_price": index,
            "last_price": round(quote.mark_eth, 4) if volume else None,
            "settlement_price": round(quote.mark_eth, 8),
            "open_interest": quote.open_interest,
            "interest_rate": 0.0,
            "stats": {
                "volume": volume,
                "volume_usd": round(quote.volume_24h * quote.mark_eth * index, 2),
                "price_change": 0.0 if volume else None,
                "low": round(quote.mark_eth, 4) if volume else None,
                "high": round(quote.mark_eth, 4) if volume else None,
            },
        }

    def _shared(self, quote: PaperQuote, now: datetime) -> dict[str, object]:
        near = quote.instrument.expiration - now < timedelta(days=7)
        code = quote.instrument.name.rsplit("-", 2)[0]
        return {
            "mark_iv": quote.iv_pct,
            "bid_iv": 0.0 if quote.bid_units is None else quote.iv_pct,
            "ask_iv": 0.0 if quote.ask_units is None else quote.iv_pct,
            "underlying_price": round(quote.forward_usd, 4),
            "underlying_index": f"SYN.{code}" if near else code,
            "greeks": {
                "delta": round(quote.delta, 5),
                "gamma": round(quote.gamma, 7),
                "theta": round(quote.theta, 4),
                "vega": round(quote.vega, 4),
                "rho": 0.0,
            },
        }

    def _summary(self, quote: PaperQuote, now: datetime, now_ms: int) -> dict[str, object]:
        row = {**self._market(quote, now, now_ms), **self._shared(quote, now)}
        bid, ask = (_or_null(row[f"best_{side}_price"]) for side in ("bid", "ask"))
        return {
            "instrument_name": quote.instrument.name,
            "base_currency": "ETH",
            "quote_currency": "ETH",
            "creation_timestamp": now_ms,
            "bid_price": bid,
            "ask_price": ask,
            "mid_price": None if bid is None or ask is None else (bid + ask) / 2,
            "mark_price": row["mark_price"],
            "mark_iv": quote.iv_pct,
            "last": row["last_price"],
            "low": None,
            "high": None,
            "price_change": None,
            "volume": quote.volume_24h,
            "volume_usd": round(quote.volume_24h * quote.mark_eth * quote.forward_usd, 2),
            "open_interest": quote.open_interest,
            "underlying_price": row["underlying_price"],
            "underlying_index": row["underlying_index"],
            "estimated_delivery_price": row["estimated_delivery_price"],
            "interest_rate": 0.0,
        }


def _or_null(price: object) -> float | None:
    return price if isinstance(price, float) and price else None
