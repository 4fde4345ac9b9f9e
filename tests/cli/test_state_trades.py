"""`state trades`: a premium received is no profit before the position is closed."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from tests.actors.state.books_room import BooksRoom, opened
from tests.cli.support import Cli
from tests.fakes.whole_books import deliver, exit_partly


def test_an_open_trade_has_no_result_yet(tmp_path: Path, cli: Cli) -> None:
    room = BooksRoom(tmp_path).start()
    opened(room, contracts=3)
    exit_partly(room)
    assert cli("state", "trades", "--data-dir", tmp_path).out.splitlines()[1].split()[-2:] == ["-", "-"]
    (told,) = json.loads(cli("state", "positions", "--json", "--data-dir", tmp_path).out)
    assert (told["pnl_eth"], told["pnl_usd"]) == (None, None)
    assert Decimal(told["cash_eth"]) > 0
    deliver(room)
    room.stop()
    assert "-" not in cli("state", "trades", "--data-dir", tmp_path).out.splitlines()[1].split()
