"""A pause of the venue is told by a field, or by what a text begins with."""

from __future__ import annotations

import json

import pytest

from actors.http import Response
from actors.mcp.client import is_maintenance
from actors.mcp.reasons import reason_in
from core.contract import NoArguments, Router
from core.errors import McpError
from tests.actors.mcp.test_client import NOW, OneAnswer, client_of

PAUSED = "system_maintenance"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"detail": "deribit: system_maintenance"}, PAUSED),
        ({"detail": "system_maintenance"}, PAUSED),
        ({"detail": "System_Maintenance: back at 08:05"}, PAUSED),
        ({"detail": "deribit: 11051 system_maintenance"}, PAUSED),
        ({"detail": "11051 played"}, PAUSED),
        ({"detail": "error 11051: system_maintenance"}, PAUSED),
        ({"detail": "deribit error: (11051) try later"}, PAUSED),
        ({"detail": "settlement_in_progress"}, "settlement_in_progress"),
        ({"detail": "deribit: 10041"}, "settlement_in_progress"),
        ({"code": 11051, "detail": "try later"}, PAUSED),
        ({"error": {"code": 11051, "message": "x", "data": {}}}, PAUSED),
        ({"error": {"code": -32600, "data": {"reason": "settlement_in_progress"}}}, "settlement_in_progress"),
        ({"error": "system_maintenance"}, PAUSED),
        ({"detail": "order 11051 is not known"}, None),
        ({"detail": "orders: 11051 found"}, None),
        ({"detail": "deribit: 110510"}, None),
        ({"detail": "deribit: no system_maintenance is planned"}, None),
        ({"detail": "not_system_maintenance"}, None),
        ({"detail": "system_maintenance_is_over"}, None),
        ({"id": 11051, "detail": "13004 bad credentials"}, None),
        ({"code": True}, None),
        ({"code": 10**400}, None),
        ({}, None),
        ([], None),
        (None, None),
        ("deribit: system_maintenance", PAUSED),
    ],
)
def test_the_reason_is_in_a_field_or_begins_the_text(body: object, reason: str | None) -> None:
    assert reason_in(body) == reason


@pytest.mark.parametrize("status", [200, 400, 500, 503])
def test_a_health_page_that_says_so_in_any_status_is_maintenance(status: int) -> None:
    body = {"error": PAUSED} if status == 200 else {"detail": f"deribit: {PAUSED}"}
    asked = client_of(Router.DERIBIT, OneAnswer(Response(status, {}, json.dumps(body).encode())))
    with pytest.raises(McpError) as refused:
        asked.health(correlation="c")
    assert is_maintenance(refused.value)


@pytest.mark.parametrize("error", [{"code": 13004}, 13004, ["x"], True, "bad credentials"])
def test_an_error_of_any_form_is_a_soft_error_and_nothing_beside_it_is_read(error: object) -> None:
    body = {"environment": "paper", "account": "A", "server_time": NOW.isoformat(), "features": []}
    asked = client_of(
        Router.DERIBIT, OneAnswer(Response(200, {}, json.dumps(body | {"error": error}).encode()))
    )
    with pytest.raises(McpError, match="environment_info: "):
        asked.read("environment_info", NoArguments(), correlation="c", now=NOW)
