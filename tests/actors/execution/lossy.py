"""A line to the fake venue that loses answers, so that nobody knows what became of a request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from actors.http import ConnectionCut, NoAnswer, NotConnected, Response
from tests.fakes.trading import TradingHouse
from tests.fakes.venue import FakeVenue

DOWN_FOR_S = 30.0
FIRST_LOOK_S = 4.0
"""An order in doubt is looked for when its permit has expired, after 3 s, and then every 5 s."""
THIRD_LOOK_S = 12.0


class Fault(StrEnum):
    """What happens to one request that changes something. `docs/reliability.md` has a row for each."""

    TIMEOUT_BEFORE = "time-out before effect"
    TIMEOUT_AFTER = "time-out after effect"
    CUT = "cut"
    ERROR_AFTER = "500 after effect"
    RESTART = "venue restart"
    NOT_YET = "label not found yet"
    FOUND_LATE = "found late"
    PARTLY_FILLED = "partly filled meanwhile"
    OTHER_TERMS = "other terms found"


class Lossy:
    """Plays the fault of a tool on its next call."""

    def __init__(self, venue: FakeVenue, clock: Callable[[], datetime]) -> None:
        self._venue = venue
        self._clock = clock
        self.next: dict[str, Fault] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens at the venue after the effect: it is partly filled, or somebody changes its terms."""
        self.labels_sent: list[str] = []
        """Of the orders that were sent, also of those that did not arrive."""
        self._down_until: datetime | None = None
        self._hidden: frozenset[str] = frozenset()
        self._hidden_until: datetime | None = None

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Response:
        tool = path.rpartition("/")[2]
        if self._is_before(self._down_until):
            raise NotConnected(path)
        if tool == "place_combo_order":
            self.labels_sent.append(json.loads(body or b"{}")["label"])
        fault = self.next.pop(tool, None)
        if fault is Fault.TIMEOUT_BEFORE:
            raise NoAnswer(path)
        response = self._venue.send(method, path, headers, body, timeout_s)
        match fault:
            case None:
                return self._without_hidden(tool, response)
            case Fault.ERROR_AFTER:
                return Response(500, {}, b'{"detail": "it broke after the order was changed"}')
            case Fault.CUT:
                raise ConnectionCut(path)
            case Fault.RESTART:
                self._down_until = self._after(DOWN_FOR_S)
            case Fault.NOT_YET:
                self._hide(FIRST_LOOK_S, "get_order_by_label")
            case Fault.FOUND_LATE:
                self._hide(THIRD_LOOK_S, "get_order_by_label", "get_open_orders", "get_order_history")
            case Fault.PARTLY_FILLED | Fault.OTHER_TERMS:
                self.meanwhile()
            case Fault.TIMEOUT_AFTER:
                pass
        raise NoAnswer(path)

    def close(self) -> None:
        self._venue.close()

    def _hide(self, seconds: float, *tools: str) -> None:
        self._hidden, self._hidden_until = frozenset(tools), self._after(seconds)

    def _without_hidden(self, tool: str, response: Response) -> Response:
        """The order under the label does not show up yet, in the answers of the tools that hide it."""
        if tool not in self._hidden or not self._is_before(self._hidden_until):
            return response
        lists: dict[str, list[object] | None] = {
            name: [] if isinstance(value, list) else None for name, value in _json(response).items()
        }
        return Response(response.status, response.headers, json.dumps(lists).encode())

    def _after(self, seconds: float) -> datetime:
        return self._clock() + timedelta(seconds=seconds)

    def _is_before(self, moment: datetime | None) -> bool:
        return moment is not None and self._clock() < moment


def _json(response: Response) -> dict[str, object]:
    found: dict[str, object] = json.loads(response.body)
    return found


class LossyHouse(TradingHouse):
    """A trading house whose line to the venue is lossy."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, start=False)
        self.lossy = Lossy(self.venue, lambda: self.time)
        self.transport = self.lossy
        self.start("state", self.books)
        self.start_kill_switch()
        self.books.tell_facts()
        self.start_orders()
        self.start_deribit()
        self.start_execution()
        self.run()

    def label(self, kind: str) -> str:
        """The last label of an entry (`e`) or exit (`x`)."""
        return [label for label in self.books.orders if f":{kind}" in label][-1]

    def reprice_at_venue(self, kind: str, price_eth: Decimal) -> None:
        """Somebody else moves the last order of a kind."""
        order = self.venue.order(self.label(kind))
        self.venue.orders[order.order_id] = order.model_copy(update={"price": price_eth})
