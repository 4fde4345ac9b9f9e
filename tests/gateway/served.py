"""Commands that serve, as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

RUN: Final = [sys.executable, str(Path(__file__).resolve().parents[2] / "run.py")]


@contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[dict[str, str]]:
    """A command that serves, and the variables that it prints."""
    command = subprocess.Popen(
        [*RUN, *arguments], env=os.environ | variables, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert command.stdout is not None
    found: dict[str, str] = {}
    try:
        for line in command.stdout:
            if line.startswith("#"):
                break
            name, _, value = line.strip().partition("=")
            found[name] = value
        yield found
    finally:
        command.terminate()
        assert command.wait(20) == 0
        command.stdout.close()
