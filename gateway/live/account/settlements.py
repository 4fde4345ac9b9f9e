"""Deliveries of the account: what expired, at which price, and what it moved in the balance.

The settlement history tells the price, the transaction log the cash; neither alone is enough, and each row
is held against what the option pays at that price. Whether an option that expires without worth has rows
nobody has published: without them it is told once the venue has published the day's price and the position
is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, NamedTuple

from core.contract import GetSince, Settlement, Settlements, Trades
from core.market.instrument_name import named_option
from core.values import OptionType
from gateway.live.account.trade_rows import log_rows
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, StaleError
from gateway.live.fields import AnswerFields, ms_of
from gateway.live.market.instruments import COIN, INDEX, money, plain
from gateway.live.store import SeenPosition, StateFolder
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads

PAGE: Final = 1000
PAGES_MAX: Final = 20
PRICES_MAX: Final = 1000
NEARLY: Final = Decimal("2E-8")
"""How far a contract's payoff may be from the price that is told: both are rounded."""
ZERO: Final = Decimal(0)


class _Delivered(NamedTuple):
    """A row of the settlement history."""

    instrument: str
    price_usd: Decimal
    size: Decimal
    at: datetime


class _Cash(NamedTuple):
    """A row of the transaction log."""

    change: Decimal
    commission: Decimal
    closes: str
    """`sell` if a long position ended, `buy` if a short one did."""
    at: datetime


