"""What an examination of a recorded market finds, as values; `data check --json` prints them as they are."""

from __future__ import annotations

from core.contract import UtcTime
from core.values import Value
from gateway.paper.recorded_chains_check import ChainsFound


class HoleFound(Value):
    """A span without quotes."""

    last_snapshot: UtcTime
    next_snapshot: UtcTime
    hours: float


class ReplayFound(Value):
    """What a replay would run through."""

    start: UtcTime
    end: UtcTime
    mondays: int
    """Mondays 14:00 UTC in it."""
    mondays_with_quotes: int


class IndexFound(Value):
    """The index of the snapshots against the hourly file. Fractions."""

    snapshots_with_own: int
    off_median: float | None
    off_worst: float | None
    off_worst_at: UtcTime | None
    basis_noise_hourly: float | None
    """Standard deviation of F/I − 1 at the expiry nearest 11 days, I from the hourly file alone."""
    basis_noise: float | None
    """The same with the I of the replay."""


class AgainstFound(Value):
    """Forwards against the index, or at-the-money IV against DVOL, snapshot by snapshot."""

    least: float
    median: float
    most: float
    snapshots: int
    beyond: int
    """Snapshots in which the engine would block entries."""


class SpanFound(Value):
    """A series."""

    first: UtcTime
    last: UtcTime
    rows: int


class FundingFound(SpanFound):
    """One exchange's funding."""

    exchange: str
    annual_median: float
    """A fraction."""


class RecordFound(Value):
    """The whole examination."""

    folder: str
    usable: bool
    problems: tuple[str, ...]
    """Why it can't be replayed; empty if it can."""
    warnings: tuple[str, ...]
    lacks: tuple[str, ...]
    """What the venue has to assume or do without."""
    not_read: tuple[str, ...]
    """Names of the other files in the folder of the chains."""
    replay: ReplayFound | None
    chains: ChainsFound | None
    max_gap_h: float
    holes: tuple[HoleFound, ...]
    index_hourly: SpanFound | None
    index: IndexFound | None
    forwards: AgainstFound | None
    """|F/S − 1| as a share of what is allowed."""
    dvol_hourly: SpanFound | None
    iv_over_dvol: AgainstFound | None
    funding: tuple[FundingFound, ...]
    funding_missing_days: float | None
    """Days of the replay at which no exchange has a rate of the last nine hours."""
    events: SpanFound | None
