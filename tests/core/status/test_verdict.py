"""OK, LOOK or ACT: each case by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.contract import Router
from core.messages.arm_cause import ArmCause
from core.messages.engine_status import EngineStatus, HeartbeatStatus
from core.messages.phone import PhoneStatus
from core.messages.room_status import (
    AlertingStatus,
    ChannelStatus,
    CycleEnded,
)
from core.orders.books import CycleOutcome, EntryLatch, Job, LatchSource, OrderRow
from core.orders.lifecycle import OrderState, PositionState
from core.status.finding import Urgency
from core.status.suspensions import suspension_text
from core.status.verdict import entry_blocked, verdict
from core.strategy import ExitsSection, Strategy
from core.values import CycleId, Label
from tests.fakes.clear_switch import CLEAR
from tests.fakes.engine_status import LATER, MARKS, PUT, STATES, state

LATCH = EntryLatch(source=LatchSource.OPERATOR, latched=True, reason="drill", who="ada", at=LATER)
HELD: dict[str, object] = {"positions": (PUT,)}


def codes(status: EngineStatus) -> list[tuple[str, str]]:
    return [(finding.level.value, finding.code) for finding in verdict(status).findings]


def cell(name: str, **changes: object) -> dict[str, object]:
    cells = state().cells
    return {"cells": tuple(each.model_copy(update=changes) if each.name == name else each for each in cells)}


def switch(**changes: object) -> dict[str, object]:
    return {"kill_switch": CLEAR.model_copy(update=changes)}


def armed(cause: ArmCause, *, exits_blocked: bool = False) -> dict[str, object]:
    return switch(armed=True, causes=(cause,), reason="r", exits_blocked=exits_blocked)


def part(name: str, **changes: object) -> dict[str, object]:
    """A part of the healthy status with changes."""
    return {name: getattr(state(), name).model_copy(update=changes)}


def router(name: Router, failures: int, *, maintenance: bool = False) -> dict[str, object]:
    healthy = state().health
    assert healthy is not None
    ill = {"ok": False, "error": "timeout", "failures_in_a_row": failures, "maintenance": maintenance}
    routers = tuple(each.model_copy(update=ill) if each.router is name else each for each in healthy.routers)
    return part("health", routers=routers)


def monitored(outcome: CycleOutcome, *reasons: str) -> dict[str, object]:
    ended = CycleEnded(
        request_id="m",
        cycle_id=CycleId("monitor-1"),
        job=Job.MONITOR,
        slot=LATER,
        outcome=outcome,
        reasons=reasons or ("veto",),
        at=LATER,
    )
    return part("decision", recent=(ended,))


def channel(**changes: object) -> dict[str, object]:
    one = ChannelStatus(channel="telegram", queued=2, delivered=0, overflowed=0, last_error="HTTP 401")
    status = AlertingStatus(
        channels=(one.model_copy(update=changes),), unrecorded=0, last_error=None, recent=()
    )
    return {"alerting": status}


def beat(**changes: object) -> dict[str, object]:
    now = HeartbeatStatus(at=LATER, well=True, calls=True, problem=None)
    return {"heartbeat": now.model_copy(update=changes)}


def watch(how: str) -> dict[str, object]:
    """The heartbeat's actor in this state."""
    return cell("heartbeat", state=how)


def phone_cell(how: str) -> dict[str, object]:
    """The phone's actor in this state, beside the others."""
    (beat,) = [each for each in state().cells if each.name == "heartbeat"]
    phone = beat.model_copy(update={"name": "phone", "path": "root/watch/phone", "state": how})
    return {"cells": (*state().cells, phone)}


