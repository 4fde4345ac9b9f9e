"""The bot's client against a Bot API on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from actors.phone.bot import NotReached, Said, SomebodyElseReads, TelegramBot, Updates
from tests.fakes.telegram import FakeTelegram

TOKEN = "123456:AAbbCC-secret_token"
OWNER = 987654321
AT = datetime(2026, 1, 5, 14, 0, 3, tzinfo=UTC)


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def bot(telegram: FakeTelegram) -> Iterator[TelegramBot]:
    bot = TelegramBot(SecretStr(TOKEN), SecretStr(str(OWNER)), telegram.url)
    yield bot
    bot.close()


def update(number: int, text: object = "/status", **message: Any) -> dict[str, Any]:
    whole = {
        "message_id": 1,
        "date": int(AT.timestamp()),
        "chat": {"id": OWNER, "type": "private"},
        "from": {"id": OWNER, "is_bot": False},
        "text": text,
    }
    return {"update_id": number, "message": whole | message}


def answered(telegram: FakeTelegram, *updates: object) -> None:
    telegram.answers.append((200, {"ok": True, "result": list(updates)}))


def test_the_owners_text_is_read_with_its_id_and_time(telegram: FakeTelegram, bot: TelegramBot) -> None:
    answered(telegram, update(7))
    assert bot.updates(None) == Updates((Said(7, AT, "/status"),), (7, 7), 0)
    [(path, body)] = telegram.requests
    assert path == f"/bot{TOKEN}/getUpdates"
    assert body == {"timeout": 5, "limit": 100, "allowed_updates": ["message"]}


def test_only_what_is_to_be_confirmed_is_sent_as_an_offset(telegram: FakeTelegram, bot: TelegramBot) -> None:
    answered(telegram)
    assert bot.updates(41) == Updates()
    assert telegram.requests[0][1]["offset"] == 42


@pytest.mark.parametrize(
    "foreign",
    [
        update(7, chat={"id": OWNER, "type": "group"}),
        update(7, chat={"id": -100, "type": "supergroup"}),
        update(7, chat={"id": OWNER + 1, "type": "private"}),
        update(7, **{"from": {"id": OWNER + 1}}),
        update(7, **{"from": None}),
        update(7, **{"from": {"id": str(OWNER)}}),
        update(7, text=None),
        update(7, text=7),
        update(7, date=10**30),
        update(7, date="now"),
        update(7, chat=[]),
        {"update_id": 7, "edited_message": update(7)["message"]},
        {"update_id": 7, "channel_post": update(7)["message"]},
        {"update_id": 7, "message": None},
        {"update_id": 7},
    ],
    ids=range(15),
)
def test_what_is_not_the_owners_text_is_passed_over_and_can_be_confirmed(
    telegram: FakeTelegram, bot: TelegramBot, foreign: dict[str, Any]
) -> None:
    answered(telegram, foreign, update(8, "/arm"))
    assert bot.updates(None) == Updates((Said(8, AT, "/arm"),), (7, 8), 1)


@pytest.mark.parametrize("result", [None, {}, "x", [None], [{"update_id": "7"}], [{"update_id": True}], [{}]])
def test_an_answer_whose_updates_have_no_ids_is_no_answer(
    telegram: FakeTelegram, bot: TelegramBot, result: object
) -> None:
    telegram.answers.append((200, {"ok": True, "result": result}))
    assert isinstance(bot.updates(None), NotReached)


def test_a_second_reader_is_told_apart_from_other_refusals(telegram: FakeTelegram, bot: TelegramBot) -> None:
    said = "Conflict: can't use getUpdates method while webhook is active"
    telegram.answers.append((409, {"ok": False, "description": said}))
    assert bot.updates(None) == SomebodyElseReads(f"Telegram answered HTTP 409: ⟪{said}⟫")
    telegram.answers.append((401, {"ok": False, "description": f"no {TOKEN}"}))
    refused = bot.updates(None)
    assert isinstance(refused, NotReached)
    assert TOKEN not in refused.text


def test_long_messages_of_strangers_do_not_keep_the_owners_from_being_read(
    telegram: FakeTelegram, bot: TelegramBot
) -> None:
    """Everybody may write to a bot. A hundred long texts that quote long ones are more than is read of one
    answer, and would come again at each request, until Telegram forgets them after a day."""
    long = "\u0416" * 4096
    foreign = {"from": {"id": 1}, "chat": {"id": 1, "type": "private"}}
    sent = [update(n, long, reply_to_message={"text": long}, **foreign) for n in range(99)]
    sent.append(update(99, "/arm"))
    confirm: int | None = None
    for _ in range(12):
        limit = bot.limit
        answered(telegram, *sent[:limit])
        found = bot.updates(confirm)
        assert telegram.requests[-1][1]["limit"] == limit
        if not isinstance(found, Updates):
            continue
        if found.said:
            break
        assert found.ids is not None
        confirm = found.ids[1]
        sent = [one for one in sent if one["update_id"] > confirm]
    assert isinstance(found, Updates)
    assert [said.text for said in found.said] == ["/arm"]
    assert telegram.requests[0][1]["limit"] == 100


@pytest.mark.parametrize("answer", [b"{", b"", b"x" * 5_000_000])
def test_an_answer_that_can_not_be_read_is_asked_for_in_smaller_parts_and_then_in_larger_ones(
    telegram: FakeTelegram, bot: TelegramBot, answer: bytes
) -> None:
    telegram.answers.extend([(200, answer)] * 8)
    for _ in range(8):
        assert isinstance(bot.updates(None), NotReached)
    for _ in range(8):
        answered(telegram)
        assert bot.updates(None) == Updates()
    limits = [body["limit"] for _, body in telegram.requests]
    assert limits == [100, 50, 25, 12, 6, 3, 1, 1, 1, 2, 4, 8, 16, 32, 64, 100]


def test_how_long_to_wait_is_handed_on(telegram: FakeTelegram, bot: TelegramBot) -> None:
    telegram.answers.append((429, {"ok": False, "parameters": {"retry_after": 9}}))
    assert bot.updates(None) == NotReached("Telegram answered HTTP 429: ⟪no description⟫", 9.0)


def test_a_reply_is_plain_text_to_the_owner(telegram: FakeTelegram, bot: TelegramBot) -> None:
    assert bot.reply("a < b") is None
    [(path, body)] = telegram.requests
    assert (path, body["chat_id"], body["text"]) == (f"/bot{TOKEN}/sendMessage", OWNER, "a < b")
    assert "parse_mode" not in body
    telegram.answers.append((400, {"ok": False, "description": "no"}))
    assert isinstance(bot.reply("again"), NotReached)


def test_a_host_that_does_not_answer_is_named_without_the_token() -> None:
    bot = TelegramBot(SecretStr(TOKEN), SecretStr(str(OWNER)), "http://127.0.0.1:9")
    found = bot.updates(None)
    assert isinstance(found, NotReached)
    assert TOKEN not in found.text
    bot.close()


@pytest.mark.parametrize(("url", "problem"), [("", None), ("https://x.example/hook", "a webhook is set")])
def test_a_webhook_is_seen_without_taking_a_command(
    telegram: FakeTelegram, bot: TelegramBot, url: str, problem: str | None
) -> None:
    telegram.answers.append((200, {"ok": True, "result": {"url": url, "pending_update_count": 0}}))
    found = bot.other_reader()
    assert (found is None) is (problem is None)
    assert problem is None or (found is not None and found.startswith(problem))
    assert [path for path, _ in telegram.requests] == [f"/bot{TOKEN}/getWebhookInfo"]


def test_a_bot_that_can_not_be_asked_is_a_problem(telegram: FakeTelegram, bot: TelegramBot) -> None:
    telegram.answers.append((401, {"ok": False, "description": "Unauthorized"}))
    found = bot.other_reader()
    assert found is not None
    assert "HTTP 401" in found
