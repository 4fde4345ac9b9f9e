"""`kill -9` of the live gateway, of the engine, and of both, while an order is placed under a faulty wire.

Both are processes of their own over loopback, in front of a simulated Deribit that lives on. Each kind is
killed twenty times: at every named failpoint of a placement, and at random instants. After each kill whoever
is dead is started again, and once nothing is under way engine, gateway and venue must agree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Event

import pytest

from actors.failpoints import Failpoint
from gateway.live.orders.placing import PlacingStep
from gateway.sim.ways import Ways
from tests.kills.deribit_served import ServedDeribit
from tests.kills.gateway_house import GatewayHouse, faults

KILLS = 20
OF_THE_ENGINE = (
    Failpoint.PERMIT_GRANTED,
    Failpoint.INSTRUCTION_RECORDED,
    Failpoint.SENT_RECORDED,
    Failpoint.PLACE_SENDING,
    Failpoint.PLACE_ANSWERED,
)
INSTANT_S = (0.0, 2.0)
OF_AN_ORDER, ASKED_WITHIN_S = 0.8, 20.0
"""So many are killed after an order's margins were asked for, which is the first of it that the venue sees;
the others after the command."""
REACHED_WITHIN_S, TRIES_MAX = 15.0, 4

pytestmark = pytest.mark.soak


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[GatewayHouse]:
    # No other engine on this machine may trade the same account.
    with ServedDeribit(Ways(account_id=os.getpid())) as venue:
        house = GatewayHouse(tmp_path, venue, Random(request.node.name))
        try:
            yield house
        finally:
            house.stop()


def at_random(house: GatewayHouse, *whom: str) -> None:
    """Killed at any instant of an order."""
    house.be_up()
    house.venue.venue.faults.add(*faults(house.chance))
    asked = house.margins_asked
    house.trade()
    if house.chance.random() < OF_AN_ORDER:
        house.wait_for_order(asked, ASKED_WITHIN_S)
    Event().wait(house.chance.uniform(*INSTANT_S))
    house.kill(*whom)


def at_place(house: GatewayHouse, place: PlacingStep | Failpoint, *besides: str) -> bool:
    """Killed where the place says, and the other right after it; whether it came there."""
    name = "gateway" if isinstance(place, PlacingStep) else "engine"
    # An engine that misses its gateway at a probe suspends entries until the next one, a minute later.
    house.end("engine")
    if isinstance(place, PlacingStep):
        house.end("gateway")
        house.start_gateway(place)
    else:
        house.gateway_be_up()
        house.start_engine(place)
    reached = False
    for _ in range(TRIES_MAX):
        house.be_up()
        house.trade()
        reached = house.killed_itself(name, place, REACHED_WITHIN_S)
        if reached:
            break
    house.kill(*besides)
    return reached


def twenty(
    house: GatewayHouse,
    places: tuple[PlacingStep | Failpoint, ...],
    whom: tuple[str, ...],
    told: pytest.CaptureFixture[str],
) -> None:
    """Killed at each place, and for the rest at random instants; all three agree after each kill."""
    reached = 0
    for place in places:
        besides = [name for name in whom if (name == "gateway") != isinstance(place, PlacingStep)]
        reached += at_place(house, place, *besides)
        house.settle()
    for _ in range(KILLS - len(places)):
        at_random(house, *whom)
        house.settle()
    house.stop()
    with told.disabled():
        print(f"\n{house.told()}, {reached} of {len(places)} places reached")  # noqa: T201
    assert house.wrong == []
    assert house.said_absent_and_was_there() == []
    assert house.audit_problem() is None
    assert reached == len(places)


def test_the_gateway_is_killed(house: GatewayHouse, capsys: pytest.CaptureFixture[str]) -> None:
    twenty(house, 2 * tuple(PlacingStep), ("gateway",), capsys)


def test_the_engine_is_killed(house: GatewayHouse, capsys: pytest.CaptureFixture[str]) -> None:
    twenty(house, OF_THE_ENGINE, ("engine",), capsys)


def test_both_are_killed(house: GatewayHouse, capsys: pytest.CaptureFixture[str]) -> None:
    places = (*PlacingStep, *OF_THE_ENGINE)
    twenty(house, places, ("gateway", "engine"), capsys)
