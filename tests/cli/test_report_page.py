"""`report --html`: one file with the same figures, readable without network."""

from __future__ import annotations

import base64
import gzip
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from cli.exit_codes import ExitCode
from core.orders.books import CycleOutcome
from tests.actors.state.books_room import CYCLE, START, BooksRoom
from tests.cli.support import Cli
from tests.fakes.traded_books import account_seen, closed, entered, refused


@pytest.fixture
def traded(tmp_path: Path) -> Path:
    """One closed trade, and a refusal whose reason is somebody else's markup."""
    room = BooksRoom(tmp_path / "data").start()
    entered(room)
    account_seen(room, CYCLE, START, 10.0, 3100.0)
    closed(room)
    account_seen(room, CYCLE, START + timedelta(days=7), 10.01, 2500.0)
    refused(room, 1, CycleOutcome.NO_ENTRY, "market", "<script>alert(1)</script>")
    room.stop()
    return room.data_dir


@pytest.fixture
def html(cli: Cli, traded: Path, tmp_path: Path) -> str:
    file = tmp_path / "report.html"
    assert cli("report", "--data-dir", traded, "--html", file).code == ExitCode.OK
    return file.read_text("utf-8")


def test_words_and_numbers_stand_before_the_charts(html: str) -> None:
    assert html.index("+0.01360000 ETH, +42.16 USD of closed trades") < html.index("data-chart=")


def test_every_chart_has_its_figure_in_the_file(html: str) -> None:
    names = re.findall(r'data-chart="([^"]+)"', html.split("<script")[0])
    assert names == ["equity-usd", "equity-eth", "drawdown", "months"]
    for name in names:
        block = re.search(rf'id="figure-{name}">(.*?)</script>', html, re.DOTALL)
        assert block is not None
        assert json.loads(block[1]).keys() == {"data", "layout"}


def test_the_script_that_draws_is_in_the_file_once(html: str) -> None:
    packed = re.search(r'id="plotly-packed">([^<]+)</script>', html)
    assert packed is not None
    assert b"plotly.js v" in gzip.decompress(base64.b64decode(packed[1]))[:200]
    assert len(html) < 2_500_000


def test_the_file_names_no_address_to_load_from(html: str) -> None:
    assert re.findall(r'(?:src|href)="[^"]*"', html) == []
    assert "default-src 'none'" in html


def test_what_others_wrote_is_text(html: str) -> None:
    assert "<script>alert(1)" not in html
    assert "&lt;script&gt;alert(1)" in html


def test_a_file_that_can_not_be_written_is_named(cli: Cli, traded: Path, tmp_path: Path) -> None:
    ran = cli("report", "--data-dir", traded, "--html", tmp_path / "nowhere" / "r.html")
    assert ran.code == ExitCode.BAD_INPUT
    assert "--html" in ran.err


def test_a_folder_without_trades_makes_a_file_too(cli: Cli, tmp_path: Path) -> None:
    room = BooksRoom(tmp_path / "data").start()
    refused(room, 0, CycleOutcome.NO_ENTRY, "market", "vrp_below_min")
    room.stop()
    file = tmp_path / "report.html"
    assert cli("report", "--data-dir", room.data_dir, "--html", file).code == ExitCode.OK
    assert "0 closed" in file.read_text("utf-8")
