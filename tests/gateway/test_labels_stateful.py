"""A label is sent once: the engine's own resolver, the live gateway and the simulated Deribit, all of which
die and live again while requests and answers are lost on either side of the gateway.

The engine is its safety path, whole: execution, its orders' connection, kill switch, books and log. What is
at the venue is read there.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import settings as run_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.mcp.paper_transport import PaperTransport
from core.contract import OrderLeg
from core.messages.kill_switch import ArmKillSwitch, DisarmKillSwitch
from core.orders.books import OrderRow, Position
from core.orders.lifecycle import ORDER_FINAL, OrderState
from core.orders.plan import ComboPlan
from core.orders.sizes import expected_sizes
from core.strategy import Strategy
from core.values import Environment, PositionId
from gateway.live.orders.placing import PlacingStep
from gateway.live.orders.registry import LabelState
from gateway.sim.faults import Fault, SimFault
from gateway.sim.ways import Ways
from lab.in_process import Answering, InProcessTransport
from reading.books import stored_orders, stored_positions
from tests.fakes.trading import TradingHouse, plan
from tests.gateway.live.desk import NOW
from tests.gateway.mortal import Mortal, OnTheWay
from tests.gateway.sim.account import LONG, SHORT

MEMORY = Path("/dev/shm")
ANSWERS_S = 0.02
TICK = Decimal("0.0001")
ROOMS = ("execution", "mcp.orders", "mcp.deribit", "kill_switch", "audit", "state")
CHANGING = ("place_combo_order", "edit_order", "cancel_order")
LOOKING = ("get_order_by_label", "get_open_orders", "get_order_history", "get_user_trades", "get_positions")
AT_THE_VENUE = (
    *("sell", "buy", "edit", "cancel", "create_combo", "get_order_state", "get_order_state_by_label"),
    *("get_open_orders_by_label", "get_order_history_by_currency", "get_user_trades_by_order"),
)
NUMBERS = {
    SimFault.REFUSE: (10009.0, 10028.0, 11051.0, 13888.0, 424242.0),
    SimFault.REFUSE_AFTER: (13888.0, 10001.0),
    SimFault.SLOW: (1.0, 4.0, 9.0),
    SimFault.SLOW_AFTER: (1.0, 9.0),
}
LOST = (SimFault.CUT_AFTER, SimFault.HTML_AFTER, SimFault.TWICE)
WAYS = (Ways(), Ways(trades="bare"), Ways(trades="parent", inverse=True), Ways(inverse=True, waives=True))
SETTLES_S = 1200.0
LATE_S = (1.0, 3.0, 9.0)
LOOKS_LOST = 20
TAKEN_UP_AFTER_S = 1.5
FOR_LONG = 300


def strategy() -> Strategy:
    """One that reprices quickly, for the environment that the simulated venue is."""
    execution = Strategy().execution.model_copy(
        update={
            "environment": Environment.TESTNET,
            "reprice_s": 5.0,
            "reprice_steps": 3,
            "fill_timeout_s": 25.0,
            "exit_reprice_s": 5.0,
        }
    )
    limits = Strategy().limits.model_copy(update={"orders_per_hour": 1000})
    several = Strategy().strategy.model_copy(update={"max_open_positions": 10})
    return Strategy().model_copy(update={"execution": execution, "limits": limits, "strategy": several})


class InProcess(InProcessTransport):
    """The way to the gateway, which outlives whoever goes it."""

    def __init__(self, dispatch: Answering) -> None:
        super().__init__(dispatch, latency_s=lambda: ANSWERS_S)

    def close(self) -> None:
        """The next room will go it again."""


class EngineHouse(TradingHouse):
    """The engine's safety path, whole, before a mortal gateway."""

    def __init__(self, folder: Path, venue: Mortal) -> None:
        super().__init__(folder, strategy=strategy(), start=False)
        self.mortal = venue
        self.transport = PaperTransport(InProcess(venue.dispatch), clock=self)
        self.time = NOW
        self.decided = 0
        self.start_with_real_books()

    def now(self) -> datetime:
        """The transport's clock."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Whoever waits for an answer lets time pass."""
        self.time += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self.mortal.run_to(self.time)
        self.catch_up()

    def catch_up(self) -> None:
        """What gateway and venue have waited for has passed here, too."""
        self.time = max(self.time, self.mortal.now())

    def restart(self, *rooms: str) -> None:
        """These rooms end, and begin anew on what they find."""
        for name in rooms:
            self.stop(name)
        if rooms == ROOMS:
            self.start_with_real_books()
            return
        if "mcp.orders" in rooms:
            self.start_orders()
        self.start_execution()
        self.run()

    def enter(self, contracts: int = 2, *, above_ticks: int = 0) -> PositionId:
        """A bull put that asks for so many ticks more than the books of its legs give."""
        self.decided += 1
        proposal = self.decide(self._market_plan(contracts, TICK * above_ticks), self.decided)
        self.place(proposal)
        return proposal.position_id

    def held(self) -> tuple[Position, ...]:
        """The live positions of the books."""
        return stored_positions(self.data_dir, everything=False)

    def _market_plan(self, contracts: int, above: Decimal) -> ComboPlan:
        desk = self.mortal.sim.desk
        legs = (
            OrderLeg(instrument_name=SHORT, side="sell", ratio=1),
            OrderLeg(instrument_name=LONG, side="buy", ratio=1),
        )
        natural, _ = desk.natural_eth(legs)
        assert natural is not None
        prices = {
            "limit_eth": natural + above,
            "mid_eth": natural + above,
            "floor_eth": natural + above / 2,
            "natural_eth": natural,
            "initial_margin_eth": float(desk.books.combo_margins_eth(legs, Decimal(1))[0]),
        }
        return plan(contracts, short=SHORT, long=LONG).model_copy(update=prices)


