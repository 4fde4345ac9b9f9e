"""Recorded chains through simulated venue and gateway: every quote that comes out stands in the file."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.contract import GetOptionsChain, OptionQuote
from gateway.live.errors import WarmingError
from gateway.paper.recorded import RecordedMarket
from tests.gateway.live.desk import Desk, on_the_desk
from tests.gateway.live.virtual import pass_s

MONTH = "eth_option_chain_2026-01.csv.gz"
UNTIL = "2026-01-06"
"""A market that is replayed has a Monday in it."""
Recorded = tuple[Path, list[dict[str, str]]]
pytestmark = pytest.mark.recorded


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    """The rows of the first days."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["timestamp"] >= UNTIL:
                return
            yield row


@pytest.fixture(scope="module")
def record(recorded_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A folder like the recorded one, with a few snapshots alone, and their rows."""
    folder = tmp_path_factory.mktemp("record")
    for path in recorded_data.iterdir():
        if path.is_file():
            (folder / path.name).symlink_to(path)
    rows = list(rows_of(recorded_data / "chains" / MONTH))
    (folder / "chains").mkdir()
    with gzip.open(folder / "chains" / MONTH, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return folder / "chains", rows


def test_every_quote_equals_the_file(record: Recorded, tmp_path: Path) -> None:
    chains, rows = record
    market = RecordedMarket(chains, "hold", 1.0, 0.06, 24.0)
    stamp = sorted({row["timestamp"] for row in rows})[1]
    at = datetime.fromisoformat(stamp)
    wanted = {row["instrument_name"]: row for row in rows if row["timestamp"] == stamp}
    asked = GetOptionsChain(expiry_from=at + timedelta(days=5), expiry_to=at + timedelta(days=25))

    async def play(desk: Desk) -> tuple[OptionQuote, ...]:
        for _ in range(2):
            try:
                return (await desk.sources.market.options_chain(asked, desk.by())).quotes
            except WarmingError:
                await pass_s(1.0)
        raise AssertionError("expected the chain at the second try")

    quotes = on_the_desk(tmp_path, play, source=market, at=at + timedelta(seconds=5), latency_s=0.05)
    listed = [
        option.name
        for expiry in market.expiries(at)
        if at + timedelta(days=5) <= expiry <= at + timedelta(days=25)
        for option in market.instruments(at, expiry)
    ]
    assert [quote.instrument_name for quote in quotes] == listed
    assert len(quotes) > 50
    for quote in quotes:
        row = wanted[quote.instrument_name]
        assert quote.bid == (Decimal(row["bid_price"]) if row["bid_price"] else None)
        assert quote.ask == (Decimal(row["ask_price"]) if row["ask_price"] else None)
        assert quote.underlying_price == Decimal(row["underlying"]).quantize(Decimal("0.0001"))
        assert quote.mark_iv == pytest.approx(float(row["implied_volatility"]) * 100, rel=1e-12)
        assert (quote.open_interest, quote.volume_24h) == (float(row["open_interest"]), float(row["volume"]))
        assert float(quote.mark_price) == pytest.approx(float(row["mark_price"]), abs=2e-4)
        assert quote.delta == pytest.approx(float(row["delta"]), abs=0.02)
