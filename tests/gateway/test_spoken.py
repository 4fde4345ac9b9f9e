"""The venue says its words as they are: the signs of a quotation are put by whoever reads its answer."""

from __future__ import annotations

import json

from core.contract import Calendar, OrderAnswer
from tests.actors.mcp.test_strange_answers import ACCOUNT

EVENT = {
    "name": "FOMC rate decision",
    "country": "US",
    "importance": "high",
    "scheduled_at": "2026-01-28T19:00:00Z",
}


def test_an_answer_that_is_served_is_read_as_it_was_said() -> None:
    calendar = Calendar.model_validate({"events": [EVENT]})
    assert calendar.events[0].name == "⟪FOMC rate decision⟫"
    served = json.loads(calendar.model_dump_json())
    assert served["events"][0]["name"] == "FOMC rate decision"
    assert Calendar.model_validate(served) == calendar


def test_a_rejection_too() -> None:
    order = ACCOUNT["get_open_orders"]["orders"][0] | {
        "state": "rejected",
        "reject_reason": "10009: no funds",
    }
    answer = OrderAnswer.model_validate({"order": order | {"filled_amount": "0", "average_price": None}})
    assert json.loads(answer.model_dump_json())["order"]["reject_reason"] == "10009: no funds"
    assert answer.order.reject_reason == "⟪10009: no funds⟫"
