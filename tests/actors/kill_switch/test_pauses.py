"""A person's pause holds before the books have it; their resumption lifts latches and never disarms."""

from __future__ import annotations

from datetime import datetime

from core.messages.base import Refused
from core.messages.execution import WithdrawEntries
from core.messages.kill_switch import (
    EntriesPaused,
    EntriesResumed,
    GetKillSwitch,
    PauseEntries,
    Permit,
    ResumeEntries,
    SuspendEntries,
    Veto,
)
from core.messages.room_status import KillSwitchStatus
from core.messages.state import LatchEntries, LiftLatches
from core.orders.books import EntryLatch, LatchSource
from core.orders.terms import OrderPurpose
from tests.actors.kill_switch.test_arming import arm
from tests.fakes.kill_switch import SwitchHouse, request

BOTH = (LatchSource.OPERATOR, LatchSource.PROTECTIONS)


def pause(house: SwitchHouse, request_id: str = "i-1", *, at: datetime | None = None) -> None:
    command = PauseEntries(request_id=request_id, reason="a look", who="ann", at=at or house.time)
    house.tell("kill_switch", command, sender="control")


def resume(
    house: SwitchHouse,
    request_id: str = "i-2",
    *,
    source: LatchSource | None = None,
    at: datetime | None = None,
) -> None:
    command = ResumeEntries(
        request_id=request_id, source=source, reason="fine", who="ann", at=at or house.time
    )
    house.tell("kill_switch", command, sender="control")


def answers(house: SwitchHouse) -> list[object]:
    return [
        m for m in house.told("control", object) if isinstance(m, EntriesPaused | EntriesResumed | Refused)
    ]


def entry_reasons(house: SwitchHouse, label: str = "p-entry-1:e1") -> tuple[str, ...]:
    answer = house.ask("kill_switch", request(label=label))
    assert isinstance(answer, Permit | Veto)
    return answer.reasons if isinstance(answer, Veto) else ()


def status(house: SwitchHouse) -> KillSwitchStatus:
    answer = house.ask("kill_switch", GetKillSwitch())
    assert isinstance(answer, KillSwitchStatus)
    return answer


def latch(source: LatchSource, reason: str = "drawdown") -> EntryLatch:
    at = datetime.fromisoformat("2026-01-05T12:00:00+00:00")
    return EntryLatch(source=source, latched=True, reason=reason, who="decision", at=at)


def test_a_pause_blocks_entries_before_the_books_answer(house: SwitchHouse) -> None:
    house.books.silent = {LatchEntries}
    pause(house)
    assert entry_reasons(house) == ("suspended:operator",)
    assert [shown.source for shown in status(house).latches] == [LatchSource.OPERATOR]
    assert answers(house) == [], "nothing is confirmed before it is on disk"


def test_a_pause_is_answered_when_the_books_have_it(house: SwitchHouse) -> None:
    pause(house)
    assert answers(house) == [EntriesPaused(request_id="i-1", reason="a look", who="ann")]
    assert entry_reasons(house) == ("suspended:operator",)


def test_a_pause_leaves_exits_alone(house: SwitchHouse) -> None:
    house.open_position()
    pause(house)
    exit_order = request(label="p-entry-1:x1", purpose=OrderPurpose.EXIT)
    assert isinstance(house.ask("kill_switch", exit_order), Permit)


def test_an_entry_that_rests_is_cancelled_when_entries_are_paused(house: SwitchHouse) -> None:
    pause(house)
    assert [told.reason for told in house.told("execution", WithdrawEntries)] == [
        "entries are paused: a look"
    ]


def test_an_entry_that_rests_is_cancelled_when_a_breach_is_latched_and_once(house: SwitchHouse) -> None:
    """It would open a position after the breach: its price needs no further permit to be met."""
    house.books.latches[LatchSource.PROTECTIONS] = latch(LatchSource.PROTECTIONS)
    house.refresh()
    house.refresh()
    (told,) = house.told("execution", WithdrawEntries)
    assert told.reason.startswith("protections: ")
    pause(house)
    house.refresh()
    assert len(house.told("execution", WithdrawEntries)) == 2, "once more by the pause itself"


