"""What the gateway does by itself while it runs: it records what passes, and looks for labels in doubt."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from core.contract import CurrencyRequest
from gateway.live.deadline import Deadline
from gateway.live.errors import OutsideError
from gateway.live.market.index_hours import HOUR, floor_hour
from gateway.live.orders.resolver import LOOK_EVERY_S
from gateway.live.other_hosts.liquidations import EVERY_S
from gateway.live.sources import LiveSources
from gateway.live.trading import AccountTrading
from gateway.shell.breakdowns import Breakdowns

logger = logging.getLogger(__name__)
HOUR_WITHIN_S: Final = 5.0
"""An index price so near to the full hour stands for it."""
HELD_AT: Final = timedelta(hours=7, minutes=55)
"""Since midnight: five minutes before options are delivered."""
SURE_S: Final = 0.2
"""After the full hour, so that the venue's price is of the new one."""


class Recorders:
    """Each goes on whatever happens: one that ended in silence would be missed a day later."""

    def __init__(self, sources: LiveSources, monotonic_s: Callable[[], float]) -> None:
        self._sources = sources
        self._monotonic_s = monotonic_s
        self._breakdowns = Breakdowns()

    async def record(self) -> None:
        """Record until cancelled."""
        async with asyncio.TaskGroup() as recorders:
            recorders.create_task(self._for_ever(self.record_index, "the index on the hour"))
            if self._sources.settings.liquidations == "okx":
                recorders.create_task(self._for_ever(self.record_liquidations, "the forced closes"))
            trading = self._sources.trading
            if trading is not None:
                recorders.create_task(self._for_ever(lambda: self.record_positions(trading), "the positions"))
                recorders.create_task(
                    self._for_ever(lambda: self.look_for_labels(trading), "the labels in doubt")
                )

    async def record_index(self) -> None:
        """Wait for the next full hour, and record the index of it."""
        now = self._sources.clock.now()
        hour = floor_hour(now) + HOUR
        await asyncio.sleep((hour - now).total_seconds() + SURE_S)
        by = Deadline.within(HOUR_WITHIN_S, self._monotonic_s)
        found = await self._sources.market.index_price(CurrencyRequest(), by)
        if hour <= found.timestamp and (found.timestamp - hour).total_seconds() <= HOUR_WITHIN_S:
            self._sources.folder.put_index_hour(hour, found.price)

    async def record_liquidations(self) -> None:
        """Record the forced closes up to now, and wait until it is time to look again."""
        try:
            await self._sources.okx.record(Deadline.within(EVERY_S / 2, self._monotonic_s))
        finally:
            await asyncio.sleep(EVERY_S)

    async def record_positions(self, trading: AccountTrading) -> None:
        """Wait for a while before the next delivery, and record what is held: it is gone afterwards."""
        now = self._sources.clock.now()
        at = now.replace(hour=0, minute=0, second=0, microsecond=0) + HELD_AT
        at += timedelta(days=at <= now)
        await asyncio.sleep((at - now).total_seconds())
        await trading.account.held(Deadline.within(clock=self._monotonic_s))

    async def look_for_labels(self, trading: AccountTrading) -> None:
        """Look for each label whose outcome is unknown."""
        await trading.resolver.look_at_all(Deadline.within(clock=self._monotonic_s))
        await asyncio.sleep(LOOK_EVERY_S)

    async def _for_ever(self, record: Callable[[], Awaitable[None]], what: str) -> None:
        while True:
            try:
                await record()
            except OutsideError as error:
                logger.warning("%s: not recorded: %s", what, error)
            except Exception as error:
                self._breakdowns.log(error, f"recording {what}")
