"""A small record of a day and a half on disk, for the tests of what reads one."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

HEADER = (
    "timestamp,instrument_name,underlying_name,underlying,index_price,bid_price,ask_price,mark_price,"
    "implied_volatility,delta,vega,open_interest,volume,volume_usd"
)
FIRST = datetime(2026, 1, 4, 20, 0, tzinfo=UTC)
SECOND = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
THIRD = SECOND + timedelta(hours=6)
SUNDAY = datetime(2026, 1, 4, tzinfo=UTC)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
EXPIRY = datetime(2026, 1, 16, 8, tzinfo=UTC)
PUT, CALL = "ETH-16JAN26-2800-P", "ETH-16JAN26-3400-C"
CHAIN_FILE = "eth_option_chain_2026-01.csv.gz"


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def row(
    at: datetime, name: str, forward: float, bid: str, ask: str, iv: float = 0.6, index: float | None = None
) -> str:
    """One row; the index is the forward if it is not given."""
    own = forward if index is None else index
    return f"{stamp(at)},{name},ETH-16JAN26,{forward},{own},{bid},{ask},0.01,{iv},0,0,500,50,1"


ROWS = [
    row(FIRST, PUT, 3000.0, "0.0120", "0.0130"),
    row(FIRST, CALL, 3000.0, "", "0.0060"),
    row(SECOND, PUT, 3030.0, "0.0110", "0.0125", 0.62),
    row(SECOND, CALL, 3030.0, "0.0060", "0.0070", 0.55),
]


def write_gz(path: Path, *lines: str) -> None:
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))


def hourly(start: datetime, hours: int, first: float, step: float, volume: str = "") -> list[str]:
    lines = []
    for i in range(hours):
        low, high = first + step * i, first + step * (i + 1)
        lines.append(f"{stamp(start + timedelta(hours=i))},{low},{high},{low},{high}{volume}")
    return lines


def write_record(folder: Path) -> Path:
    """The index rises by 1 USD an hour from 2990 on Sunday 00:00. Returns the folder of the chains."""
    chains = folder / "chains"
    chains.mkdir()
    write_gz(chains / CHAIN_FILE, HEADER, *ROWS)
    rising = hourly(SUNDAY, 60, 2990.0, 1.0, ",7")
    write_gz(folder / "eth_usd_1h.csv.gz", "timestamp,open,high,low,close,volume", *rising)
    write_gz(folder / "eth_dvol_1h.csv.gz", "timestamp,open,high,low,close", *hourly(SUNDAY, 60, 60.0, 0.1))
    funding = [f"{stamp(SUNDAY + timedelta(hours=h))},0.00001" for h in range(26)]
    write_gz(folder / "eth_funding_hyperliquid_1h.csv.gz", "timestamp,hourly_rate", *funding)
    (folder / "macro_events_high.csv").write_text(
        "scheduled_at,name,country,importance\n2026-01-13T13:30:00Z,CPI,US,high\n", "utf-8"
    )
    return chains
