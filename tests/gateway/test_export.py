"""From an engine's record to a folder of chains: merged, checked, and honest about what is missing."""

from __future__ import annotations

import csv
import gzip
import json
import os
import resource
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.contract import iso_utc
from core.errors import InputError
from core.messages.recorder import ReadFor, RecordSeries, SeriesRow
from core.record.names import RecordFile, record_name
from core.values import OptionType
from gateway.paper import export as module
from gateway.paper.export import INPUTS_FILE, Exported, export
from gateway.paper.record_check import examined
from gateway.paper.recorded import RecordedMarket
from tests.core.example_market import EXPIRY, wire_quote
from tests.gateway.recording import HOUR, MONDAY, SUNDAY, Recording, evening, event

GAP = timedelta(hours=8)
PUT = "ETH-23JAN26-2700-P"


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return evening(tmp_path / "data")


def done(
    recording: Recording, out: Path, began: datetime | None = None, ended: datetime | None = None
) -> Exported:
    return export(recording.data_dir, out, began=began, ended=ended, max_gap=GAP)


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def chain_of_day(out: Path, day: str) -> list[dict[str, str]]:
    return rows_of(out / "chains" / f"eth_option_chain_{day}.csv.gz")


def test_an_export_is_a_record_that_can_be_replayed(recording: Recording, tmp_path: Path) -> None:
    for hour in (8, 14):
        recording.read(MONDAY + hour * HOUR)
    found = done(recording, tmp_path / "out")
    assert (found.snapshots, found.quotes, found.left_out, found.cut) == (7, 7, {}, ())
    assert (found.first, found.last) == (SUNDAY, MONDAY + 14 * HOUR)
    checked = examined(tmp_path / "out", 8.0)
    assert (checked.usable, checked.problems) == (True, ())
    assert "sizes at the touch (assumed)" not in checked.lacks


