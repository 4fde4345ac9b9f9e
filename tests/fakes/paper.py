"""The real paper venue in this process: the transport port straight onto its front desk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache

from actors.http import Response
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.dispatch import Dispatch
from gateway.paper.faults import Faults, FaultSpec
from gateway.paper.model_market import ModelMarket
from gateway.paper.venue import Venue
from tests.fakes.trading import CREDENTIALS

_PATH = re.compile(r"/mcp-(\w+)/(?:tools/(\w+)|health)")


@cache
def market() -> ModelMarket:
    """One model market for all tests: its path is a function of seed and time."""
    return ModelMarket(7)


class KeepsNothing:
    """The venue's keeper: these tests never restart the venue."""

    def save(self, clock: datetime, account: Account, fault_counts: Mapping[str, int]) -> None:
        """Nothing is kept."""

    def load(self) -> None:
        """Nothing was kept: always None."""


class PaperInProcess:
    """Hands each request to the venue at the time that it carries, as the HTTP shell does."""

    def __init__(self, *, seed: int, faults: tuple[str, ...] = ()) -> None:
        assumptions = Assumptions.parse(())
        self.venue = Venue(market(), Account(assumptions.balance_eth), market().start, assumptions)
        self._faulty = self._desk(Faults([FaultSpec.parse(text) for text in faults], seed, {}))
        self._calm = self._desk(Faults([], seed, {}))
        self.calm = False

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        lower = {name.lower(): value for name, value in headers.items()}
        found = _PATH.fullmatch(path)
        assert found is not None, path
        desk = self._calm if self.calm else self._faulty
        now = datetime.fromisoformat(lower["x-paper-now"])
        answer = desk(now, found[1], found[2] or "health", lower, body or b"{}")
        told = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, told, answer.body)

    def close(self) -> None:
        """The venue outlives the connection."""

    def _desk(self, faults: Faults) -> Dispatch:
        return Dispatch(self.venue, CREDENTIALS.token, faults, KeepsNothing())
