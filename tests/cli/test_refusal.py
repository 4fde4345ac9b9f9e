"""A start that a person must do something about ends with 2, or waits where it would be restarted again."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from cli import refusal
from cli.folder_lock import FolderLostError
from cli.refusal import waits_if_refused
from core.errors import FoundWrongError, InputError
from reading.refused_start import REFUSED_FILE, why_refused
from tests.actors.http.servers import answers, serving
from tests.cli.support import Cli, ended, started
from tests.fakes.telegram import FakeTelegram

REFUSAL = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
ON_REFUSAL = "CERBERO_BITE_ON_REFUSAL"


class Upstream:
    """Refuses every token, and counts how often it was asked."""

    def __init__(self) -> None:
        self.connections = 0

    def __call__(self, connection: socket.socket) -> None:
        self.connections += 1
        answers(REFUSAL)(connection)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    with FakeTelegram() as telegram:
        yield telegram


@pytest.fixture
def url(upstream: Upstream) -> Iterator[str]:
    with serving(upstream) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_refused_token_ends_start_with_2(cli: Cli, url: str, tmp_path: Path, strategy_file: Path) -> None:
    cli.set(MCP_URL=url, MCP_TOKEN="s3cret-token")
    ran = cli("start", "--strategy", strategy_file, "--data-dir", tmp_path / "data")
    assert ran.code == 2
    assert ran.err == f"error: {url}: the token is refused (HTTP 401)\n"
    assert why_refused(tmp_path / "data") is None, "nobody waits"


def test_a_start_that_waits_says_why_once_and_ends_by_sigterm(
    cli: Cli, upstream: Upstream, url: str, tmp_path: Path, strategy_file: Path, telegram: FakeTelegram
) -> None:
    data = tmp_path / "data"
    process = started(
        *("start", "--strategy", strategy_file, "--data-dir", data),
        MCP_URL=url,
        MCP_TOKEN="s3cret-token",
        ON_REFUSAL="wait",
        TELEGRAM_BOT_TOKEN="1:token",
        TELEGRAM_CHAT_ID="4242",
        TELEGRAM_API_URL=telegram.url,
    )
    try:
        assert process.stderr is not None
        said = [process.stderr.readline(), process.stderr.readline()]
        while why_refused(data) is None:
            assert process.poll() is None, "it ended"
        healthcheck = cli("healthcheck", "--data-dir", data)
        status = cli("status", "--data-dir", data)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
    finally:
        ran = ended(process)
    assert said[0] == f"error: the start is refused: {url}: the token is refused (HTTP 401)\n"
    assert "Waiting for SIGTERM" in said[1]
    assert healthcheck.code == 3
    assert f"its start is refused: {url}: the token is refused (HTTP 401)" in healthcheck.err
    assert status.code == 3
    assert "the token is refused (HTTP 401)" in status.err
    assert (ran.code, ran.err) == (2, "stopped: SIGTERM\n")
    assert upstream.connections == 1, "it asks once"
    [alert] = [body["text"] for _, body in telegram.requests if "text" in body]
    assert "the token is refused (HTTP 401)" in alert
    assert not (data / REFUSED_FILE).exists()
    assert "its start is refused" not in cli("healthcheck", "--data-dir", data).err


def test_a_start_whose_folder_can_t_be_made_waits_as_well(tmp_path: Path, strategy_file: Path) -> None:
    """There is no place for the reason then but standard error."""
    process = started(
        *("start", "--strategy", strategy_file, "--data-dir", strategy_file / "data"),
        MCP_URL="http://127.0.0.1:1",
        MCP_TOKEN="s3cret-token",
        ON_REFUSAL="wait",
    )
    try:
        assert process.stderr is not None
        said = "".join(process.stderr.readline() for _ in range(3))
        process.send_signal(signal.SIGINT)
    finally:
        ran = ended(process)
    assert "error: the start is refused: --data-dir" in said
    assert f"warning: {REFUSED_FILE} can't be written" in said
    assert (ran.code, ran.err) == (2, "stopped: SIGINT\n")


@pytest.mark.parametrize("error", [InputError("a file"), OSError(28, "No space left on device")])
@pytest.mark.parametrize("word", ["wait", "exit"])
def test_what_fails_once_the_engine_has_begun_ends_with_1_and_never_waits(
    tmp_path: Path, error: Exception, word: str
) -> None:
    """Its actors may still trade, and another start may succeed."""

    def engine() -> None:
        with waits_if_refused(tmp_path, {ON_REFUSAL: word}) as start:
            start.begins()
            raise error

    with pytest.raises(FoundWrongError, match="the engine failed: "):
        engine()


def test_an_engine_that_has_lost_its_folder_is_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has ended, other than after another failure; what is started next would begin with empty books."""

    def engine(word: str) -> None:
        with waits_if_refused(tmp_path / "gone", {ON_REFUSAL: word}) as start:
            start.begins()
            raise FolderLostError("there is no data any more")

    with pytest.raises(FolderLostError):
        engine("exit")
    monkeypatch.setattr(refusal._EndingSignal, "wait", lambda _: "SIGTERM")
    with pytest.raises(typer.Exit) as ended_with:
        engine("wait")
    assert ended_with.value.exit_code == 2
    assert "error: the engine has ended: there is no data any more" in capsys.readouterr().err


def test_another_word_is_refused_before_anything_else(cli: Cli, tmp_path: Path) -> None:
    cli.monkeypatch.chdir(tmp_path)
    cli.set(ON_REFUSAL="s3cret")
    ran = cli("start")
    assert ran.code == 2
    assert f"{ON_REFUSAL}: expected exit or wait" in ran.err
    assert "s3cret" not in ran.err


def test_the_next_start_forgets_why_a_killed_one_was_refused(
    cli: Cli, url: str, tmp_path: Path, strategy_file: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / REFUSED_FILE).write_text('{"reason": "as it was"}', "utf-8")
    assert "its start is refused: as it was" in cli("healthcheck", "--data-dir", data).err
    cli.set(MCP_URL=url, MCP_TOKEN="s3cret-token")
    cli("start", "--strategy", strategy_file, "--data-dir", data)
    assert why_refused(data) is None


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 5000, b'{"reason": "a\\u001b[2Jb"}']
)
def test_whatever_stands_in_the_reasons_place_is_shown_harmless(tmp_path: Path, content: bytes) -> None:
    (tmp_path / REFUSED_FILE).write_bytes(content)
    assert "\x1b" not in (why_refused(tmp_path) or "")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / REFUSED_FILE).symlink_to(tmp_path / REFUSED_FILE)
    assert why_refused(tmp_path / "link") is None
