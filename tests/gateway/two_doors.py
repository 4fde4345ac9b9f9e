"""The second door to the paper venue's market: a simulated Deribit behind the live gateway, in this process.

The account's venue is behind the gateway; what is no venue's (funding, events, forced closes) is the paper
venue's own. No time passes within a request, combos are there at once, and nobody is told to wait, so that
both doors lead to the same market at the same moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from core.contract import Router
from gateway.paper.paper_venue import PaperVenue
from gateway.shell.bodies import HttpAnswer
from gateway.shell.door import HEALTH
from gateway.sim.ways import AT_ONCE
from lab.gateway_venue import GatewayVenue
from tests.gateway.live.desk import our_key, settings

HOUR = timedelta(hours=1)
RECORDED_H = 800
THROUGH_THE_GATEWAY = (Router.DERIBIT, Router.PORTFOLIO)
HOLDINGS = 'holdings:\n  - {asset: EUR, amount: "150000", price: fx}\n'


class GatewayDoor(GatewayVenue):
    """`beside` answers what is not the venue's."""

    def __init__(self, beside: PaperVenue, folder: Path, begin: datetime, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        holdings = folder / "holdings.yaml"
        holdings.write_text(HOLDINGS, "utf-8")
        self._beside = beside
        super().__init__(
            beside.venue.source,
            settings(folder, key=our_key(), holdings=holdings),
            begin,
            seed,
            ways=AT_ONCE,
            unlimited=True,
            records=False,
            euro_usd=float(beside.venue.assumptions.eur_usd),
        )
        self._record_hours(begin)

    def dispatch(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Answer one call at `now`."""
        if router not in THROUGH_THE_GATEWAY or tool == HEALTH:
            return self._beside.dispatch(now, router, tool, headers, body)
        return super().dispatch(now, router, tool, headers, body)

    def close(self) -> None:
        super().close()
        self._beside.store.close()

    def _record_hours(self, begin: datetime) -> None:
        """What the gateway's own recorder would have by now, and will have."""
        hour = begin.replace(minute=0, second=0, microsecond=0) - RECORDED_H * HOUR
        for _ in range(2 * RECORDED_H):
            price = Decimal(self._beside.venue.source.index_usd(hour)).quantize(Decimal("0.01"))
            self.gateway.sources.folder.put_index_hour(hour, price)
            hour += HOUR