class Deliveries:
    """Reads of deliveries. Each raises an `OutsideError` if the venue does not answer."""

    def __init__(
        self,
        reads: DeribitReads,
        folder: StateFolder,
        held: Callable[[Deadline], Awaitable[dict[str, Decimal]]],
        traded: Callable[[GetSince, Deadline], Awaitable[Trades]],
    ) -> None:
        """`held` reads the sizes of positions, `traded` the trades since a time."""
        self._reads = reads
        self._folder = folder
        self._held = held
        self._traded = traded

    async def settlements(self, request: GetSince, deadline: Deadline) -> Settlements:
        """Each delivery at or after `since`, once its cash is known. Raises `StaleError` before that."""
        remembered = self._folder.held()
        delivered, cash, held = await asyncio.gather(
            self._history(request.since, deadline),
            self._cash(request.since, deadline),
            self._held(deadline),
        )
        found = [self._joined(each, cash, remembered) for each in delivered]
        missing = cash.keys() - {(each.instrument, each.at.date()) for each in delivered}
        if missing:
            raise StaleError(f"deliveries not indexed yet: {sorted(name for name, _ in missing)[0]}")
        told = {each.instrument_name for each in found}
        gone = {
            name: seen
            for name, seen in remembered.items()
            if name not in told and name not in held and self._expired_since(name, request.since)
        }
        if gone:
            sizes = await self._kept_to_the_end(gone, deadline)
            found += await self._worthless(sizes, deadline)
        return Settlements(settlements=tuple(sorted(found, key=lambda each: each.timestamp)))

    def _expired_since(self, name: str, since: datetime) -> bool:
        option = named_option(name)
        return option is not None and since <= option[0] <= self._reads.wire.clock.now()

    async def _history(self, since: datetime, deadline: Deadline) -> list[_Delivered]:
        asked: dict[str, object] = {"currency": COIN, "type": "delivery", "count": PAGE}
        found: list[_Delivered] = []
        for _ in range(PAGES_MAX):
            answer = await self._reads.read(Method.GET_SETTLEMENTS, asked, deadline, Priority.HISTORY)
            page = AnswerFields(answer.result, "get_settlement_history_by_currency")
            rows = list(page.rows("settlements"))
            found += [
                _Delivered(
                    row.text("instrument_name"),
                    plain(row.positive("index_price").quantize(Decimal("0.0001"))),
                    abs(plain(row.decimal("position"))),
                    row.time("timestamp"),
                )
                for row in rows
                if row.text("type") == "delivery"
            ]
            # A venue that takes no notice of the type has pages without a delivery.
            is_last = not page.has("continuation") or not rows
            if is_last or min(row.time("timestamp") for row in rows) < since:
                options = (row for row in found if named_option(row.instrument) is not None)
                return [row for row in options if row.at >= since]
            asked["continuation"] = page.page_key("continuation")
        raise AnomalyError(f"settlement history: expected at most {PAGES_MAX} pages since {since}")

    async def _cash(self, since: datetime, deadline: Deadline) -> dict[tuple[str, date], _Cash]:
        end = self._reads.wire.clock.now()
        found: dict[tuple[str, date], _Cash] = {}
        for row in await log_rows(self._reads, "delivery", since, end, deadline):
            name, at = row.text("instrument_name"), row.time("timestamp")
            if named_option(name) is None:
                continue
            known = found.get((name, at.date()))
            change, commission = row.decimal("change"), _or_zero(row, "commission")
            if known is not None:
                change, commission = change + known.change, commission + known.commission
            found[name, at.date()] = _Cash(change, commission, row.text("side").rsplit(" ", 1)[-1], at)
        return found

    def _joined(
        self, each: _Delivered, cash: dict[tuple[str, date], _Cash], remembered: dict[str, SeenPosition]
    ) -> Settlement:
        moved = cash.get((each.instrument, each.at.date()))
        if moved is None:
            raise StaleError(f"deliveries not indexed yet: {each.instrument} has no cash")
        known = remembered.get(each.instrument)
        if known is not None and known.size:
            sign = 1 if known.size > 0 else -1
        elif moved.closes in ("sell", "buy"):
            sign = 1 if moved.closes == "sell" else -1
        else:
            raise AnomalyError(f"delivery of {each.instrument}: side: found {moved.closes!r}")
        size, flow = each.size * sign, money(moved.change + moved.commission)
        pays = _payoff_eth(each.instrument, each.price_usd)
        if abs(flow - size * pays) > NEARLY * max(abs(size), Decimal(1)):
            raise AnomalyError(
                f"delivery of {each.instrument}: expected {size * pays:.8f} ETH for {size}, found {flow}"
            )
        return Settlement(
            instrument_name=each.instrument,
            delivery_price=each.price_usd,
            size=size,
            cash_flow=flow + ZERO,
            fee=money(moved.commission),
            timestamp=each.at,
        )

    async def _kept_to_the_end(self, gone: dict[str, SeenPosition], deadline: Deadline) -> dict[str, Decimal]:
        """What was left of positions at their expiry, by what was traded after they were last seen."""
        first_ms = min(seen.at_ms for seen in gone.values())
        asked = GetSince(since=datetime.fromtimestamp(first_ms / 1000, UTC))
        trades = (await self._traded(asked, deadline)).trades
        sizes = {name: seen.size for name, seen in gone.items()}
        for trade in trades:
            seen = gone.get(trade.instrument_name)
            if seen is not None and ms_of(trade.timestamp) > seen.at_ms:
                sizes[trade.instrument_name] += trade.amount if trade.side == "buy" else -trade.amount
        return {name: size for name, size in sizes.items() if size}

    async def _worthless(self, gone: dict[str, Decimal], deadline: Deadline) -> list[Settlement]:
        """Positions that expired without rows: told if they paid nothing, waited for if they did."""
        asked = {"index_name": INDEX, "offset": 0, "count": PRICES_MAX}
        answer = await self._reads.read(Method.GET_DELIVERY_PRICES, asked, deadline, Priority.HISTORY)
        prices = {
            row.text("date"): row.positive("delivery_price")
            for row in AnswerFields(answer.result, "get_delivery_prices").rows("data")
        }
        found = []
        for name, size in sorted(gone.items()):
            option = named_option(name)
            price = None if option is None else prices.get(option[0].date().isoformat())
            if option is None or price is None:
                raise StaleError(f"deliveries not indexed yet: {name} has no price")
            if _payoff_eth(name, price) != 0:
                raise StaleError(f"deliveries not indexed yet: {name} has paid")
            found.append(
                Settlement(
                    instrument_name=name,
                    delivery_price=plain(price.quantize(Decimal("0.0001"))),
                    size=size,
                    cash_flow=ZERO,
                    fee=ZERO,
                    timestamp=option[0],
                )
            )
        return found


def _payoff_eth(name: str, price_usd: Decimal) -> Decimal:
    """What one bought contract pays at delivery, ETH."""
    option = named_option(name)
    if option is None:
        raise AnomalyError(f"delivery: expected an option, found {name!r}")
    _, strike_usd, option_type = option
    gap = price_usd - strike_usd
    return max(gap if option_type is OptionType.CALL else -gap, ZERO) / price_usd


def _or_zero(row: AnswerFields, name: str) -> Decimal:
    """A commission is null where there is none, as of a daily option."""
    return row.decimal(name) if row.has(name) else ZERO