BLOCKED = monitored(
    CycleOutcome.EXIT_BLOCKED, f"stop:{PUT.position_id}", f"kill_switch_armed@{PUT.position_id}"
)
"""Whether its exit is still due and not sent depends on the position, which has moved on since."""
CLOSING = PUT.model_copy(update={"state": PositionState.CLOSING})
OTHER = PUT.model_copy(update={"position_id": "p-other"})
CASES: list[tuple[dict[str, object], str, str]] = [
    ({}, "OK", "ok"),
    (HELD, "OK", "ok"),
    # Rooms.
    (cell("mcp.macro", state="parked", last_error="boom"), "LOOK", "feed_parked"),
    (cell("mcp.deribit", state="parked"), "LOOK", "feed_parked"),
    (cell("mcp.deribit", state="parked") | HELD, "ACT", "feed_parked"),
    (cell("market_data", state="parked") | HELD, "ACT", "feed_parked"),
    (cell("state", state="stopped"), "ACT", "actor_down"),
    (cell("state", state="backoff"), "LOOK", "actor_starting"),
    ({"unavailable": {"execution": "timeout"}}, "ACT", "no_answer"),
    ({"unavailable": {"health": "timeout"}}, "LOOK", "no_answer"),
    ({"unavailable": {"state": "it refuses"}}, "ACT", "books_damaged"),
    # Records.
    (part("audit", ok=False, problem="broken at 7"), "ACT", "audit_broken"),
    (part("recovery", ok=False, error="unreachable"), "ACT", "recovery_failed"),
    (part("recovery", ok=False), "ACT", "recovery_failed"),
    (part("execution", recovering=True), "LOOK", "recovering"),
    (part("health", booted=False), "LOOK", "starting"),
    (part("execution", in_doubt=1), "LOOK", "in_doubt"),
    # The switch.
    (switch(latches=(LATCH,)), "LOOK", "latched"),
    (armed(ArmCause.OPERATOR), "LOOK", "armed"),
    (armed(ArmCause.OPERATOR, exits_blocked=True), "LOOK", "armed"),
    (armed(ArmCause.OPERATOR, exits_blocked=True) | HELD, "ACT", "armed"),
    (armed(ArmCause.KILL_FILE) | HELD, "LOOK", "armed"),
    (armed(ArmCause.SUPERVISION), "ACT", "armed"),
    (armed(ArmCause.DATABASE, exits_blocked=True), "ACT", "armed"),
    (switch(suspensions={"clock": "set"}), "LOOK", "suspended"),
    # Cycles.
    (part("decision", monitor_failures_in_a_row=1) | HELD, "LOOK", "monitor_failed"),
    (part("decision", monitor_failures_in_a_row=2) | HELD, "ACT", "monitor_failed"),
    (part("decision", monitor_failures_in_a_row=2), "OK", "ok"),
    (monitored(CycleOutcome.EXIT_BLOCKED), "ACT", "exit_blocked"),
    (BLOCKED | HELD, "ACT", "exit_blocked"),
    (BLOCKED, "OK", "ok"),
    (BLOCKED | {"positions": (CLOSING,)}, "OK", "ok"),
    (BLOCKED | {"positions": (CLOSING, OTHER)}, "OK", "ok"),
    (monitored(CycleOutcome.HELD), "OK", "ok"),
    ({"next_runs": {Job.MONITOR: LATER - timedelta(minutes=11)}}, "ACT", "overdue"),
    ({"next_runs": {Job.MONITOR: LATER - timedelta(minutes=9)}}, "OK", "ok"),
    ({"next_runs": {Job.HEALTH: LATER - timedelta(days=1)}}, "OK", "ok"),
    # The venue and the market.
    (router(Router.DERIBIT, 3), "LOOK", "no_venue"),
    (router(Router.DERIBIT, 2) | HELD, "LOOK", "no_venue"),
    (router(Router.DERIBIT, 3) | HELD, "ACT", "no_venue"),
    (router(Router.MACRO, 9) | HELD, "LOOK", "no_venue"),
    (router(Router.DERIBIT, 9, maintenance=True) | HELD, "OK", "ok"),
    (part("market", stale_reason="chain_missing"), "LOOK", "stale"),
    # What an exit would do, disk, backups, alerts.
    (
        part("identity", strategy=Strategy(exits=ExitsSection(profit_of_credit=0.9))) | HELD,
        "LOOK",
        "exit_due",
    ),
    (part("health", disk_low=True), "LOOK", "disk_low"),
    (part("health", last_backup_error="full"), "LOOK", "backup_failed"),
    (channel(failing_since=LATER - timedelta(minutes=9)), "LOOK", "alerts_wait"),
    (channel(failing_since=LATER - timedelta(minutes=10)), "LOOK", "channel_dead"),
    (channel(failing_since=LATER - timedelta(minutes=9)) | HELD, "LOOK", "alerts_wait"),
    (channel(failing_since=LATER - timedelta(minutes=10)) | HELD, "ACT", "channel_dead"),
    # What waits may wait for the digest, and an error may be over.
    (channel(), "OK", "ok"),
    (channel(last_error=None), "OK", "ok"),
    (channel(parked=("HIGH x of 14:00",)), "LOOK", "alerts_refused"),
    # The heartbeat.
    (beat(), "OK", "ok"),
    (beat(well=False), "OK", "ok"),
    (beat(at=LATER - timedelta(minutes=5)), "OK", "ok"),
    (beat(at=LATER - timedelta(minutes=6)), "LOOK", "heartbeat_late"),
    (beat(problem="its URL: HTTP 404"), "LOOK", "heartbeat_unheard"),
    (watch("parked") | HELD, "LOOK", "heartbeat_down"),
    (watch("backoff"), "LOOK", "heartbeat_down"),
    (phone_cell("parked") | HELD, "LOOK", "phone_down"),
    ({"phone": PhoneStatus(mode="act", problem=None)}, "OK", "ok"),
    ({"phone": PhoneStatus(mode="act", problem="HTTP 409")}, "LOOK", "phone"),
    (part("alerting", unrecorded=1), "LOOK", "alerts_unrecorded"),
]