class Labels(RuleBasedStateMachine):
    """One engine, one gateway after another, one venue after another."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)

    @initialize(ways=st.sampled_from(WAYS))
    def begin(self, ways: Ways) -> None:
        root = Path(self.folder.name)
        (root / "engine").mkdir()
        self.mortal = Mortal(root, ways)
        self.house = EngineHouse(root / "engine", self.mortal)

    # What goes wrong

    @rule(tool=st.sampled_from(CHANGING), kind=st.sampled_from(OnTheWay), late_s=st.sampled_from(LATE_S))
    def a_change_is_lost_before_the_gateway(self, tool: str, kind: OnTheWay, late_s: float) -> None:
        self.mortal.on_the_way[tool].append((kind, late_s))

    @rule(tool=st.sampled_from(LOOKING), kind=st.sampled_from(OnTheWay))
    def a_look_is_lost_before_the_gateway(self, tool: str, kind: OnTheWay) -> None:
        self.mortal.on_the_way[tool].append((kind, 3.0))

    @rule(kind=st.sampled_from((OnTheWay.LOST_AFTER, OnTheWay.CUT_AFTER)))
    def no_answer_about_an_order_comes_through_for_long(self, kind: OnTheWay) -> None:
        self.mortal.on_the_way["place_combo_order"].append((kind, 0.0))
        self.mortal.on_the_way["get_order_by_label"] += LOOKS_LOST * [(kind, 0.0)]

    @rule(method=st.sampled_from(("sell", "buy")), kind=st.sampled_from(LOST))
    def the_answer_to_an_order_is_lost(self, method: str, kind: SimFault) -> None:
        self.mortal.sim.faults.add(Fault(method, kind))

    @rule(method=st.sampled_from(AT_THE_VENUE), kind=st.sampled_from(SimFault), data=st.data())
    def something_goes_wrong_at_the_venue(self, method: str, kind: SimFault, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(NUMBERS.get(kind, (0.0,))))
        self.mortal.sim.faults.add(Fault(method, kind, number))

    @rule(step=st.sampled_from(PlacingStep))
    def the_gateway_will_die_at_a_step(self, step: PlacingStep) -> None:
        self.mortal.kill_at = step

    @rule(tool=st.sampled_from(CHANGING), after_s=st.sampled_from((0.0, 0.01, 0.9)))
    def the_gateway_will_die_during_a_change(self, tool: str, after_s: float) -> None:
        self.mortal.kill_after_s[tool] = after_s

    @rule(after_s=st.sampled_from((0.1, 0.9)))
    def the_gateway_will_be_replaced_before_the_venue_has_taken_an_order_up(self, after_s: float) -> None:
        slow = (Fault(method, SimFault.SLOW, TAKEN_UP_AFTER_S) for method in ("sell", "buy"))
        self.mortal.sim.faults.add(*slow)
        self.mortal.kill_after_s["place_combo_order"] = after_s
        self.mortal.is_replaced = True

    @rule()
    def the_gateway_dies(self) -> None:
        self.mortal.kill_gateway()

    @rule()
    def the_venue_goes_down(self) -> None:
        self.mortal.kill_venue()

    @rule()
    def whatever_is_down_begins_anew(self) -> None:
        self.mortal.revive_venue()
        self.mortal.revive_gateway()
        self.house.catch_up()

    @rule(rooms=st.sampled_from((("execution",), ("execution", "mcp.orders"), ROOMS)))
    def rooms_of_the_engine_begin_anew(self, rooms: tuple[str, ...]) -> None:
        self.house.restart(*rooms)

    # What is done

    @rule(contracts=st.integers(1, 3), above_ticks=st.sampled_from((0, 0, 6)))
    def enter(self, contracts: int, above_ticks: int) -> None:
        self.house.enter(contracts, above_ticks=above_ticks)

    @precondition(lambda self: any(position.contracts for position in self.house.held()))
    @rule()
    def close(self) -> None:
        for position in self.house.held():
            self.house.close(position.position_id, request_id=f"close-{len(self.house.log)}")

    @precondition(lambda self: self.mortal.open_orders())
    @rule(amount=st.integers(1, 2))
    def somebody_takes_a_part(self, amount: int) -> None:
        self.mortal.fill(amount)

    @rule()
    def a_person_arms_and_disarms(self) -> None:
        self.house.tell("kill_switch", ArmKillSwitch(reason="drill", who="ada"), sender="control")
        self.house.advance(6.0)
        self.house.tell("kill_switch", DisarmKillSwitch(reason="over", who="ada"), sender="control")

    @rule()
    def somebody_looks(self) -> None:
        self.mortal.look()

    @rule(seconds=st.sampled_from((1.0, 4.0, 30.0, 240.0)))
    def time_passes(self, seconds: float) -> None:
        self.house.advance(seconds)

    # What must hold

    @invariant()
    def a_label_has_at_most_one_order_and_that_a_combo(self) -> None:
        labels = Counter(order.label for order in self.mortal.orders())
        assert [label for label, count in labels.items() if count > 1] == []
        assert self.mortal.kinds() <= {"option_combo"}

    @invariant()
    def no_label_is_called_unknown_that_the_venue_has_or_gets(self) -> None:
        assert self.mortal.wrongly_called_absent() == []

    @invariant()
    def what_the_books_have_ended_has_ended(self) -> None:
        there = {order.label: order for order in self.mortal.orders()}
        for row in self.rows():
            order = there.get(row.label)
            if row.state in (OrderState.NOT_PLACED, OrderState.REJECTED):
                assert order is None, row
            elif row.state in ORDER_FINAL:
                assert order is not None
                assert (row.state.value, row.filled_amount) == (order.state, int(order.filled_amount))

    def rows(self) -> list[OrderRow]:
        return [row for _, row in stored_orders(self.house.data_dir, None)]

    def teardown(self) -> None:
        """In the end everybody knows."""
        try:
            self.mortal.forgive()
            self.whatever_is_down_begins_anew()
            self.house.restart(*ROOMS)
            self.house.advance(SETTLES_S)
            self.a_label_has_at_most_one_order_and_that_a_combo()
            self.no_label_is_called_unknown_that_the_venue_has_or_gets()
            self.what_the_books_have_ended_has_ended()
            assert [row for row in self.rows() if row.state not in ORDER_FINAL] == []
            assert expected_sizes(self.house.held()) == self.mortal.sizes()
            at_venue = {order.label for order in self.mortal.orders()}
            registry = self.mortal.registry()
            assert {label for label, state in registry.items() if state is LabelState.PLACED} == at_venue
            assert [label for label, state in registry.items() if state.is_open] == []
        finally:
            for name in ROOMS:
                self.house.stop(name)
            self.mortal.close()
            self.folder.cleanup()


TestLabels = Labels.TestCase
TestLabels.settings = run_settings(
    max_examples=run_settings().max_examples // 8, stateful_step_count=12, deadline=None
)


class LabelsForLong(Labels):
    """The same, again and again."""


TestLabelsForLong = pytest.mark.soak(LabelsForLong.TestCase)
TestLabelsForLong.settings = run_settings(max_examples=FOR_LONG, stateful_step_count=30, deadline=None)
