"""What a paper run was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PaperOptions:
    """What the command line said. `days` and `speed` are market time."""

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