@pytest.mark.parametrize(("changes", "level", "code"), CASES, ids=[f"{case[1]}-{case[2]}" for case in CASES])
def test_each_case_by_itself(changes: dict[str, object], level: str, code: str) -> None:
    assert codes(state(**changes)) == [(level, code)]


def test_without_an_answer_of_the_books_a_blocked_exit_is_told_as_it_was() -> None:
    assert ("ACT", "exit_blocked") in codes(state(**BLOCKED, unavailable={"state": "timeout"}))


def test_of_two_blocked_exits_the_one_that_is_over_is_not_told() -> None:
    reasons = ("stop:p-1", "veto@p-1", f"profit:{PUT.position_id}", f"veto@{PUT.position_id}")
    status = state(**monitored(CycleOutcome.EXIT_BLOCKED, *reasons), **HELD)
    (finding,) = verdict(status).findings
    assert f"(profit:{PUT.position_id}, veto@{PUT.position_id})" in finding.text


@pytest.mark.parametrize(
    "changes",
    [case[0] for case in CASES if case[1] != "OK"],
    ids=[case[2] for case in CASES if case[1] != "OK"],
)
def test_every_finding_says_what_to_type_or_where_to_look_or_that_it_ends_by_itself(
    changes: dict[str, object],
) -> None:
    for finding in verdict(state(**changes)).findings:
        named = ("run.py ", "docs/runbook.md", "by itself", "at the next monitor", "at the venue")
        assert any(words in finding.text for words in named), finding.text


def test_a_host_that_is_dead_is_one_line() -> None:
    """Each router suspends entries by itself; a person has one thing to do."""
    healthy = state().health
    assert healthy is not None
    dead = {"ok": False, "error": "refused", "failures_in_a_row": 2}
    routers = tuple(each.model_copy(update=dead) for each in healthy.routers)
    sources = {f"probe:{router}": "refused" for router in Router if router is not Router.DERIBIT}
    status = state(**part("health", routers=routers), **switch(suspensions=sources | {"clock": "set"}))
    assert codes(status) == [("LOOK", "suspended"), ("LOOK", "no_venue")]
    for router in Router:
        assert router in verdict(status).findings[1].text
    assert "no entry leaves before each answers" in verdict(status).findings[1].text


def test_a_full_disk_is_one_line() -> None:
    status = state(**part("health", disk_low=True), **switch(suspensions={"disk": "31 MiB free at d"}))
    assert codes(status) == [("LOOK", "suspended")]
    assert verdict(status).text == (
        "entries are suspended by disk: 31 MiB free at d; it ends by itself when space is free again: "
        "free some space there"
    )


def test_a_source_that_is_not_described_is_named_all_the_same() -> None:
    assert suspension_text("new", "why") == "entries are suspended by new: why"


@pytest.mark.parametrize(
    ("room", "said"), [("decision", "RestartActor --actor decision"), ("state", "run.py start")]
)
def test_a_room_that_is_down_is_started_again_as_it_can_be(room: str, said: str) -> None:
    assert said in verdict(state(**cell(room, state="stopped"))).text


def test_a_dead_channel_beside_one_that_works_can_wait() -> None:
    [one] = state(**channel(failing_since=LATER - timedelta(hours=1))).alerting.channels  # type: ignore[union-attr]
    other = ChannelStatus(channel="webhook", queued=0, delivered=3, overflowed=0, last_error=None)
    both = AlertingStatus(channels=(one, other), unrecorded=0, last_error=None, recent=())
    found = verdict(state(alerting=both, **HELD))
    assert [(each.level, each.code) for each in found.findings] == [(Urgency.LOOK, "channel_dead")]
    assert found.text == (
        f"telegram is dead since {LATER - timedelta(hours=1):%Y-%m-%d %H:%M}Z, 2 alerts wait: HTTP 401: "
        "run.py alert test"
    )


