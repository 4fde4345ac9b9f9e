"""Placements under every fault of the wire, with kills between: what must never happen with a label.

The machine does what an engine does: it places, gives up, looks by label, cancels, edits, asks again; the
gateway is killed at any failpoint and started anew on the same folder. What is at the venue is read there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from hypothesis import settings as run_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.live.orders.placing import PlacingStep
from gateway.live.sources import LiveSources
from gateway.live.venue.wire import http_client
from gateway.sim.faults import Fault, SimFault
from gateway.sim.server import make_app
from gateway.sim.venue import SimVenue
from gateway.sim.ways import Ways
from lab.virtual_loop import VirtualLoop
from tests.gateway.live.desk import NOW, OTHERS, SIM_KEY, Desk, model_market, our_key, settings
from tests.gateway.live.test_registry import KilledError
from tests.gateway.live.trading_desk import Engine
from tests.gateway.live.virtual import pass_s

ResultT = TypeVar("ResultT")
METHODS = ("sell", "get_order_state_by_label", "get_open_orders_by_label", "cancel", "edit", "create_combo")
NUMBERS = {
    SimFault.REFUSE: (10009.0, 10028.0, 11051.0, 13888.0, 424242.0),
    SimFault.REFUSE_AFTER: (13888.0, 10001.0),
    SimFault.SLOW: (1.0, 4.0, 9.0),
    SimFault.SLOW_AFTER: (1.0, 9.0),
}
LABELS = tuple(f"label-{n}" for n in range(3))
RECENT = timedelta(minutes=25)


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    kind = draw(st.sampled_from(SimFault))
    number = draw(st.sampled_from(NUMBERS.get(kind, (0.0,))))
    return Fault(draw(st.sampled_from(METHODS)), kind, number)


class Labels(RuleBasedStateMachine):
    """One gateway after another on one folder, before one venue."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = VirtualLoop()
        self.began_s = self.loop.time()
        self.venue = SimVenue(
            model_market(), self.wall_s, keys=[SIM_KEY], ways=Ways(counterparty=False), unlimited=True
        )
        self.kill_at: PlacingStep | None = None
        self.sent: set[str] = set()
        self.start()

    def wall_s(self) -> float:
        return NOW.timestamp() + self.loop.time() - self.began_s

    def start(self) -> None:
        """A gateway on the folder, which finds there what the last has left."""
        client = http_client(httpx.ASGITransport(make_app(self.venue)))
        self.sources = LiveSources(
            settings(Path(self.folder.name), key=our_key()),
            client,
            bases=OTHERS,
            wall_s=self.wall_s,
            clock=self.loop.time,
            reach=self.reach,
        )
        self.venue.faults.clear()
        desk = Desk(self.sources, self.venue, self.loop)
        self.run(self.sources.start(desk.by()))
        self.engine = Engine(desk)

    def run(self, play: Coroutine[Any, Any, ResultT]) -> ResultT:
        return self.loop.run_until_complete(play)

    def reach(self, step: PlacingStep) -> None:
        if step is self.kill_at:
            self.kill_at = None
            raise KilledError(step)

    def at_venue(self, label: str) -> list[dict[str, Any]]:
        return [order for order in self.engine.orders_at_venue if order["label"] == label]

    @rule(fault=faults())
    def something_will_go_wrong(self, fault: Fault) -> None:
        self.venue.faults.add(fault)

    @rule(label=st.sampled_from(LABELS))
    def place(self, label: str) -> None:
        before = len(self.at_venue(label))
        status, body = self.run(self.engine.place(label))
        # Whatever is called a refusal has placed nothing, now or later.
        if status in (422, 429) or (status == 200 and "error" in body):
            self.run(pass_s(12.0))
            assert len(self.at_venue(label)) == before, (status, body)
        elif status in (200, 409):
            assert body["order"]["label"] == label
            assert self.at_venue(label)

    @rule(label=st.sampled_from(LABELS), step=st.sampled_from(PlacingStep))
    def killed(self, label: str, step: PlacingStep) -> None:
        self.kill_at = step
        try:
            self.run(self.engine.place(label))
        except KilledError:
            self.run(self.sources.close())
            self.run(pass_s(2.0))
            self.start()
        self.kill_at = None

    @rule(label=st.sampled_from(LABELS))
    def look(self, label: str) -> None:
        status, body = self.run(self.engine.ask("get_order_by_label", label=label))
        if status == 200 and "error" not in body and body["order"] is None:
            # Null is for good, but for an order that ended long ago.
            self.run(pass_s(12.0))
            found = self.at_venue(label)
            assert not [order for order in found if order["order_state"] == "open"]
            assert not [order for order in found if not self.is_old(order)]

    def is_old(self, order: dict[str, Any]) -> bool:
        return bool(order["last_update_timestamp"] / 1000 < self.wall_s() - RECENT.total_seconds())

    @rule(seconds=st.sampled_from((1.0, 6.0, 2400.0)))
    def wait(self, seconds: float) -> None:
        self.run(pass_s(seconds))

    @precondition(lambda self: self.engine.orders_at_venue)
    @rule(n=st.integers(0, 5), cancels=st.booleans())
    def change(self, n: int, cancels: bool) -> None:
        orders = self.engine.orders_at_venue
        order_id = orders[n % len(orders)]["order_id"]
        until = self.engine.placement()["valid_until"]
        if cancels:
            status, body = self.run(self.engine.ask("cancel_order", order_id=order_id))
        else:
            asked = {"order_id": order_id, "price": "0.0110", "valid_until": until}
            status, body = self.run(self.engine.ask("edit_order", **asked))
        if status == 200 and "order" in body:
            venue = next(each for each in self.engine.orders_at_venue if each["order_id"] == order_id)
            assert body["order"]["state"] == venue["order_state"]

    @invariant()
    def a_label_has_at_most_one_order(self) -> None:
        for label in LABELS:
            assert len(self.at_venue(label)) <= 1, label

    def teardown(self) -> None:
        # In the end everybody knows.
        self.venue.faults.clear()
        for label in LABELS:
            for _ in range(6):
                status, _ = self.run(self.engine.ask("get_order_by_label", label=label))
                self.run(pass_s(6.0))
            assert status == 200
        self.run(self.sources.close())
        self.loop.close()
        self.folder.cleanup()


TestLabels = Labels.TestCase
TestLabels.settings = run_settings(
    max_examples=run_settings().max_examples // 10, stateful_step_count=12, deadline=None
)
