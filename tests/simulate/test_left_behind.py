"""An engine that was stopped in the middle, for good, books nothing any more: what it left is no breach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from core.contract import Trade
from core.strategy import Strategy
from lab.invariants.books import books_are_the_venue
from lab.invariants.seen import EngineSeen, SeenOutside, VenueSeen

EXPIRY = datetime(2026, 1, 16, 8, tzinfo=UTC)
NAME = "ETH-16JAN26-2300-P"
LABEL = "p-entry-20260105T140000Z:b6zkuu:e1"
HELD = {NAME: 2}


def trade(side: str, label: str = LABEL) -> Trade:
    told = {
        "trade_id": f"t-{side}",
        "order_id": "o1",
        "label": label,
        "instrument_name": NAME,
        "side": side,
        "amount": Decimal(2),
        "price": Decimal("0.01"),
        "fee": Decimal(0),
        "timestamp": EXPIRY - timedelta(days=3),
        "index_price": Decimal(3000),
    }
    return Trade.model_validate(told)


def breaches(
    folder: Path, trades: list[Trade], sizes: dict[str, int], now: datetime, *, gone: bool
) -> list[str]:
    sent = SimpleNamespace(command=SimpleNamespace(permit=SimpleNamespace(label=LABEL)))
    engine = EngineSeen(name="second", data_dir=folder, strategy=Strategy(), ran_to_the_end=not gone)
    engine.messages.sent.append(cast("Any", sent))
    venue = VenueSeen({}, {each.trade_id: each for each in trades}, sizes, Decimal(0))
    return list(books_are_the_venue(SeenOutside(now=now, venue=venue, engines=[engine], requests=[])))


def test_what_it_bought_is_held_until_it_expires(tmp_path: Path) -> None:
    before, after = EXPIRY - timedelta(hours=1), EXPIRY + timedelta(hours=5)
    assert breaches(tmp_path, [trade("buy")], HELD, before, gone=True) == []
    assert breaches(tmp_path, [trade("buy")], {}, after, gone=True) == []
    assert breaches(tmp_path, [trade("buy"), trade("sell")], {}, before, gone=True) == []


@pytest.mark.parametrize(
    ("label", "gone", "sizes"), [("another", True, HELD), (LABEL, False, HELD), (LABEL, True, {NAME: 1})]
)
def test_what_nobody_who_left_explains_is_a_breach(
    tmp_path: Path, label: str, gone: bool, sizes: dict[str, int]
) -> None:
    now = EXPIRY - timedelta(hours=1)
    assert len(breaches(tmp_path, [trade("buy", label)], sizes, now, gone=gone)) == 1
