"""What is owned: the account at the venue's indexes, and what a file says beside it."""

from __future__ import annotations

import os
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.errors import InputError
from gateway.live.account.holdings import read_holdings
from tests.gateway.live.desk import NOW
from tests.gateway.live.trading_desk import Engine, traded

BESIDE = """holdings:
  - {asset: EUR, amount: "150000", price: fx}
  - {asset: stETH, amount: "2.5", price: eth_usd, counts_as: ETH}
"""


def file(folder: Path, text: str) -> Path:
    path = folder / "holdings.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_whole_is_the_account_and_what_is_beside_it(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        index = engine.desk.venue.books.index_usd()
        status, body = await engine.ask("portfolio/get_total_equity", currency="EUR")
        assert status == 200, body
        eur = Decimal("12.5") * index / Decimal("1.0850") + 150_000
        assert Decimal(body["equity"]) == pytest.approx(eur, abs=Decimal(5))
        _, body = await engine.ask("portfolio/get_total_equity", currency="ETH")
        assert Decimal(body["equity"]) > Decimal("12.5")
        _, body = await engine.ask("portfolio/get_holdings")
        rows = {each["asset"]: each for each in body["holdings"]}
        assert rows.keys() == {"ETH", "EUR"}
        assert Decimal(rows["ETH"]["amount"]) == Decimal("12.5")
        assert sum(each["share"] for each in rows.values()) == pytest.approx(1.0)

    traded(tmp_path, play, holdings=file(tmp_path, BESIDE))


def test_without_a_file_the_account_is_all(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        _, body = await engine.ask("portfolio/get_total_equity", currency="ETH")
        assert Decimal(body["equity"]) == pytest.approx(Decimal(10), abs=Decimal("1e-3"))
        assert any("no file of holdings" in line for line in engine.desk.sources.assumptions())

    traded(tmp_path, play)


def test_a_value_by_hand_is_good_for_a_week(tmp_path: Path) -> None:
    old = (NOW - timedelta(days=8)).isoformat()
    text = f'holdings:\n  - {{asset: flat, amount: "1", price: fixed, value_eur: "9", as_of: {old}}}\n'

    async def play(engine: Engine) -> str:
        return str((await engine.ask("portfolio/get_total_equity", currency="EUR"))[1]["error"])

    assert "more than a week old" in traded(tmp_path, play, holdings=file(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("holdings: [{asset: a, amount: 1.5, price: fx}]", "expected a number in quotes"),
        ("holdings: [{asset: a, amount: '1', price: fixed}]", "value_eur and as_of"),
        ("holdings: [{asset: a, amount: '1', price: fx, nonsense: 1}]", "nonsense"),
        ("[", "can't be read"),
        ("holdings: &a [*a]", "can't be read: .*:1: expected YAML: expected plain values, found an alias"),
        (f"holdings: {'[' * 3000}{']' * 3000}", "brackets nested too deeply"),
        (f"holdings: {'9' * 5000}", ":1: expected a valid int, found a longer one"),
        ("holdings: [{as_of: 2026-13-45}]", ":1: expected a valid timestamp"),
        ("holdings: []\nholdings: []", ":2: holdings: expected once, found again"),
    ],
)
def test_a_file_that_is_not_sound_is_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(InputError, match=found):
        read_holdings(file(tmp_path, text))


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "holdings.yaml")
    with pytest.raises(InputError, match="can't be read: expected a plain file, found a pipe"):
        read_holdings(tmp_path / "holdings.yaml")
