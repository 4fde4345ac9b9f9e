"""Applies what is only stored: alerts, inbox, next runs, kill switch, binding, settings, market snapshots."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from pydantic import JsonValue

from actors.state.applied import Applied, Notice
from actors.state.refusal import BooksRefusalError
from actors.state.tables import records
from actors.state.tables.records import MarketSnapshotRow
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.audit import AuditKind
from core.messages.state import (
    AccountBound,
    BindAccount,
    InboxRecorded,
    RecordAlert,
    RecordAlertDelivered,
    RecordAlertParked,
    RecordAlertsTried,
    Recorded,
    RecordEvent,
    RecordInbox,
    RecordInboxDone,
    RecordJobRuns,
    RecordKillSwitch,
    RecordMarketSnapshot,
    SetSystem,
)
from core.system_keys import FOLDER_KEY, FORMER_TAGS_KEY, RESTORE_PENDING, RESTORED_KEY, TAG_KEY

ENVIRONMENT_KEY = "environment"
ACCOUNT_KEY = "account"
FORMER_TAGS_MAX = 50
"""A folder whose identity can't be kept draws a tag at each recovery."""
MICROSECOND = timedelta(microseconds=1)


def record_event(_: sqlite3.Connection, request: RecordEvent) -> Applied:
    """Change nothing: the request consists of its audit events."""
    return Applied(Recorded(request_id=request.request_id))


def record_market_snapshot(db: sqlite3.Connection, request: RecordMarketSnapshot) -> Applied:
    snapshot = MarketSnapshotRow(request.at, request.spot_usd, request.dvol, request.funding, request.quotes)
    records.insert_snapshot(db, snapshot)
    return Applied(Recorded(request_id=request.request_id))


def record_job_runs(db: sqlite3.Connection, request: RecordJobRuns) -> Applied:
    records.write_job_runs(db, request.next_runs)
    return Applied(Recorded(request_id=request.request_id))


def record_kill_switch(db: sqlite3.Connection, request: RecordKillSwitch) -> Applied:
    """Store the kill switch's state, which the KILL file holds too. Repeating a state changes nothing."""
    applied = Applied(Recorded(request_id=request.request_id))
    row = records.kill_switch(db)
    told = (request.armed, request.causes, request.reason, request.who, request.at, request.disarms)
    if told == (row.armed, row.causes, row.reason, row.who, row.at, row.disarms):
        return applied
    records.write_kill_switch(db, request)
    kind = AuditKind.ARMED if request.armed else AuditKind.DISARMED
    detail: dict[str, JsonValue] = {
        "causes": list(request.causes),
        "reason": request.reason,
        "who": request.who,
    }
    if request.disarms:
        detail["disarms"] = list(request.disarms)
    for event in request.audit:
        if event.kind is kind:
            detail |= event.detail
    applied.note(kind, request.at, detail)
    return applied


def record_alert(db: sqlite3.Connection, request: RecordAlert) -> Applied:
    """Every alert is a row; from HIGH on it is also an audit record."""
    applied = Applied(Recorded(request_id=request.request_id))
    alert = request.alert
    if records.insert_alert(db, alert, request.channels) and alert.severity.rank >= Severity.HIGH.rank:
        detail = alert.model_dump(mode="json", exclude={"delivered_at"})
        applied.note(AuditKind.ALERT, alert.at, detail)
    return applied


def record_alert_delivered(db: sqlite3.Connection, request: RecordAlertDelivered) -> Applied:
    if not records.mark_delivered(db, request.alert_id, request.channel, request.at):
        raise BooksRefusalError(
            "unknown_alert", f"expected an alert recorded for {request.channel}, found {request.alert_id}"
        )
    return Applied(Recorded(request_id=request.request_id))


def record_alert_parked(db: sqlite3.Connection, request: RecordAlertParked) -> Applied:
    if not records.mark_parked(db, request.alert_id, request.channel, request.at):
        raise BooksRefusalError(
            "unknown_alert", f"expected an alert recorded for {request.channel}, found {request.alert_id}"
        )
    return Applied(Recorded(request_id=request.request_id))


def record_alerts_tried(db: sqlite3.Connection, request: RecordAlertsTried) -> Applied:
    """An alert that the books have refused is sent all the same, and has no row."""
    records.mark_tried(db, request.alert_ids, request.channel, request.at)
    return Applied(Recorded(request_id=request.request_id))


def record_inbox(db: sqlite3.Connection, request: RecordInbox) -> Applied:
    """An operator's message, under its request's id and at a time that only it has.

    The time is the slot of the cycle that the message asks for, and a grid's slots are whole seconds.
    """
    at = request.at
    while at.microsecond == 0 or records.is_inbox_time(db, at):
        at += MICROSECOND
    applied = Applied(InboxRecorded(request_id=request.request_id, at=at))
    records.insert_inbox(db, request.request_id, at, request.message, request.body, request.who)
    detail = {"request_id": request.request_id, "message": request.message, "body": request.body}
    applied.note(AuditKind.OPERATOR, at, {**detail, "who": request.who}, request.request_id)
    return applied


