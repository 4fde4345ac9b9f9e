"""Recorded chains: replayed as they were, moved between snapshots as said, and refused by file and line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import InputError
from core.pricing.black76 import SECONDS_PER_YEAR
from gateway.paper.instruments import parse_instrument
from gateway.paper.quotes import value_strike
from gateway.paper.recorded import Between, RecordedMarket
from gateway.paper.ticks import rung_of
from tests.gateway.record_folder import (
    CALL,
    CHAIN_FILE,
    EXPIRY,
    FIRST,
    HEADER,
    MONDAY,
    PUT,
    ROWS,
    SECOND,
    THIRD,
    hourly,
    row,
    stamp,
    write_gz,
    write_record,
)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    return write_record(tmp_path)


def market(chains: Path, between: Between = "move") -> RecordedMarket:
    return RecordedMarket(chains, between, touch_size=25.0, funding_annual=0.05)


def test_starts_on_the_first_monday_that_the_record_covers(record: Path) -> None:
    assert market(record).start == MONDAY


def test_the_last_hourly_close_stands_until_the_next_one_is_known(record: Path) -> None:
    source = market(record)
    for minutes in (0, 15, 59):
        assert source.index_usd(MONDAY + timedelta(minutes=minutes)) == pytest.approx(3014.0)
    assert source.index_usd(MONDAY + timedelta(minutes=60)) == pytest.approx(3015.0)


def test_goes_through_the_index_of_each_snapshot(record: Path) -> None:
    at = MONDAY + timedelta(hours=4, minutes=30)
    rows = [
        row(FIRST, PUT, 3000.0, "0.0120", "0.0130"),
        row(at, PUT, 3030.0, "0.0110", "0.0125", index=3025.0),
        row(at, CALL, 3030.0, "0.0060", "0.0070", index=3021.0),
        row(at, "ETH-16JAN26-3500-C", 3030.0, "0.0050", "0.0060", index=3024.0),
    ]
    write_gz(record / CHAIN_FILE, HEADER, *rows)
    source = market(record)
    assert source.index_usd(at) == 3024.0
    assert source.index_usd(at - timedelta(minutes=15)) == pytest.approx(3018.0)
    assert source.index_usd(at + timedelta(minutes=15)) == 3024.0
    served = source.quote(at, parse_instrument(PUT))
    assert served is not None
    assert served.forward_usd == 3030.0
    assert [bar.close for bar in source.index_bars(MONDAY, MONDAY + timedelta(hours=6))][3:] == [
        3018.0,
        3019.0,
        3020.0,
    ]


def test_knows_only_the_hours_where_the_chains_have_no_index(record: Path) -> None:
    header = HEADER.replace("index_price", "another")
    write_gz(record / CHAIN_FILE, header, *ROWS)
    assert market(record).index_usd(SECOND) == 3018.0


def test_weighs_the_delivery_price_by_time_from_knot_to_knot(record: Path) -> None:
    eight = datetime(2026, 1, 5, 8, tzinfo=UTC)
    last = eight - timedelta(minutes=10)
    write_gz(record / CHAIN_FILE, HEADER, *ROWS, row(last, PUT, 3030.0, "0.0110", "0.0125", index=3030.0))
    before = 3021.0 + (3030.0 - 3021.0) * 0.6
    assert market(record).delivery_price_usd(eight) == pytest.approx(
        (0.5 * (before + 3030.0) * 20 + 0.5 * (3030.0 + 3022.0) * 10) / 30
    )


def test_dvol_is_the_last_hourly_close(record: Path) -> None:
    source = market(record)
    assert source.dvol_pct(MONDAY + timedelta(minutes=59)) == pytest.approx(62.4)
    assert source.dvol_pct(MONDAY + timedelta(hours=1)) == pytest.approx(62.5)


def test_delivers_at_the_mean_of_the_last_half_hour(record: Path) -> None:
    eight = datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert market(record).delivery_price_usd(eight) == pytest.approx(3021.75)


@pytest.mark.parametrize("between", ["move", "hold"])
def test_serves_a_snapshot_as_it_was_recorded(record: Path, between: Between) -> None:
    quotes = {q.instrument.name: q for q in market(record, between).chain(SECOND, EXPIRY)}
    put = quotes[PUT]
    assert (put.bid_units, put.ask_units, put.iv_pct, put.forward_usd) == (110, 125, 62.0, 3030.0)
    assert (put.bid_size, put.open_interest, put.volume_24h) == (25.0, 500.0, 50.0)


def test_an_empty_side_stays_empty(record: Path) -> None:
    call = market(record).quote(MONDAY, parse_instrument(CALL))
    assert call is not None
    assert call.bid_units is None
    assert call.bid_size == 0.0


def test_move_keeps_iv_and_tick_distances_and_moves_the_forward_with_the_index(record: Path) -> None:
    source = market(record)
    at = MONDAY + timedelta(hours=2)
    put = source.quote(at, parse_instrument(PUT))
    assert put is not None
    assert put.bid_units is not None
    assert put.ask_units is not None
    forward = 3000.0 * 3016.0 / 3000.0
    assert put.forward_usd == pytest.approx(forward)
    assert put.iv_pct == 60.0

    def mark(f: float, when: datetime) -> float:
        return value_strike(f, 2800.0, (EXPIRY - when).total_seconds() / SECONDS_PER_YEAR, 0.6).put_eth

    assert put.mark_eth == pytest.approx(mark(forward, at))
    then, now = rung_of(mark(3000.0, FIRST)), rung_of(put.mark_eth)
    for units, recorded in ((put.bid_units, 0.0120), (put.ask_units, 0.0130)):
        assert rung_of(units / 10_000) - now == pytest.approx(rung_of(recorded) - then, abs=0.5 + 1e-6)
    assert rung_of(put.ask_units / 10_000) - rung_of(put.bid_units / 10_000) == pytest.approx(2.0)


def test_hold_serves_the_last_quotes(record: Path) -> None:
    put = market(record, "hold").quote(SECOND - timedelta(minutes=1), parse_instrument(PUT))
    assert put is not None
    assert (put.bid_units, put.ask_units, put.forward_usd) == (120, 130, 3000.0)


def test_funding_is_the_record_and_then_the_assumption(record: Path) -> None:
    source = market(record)
    points = source.funding_history(MONDAY, MONDAY + timedelta(hours=3))
    assert [p.hourly_rate for p in points] == pytest.approx([1e-5, 1e-5])
    unrecorded = source.funding_history(MONDAY + timedelta(hours=14), MONDAY + timedelta(hours=16))
    assert [p.hourly_rate for p in unrecorded] == pytest.approx([0.05 / 8760] * 3)
    own = source.exchange_funding(MONDAY)[0]
    assert (own.name, own.at) == ("hyperliquid", MONDAY)
    assert own.annualized_rate == pytest.approx(0.0876)
    late = MONDAY + timedelta(hours=11)
    assert source.exchange_funding(late) == [("assumed", 0.05, late)]


def test_the_first_hours_of_a_record_of_funding_are_no_day_yet(record: Path) -> None:
    """A mean of one rate would stand for a day of them."""
    first = MONDAY - timedelta(hours=14)
    hours = [f"{first + timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ},0.00001" for n in range(20)]
    write_gz(record.parent / "eth_funding_hyperliquid_1h.csv.gz", "timestamp,hourly_rate", *hours)
    source = market(record)
    found = [source.exchange_funding(first + timedelta(hours=n))[0].name for n in (0, 13, 14)]
    assert found == ["assumed", "assumed", "hyperliquid"]


def test_assumes_no_funding_where_another_exchange_has_a_record(record: Path) -> None:
    eights = [f"{stamp(MONDAY + timedelta(hours=h))},0.0001" for h in (0, 8, 16, 24)]
    write_gz(record.parent / "eth_funding_okx_8h.csv.gz", "timestamp,rate_8h", *eights)
    source, late = market(record), MONDAY + timedelta(hours=26)
    assert source.funding_history(late - timedelta(hours=12), late) == []
    assert [f.name for f in source.exchange_funding(late)] == ["okx"]
    assert source.exchange_funding(late)[0].annualized_rate == pytest.approx(0.0001 * 1095)


def test_serves_the_recorded_events(record: Path) -> None:
    events = market(record).events(MONDAY, MONDAY + timedelta(days=9))
    assert [event.name for event in events] == ["CPI"]


def test_refuses_a_time_that_the_record_does_not_cover(record: Path) -> None:
    source = market(record)
    assert source.end == SECOND + timedelta(hours=8)
    with pytest.raises(InputError, match="record covers"):
        source.chain(source.end + timedelta(seconds=1), EXPIRY)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row(THIRD, "ETH-16JAN26-2800-X", 3000.0, "0.01", "0.02"), "instrument_name"),
        (row(THIRD, PUT, -1.0, "0.01", "0.02"), "underlying"),
        (row(THIRD, PUT, 3000.0, "abc", "0.02"), "bid_price"),
        (row(THIRD, PUT, 3000.0, "0.0101", "0.02"), "tick grid"),
        (row(THIRD, PUT, 3000.0, "0.01", "nan"), "ask_price"),
        (row(THIRD, PUT, 3000.0, "0.01", "0.02", index=-3000.0), "index_price"),
        (row(THIRD, PUT, 3000.0, "0.01", "0.02", -0.5), "implied_volatility"),
        (row(FIRST - timedelta(days=1), PUT, 3000.0, "0.01", "0.02"), "later than"),
        (row(THIRD, PUT, 3000.0, "0.01", "0.02") + ",extra", "15"),
        ("not-a-time" + row(THIRD, PUT, 3000.0, "0.01", "0.02")[20:], "timestamp"),
    ],
)
def test_names_file_line_and_reason_of_a_broken_row(record: Path, line: str, reason: str) -> None:
    write_gz(record / "eth_option_chain_2026-02.csv.gz", HEADER, line)
    with pytest.raises(InputError, match=rf"2026-02.csv.gz, line 2: .*{reason}"):
        market(record)


def test_names_a_contract_that_stands_twice(record: Path) -> None:
    write_gz(record / "eth_option_chain_2026-01.csv.gz", HEADER, ROWS[0], ROWS[0])
    with pytest.raises(InputError, match=r"line 3: .*stands twice"):
        market(record)


def test_names_a_file_cut_short(record: Path) -> None:
    whole = (record / "eth_option_chain_2026-01.csv.gz").read_bytes()
    (record / "eth_option_chain_2026-01.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"2026-01.csv.gz, line \d+: can't be read"):
        market(record)


def test_names_a_missing_column(record: Path) -> None:
    write_gz(record / "eth_option_chain_2026-01.csv.gz", HEADER.replace("underlying,", ""), *ROWS)
    with pytest.raises(InputError, match="line 1: expected the column 'underlying'"):
        market(record)


def test_names_a_gap_in_the_index(record: Path) -> None:
    lines = hourly(datetime(2026, 1, 4, tzinfo=UTC), 60, 2990.0, 1.0, ",7")
    del lines[5]
    write_gz(record.parent / "eth_usd_1h.csv.gz", "timestamp,open,high,low,close,volume", *lines)
    with pytest.raises(InputError, match=r"eth_usd_1h.csv.gz, line 7: timestamp: expected 2026-01-04T05"):
        market(record)


def test_names_a_missing_file_and_an_empty_folder(record: Path, tmp_path: Path) -> None:
    (record.parent / "eth_dvol_1h.csv.gz").unlink()
    with pytest.raises(InputError, match=r"eth_dvol_1h\.csv\.gz"):
        market(record)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="found none"):
        market(tmp_path / "empty")
    with pytest.raises(InputError, match="expected a folder"):
        market(tmp_path / "nowhere")


@pytest.mark.long
@pytest.mark.recorded
def test_replays_the_whole_record(recorded_data: Path) -> None:
    source = market(recorded_data / "chains")
    assert source.start == MONDAY
    assert source.end is not None
    crossed, at = 0, source.start + timedelta(hours=14)
    while at < source.end:
        expiry = min(source.expiries(at), key=lambda e: abs((e - at).days - 11))
        chain = source.chain(at, expiry)
        assert len(chain) >= 20
        crossed += sum(q.bid_units >= q.ask_units for q in chain if q.bid_units and q.ask_units)
        at += timedelta(days=7)
    assert crossed == 0
