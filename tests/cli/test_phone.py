"""`phone secret`: a secret that the app takes and that the engine reads."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.phone import phone_from_env
from tests.cli.support import Cli


def test_the_secret_that_is_shown_is_the_one_that_is_read(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "totp"
    ran = cli("phone", "secret", path)
    assert ran.code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = phone_from_env(
        {"CERBERO_BITE_TELEGRAM_COMMANDS": "act", "CERBERO_BITE_TELEGRAM_TOTP_FILE": str(path)},
        SecretStr("12"),
    )
    assert found is not None
    assert found.secret is not None
    assert f"secret={found.secret.get_secret_value()}&" in ran.out


def test_a_file_that_is_there_is_left_as_it_is(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "totp"
    path.write_text("mine", encoding="ascii")
    ran = cli("phone", "secret", path)
    assert (ran.code, "expected no file of that name" in ran.err) == (2, True)
    assert path.read_text("ascii") == "mine"


def test_a_link_is_not_followed(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "totp").symlink_to(tmp_path / "elsewhere")
    assert cli("phone", "secret", tmp_path / "totp").code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_a_place_that_can_not_hold_it_is_named(cli: Cli, tmp_path: Path) -> None:
    ran = cli("phone", "secret", tmp_path / "none" / "totp")
    assert (ran.code, "expected a place for a new file" in ran.err) == (2, True)


def test_without_room_no_file_is_left_and_the_next_try_can_succeed(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "totp"

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", full)
        ran = cli("phone", "secret", path)
    assert (ran.code, ran.out) == (2, "")
    assert f"{path}: expected room for the secret: No space left on device" in ran.err
    assert list(tmp_path.iterdir()) == []
    assert cli("phone", "secret", path).code == 0
