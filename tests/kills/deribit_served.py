"""A simulated Deribit that is served over loopback while the processes that trade there are killed."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import ExitStack
from decimal import Decimal
from threading import Event, Thread
from time import time
from types import TracebackType
from typing import Self

from core.contract import Order
from gateway.paper.model_market import ModelMarket
from gateway.shell.serving import Server, bound
from gateway.sim.connections import CountedConnection
from gateway.sim.keys import SimKey
from gateway.sim.server import HOST, make_app
from gateway.sim.venue import SimVenue
from gateway.sim.ways import Ways

KEY = SimKey("kills", "a-secret-of-the-kills")
SEED = 7
ENDS_S = 20.0


class ServedDeribit:
    """`run.py gateway sim` in a thread of this process, which sees what the venue knows and plays faults."""

    def __init__(self, ways: Ways | None = None) -> None:
        self.venue = SimVenue(ModelMarket(SEED), time, seed=SEED, keys=[KEY], ways=ways)
        self._stack = ExitStack()
        listener = self._stack.enter_context(bound(HOST, 0))
        self.url = f"http://{HOST}:{listener.getsockname()[1]}"
        self._server = Server(make_app(self.venue, SEED), protocol=CountedConnection)
        self._listens = Event()
        self._thread = Thread(
            target=lambda: asyncio.run(self._server.serve(sockets=[listener])), name="deribit", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.end()
        self._thread.join(ENDS_S)
        self._stack.close()

    @property
    def orders(self) -> list[Order]:
        """Every order that was ever placed."""
        return [each.order for each in list(self.venue.desk.account.orders.values())]

    @property
    def labels(self) -> Counter[str]:
        """How many orders each label has."""
        return Counter(order.label for order in self.orders)

    @property
    def positions(self) -> dict[str, Decimal]:
        """What is held, as signed contracts."""
        held = dict(self.venue.desk.account.positions)
        return {name: each.size for name, each in held.items() if each.size}
