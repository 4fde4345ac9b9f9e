"""`state book-exit`: what a person knows of an exit that nothing else shows any more, in books and log."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from actors.audit.files import whole_lines
from cli.data_folder import locked
from cli.exit_codes import ExitCode
from cli.main import main
from core.audit.hash_chain import read_record
from core.messages.audit import AuditKind
from core.messages.kill_switch import ArmKillSwitch
from core.orders.exit_rule import ExitRule
from core.orders.lifecycle import PositionState
from reading.books import stored_positions
from reading.proof import books_proved
from tests.actors.state.books_room import LONG, POSITION, SHORT, START, BooksRoom
from tests.cli.restores import bind
from tests.fakes.traded_books import entered

AT = (START + timedelta(days=1)).isoformat()
TOLD = {
    "--contracts": "2",
    "--price": f"{SHORT}=0.0071",
    "--fee": "0.0012",
    "--index": "3000",
    "--at": AT,
    "--reason": "the venue's statement of January",
}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    room = BooksRoom(tmp_path).start()
    bind(room)
    entered(room)
    room.stop()
    return tmp_path


def book(data_dir: Path, *, long: str = f"{LONG}=0.0031", **changed: str) -> int:
    told = TOLD | {f"--{name}": value for name, value in changed.items()}
    more = ("--price", long) if long else ()
    options = [text for pair in told.items() for text in pair]
    return main(["state", "book-exit", POSITION, *options, *more, "--data-dir", str(data_dir)])


def test_a_told_exit_closes_the_position_and_books_prove_it(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert book(data_dir) == ExitCode.OK
    assert "0 left. Start the engine" in capsys.readouterr().out
    (position,) = stored_positions(data_dir, everything=True)
    assert position.state is PositionState.CLOSED
    assert position.exit_rule is ExitRule.MANUAL
    entry_eth = Decimal("0.0120") * 2
    assert position.pnl_eth - entry_eth + Decimal("0.0012") == -Decimal("0.0040") * 2 - entry_fees(data_dir)
    assert books_proved(data_dir).lines() == ()
    records = [read_record(line) for line in whole_lines(data_dir / "audit")]
    (told,) = [record.detail for record in records if record.kind == AuditKind.ADOPTED]
    assert told["what"] == "an exit that a person told"
    assert told["reason"] == TOLD["--reason"]
    room = BooksRoom(data_dir, now=START + timedelta(days=2)).start()
    assert not any(isinstance(told, ArmKillSwitch) for told in room.state_ctx.told_to("kill_switch"))
    room.stop()


def entry_fees(data_dir: Path) -> Decimal:
    with closing(sqlite3.connect(data_dir / "cerbero.db")) as db:
        sql = "SELECT amount_eth FROM cash_flows WHERE kind = 'fee' AND ref NOT LIKE '%told:%'"
        return -sum((Decimal(amount) for (amount,) in db.execute(sql)), Decimal(0))


def test_a_part_leaves_the_rest_open(data_dir: Path) -> None:
    assert book(data_dir, contracts="1") == ExitCode.OK
    (position,) = stored_positions(data_dir, everything=False)
    assert (position.state, position.contracts) == (PositionState.OPEN, 1)
    assert book(data_dir, contracts="1") == ExitCode.OK
    assert stored_positions(data_dir, everything=False) == ()
    assert books_proved(data_dir).lines() == ()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"contracts": "3"}, "--contracts: expected 1 to 2, found 3"),
        ({"contracts": "0"}, "expected a whole number from 1 to 1000000, found '0'"),
        ({"long": ""}, f"--price: expected one each for {LONG}, {SHORT}"),
        ({"long": f"{SHORT}=0.1"}, "--price: expected LEG=ETH once for each leg"),
        ({"long": f"{LONG}=21.7"}, f"--price {LONG}: expected 0 to "),
        ({"long": f"{LONG}=-0.1"}, f"--price {LONG}: expected 0 to "),
        ({"long": f"{LONG}=nan"}, "--price: expected a number, found 'nan'"),
        ({"fee": "3.6"}, "--fee: expected 0 to 0.4 ETH in all, found 3.6"),
        ({"index": "0"}, "--index: expected the index in USD, found 0"),
        ({"at": "yesterday"}, "--at: expected a time such as"),
        ({"at": "2026-01-06T12:00:00"}, "--at: expected a time with its zone"),
        ({"at": "2025-01-06T12:00:00Z"}, "--at: expected a time from 2026-01-05"),
        ({"at": "2026-01-30T12:00:00Z"}, "before the legs expire"),
        ({"reason": " "}, "--reason: expected where you know it from"),
    ],
)
def test_what_can_not_be_is_named_and_changes_nothing(
    data_dir: Path, changed: dict[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (data_dir / "cerbero.db").read_bytes()
    assert book(data_dir, **changed) == ExitCode.BAD_INPUT
    assert said in capsys.readouterr().err
    assert (data_dir / "cerbero.db").read_bytes() == before


def test_a_position_that_is_not_open_is_named(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert book(data_dir) == ExitCode.OK
    assert book(data_dir) == ExitCode.BAD_INPUT
    assert f"{POSITION}: expected an open position (none)" in capsys.readouterr().err


def test_under_an_engine_nothing_is_booked(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with locked(data_dir, Path):
        assert book(data_dir) == ExitCode.BAD_INPUT
    assert "expected a folder without an engine" in capsys.readouterr().err


def test_a_log_that_is_not_whole_is_left_as_it_is(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = (data_dir / "audit").iterdir()
    content = path.read_bytes().replace(b"ACCOUNT_BOUND", b"ACCOUNT_BOUNT")
    path.write_bytes(content)
    assert book(data_dir) == ExitCode.FOUND_WRONG
    assert "expected a whole log that ends at" in capsys.readouterr().err
    assert path.read_bytes() == content


def test_what_a_kill_left_pending_is_written_first(data_dir: Path) -> None:
    room = BooksRoom(data_dir, now=START + timedelta(hours=1)).start()
    room.hold_appends = True
    bind(room)
    room.kill()
    assert book(data_dir) == ExitCode.OK
    assert books_proved(data_dir).lines() == ()
