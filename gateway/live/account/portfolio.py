"""All that the owner has: what is at the venue in any currency, and what a file says of the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, NamedTuple

from core.contract import CurrencyRequest, FxRate, GetFxRate, Holding, Holdings, TotalEquity
from gateway.live.account.holdings import FIXED, FX, HeldBeside
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, OutsideError, VenueError
from gateway.live.fields import AnswerFields, as_time
from gateway.live.market.instruments import COIN, money
from gateway.live.venue.limits import Priority
from gateway.live.venue.methods import Method
from gateway.live.venue.reads import DeribitReads
from gateway.shell.refusals import SoftRefusalError

DOLLARS: Final = frozenset({"USD", "USDC", "USDT"})
INDEXES: Final = {"BTC": "btc_usd", "ETH": "eth_usd"}
CENT: Final = Decimal("0.01")
ZERO: Final = Decimal(0)


class _Part(NamedTuple):
    """One asset: how many, worth how many USD, as of when (None if the venue does not price it)."""

    asset: str
    amount: Decimal
    usd: Decimal
    at: datetime | None


class Portfolio:
    """Reads of all that is owned. Each raises an `OutsideError`, or `SoftRefusalError` if it has no price."""

    def __init__(
        self,
        reads: DeribitReads,
        outside: Sequence[HeldBeside],
        fx: Callable[[GetFxRate, Deadline], Awaitable[FxRate]],
    ) -> None:
        self._reads = reads
        self._outside = outside
        self._fx = fx

    async def total(self, request: CurrencyRequest, deadline: Deadline) -> TotalEquity:
        """The worth of everything, as of the oldest price of the venue among it."""
        parts, dollars = await self._parts(deadline)
        usd = sum((part.usd for part in parts), ZERO)
        if usd < 0:
            raise SoftRefusalError("negative equity", f"{usd:.2f} USD in all")
        match request.currency:
            case "USD":
                equity = usd.quantize(CENT, ROUND_HALF_EVEN)
            case "EUR":
                equity = (usd / dollars).quantize(CENT, ROUND_HALF_EVEN)
            case _:
                index, _ = await self._index(INDEXES[COIN], deadline)
                equity = money(usd / index)
        at = min(part.at for part in parts if part.at is not None)
        return TotalEquity(equity=equity, currency=request.currency, timestamp=at)

    async def holdings(self, deadline: Deadline) -> Holdings:
        """Every asset once, its value in EUR and its share of the whole."""
        parts, dollars = await self._parts(deadline)
        total = sum((part.usd for part in parts), ZERO)
        if total <= 0:
            raise SoftRefusalError("negative equity", f"{total:.2f} USD in all")
        assets = sorted({part.asset for part in parts})
        found = []
        for asset in assets:
            of = [part for part in parts if part.asset == asset]
            usd = sum((part.usd for part in of), ZERO)
            found.append(
                Holding(
                    asset=asset,
                    amount=money(sum((part.amount for part in of), ZERO)),
                    value_eur=(usd / dollars).quantize(CENT, ROUND_HALF_EVEN),
                    share=min(1.0, max(0.0, float(usd / total))),
                )
            )
        return Holdings(holdings=tuple(found))

    async def _parts(self, deadline: Deadline) -> tuple[list[_Part], Decimal]:
        """Everything by asset, and how many dollars a euro costs."""
        at_venue, rate = await asyncio.gather(
            self._at_venue(deadline), self._fx(GetFxRate(base="EUR", quote="USD"), deadline)
        )
        dollars = Decimal(repr(rate.rate))
        beside = [await self._beside(each, dollars, deadline) for each in self._outside]
        return [*at_venue, *beside], dollars

    async def _at_venue(self, deadline: Deadline) -> list[_Part]:
        answer = await self._reads.read(Method.GET_ACCOUNTS, {"extended": True}, deadline, Priority.ACCOUNT)
        at = as_time(answer.us_out // 1000, "usOut")
        found, unpriced = [], []
        for row in AnswerFields(answer.result, "get_account_summaries").rows("summaries"):
            currency, equity = row.text("currency"), money(row.decimal("equity"))
            if equity == 0 and currency != COIN:
                continue
            try:
                price, priced_at = await self._priced(currency, deadline)
            except VenueError:
                unpriced.append(currency)
                continue
            found.append(_Part(currency, equity, equity * price, min(at, priced_at or at)))
        if unpriced:
            raise SoftRefusalError("no index", f"for {', '.join(unpriced)}, of which the account holds some")
        if not found:
            raise AnomalyError(f"get_account_summaries: expected one of {COIN}, found none")
        return found

    async def _priced(self, currency: str, deadline: Deadline) -> tuple[Decimal, datetime | None]:
        """What one of a currency costs in USD, and as of when."""
        if currency in DOLLARS:
            return Decimal(1), None
        return await self._index(INDEXES.get(currency, f"{currency.lower()}_usdc"), deadline)

    async def _beside(self, each: HeldBeside, dollars: Decimal, deadline: Deadline) -> _Part:
        if each.is_too_old(self._reads.wire.clock.now()):
            raise SoftRefusalError("holdings", f"{each.asset}: its value is more than a week old")
        if each.price == FIXED:
            return _Part(each.named, each.amount, (each.value_eur or ZERO) * dollars, None)
        if each.price == FX:
            return _Part(each.named, each.amount, each.amount * dollars, None)
        try:
            price, at = await self._index(each.price, deadline)
        except OutsideError as error:
            raise SoftRefusalError("holdings", f"{each.asset}: {each.price}: {error}") from error
        return _Part(each.named, each.amount, each.amount * price, at)

    async def _index(self, name: str, deadline: Deadline) -> tuple[Decimal, datetime]:
        answer = await self._reads.read(
            Method.GET_INDEX_PRICE, {"index_name": name}, deadline, Priority.ACCOUNT
        )
        price = money(AnswerFields(answer.result, "get_index_price").positive("index_price"))
        return price, as_time(answer.us_out // 1000, "usOut")