def test_one_alert_is_told_of_as_one() -> None:
    dead = channel(failing_since=LATER - timedelta(hours=1), queued=1)
    assert ", 1 alert waits: " in verdict(state(**dead)).text
    assert verdict(state(**part("alerting", unrecorded=1))).text.startswith("1 alert is not in the books")
    assert verdict(state(**part("alerting", unrecorded=2))).text.startswith("2 alerts are not in the books")


def test_the_gravest_is_first_and_counts_the_others() -> None:
    status = state(**(switch(suspensions={"clock": "set"}) | part("audit", ok=False, problem="broken")))
    found = verdict(status)
    assert (found.level, found.findings[0].code) == (Urgency.ACT, "audit_broken")
    assert found.text.endswith("(and 1 more)")


def test_ok_says_why() -> None:
    assert verdict(state()).text == "nothing needs you: no position open, next entry Mon 14:00Z"
    assert verdict(STATES["put-spread"]).text == (
        "nothing needs you: 1 position open, no exit due, next monitor Thu 00:00Z"
    )
    assert verdict(state(next_runs={})).text == "nothing needs you: no position open"


def test_an_exit_that_is_due_says_when_it_is_decided() -> None:
    due = part("identity", strategy=Strategy(exits=ExitsSection(profit_of_credit=0.9))) | HELD
    assert verdict(state(**due)).text.endswith("it is decided at the next monitor at 00:00Z")
    assert verdict(state(**due, next_runs={})).text.endswith("it is decided at the next monitor")


def test_the_environment_is_that_of_the_strategy_that_runs() -> None:
    assert state().identity.environment == "paper"


def test_a_silent_engine_is_no_good_news() -> None:
    """A status in which no room has answered, as its survey makes it."""
    rooms = ("kill_switch", "execution", "alerting", "audit", "state", "market_data", "decision", "health")
    silent = dict.fromkeys(("kill_switch", "execution", "alerting", "audit", "recovery", "decision"), None)
    status = state(
        **silent,
        market=None,
        health=None,
        next_runs={},
        unavailable=dict.fromkeys(rooms, "no answer"),
        cells=(),
    )
    assert verdict(status).level is Urgency.ACT
    assert entry_blocked(status) == ("the kill switch does not answer",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ()),
        (armed(ArmCause.OPERATOR), ("the kill switch is armed",)),
        (switch(suspensions={"clock": "set", "feed": "x"}),
         ("entries are suspended by clock, feed",)),
        (HELD, ("positions with a new one: 2, at most 1",)),
        (part("identity", mode="data_analysis"),
         ("trading is switched off (CERBERO_BITE_ENABLE_STRATEGY)",)),
        (part("execution", recovering=True), ("books and venue are still being compared",)),
        (part("health", booted=False), ("the engine has not finished its start",)),
        ({"at": LATER.replace(hour=8, minute=4)},
         ("the venue's settlement and maintenance, until 08:05Z",)),
        ({"at": LATER.replace(hour=8, minute=5)}, ()),
        ({"orders": (OrderRow(
            label=Label("l"), state=OrderState.UNKNOWN, amount=1, limit_eth=MARKS.legs[0].mark_eth,
            updated_at=LATER),)},
         ("orders whose outcome is unknown: 1, at most 0",)),
    ],
)  # fmt: skip
def test_what_blocks_an_entry(changes: dict[str, object], said: tuple[str, ...]) -> None:
    assert entry_blocked(state(**changes)) == said


def damaged(audit: str, recovery: str) -> EngineStatus:
    """Books that can't be read, and what the log and the recovery then say."""
    return state(
        **part("audit", ok=False, problem=audit),
        **part("recovery", ok=False, error=recovery),
        unavailable={"state": "it refuses: database_corrupt: malformed"},
    )


def test_what_only_follows_from_damaged_books_is_not_told_beside_them() -> None:
    """A log that is whole is not called broken because the books can't say where it ends."""
    status = damaged(
        "the head is unknown: database_corrupt: malformed", "account: database_corrupt: malformed"
    )
    assert codes(status) == [("ACT", "books_damaged")]


def test_a_log_that_is_broken_beside_damaged_books_is_told() -> None:
    status = damaged(
        "record 7: another hash; the head is unknown: database_corrupt: malformed", "size differs"
    )
    told = {code for _, code in codes(status)}
    assert told == {"books_damaged", "audit_broken", "recovery_failed"}


def test_an_entry_that_waits_for_its_fill_is_no_open_position() -> None:
    waiting = PUT.model_copy(update={"state": PositionState.AWAITING_FILL, "contracts": 0})
    assert verdict(state(positions=(waiting,))).text.startswith(
        "nothing needs you: an entry is being placed, no position open"
    )
