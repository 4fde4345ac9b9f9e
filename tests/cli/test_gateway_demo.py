"""`gateway demo`: an engine, the live gateway and a simulated Deribit in one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from reading.books import stored_books
from tests.cli.support import Cli


def test_a_demo_ends_with_the_summary_of_a_paper_run(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    ran = cli("gateway", "demo", "--days", "0.02", "--data-dir", folder)
    assert ran.code == 0, ran.err
    assert "books and venue  agree to the last decimal" in ran.out
    assert "as Deribit behind the live gateway (all days are done)" in ran.out
    # What the paper venue assumes beside is not so here.
    assert "assumed          balance_eth=10, beside_eur=150000, eur_usd=1.085\n" in ran.out
    assert "the gateway assumes: the index has no candles" in ran.out
    assert "verified" in ran.out


@pytest.mark.long
def test_its_monday_is_traded_and_books_and_venue_agree(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    ran = cli("gateway", "demo", "--days", "0.6", "--data-dir", folder)
    assert ran.code == 0, ran.err
    assert "books and venue  agree to the last decimal" in ran.out
    assert [cycle.outcome for cycle in stored_books(folder).cycles if cycle.job == "entry"] == ["entered"]
