"""The paper venue as one object: market, account, store and dispatch, built or resumed from a folder."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from core.errors import InputError
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions, refuse_unused
from gateway.paper.dispatch import Dispatch
from gateway.paper.faults import Faults, FaultSpec
from gateway.paper.launch import Listening, PaperVenueConfig
from gateway.paper.ledger import Ledger, LedgerEntry, cash_flows, entry
from gateway.paper.model_market import ModelMarket
from gateway.paper.recorded import RecordedMarket
from gateway.paper.source import MarketSource
from gateway.paper.store import Store
from gateway.paper.venue import Venue


class PaperVenue:
    """Market, account, store and dispatch, put together from a configuration."""

    def __init__(self, config: PaperVenueConfig) -> None:
        """Build or resume. Raises `InputError` if an input can't be used."""
        assumptions = Assumptions.parse(config.assumptions)
        specs = [FaultSpec.parse(text) for text in config.faults]
        source = make_source(config, assumptions)
        refuse_unused(config.assumptions, config.market, source.assumes)
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
            assumptions=self.venue.assumed(),
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
            assumptions=self.venue.assumed(),
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
