"""The gateway's own HTTP side over the simulated venue, as an engine uses it, with an account that trades."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import httpx

from gateway.live.app import make_app
from gateway.sim.faults import Fault
from gateway.sim.ways import Ways
from tests.gateway.live.desk import TOKEN, Desk, on_the_desk, our_key
from tests.gateway.live.virtual import pass_s
from tests.gateway.sim.account import LONG, SHORT

HEADERS = {"Authorization": f"Bearer {TOKEN}", "X-Bot-Tag": "test"}
ResultT = TypeVar("ResultT")
RESTING = "0.0120"
"""A credit that nobody pays, within the collar."""


class Engine:
    """What an engine asks of its gateway. Each answer is status and body."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        transport = httpx.ASGITransport(make_app(desk.sources))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=HEADERS)

    @property
    def orders_at_venue(self) -> list[dict[str, Any]]:
        """Every order that the venue ever took, as it has them itself."""
        of = self.desk.venue.desk
        return [of.row(order) for order in of.account.orders.values()]

    @property
    def now(self) -> datetime:
        return self.desk.sources.clock.now()

    def faults(self, *faults: str) -> None:
        """What goes wrong with the next calls."""
        self.desk.venue.faults.add(*(Fault.parse(text) for text in faults))

    async def ask(self, tool: str, /, **body: object) -> tuple[int, dict[str, Any]]:
        """One call of the venue's own tools, or of another router's: `portfolio/get_holdings`."""
        router, _, name = tool.rpartition("/")
        answer = await self._client.post(f"/mcp-{router or 'deribit'}/tools/{name}", json=body)
        return answer.status_code, json.loads(answer.text)

    async def place(self, label: str = "one", **changed: object) -> tuple[int, dict[str, Any]]:
        """Three put spreads for a credit, unless it is changed."""
        return await self.ask("place_combo_order", **self.placement(label, **changed))

    def placement(self, label: str = "one", **changed: object) -> dict[str, object]:
        until = self.now + timedelta(seconds=3)
        asked: dict[str, object] = {
            "legs": [
                {"instrument_name": SHORT, "side": "sell", "ratio": 1},
                {"instrument_name": LONG, "side": "buy", "ratio": 1},
            ],
            "amount": "3",
            "side": "sell",
            "price": RESTING,
            "label": label,
            "valid_until": until.isoformat(),
        }
        return asked | changed

    async def natural(self) -> Decimal:
        """What the entry brings now, for whoever takes it from the book."""
        short, long = [self.desk.venue.books.quote(name) for name in (SHORT, LONG)]
        assert short is not None
        assert long is not None
        return Decimal((short.bid_units or 0) - (long.ask_units or 0)).scaleb(-4)

    async def filled(self, label: str = "one", **changed: object) -> dict[str, Any]:
        """An entry that the book takes at once."""
        status, body = await self.place(label, price=str(await self.natural()), **changed)
        assert status == 200, body
        assert body["order"]["state"] == "filled", body
        return dict(body["order"])

    async def wait(self, seconds: float) -> None:
        """Let time pass."""
        await pass_s(seconds)


def traded(
    folder: Path,
    play: Callable[[Engine], Coroutine[Any, Any, ResultT]],
    *,
    ways: Ways | None = None,
    **also: Any,
) -> ResultT:
    """Play an engine against a gateway that has started with a key."""

    async def started(desk: Desk) -> ResultT:
        await desk.sources.start(desk.by())
        return await play(Engine(desk))

    return on_the_desk(folder, started, key=our_key(), ways=ways, **({"latency_s": 0.02} | also))


def labels(orders: Iterable[dict[str, Any]]) -> list[str]:
    return [str(order["label"]) for order in orders]
