"""The venue of a simulation: the paper venue without a disk, whose faults come and go.

It is another machine: it outlives every engine, and its clock is never set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from core.contract import Router
from gateway.paper.account import Account
from gateway.paper.assumptions import Assumptions
from gateway.paper.dispatch import Dispatch
from gateway.paper.faults import Faults, FaultSpec, PlayedFault
from gateway.paper.model_market import ModelMarket
from gateway.paper.venue import Venue
from gateway.shell.bodies import HttpAnswer
from lab.in_process import TOKEN
from lab.simulate.oddities import Oddities


@lru_cache(maxsize=32)
def _market(seed: int) -> ModelMarket:
    """A market is a function of its seed, and what it has worked out once it keeps: seeds share it."""
    return ModelMarket(seed)


class NoDisk:
    """Keeps nothing: this venue is never killed. A request that fails half way ends the simulation."""

    def save(self, clock: datetime, account: Account, fault_counts: Mapping[str, int]) -> None:  # noqa: ARG002
        account.take_changes()

    def load(self) -> tuple[datetime, Account, dict[str, int]] | None:
        return None

    def close(self) -> None:
        """Nothing is open."""


class ComingFaults(Faults):
    """The faults that are played at the moment."""

    def __init__(self, seed: int, played: Callable[[str], None]) -> None:
        """`played` is told the kind of each fault that hits a call."""
        super().__init__((), seed, {})
        self._now: dict[int, FaultSpec] = {}
        self._played = played
        self._ahead: PlayedFault | None = None
        """Drawn for the call that comes next."""

    def begin(self, number: int, text: str) -> None:
        """Play `TARGET:KIND:RATE` from now on."""
        self._now[number] = FaultSpec.parse(text)
        self._specs = tuple(self._now.values())

    def end(self, number: int) -> None:
        self._now.pop(number, None)
        self._specs = tuple(self._now.values())

    @property
    def are_coming(self) -> bool:
        return bool(self._now)

    def draw_ahead(self, router: Router, tool: str, correlation: str) -> bool:
        """Whether a fault hits this call, whose own draw gives the same."""
        self._ahead = self.draw(router, tool, correlation)
        return self._ahead is not None

    def draw(self, router: Router, tool: str, correlation: str) -> PlayedFault | None:
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            return ahead
        played = super().draw(router, tool, correlation)
        if played is not None:
            self._played(played.kind.value)
        return played


class LabVenue:
    """Market, account and dispatch of one simulation; `store` closes nothing."""

    def __init__(self, market: int, seed: int, begin: datetime, played: Callable[[str], None]) -> None:
        assumptions = Assumptions.parse(())
        self.store = NoDisk()
        self.venue = Venue(_market(market), Account(assumptions.balance_eth), begin, assumptions)
        self.faults = ComingFaults(seed, played)
        self.odd = Oddities()
        self.began_with: Decimal = self.venue.account.balance_eth
        self._answer = Dispatch(self.venue, TOKEN, self.faults, self.store)
        self.watchers: list[Callable[[str, bytes, HttpAnswer], None]] = []
        """Told of each request after it was answered: tool, body as it was sent, answer."""

    def is_hit(self, router: Router, tool: str, correlation: str) -> bool:
        """Whether the answer to the call that comes next, this one, is not what it should be."""
        return self.odd.changes(tool) or self.faults.draw_ahead(router, tool, correlation)

    def dispatch(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        """Answer one request at the true time `now`."""
        answer = self._answer(now, router, tool, headers, self.odd.request(tool, body))
        answer = self.odd.answer(tool, answer)
        for watcher in self.watchers:
            watcher(tool, body, answer)
        return answer
