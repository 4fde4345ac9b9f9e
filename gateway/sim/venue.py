"""The simulated venue: each method by its name, and what is counted against whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from gateway.paper.source import MarketSource
from gateway.sim.credits import Credits
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.keys import Keys, SimKey
from gateway.sim.moods import Moods
from gateway.sim.options import SimOptions
from gateway.sim.series import SimSeries

EURO_USD: Final = 1.0850
"""The index of the euro, for ever."""
STRANGER: Final = "address"


class SimVenue:
    """One simulated environment of Deribit. `wall_s` is its clock, seconds since 1970."""

    def __init__(
        self,
        source: MarketSource,
        wall_s: Callable[[], float],
        *,
        seed: int = 7,
        keys: Iterable[SimKey] = (),
        testnet: bool = True,
    ) -> None:
        self.source = source
        self.testnet = testnet
        self.wall_s = wall_s
        self.credits = Credits(wall_s)
        self.keys = Keys({key.client_id: key for key in keys})
        self.calls: list[str] = []
        """Every method that was called, in order; for whoever counts them."""
        self._words = Moods(seed)
        self._options = SimOptions(source, self._words)
        self._series = SimSeries(source, self._options, self._words, seed)
        self._methods: dict[str, Callable[[dict[str, Any], datetime], object]] = {
            "public/auth": lambda asked, _: self.keys.log_in(asked, self.now_ms()),
            "public/get_time": lambda _, __: self.now_ms(),
            "public/test": lambda _, __: {"version": "1.2.26"},
            "public/status": lambda _, __: {"locked": "false", "locked_indices": []},
            "public/get_index_price": self._index_price,
            "public/get_index_chart_data": lambda asked, now: self._series.chart(asked, now),
            "public/get_volatility_index_data": lambda asked, now: self._series.dvol(asked, now),
            "public/get_tradingview_chart_data": lambda asked, now: self._series.candles(asked, now),
            "public/get_instruments": self._instruments,
            "public/get_book_summary_by_currency": self._summaries,
            "public/ticker": lambda asked, now: self._options.ticker(
                asked.get("instrument_name"), now, self.now_ms()
            ),
            "public/get_order_book": lambda asked, now: self._options.book(
                asked.get("instrument_name"), asked.get("depth", 5), now, self.now_ms()
            ),
        }

    def now_ms(self) -> int:
        """The venue's time, ms since 1970."""
        return int(self.wall_s() * 1000)

    def call(self, method: str, params: dict[str, Any], caller: SimKey | None) -> object:
        """The result of one method. Raises `RpcError`."""
        answer = self._methods.get(method)
        if answer is None:
            raise RpcError(-32601, "Method not found")
        self.credits.spend(STRANGER if caller is None else caller.client_id, method)
        self.calls.append(method)
        return answer(params, datetime.fromtimestamp(self.wall_s(), UTC))

    def _index_price(self, asked: dict[str, Any], now: datetime) -> object:
        match asked.get("index_name"):
            case "eth_usd":
                price = round(self.source.index_usd(now), 2)
            case "eurr_usdc":
                price = EURO_USD
            case _:
                raise invalid_params("index_name", "unknown index")
        return {"index_price": self._words.price(price), "estimated_delivery_price": price}

    def _instruments(self, asked: dict[str, Any], now: datetime) -> object:
        _require_eth_options(asked)
        return self._options.listed(now)

    def _summaries(self, asked: dict[str, Any], now: datetime) -> object:
        _require_eth_options(asked)
        return self._options.summaries(now, self.now_ms())


def _require_eth_options(asked: dict[str, Any]) -> None:
    if asked.get("currency") != "ETH":
        raise invalid_params("currency", "unknown currency")
    if asked.get("kind", "option") != "option":
        raise invalid_params("kind", "only options are simulated")
