"""Masks the secrets of the environment in whatever a person is shown. Small: every command needs it."""

from __future__ import annotations

import os
import stat
from functools import cache

from core.redaction import OWN_VARIABLES, Redactor, secret_files_of, secrets_of

SECRET_BYTES_MAX = 4096


def redacted(text: str) -> str:
    """The text without the secrets of the environment that can't be an ordinary word or number."""
    variables = _variables()
    in_files = _read(secret_files_of(variables))
    return _redactor(secrets_of({**variables, **dict(in_files)}))(text)


def _variables() -> dict[str, str]:
    """This project's part of the environment as it is now. Another thread may take a variable out meanwhile,
    as typer does with one of pydantic's, and going through `os.environ` itself would fail at that one."""
    names = [name for name in os.environ if name.startswith(OWN_VARIABLES)]
    return {name: value for name in names if (value := os.environ.get(name)) is not None}


@cache
def _read(files: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """What is in these files, as far as it can be read: here it is only masked, so that whose they are and
    who else reads them is not asked."""
    found = []
    for name, path in files:
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except (OSError, ValueError):
            continue
        try:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                found.append((name, os.read(handle, SECRET_BYTES_MAX).decode("utf-8", "replace").strip()))
        except OSError:
            continue
        finally:
            os.close(handle)
    return tuple(found)


@cache
def _redactor(secrets: tuple[str, ...]) -> Redactor:
    return Redactor(secrets).of_unmistakable
