"""A start that is given up tells the operator why, once for each reason."""

from __future__ import annotations

import socket
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.failed_start import TOLD_FILE, ended_well, told_if_it_fails
from cli.folder_lock import FolderInUseError
from core.alerts import AlertCode
from core.errors import FoundWrongError, InputError
from tests.actors.http.servers import serving
from tests.cli.support import Cli
from tests.fakes.telegram import FakeTelegram

START = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)
TOKEN, CHAT = "123456:AAbbCC-secret_token", "-100987654321"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def fail(data: Path, error: Exception, at: datetime = START) -> list[str]:
    told: list[str] = []
    with pytest.raises(type(error)), told_if_it_fails(data, told.append, lambda: at):
        raise error
    return told


def test_a_reason_is_told_once_in_six_hours_however_often_the_start_is_tried(tmp_path: Path) -> None:
    refused = FoundWrongError("the token is refused")
    assert fail(tmp_path, refused) == ["the token is refused"]
    assert fail(tmp_path, refused, START + timedelta(hours=5)) == []
    assert fail(tmp_path, refused, START + timedelta(hours=6)) == ["the token is refused"]


def test_another_reason_is_told_and_the_first_one_is_not_forgotten(tmp_path: Path) -> None:
    assert fail(tmp_path, FoundWrongError("a"))
    assert fail(tmp_path, InputError("b"))
    assert fail(tmp_path, FoundWrongError("a")) == []


def test_after_a_life_that_ended_well_it_is_told_again(tmp_path: Path) -> None:
    assert fail(tmp_path, FoundWrongError("a"))
    ended_well(tmp_path)
    assert fail(tmp_path, FoundWrongError("a"))


def test_that_another_engine_runs_is_no_news_for_a_phone(tmp_path: Path) -> None:
    assert fail(tmp_path, FolderInUseError("pid 1 uses it")) == []


def test_a_folder_that_is_not_there_is_remembered_elsewhere(tmp_path: Path, temporary: Path) -> None:
    missing = tmp_path / "missing"
    assert fail(missing, InputError("a")) == ["a"]
    assert fail(missing, InputError("a")) == []
    assert not missing.exists()
    assert len(list(temporary.iterdir())) == 1


def test_what_can_not_be_remembered_is_not_told(tmp_path: Path, temporary: Path) -> None:
    temporary.rmdir()
    assert fail(tmp_path / "missing", InputError("a")) == []


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": "b"}', b"\xff", b'{"a": "2026-01-05"}'])
def test_a_file_that_can_not_be_read_is_written_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / TOLD_FILE).write_bytes(content)
    assert fail(tmp_path, InputError("a")) == ["a"]
    assert fail(tmp_path, InputError("a")) == []


def test_a_link_of_that_name_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine", "utf-8")
    (tmp_path / TOLD_FILE).symlink_to(other)
    assert fail(tmp_path, InputError("a")) == ["a"]
    assert other.read_text("utf-8") == "mine"


def refuses(connection: socket.socket) -> None:
    while connection.recv(65_536):
        connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.raises_alert(AlertCode.START_FAILED)
def test_a_start_with_a_refused_token_tells_telegram_why_and_only_once(cli: Cli, strategy_file: Path) -> None:
    data = strategy_file.parent / "data"
    with FakeTelegram() as telegram, serving(refuses) as port:
        cli.set(
            MCP_URL=f"http://127.0.0.1:{port}",
            MCP_TOKEN="s3cret-token",
            TELEGRAM_BOT_TOKEN=TOKEN,
            TELEGRAM_CHAT_ID=CHAT,
            TELEGRAM_API_URL=telegram.url,
        )
        for _ in range(3):
            assert cli("start", "--strategy", strategy_file, "--data-dir", data).code == 2
    sent = [body["text"] for path, body in telegram.requests if path.endswith("/sendMessage")]
    assert len(sent) == 1
    assert "start_failed" in sent[0]
    assert "the token is refused (HTTP 401)" in sent[0]
    assert sent[0].startswith("<b>[PAPER] cerbero-bite · CRITICAL</b>")


def test_a_start_whose_strategy_can_not_be_read_tells_it_as_an_engine_of_unknown_environment(
    cli: Cli, strategy_file: Path
) -> None:
    strategy_file.write_text("strategy: [", "utf-8")
    with FakeTelegram() as telegram:
        cli.set(
            MCP_URL="http://127.0.0.1:1",
            MCP_TOKEN="s3cret-token",
            TELEGRAM_BOT_TOKEN=TOKEN,
            TELEGRAM_CHAT_ID=CHAT,
            TELEGRAM_API_URL=telegram.url,
            INSTANCE_NAME="my engine",
        )
        data = strategy_file.parent / "data"
        assert cli("start", "--strategy", strategy_file, "--data-dir", data).code != 0
    [sent] = telegram.texts
    assert sent.startswith("<b>[UNKNOWN] my engine · CRITICAL</b>")


def test_without_an_engine_a_test_goes_over_the_channels_of_the_environment(cli: Cli, tmp_path: Path) -> None:
    with FakeTelegram() as telegram:
        cli.set(TELEGRAM_BOT_TOKEN=TOKEN, TELEGRAM_CHAT_ID=CHAT, TELEGRAM_API_URL=telegram.url)
        taken = cli("alert", "test", "--data-dir", tmp_path)
        telegram.answers.append((401, {"ok": False, "description": f"Unauthorized {TOKEN}"}))
        refused = cli("alert", "test", "--data-dir", tmp_path, "--json")
    assert taken.code == 0
    assert "telegram" in taken.out
    assert refused.code == 1
    assert '"taken": false' in refused.out
    assert "HTTP 401" in refused.err
    assert TOKEN not in refused.out + refused.err
    assert "test_alert" in telegram.texts[0]


def test_without_a_channel_a_test_says_so(cli: Cli, tmp_path: Path) -> None:
    ran = cli("alert", "test", "--data-dir", tmp_path)
    assert (ran.code, "no alert channel is set up" in ran.out) == (0, True)


def test_ping_looks_at_the_channels_and_sends_nothing(cli: Cli) -> None:
    with FakeTelegram() as telegram:
        cli.set(
            MCP_URL="http://127.0.0.1:1",
            MCP_TOKEN="t",
            TELEGRAM_BOT_TOKEN=TOKEN,
            TELEGRAM_CHAT_ID=CHAT,
            TELEGRAM_API_URL=telegram.url,
        )
        telegram.answers.append((403, {"ok": False, "description": "bot was kicked"}))
        ran = cli("ping")
    assert ran.code == 1
    assert "telegram: Telegram answered HTTP 403" in ran.err
    assert [path.rsplit("/", 1)[1] for path, _ in telegram.requests] == ["getChat"]
