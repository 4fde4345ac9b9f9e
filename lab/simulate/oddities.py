"""What a simulation's venue does that no fault of the paper venue plays: others' holdings, other terms."""

from __future__ import annotations

import json
from typing import Final

from gateway.shell.bodies import HttpAnswer

POSITIONS: Final = "get_positions"
PLACE: Final = "place_combo_order"
OF_OTHERS: Final = (
    {
        "instrument_name": "ETH-PERPETUAL",
        "size": "0.37",
        "average_price": "0",
        "mark_price": "0",
        "floating_pnl": "0",
        "delta": 0.37,
        "gamma": 0,
        "theta": 0,
        "vega": 0,
    },
    {"instrument_name": "ETH-BASKET-7", "kind": "basket", "shares": "many"},
)
"""A perpetual of a fractional size, and a row of a kind that nobody knows."""


class Oddities:
    """Each is played while an act lasts that calls for it; the acts are known by their numbers."""

    def __init__(self) -> None:
        self.others_hold: set[int] = set()
        """The account lists positions of others."""
        self.other_terms: dict[int, None] = {}
        """The next entry is taken for one contract more than was asked for: one of each act in turn."""

    def changes(self, tool: str) -> bool:
        """Whether the answer of this tool is changed now."""
        return bool(self.others_hold) and tool == POSITIONS

    def request(self, tool: str, body: bytes) -> bytes:
        """The request as the venue takes it."""
        if tool != PLACE or not self.other_terms:
            return body
        asked = json.loads(body)
        if asked.get("reduce_only"):
            return body
        del self.other_terms[next(iter(self.other_terms))]
        return json.dumps({**asked, "amount": int(asked["amount"]) + 1}).encode()

    def answer(self, tool: str, answer: HttpAnswer) -> HttpAnswer:
        """The answer as it is sent."""
        if not self.changes(tool) or answer.status != 200:
            return answer
        try:
            told = json.loads(answer.body)
        except ValueError:
            return answer  # A fault has broken it.
        if not isinstance(told, dict) or not isinstance(told.get("positions"), list):
            return answer
        return answer._replace(
            body=json.dumps({**told, "positions": [*told["positions"], *OF_OTHERS]}).encode()
        )
