"""`ping` says whether commands from a chat would arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.phone_probe import probe_phone
from config import channels_from_env
from core.messages.phone import PhoneStatus
from tests.fakes.telegram import FakeTelegram

TOKEN = "123456:AAbbCC-secret_token"


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as fake:
        yield fake


def environment(telegram: FakeTelegram, mode: str) -> dict[str, str]:
    return {
        "CERBERO_BITE_TELEGRAM_BOT_TOKEN": TOKEN,
        "CERBERO_BITE_TELEGRAM_CHAT_ID": "987654321",
        "CERBERO_BITE_TELEGRAM_API_URL": telegram.url,
        "CERBERO_BITE_TELEGRAM_COMMANDS": mode,
    }


def probed(telegram: FakeTelegram, mode: str, data_dir: Path) -> PhoneStatus | None:
    env = environment(telegram, mode)
    return probe_phone(env, channels_from_env(env), None, data_dir)


def test_nothing_is_asked_while_commands_are_off(telegram: FakeTelegram, tmp_path: Path) -> None:
    assert probed(telegram, "off", tmp_path) is None
    assert telegram.requests == []


def test_a_webhook_is_named(telegram: FakeTelegram, tmp_path: Path) -> None:
    telegram.answers.append((200, {"ok": True, "result": {"url": "https://x.example"}}))
    found = probed(telegram, "read", tmp_path)
    assert found is not None
    assert (found.mode, "a webhook is set" in (found.problem or "")) == ("read", True)


def test_nothing_else_reads_as_far_as_can_be_seen(telegram: FakeTelegram, tmp_path: Path) -> None:
    telegram.answers.append((200, {"ok": True, "result": {"url": ""}}))
    assert probed(telegram, "act", tmp_path) == PhoneStatus(mode="act", problem=None)
