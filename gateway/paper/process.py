"""The venue's own process: puts market, account, store and dispatch together and serves until its end."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from core.errors import InputError
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.dispatch import Dispatch
from gateway.paper.faults import Faults, FaultSpec
from gateway.paper.launch import HOST, Listening, PaperVenueConfig
from gateway.paper.ledger import Ledger, LedgerEntry, cash_flows, entry
from gateway.paper.model_market import ModelMarket
from gateway.paper.recorded import RecordedMarket
from gateway.paper.server import make_app
from gateway.paper.source import MarketSource
from gateway.paper.store import Store, StoreFailedError
from gateway.paper.venue import Venue
from gateway.shell.serving import Server, bound

PARENT_CHECK_S: Final = 0.5
EXIT_FAILED: Final = 1
EXIT_INPUT: Final = 2


class PaperVenue:
    """Market, account, store and dispatch, put together from a configuration."""

    def __init__(self, config: PaperVenueConfig) -> None:
        """Build or resume. Raises `InputError` if an input can't be used."""
        assumptions = Assumptions.parse(config.assumptions)
        specs = [FaultSpec.parse(text) for text in config.faults]
        source = make_source(config, assumptions)
        self.config = config
        self.store = Store(config.data_dir)
        try:
            kept_market = self.store.meta("market")
            if kept_market not in (None, config.market):
                raise InputError(
                    f"venue account: it was kept on {kept_market!r}, found {config.market!r}; go on with the "
                    "same --seed or --chains, or without --keep"
                )
            kept = self.store.load()
            begin = source.start if config.driven else datetime.now(UTC)
            clock, account, counts = kept or (begin, Account(assumptions.balance_eth), {})
            self.venue = Venue(source, account, clock, assumptions)
            self._start = self._kept_start()
        except BaseException:
            self.store.close()
            raise
        self.dispatch = Dispatch(self.venue, config.token, Faults(specs, config.seed, counts), self.store)

    def ledger(self) -> Ledger:
        """The account at the start and now."""
        return Ledger(
            market=self.config.market,
            start=self._start,
            end=entry(self.venue),
            assumptions=self.venue.assumptions.as_text(),
            cash_flows=cash_flows(self.venue),
        )

    def ready(self, port: int) -> Listening:
        """The facts to announce to the process that started this venue."""
        return Listening(
            port=port,
            pid=os.getpid(),
            start=self.venue.source.start,
            end=self.venue.source.end,
            clock=self.venue.clock,
            market=self.config.market,
            assumptions=self.venue.assumptions.as_text(),
            holes=tuple(self.venue.source.holes),
        )

    def _kept_start(self) -> LedgerEntry:
        kept = self.store.meta("start")
        if kept is not None:
            return LedgerEntry.model_validate_json(kept)
        start = entry(self.venue)
        self.store.put_meta(
            {
                "start": start.model_dump_json(),
                "market": self.config.market,
                "clock": self.venue.clock.isoformat(),
                "balance_eth": str(self.venue.account.balance_eth),
                "last_number": str(self.venue.account.last_number),
            }
        )
        return start


def make_source(config: PaperVenueConfig, assumptions: Assumptions) -> MarketSource:
    """The market that the configuration names. Raises `InputError` for a missing or broken record."""
    if config.source == "model":
        return ModelMarket(config.seed)
    if config.chains is None:
        raise InputError("chains: expected a folder of recorded chains, found none")
    return RecordedMarket(
        config.chains,
        config.between,
        float(assumptions.touch_size),
        assumptions.funding_annual,
        assumptions.max_gap_h,
    )


def main(config: PaperVenueConfig, announce: Callable[[Listening], None]) -> None:
    """Serve until SIGTERM, SIGINT, SIGHUP or the parent's end.

    Raises `InputError` if it can't start, and `StoreFailedError` if its store fails, then or later.
    """
    venue = PaperVenue(config)
    # The record is a million objects that never change: no collection needs to look at them again.
    gc.collect()
    gc.freeze()
    try:
        listener = bound(HOST, config.port)
    except InputError:
        venue.store.close()
        raise
    failures: list[StoreFailedError] = []

    def end(error: StoreFailedError) -> None:
        failures.append(error)
        server.end()

    app = make_app(venue.dispatch, venue.ledger, driven=config.driven, on_store_failed=end)
    server = Server(app)
    ready = venue.ready(int(listener.getsockname()[1]))
    try:
        asyncio.run(_serve(server, listener, lambda: announce(ready), config))
    finally:
        listener.close()
        venue.store.close()
    if failures:
        raise failures[0]


async def _serve(
    server: Server, listener: socket.socket, announce: Callable[[], None], config: PaperVenueConfig
) -> None:
    parent = os.getppid() if config.parent_pid is None else config.parent_pid
    serving = await server.begin(listener)
    if not serving.done():
        announce()
    while config.end_with_parent and not serving.done():
        await asyncio.wait([serving], timeout=PARENT_CHECK_S)
        if os.getppid() != parent:
            server.end()
    await serving
