"""The options of a paper run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PaperOptions:
    """The options from the command line: `days` in market time, `speed` in market seconds a second."""

    days: float
    speed: float | None
    seed: int
    chains: Path | None
    hold_between: bool
    strategy: Path
    faults: tuple[str, ...]
    assumptions: tuple[str, ...]
    show_view: bool
    json_file: Path | None
    keep: bool
    data_dir: Path
    svg: Path | None
    send_alerts: bool
