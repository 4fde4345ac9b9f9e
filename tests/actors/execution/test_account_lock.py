"""One engine per account on one machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.execution import AccountLock, MachineAccountLock
from core.messages.execution import FinalOutcome, RecoveryReport
from core.messages.kill_switch import ArmKillSwitch
from core.values import Environment
from lab.machine import SimulatedMachine
from tests.fakes.account_lock import FakeAccountLock
from tests.fakes.trading import TradingHouse

TESTNET, PAPER = Environment.TESTNET, Environment.PAPER
URL = "http://127.0.0.1:9"
HOLD = """
import sys
from actors.execution import MachineAccountLock
from core.values import Environment
lock = MachineAccountLock("")
assert lock.acquire(Environment.TESTNET, sys.argv[1]) is None
sys.stdout.write("held\\n")
sys.stdout.flush()
sys.stdin.read()
"""


@pytest.fixture
def account(tmp_path: Path) -> str:
    """An account that no other test, and no engine on this machine, trades."""
    return f"test-{os.getpid()}-{tmp_path}"


@pytest.fixture
def locks() -> Iterator[tuple[MachineAccountLock, MachineAccountLock]]:
    both = MachineAccountLock(URL), MachineAccountLock("http://127.0.0.1:10")
    yield both
    for lock in both:
        lock.release()


Two = tuple[MachineAccountLock, MachineAccountLock]


def test_the_lock_of_an_account_is_held_once_whatever_the_address_of_its_venue(
    locks: Two, account: str
) -> None:
    first, second = locks
    assert first.acquire(TESTNET, account) is None
    assert second.acquire(TESTNET, account) == f"another process (pid {os.getpid()}, user {os.getuid()})"
    first.release()
    assert second.acquire(TESTNET, account) is None


def test_who_has_it_may_ask_again(locks: Two, account: str) -> None:
    """Each recovery asks; the lock outlives the incarnations."""
    first, second = locks
    assert first.acquire(TESTNET, account) is None
    assert first.acquire(TESTNET, account) is None
    assert second.acquire(TESTNET, account) is not None


def test_other_accounts_and_environments_are_free(locks: Two, account: str) -> None:
    first, second = locks
    assert first.acquire(TESTNET, account) is None
    assert second.acquire(Environment.MAINNET, account) is None
    assert second.acquire(TESTNET, f"{account}-2") is None


def test_paper_accounts_are_told_apart_by_their_venue(locks: Two, account: str) -> None:
    first, second = locks
    assert first.acquire(PAPER, account) is None
    assert second.acquire(PAPER, account) is None
    assert MachineAccountLock(URL).acquire(PAPER, account) is not None


def test_a_killed_process_leaves_no_lock_behind(locks: Two, account: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, account], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert locks[0].acquire(TESTNET, account) == f"another process (pid {other.pid}, user {os.getuid()})"
        other.kill()
        other.wait()
        assert locks[0].acquire(TESTNET, account) is None


def test_the_locks_of_the_tests_and_of_the_laboratory_keep_the_contract() -> None:
    machine = SimulatedMachine()
    one, two = machine.account_lock("one"), machine.account_lock("two")
    assert one.acquire(TESTNET, "a") is None
    assert one.acquire(TESTNET, "a") is None
    assert two.acquire(TESTNET, "a") == "one"
    assert SimulatedMachine().account_lock("three").acquire(TESTNET, "a") is None
    one.release()
    assert two.acquire(TESTNET, "a") is None
    fake: AccountLock = FakeAccountLock()
    assert fake.acquire(TESTNET, "a") is None


def test_an_engine_whose_account_is_held_trades_nothing_says_who_and_takes_over(tmp_path: Path) -> None:
    house = TradingHouse(tmp_path)
    house.account_lock.holder = "another process (pid 7, user 1000)"
    house.restart_execution()
    (first, *_) = [r for r in house.told("health", RecoveryReport) if not r.ok]
    assert "another process (pid 7, user 1000) on this machine trades account A1" in (first.error or "")
    proposal = house.propose()
    house.place(proposal)
    assert house.finals()[-1].outcome is FinalOutcome.RECOVERING
    house.account_lock.holder = None
    house.advance(61)
    house.venue.fill_next.append(2)
    house.place(proposal)
    assert house.finals()[-1].outcome is FinalOutcome.FILLED
    assert house.told("kill_switch", ArmKillSwitch) == []
