"""Which jobs of an engine a backtest runs."""

from __future__ import annotations

from enum import StrEnum


class Schedule(StrEnum):
    """Entries, monitors and settlements are always run.

    Production also takes the stored snapshots of an engine: every look of the protections, and every monitor
    that follows from one. Sparse does without, and looks where an entry or a monitor looks.
    """

    PRODUCTION = "production"
    SPARSE = "sparse"
