"""Each secret may be in a file that its own variable names; a file that won't do is refused by that name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config import VARIABLES, load_settings, shown_variable
from config.environment import SECRET
from config.secret_file import SECRET_BYTES_MAX, file_variable, secret_from_env
from core.errors import InputError
from core.redaction import secret_files_of, secrets_of
from tests.without_root import without_root

GIVEN = {
    "CERBERO_BITE_MCP_URL": "http://127.0.0.1:9000",
    "CERBERO_BITE_MCP_TOKEN": "s3cret-token",
    "CERBERO_BITE_TELEGRAM_BOT_TOKEN": "1:s3cret-bot",
    "CERBERO_BITE_TELEGRAM_CHAT_ID": "987654321",
    "CERBERO_BITE_WEBHOOK_URL": "https://host/hooks/s3cret",
    "CERBERO_BITE_HEARTBEAT_URL": "https://host/beats/s3cret",
}


def secret_file(folder: Path, name: str, content: bytes, mode: int = 0o600) -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("name", SECRET)
@pytest.mark.parametrize("end", ["", "\n", " \r\n"])
def test_a_secret_in_a_file_makes_the_same_settings(tmp_path: Path, name: str, end: str) -> None:
    path = secret_file(tmp_path, "secret", f"{GIVEN[name]}{end}".encode())
    env = {key: value for key, value in GIVEN.items() if key != name} | {file_variable(name): str(path)}
    assert load_settings(env) == load_settings(GIVEN)


@pytest.mark.parametrize("name", SECRET)
def test_a_secret_that_is_given_twice_is_refused_by_both_names(tmp_path: Path, name: str) -> None:
    path = secret_file(tmp_path, "secret", b"another")
    with pytest.raises(InputError) as raised:
        load_settings(GIVEN | {file_variable(name): str(path)})
    assert f"expected the secret in {name} or in the file of {name}_FILE" in str(raised.value)
    assert GIVEN[name] not in str(raised.value)


def test_blank_variables_count_as_not_set(tmp_path: Path) -> None:
    path = secret_file(tmp_path, "secret", b"of the file")
    assert secret_from_env({"X_TOKEN": " ", "X_TOKEN_FILE": f" {path} "}, "X_TOKEN") == "of the file"
    assert (
        secret_from_env({"X_TOKEN": "of the variable", "X_TOKEN_FILE": " "}, "X_TOKEN") == "of the variable"
    )
    assert secret_from_env({}, "X_TOKEN") == ""


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o601, 0o620, 0o644, 0o666, 0o444])
def test_a_file_that_others_reach_or_the_group_can_change_is_refused(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, "secret", b"s3cret", mode)
    with pytest.raises(InputError, match=rf"^X_TOKEN_FILE: .*0440 -g 10001.*found mode {mode:04o}"):
        secret_from_env({"X_TOKEN_FILE": str(path)}, "X_TOKEN")


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600, 0o640])
def test_the_group_may_read_it_as_a_container_does(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, "secret", b"s3cret", mode)
    assert secret_from_env({"X_TOKEN_FILE": str(path)}, "X_TOKEN") == "s3cret"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found an empty one"),
        (b" \n", "found an empty one"),
        (b"s3cret\xff", "found other bytes"),
        (b"s3cret" * SECRET_BYTES_MAX, "expected a small file"),
    ],
)
def test_a_file_without_a_secret_is_refused_without_being_repeated(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = secret_file(tmp_path, "secret", content)
    with pytest.raises(InputError, match=f"^X_TOKEN_FILE: .*{said}") as raised:
        secret_from_env({"X_TOKEN_FILE": str(path)}, "X_TOKEN")
    assert "s3cret" not in str(raised.value)


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for named in (str(tmp_path), str(pipe), "/dev/zero", str(tmp_path / "none"), "a\0b"):
        with pytest.raises(InputError, match=r"^X_TOKEN_FILE: expected a (small )?file"):
            secret_from_env({"X_TOKEN_FILE": named}, "X_TOKEN")


def test_a_file_of_root_s_in_a_container_is_refused_with_what_to_type(tmp_path: Path) -> None:
    """Compose mounts a secret with the owner and mode that it has on the machine."""
    path = tmp_path / "token"
    path.write_text("a-token", encoding="utf-8")
    path.chmod(0)
    with without_root() as uid, pytest.raises(InputError) as refused:
        secret_from_env({file_variable("CERBERO_BITE_MCP_TOKEN"): str(path)}, "CERBERO_BITE_MCP_TOKEN")
    assert str(refused.value) == (
        f"CERBERO_BITE_MCP_TOKEN_FILE: expected a file that uid {uid} can read, found Permission denied "
        "(for a container: install -m 0440 -g 10001)"
    )


def test_a_secret_pasted_for_a_path_is_not_repeated() -> None:
    with pytest.raises(InputError) as raised:
        secret_from_env({"X_TOKEN_FILE": "s3cret-token"}, "X_TOKEN")
    assert "s3cret" not in str(raised.value)


def test_a_file_variable_is_shown_only_if_its_file_can_be_used(tmp_path: Path) -> None:
    name = file_variable(SECRET[0])
    path = secret_file(tmp_path, "secret", b"s3cret")
    assert shown_variable({name: str(path)}, name) == str(path)
    assert shown_variable({name: "s3cret-token"}, name) == "set, can't be used, not shown"


@pytest.mark.parametrize("name", SECRET)
def test_every_secret_is_known_as_one_by_its_name(name: str) -> None:
    """By its name alone it is masked on the terminal, and so is what its file holds."""
    assert secrets_of({name: "s3cret"}) != ()
    assert secret_files_of({file_variable(name): " /run/s "}) == ((name, "/run/s"),)
    assert file_variable(name) in VARIABLES
    assert "(secret)" in VARIABLES[name]


def test_every_variable_that_is_called_secret_may_be_in_a_file() -> None:
    assert {name for name, meaning in VARIABLES.items() if meaning.endswith("(secret)")} == set(SECRET)
