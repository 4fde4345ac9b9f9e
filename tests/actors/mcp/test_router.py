"""The router's actor: retries as timers, deadlines, probes, and never an order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.mcp import McpRouter, wire_ports
from core.alerts import AlertCode
from core.contract import CurrencyRequest, IndexPrice, OrderIdRequest, Router
from core.messages.alerting import RaiseAlert, Severity
from core.messages.mcp import Fetch, Fetched, FetchFailed, McpFault, ProbeRouter, RouterProbed
from core.strategy import Strategy
from tests.fakes.house import House
from tests.fakes.trading import CREDENTIALS
from tests.fakes.venue import FakeVenue


class RouterHouse(House):
    def __init__(self) -> None:
        super().__init__()
        self.venue = FakeVenue(lambda: self.time)
        self.start(
            "mcp.deribit",
            McpRouter(
                router=Router.DERIBIT,
                open_port=wire_ports(lambda _: self.venue, CREDENTIALS, Strategy()),
                alerting=self.address("alerting"),
            ),
        )

    def fetch(self, *, within_s: float = 60.0, retry: bool = True) -> None:
        fetch = Fetch(
            request_id="f1",
            tool="get_index_price",
            request=CurrencyRequest(),
            deadline=self.time + timedelta(seconds=within_s),
            retry=retry,
        )
        self.tell("mcp.deribit", fetch, sender="asker", correlation="cycle-1")

    def attempts(self) -> int:
        return len(self.venue.named("get_index_price"))

    def failure(self) -> FetchFailed:
        (failed,) = self.told("asker", FetchFailed)
        return failed


@pytest.fixture
def house() -> RouterHouse:
    return RouterHouse()


def test_fetch_is_answered_to_its_sender_under_its_correlation(house: RouterHouse) -> None:
    house.fetch()
    (fetched,) = house.told("asker", Fetched)
    assert isinstance(fetched.answer, IndexPrice)
    assert (fetched.request_id, fetched.router, fetched.received_at) == ("f1", Router.DERIBIT, house.time)
    assert house.venue.calls[0][2]["X-Correlation-Id"] == "cycle-1"


def test_failed_read_is_tried_again_after_one_five_and_thirty_seconds(house: RouterHouse) -> None:
    house.venue.faults["get_index_price"].extend([500, "before", 503, 500])
    house.fetch()
    for wait_s, attempts in ((0.999, 1), (0.001, 2), (4.999, 2), (0.001, 3), (29.999, 3), (0.001, 4)):
        house.advance(wait_s)
        assert house.attempts() == attempts
    assert house.failure().fault is McpFault.SERVER
    assert house.failure().attempts == 4
    house.advance(600)
    assert house.attempts() == 4


def test_read_that_succeeds_at_last_is_answered(house: RouterHouse) -> None:
    house.venue.faults["get_index_price"].extend([500, 500, 500])
    house.fetch()
    house.advance(40)
    assert len(house.told("asker", Fetched)) == 1


def test_429_waits_at_least_as_long_as_the_server_asks(house: RouterHouse) -> None:
    house.venue.faults["get_index_price"].append(429)
    house.fetch()
    house.advance(1.9)
    assert house.attempts() == 1
    house.advance(0.2)
    assert house.attempts() == 2


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        pytest.param(401, McpFault.AUTH, marks=pytest.mark.raises_alert(AlertCode.MCP_AUTH)),
        pytest.param(
            404, McpFault.TOOL_NOT_FOUND, marks=pytest.mark.raises_alert(AlertCode.MCP_TOOL_NOT_FOUND)
        ),
        (422, McpFault.REQUEST),
    ],
)
def test_definite_refusal_is_not_tried_again(house: RouterHouse, status: int, fault: McpFault) -> None:
    house.venue.faults["get_index_price"].append(status)
    house.fetch()
    house.advance(60)
    assert house.attempts() == 1
    assert house.failure().fault is fault


def test_single_attempt_is_one_attempt(house: RouterHouse) -> None:
    house.venue.faults["get_index_price"].append(500)
    house.fetch(retry=False)
    house.advance(60)
    assert house.attempts() == 1
    assert house.failure().fault is McpFault.SERVER


def test_no_attempt_starts_after_the_deadline(house: RouterHouse) -> None:
    house.venue.faults["get_index_price"].extend([500, 500, 500])
    house.fetch(within_s=5.0)
    house.advance(60)
    assert house.attempts() == 2
    assert house.failure().fault is McpFault.SERVER


def test_fetch_that_comes_too_late_is_not_attempted(house: RouterHouse) -> None:
    house.fetch(within_s=0.0)
    assert house.attempts() == 0
    assert house.failure().fault is McpFault.DEADLINE


@pytest.mark.raises_alert(AlertCode.MCP_ANOMALY)
def test_anomaly_is_alerted_high_with_its_cause(house: RouterHouse) -> None:
    house.venue.index_usd = house.venue.index_usd * 0 + 1
    house.fetch()
    stale = house.venue
    stale.faults["get_index_price"].append(200)
    house.fetch()
    (alert,) = house.told("alerting", RaiseAlert)
    assert alert.severity is Severity.HIGH
    assert alert.shown_code == "mcp_anomaly:deribit"
    assert "cycle-1" in alert.cause


def test_order_does_not_go_by_the_reader(house: RouterHouse) -> None:
    fetch = Fetch(
        request_id="f1",
        tool="cancel_order",
        request=OrderIdRequest(order_id="O1"),
        deadline=house.time + timedelta(seconds=60),
    )
    house.tell("mcp.deribit", fetch, sender="asker")
    assert house.venue.calls == []
    assert house.failure().fault is McpFault.REQUEST


def test_probe_is_one_attempt_and_answers_either_way(house: RouterHouse) -> None:
    house.tell("mcp.deribit", ProbeRouter(request_id="p1"), sender="asker")
    house.venue.faults["health"].append(503)
    house.tell("mcp.deribit", ProbeRouter(request_id="p2"), sender="asker")
    good, bad = house.told("asker", RouterProbed)
    assert (good.ok, good.environment) == (True, "paper")
    assert not bad.ok
    assert len(house.venue.named("health")) == 2


def test_a_probe_hands_on_what_the_health_page_warns_of(house: RouterHouse) -> None:
    from actors.http import Response

    body = b'{"status": "ok", "version": "1", "environment": "paper", "warnings": ["the calendar ends"]}'
    house.venue.faults["health"].append(Response(200, {}, body))
    house.tell("mcp.deribit", ProbeRouter(request_id="p1"), sender="asker")
    (probed,) = house.told("asker", RouterProbed)
    assert probed.warnings == ("⟪the calendar ends⟫",)


@pytest.mark.parametrize(("code", "expected"), [("11051", True), ("10041", True), ("13004", False)])
def test_maintenance_is_told_from_other_failures(house: RouterHouse, code: str, expected: bool) -> None:
    from actors.http import Response

    body = f'{{"error": "{code} played"}}'.encode()
    house.venue.faults["health"].append(Response(200, {}, body))
    house.tell("mcp.deribit", ProbeRouter(request_id="p1"), sender="asker")
    (probed,) = house.told("asker", RouterProbed)
    assert probed.maintenance is expected


def test_stop_closes_the_connection(house: RouterHouse) -> None:
    house.stop("mcp.deribit")
    assert house.venue.closed


def test_unknown_message_is_a_crash(house: RouterHouse) -> None:
    with pytest.raises(TypeError):
        house.tell("mcp.deribit", object())
