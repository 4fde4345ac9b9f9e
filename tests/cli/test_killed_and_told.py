"""The real process and a Bot API: what reaches the operator of a start, a test, a kill, a stop."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from actors.heartbeat import HEARTBEAT_FILE
from tests.cli.test_live import House, running
from tests.fakes.telegram import FakeTelegram

VARIABLES = {"TELEGRAM_BOT_TOKEN": "123456:AAbbCC-secret_token", "TELEGRAM_CHAT_ID": "-100987654321"}


def wait_until(true: Callable[[], bool], timeout_s: float = 30.0) -> None:
    waited = Event()
    for _ in range(int(timeout_s / 0.05)):
        if true():
            return
        waited.wait(0.05)
    raise AssertionError(f"not true within {timeout_s} s")


@pytest.mark.soak
def test_after_a_kill_the_next_start_tells_since_when_nobody_watched(tmp_path: Path) -> None:
    """And a test goes over the running engine's channels, and a stop is no death."""
    with FakeTelegram() as telegram, running(tmp_path) as house:
        heartbeat = house.data / HEARTBEAT_FILE
        assert heartbeat.read_text("utf-8").startswith("alive ")
        house.engine.kill()
        house.engine.communicate(timeout=20)
        house.engine = house.start(**VARIABLES, TELEGRAM_API_URL=telegram.url)
        wait_until(lambda: any("ended without a word after" in text for text in sent(telegram)))
        tested = house.run("alert", "test", "--json")
        assert (tested.code, json.loads(tested.out)) == (
            0,
            {"by": "engine", "channels": [{"channel": "telegram", "taken": True, "error": None}]},
        )
        assert any("from the running engine" in text for text in sent(telegram))
        stop(house)
        assert heartbeat.read_text("utf-8").startswith("stopped ")


def sent(telegram: FakeTelegram) -> list[str]:
    return [body["text"] for path, body in list(telegram.requests) if path.endswith("/sendMessage")]


def stop(house: House) -> None:
    house.engine.send_signal(signal.SIGTERM)
    house.engine.communicate(timeout=20)