def record_inbox_done(db: sqlite3.Connection, request: RecordInboxDone) -> Applied:
    applied = Applied(Recorded(request_id=request.request_id))
    if not records.finish_inbox(db, request.inbox_request_id, request.at, request.answer):
        raise BooksRefusalError("unknown_inbox", f"expected an inbox item, found {request.inbox_request_id}")
    detail = {"request_id": request.inbox_request_id, "answer": request.answer}
    applied.note(AuditKind.OPERATOR, request.at, detail, request.inbox_request_id)
    return applied


def bind_account(db: sqlite3.Connection, request: BindAccount) -> Applied:
    """Bind the books to an environment and account, for ever: with a wrong token, a reconcile against another
    account would ruin them.

    The tag of their labels is the first that was asked for in this folder. Books that were copied or restored
    draw another, so that no two engines send the same label; whose the older labels are, the books know."""
    told = {ENVIRONMENT_KEY: str(request.environment), ACCOUNT_KEY: request.account}
    bound = {key: records.setting(db, key) for key in told}
    for key, value in bound.items():
        if value is not None and value != told[key]:
            raise BooksRefusalError(
                f"{key}_differs", f"this folder's books belong to {value}, the venue says {told[key]}"
            )
    drawn = records.setting(db, TAG_KEY)
    is_known = drawn is not None and request.folder != ""
    is_drawn_here = is_known and records.setting(db, FOLDER_KEY) == request.folder
    tag = drawn if drawn is not None and is_drawn_here else request.tag
    changed: dict[str, str] = {}
    if not is_drawn_here:
        changed = _tags_before(db, drawn, request)
    former = changed.get(FORMER_TAGS_KEY, records.setting(db, FORMER_TAGS_KEY) or "")
    restored = changed.get(RESTORED_KEY, records.setting(db, RESTORED_KEY) or "")
    answer = AccountBound(
        request_id=request.request_id,
        environment=request.environment,
        account=request.account,
        tag=tag,
        former_tags=tuple(former.split()),
        restored_at=datetime.fromisoformat(restored) if restored else None,
    )
    applied = Applied(answer)
    if not is_drawn_here or bound != told:
        detail = {**told, TAG_KEY: tag, FOLDER_KEY: request.folder}
        for key, value in detail.items():
            records.write_setting(db, key, value, request.at)
        applied.note(AuditKind.ACCOUNT_BOUND, request.at, detail)
    if drawn is not None and tag != drawn and request.folder:
        text = (
            "this data folder is not the one, or not on the machine, for which the tag of its labels was"
            f" drawn: it was copied, restored or moved, and has a new tag ({tag}, before {drawn}). If the"
            " other one still runs on this account, stop one of the two engines"
        )
        applied.notices.append(Notice(Severity.MEDIUM, AlertCode.LABEL_TAG_DRAWN, text, request.request_id))
    for key, value in changed.items():
        if records.setting(db, key) != value:
            records.write_setting(db, key, value, request.at)
            applied.note(AuditKind.SETTING, request.at, {"key": key, "value": value})
    return applied


def _tags_before(db: sqlite3.Connection, drawn: str | None, request: BindAccount) -> dict[str, str]:
    """What to remember of the tags of before, now that another is drawn."""
    former = (records.setting(db, FORMER_TAGS_KEY) or "").split()
    if drawn is not None:
        former = [tag for tag in former if tag != drawn] + [drawn]
    changed = {FORMER_TAGS_KEY: " ".join(former[-FORMER_TAGS_MAX:])} if former else {}
    restored = records.setting(db, RESTORED_KEY)
    if restored == RESTORE_PENDING:
        changed[RESTORED_KEY] = request.at.isoformat()
    elif restored and request.folder:
        # Drawn for a copy: another engine may be at work on the books from which this one was made.
        changed[RESTORED_KEY] = ""
    return changed


def set_system(db: sqlite3.Connection, request: SetSystem) -> Applied:
    if request.key in (ENVIRONMENT_KEY, ACCOUNT_KEY, TAG_KEY, FOLDER_KEY):
        raise BooksRefusalError("reserved_key", f"expected another key than {request.key}, see BindAccount")
    applied = Applied(Recorded(request_id=request.request_id))
    if records.setting(db, request.key) != request.value:
        records.write_setting(db, request.key, request.value, request.at)
        applied.note(AuditKind.SETTING, request.at, {"key": request.key, "value": request.value})
    return applied
