"""The settings of commands from a chat."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.phone import phone_from_env
from core.errors import InputError

CHAT = SecretStr("987654321")
SECRET = base64.b32encode(b"12345678901234567890").decode()
COMMANDS, FILE = "CERBERO_BITE_TELEGRAM_COMMANDS", "CERBERO_BITE_TELEGRAM_TOTP_FILE"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "totp"
    path.write_text(SECRET, encoding="ascii")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("text", ["", " ", "off", "OFF"])
def test_commands_are_off_unless_they_are_asked_for(text: str) -> None:
    assert phone_from_env({COMMANDS: text}, None) is None
    assert phone_from_env({}, CHAT) is None


@pytest.mark.parametrize("mode", ["read", "act"])
def test_a_mode_is_read_with_its_secret(mode: str, secret_file: Path) -> None:
    found = phone_from_env({COMMANDS: mode, FILE: str(secret_file)}, CHAT)
    assert found is not None
    assert (found.mode, found.secret) == (mode, SecretStr(SECRET))
    assert SECRET not in repr(found)
    without = phone_from_env({COMMANDS: mode}, CHAT)
    assert without is not None
    assert without.secret is None


@pytest.mark.parametrize("chat", [None, "-100987654321", "@channel", "९८७", ""])
def test_only_a_private_chat_may_give_commands(chat: str | None) -> None:
    with pytest.raises(InputError, match="CERBERO_BITE_TELEGRAM_COMMANDS") as raised:
        phone_from_env({COMMANDS: "act"}, None if chat is None else SecretStr(chat))
    assert not chat or chat not in str(raised.value)


def test_another_word_is_refused_without_being_repeated() -> None:
    with pytest.raises(InputError, match="expected off, read or act") as raised:
        phone_from_env({COMMANDS: "123:secret"}, CHAT)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("mode", [0o604, 0o620, 0o666, 0o602])
def test_a_secret_that_others_can_read_or_the_group_can_change_is_refused(
    secret_file: Path, mode: int
) -> None:
    secret_file.chmod(mode)
    with pytest.raises(InputError, match=f"found mode {mode:04o}"):
        phone_from_env({COMMANDS: "act", FILE: str(secret_file)}, CHAT)


def test_a_secret_that_its_group_can_read_is_taken(secret_file: Path) -> None:
    """A container's user reads it as one of the group."""
    secret_file.chmod(0o440)
    assert phone_from_env({COMMANDS: "act", FILE: str(secret_file)}, CHAT) is not None


@pytest.mark.parametrize("content", [b"", b"not base32!", b"MFRGG", b"\xff" * 40, b"A" * 5000])
def test_a_file_without_a_secret_is_refused_without_being_repeated(secret_file: Path, content: bytes) -> None:
    secret_file.write_bytes(content)
    with pytest.raises(InputError, match=FILE) as raised:
        phone_from_env({COMMANDS: "act", FILE: str(secret_file)}, CHAT)
    assert "MFRGG" not in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{FILE}: expected a file that can be read"):
        phone_from_env({COMMANDS: "act", FILE: str(tmp_path / "none")}, CHAT)
    with pytest.raises(InputError, match=FILE):
        phone_from_env({COMMANDS: "act", FILE: str(tmp_path)}, CHAT)
