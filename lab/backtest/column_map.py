"""The small YAML that says which column of a file of snapshots holds what, and the arrays it comes to.

The map names, for each field, the column that holds it. Times of the file are days or moments in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from pydantic import Field, ValidationInfo, field_validator

from config.strategy_file import validated
from config.yaml_lines import read_lined_yaml
from core.section import Section
from core.strategy import TimeOfDay

ROWS_MAX: Final = 20_000_000
FIELDS: Final = ("time", "expiration", "kind", "strike", "spot", "bid", "ask", "mark", "iv", "delta")
NUMBERS: Final = FIELDS[3:]
MAY_BE_EMPTY: Final = frozenset(("bid", "ask", "iv"))


class ColumnMap(Section):
    """Which column holds what. Prices are ETH a contract, `delta` and `iv` as recorded, `spot` in USD."""

    time: str = Field(description="the snapshot's day or time")
    expiration: str = Field(description="the option's last day or its expiry")
    strike: str = Field(description="whole USD")
    kind: str = Field(description="the column of the option's type")
    put: str = Field(description="what stands there for a put")
    call: str | None = Field(None, description="what stands there for a call; if not given, one other text")
    spot: str = Field(description="USD, the index")
    bid: str = Field(description="ETH; 0 or empty is no quote")
    ask: str = Field(description="ETH; 0 or empty is no quote")
    mark: str = Field(description="ETH")
    iv: str = Field(description="a fraction; 0 or empty is none")
    delta: str = Field(description="of one contract, puts negative")
    time_of_day: TimeOfDay = Field("08:00", description="UTC, of times that are days alone")
    dvol_pts: float = Field(60.0, ge=5, le=500, description="points; the file has none")

    @field_validator(*FIELDS)
    @classmethod
    def _is_of_one_field(cls, column: str, info: ValidationInfo) -> str:
        for field in FIELDS:
            if info.data.get(field) == column:
                raise ValueError(f"expected a column of its own, found {column!r}, which holds {field}")
        return column

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in the order of `FIELDS`."""
        return tuple(getattr(self, field) for field in FIELDS)

    @property
    def day_s(self) -> int:
        """Seconds of the day at which a day alone stands."""
        hours, minutes = self.time_of_day.split(":")
        return int(hours) * 3600 + int(minutes) * 60


class Columns(NamedTuple):
    """One row a quote, in the order of the file. Times are seconds since 1970, prices ETH a contract, with 0
    for none; `puts` has 1 for a put and 0 for a call."""

    times_s: Sequence[int]
    expirations_s: Sequence[int]
    puts: Sequence[int]
    strikes_usd: Sequence[float]
    spots_usd: Sequence[float]
    bids_eth: Sequence[float]
    asks_eth: Sequence[float]
    marks_eth: Sequence[float]
    ivs: Sequence[float]
    deltas: Sequence[float]


def read_map(path: Path) -> ColumnMap:
    """Raises `ConfigError` with file, line, key, what was expected and what was found."""
    return validated(read_lined_yaml(path), ColumnMap)
