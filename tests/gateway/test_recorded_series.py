"""The series beside the chains are read with the same care, and held against the chains."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.paper.csv_rows import series_file
from gateway.paper.recorded import RecordedMarket
from tests.gateway.record_folder import (
    CALL,
    CHAIN_FILE,
    HEADER,
    PUT,
    SECOND,
    SUNDAY,
    hourly,
    row,
    stamp,
    write_gz,
    write_record,
)


def market(folder: Path) -> RecordedMarket:
    return RecordedMarket(folder / "chains", "move", 25.0, 0.05)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    write_record(tmp_path)
    return tmp_path


BARS = hourly(SUNDAY, 60, 2990.0, 1.0, ",7")
BAR_HEADER = "timestamp,open,high,low,close,volume"
RATE_HEADER = "timestamp,rate_8h"
EVENT_HEADER = "scheduled_at,name,country,importance"
T = stamp(SUNDAY)


@pytest.mark.parametrize(
    ("name", "lines", "expected"),
    [
        ("eth_usd_1h", [BAR_HEADER, *BARS[:3], BARS[1]], "line 5: timestamp: expected 2026-01-04T03"),
        ("eth_usd_1h", [BAR_HEADER, f"{T[:-3]}30Z,1,1,1,1,1"], "timestamp: expected a full hour in UTC"),
        ("eth_usd_1h", [BAR_HEADER, "2026-01-04T05:30:00+05:30,1,1,1,1,1"], None),
        ("eth_usd_1h", [BAR_HEADER, "2026-01-04T05:00:00+05:30,1,1,1,1,1"], "a full hour in UTC"),
        (
            "eth_usd_1h",
            [BAR_HEADER, f"{T},3000,2990,3010,3000,1"],
            "expected low the least and high the greatest",
        ),
        ("eth_usd_1h", [BAR_HEADER, f"{T},nan,1,1,1,1"], "line 2: open: expected USD, found 'nan'"),
        ("eth_usd_1h", [BAR_HEADER, f"{T},1_0,1,1,1,1"], "line 2: open: expected USD, found '1_0'"),
        (
            "eth_usd_1h",
            [BAR_HEADER, *hourly(SUNDAY, 60, 2990.0 * 1.3, 1.0, ",7")],
            r"a_2026.csv.gz, line 2: index_price: expected .* because the index file has .*, found 3,000.00",
        ),
        (
            "eth_dvol_1h",
            ["timestamp,open,high,low,close", f"{T},0.6,0.6,0.6,0.6"],
            "points such as 65 .* found '0.6'",
        ),
        (
            "eth_funding_okx_8h",
            [RATE_HEADER, f"{T},1.5"],
            "rate_8h: expected a fraction for 8 hours, .* if the",
        ),
        ("eth_funding_okx_8h", ["timestamp,hourly_rate", f"{T},0"], "expected the column 'rate_8h', found"),
        (
            "eth_funding_okx_8h",
            [RATE_HEADER, f"{T},0", f"{T},0"],
            "line 3: timestamp: expected a time later",
        ),
        (
            "eth_funding_okx",
            [RATE_HEADER, f"{T},0"],
            "expected a name such as eth_funding_okx_8h.csv.gz",
        ),
        ("eth_funding_okx_0h", ["timestamp,rate_0h", f"{T},0"], "expected a name such as"),
        (
            "eth_funding_hyperliquid_8h",
            [RATE_HEADER, f"{T},0"],
            "one file of the funding of hyperliquid",
        ),
        (
            "macro_events_high",
            [EVENT_HEADER, f"{T},CPI,USA,high"],
            "country: .*'USA'",
        ),
        (
            "macro_events_high",
            [EVENT_HEADER, f"{T},CPI,us,high"],
            "country: .*such as US",
        ),
        (
            "macro_events_high",
            [EVENT_HEADER, f"{T},CPI,US,High"],
            "importance: .*'High'",
        ),
        ("macro_events_high", [EVENT_HEADER, f"{T},,US,high"], "name: expected"),
        (
            "macro_events_high",
            [EVENT_HEADER, f"{T},a\x1b[2J,US,high"],
            "name: expected",
        ),
        (
            "macro_events_high",
            [EVENT_HEADER, *[f"{T},CPI,US,high"] * 2],
            "stands twice",
        ),
        ("macro_events_high", [EVENT_HEADER], "expected rows below the header"),
    ],
)
def test_reads_the_series_with_the_same_care(
    record: Path, name: str, lines: list[str], expected: str | None
) -> None:
    (record / "chains" / CHAIN_FILE).rename(record / "chains" / "a_2026.csv.gz")
    for old in record.glob(f"{name}.csv*"):
        old.unlink()
    write_gz(record / f"{name}.csv.gz", *lines)
    with pytest.raises(InputError) as caught:
        market(record)
    if expected is None:
        assert "full hour" not in str(caught.value)
        return
    with pytest.raises(InputError, match=expected):
        raise caught.value


def test_finds_a_series_under_any_of_its_names_and_refuses_two(record: Path) -> None:
    packed = record / "macro_events_high.csv"
    packed.rename(record / "Macro_Events_High.CSV")
    assert market(record).events(SUNDAY, SUNDAY + timedelta(days=20))[0].name == "CPI"
    (record / "._macro_events_high.csv").write_bytes(b"\x00\x05\x16\x07")
    (record / "._eth_funding_x_8h.csv.gz").write_bytes(b"\x00\x05\x16\x07")
    market(record)
    (record / "macro_events_high.csv").write_text("scheduled_at\n", "utf-8")
    with pytest.raises(InputError, match=r"expected one file macro_events_high, found"):
        series_file(record, "macro_events_high")


def test_without_an_index_column_forwards_are_held_against_the_index_file(record: Path) -> None:
    header = HEADER.replace("index_price", "another")
    rows = [row(SECOND, name, 95_000.0, "0.0110", "0.0125") for name in (PUT, CALL)]
    write_gz(record / "chains" / CHAIN_FILE, header, *rows)
    with pytest.raises(InputError, match=r"line 2: underlying: expected .*, found 95,000.00; one of the two"):
        market(record)
