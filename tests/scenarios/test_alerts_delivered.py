"""Alerts on their way to a person, in whole runs: through outages of the host, and of Telegram."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actors.alerting import Letter, NotTaken, Taken
from actors.alerting.letter import headline
from actors.mcp.paper_transport import TOOK_HEADER
from actors.state.database import DATABASE_FILE
from actors.state.seals import offer_seals
from core.alerts import AlertCode
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from gateway.paper.dispatch import Dispatch
from gateway.paper.paper_venue import PaperVenue
from gateway.shell.bodies import HttpAnswer
from tests.fakes.channel import FakeChannel
from tests.scenarios.playing import BEGIN, Play, Played, assert_laws_hold, copied

HOUR = timedelta(hours=1)
DEAD_AT = BEGIN + timedelta(minutes=12)


class SilentHost:
    """Answers as the venue does, but nothing at all where `silent` says so."""

    def __init__(self, dispatch: Dispatch, silent: Callable[[datetime, str], bool]) -> None:
        self._dispatch = dispatch
        self._silent = silent

    def __call__(
        self, now: datetime, router: str, tool: str, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        if self._silent(now, router):
            return HttpAnswer(200, {TOOK_HEADER: "9"}, b"")
        return self._dispatch(now, router, tool, headers, body)


def falls_silent(silent: Callable[[datetime, str], bool]) -> Callable[[PaperVenue], None]:
    def watch(venue: PaperVenue) -> None:
        venue.dispatch = SilentHost(venue.dispatch, silent)  # type: ignore[assignment]

    return watch


def test_one_dead_host_is_one_message_that_names_it_and_its_end_is_one_too(folder: Path) -> None:
    """Before letters it was nine messages in nine seconds, one for each router and each suspension."""
    channel = FakeChannel()
    until = DEAD_AT + timedelta(minutes=10)
    played = Play(
        folder / "dead",
        alert_channels=(lambda: channel,),
        watch=falls_silent(lambda now, _: DEAD_AT <= now < until),
    )
    played.run_until(DEAD_AT + timedelta(minutes=40))
    played.abandon()
    after = [letter for letter in channel.taken if letter.alerts[0].at >= DEAD_AT]
    first, second = after[:2]
    assert {alert.code.partition(":")[0] for alert in first.alerts} == {"probe_failed", "suspended"}
    assert len(first.alerts) == 9
    assert headline(first).startswith(
        "venue.in-process does not answer (deribit, hyperliquid, macro, portfolio, sentiment)"
    )
    assert {alert.code for alert in second.alerts} == {"probe_back"}
    assert second.silent
    assert len(second.alerts) == 5
    assert all("after 10 min" in alert.text for alert in second.alerts)


class Telegram(FakeChannel):
    """Down for six hours, then too busy for one; one alert is refused at any time."""

    def __init__(self, refused: AlertCode) -> None:
        super().__init__("telegram", self.says)
        self._refused = refused
        self.now = BEGIN

    def says(self, letter: Letter) -> NotTaken | None:
        if self.now < BEGIN + 6 * HOUR:
            return NotTaken("Telegram was not reached")
        if self.now < BEGIN + 7 * HOUR:
            return NotTaken("Telegram answered HTTP 429", retry_after_s=30.0)
        if any(alert.code == self._refused for alert in letter.alerts):
            return NotTaken("Telegram answered HTTP 400", refused=True)
        return None


def outcome(played: Played) -> tuple[object, ...]:
    """What was traded."""
    trades = [(trade.kind, trade.contracts, trade.pnl_eth, trade.exit_rule) for trade in played.trades]
    return trades, played.ledger.end, [(cycle.job, cycle.slot, cycle.outcome) for cycle in played.cycles]


class Clocked(Telegram):
    """Reads market time where it is asked."""

    play: Play

    def send(self, letter: Letter) -> Taken | NotTaken:
        self.now = self.play.engine.runtime.now()
        return super().send(letter)


LASTS = 8 * HOUR + timedelta(minutes=20)


def macro_fails_often(now: datetime, router: str) -> bool:
    """Ten minutes of every half hour, from an hour after the entry on."""
    return router == "macro" and now > BEGIN + HOUR and now.minute % 30 < 10


@pytest.mark.long
def test_telegram_is_down_for_six_hours_then_busy_for_one_nothing_is_lost_and_trading_is_untouched(
    folder: Path,
) -> None:
    channel = Clocked(AlertCode.CYCLE_ENTERED)
    play = Play(folder / "with", watch=falls_silent(macro_fails_often), alert_channels=(lambda: channel,))
    channel.play = play
    play.run_until(BEGIN + LASTS)
    played = play.stop()
    alone = Play(folder / "without", watch=falls_silent(macro_fails_often))
    alone.run_until(BEGIN + LASTS)
    assert outcome(played) == outcome(alone.stop())
    assert_laws_hold(played)

    rows = {row.alert_id: row for row in played.alerts}
    got = [alert for letter in channel.taken for alert in letter.alerts if alert.alert_id in rows]
    [parked] = [row for row in rows.values() if row.code == AlertCode.CYCLE_ENTERED]
    due = {row.alert_id for row in rows.values() if row.severity is not Severity.LOW}
    at_the_stop = {row.alert_id for row in rows.values() if row.at >= BEGIN + LASTS}
    assert due - at_the_stop - {alert.alert_id for alert in got} == {parked.alert_id}
    assert len(got) == len({alert.alert_id for alert in got}), "each once"
    assert_in_order(got, played.alerts)
    assert "suspended:stopping" not in {row.code for row in rows.values()}, "an orderly stop is no news"
    first = channel.taken[0]
    assert channel.letters.index(first) > 300, "it was tried all the while"
    assert rows[parked.alert_id].delivered_at is None
    notices = [letter for letter in channel.taken if letter.alerts[0].code == AlertCode.ALERT_PARKED]
    assert len(notices) == 1


def assert_in_order(got: list[AlertRow], rows: tuple[AlertRow, ...]) -> None:
    number = {row.alert_id: number for number, row in enumerate(rows)}
    for severity in Severity:
        numbers = [number[alert.alert_id] for alert in got if alert.severity is severity]
        assert numbers == sorted(numbers), severity


@pytest.mark.parametrize("taken", [True, False])
def test_after_a_kill_right_after_a_message_it_comes_again_and_says_so(folder: Path, taken: bool) -> None:
    """It is unknown to the second life whether the first one's attempt arrived; the alert says so, once."""
    channel = FakeChannel("telegram", None if taken else lambda _: NotTaken("down"))
    data_dir = folder / f"first-{taken}"
    first = Play(data_dir, alert_channels=(lambda: channel,))
    killed = False
    now = BEGIN + timedelta(minutes=8)
    while not killed:
        now += timedelta(seconds=1)
        first.run_until(now)
        killed = bool(channel.letters)
    letter = channel.letters[0]
    if taken:
        forget_delivery(data_dir, letter)
    left = copied(data_dir, folder / f"second-{taken}")
    first.abandon()
    shutil.rmtree(data_dir)
    again = FakeChannel("telegram")
    second = Play(left, life=2, begin=now, alert_channels=(lambda: again,))
    second.run_until(now + timedelta(minutes=2))
    second.abandon()
    ids = {alert.alert_id for alert in letter.alerts}
    repeats = [one for one in again.letters if {alert.alert_id for alert in one.alerts} & ids]
    assert len(repeats) == 1
    assert repeats[0].repeats == ids
    others = [one for one in again.letters if one is not repeats[0]]
    assert all(not one.repeats for one in others)


def forget_delivery(data_dir: Path, letter: Letter) -> None:
    """The books as a kill between the message and its record leaves them."""
    with closing(sqlite3.connect(data_dir / DATABASE_FILE)) as db:
        offer_seals(db)
        for alert in letter.alerts:
            db.execute(
                "UPDATE alert_channels SET delivered_at = NULL, "
                "seal = seal(alert_id, channel, NULL, tried_at, parked_at) WHERE alert_id = ?",
                (alert.alert_id,),
            )
            assert db.execute(
                "SELECT tried_at FROM alert_channels WHERE alert_id = ?", (alert.alert_id,)
            ).fetchone()[0]
        db.commit()
