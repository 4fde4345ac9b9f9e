"""What holds under every schedule of faults: nothing leaves unrecorded, unpermitted, or twice."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.contract import iso_utc
from core.messages.kill_switch import ArmKillSwitch, Permit, RequestPermit, SuspendEntries
from core.messages.mcp import SendOrder
from core.messages.state import Recorded, RecordInstruction, RecordSent
from core.orders.lifecycle import PositionState
from core.orders.sizes import expected_sizes
from tests.fakes.trading import TradingHouse

TOOLS = (
    "place_combo_order",
    "edit_order",
    "cancel_order",
    "get_order_by_label",
    "get_trades_by_order",
    "get_open_orders",
    "get_order_history",
    "get_user_trades",
    "get_positions",
    "environment_info",
    "get_index_price",
    "get_options_chain",
)
FAULTS = st.sampled_from(["before", "after", "cut", "refused", 401, 422, 429, 500, None, None, None])
SCHEDULE = st.dictionaries(st.sampled_from(TOOLS), st.lists(FAULTS, max_size=4), max_size=len(TOOLS))
STEP = st.sampled_from(
    ["wait", "wait", "fill", "restart", "close", "arm", "suspend", "forget", "slow_books", "minute"]
)


def do(house: TradingHouse, step: str) -> None:
    match step:
        case "wait":
            house.advance(20)
        case "minute":
            house.advance(61)
        case "fill":
            for order in [o for o in house.venue.orders.values() if o.state == "open"]:
                house.venue.fill(order.label, 1)
        case "restart":
            house.restart_execution()
        case "close":
            house.close("p-entry-1", request_id=f"close-{len(house.log)}")
        case "arm":
            house.tell("kill_switch", ArmKillSwitch(reason="stop"))
        case "suspend":
            house.tell("kill_switch", SuspendEntries(source="test", reason="why"))
        case "forget":
            house.venue.orders = {i: o for i, o in house.venue.orders.items() if o.state != "open"}
        case "slow_books":
            house.books.silent = {RecordInstruction, RecordSent}
            house.advance(4)
            house.books.silent = set()
        case _:
            raise ValueError(step)


def play(schedule: dict[str, list[str | int | None]], steps: list[str]) -> TradingHouse:
    house = TradingHouse(Path(tempfile.mkdtemp()))
    for tool, faults in schedule.items():
        house.venue.faults[tool].extend(faults)
    house.place(house.propose(2))
    for step in steps:
        do(house, step)
    return house


def check_sends(house: TradingHouse) -> None:
    """Each send: instruction and `sent` recorded before, and under a permit of its own label."""
    recorded: set[str] = set()
    requests: dict[str, str] = {}
    permitted: set[str] = set()
    for name, message in house.log:
        if name == "state" and isinstance(message, RecordInstruction):
            requests[message.request_id] = f"instruction {message.instruction.label}"
        elif name == "state" and isinstance(message, RecordSent):
            requests[message.request_id] = f"sent {message.label}"
        elif name == "execution" and isinstance(message, Recorded):
            recorded.add(requests.get(message.request_id, ""))
        elif name == "kill_switch" and isinstance(message, RequestPermit):
            permitted.add(message.label)
        elif isinstance(message, SendOrder):
            label = message.instruction.label
            assert f"instruction {label}" in recorded
            assert f"sent {label}" in recorded
            assert label in permitted
            assert isinstance(message.permit, Permit)
            assert message.permit.label == label
    for request in house.venue.named("place_combo_order"):
        assert request["valid_until"] is not None
    labels = Counter(str(request["label"]) for request in house.venue.named("place_combo_order"))
    assert all(count == 1 for count in labels.values()), labels
    at_venue = Counter(order.label for order in house.venue.orders.values())
    assert all(count == 1 for count in at_venue.values()), at_venue


@given(SCHEDULE, st.lists(STEP, max_size=12))
def test_no_order_is_sent_without_recorded_instruction_and_live_permit_nor_twice(
    schedule: dict[str, list[str | int | None]], steps: list[str]
) -> None:
    check_sends(play(schedule, steps))


@given(SCHEDULE, st.lists(STEP, max_size=8))
def test_no_order_is_created_or_made_worse_while_armed_unless_it_only_closes(
    schedule: dict[str, list[str | int | None]], steps: list[str]
) -> None:
    house = play(schedule, steps)
    house.tell("kill_switch", ArmKillSwitch(reason="stop"), sender="control")
    house.advance(4.1)
    armed_at = iso_utc(house.time)
    for step in steps:
        do(house, step)
    for order in house.venue.orders.values():
        is_exit = ":x" in order.label
        assert is_exit or order.created_at < datetime.fromisoformat(armed_at)
    house_calls = [request for tool, request, _ in house.venue.calls if tool == "place_combo_order"]
    for request in house_calls:
        created = [o for o in house.venue.orders.values() if o.label == request["label"]]
        if created and created[0].created_at >= datetime.fromisoformat(armed_at):
            assert request["reduce_only"] is True


@given(SCHEDULE, st.lists(STEP, max_size=10))
def test_when_the_faults_end_books_and_venue_agree_or_the_switch_is_armed(
    schedule: dict[str, list[str | int | None]], steps: list[str]
) -> None:
    """After everything has come to rest and a recovery has run, what is held is what is known."""
    house = play(schedule, steps)
    house.venue.faults.clear()
    house.advance(1200)
    house.restart_execution()
    house.advance(300)
    expected = expected_sizes(p for p in house.books.positions.values() if p.is_live)
    armed = bool(house.told("kill_switch", ArmKillSwitch))
    assert armed or expected == house.venue.sizes()
    position = house.books.positions["p-entry-1"]
    assert position.contracts >= 0
    assert position.state is not PositionState.AWAITING_FILL
