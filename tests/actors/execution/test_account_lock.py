"""One engine per account on one machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.execution import AccountLock, MachineAccountLock
from core.messages.execution import FinalOutcome
from core.messages.kill_switch import ArmKillSwitch
from core.messages.room_status import RecoveryReport
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


@pytest.mark.parametrize(
    "other",
    [
        "http://localhost:9",
        "http://LOCALHOST:9/",
        "http://localhost.:9",
        "HTTP://127.0.0.1:9//",
        "http://127.0.0.1:9/.",
        "http://127.0.0.2:9",
        "http://127.1:9",
        "http://2130706433:9",
        "http://0x7f.1:9",
        "http://0.0.0.0:9",
        "http://[::1]:9",
        "http://[0:0:0:0:0:0:0:1]:9",
        "http://[::ffff:127.0.0.1]:9",
        "http://[::]:9",
        "http://user:word@127.0.0.1:9",
        "https://127.0.0.1:9",
        "http://127.0.0.1:9?a=b#c",
        "http://127.0.0.1:009",
    ],
)
def test_one_paper_venue_is_one_account_however_its_address_is_written(
    locks: Two, account: str, other: str
) -> None:
    assert locks[0].acquire(PAPER, account) is None
    assert MachineAccountLock(other).acquire(PAPER, account) is not None


def test_paper_venue_is_known_by_the_names_and_addresses_of_this_machine(locks: Two, account: str) -> None:
    """An address of its own network card leads to the same listener, which listens on all of them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # Sends nothing: it only chooses the address to send from.
        except OSError:
            pytest.skip("this machine has no network beside its own loopback")
        own = asking.getsockname()[0]
    assert locks[0].acquire(PAPER, account) is None
    assert MachineAccountLock(f"http://{own}:9").acquire(PAPER, account) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://venue.invalid", "HTTP://VENUE.invalid.:80/"),
        ("https://venue.invalid:443", "https://venue.invalid"),
        ("http://192.0.2.7/paper/", "http://192.0.2.7:80//paper"),
        ("http://192.0.2.7/p%61per", "http://192.0.2.7/paper"),
    ],
)
def test_default_port_slashes_and_case_make_no_second_account(one: str, other: str, account: str) -> None:
    lock = MachineAccountLock(one)
    assert lock.acquire(PAPER, account) is None
    assert MachineAccountLock(other).acquire(PAPER, account) is not None
    lock.release()
    second = MachineAccountLock(other)
    assert second.acquire(PAPER, account) is None
    second.release()


def test_other_paths_and_machines_are_other_venues(account: str) -> None:
    urls = ("http://192.0.2.7/a", "http://192.0.2.7/b", "http://192.0.2.8/a", "http://[2001:db8::1]/a")
    locks = [MachineAccountLock(url) for url in urls]
    assert [lock.acquire(PAPER, account) for lock in locks] == [None] * len(urls)
    for lock in locks:
        lock.release()


def test_venue_with_many_addresses_is_held_whole_or_not_at_all(
    account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = {"two.example": ["192.0.2.7", "192.0.2.8"], "one.example": ["192.0.2.8"]}

    def resolved(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        known = addresses.get(host, [host])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in known]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    one, two = MachineAccountLock("http://one.example"), MachineAccountLock("http://two.example")
    assert one.acquire(PAPER, account) is None
    assert two.acquire(PAPER, account) is not None
    first = MachineAccountLock("http://192.0.2.7")
    assert first.acquire(PAPER, account) is None, "what could not be held whole was given back"
    first.release()
    one.release()
    assert two.acquire(PAPER, account) is None
    two.release()


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
