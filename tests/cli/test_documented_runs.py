"""The documented commands are run: on a folder with books here, against an engine in the long tests.

A command that is in none of the tables is a failure, and so is a reason that no longer holds.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import write_hash
from tests.actors.state.books_room import CYCLE, BooksRoom
from tests.cli.support import ROOT, Cli, ended, started
from tests.cli.test_live import House, running
from tests.fakes.whole_books import write_whole_books
from tests.tidy.documented import Documented, commands

ON_A_FOLDER = {
    ("alert", "test"),
    ("audit", "show"),
    ("audit", "tail"),
    ("audit", "verify"),
    ("calc", "fees"),
    ("calc", "iv"),
    ("calc", "kelly"),
    ("calc", "margin"),
    ("calc", "pnl"),
    ("calc", "price"),
    ("calc", "spread"),
    ("config", "hash"),
    ("config", "schema"),
    ("config", "show"),
    ("config", "validate"),
    ("kill-switch", "status"),
    ("phone", "secret"),
    ("report",),
    ("state", "clear-texts"),
    ("state", "cycles"),
    ("state", "orders"),
    ("state", "positions"),
    ("state", "texts"),
    ("state", "trades"),
    ("strategy", "explain"),
    ("trace",),
}
"""Run in this process on books that were written by hand."""

AGAINST_AN_ENGINE = {
    ("config", "env"),
    ("dry-run",),
    ("healthcheck",),
    ("inject",),
    ("kill-switch", "arm"),
    ("kill-switch", "disarm"),
    ("logs",),
    ("pause",),
    ("ping",),
    ("preflight",),
    ("resume",),
    ("status",),
    ("stop",),
}
"""Run against `start` on `venue`, by `make soak`; `start` and `venue` themselves are run by that, too."""

NOT_RUN = {
    ("backtest",): ("it runs over months of market time", "tests/cli/test_backtest.py"),
    ("calc",): ("the name of a group", None),
    ("close",): ("it needs an open position", "tests/cli/test_persons_messages.py"),
    ("contract", "check"): ("it asks a host tool by tool", "tests/cli/test_contract_check.py"),
    ("data", "check"): ("it needs a record of the market", "tests/cli/test_data_check.py"),
    ("data", "export"): ("it needs what an engine has recorded", "tests/cli/test_data_export.py"),
    ("data", "sample"): ("it writes days of a market", "tests/gateway/test_sample.py"),
    ("gateway",): ("it serves until it is stopped", "tests/cli/test_gateway.py"),
    ("gateway", "check"): ("it asks hosts outside", "tests/cli/test_gateway.py"),
    ("gateway", "calendar"): ("it wants an agency's file", "tests/gateway/live/test_calendar_import.py"),
    ("gateway", "demo"): ("it trades for days", "tests/cli/test_gateway_demo.py"),
    ("gateway", "probe"): ("it asks a testnet", "tests/gateway/live/test_probe.py"),
    ("gateway", "sim"): ("it serves until it is stopped", "tests/cli/test_gateway.py"),
    ("gateway", "token"): ("it shows a token that nobody wants in a log", "tests/cli/test_gateway.py"),
    ("explain",): ("it needs a decision that an engine has made", "tests/cli/test_explain.py"),
    ("page",): ("it serves until it is stopped", "tests/page/test_process.py"),
    ("metrics",): ("it serves until it is stopped", "tests/cli/test_metrics.py"),
    ("paper",): ("it trades for days of market time", "tests/cli/paper/test_paper.py"),
    ("simulate",): ("it simulates days of market time", "tests/simulate/test_simulate.py"),
    ("start",): ("it runs until it is stopped", "tests/cli/test_live.py"),
    ("state", "book-entry"): ("it needs a restore that lost a trade", "tests/cli/test_taking_back.py"),
    ("state", "book-exit"): ("it needs an exit that the venue has lost", "tests/cli/test_booking.py"),
    ("state", "rebuild"): ("it needs a folder without books", "tests/cli/test_books_from_audit.py"),
    ("state", "restore"): ("it needs a backup", "tests/cli/test_restoring.py"),
    ("sweep",): ("it runs over months of market time", "tests/cli/test_sweep.py"),
    ("top",): ("it draws until it is interrupted, on a terminal", "tests/cli/test_watching.py"),
    ("venue",): ("it serves until it is stopped", "tests/cli/test_live.py"),
}
"""Why a command is not run here, and the test that runs it in its own surroundings."""

NEEDED = {
    ("audit", "show"): ("1",),
    ("calc", "fees"): ("--price-eth", "0.01"),
    ("strategy", "explain"): ("limits.contracts_max",),
    ("trace",): (str(CYCLE),),
}
"""What a command must be given where a page names it alone."""

DOCUMENTED = list({str(each): each for each in commands()}.values())


def of(*tables: set[tuple[str, ...]]) -> list[Documented]:
    return [each for each in DOCUMENTED if any(each.path in table for table in tables)]


ASKS_WHY = {("pause",), ("resume",), ("kill-switch", "arm"), ("kill-switch", "disarm")}
ASKS_FIRST = {("resume",), ("inject",)}
WITHOUT_FOLDER = {("ping",), ("config", "env")}


def typed_without_folder(rest: tuple[str, ...]) -> tuple[str, ...]:
    """What a command is given beside its data folder."""
    if "--data-dir" not in rest:
        return rest
    place = rest.index("--data-dir")
    return rest[:place] + rest[place + 2 :]


def test_every_documented_command_is_run_or_says_why_not() -> None:
    paths = {each.path for each in DOCUMENTED}
    assert paths - ON_A_FOLDER - AGAINST_AN_ENGINE - set(NOT_RUN) == set()
    assert (ON_A_FOLDER | AGAINST_AN_ENGINE | set(NOT_RUN)) - paths == set()
    assert [test for _, test in NOT_RUN.values() if test is not None and not (ROOT / test).is_file()] == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder, as a person has it, with books in `data`."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "strategy.yaml", folder / "strategy.yaml")
    shutil.copy(ROOT / "strategy.yaml", folder / "a-file")  # What pages call FILE.
    (folder / "etc").mkdir()  # Where a container's settings are.
    shutil.copy(ROOT / "strategy.yaml", folder / "etc" / "strategy.yaml")
    write_hash(folder / "strategy.yaml")
    (folder / "data").mkdir()
    room = BooksRoom(folder / "data")
    room.start()
    write_whole_books(room)
    room.stop()
    return folder


def given(documented: Documented, folder: Path, cli: Cli) -> list[str]:
    """The command's arguments, with what is in this folder for what a page leaves open."""
    examples = {
        "entry-20260105T140000Z": str(CYCLE),
        "p-entry-20260105T140000Z": str(CYCLE),
        "data-paper": "data",
        "data-testnet": "data",
    }
    rest = [examples.get(word, word) for word in documented.rest] or list(NEEDED.get(documented.path, ()))
    if "--head" in rest:
        rest[rest.index("--head") + 1] = json.loads(cli("audit", "verify", "--json").out)["head"]
    if "--html" in rest:
        rest[rest.index("--html") + 1] = "page.html"  # What pages call FILE is a strategy for others.
    if documented.path == ("phone", "secret"):
        rest = [str(folder / f"secret-{len(list(folder.iterdir()))}")]
    if documented.path[0] == "calc" and (not rest or "--stdin" in rest):
        rest = ["--help"]  # What they take is tried by the tests of `calc`.
    return [*documented.path, *rest]


