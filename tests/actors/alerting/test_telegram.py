"""The Telegram adapter against a Bot API on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from actors.alerting import NotTaken, Taken, TelegramChannel
from tests.fakes.telegram import FakeTelegram

TOKEN = "123456:AAbbCC-secret_token"
CHAT = "-100987654321"


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def channel(telegram: FakeTelegram) -> Iterator[TelegramChannel]:
    channel = TelegramChannel(SecretStr(TOKEN), SecretStr(CHAT), telegram.url)
    yield channel
    channel.close()


def test_a_message_goes_to_the_chat_as_html(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    assert channel.send("<b>x</b>", markup=True) == Taken()
    [(path, body)] = telegram.requests
    assert path == f"/bot{TOKEN}/sendMessage"
    assert (body["chat_id"], body["text"], body["parse_mode"]) == (CHAT, "<b>x</b>", "HTML")


def test_plain_text_names_no_parse_mode(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    channel.send("x", markup=False)
    assert "parse_mode" not in telegram.requests[0][1]


def test_429_hands_on_how_long_to_wait(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    body = {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests",
        "parameters": {"retry_after": 7},
    }
    telegram.answers.append((429, body))
    outcome = channel.send("x", markup=True)
    assert isinstance(outcome, NotTaken)
    assert outcome.retry_after_s == 7.0


def test_400_asks_for_plain_text(telegram: FakeTelegram, channel: TelegramChannel) -> None:
    telegram.answers.append((400, {"ok": False, "description": "Bad Request: can't parse entities"}))
    outcome = channel.send("x", markup=True)
    assert isinstance(outcome, NotTaken)
    assert outcome.markup_refused


@pytest.mark.parametrize("answer", [(200, {"ok": False}), (200, b"<html>"), (502, b""), (401, {"ok": False})])
def test_anything_but_a_clear_yes_is_not_taken(
    telegram: FakeTelegram, channel: TelegramChannel, answer: tuple[int, object]
) -> None:
    telegram.answers.append(answer)
    assert isinstance(channel.send("x", markup=True), NotTaken)


def test_an_unreachable_host_is_not_taken_and_the_error_holds_no_secret() -> None:
    channel = TelegramChannel(SecretStr(TOKEN), SecretStr(CHAT), "http://127.0.0.1:1")
    outcome = channel.send("x", markup=True)
    channel.close()
    assert isinstance(outcome, NotTaken)
    assert TOKEN not in outcome.error
    assert CHAT not in outcome.error
    assert TOKEN not in repr(vars(channel)["_chat_id"])
