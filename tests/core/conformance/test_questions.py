"""Every tool without an effect is asked, and what one answer names is asked about."""

from __future__ import annotations

from datetime import UTC, datetime

from core.conformance.questions import NOT_ASKED, QUESTIONS, AnsweredSoFar, of_router
from core.contract import CHANGING_TOOLS, TOOLS, Router

NOW = datetime(2026, 1, 5, 14, tzinfo=UTC)
PUTS = [
    {"instrument_name": f"P{strike}", "strike": str(strike), "option_type": "put", "expiration": "e"}
    for strike in (2400, 2600, 2500)
]


def test_every_tool_that_changes_nothing_is_asked_once() -> None:
    asked = [(tool.router, tool.name) for tool, _ in QUESTIONS]
    assert len(asked) == len(set(asked))
    assert set(asked) == {key for key in TOOLS if key[1] not in CHANGING_TOOLS}


def test_each_question_is_its_tools_own_request() -> None:
    known = AnsweredSoFar(NOW).learnt("get_instruments", {"instruments": PUTS})
    known = known.learnt("get_open_orders", {"orders": [{"order_id": "7"}]})
    for tool, question in QUESTIONS:
        request = question(known)
        assert request is not None
        assert isinstance(request, tool.request)


def test_a_question_about_nothing_is_not_asked_and_says_why() -> None:
    unasked = {tool.name for tool, question in QUESTIONS if question(AnsweredSoFar(NOW)) is None}
    assert unasked == set(NOT_ASKED)


def test_a_spread_sells_the_higher_of_two_neighbours() -> None:
    assert AnsweredSoFar(NOW).learnt("get_instruments", {"instruments": PUTS}).puts == ("P2500", "P2400")


def test_an_answer_that_makes_no_sense_teaches_nothing() -> None:
    for body in ({}, {"instruments": 5}, {"instruments": [None, {"strike": "x", "option_type": "put"}]}):
        assert AnsweredSoFar(NOW).learnt("get_instruments", body) == AnsweredSoFar(NOW)
    assert AnsweredSoFar(NOW).learnt("get_open_orders", {"orders": [{"order_id": 5}]}).order_id is None


def test_a_lone_put_and_a_strike_that_is_no_number_are_passed_over() -> None:
    lone = {"instrument_name": "P1", "strike": "1", "option_type": "put", "expiration": "first"}
    broken = {"instrument_name": "PX", "strike": "x", "option_type": "put", "expiration": "e"}
    known = AnsweredSoFar(NOW).learnt("get_instruments", {"instruments": [lone, broken, *PUTS]})
    assert known.puts == ("P2500", "P2400")


def test_an_answer_that_nothing_is_asked_of_adds_nothing() -> None:
    assert AnsweredSoFar(NOW).learnt("get_dvol", {"dvol": 60}) == AnsweredSoFar(NOW)


def test_the_routers_questions_are_all_of_them() -> None:
    parts = [each for router in Router for each in of_router(router)]
    assert sorted(tool.name for tool, _ in parts) == sorted(tool.name for tool, _ in QUESTIONS)