def test_a_pause_that_the_books_refuse_holds_and_says_that_it_ends_with_a_restart(house: SwitchHouse) -> None:
    house.books.refuse = {LatchEntries: "disk_full"}
    pause(house)
    assert answers(house) == [
        EntriesPaused(request_id="i-1", reason="a look", who="ann", not_on_disk="disk_full")
    ]
    assert entry_reasons(house) == ("suspended:operator",)


def test_a_pause_that_the_books_refused_is_recorded_as_soon_as_they_can_be_written(
    house: SwitchHouse,
) -> None:
    house.books.refuse = {LatchEntries: "disk_full"}
    pause(house)
    house.books.refuse = {}
    house.advance(61)
    assert LatchSource.OPERATOR in house.books.latches
    assert answers(house)[1:] == [EntriesPaused(request_id="i-1", reason="a look", who="ann")]


def test_a_latch_of_the_books_blocks_entries_in_a_switch_that_has_just_started(house: SwitchHouse) -> None:
    house.books.latches[LatchSource.PROTECTIONS] = latch(LatchSource.PROTECTIONS)
    house.restart()
    house.refresh()
    assert "suspended:protections" in entry_reasons(house)
    assert status(house).latches == (latch(LatchSource.PROTECTIONS),)


def test_a_resumption_lets_entries_go_on(house: SwitchHouse) -> None:
    house.books.latches[LatchSource.PROTECTIONS] = latch(LatchSource.PROTECTIONS)
    pause(house)
    resume(house)
    assert answers(house)[1:] == [EntriesResumed(request_id="i-2", lifted=BOTH, still_blocked_by=())]
    assert entry_reasons(house) == ()


def test_a_resumption_of_one_source_names_what_still_blocks(house: SwitchHouse) -> None:
    house.books.latches[LatchSource.PROTECTIONS] = latch(LatchSource.PROTECTIONS)
    pause(house)
    house.tell("kill_switch", SuspendEntries(source="stale", reason="old data"))
    resume(house, source=LatchSource.OPERATOR)
    assert answers(house)[1:] == [
        EntriesResumed(
            request_id="i-2",
            lifted=(LatchSource.OPERATOR,),
            still_blocked_by=("protections: drawdown", "stale: old data"),
        )
    ]
    assert entry_reasons(house) == ("suspended:protections", "suspended:stale")


def test_a_resumption_never_disarms(house: SwitchHouse) -> None:
    pause(house)
    arm(house)
    house.run()
    resume(house)
    assert answers(house)[1:] == [
        EntriesResumed(
            request_id="i-2",
            lifted=(LatchSource.OPERATOR,),
            still_blocked_by=("the kill switch is armed: stop",),
        )
    ]
    assert status(house).armed


def test_a_switched_off_strategy_is_named_by_a_resumption(house: SwitchHouse) -> None:
    house.strategy_enabled = False
    house.restart()
    resume(house)
    [answer] = answers(house)
    assert isinstance(answer, EntriesResumed)
    assert answer.still_blocked_by == ("the strategy is off (CERBERO_BITE_ENABLE_STRATEGY)",)


def test_a_resumption_takes_back_a_pause_that_the_books_could_not_take(house: SwitchHouse) -> None:
    house.books.refuse = {LatchEntries: "disk_full"}
    pause(house)
    resume(house)
    assert answers(house)[1:] == [
        EntriesResumed(request_id="i-2", lifted=(LatchSource.OPERATOR,), still_blocked_by=())
    ]
    house.books.refuse = {}
    house.advance(130)
    assert house.books.latches == {}, "it is not recorded later"


def test_a_resumption_does_not_take_back_a_pause_that_came_after_it(house: SwitchHouse) -> None:
    told_at = house.time
    house.advance(30)
    house.refresh()
    house.books.refuse = {LatchEntries: "disk_full"}
    pause(house)
    resume(house, at=told_at)
    assert entry_reasons(house) == ("suspended:operator",)


def test_a_resumption_that_the_books_refuse_has_not_happened(house: SwitchHouse) -> None:
    pause(house)
    house.books.refuse = {LiftLatches: "disk_full"}
    resume(house)
    assert answers(house)[1:] == [Refused(request_id="i-2", reasons=("disk_full",))]
    assert entry_reasons(house) == ("suspended:operator",)
