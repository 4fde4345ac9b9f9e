"""Fixtures of the command line's tests."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import write_hash
from tests.cli.support import ROOT, Cli


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """A started process begins with the usual SIGINT, also if the tests themselves run in the background.

    A script ignores SIGINT for what it starts with `&`. A child inherits that and rightly leaves it so, until
    there is an engine to stop in order.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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
