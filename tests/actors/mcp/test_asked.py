"""An answer to another question than the one that was asked is an anomaly, however sound it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actors.http import Response
from core.contract import GetOrderByLabel, MaybeOrder, Router
from core.errors import McpDataAnomalyError
from tests.actors.mcp.test_client import NOW, OneAnswer, client_of

ORDER: dict[str, Any] = {
    "order_id": "O1",
    "label": "p-1:abcdef:e1",
    "state": "open",
    "amount": "2",
    "filled_amount": "0",
    "average_price": None,
    "price": "0.01",
    "legs": [{"instrument_name": "ETH-16JAN26-2800-P", "side": "sell", "ratio": 1}],
    "created_at": NOW.isoformat(),
    "updated_at": NOW.isoformat(),
}


def looked_up(answer: dict[str, Any] | None, label: str = "p-1:abcdef:e1") -> object:
    body = json.dumps({"order": answer}).encode()
    client = client_of(Router.DERIBIT, OneAnswer(Response(200, {}, body)))
    return client.read("get_order_by_label", GetOrderByLabel(label=label), correlation="c", now=NOW)


@pytest.mark.parametrize("label", ["p-1:abcdef:e2", "p-1:abcdef:e1 ", "P-1:ABCDEF:E1", "", "by hand"])
def test_an_order_under_another_label_is_not_the_one_looked_for(label: str) -> None:
    """Its terms may be the same: it would be booked in the other's place."""
    with pytest.raises(McpDataAnomalyError, match="expected an order under p-1:abcdef:e1, found"):
        looked_up(ORDER | {"label": label})


def test_the_order_itself_and_none_are_answers() -> None:
    found = looked_up(ORDER)
    assert isinstance(found, MaybeOrder)
    assert found.order is not None
    assert looked_up(None) == MaybeOrder(order=None)
