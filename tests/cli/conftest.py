"""Fixtures of the command line's tests."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.signals import ending_signals
from config import write_hash
from tests.cli.support import ROOT, Cli


@pytest.fixture(autouse=True)
def no_signal_is_ignored() -> Iterator[None]:
    """Start processes with the usual signals, however the tests themselves were started.

    A script ignores SIGINT for what it starts with `&`, and `nohup` ignores SIGHUP. A child inherits that and
    rightly leaves it so.
    """
    ignored = [number for number in ending_signals() if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(capsys, monkeypatch)


@pytest.fixture
def strategy_file(tmp_path: Path) -> Path:
    """The project's own strategy, sealed."""
    path = tmp_path / "strategy.yaml"
    shutil.copy(ROOT / "strategy.yaml", path)
    write_hash(path)
    return path
