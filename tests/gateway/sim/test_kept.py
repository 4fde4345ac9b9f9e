"""A simulated venue that is killed and started again goes on with the account that it had."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from gateway.sim.kept import FILE, SimFolder
from gateway.sim.ways import Ways
from tests.gateway.live.desk import NOW
from tests.gateway.sim.account import SimDoor

MARKET = "model seed 7"
WAIVES = Ways(waives=True)


def known(door: SimDoor) -> dict[str, Any]:
    """Everything that the venue knows of its account."""
    account = door.venue.desk.account
    names = ("balance_eth", "last_number", "orders", "trades", "fills", "positions", "settlements")
    found = {name: getattr(account, name) for name in names}
    return found | {"placed": door.venue.desk.placed, "combos": door.venue.combos.known()}


def killed(folder: Path, play: Callable[[SimDoor], object]) -> tuple[dict[str, Any], float]:
    """What a venue on the folder knows after its last answer, and when that was."""
    with closing(SimFolder(folder, MARKET)) as kept:
        door = SimDoor(WAIVES, folder=kept)
        play(door)
        return known(door), door.now_s


def again(folder: Path, now_s: float, play: Callable[[SimDoor], Any] = known) -> Any:
    """What the next one on it says at that time."""
    with closing(SimFolder(folder, MARKET)) as kept:
        door = SimDoor(WAIVES, folder=kept)
        door.now_s = now_s
        return play(door)


def test_orders_trades_positions_and_combos_are_there_again(tmp_path: Path) -> None:
    def play(door: SimDoor) -> None:
        door.sold()
        combo = door.combo()
        asked = {"instrument_name": combo, "amount": 2, "type": "limit"}
        order = door("private/sell", **asked, price=0.012, label="two")["order"]
        door("private/edit", order_id=order["order_id"], amount=2, price=0.0121)
        order = door("private/sell", **asked, price=0.0122, label="three")["order"]
        door("private/cancel", order_id=order["order_id"])

    before, now_s = killed(tmp_path, play)
    assert len(before["fills"]) == 1
    assert [each.replaced for each in before["placed"].values()] == [False, True, False]
    assert again(tmp_path, now_s) == before
    rows = again(tmp_path, now_s, lambda door: door("private/get_open_orders_by_currency", currency="ETH"))
    assert [row["label"] for row in rows] == ["two"]


def test_what_happened_meanwhile_happens_at_its_time(tmp_path: Path) -> None:
    killed(tmp_path, SimDoor.sold)
    later_s = (NOW + timedelta(days=5)).timestamp()

    def settled(door: SimDoor) -> dict[str, Any]:
        door("public/get_time")
        return known(door)

    found = again(tmp_path, later_s, settled)
    assert found["positions"] == {}
    assert {each.timestamp.hour for each in found["settlements"].values()} == {8}
    assert again(tmp_path, later_s) == found


def test_a_refused_order_takes_no_number(tmp_path: Path) -> None:
    before, now_s = killed(tmp_path, lambda door: door.combo())
    refused = {"instrument_name": "ETH-PS", "amount": 1, "price": 0.01, "type": "limit"}
    again(tmp_path, now_s, lambda door: door.refusal("private/sell", **refused))
    assert again(tmp_path, now_s) == before


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    with closing(SimFolder(tmp_path, MARKET)), pytest.raises(InputError, match="another process"):
        SimFolder(tmp_path, MARKET)
    SimFolder(tmp_path, MARKET).close()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "the file: Invalid JSON"),
        ('{"market": "model seed 7"}', "clock: Field required; begin anew with another --data-dir"),
    ],
)
def test_a_file_that_can_not_be_read_names_itself(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / FILE).write_text(content, "utf-8")
    with pytest.raises(InputError, match=told):
        SimFolder(tmp_path, MARKET)


def test_a_folder_of_another_market_is_refused(tmp_path: Path) -> None:
    killed(tmp_path, SimDoor.sold)
    with pytest.raises(InputError, match="was kept on 'model seed 7', found 'model seed 8'; go on with"):
        SimFolder(tmp_path, "model seed 8")
