"""A record that is kept is the record that was read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.paper import recorded
from gateway.paper.recorded import Record, RecordedMarket, read_record
from gateway.paper.recorded_files import Slice
from gateway.paper.sample import write_sample
from lab.backtest import record_cache
from lab.backtest.record_cache import kept_record, record_digest


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, _ = write_sample(tmp_path_factory.mktemp("record") / "sample", 1, 7)
    return folder


def plain(record: Record) -> object:
    """All of it as plain values."""
    snapshots = [
        (one.at, one.index_usd, one.place, {at: _plain(part) for at, part in one.slices.items()})
        for one in record.snapshots
    ]
    funding = [(each.exchange, each.period, each.all_points()) for each in record.funding]
    return snapshots, record.hourly.all_bars(), record.dvol.all_bars(), funding, record.events


def _plain(part: Slice) -> object:
    return part.instruments, [list(column) for column in part[1:]]


def test_what_is_kept_is_what_was_read(chains: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = kept_record(chains, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{record_digest(chains)}.columns"]
    monkeypatch.delattr(recorded, "read_snapshots")
    assert plain(kept_record(chains, tmp_path)) == plain(first)


def test_a_market_on_it_quotes_the_same(chains: Path, tmp_path: Path) -> None:
    kept_record(chains, tmp_path)
    read = RecordedMarket(chains, "move", 25.0, 0.05)
    kept = RecordedMarket(chains, "move", 25.0, 0.05, record=kept_record(chains, tmp_path))
    at = read.start + timedelta(hours=5, minutes=20)
    for expiry in read.expiries(at):
        assert kept.chain(at, expiry) == read.chain(at, expiry)


def test_one_that_is_damaged_is_made_anew(chains: Path, tmp_path: Path) -> None:
    kept_record(chains, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[:3000] + b"x" + whole[3001:], b""):
        path.write_bytes(broken)
        assert record_cache._kept(path) is None
        kept_record(chains, tmp_path)
        assert path.read_bytes() == whole


def test_a_cache_that_can_not_be_written_is_done_without(chains: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    assert plain(kept_record(chains, tmp_path / "file" / "cache")) == plain(read_record(chains))
