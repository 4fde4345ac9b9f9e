"""A sweep of four points over a week, as its command leaves it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import main
from lab.research import tried

SWEEP = ("sweep", "--model", "--seeds", "1", "--to", "2026-01-12", "--jobs", "1")


def write_sweep(folder: Path) -> Path:
    """Returns the folder that the page opens."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tried, "FOLDER", folder / "tried")
        sets = ("--set", "exits.profit_of_credit=0.4,0.5", "--set", "strikes.delta_target=0.18,0.2")
        assert main([*SWEEP, *sets, "--out", str(folder / "out")]) == 0
    return folder / "out"
