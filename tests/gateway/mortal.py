"""The live gateway and the simulated Deribit in one process; each dies, and lives again on its folder.

The engine's way to the gateway, and the gateway's to the venue, lose requests and answers on demand. What
must hold of a label is noted as it is said: who was told that the venue does not know it.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

import httpx
from starlette.types import Receive, Scope, Send

from actors.http import NotConnected
from actors.mcp.paper_transport import FAULT_HEADER, TOOK_HEADER
from core.contract import Order, Router
from gateway.live.in_process import InProcessGateway
from gateway.live.orders.placing import PlacingStep
from gateway.live.orders.registry import LabelState
from gateway.paper.account import VenueOrder
from gateway.shell.bodies import HttpAnswer
from gateway.sim.kept import SimFolder
from gateway.sim.rpc import RpcDoor
from gateway.sim.ways import Ways
from lab.gateway_venue import GatewayVenue
from tests.gateway.live.desk import NOW, model_market, our_key, settings
from tests.gateway.live.test_registry import KilledError

MARKET, SEED = "model seed 7", 7
RECENT = timedelta(minutes=25)
"""Until then the venue tells of an order that ended without a fill, whoever asks."""
HOLDINGS = 'holdings:\n  - {asset: EUR, amount: "150000", price: fx}\n'
TIMEOUT, CUT = "timeout", "cut"


class OnTheWay(StrEnum):
    """What happens to a request between engine and gateway."""

    LOST = "lost"
    CUT = "cut"
    LOST_AFTER = "lost_after"
    CUT_AFTER = "cut_after"
    LATE = "late"
    """Whoever sent it has given it up; it arrives some seconds later."""
    TWICE = "twice"


@dataclass(frozen=True)
class Absence:
    """Somebody was told that the venue knows nothing of a label."""

    label: str
    at: datetime
    known_then: bool
    """Whether the venue knew it, and well enough to tell."""


class Mortal(GatewayVenue):
    """The engine's venue. `folder` holds what gateway and simulated venue keep."""

    def __init__(self, folder: Path, ways: Ways | None = None) -> None:
        holdings = folder / "holdings.yaml"
        holdings.write_text(HOLDINGS, "utf-8")
        self._folder = folder
        self._kept = SimFolder(folder / "sim", MARKET)
        self.on_the_way: defaultdict[str, list[tuple[OnTheWay, float]]] = defaultdict(list)
        """By tool, what happens to its next requests, and seconds for those that come late."""
        self.absences: list[Absence] = []
        self.kill_at: PlacingStep | None = None
        self.kill_after_s: dict[str, float] = {}
        """By tool, how long after the arrival of its next request the gateway dies."""
        self.is_replaced = False
        """Whether another gateway begins, and is asked, as soon as one has died of what it was asked."""
        self._deaths: list[asyncio.TimerHandle] = []
        self.venue_is_up = True
        self.alive: InProcessGateway | None = None
        super().__init__(
            model_market(),
            settings(folder / "gateway", key=our_key(), holdings=holdings, liquidations="assume:low"),
            NOW,
            SEED,
            ways=ways,
            unlimited=True,
            folder=self._kept,
        )
        self.alive = self.gateway

    # What is done to it

    def kill_gateway(self) -> None:
        """Nothing of it is written any more, and nothing of it goes on but what is at the venue."""
        self._spare()
        if self.alive is None:
            return
        self.alive.sources.folder.close()
        self.alive = None
        for task in asyncio.all_tasks(self.loop):
            if getattr(task.get_coro(), "__qualname__", "") != RpcDoor._played.__qualname__:
                task.cancel()

    def revive_gateway(self) -> None:
        """Start one on what the last has left, if none lives."""
        if self.alive is not None or not self.venue_is_up:
            return
        self.gateway = self.new_gateway()
        self.sim.faults.clear()
        self.loop.run_until_complete(self.gateway.start(records=True))
        self.alive = self.gateway

    def kill_venue(self) -> None:
        """The simulated venue ends, and with it all that it has not kept."""
        self.venue_is_up = False

    def revive_venue(self) -> None:
        """Another goes on with its account."""
        if self.venue_is_up:
            return
        self._kept.close()
        self._kept = SimFolder(self._folder / "sim", MARKET)
        self.sim = self.new_sim(self._kept)
        self.venue_is_up = True

    def forgive(self) -> None:
        """Nothing goes wrong any more."""
        self.on_the_way.clear()
        self.sim.faults.clear()
        self.kill_at = None
        self.is_replaced = False
        self.kill_after_s.clear()
        self._spare()

    def fill(self, amount: int) -> None:
        """Somebody takes so much of the oldest order that rests, or what is left of it."""
        self.sim.books.advance(self.now())
        for order in self.open_orders()[:1]:
            self.sim.books.fill_regardless(order, min(amount, order.remaining))

    def open_orders(self) -> list[VenueOrder]:
        """Those that rest."""
        return self.sim.desk.account.open_orders()

    def look(self) -> None:
        """Somebody asks for each label that the gateway knows of and has not settled."""
        for label, state in self.registry().items():
            if state.is_open and self.alive is not None:
                body = json.dumps({"label": label}).encode()
                self.dispatch(self.now(), Router.DERIBIT, "get_order_by_label", {}, body)

    def reach(self, step: PlacingStep) -> None:
        if step is self.kill_at:
            self.kill_at = None
            self.kill_gateway()
            raise KilledError(step)

    def run_to(self, now: datetime) -> None:
        """Whatever goes on at gateway and venue by themselves goes on until then."""
        self.loop.run_to(self.s_of(now))

    # What the engine and the gateway ask

    def dispatch(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        self.calls += 1
        asked_s = self.s_of(now)
        self.loop.run_to(asked_s)
        kind, late_s = self.on_the_way[tool].pop(0) if self.on_the_way[tool] else (None, 0.0)
        match kind:
            case OnTheWay.LOST:
                return _failed(TIMEOUT)
            case OnTheWay.CUT:
                return _failed(CUT)
            case OnTheWay.LATE:
                self.loop.call_later(late_s, self._arrives, router, tool, body)
                return _failed(TIMEOUT)
            case OnTheWay.TWICE:
                self._asked(router, tool, body)
            case _:
                pass
        answer = self._asked(router, tool, body)
        took_s = self.loop.time() - asked_s
        if kind is OnTheWay.LOST_AFTER:
            return _failed(TIMEOUT)
        if answer is None or kind is OnTheWay.CUT_AFTER:
            return _failed(CUT, took_s)
        self._note(tool, body, answer)
        return answer._replace(headers={**answer.headers, TOOK_HEADER: f"{took_s:.6f}"})

    async def hosts(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.venue_is_up:
            raise httpx.ConnectError("the venue is down")
        await super().hosts(scope, receive, send)

    def close(self) -> None:
        if not self.loop.is_closed():
            self.kill_gateway()
            self.loop.run_to(self.loop.time() + 30.0)
            self.loop.close()
        self._kept.close()

    # What is known of it

    def s_of(self, now: datetime) -> float:
        """That time on the loop's clock."""
        return self.began_s + (now - NOW).total_seconds()

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.loop.time() - self.began_s)

    def orders(self) -> list[Order]:
        """Every order that the venue ever took."""
        return [each.order for each in self.sim.desk.account.orders.values()]

    def kinds(self) -> set[str]:
        """What they were orders for: combos, or single options."""
        return {each.kind for each in self.sim.desk.placed.values()}

    def sizes(self) -> dict[str, int]:
        """What is held there, as signed contracts."""
        return {name: int(held.size) for name, held in self.sim.desk.account.positions.items() if held.size}

    def registry(self) -> dict[str, LabelState]:
        """The gateway's labels, if it lives."""
        if self.alive is None:
            return {}
        db = self.alive.sources.folder.db
        return {label: LabelState(state) for label, state in db.execute("SELECT label, state FROM orders")}

    def wrongly_called_absent(self) -> list[Absence]:
        """Those that the venue had when it was said, or has taken since."""
        created = {order.label: order.created_at for order in self.orders()}
        return [each for each in self.absences if each.known_then or created.get(each.label, NOW) > each.at]

    def _asked(self, router: str, tool: str, body: bytes) -> HttpAnswer | None:
        """The gateway's answer; None if it died before. Raises `NotConnected` if it is dead."""
        if self.alive is None:
            raise NotConnected("the gateway is down")
        call = self.loop.create_task(self.alive.call(router, tool, "tests", body))
        call.add_done_callback(lambda _: self.loop.stop())
        if tool in self.kill_after_s:
            self._deaths.append(self.loop.call_later(self.kill_after_s.pop(tool), self.kill_gateway))
        self.loop.run_forever()
        if not call.cancelled() and not isinstance(call.exception(), KilledError):
            return call.result()
        if self.is_replaced:
            self.is_replaced = False
            self.revive_gateway()
            self.look()
        return None

    def _spare(self) -> None:
        """Whoever lives now does not die of what was meant for it, or for the one before."""
        for death in self._deaths:
            death.cancel()
        self._deaths.clear()

    def _arrives(self, router: str, tool: str, body: bytes) -> None:
        """A request whose sender has given it up."""
        if self.alive is not None:
            arrived = self.loop.create_task(self.alive.call(router, tool, "tests", body))
            arrived.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _note(self, tool: str, body: bytes, answer: HttpAnswer) -> None:
        if tool != "get_order_by_label" or answer.status != 200:
            return
        told = json.loads(answer.body)
        if "error" in told or told["order"] is not None:
            return
        label, now = json.loads(body)["label"], self.now()
        known = [order for order in self.orders() if order.label == label]
        telling = any(order.state == "open" or now - order.updated_at < RECENT for order in known)
        self.absences.append(Absence(label, now, telling))


def _failed(how: str, took_s: float = 0.0) -> HttpAnswer:
    return HttpAnswer(504, {FAULT_HEADER: how, TOOK_HEADER: f"{took_s:.6f}"}, b"")
