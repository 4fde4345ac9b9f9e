"""Everything that needs an account, put together: who it is of, and whether it may trade."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final, TypeVar

from core.contract import GetMargins, Margins, OrderAnswer, PlaceComboOrder
from core.errors import InputError
from gateway.live.account.holdings import HeldBeside
from gateway.live.account.portfolio import Portfolio
from gateway.live.account.settlements import Deliveries
from gateway.live.account.standing import VenueAccount, WhoseAccount
from gateway.live.account.trade_rows import ListedTrades
from gateway.live.account.trades import ContractTrades
from gateway.live.deadline import Deadline
from gateway.live.errors import OutsideError, StaleError
from gateway.live.orders.changing import Changing
from gateway.live.orders.combos import ComboBooks
from gateway.live.orders.margins import OrderMargins
from gateway.live.orders.placing import Placing, PlacingStep
from gateway.live.orders.reads import OrderReads
from gateway.live.orders.registry import Registry
from gateway.live.orders.resolver import Resolver
from gateway.live.other_hosts.fx import Fx
from gateway.live.settings import LiveSettings
from gateway.live.store import StateFolder
from gateway.live.venue.limits import Limits
from gateway.live.venue.reads import DeribitReads
from gateway.live.venue.sending import DeribitSending
from gateway.shell.refusals import SoftRefusalError

logger = logging.getLogger(__name__)
FEATURES: Final = ("valid_until", "label_lookup", "order_history")
NOBODYS_LABEL: Final = "gateway-start"
"""It is looked up at the start, to see that the look-up answers; nothing is ever placed under it."""
TRADES: Final = "trade:read_write"
ResultT = TypeVar("ResultT")


class AccountTrading:
    """One account at the venue."""

    def __init__(
        self,
        settings: LiveSettings,
        reads: DeribitReads,
        limits: Limits,
        folder: StateFolder,
        fx: Fx,
        beside: tuple[HeldBeside, ...],
        *,
        clock: Callable[[], float],
        on_latched: Callable[[str], None],
        reach: Callable[[PlacingStep], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._reads = reads
        self._clock = clock
        self._under_way: set[asyncio.Task[Any]] = set()
        self._ending = False
        self._whose: WhoseAccount | None = None
        self.features: tuple[str, ...] = ()
        """What the engine may rely on; nothing if orders are not to be placed."""
        self.off: str | None = "the account was not read yet"
        """Why no order is placed; None if orders may be."""
        self.registry = Registry(folder, reads.wire.clock.now_ms)
        self.account = VenueAccount(reads, folder)
        combos = ComboBooks(reads, clock)
        orders = OrderReads(reads, combos, self.registry)
        listed = ListedTrades(reads)
        self.resolver = Resolver(self.registry, orders, listed, reads.wire.clock, clock)
        sending = DeribitSending(reads.wire, limits, on_latched)
        self._orders = orders
        self._margins = OrderMargins(reads, combos)
        self._placing = Placing(
            sending,
            orders,
            combos,
            self.registry,
            self.resolver,
            self.account.held,
            sends_reduce_only=settings.sends_reduce_only,
            reach=reach,
        )
        self.changing = Changing(sending, orders, combos, self.registry, self.resolver, self._placing)
        self.trades = ContractTrades(reads, listed, orders, combos, self.registry)
        self.deliveries = Deliveries(reads, folder, self.account.held, self.trades.since)
        self.portfolio = Portfolio(reads, beside, fx.rate)

    @property
    def whose(self) -> WhoseAccount:
        """What the venue says of the account, once the gateway has started."""
        if self._whose is None:
            raise StaleError("the account was not read yet")
        return self._whose

    async def start(self, rights: frozenset[str], deadline: Deadline) -> list[str]:
        """Read whose account it is and what it may do. Returns what a person should know.

        Raises `InputError` if it is not the account of the state folder, or one that is not understood, and
        an `OutsideError`.
        """
        self._whose = whose = await self.account.whose(self._limits, deadline)
        if whose.is_cross and not self._settings.allow_cross_margin:
            raise InputError(
                f"the account: expected margin by currency, found {whose.margin_model}, whose margin fields "
                "are sums over currencies; CERBERO_GATEWAY_ALLOW_CROSS_MARGIN=yes allows it"
            )
        self.registry.bind(f"deribit:{self._settings.environment}:{whose.number}")
        self.off = self._settings.why_no_trading or (None if TRADES in rights else f"the key has no {TRADES}")
        said = []
        if self.off is None:
            try:
                since = self._reads.wire.clock.now() - timedelta(minutes=1)
                await self._orders.ever_with_label(NOBODYS_LABEL, since, deadline)
                self.features = FEATURES
            except OutsideError as error:
                self.off = f"looking up orders does not work: {error}"
        if self.off is not None:
            said.append(f"no orders are placed: {self.off}")
        foreign = [
            each for each in await self._orders.open_orders(deadline) if self._is_foreign(each.order_id)
        ]
        if foreign:
            said.append(
                f"{len(foreign)} open orders were not placed here, the first is {foreign[0].order_id}"
            )
        doubts = len(self.registry.in_doubt())
        if doubts:
            said.append(f"{doubts} labels are in doubt from before, and are looked for")
        return said

    def _is_foreign(self, order_id: str) -> bool:
        return self.registry.of_order(order_id) is None

    async def place(self, request: PlaceComboOrder, deadline: Deadline) -> OrderAnswer:
        """Place an order; it goes on to its end, whoever asked."""
        self._require_trading()
        if self._ending:
            raise StaleError("the gateway is ending; nothing was sent")
        return await self._to_its_end(self._placing.place(request, deadline))

    async def margins(self, request: GetMargins, deadline: Deadline) -> Margins:
        """What an order would need; its combo is made for it."""
        self._require_trading()
        return await self._margins.margins(request, self.whose, deadline)

    async def changed(self, change: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Edit or cancel, to the end."""
        if self.off is not None or self._ending:
            change.close()
        self._require_trading()
        if self._ending:
            raise StaleError("the gateway is ending; nothing was sent")
        return await self._to_its_end(change)

    async def finish(self) -> None:
        """Take no new placement, and wait for those that were sent."""
        self._ending = True
        if self._under_way:
            await asyncio.wait(self._under_way)

    def _require_trading(self) -> None:
        if self.off is not None:
            raise SoftRefusalError("no trading", self.off)

    async def _to_its_end(self, change: Coroutine[Any, Any, ResultT]) -> ResultT:
        task = asyncio.ensure_future(change)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        # Whoever asked may be gone when it fails.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)
