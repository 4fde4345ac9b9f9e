"""The simulated venue with one account, called as its door calls it, on a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from gateway.sim.errors import RpcError
from gateway.sim.kept import SimFolder
from gateway.sim.keys import SimKey
from gateway.sim.venue import SimVenue
from gateway.sim.ways import Ways
from tests.gateway.live.desk import NOW, model_market

KEY = SimKey("id", "secret")
DAY = "16JAN26"
SHORT, LONG = f"ETH-{DAY}-2400-P", f"ETH-{DAY}-2300-P"


class SimDoor:
    """Calls methods, and reads answers as JSON would bring them."""

    def __init__(
        self,
        ways: Ways | None = None,
        at: datetime = NOW,
        key: SimKey | None = KEY,
        folder: SimFolder | None = None,
    ) -> None:
        self.now_s = at.timestamp()
        self.key = key
        self.venue = SimVenue(model_market(), lambda: self.now_s, keys=[KEY], ways=ways, folder=folder)

    def __call__(self, method: str, **params: object) -> Any:
        """The result of one call, half a second after the last."""
        self.now_s += 0.5
        return json.loads(json.dumps(self.venue.call(method, params, self.key)))

    def refusal(self, method: str, **params: object) -> tuple[int, str]:
        """Code and words with which a call is refused."""
        with pytest.raises(RpcError) as refused:
            self(method, **params)
        return refused.value.code, refused.value.message

    def combo(self, short: str = SHORT, long: str = LONG) -> str:
        """The id of a combo that can be traded."""
        trades = [
            {"instrument_name": short, "amount": 1, "direction": "sell"},
            {"instrument_name": long, "amount": "1", "direction": "buy"},
        ]
        found = self("private/create_combo", trades=trades)
        self.now_s += 1.0
        return str(found["id"])

    def natural(self, combo: str) -> Decimal:
        """What selling the combo to its book brings now."""
        return Decimal(str(self("public/ticker", instrument_name=combo)["best_bid_price"])).quantize(
            Decimal("0.0001")
        )

    def sold(self, amount: int = 3, label: str = "one") -> Mapping[str, Any]:
        """A put spread that was sold to the book, filled at once."""
        combo = self.combo()
        return dict(
            self(
                "private/sell",
                instrument_name=combo,
                amount=amount,
                price=float(self.natural(combo)),
                type="limit",
                label=label,
            )
        )
