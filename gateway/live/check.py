"""The whole start, and every read once: what works, and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import Final, NamedTuple

from core.contract import (
    CoinRequest,
    CurrencyRequest,
    GetCalendar,
    GetDvolHistory,
    GetFundingHistory,
    GetFundingRate,
    GetFxRate,
    GetHistorical,
    GetInstruments,
    GetOptionsChain,
    GetOrderBook,
    GetOrderHistory,
    GetSince,
)
from gateway.live.deadline import Deadline
from gateway.live.errors import OutsideError, WarmingError
from gateway.live.market.history import INDEX_INSTRUMENT
from gateway.live.market.instruments import COIN
from gateway.live.settings import LiveSettings
from gateway.live.sources import LiveSources
from gateway.live.trading import AccountTrading
from gateway.shell.refusals import SoftRefusalError

CHAIN_FROM: Final = timedelta(days=9)
CHAIN_TO: Final = timedelta(days=15)
"""The expiries that an entry looks at."""
INDEX_BACK: Final = timedelta(hours=724)
CHAIN_TRIES_MAX: Final = 5


Read = Callable[[Deadline], Awaitable[str]]
BACK: Final = timedelta(days=7)


class Checked(NamedTuple):
    """One read: whether it worked, and what it found or why not."""

    what: str
    ok: bool
    found: str
    took_ms: float


class Report(NamedTuple):
    """All reads, and what a person should know beside them."""

    environment: str
    account: str
    rows: list[Checked]
    assumptions: list[str]
    warnings: list[str]


def checked(settings: LiveSettings) -> Report:
    """Read everything once. Raises `InputError` if the gateway could not even start."""
    return asyncio.run(_checked(settings))


async def _checked(settings: LiveSettings) -> Report:
    sources = LiveSources(settings)
    try:
        await sources.start(Deadline.within())
        rows = [await _tried(what, read) for what, read in _reads(sources)]
        return Report(settings.environment, sources.account, rows, sources.assumptions(), sources.warnings())
    finally:
        await sources.close()


async def _tried(what: str, read: Read) -> Checked:
    began = monotonic()
    try:
        found, ok = await read(Deadline.within()), True
    except (OutsideError, SoftRefusalError) as error:
        found, ok = str(error), False
    return Checked(what, ok, found, (monotonic() - began) * 1000)


def _reads_of(trading: AccountTrading | None, now: datetime) -> list[tuple[str, Read]]:
    """What an account is asked for; nothing without a key. Nothing is placed."""
    if trading is None:
        return []

    async def orders_placed(_: Deadline) -> str:
        return "yes" if trading.off is None else f"no: {trading.off}"

    async def summary(by: Deadline) -> str:
        found = await trading.account.summary(CurrencyRequest(), by)
        return f"{found.equity:f} ETH, {found.available_funds:f} free, margin {trading.whose.margin_model}"

    async def positions(by: Deadline) -> str:
        return f"{len((await trading.account.positions(CurrencyRequest(), by)).positions)} held"

    async def orders(by: Deadline) -> str:
        found = await trading.changing.open_orders(CurrencyRequest(), by)
        asked = GetOrderHistory(since=now - BACK)
        ended = (await trading.changing.history(asked, by)).orders
        return f"{len(found.orders)} open, {len(ended)} ended in a week"

    async def trades(by: Deadline) -> str:
        return f"{len((await trading.trades.since(GetSince(since=now - BACK), by)).trades)} in a week"

    async def settlements(by: Deadline) -> str:
        found = await trading.deliveries.settlements(GetSince(since=now - BACK), by)
        return f"{len(found.settlements)} in a week"

    async def equity(by: Deadline) -> str:
        return f"{(await trading.portfolio.total(CurrencyRequest(currency='EUR'), by)).equity:,} EUR"

    return [
        ("orders are placed", orders_placed),
        ("account", summary),
        ("positions", positions),
        ("orders", orders),
        ("trades", trades),
        ("deliveries", settlements),
        ("all that is owned", equity),
    ]


def _reads(sources: LiveSources) -> list[tuple[str, Read]]:
    now = sources.clock.now()
    span = {"expiry_from": now + CHAIN_FROM, "expiry_to": now + CHAIN_TO}

    async def rights(_: Deadline) -> str:
        return ", ".join(sorted(sources.rights)) or "there is no key: market data alone"

    async def clock(by: Deadline) -> str:
        at = await sources.venue_time(by)
        return f"{at:%Y-%m-%d %H:%M:%S}Z, {sources.clock.offset_s:+.3f} s from ours"

    async def index(by: Deadline) -> str:
        return f"{(await sources.market.index_price(CurrencyRequest(), by)).price} USD"

    async def dvol(by: Deadline) -> str:
        return f"{(await sources.market.dvol(CurrencyRequest(), by)).dvol:.2f} points"

    async def dvol_history(by: Deadline) -> str:
        asked = GetDvolHistory(start=now - timedelta(days=2), end=now)
        return f"{len((await sources.history.dvol_history(asked, by)).points)} hours"

    async def index_history(by: Deadline) -> str:
        asked = GetHistorical(instrument=INDEX_INSTRUMENT, start=now - INDEX_BACK, end=now)
        return f"{len((await sources.history.historical(asked, by)).candles)} hours"

    async def instruments(by: Deadline) -> str:
        return f"{len((await sources.market.instruments(GetInstruments(), by)).instruments)} options"

    async def chain(by: Deadline) -> str:
        for left in reversed(range(CHAIN_TRIES_MAX)):
            try:
                found = await sources.market.options_chain(GetOptionsChain(**span), by)
            except WarmingError:
                if not left:
                    raise
                by = Deadline.within()
            else:
                return f"{len(found.quotes)} quotes"
        raise AssertionError("a try returns or raises")

    async def book(by: Deadline) -> str:
        near = (await sources.market.instruments(GetInstruments(**span), by)).instruments
        if not near:
            return "no option is listed 9 to 15 days ahead"
        found = await sources.market.order_book(GetOrderBook(instrument_name=near[0].instrument_name), by)
        return f"{len(found.bids)} bids and {len(found.asks)} asks of {near[0].instrument_name}"

    async def hyperliquid(by: Deadline) -> str:
        return f"{(await sources.hyperliquid.rate(GetFundingRate(coin=COIN), by)).annualized_rate:.2%} a year"

    async def hyperliquid_history(by: Deadline) -> str:
        asked = GetFundingHistory(coin=COIN, start=now - timedelta(days=1), end=now)
        return f"{len((await sources.hyperliquid.history(asked, by)).points)} hours"

    async def exchanges(by: Deadline) -> str:
        found = (await sources.exchanges.funding(CoinRequest(coin=COIN), by)).exchanges
        return ", ".join(f"{each.name} {each.annualized_rate:.2%}" for each in found)

    async def calendar(_: Deadline) -> str:
        found = await sources.events(GetCalendar(start=now, end=now + timedelta(days=21)))
        return f"{len(found.events)} events in 3 weeks; the file ends {sources.calendar.valid_through}"

    async def fx(by: Deadline) -> str:
        return f"{(await sources.fx.rate(GetFxRate(base='EUR', quote='USD'), by)).rate:.4f} USD a EUR"

    async def liquidations(by: Deadline) -> str:
        if sources.settings.liquidations == "okx":
            await sources.okx.record(by)
        found = await sources.liquidation_pressure(CoinRequest(coin=COIN))
        return f"{found.level}: {found.long_usd_24h + found.short_usd_24h:,} USD"

    return [
        ("key's rights", rights),
        *_reads_of(sources.trading, now),
        ("venue's clock", clock),
        ("index", index),
        ("DVOL", dvol),
        ("DVOL's history", dvol_history),
        ("index by the hour", index_history),
        ("listed options", instruments),
        ("chain of an entry", chain),
        ("order book", book),
        ("Hyperliquid's funding", hyperliquid),
        ("Hyperliquid's history", hyperliquid_history),
        ("funding at exchanges", exchanges),
        ("calendar of events", calendar),
        ("EUR/USD", fx),
        ("forced closes", liquidations),
    ]
