"""Fixtures of the command line's tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from config import write_hash
from tests.cli.support import ROOT, Cli


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
