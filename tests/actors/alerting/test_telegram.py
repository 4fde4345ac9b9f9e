"""The Telegram adapter against a Bot API on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from actors.alerting import Letter, NotTaken, Sender, Taken, TelegramChannel
from actors.alerting.telegram_text import LENGTH_MAX, render
from core.alerts import ENTRIES, AlertCode
from core.messages.alerting import Severity
from core.messages.room_status import AlertRow
from core.values import Environment
from tests.fakes.telegram import FakeTelegram
from tests.hostile.misbehaviours import FLOODS, FRAMES, End, Misbehaviour, says
from tests.hostile.server import HostileServer

TOKEN = "123456:AAbbCC-secret_token"
CHAT = "-100987654321"
SENDER = Sender(Environment.PAPER, "my engine")
AT = datetime(2026, 1, 5, 14, 0, 3, tzinfo=UTC)


def alert(alert_id: str = "1", text: str = "a < b", cause: str = "c") -> Letter:
    row = AlertRow(alert_id=alert_id, severity=Severity.HIGH, code="C", text=text, cause=cause, at=AT)
    return Letter((row,))


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def channel(telegram: FakeTelegram) -> Iterator[TelegramChannel]:
    channel = TelegramChannel(SecretStr(TOKEN), SecretStr(CHAT), SENDER, telegram.url)
    yield channel
    channel.close()


def test_an_alert_goes_to_the_chat_as_html(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    assert channel.send(alert()) == Taken()
    [(path, body)] = telegram.requests
    assert path == f"/bot{TOKEN}/sendMessage"
    assert (body["chat_id"], body["parse_mode"]) == (CHAT, "HTML")
    assert body["text"] == (
        "<b>[PAPER] my engine · HIGH</b>\n<b>C</b>\na &lt; b\nC · c · 2026-01-05 14:00:03Z"
    )


def test_429_hands_on_how_long_to_wait(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    body = {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests",
        "parameters": {"retry_after": 7},
    }
    telegram.answers.append((429, body))
    outcome = channel.send(alert())
    assert isinstance(outcome, NotTaken)
    assert outcome.retry_after_s == 7.0


def test_an_alert_refused_as_html_is_sent_again_as_plain_text_and_the_next_as_html(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    telegram.answers.append((400, {"ok": False, "description": "Bad Request: can't parse entities"}))
    assert isinstance(channel.send(alert("1")), NotTaken)
    telegram.answers.append((502, b""))
    assert isinstance(channel.send(alert("1")), NotTaken)
    assert channel.send(alert("1")) == Taken()
    assert channel.send(alert("2")) == Taken()
    bodies = [body for _, body in telegram.requests]
    assert [body.get("parse_mode") for body in bodies] == ["HTML", None, None, "HTML"]
    assert "a < b" in bodies[1]["text"]


@pytest.mark.parametrize("answer", [(200, {"ok": False}), (200, b"<html>"), (502, b""), (401, {"ok": False})])
def test_anything_but_a_clear_yes_is_not_taken(
    telegram: FakeTelegram, channel: TelegramChannel, answer: tuple[int, object]
) -> None:
    telegram.answers.append(answer)
    assert isinstance(channel.send(alert()), NotTaken)


def test_an_unreachable_host_is_not_taken_and_the_error_holds_no_secret() -> None:
    channel = TelegramChannel(SecretStr(TOKEN), SecretStr(CHAT), SENDER, "http://127.0.0.1:1")
    outcome = channel.send(alert())
    channel.close()
    assert isinstance(outcome, NotTaken)
    assert TOKEN not in outcome.error
    assert CHAT not in outcome.error
    assert TOKEN not in repr(vars(channel)["_chat_id"])


def test_what_telegram_says_is_quoted_and_without_the_token(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    """It may echo the URL that it was asked under, in which the token stands."""
    escaped = "".join(f"\\u{ord(one):04x}" for one in TOKEN)
    telegram.answers.append((400, f'{{"ok": false, "description": "at {escaped}\\n[/x]"}}'.encode()))
    outcome = channel.send(alert())
    assert isinstance(outcome, NotTaken)
    assert outcome.error == r"Telegram answered HTTP 400: ⟪at ***\n[/x]⟫"


def test_an_alert_can_not_look_like_two(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    text = "x\n\nCRITICAL all_is_well\u202e\u200b"
    channel.send(alert(text=text, cause="c\rd"))
    (shown,) = telegram.texts
    assert r"x\n\nCRITICAL all_is_well\u202e\u200b" in shown
    assert r"· c\rd ·" in shown


def test_a_chat_that_has_become_another_gets_the_alerts_and_is_named_once(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    moved = {"ok": False, "description": "upgraded", "parameters": {"migrate_to_chat_id": -100999}}
    telegram.answers.append((400, moved))
    outcome = channel.send(alert("1"))
    assert isinstance(outcome, NotTaken)
    assert outcome.retry_after_s == 0.0
    assert "-100999" not in outcome.error, "errors are logged"
    telegram.answers.append((502, b""))
    assert isinstance(channel.send(alert("1")), NotTaken)
    assert channel.send(alert("1")) == channel.send(alert("2")) == Taken()
    sent = [body for _, body in telegram.requests]
    assert [body["chat_id"] for body in sent] == [CHAT, "-100999", "-100999", "-100999"]
    assert ["set CERBERO_BITE_TELEGRAM_CHAT_ID to -100999" in body["text"] for body in sent] == [
        *(False, True, True, False)
    ]
    assert all(body["parse_mode"] == "HTML" for body in sent), "the alert's HTML was not what was refused"


def test_the_new_id_of_a_chat_is_shown_however_long_the_alert_is(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    moved = {"ok": False, "description": "upgraded", "parameters": {"migrate_to_chat_id": -100999}}
    telegram.answers.append((400, moved))
    long = alert("x" * 5000)
    long = replace(long, alerts=(long.alerts[0].model_copy(update={"cause": "y" * 5000}),))
    channel.send(long)
    assert channel.send(long) == Taken()
    assert "set CERBERO_BITE_TELEGRAM_CHAT_ID to -100999" in telegram.requests[-1][1]["text"]


@pytest.mark.parametrize("chats", [(-1, -1), (-1, -2, -1), (-1, -2, -3, -4)])
def test_chats_that_send_each_other_on_are_no_loop_without_a_pause(
    telegram: FakeTelegram, channel: TelegramChannel, chats: tuple[int, ...]
) -> None:
    for chat in chats:
        moved = {"ok": False, "description": "upgraded", "parameters": {"migrate_to_chat_id": chat}}
        telegram.answers.append((400, moved))
    first, *others = [channel.send(alert("1")) for _ in chats]
    assert isinstance(first, NotTaken)
    assert first.retry_after_s == 0.0
    for outcome in others:
        assert isinstance(outcome, NotTaken)
        assert outcome.retry_after_s is None, "the pauses of other failures apply"


NO_ANSWERS = [*FLOODS, *(each for each in FRAMES if each.end is End.RETRIED)]


@pytest.mark.parametrize("misbehaviour", NO_ANSWERS, ids=str)
def test_whatever_answers_in_the_name_of_telegram_the_alert_is_not_taken(misbehaviour: Misbehaviour) -> None:
    with HostileServer.alone(b'{"ok": true}', misbehaviour.act) as server:
        channel = TelegramChannel(SecretStr(TOKEN), SecretStr(CHAT), SENDER, server.url)
        outcome = channel.send(alert())
        channel.close()
    assert isinstance(outcome, NotTaken)
    assert TOKEN not in outcome.error


def test_the_pause_may_stand_in_the_header(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    """What stands before the API, a proxy or a guard against floods, knows no `parameters`."""
    act = says(b"", status="429 Too Many", headers="Retry-After: 7\r\n")
    with HostileServer.alone(b"", act) as server:
        channel = TelegramChannel(SecretStr(TOKEN), SecretStr(CHAT), SENDER, server.url)
        outcome = channel.send(alert())
        channel.close()
    assert isinstance(outcome, NotTaken)
    assert outcome.retry_after_s == 7.0


def group(*alerts: tuple[str, str, str], severity: Severity = Severity.MEDIUM, **fields: object) -> Letter:
    """Of (code, text, cause) each."""
    rows = tuple(
        AlertRow(alert_id=str(number), severity=severity, code=code, text=text, cause=cause, at=AT)
        for number, (code, text, cause) in enumerate(alerts)
    )
    return Letter(rows, host="mcp.example.com", **fields)  # type: ignore[arg-type]


ROUTERS = ("deribit", "hyperliquid", "macro", "portfolio", "sentiment")


def test_a_dead_host_reads_as_one_message_that_names_it(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    failed = [("probe_failed", f"{name} is silent: no <answer>", f"mcp.{name}") for name in ROUTERS]
    suspended = [(f"suspended:probe:{name}", "x", f"probe:{name}") for name in ROUTERS[1:]]
    assert channel.send(group(*failed, *suspended)) == Taken()
    assert telegram.texts == [
        "<b>[PAPER] my engine · MEDIUM</b>\n"
        "<b>mcp.example.com does not answer "
        "(deribit, hyperliquid, macro, portfolio, sentiment): 9 alerts</b>\n"
        "• MEDIUM The upstream host does not answer "
        "(probe_failed ×5: deribit, hyperliquid, macro, portfolio, sentiment): "
        "sentiment is silent: no &lt;answer&gt;\n"
        "→ run.py ping says what is wrong and where to look.\n"
        f"• MEDIUM {ENTRIES[AlertCode.SUSPENDED].title} "
        "(suspended ×4: hyperliquid, macro, portfolio, sentiment): x\n"
        f"→ {ENTRIES[AlertCode.SUSPENDED].do}\n"
        "2026-01-05 14:00:03Z to 2026-01-05 14:00:03Z"
    ]


def test_a_digest_counts_what_came_several_times(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    blocked = [("cycle_blocked", f"blocked {number}", "c") for number in range(3)]
    channel.send(group(*blocked, ("audit_head", "audit head 7:ab", "c"), severity=Severity.LOW, silent=True))
    [(_, body)] = telegram.requests
    assert body["disable_notification"] is True
    assert "Daily digest: 4 alerts" in body["text"]
    assert "(cycle_blocked ×3): blocked 2\n" in body["text"]
    assert "(audit_head): audit head 7:ab\n" in body["text"]
    assert "→" not in body["text"], "a digest asks for nothing"


def test_two_fills_in_one_message_are_two_lines(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    channel.send(group(("order_filled", "1 of 2 filled", "c"), ("order_filled", "2 of 2 filled", "c")))
    assert "1 of 2 filled" in telegram.texts[0]
    assert "2 of 2 filled" in telegram.texts[0]


def test_a_letter_that_makes_a_sound_does_not_ask_for_silence(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    channel.send(alert())
    assert "disable_notification" not in telegram.requests[0][1]


def test_a_line_of_a_letter_can_not_look_like_another(
    telegram: FakeTelegram, channel: TelegramChannel
) -> None:
    channel.send(group(("a", "x\n• CRITICAL all is well", "c"), ("b", "y\u202e", "c")))
    assert telegram.texts[0].count("\n") == 4
    assert r"x\n• CRITICAL all is well" in telegram.texts[0]


@pytest.mark.parametrize("markup", [True, False])
@pytest.mark.parametrize("count", [2, 20, 200])
def test_no_letter_is_longer_than_telegram_allows(count: int, markup: bool) -> None:
    long = [(f"code_{number}", "&" * 3000, "c" * 500) for number in range(count)]
    for severity in (Severity.HIGH, Severity.LOW):
        text = render(group(*long, severity=severity), SENDER, markup=markup)
        assert len(text.encode("utf-16-le")) // 2 <= LENGTH_MAX


@pytest.mark.parametrize(
    ("status", "refused", "perhaps"),
    [
        (400, True, False),
        (413, True, False),
        (401, False, False),
        (403, True, False),
        (404, False, False),
        (429, False, False),
        (500, False, True),
        (502, False, True),
    ],
)
def test_what_is_refused_for_good_and_what_may_have_been_taken_is_told_apart(
    telegram: FakeTelegram, channel: TelegramChannel, status: int, refused: bool, perhaps: bool
) -> None:
    telegram.answers.append((status, {"ok": False, "description": "no"}))
    outcome = channel.send(alert())
    assert isinstance(outcome, NotTaken)
    assert (outcome.refused, outcome.perhaps) == (refused, perhaps)


def test_a_host_that_was_not_reached_has_not_taken_it() -> None:
    channel = TelegramChannel(SecretStr(TOKEN), SecretStr(CHAT), SENDER, "http://127.0.0.1:1")
    outcome = channel.send(alert())
    channel.close()
    assert isinstance(outcome, NotTaken)
    assert not outcome.perhaps


def test_a_probe_reads_the_chat_and_sends_nothing(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    assert channel.probe() is None
    telegram.answers.append((401, {"ok": False, "description": "Unauthorized"}))
    assert channel.probe() == "Telegram answered HTTP 401: ⟪Unauthorized⟫"
    assert [path.rsplit("/", 1)[1] for path, _ in telegram.requests] == ["getChat", "getChat"]


def test_a_repeat_says_that_it_is_one(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    channel.send(replace(alert("1"), repeats=frozenset({"1"})))
    assert "\n(repeated: this may have reached you before) a &lt; b\n" in telegram.texts[0]