@pytest.mark.parametrize("documented", of(ON_A_FOLDER), ids=str)
def test_a_documented_command_runs_on_a_folder(documented: Documented, folder: Path, cli: Cli) -> None:
    cli.monkeypatch.chdir(folder)
    ran = cli(*given(documented, folder, cli))
    assert ran.code == 0, ran.err


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("documented")) as house:
        yield house


LIVE = list(
    dict.fromkeys(
        (each.path, typed_without_folder(each.rest))
        for each in sorted(of(AGAINST_AN_ENGINE), key=lambda each: each.path == ("stop",))
    )
)
"""The engine is stopped last."""


@pytest.mark.soak
@pytest.mark.parametrize(("path", "rest"), LIVE, ids=lambda words: " ".join(words))
def test_a_documented_command_runs_against_an_engine(
    path: tuple[str, ...], rest: tuple[str, ...], house: House
) -> None:
    given = list(rest)
    if path == ("inject",) and not given:
        given = ["--list"]
    if path in ASKS_WHY and "--reason" not in given:
        given += ["--reason", "a test"]
    if path in ASKS_FIRST and "--list" not in given:
        given.append("--yes")  # Nobody is at a terminal to be asked.
    if path not in WITHOUT_FOLDER and "--list" not in given:
        given += ["--data-dir", str(house.data)]
    ran = ended(started(*path, *given, **house.variables))
    # Preflight finds that an engine runs; a disarming needs an audit log that was broken for its option.
    assert ran.code in ({0, 1} if path in {("preflight",), ("kill-switch", "disarm")} else {0}), ran.err
    assert "Traceback" not in ran.err
