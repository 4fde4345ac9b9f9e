"""The webhook against a server on loopback: what is posted, what counts as taken, what stays secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, SecretStr

from actors.alerting import Letter, NotTaken, Sender, Taken, WebhookChannel
from actors.alerting.webhook import DISCORD_UNITS_MAX, MESSAGE_UNITS_MAX, WebhookForm
from core.alerts import Severity
from core.messages.room_status import AlertRow
from core.values import Environment
from tests.fakes.telegram import FakeTelegram
from tests.hostile.misbehaviours import FLOODS, FRAMES, End, Misbehaviour
from tests.hostile.server import HostileServer

KEY, TOKEN = "3f6d0c1b-key-of-the-hook", "t0ken-in-the-query"
PATH = f"/api/webhooks/{KEY}?wait=true&token={TOKEN}"
SENDER = Sender(Environment.MAINNET, "my engine")
AT = datetime(2026, 1, 5, 14, 0, 3, tzinfo=UTC)
LINES = ("message", "content")
FORMS: tuple[WebhookForm, ...] = ("json", "discord")


def alert(text: str = "a < b", code: str = "disk_low") -> Letter:
    return Letter((AlertRow(alert_id="1", severity=Severity.HIGH, code=code, text=text, cause="c", at=AT),))


@pytest.fixture
def server() -> Iterator[FakeTelegram]:
    with FakeTelegram() as server:
        yield server


def channel_to(url: str, form: WebhookForm = "json") -> WebhookChannel:
    return WebhookChannel(SecretStr(url + PATH), form, SENDER)


def posted(server: FakeTelegram, form: WebhookForm, told: Letter) -> dict[str, object]:
    channel = channel_to(server.url, form)
    assert channel.send(told) == Taken()
    channel.close()
    [(path, body)] = server.requests
    server.requests.clear()
    assert path == PATH
    return body


def test_json_begins_with_the_message_and_has_its_parts(server: FakeTelegram) -> None:
    body = posted(server, "json", alert())
    assert next(iter(body)) == "message"
    assert str(body.pop("message")).startswith("[MAINNET] my engine · HIGH\nThe disk is nearly full\na < b\n")
    assert body == {
        "environment": "mainnet",
        "instance": "my engine",
        "severity": "HIGH",
        "silent": False,
        "alerts": [
            {
                "alert_id": "1",
                "severity": "HIGH",
                "title": "The disk is nearly full",
                "text": "a < b",
                "do": "Free some space; df -h shows where it is missing. Never delete audit/ or cerbero.db.",
                "cause": "c",
                "code": "disk_low",
                "at": "2026-01-05 14:00:03Z",
                "repeated": False,
            }
        ],
    }


def two(*, silent: bool = False, repeats: frozenset[str] = frozenset()) -> Letter:
    first = alert().alerts[0]
    second = first.model_copy(update={"alert_id": "2", "text": "c > d", "code": "commit_failed"})
    return Letter((first, second), silent=silent, repeats=repeats)


def test_json_of_several_alerts_is_one_message_and_each_has_its_parts(server: FakeTelegram) -> None:
    body = posted(server, "json", two(silent=True, repeats=frozenset({"2"})))
    message = str(body["message"])
    assert message.startswith(
        "[MAINNET] my engine · HIGH\n2 alerts\n• HIGH The disk is nearly full (disk_low)"
    )
    assert "a < b" in message
    assert "(repeated: this may have reached you before) c > d" in message
    alerts = body["alerts"]
    assert isinstance(alerts, list)
    assert [(one["alert_id"], one["repeated"]) for one in alerts] == [("1", False), ("2", True)]
    assert body["silent"] is True


@pytest.mark.parametrize("silent", [True, False])
def test_discord_makes_no_sound_for_a_silent_letter(server: FakeTelegram, silent: bool) -> None:
    body = posted(server, "discord", two(silent=silent))
    assert body.get("flags") == (4096 if silent else None)


@pytest.mark.parametrize(
    ("status", "refused", "perhaps"),
    [
        *((400, True, False), (413, True, False), (422, True, False)),
        *((401, False, False), (404, False, False), (429, False, False)),
        *((301, False, True), (500, False, True), (503, False, True)),
    ],
)
def test_what_is_refused_for_good_and_what_may_have_been_taken_is_told_apart(
    server: FakeTelegram, status: int, refused: bool, perhaps: bool
) -> None:
    server.answers.append((status, b""))
    outcome = channel_to(server.url).send(alert())
    assert isinstance(outcome, NotTaken)
    assert (outcome.refused, outcome.perhaps) == (refused, perhaps)


@pytest.mark.parametrize(
    ("form", "status", "there"),
    [
        *(("json", 200, True), ("json", 204, True), ("json", 404, True), ("json", 405, True)),
        *(("json", 401, False), ("json", 403, False), ("json", 410, False), ("json", 502, False)),
        *(("discord", 200, True), ("discord", 429, True), ("discord", 404, False), ("discord", 401, False)),
    ],
)
def test_a_probe_posts_nothing_and_says_whether_a_letter_would_be_taken(
    server: FakeTelegram, form: WebhookForm, status: int, there: bool
) -> None:
    server.answers.append((status, b""))
    problem = channel_to(server.url, form).probe()
    assert problem == (None if there else f"the webhook answered HTTP {status}")
    assert server.methods == ["GET" if form == "discord" else "OPTIONS"]


def test_a_probe_of_a_host_that_is_not_there_is_told_without_the_url() -> None:
    problem = channel_to("http://127.0.0.1:1").probe()
    assert problem is not None
    assert "was not reached" in problem
    assert KEY not in problem
    assert TOKEN not in problem


def test_discord_is_told_in_its_own_form_and_may_call_nobody(server: FakeTelegram) -> None:
    body = posted(server, "discord", alert("*@everyone* [x](https://h)"))
    content = str(body.pop("content"))
    assert content.startswith("**[MAINNET] my engine · HIGH**\n**The disk is nearly full**\n")
    assert r"\*\@everyone\* [x]\(https\://h\)" in content
    assert body == {"allowed_mentions": {"parse": []}}


@pytest.mark.parametrize("form", FORMS)
def test_a_long_alert_is_cut_to_what_the_service_takes(server: FakeTelegram, form: WebhookForm) -> None:
    body = posted(server, form, alert("*" * 10_000))
    text = str(body["message" if form == "json" else "content"])
    assert (
        len(text.encode("utf-16-le")) // 2 <= {"json": MESSAGE_UNITS_MAX, "discord": DISCORD_UNITS_MAX}[form]
    )
    assert "Free some space" in text


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_2xx_is_taken(server: FakeTelegram, status: int) -> None:
    server.answers.append((status, b""))
    assert channel_to(server.url).send(alert()) == Taken()


@pytest.mark.parametrize("status", [301, 400, 401, 404, 429, 500, 503])
def test_anything_else_is_not_taken_and_named_by_its_status(server: FakeTelegram, status: int) -> None:
    server.answers.append((status, f"you called {PATH}".encode()))
    outcome = channel_to(server.url).send(alert())
    assert isinstance(outcome, NotTaken)
    assert outcome.error == f"the webhook answered HTTP {status}"
    assert outcome.retry_after_s is None
    assert len(server.requests) == 1


def test_429_hands_on_how_long_to_wait(server: FakeTelegram) -> None:
    server.answers.append((429, {"message": "slow", "retry_after": 64.5, "global": False}))
    assert channel_to(server.url).send(alert()) == NotTaken("the webhook answered HTTP 429", 64.5)


@pytest.mark.parametrize("asked_s", [-5.0, 1e12])
def test_no_server_stops_the_channel_for_long(server: FakeTelegram, asked_s: float) -> None:
    server.answers.append((429, {"retry_after": asked_s}))
    outcome = channel_to(server.url).send(alert())
    assert isinstance(outcome, NotTaken)
    assert outcome.retry_after_s is not None
    assert 0.0 <= outcome.retry_after_s <= 3600.0


def test_a_host_that_is_not_there_is_told_without_the_url() -> None:
    outcome = channel_to("http://127.0.0.1:1").send(alert())
    assert isinstance(outcome, NotTaken)
    assert "was not reached" in outcome.error
    assert KEY not in outcome.error
    assert TOKEN not in outcome.error


NO_ANSWERS = [*FLOODS, *(each for each in FRAMES if each.end is End.RETRIED)]


@pytest.mark.parametrize("misbehaviour", NO_ANSWERS, ids=str)
def test_whatever_answers_there_the_alert_is_not_taken(misbehaviour: Misbehaviour) -> None:
    with HostileServer.alone(b"{}", misbehaviour.act) as server:
        channel = channel_to(server.url)
        outcome = channel.send(alert())
        channel.close()
    assert isinstance(outcome, NotTaken)
    assert KEY not in outcome.error


@given(text=st.text(max_size=3000), form=st.sampled_from(FORMS))
def test_every_text_fits_and_begins_with_its_sender(text: str, form: WebhookForm) -> None:
    body = WebhookChannel(SecretStr("http://127.0.0.1:1/x"), form, SENDER)._body(alert(text, text))
    shown = str(body["message" if form == "json" else "content"])
    assert shown.removeprefix("**").startswith("[MAINNET] my engine")
    assert len(shown.encode("utf-16-le", "surrogatepass")) // 2 <= MESSAGE_UNITS_MAX
    assert all(
        str(part).isprintable()
        for parts in (body, *_objects(body.get("alerts")))
        for name, part in parts.items()
        if name not in LINES and not isinstance(part, list | dict)
    )


def _objects(found: JsonValue) -> list[dict[str, JsonValue]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
