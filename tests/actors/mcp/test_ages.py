"""Each answer that money depends on has an age of its own, and all share one tolerance for times ahead."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from actors.http import Response
from actors.mcp import McpClient
from core.contract import CurrencyRequest, GetFxRate, Router, ToolRequest
from core.errors import McpDataAnomalyError
from core.strategy import Strategy
from tests.actors.mcp.test_client import CREDENTIALS, NOW, OneAnswer, client_of

DAY_S = 86_400.0
ETH, USD = CurrencyRequest(), CurrencyRequest(currency="USD")
FX = GetFxRate(base="EUR", quote="USD")
ANSWERS: dict[str, tuple[Router, ToolRequest, dict[str, object], float]] = {
    "get_index_price": (Router.DERIBIT, ETH, {"price": "3000"}, 60.0),
    "get_dvol": (Router.DERIBIT, ETH, {"dvol": 60.0}, 60.0),
    "get_total_equity": (Router.PORTFOLIO, USD, {"equity": "188559.00", "currency": "usd"}, 900.0),
    "get_fx_rate": (Router.PORTFOLIO, FX, {"rate": 1.17}, 6 * DAY_S),
}


def read(tool: str, age_s: float) -> object:
    router, request, fields, _ = ANSWERS[tool]
    body = fields | {"timestamp": (NOW - timedelta(seconds=age_s)).isoformat()}
    asked = client_of(router, OneAnswer(Response(200, {}, json.dumps(body).encode())))
    return asked.read(tool, request, correlation="c", now=NOW)


@pytest.mark.parametrize("tool", sorted(ANSWERS))
def test_an_answer_may_be_as_old_as_its_bound_and_a_little_ahead_of_the_clock(tool: str) -> None:
    for age_s in (ANSWERS[tool][3], 0.0, -0.6, -5.0):
        assert read(tool, age_s) is not None


@pytest.mark.parametrize("tool", sorted(ANSWERS))
def test_an_older_one_or_one_further_ahead_is_an_anomaly(tool: str) -> None:
    bound_s = ANSWERS[tool][3]
    with pytest.raises(McpDataAnomalyError, match=f"{tool}: .* s old, expected at most {bound_s:g} s"):
        read(tool, bound_s + 1.0)
    with pytest.raises(McpDataAnomalyError, match=f"{tool}: 6 s ahead of the clock, expected at most 5 s"):
        read(tool, -6.0)


def test_an_answer_that_took_a_while_may_be_as_young_as_its_end() -> None:
    """A gateway that collects a chain for six seconds fetches its last quotes six seconds later."""
    took = timedelta(seconds=6.3)
    body = {"price": "3000", "timestamp": (NOW + timedelta(seconds=6)).isoformat()}
    asked = McpClient(
        router=Router.DERIBIT,
        transport=OneAnswer(Response(200, {}, json.dumps(body).encode())),
        credentials=CREDENTIALS,
        strategy=Strategy(),
        clock=lambda: NOW + took,
    )
    assert asked.read("get_index_price", ETH, correlation="c", now=NOW) is not None


@pytest.mark.parametrize(("tool", "age_days"), [("get_total_equity", 30), ("get_fx_rate", 365)])
def test_equity_of_last_month_and_a_rate_of_last_year_are_not_sized_on(tool: str, age_days: int) -> None:
    with pytest.raises(McpDataAnomalyError):
        read(tool, age_days * DAY_S)
