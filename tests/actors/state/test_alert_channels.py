"""What the books know of an alert and a channel: tried, delivered, refused for good."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from actors.state.database import DATABASE_FILE, open_database
from actors.state.schema import migrations
from actors.state.seals import broken_seals, offer_seals
from actors.state.tables.records import (
    alerts,
    alerts_of,
    insert_alert,
    mark_delivered,
    mark_parked,
    mark_tried,
    undelivered_alerts,
)
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.messages.state import GetUndeliveredAlerts, UndeliveredAlerts
from core.messages.state_rows import UNDELIVERED_PAGE
from tests.actors.state.books_room import START

AT = "2026-01-05T14:00:00.000000Z"


def row(alert_id: str, code: str = "c", severity: Severity = Severity.HIGH) -> AlertRow:
    return AlertRow(alert_id=alert_id, severity=severity, code=code, text="t", cause="x", at=START)


def waiting(db: sqlite3.Connection, channel: str) -> list[str]:
    return [alert.alert_id for alert in page(db, channel).alerts]


def page(db: sqlite3.Connection, channel: str, *behind: tuple[Severity, str]) -> UndeliveredAlerts:
    return undelivered_alerts(db, GetUndeliveredAlerts(request_id="r", channel=channel, behind=behind))


def test_a_parked_alert_waits_for_its_channel_no_more_and_is_not_called_delivered(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db:
        insert_alert(db, row("a"), ["one", "two"])
        assert mark_parked(db, "a", "one", START)
        assert (waiting(db, "one"), waiting(db, "two")) == ([], ["a"])
        assert [alert.delivered_at for alert in alerts(db)] == [None]
        assert mark_delivered(db, "a", "two", START)
        assert [alert.delivered_at for alert in alerts(db)] == [START], "all that will take it have"
        assert not mark_parked(db, "a", "three", START)
        assert list(broken_seals(db)) == []


def test_an_alert_that_every_channel_refuses_stays_undelivered(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db:
        insert_alert(db, row("a"), ["one"])
        mark_parked(db, "a", "one", START)
        assert [alert.delivered_at for alert in alerts(db)] == [None]
        assert waiting(db, "one") == []


def test_what_was_tried_is_known_until_it_is_delivered(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db:
        for alert_id in ("a", "b", "c"):
            insert_alert(db, row(alert_id), ["one"])
        mark_tried(db, ["a", "b", "unknown"], "one", START)
        mark_delivered(db, "a", "one", START)
        assert page(db, "one").tried == ("b",)
        assert waiting(db, "one") == ["b", "c"]
        assert list(broken_seals(db)) == []


def test_the_newest_alerts_of_some_codes_come_in_their_order(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db:
        for number in range(600):
            code = "probe_failed" if number % 2 else "other"
            insert_alert(db, row(str(number), code, Severity.LOW), [])
        insert_alert(db, row("x", "probe_back"), [])
        found = [alert.alert_id for alert in alerts_of(db, ("probe_failed", "probe_back"))]
        assert found == [*(str(number) for number in range(1, 600, 2)), "x"]


def test_deliveries_of_an_older_version_stay_and_a_damaged_one_stays_damaged(tmp_path: Path) -> None:
    steps = migrations()
    before = next(number for number, sql in enumerate(steps) if "tried_at" in sql)
    with closing(sqlite3.connect(tmp_path / DATABASE_FILE)) as db:
        offer_seals(db)
        for sql in (*steps[:before], f"PRAGMA user_version = {before}"):
            db.executescript(sql)
        for number, (alert_id, delivered_at) in enumerate((("a", AT), ("b", None)), start=1):
            alert = (number, alert_id, "HIGH", "c", "t", "x", AT, delivered_at)
            marks = ", ".join("?" * len(alert))
            db.execute(f"INSERT INTO alerts VALUES ({marks}, seal({marks}))", alert * 2)  # noqa: S608
            channel = (alert_id, "one", delivered_at)
            db.execute("INSERT INTO alert_channels VALUES (?, ?, ?, seal(?, ?, ?))", channel * 2)
        db.execute("UPDATE alert_channels SET seal = 7 WHERE alert_id = 'b'")
        db.commit()
    with closing(open_database(tmp_path)) as db:
        assert waiting(db, "one") == ["b"]
        assert [line.partition(":")[0] for line in broken_seals(db)] == ["alert_channels 'b'"]


def test_undelivered_alerts_are_read_by_pages_of_each_severity(tmp_path: Path) -> None:
    low, high = 2 * UNDELIVERED_PAGE, UNDELIVERED_PAGE + 100
    with closing(open_database(tmp_path)) as db:
        db.execute("BEGIN")
        for number in range(low + high):
            severity = Severity.HIGH if number < high else Severity.LOW
            insert_alert(db, row(f"a{number}", severity=severity), ["one"])
        mark_tried(db, ["a1", f"a{high + low - 1}"], "one", START)
        first = page(db, "one")
        assert set(first.more) == {Severity.LOW, Severity.HIGH}
        assert first.tried == ("a1",)
        ids = [f"a{number}" for number in (*range(UNDELIVERED_PAGE), *range(high, high + UNDELIVERED_PAGE))]
        assert [alert.alert_id for alert in first.alerts] == ids
        second = page(db, "one", (Severity.HIGH, f"a{UNDELIVERED_PAGE - 1}"))
        assert second.more == (Severity.LOW,)
        assert [alert.alert_id for alert in second.alerts if alert.severity is Severity.HIGH] == [
            f"a{number}" for number in range(UNDELIVERED_PAGE, high)
        ]


@pytest.mark.parametrize(
    ("deletion", "said"),
    [
        ("alerts WHERE number = 4", "alerts: expected every number up to 4, found that number 4 is missing"),
        (
            "alerts WHERE number > 2",
            "alerts: expected every number up to 4, found that numbers 3 to 4 are missing",
        ),
        ("alerts", "alerts: expected every number up to 4, found that numbers 1 to 4 are missing"),
        ("alert_numbers", "alert_numbers: expected the highest number of an alert, found no row"),
        (
            "alert_channels WHERE alert_id = 'd' AND channel = 'one'",
            "alert_channels: expected the channel that 'd' was not delivered to, found none",
        ),
    ],
)
def test_a_deleted_row_shows_and_later_alerts_do_not_heal_it(
    tmp_path: Path, deletion: str, said: str
) -> None:
    with closing(open_database(tmp_path)) as db:
        for alert_id in "abcd":
            insert_alert(db, row(alert_id, severity=Severity.LOW), ["one"])
        assert list(broken_seals(db)) == []
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(f"DELETE FROM {deletion}")  # noqa: S608
        assert list(broken_seals(db))[:1] == [said]
        insert_alert(db, row("e", severity=Severity.LOW), ["one"])
        assert list(broken_seals(db)) != []


def test_a_number_that_was_never_given_shows(tmp_path: Path) -> None:
    with closing(open_database(tmp_path)) as db:
        insert_alert(db, row("a"), ["one"])
        db.execute("UPDATE alert_numbers SET highest = 0, seal = seal(1, 0)")
        assert list(broken_seals(db)) == ["alerts: expected no number above 0, found 1"]


def test_an_alert_costs_no_more_with_thousands_on_record(tmp_path: Path) -> None:
    """Steps of SQLite's machine, tens at a time, so that it holds on a busy machine as well."""

    def steps(alert_id: str) -> int:
        taken = 0

        def count() -> int:
            nonlocal taken
            taken += 1
            return 0

        db.set_progress_handler(count, 10)
        insert_alert(db, row(alert_id), ["one"])
        db.set_progress_handler(None, 0)
        return taken

    with closing(open_database(tmp_path)) as db:
        insert_alert(db, row("first"), ["one"])
        few = steps("second")
        for number in range(2000):
            insert_alert(db, row(str(number)), ["one"])
        assert steps("last") <= few + 10
