"""The safety path with the real state and audit on the paper venue: what is booked is what moved there."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.mcp.paper_transport import PaperTransport
from core.messages.base import Refused
from core.messages.execution import ClosePosition
from core.messages.kill_switch import ArmKillSwitch
from core.messages.state import GetPosition, PositionRead
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from tests.actors.execution.test_paper_venue import RATES, START, HouseClock, PaperHouse
from tests.fakes.paper import PaperInProcess
from tests.fakes.trading import TradingHouse


class RealBooksHouse(PaperHouse):
    """Kill switch, state, audit, mcp.orders, mcp.deribit and execution: all real."""

    def __init__(self, folder: Path, *, seed: int = 7, faults: tuple[str, ...] = ()) -> None:
        clock = HouseClock()
        self.paper = PaperInProcess(seed=seed, faults=faults)
        self.paper.calm = True
        transport = PaperTransport(self.paper, clock=clock)
        TradingHouse.__init__(self, folder, transport=transport, start=False)
        clock.house = self
        self.time = START
        self.start_with_real_books()

    def refusals(self) -> list[tuple[str, ...]]:
        return [message.reasons for _, message in self.log if isinstance(message, Refused)]


@pytest.mark.parametrize(
    "kind",
    [
        "calm",
        "latency",
        "timeout_before",
        "timeout_after",
        "cut",
        "http_429",
        "http_500",
        "truncated",
        "reject",
        "partial_silent",
        "fill_after_cancel",
        "venue_restart",
    ],
)
def test_what_is_booked_is_what_moved_the_venues_balance(tmp_path: Path, kind: str) -> None:
    """An entry and its exit under one kind of fault: no refusal by the books, nothing armed, sums equal."""
    faults = () if kind == "calm" else (f"deribit:{kind}:{RATES.get(kind, 0.2)}",)
    house = RealBooksHouse(tmp_path, seed=11, faults=faults)
    start_eth = house.paper.venue.account.balance_eth
    proposal = house.decide(house.market_plan(contracts=2, above_natural="0.0005"))
    house.paper.calm = False
    house.place(proposal)
    house.advance(960)
    house.tell(
        "execution",
        ClosePosition(
            request_id="close-1", position_id=proposal.position_id, exit_rule=ExitRule.STOP, reason="test"
        ),
        sender="control",
    )
    house.advance(3600)
    house.paper.calm = True
    house.advance(1800)
    house.restart_execution()
    house.advance(300)
    asked = GetPosition(request_id="read-1", position_id=proposal.position_id)
    house.tell("state", asked, sender="asker")
    position = house.told("asker", PositionRead)[-1].position
    assert position is not None
    assert position.state in (PositionState.CLOSED, PositionState.CANCELLED)
    assert position.pnl_eth == house.paper.venue.account.balance_eth - start_eth
    assert house.refusals() == []
    assert house.told("kill_switch", ArmKillSwitch) == []
    for name in ("audit", "state"):
        house.stop(name)
