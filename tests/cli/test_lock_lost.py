"""A running engine keeps its folder although the file `lock` is taken away, and lays it again."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest

from cli.exit_codes import ExitCode
from reading.books import stored_books
from reading.engine_lock import LOCK, running_engine
from tests.cli.support import Cli
from tests.cli.test_live import House, running

MEANWHILE = "without an engine, found"
WITHIN_S = 60.0


def wait_until(holds: Callable[[], bool]) -> None:
    """Fails if it has not come true within a minute."""
    for _ in range(int(WITHIN_S / 0.2)):
        if holds():
            return
        Event().wait(0.2)
    pytest.fail("it did not come true within a minute")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("lock-lost")) as house:
        yield house


def removed(lock: Path) -> None:
    lock.unlink()


def replaced_by_a_file(lock: Path) -> None:
    lock.unlink()
    lock.write_text("somebody else's", "utf-8")


def replaced_by_a_folder(lock: Path) -> None:
    lock.unlink()
    lock.mkdir()
    (lock / "kept").write_text("kept", "utf-8")


def replaced_by_a_link(lock: Path) -> None:
    lock.unlink()
    lock.symlink_to("nowhere")


def replaced_by_a_pipe(lock: Path) -> None:
    lock.unlink()
    os.mkfifo(lock)


@pytest.mark.parametrize(
    "lose", [removed, replaced_by_a_file, replaced_by_a_folder, replaced_by_a_link, replaced_by_a_pipe]
)
def test_without_its_lock_file_an_engine_still_keeps_others_out_and_answers(
    house: House, cli: Cli, lose: Callable[[Path], None]
) -> None:
    lock, aside = house.data / LOCK, house.data / "lock-of-the-test"
    os.link(lock, aside)
    lose(lock)
    try:
        strategy = str(house.folder / "strategy.yaml")
        backup = house.folder / "backup"
        refused = [
            house.typed(cli, "start", "--strategy", strategy),
            house.typed(cli, "state", "restore", "--from", str(backup), "--strategy", strategy),
            house.typed(cli, "state", "rebuild", "--from-audit", str(house.data / "audit")),
            house.typed(cli, "state", "clear-texts"),
            house.typed(cli, "state", "book-entry", "p-none", "--from", str(backup), "--reason", "drill"),
        ]
        assert [ran.code for ran in refused] == [ExitCode.BAD_INPUT] * len(refused), refused
        assert all(MEANWHILE in ran.err for ran in refused), refused
        assert f"pid {house.engine.pid}" in refused[0].err
        healthy = house.typed(cli, "healthcheck")
        assert (healthy.code, healthy.err) == (ExitCode.OK, "")
        assert house.typed(cli, "audit", "verify").code == ExitCode.OK
    finally:
        if lock.is_dir() and not lock.is_symlink():
            shutil.rmtree(lock)
        aside.replace(lock)


@pytest.mark.long
def test_an_engine_lays_its_lock_again_and_says_so(house: House, cli: Cli) -> None:
    lock = house.data / LOCK
    lock.unlink()
    wait_until(lock.exists)
    found = running_engine(house.data)
    assert found is not None
    assert found.pid == house.engine.pid
    assert house.typed(cli, "healthcheck").code == ExitCode.OK
    wait_until(lambda: "lock_lost" in {alert.code for alert in stored_books(house.data).alerts})


def test_without_its_lock_file_an_engine_is_armed_and_confirms_it_in_time(house: House, cli: Cli) -> None:
    (house.data / LOCK).unlink()
    ran = house.run("kill-switch", "arm", "--reason", "drill")
    assert ran.code == ExitCode.OK, ran.err
    assert ran.out.startswith("armed: ")
    assert "no running engine" not in ran.out + ran.err
    assert (house.data / "KILL").exists()
    disarmed = house.typed(cli, "kill-switch", "disarm", "--reason", "drill over")
    assert disarmed.code == ExitCode.OK, disarmed.err


@pytest.mark.long
def test_an_engine_whose_folder_is_renamed_keeps_both_and_says_so(tmp_path: Path, cli: Cli) -> None:
    with running(tmp_path) as house:
        moved = tmp_path / "moved"
        house.data.rename(moved)
        strategy = house.folder / "strategy.yaml"
        house.data.mkdir()
        cli.set(**house.variables)
        ran = cli("start", "--strategy", strategy, "--data-dir", moved)
        assert (ran.code, f"pid {house.engine.pid} uses it" in ran.err) == (ExitCode.BAD_INPUT, True), ran
        wait_until((house.data / LOCK).exists)
        ran = cli("start", "--strategy", strategy, "--data-dir", house.data)
        assert (ran.code, f"pid {house.engine.pid} uses it" in ran.err) == (ExitCode.BAD_INPUT, True), ran
        wait_until(lambda: "data_folder_moved" in {alert.code for alert in stored_books(moved).alerts})


@pytest.mark.long
@pytest.mark.parametrize("another_is_there", [False, True])
def test_an_engine_that_has_lost_its_folder_begins_no_second_log_and_is_not_started_again(
    tmp_path: Path, cli: Cli, another_is_there: bool
) -> None:
    """It made the folder anew, began a chain there, and the right folder, once back, was broken."""
    with running(tmp_path) as house:
        moved = tmp_path / "moved"
        house.data.rename(moved)
        if another_is_there:
            house.data.mkdir()
        out, err = house.engine.communicate(timeout=WITHIN_S * 2)
        assert (house.engine.returncode, "put it back in its place" in err) == (ExitCode.BAD_INPUT, True), err
        assert out.startswith("running in mode")
        # KILL keeps whatever is started there from trading.
        made = {path.name for path in house.data.iterdir()} if house.data.exists() else set()
        assert made - {"KILL", "heartbeat", "run", LOCK} == set()
        assert ("KILL" in made) == another_is_there
        shutil.rmtree(house.data, ignore_errors=True)
        moved.rename(house.data)
        house.engine = house.start()
        assert house.engine.stdout is not None
        assert house.engine.stdout.readline().startswith("running in mode")
        verified = house.typed(cli, "audit", "verify", "--books")
        assert (verified.code, verified.err) == (ExitCode.OK, "")
        kinds = [json.loads(line)["kind"] for line in log_of(house.data)]
        assert "CHAIN_BROKEN" not in kinds
        assert "AUDIT_TAIL_RESTORED" in kinds


def log_of(data_dir: Path) -> list[str]:
    return [
        line
        for path in sorted((data_dir / "audit").iterdir())
        for line in path.read_text("utf-8").splitlines()
    ]
