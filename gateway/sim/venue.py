"""The simulated venue: each method by its name, and what is counted against whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from core.contract import OrderLeg
from gateway.paper.assumptions import Assumptions
from gateway.paper.instruments import ListedOption
from gateway.paper.source import MarketSource
from gateway.sim.combo_market import ComboMarket
from gateway.sim.combos import SimCombos
from gateway.sim.credits import Credits
from gateway.sim.deliveries import SimDeliveries
from gateway.sim.desk import SimDesk
from gateway.sim.errors import RpcError, invalid_params
from gateway.sim.faults import SimFaults
from gateway.sim.fills import SimAccount, SimBooks
from gateway.sim.kept import SimFolder
from gateway.sim.keys import Keys, SimKey
from gateway.sim.moods import Moods
from gateway.sim.options import SimOptions
from gateway.sim.rights import PUBLIC, require_right
from gateway.sim.series import SimSeries
from gateway.sim.standing import SimStanding
from gateway.sim.trades import SimTrades
from gateway.sim.ways import Ways

EURO_USD: Final = 1.0850
"""The index of the euro, for ever."""
STRANGER: Final = "address"
BALANCE_ETH: Final = Decimal(10)
WHILE_LOCKED: Final = ("public/get_time", "public/test", "public/status")
MAKES_COMBO: Final = "private/create_combo"
ETHER: Final = {
    "currency": "ETH",
    "currency_long": "Ethereum",
    "coin_type": "ETHER",
    "network_currency": "ETH",
    "network_fee": 0.0001,
    "fee_precision": 4,
    "min_confirmations": 1,
    "min_withdrawal_fee": 0.0001,
    "withdrawal_fee": 0.0001,
    "withdrawal_priorities": [],
    "apr": 0.0,
    "in_cross_collateral_pool": True,
    "decimals": 6,
}


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
        ways: Ways | None = None,
        balance_eth: Decimal = BALANCE_ETH,
        unlimited: bool = False,
        euro_usd: float = EURO_USD,
        folder: SimFolder | None = None,
    ) -> None:
        """`unlimited`: as often as anybody likes; `euro_usd` is the index of the euro, for ever. In `folder`
        it is kept, and found again."""
        self.source = source
        self.testnet = testnet
        self.wall_s = wall_s
        self.euro_usd = euro_usd
        self.ways = ways = ways or Ways()
        self.credits = Credits(lambda: self.wall_s(), unlimited=unlimited)
        self.faults = SimFaults(seed)
        self.keys = Keys({key.client_id: key for key in keys})
        self.calls: list[str] = []
        """Every method that was called, in order; for whoever counts them."""
        self._words = words = Moods(seed)
        self._options = SimOptions(source, words)
        self._series = SimSeries(source, self._options, words, seed)
        self._folder = folder
        account = SimAccount(balance_eth, waives=ways.waives)
        self.books = SimBooks(source, account, self._now(), Assumptions())
        self.combos = SimCombos(ways, seed, self._is_listed)
        self.desk = SimDesk(self.books, self.combos, ways, words, seed)
        if folder is not None:
            folder.put_back(self.desk, self.combos)
        self._combo_market = ComboMarket(self.desk, self.combos, words)
        self._trades = SimTrades(self.desk, ways, words, seed)
        self._deliveries = SimDeliveries(self.desk, self._trades, ways)
        standing = SimStanding(self.desk, ways, words, unlimited=unlimited)
        self._methods: dict[str, Callable[[dict[str, Any], datetime], object]] = {
            "public/auth": lambda asked, _: self.keys.log_in(asked, self.now_ms()),
            "public/get_time": lambda _, __: self.now_ms(),
            "public/test": lambda _, __: {"version": "1.2.26"},
            "public/status": lambda _, now: self._status(now),
            "public/get_index_price": self._index_price,
            "public/get_index_price_names": lambda asked, _: _index_names(asked),
            "public/get_index_chart_data": lambda asked, now: self._series.chart(asked, now),
            "public/get_volatility_index_data": lambda asked, now: self._series.dvol(asked, now),
            "public/get_tradingview_chart_data": lambda asked, now: self._series.candles(asked, now),
            "public/get_currencies": lambda _, __: [ETHER],
            "public/get_instruments": self._instruments,
            "public/get_instrument": self._instrument,
            "public/get_book_summary_by_currency": self._summaries,
            "public/ticker": self._ticker,
            "public/get_order_book": self._order_book,
            "public/get_combo_details": lambda asked, _: self.combos.details(
                asked.get("combo_id"), self.now_ms()
            ),
            "public/get_delivery_prices": self._deliveries.prices,
            MAKES_COMBO: lambda asked, _: self.combos.create(asked.get("trades"), self.now_ms()),
            "private/buy": lambda asked, _: self._placed(self.desk.place(asked, "buy", self.now_ms())),
            "private/sell": lambda asked, _: self._placed(self.desk.place(asked, "sell", self.now_ms())),
            "private/edit": lambda asked, _: self._placed(self.desk.edit(asked, self.now_ms())),
            "private/cancel": lambda asked, _: self.desk.cancel(asked),
            "private/cancel_all_by_currency": lambda asked, _: self.desk.cancel_all(asked),
            "private/get_order_state": lambda asked, _: self.desk.state(asked),
            "private/get_order_state_by_label": lambda asked, _: self.desk.by_label(asked),
            "private/get_open_orders_by_label": lambda asked, _: self.desk.open_by_label(asked),
            "private/get_open_orders_by_currency": lambda asked, _: self.desk.open_orders(asked),
            "private/get_open_orders_by_instrument": lambda asked, _: self.desk.open_orders(_named(asked)),
            "private/get_order_history_by_currency": lambda asked, _: self.desk.history(asked),
            "private/get_order_history_by_instrument": lambda asked, _: self.desk.history(_named(asked)),
            "private/get_user_trades_by_order": lambda asked, _: self._trades.by_order(asked),
            "private/get_user_trades_by_currency_and_time": lambda asked, _: self._trades.by_time(asked),
            "private/get_user_trades_by_currency": lambda asked, _: self._trades.of_all(asked),
            "private/get_user_trades_by_instrument": lambda asked, _: self._trades.of_all(_named(asked)),
            "private/get_settlement_history_by_currency": lambda asked, _: self._deliveries.history(asked),
            "private/get_transaction_log": lambda asked, _: self._deliveries.log(asked),
            "private/get_account_summary": lambda asked, _: standing.summary(asked),
            "private/get_account_summaries": lambda _, __: standing.summaries(),
            "private/get_positions": lambda asked, _: standing.positions(asked),
            "private/get_margins": lambda asked, _: standing.margins(asked),
            "private/simulate_portfolio": lambda asked, _: standing.simulated(asked),
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
        require_right(method, caller)
        self.calls.append(method)
        now = self._now()
        self.books.advance(now)
        if self._is_locked(now) and method not in WHILE_LOCKED:
            raise RpcError(11051, "system_maintenance")
        if not method.startswith(PUBLIC):
            self._deliveries.require_open(now)
        try:
            return answer(params, now)
        finally:
            if self._folder is not None and (self.desk.account.take_changes() or method == MAKES_COMBO):
                self._folder.save(self.desk, self.combos)

    def _status(self, now: datetime) -> object:
        locked = self._is_locked(now)
        return {"locked": "true" if locked else "false", "locked_indices": ["eth_usd"] if locked else []}

    def _is_locked(self, now: datetime) -> bool:
        begin, end = self.ways.locked_minutes
        return begin <= now.minute + now.second / 60 < end

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.wall_s(), UTC)

    def _is_listed(self, option: ListedOption) -> bool:
        return self.source.quote(self._now(), option) is not None

    def _placed(self, found: dict[str, Any]) -> dict[str, object]:
        return {"order": found["order"], "trades": self._trades.placed_rows(found["fills"])}

    def _ticker(self, asked: dict[str, Any], now: datetime) -> object:
        combo = self.combos.find(asked.get("instrument_name"))
        if combo is not None:
            return self._combo_market.ticker(combo, self.now_ms())
        row = self._options.ticker(asked.get("instrument_name"), now, self.now_ms())
        return row | self._limits(row)

    def _order_book(self, asked: dict[str, Any], now: datetime) -> object:
        combo = self.combos.find(asked.get("instrument_name"))
        if combo is not None:
            return self._combo_market.book(combo, self.now_ms())
        row = self._options.book(asked.get("instrument_name"), asked.get("depth", 5), now, self.now_ms())
        return row | self._limits(row)

    def _limits(self, row: dict[str, object]) -> dict[str, object]:
        """Between which prices orders for a listed option are taken now."""
        leg = OrderLeg(instrument_name=str(row["instrument_name"]), side="buy", ratio=1)
        limits = self.books.limits_eth([leg])
        return {} if limits is None else {"min_price": float(limits[0]), "max_price": float(limits[1])}

    def _instrument(self, asked: dict[str, Any], now: datetime) -> object:
        combo = self.combos.find(asked.get("instrument_name"))
        if combo is not None:
            return self._combo_market.instrument(combo, self.now_ms())
        return self._options.described(asked.get("instrument_name"), now)

    def _index_price(self, asked: dict[str, Any], now: datetime) -> object:
        match asked.get("index_name"):
            case "eth_usd":
                price = round(self.source.index_usd(now), 2)
            case "eurr_usdc":
                price = self.euro_usd
            case _:
                raise invalid_params("index_name", "unknown index")
        return {"index_price": self._words.price(price), "estimated_delivery_price": price}

    def _instruments(self, asked: dict[str, Any], now: datetime) -> object:
        if asked.get("currency", "any") not in ("ETH", "any"):
            raise invalid_params("currency", "unknown currency")
        match asked.get("kind"):
            case "option":
                return self._options.listed(now)
            case "option_combo":
                return self._combo_market.listed(self.now_ms())
            case None:
                return [*self._options.listed(now), *self._combo_market.listed(self.now_ms())]
            case _:
                raise invalid_params("kind", "only options and their combos are simulated")

    def _summaries(self, asked: dict[str, Any], now: datetime) -> object:
        if asked.get("currency") == "ETH" and asked.get("kind") == "option_combo":
            return self._combo_market.summaries(self.now_ms())
        _require_eth_options(asked)
        return self._options.summaries(now, self.now_ms())


def _index_names(asked: dict[str, Any]) -> object:
    names = ("eth_usd", "eurr_usdc")
    if asked.get("extended") is not True:
        return list(names)
    return [
        {
            "name": name,
            "option_combo_creation_enabled": name == "eth_usd",
            "future_combo_creation_enabled": False,
        }
        for name in names
    ]


def _named(asked: dict[str, Any]) -> dict[str, Any]:
    """What is asked of one instrument has to name it. Raises `RpcError`."""
    if not isinstance(asked.get("instrument_name"), str):
        raise invalid_params("instrument_name", "wrong format")
    return asked


def _require_eth_options(asked: dict[str, Any]) -> None:
    if asked.get("currency") != "ETH":
        raise invalid_params("currency", "unknown currency")
    if asked.get("kind", "option") != "option":
        raise invalid_params("kind", "only options are simulated")
