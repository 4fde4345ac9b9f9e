"""An engine that is steered from a chat: the real process, with a Bot API on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from core.kill_file import KILL_FILE_NAME
from reading.books import entry_latches
from tests.cli.test_live import House, running
from tests.fakes.chat import FakeChat

OWNER = 987654321
TOKEN = "123456:AAbbCC-secret_token"


@pytest.fixture(scope="module")
def chat() -> Iterator[FakeChat]:
    with FakeChat(OWNER) as chat:
        yield chat


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, chat: FakeChat) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("phone")
    with running(
        folder,
        TELEGRAM_BOT_TOKEN=TOKEN,
        TELEGRAM_CHAT_ID=str(OWNER),
        TELEGRAM_API_URL=chat.url,
        TELEGRAM_COMMANDS="act",
    ) as house:
        yield house


def now() -> int:
    return int(time.time())


@pytest.mark.long
def test_a_person_asks_pauses_and_arms_from_their_phone(house: House, chat: FakeChat) -> None:
    chat.typed("/arm", date=now(), sender=OWNER + 1)
    chat.typed("/status", date=now())
    status = chat.answered("switch: ")
    assert status.splitlines()[0] == "[PAPER] cerbero-bite"
    assert "switch: not armed" in status
    chat.typed("/pause a look", date=now())
    chat.answered("accepted and on disk: PauseEntries")
    chat.typed("/next", date=now())
    assert "an entry is blocked" in chat.answered("entry: ")
    assert [latch.reason for latch in entry_latches(house.data)] == ["a look"]
    chat.typed("/pause late", date=now() - 600)
    chat.answered("too old")
    assert not (house.data / KILL_FILE_NAME).exists(), "a stranger has armed it"
    chat.typed("arm it burns", date=now() - 600)
    chat.answered("ARMED")
    assert (house.data / KILL_FILE_NAME).exists()
    assert "it burns" in (house.data / KILL_FILE_NAME).read_text("utf-8")
    assert TOKEN not in house.run("status", "--json").out
