"""Secrets of the environment: in a variable, or in the file that the variable of the same name with `_FILE`
names, as containers and systemd's credentials give them. The one reader of such files."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from core.errors import InputError
from core.redaction import FILE_ENDING

SECRET_BYTES_MAX: Final = 4096


def file_variable(name: str) -> str:
    """The variable that names the file of a secret."""
    return f"{name}{FILE_ENDING}"


def secret_from_env(env: Mapping[str, str], name: str) -> str:
    """The secret, or an empty text if neither variable is set. White space around it in its file is left out.

    Raises InputError, which repeats nothing of the secret, if both are set or the file won't do.
    """
    value = env.get(name, "")
    by_file = file_variable(name)
    named = env.get(by_file, "").strip()
    if not named:
        return value
    if value.strip():
        raise InputError(f"{name}: expected the secret in {name} or in the file of {by_file}, found both set")
    text = secret_in_file(by_file, named)
    if not text:
        raise InputError(f"{by_file}: expected a file with the secret, found an empty one")
    return text


def secret_in_file(variable: str, named: str) -> str:
    """The text in a file that others can't read and the group can't change. Raises InputError.

    The group may read it: a container's user gets it as one of the group, because the file keeps its owner.
    """
    try:
        # A pipe would block, and a device never end.
        handle = os.open(Path(named), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            mode = os.fstat(handle).st_mode
            content = os.read(handle, SECRET_BYTES_MAX + 1) if stat.S_ISREG(mode) else b""
        finally:
            os.close(handle)
    except PermissionError as error:
        raise InputError(
            f"{variable}: expected a file that uid {os.geteuid()} can read, found {error.strerror} "
            "(for a container: install -m 0440 -g 10001)"
        ) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "a name that no file can have"
        raise InputError(f"{variable}: expected a file that can be read, found {why}") from None
    if not stat.S_ISREG(mode) or len(content) > SECRET_BYTES_MAX:
        raise InputError(f"{variable}: expected a small file, found something else")
    if mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise InputError(
            f"{variable}: expected a file that others can't read and the group can't change "
            f"(chmod 0600; for a container: install -m 0440 -g 10001), found mode {stat.S_IMODE(mode):04o}"
        )
    try:
        return content.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise InputError(f"{variable}: expected a file of text, found other bytes") from None