def test_a_folder_with_something_in_it_is_not_written_to(recording: Recording, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(InputError, match="expected a folder that is new or empty"):
        done(recording, tmp_path / "out")


def test_an_export_that_fails_leaves_nothing(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: bytes) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "packed", refuse)
    with pytest.raises(InputError, match="No space left on device"):
        done(recording, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_what_another_export_has_left_is_not_taken_over(recording: Recording, tmp_path: Path) -> None:
    (tmp_path / ".out.draft").mkdir()
    with pytest.raises(InputError, match="left by an export that did not end"):
        done(recording, tmp_path / "out")


def test_without_a_record_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected what an engine has recorded, found no such folder"):
        export(tmp_path, tmp_path / "out", began=None, ended=None, max_gap=GAP)


def test_of_the_days_that_are_asked_for_alone(recording: Recording, tmp_path: Path) -> None:
    found = done(recording, tmp_path / "out", MONDAY, MONDAY + HOUR)
    assert (found.snapshots, found.first, found.last) == (1, MONDAY, MONDAY)
    with pytest.raises(InputError, match="expected quotes of the time that is asked for, found none"):
        done(recording, tmp_path / "later", MONDAY + timedelta(days=9))


def test_before_the_first_series_were_read_there_is_nothing_to_export(tmp_path: Path) -> None:
    made = Recording(tmp_path / "data")
    made.read(SUNDAY)
    with pytest.raises(InputError, match="expected the series of an hour at least, found none"):
        done(made, tmp_path / "out")


def test_what_a_decision_saw_goes_before_what_a_snapshot_saw(recording: Recording, tmp_path: Path) -> None:
    at = MONDAY + 14 * HOUR
    seen, other = (wire_quote(OptionType.PUT, strike, at=at) for strike in (2700.0, 2650.0))
    later = {**seen, "bid": "0.0001", "ask": "0.0002"}
    entry = {
        "account": {"equity_usd": 200_500.0, "venue_equity_eth": 10.5, "eur_usd": 1.17},
        "market": {
            "liquidation_level": "medium",
            "funding": [{"venue": "okx", "annualised_frac": 0.125, "as_of": "2026-01-12T13:00:00Z"}],
        },
    }
    recording.read(at, later, other, after_s=1.0, spot_usd=3002.0)
    recording.read(at, seen, reader=ReadFor.ENTRY, after_s=3.0, spot_usd=3001.0, inputs=entry)
    found = done(recording, tmp_path / "out")
    rows = {
        row["instrument_name"]: row
        for row in chain_of_day(tmp_path / "out", "2026-01-12")
        if row["timestamp"] == iso_utc(at)
    }
    assert rows[PUT]["bid_price"] == seen["bid"]
    assert {row["index_price"] for row in rows.values()} == {"3001"}
    assert len(rows) == 2
    assert found.decisions == 1
    assert found.assume == (
        "balance_eth=10.5",
        f"beside_eur={(200_500.0 - 10.5 * 3001.0) / 1.17:.2f}",
        "eur_usd=1.17",
        "liquidation_pressure=medium",
    )
    market = RecordedMarket(Path(found.chains), "move", touch_size=25.0, funding_annual=0.05)
    (told,) = market.exchange_funding(at + 2 * HOUR)
    assert (told.name, told.annualized_rate) == ("okx", 0.125)
    assert market.dvol_pct(at + timedelta(minutes=1)) == 65.0
    with gzip.open(tmp_path / "out" / INPUTS_FILE, "rt", encoding="utf-8") as file:
        assert [json.loads(line)["cycle_id"] for line in file] == ["entry-1"]


def test_a_market_that_was_read_late_stands_where_it_was_read(recording: Recording, tmp_path: Path) -> None:
    recording.read(MONDAY + 3 * HOUR, after_s=61.0)
    assert done(recording, tmp_path / "out").last == MONDAY + 3 * HOUR + timedelta(seconds=61)


def test_readings_within_a_minute_are_one_snapshot_and_what_is_left_out_is_told(
    recording: Recording, tmp_path: Path
) -> None:
    recording.read(MONDAY + timedelta(seconds=30))
    found = done(recording, tmp_path / "out")
    assert (found.snapshots, found.left_out) == (5, {"readings within a minute of another": 1})


def test_a_clock_that_was_set_back_does_not_upset_the_order(recording: Recording, tmp_path: Path) -> None:
    recording.read(SUNDAY + timedelta(minutes=30))
    found = done(recording, tmp_path / "out")
    times = [row["timestamp"] for row in chain_of_day(tmp_path / "out", "2026-01-11")]
    assert times == sorted(times)
    assert found.snapshots == 6


def test_broken_quotes_are_left_out_and_counted(recording: Recording, tmp_path: Path) -> None:
    at = MONDAY + 3 * HOUR
    sound = wire_quote(OptionType.PUT, 2700.0, at=at)
    broken = wire_quote(OptionType.PUT, 2600.0, at=at, mark_iv=float("nan"))
    odd = wire_quote(OptionType.PUT, 2503.0, at=at)
    recording.read(at, sound, broken, odd)
    found = done(recording, tmp_path / "out")
    assert found.quotes == 6
    assert found.left_out == {"quotes: instrument_name": 1, "quotes: not_finite+iv_out_of_range": 1}


def test_holes_are_named(recording: Recording, tmp_path: Path) -> None:
    recording.read(MONDAY + 14 * HOUR)
    found = done(recording, tmp_path / "out")
    (hole,) = found.holes
    assert (hole.last_snapshot, hole.next_snapshot, hole.hours) == (MONDAY + 2 * HOUR, MONDAY + 14 * HOUR, 12)
    assert found.index_hours.flat == found.dvol_hours.flat == 11
    assert found.index_hours.made > 0


def test_a_file_that_an_engine_is_writing_gives_what_is_whole(recording: Recording, tmp_path: Path) -> None:
    path = recording.folder / record_name(RecordFile.CHAIN, MONDAY.date())
    path.write_bytes(path.read_bytes()[:-1])
    found = done(recording, tmp_path / "out")
    assert (found.snapshots, found.cut) == (4, (path.name,))


def test_what_was_cut_off_is_not_read(recording: Recording, tmp_path: Path) -> None:
    path = recording.folder / f"{record_name(RecordFile.CHAIN, MONDAY.date())}.damaged"
    path.write_bytes(b"anything")
    (recording.folder / "notes.txt").write_bytes(b"anything")
    assert done(recording, tmp_path / "out").snapshots == 5


def test_an_event_that_was_moved_stands_at_its_last_time_alone(recording: Recording, tmp_path: Path) -> None:
    first, moved = MONDAY + timedelta(days=3), MONDAY + timedelta(days=4)
    recording.tell(SUNDAY + HOUR, event("jobs", first))
    recording.tell(SUNDAY + 2 * HOUR, event("jobs", moved), event("CPI", MONDAY + timedelta(days=2)))
    done(recording, tmp_path / "out")
    events = rows_of(tmp_path / "out" / "macro_events_high.csv.gz")
    assert [(row["name"], row["scheduled_at"]) for row in events] == [
        ("CPI", iso_utc(MONDAY + timedelta(days=2))),
        ("jobs", iso_utc(moved)),
    ]


def test_of_two_bars_of_an_hour_the_later_counts_and_a_broken_one_does_not(
    recording: Recording, tmp_path: Path
) -> None:
    hour = SUNDAY - HOUR
    whole, broken = (
        SeriesRow(
            series=RecordSeries.INDEX, at=hour, open=3000.0, high=high, low=2990.0, close=3005.0, volume=2.0
        )
        for high in (3010.0, 2000.0)
    )
    recording.tell(SUNDAY + HOUR, whole)
    recording.tell(SUNDAY + 2 * HOUR, broken)
    done(recording, tmp_path / "out")
    bars = {row["timestamp"]: row for row in rows_of(tmp_path / "out" / "eth_usd_1h.csv.gz")}
    assert bars[iso_utc(hour)]["high"] == "3010"


def test_funding_is_written_as_it_was_told(recording: Recording, tmp_path: Path) -> None:
    rate = 0.0000123456789012345
    recording.tell(
        SUNDAY + HOUR,
        SeriesRow(series=RecordSeries.FUNDING, at=SUNDAY, label="hyperliquid", close=rate),
        SeriesRow(series=RecordSeries.FUNDING_TOLD, at=SUNDAY, label="okx", close=0.25),
    )
    found = done(recording, tmp_path / "out")
    market = RecordedMarket(Path(found.chains), "move", touch_size=25.0, funding_annual=0.05)
    assert [point.hourly_rate for point in market.funding_history(SUNDAY - HOUR, MONDAY)] == [rate]
    assert [told.annualized_rate for told in market.exchange_funding(MONDAY)] == [0.25]
    late = MONDAY + 2 * HOUR
    assert market.has_sizes(late)
    put = next(quote for quote in market.chain(late, EXPIRY) if quote.instrument.name == PUT)
    wire = wire_quote(OptionType.PUT, 2700.0, at=late)
    assert (put.bid_size, put.ask_size) == (wire["bid_size"], wire["ask_size"])


def test_a_file_that_has_no_room_is_named_and_nothing_is_left(recording: Recording, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(InputError) as raised:
            done(recording, tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(raised.value) == (
        f"{tmp_path / 'out'}: chains/eth_option_chain_2026-01-11.csv.gz: the file can't be written: "
        "File too large; nothing of it is left in the folder"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_an_empty_folder_stays_the_one_that_it_is(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be a volume, or the one in which a person stands."""
    out = tmp_path / "out"
    out.mkdir()
    inode = out.stat().st_ino
    monkeypatch.chdir(out)
    done(recording, Path())
    assert out.stat().st_ino == inode
    assert (out / "chains").is_dir()
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


@pytest.mark.timeout(20)
def test_a_pipe_in_the_record_is_refused_and_not_waited_for(recording: Recording, tmp_path: Path) -> None:
    path = recording.folder / record_name(RecordFile.CHAIN, MONDAY.date() + timedelta(days=1))
    os.mkfifo(path)
    with pytest.raises(InputError, match=f"{path}: expected a file that can be read: .*found a pipe"):
        done(recording, tmp_path / "out")
