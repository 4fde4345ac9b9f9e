"""Running commands as a user does: in this process for what is quick, in another for what has a life."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypedDict

import pytest

from cli.main import main

ROOT = Path(__file__).resolve().parents[2]


class Variables(TypedDict, total=False):
    """The variables that the commands read, without their prefix CERBERO_BITE_."""

    MCP_URL: str
    MCP_TOKEN: str
    ENABLE_STRATEGY: str
    TELEGRAM_BOT_TOKEN: str
    TELEGRAM_CHAT_ID: str
    TELEGRAM_API_URL: str
    TELEGRAM_COMMANDS: str
    WEBHOOK_URL: str
    INSTANCE_NAME: str
    DATA_DIR: str
    ON_REFUSAL: str
    ALERT_DIGEST_AT: str


@dataclass(frozen=True)
class Ran:
    """A command's end."""

    code: int
    out: str
    err: str


class Cli:
    """Runs commands in this process with a clean environment of CERBERO_BITE_ variables."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self.monkeypatch = monkeypatch
        for name in list(os.environ):
            if name.startswith("CERBERO_BITE_"):
                monkeypatch.delenv(name)

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(f"CERBERO_BITE_{name}", value)

    def unset(self, *names: str) -> None:
        for name in names:
            self.monkeypatch.delenv(f"CERBERO_BITE_{name}", raising=False)

    def __call__(self, *arguments: str | Path) -> Ran:
        self._capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = self._capsys.readouterr()
        return Ran(int(code), captured.out, captured.err)


def started(
    *arguments: str | Path,
    stdout: int | IO[str] = subprocess.PIPE,
    cwd: Path = ROOT,
    **variables: str,
) -> subprocess.Popen[str]:
    """A command in a process of its own; the test ends it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("CERBERO_BITE_")
    } | {f"CERBERO_BITE_{name}": value for name, value in variables.items()}
    return subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), *map(str, arguments)],
        cwd=cwd,
        env=environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def ended(process: subprocess.Popen[str], timeout_s: float = 60.0) -> Ran:
    """Wait for its end."""
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ran(process.returncode, out, err)
