"""`data check` says what a record holds and lacks, on 80 columns, and whether it can be replayed."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.support import Cli
from tests.gateway.record_folder import (
    CALL,
    CHAIN_FILE,
    FIRST,
    HEADER,
    PUT,
    ROWS,
    SECOND,
    SUNDAY,
    hourly,
    row,
    stamp,
    write_gz,
    write_record,
)

MONDAY_AFTERNOON = SECOND + timedelta(hours=10)


MONDAY_ROWS = [
    row(MONDAY_AFTERNOON, PUT, 3030.0, "0.0110", "0.0125", 0.62),
    row(MONDAY_AFTERNOON, CALL, 3030.0, "0.0060", "0.0070", 0.55),
]


@pytest.fixture
def chains(tmp_path: Path) -> Path:
    """A record with a hole of ten hours that ends on Monday 14:00."""
    folder = write_record(tmp_path)
    write_gz(folder / CHAIN_FILE, HEADER, *ROWS, *MONDAY_ROWS)
    return folder


def found(cli: Cli, chains: Path, code: int = 0) -> dict[str, Any]:
    ran = cli("data", "check", chains, "--json")
    assert ran.code == code, ran.err
    document: dict[str, Any] = json.loads(ran.out)
    assert document["usable"] is (code == 0)
    return document


def test_shows_what_the_record_holds(cli: Cli, chains: Path) -> None:
    document = found(cli, chains)
    assert document["chains"]["snapshots"] == 3
    assert document["chains"]["contracts_min"] == document["chains"]["contracts_max"] == 2
    assert document["chains"]["without_bid"] == pytest.approx(1 / 6)
    assert document["chains"]["tradable_expiry"] == 3
    assert document["replay"]["mondays"] == document["replay"]["mondays_with_quotes"] == 1
    assert document["holes"] == [
        {"last_snapshot": "2026-01-05T04:00:00Z", "next_snapshot": "2026-01-05T14:00:00Z", "hours": 10.0}
    ]
    index = document["index"]
    assert index["snapshots_with_own"] == 3
    # The file has 3018 at 04:00, where the snapshot has 3030.
    assert index["off_worst"] == pytest.approx(1 - 3018 / 3030)
    assert (index["basis_noise"], index["off_worst_at"]) == (0.0, "2026-01-05T04:00:00Z")
    assert index["basis_noise_hourly"] > 0.0004
    assert document["forwards"]["most"] == 0.0
    assert 0.9 < document["iv_over_dvol"]["median"] < 1.1
    assert document["funding"][0]["annual_median"] == pytest.approx(0.0876)
    assert document["events"]["rows"] == 1


def test_says_what_it_lacks_and_what_to_look_at(cli: Cli, chains: Path) -> None:
    (chains / "notes.txt").write_text("mine", "utf-8")
    document = found(cli, chains)
    assert document["not_read"] == ["notes.txt"]
    assert any("funding on" in text for text in document["lacks"])
    assert any("of the replay is without quotes" in text for text in document["warnings"])


def test_fits_eighty_columns_and_ends_with_the_verdict(cli: Cli, chains: Path) -> None:
    ran = cli("data", "check", chains)
    lines = [line for line in ran.out.splitlines() if str(chains) not in line]
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    assert lines[-1] == "usable      yes"
    assert "2026-01-05 04:00Z to 2026-01-05 14:00Z     10.0 h" in ran.out


def test_takes_the_folder_above_the_chains_too(cli: Cli, chains: Path) -> None:
    assert found(cli, chains.parent)["chains"] == found(cli, chains)["chains"]


def test_names_every_part_that_is_broken_and_examines_the_rest(cli: Cli, chains: Path) -> None:
    write_gz(chains.parent / "eth_dvol_1h.csv.gz", "timestamp,open,high,low,close", f"{stamp(FIRST)},0,0,0,0")
    (chains.parent / "macro_events_high.csv").unlink()
    document = found(cli, chains, code=1)
    first, second = document["problems"]
    assert first.startswith("eth_dvol_1h.csv.gz, line 2: open: expected points such as 65")
    assert second.startswith("macro_events_high.csv.gz: expected this file")
    assert document["chains"]["snapshots"] == 3
    assert document["index"]["snapshots_with_own"] == 3
    ran = cli("data", "check", chains)
    assert ran.code == 1
    assert "2 problems, it can't be replayed" in ran.err


def test_a_broken_chain_file_is_a_problem_and_the_series_are_shown(cli: Cli, chains: Path) -> None:
    write_gz(chains / CHAIN_FILE, HEADER, row(FIRST, PUT, 3000.0, "0.0120", "300000"))
    document = found(cli, chains, code=1)
    assert document["problems"][0].startswith(f"{CHAIN_FILE}, line 2: ask_price: expected a price in ETH")
    assert document["chains"] is None
    assert document["index_hourly"]["rows"] == 60


def test_a_dvol_of_another_coin_or_ivs_of_another_unit_are_a_problem(cli: Cli, chains: Path) -> None:
    write_gz(
        chains.parent / "eth_dvol_1h.csv.gz",
        "timestamp,open,high,low,close",
        *hourly(SUNDAY, 60, 160.0, 0.1),
    )
    assert found(cli, chains, code=1)["problems"] == [
        "3 of 3 snapshots have an at-the-money IV that DVOL can't explain; the engine blocks entries there"
    ]


def test_forwards_of_another_index_are_a_problem(cli: Cli, chains: Path) -> None:
    rows = [
        row(at, name, 3300.0, "0.0110", "0.0125", index=3015.0)
        for at in (FIRST, SECOND, MONDAY_AFTERNOON)
        for name in (PUT, CALL)
    ]
    write_gz(chains / CHAIN_FILE, HEADER, *rows)
    problems = found(cli, chains, code=1)["problems"]
    assert "3 of 3 snapshots have forwards that the index file can't explain" in problems[0]


def test_funding_in_percent_and_quotes_beside_their_iv_are_worth_a_look(cli: Cli, chains: Path) -> None:
    rates = [f"{stamp(SUNDAY + timedelta(hours=h))},0.001" for h in range(26)]
    write_gz(chains.parent / "eth_funding_hyperliquid_1h.csv.gz", "timestamp,hourly_rate", *rates)
    write_gz(chains / CHAIN_FILE, HEADER, *[line.replace("0.01", "0.05") for line in (*ROWS, *MONDAY_ROWS)])
    warnings = " ".join(found(cli, chains)["warnings"])
    assert "are the rates in percent?" in warnings
    assert "of the IVs 9 to 15 days out agree with the quotes" in warnings


def test_a_snapshot_that_was_cut_off_is_worth_a_look(cli: Cli, chains: Path) -> None:
    more = [
        row(SECOND, f"ETH-16JAN26-{strike}-C", 3030.0, "0.0060", "0.0070") for strike in (3500, 3600, 3700)
    ]
    also = [line.replace(stamp(SECOND), stamp(FIRST)) for line in more]
    write_gz(chains / CHAIN_FILE, HEADER, *ROWS[:2], *also, *ROWS[2:], *more, *MONDAY_ROWS)
    warnings = found(cli, chains)["warnings"]
    assert any(
        "1 of 3 snapshots have less than half the usual contracts, the first at 2026-01-05 14:00Z" in text
        for text in warnings
    )


def test_without_a_monday_with_quotes_there_is_nothing_to_replay(cli: Cli, chains: Path) -> None:
    write_gz(chains / CHAIN_FILE, HEADER, *ROWS)
    assert found(cli, chains, code=1)["problems"] == ["no Monday 14:00 UTC of the record has quotes"]


@pytest.mark.parametrize("name", ["nowhere", "empty", "file.csv"])
def test_what_is_no_folder_of_chains_is_bad_input(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.csv").write_text("x", "utf-8")
    ran = cli("data", "check", tmp_path / name)
    assert ran.code == 2
    assert ran.err.startswith("error: chains: expected ")


def test_an_index_file_with_the_ends_of_the_bars_is_worth_a_look(cli: Cli, chains: Path) -> None:
    """The index jumps by up to 40 USD an hour, so that an hour's mistake is far off."""
    levels = random.Random(1).choices((2980.0, 3000.0, 3020.0), k=100)

    def usd(at: datetime) -> float:
        return levels[(at - SUNDAY) // timedelta(hours=1)]

    hours = [SUNDAY + timedelta(hours=h) for h in range(12, 40)]
    rows = [
        line
        for at in hours
        for line in (
            row(at, PUT, usd(at), "0.0120", "0.0130", 0.62),
            row(at, CALL, usd(at), "0.0050", "0.0060", 0.55),
        )
    ]
    write_gz(chains / CHAIN_FILE, HEADER, *rows)
    for late_h, warned in ((0, False), (1, True)):
        bars = []
        for h in range(60):
            start = SUNDAY + timedelta(hours=h)
            close = usd(start + timedelta(hours=1))
            opened = usd(start)
            low, high = min(opened, close), max(opened, close)
            bars.append(f"{stamp(start + timedelta(hours=late_h))},{opened},{high},{low},{close},7")
        write_gz(chains.parent / "eth_usd_1h.csv.gz", "timestamp,open,high,low,close,volume", *bars)
        warnings = found(cli, chains)["warnings"]
        assert any("fits the snapshots better with its times -1 h" in text for text in warnings) is warned
