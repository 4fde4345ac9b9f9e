"""Where a paper run ends: market time stands at its last moment, and the day that ends there is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event

from actors.runtime import JumpingClock, ThreadRuntime, to_us
from cli.paper.ledger import DailyEquity, LedgerReader
from cli.process import time_held_at
from gateway.paper.ledger import LedgerEntry

BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
END = BEGAN + timedelta(hours=12)


def test_what_is_due_at_the_end_waits_until_the_hold_is_let_go() -> None:
    runtime = ThreadRuntime(JumpingClock(BEGAN))
    ended, slot_at_the_end = Event(), Event()
    with runtime.operation():
        held = time_held_at(runtime, END, ended.set)
        runtime.add_timer(to_us(END), slot_at_the_end.set)
    try:
        assert ended.wait(5.0)
        assert not slot_at_the_end.wait(0.05)
        assert runtime.now_us() == to_us(END)
        held.close()
        assert slot_at_the_end.wait(5.0)
    finally:
        runtime.shut_down()


def entry(at: datetime) -> LedgerEntry:
    amount = Decimal(10)
    return LedgerEntry(at=at, balance_eth=amount, equity_eth=amount, equity_usd=amount)


def test_a_run_that_ends_at_midnight_ends_that_day_and_no_other_run_does() -> None:
    runtime = ThreadRuntime(JumpingClock(BEGAN))
    equity = DailyEquity(runtime, LedgerReader("http://127.0.0.1:1", "token"), lambda *_: None)
    equity.end(BEGAN, BEGAN, entry(BEGAN))
    equity.end(BEGAN, END, entry(END))
    assert equity.entries == {}
    midnight = BEGAN + timedelta(days=1)
    equity.end(BEGAN, midnight, entry(midnight))
    assert list(equity.entries) == ["2026-01-05"]
    runtime.shut_down()
