"""What is said of orders, fills, deliveries and the venue's health while a trade is made and settled.

Every list of the account comes twice and backwards. The first order is answered without its id, and its first
look-up with another label. Twice the health page of deribit refuses three times in a row: first for
maintenance, and after the settlement with a text that only names the number of maintenance.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from threading import Lock

from tests.hostile.entry_answers import now_of
from tests.hostile.misbehaviours import Act, says
from tests.hostile.server import Exchange

LISTS = {
    "get_positions": "positions",
    "get_open_orders": "orders",
    "get_order_history": "orders",
    "get_user_trades": "trades",
    "get_trades_by_order": "trades",
    "get_settlements": "settlements",
}
PAUSED_FROM = datetime(2026, 1, 6, 10, tzinfo=UTC)
REFUSED_FROM = datetime(2026, 1, 16, 10, tzinfo=UTC)
"""After the settlement of the trade, so that what is armed then keeps nothing from it."""
FOR = timedelta(hours=2, minutes=30)
"""Three probes, of one an hour."""
PAUSED = says(b'{"detail": "system_maintenance"}', status="503 Service Unavailable")
REFUSED = says(b'{"detail": "order 11051 is not known"}', status="503 Service Unavailable")
ENDS_AFTER_DAYS = 11.55
STRATEGY = {
    # Short legs near the money, so that a settlement pays something.
    "strikes": {"delta_min": 0.35, "delta_max": 0.49, "delta_target": 0.45},
    "worth": {"credit_floor_of_delta": 0.0, "cost_max_of_credit": 2.0},
    "scheduler": {
        "monitor_times": ["12:00"],
        "snapshot_every_min": 1440,
        "health_every_min": 60,
        "backup_every_min": 1440,
    },
}


def twice_and_backwards(field: str) -> Act:
    def act(exchange: Exchange) -> None:
        answer = json.loads(exchange.sound())
        answer[field] = [*reversed(answer[field]), *answer[field]]
        exchange.answer(json.dumps(answer).encode())

    return act


def without_order_id(exchange: Exchange) -> None:
    """The venue has taken the order up, and says it in a way that can't be read."""
    answer = json.loads(exchange.sound())
    answer["order"]["order_id"] = ""
    exchange.answer(json.dumps(answer).encode())


def under_another_label(exchange: Exchange) -> None:
    """The order that was asked for, as another one that has the same terms."""
    answer = json.loads(exchange.sound())
    answer["order"]["label"] = answer["order"]["label"].removesuffix("e1") + "e9"
    exchange.answer(json.dumps(answer).encode())


ONCE: dict[str, Act] = {"place_combo_order": without_order_id, "get_order_by_label": under_another_label}
"""What happens to the first answer of a tool."""


class Account:
    """Answers the requests of a run of `ENDS_AFTER_DAYS`."""

    def __init__(self) -> None:
        self.told: set[str] = set()
        """The tools that were answered oddly, and the names of the refused health pages."""
        self._lock = Lock()

    def __call__(self, exchange: Exchange) -> Act | None:
        now, tool = now_of(exchange), exchange.path.rpartition("/")[2]
        if exchange.path == "/mcp-deribit/health":
            return self._health(now)
        if tool in ONCE:
            with self._lock:
                is_first = tool not in self.told
            return self._telling(tool, ONCE[tool]) if is_first else None
        return self._telling(tool, twice_and_backwards(LISTS[tool])) if tool in LISTS else None

    def _health(self, now: datetime) -> Act | None:
        if timedelta(0) <= now - PAUSED_FROM < FOR:
            return self._telling(f"paused at {now:%H:%M}", PAUSED)
        if timedelta(0) <= now - REFUSED_FROM < FOR:
            return self._telling(f"refused at {now:%H:%M}", REFUSED)
        return None

    def _telling(self, name: str, act: Act) -> Act:
        self.told.add(name)
        return act
