"""How often the verdict finds an edge where there is none, as `make null-sweeps` has measured it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from pydantic import Field

from core.values import Value

FILE: Final = "null_rate.json"


class NullRate(Value):
    """Of so many sweeps, each over a market year, how many found an edge; `too_few` had too few trades."""

    sweeps: int = Field(ge=1)
    points: int = Field(ge=1)
    found: int = Field(ge=0)
    too_few: int = Field(ge=0)
    code: str


@cache
def measured_rate() -> NullRate | None:
    """What the project ships; None if it was never measured."""
    kept = files("lab.research") / FILE
    return NullRate.model_validate_json(kept.read_text("utf-8")) if kept.is_file() else None
