"""What a sweep was asked for, checked before anything is run."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cli.backtest.market_options import require_one_market, require_places
from cli.backtest.options import DEFAULT_SEED, seeds_of
from core.errors import InputError
from core.statistics.folds import Walk
from lab.backtest.sources import Market
from lab.research.axes import SettingAxis, axes_of, grid, sample
from lab.research.points import Impossible, Point, points_of
from lab.research.sweep import SweepSpan
from lab.research.walk import walk_of

SAMPLE_SEED: Final = 1
_ADDRESS: Final = re.compile(r"(tcp|tls)://[^\s/]+:\d{1,5}")


@dataclass(frozen=True)
class Holdout:
    """Nothing from `began` on is read until a confirmation, which reads up to `ended`; None: to the end."""

    began: datetime
    ended: datetime | None


@dataclass(frozen=True)
class SweepOptions:
    """Points that can run, those that can't, the markets, and where to write what was found."""

    axes: tuple[SettingAxis, ...]
    points: tuple[Point, ...]
    impossible: tuple[Impossible, ...]
    markets: tuple[Market, ...]
    span: SweepSpan
    walk: Walk | None
    holdout: Holdout | None
    confirm: int | None
    out: Path | None
    json_file: Path | None
    jobs: int
    cluster: str | None


def options_of(
    *,
    chains: Path | None,
    columns: Path | None,
    model: bool,
    seeds: str | None,
    sets: tuple[str, ...],
    whole_grid: bool,
    sample_size: int | None,
    began: datetime | None,
    ended: datetime | None,
    walk: str | None,
    holdout: datetime | None,
    confirm: int | None,
    strategy: Path,
    assumptions: tuple[str, ...],
    resume_after_days: float | None,
    out: Path | None,
    json_file: Path | None,
    jobs: int | None,
    cluster: str | None,
) -> SweepOptions:
    """Raises `InputError` or `ConfigError`, naming the option, what was found and what was expected."""
    require_one_market(
        chains=chains,
        columns=columns,
        model=model,
        seeds=seeds,
        seeds_option="--seeds",
        began=began,
        ended=ended,
    )
    if whole_grid and sample_size is not None:
        raise InputError("--grid, --sample N: expected one of them, found both")
    read = {"--strategy": strategy, "--chains": chains, "--columns": columns}
    require_places(out=out, json_file=json_file, read=read)
    if holdout is not None and began is not None and holdout <= began:
        raise InputError(f"--holdout: expected a day after --from {began:%Y-%m-%d}, found {holdout:%Y-%m-%d}")
    if holdout is not None and ended is not None and holdout >= ended:
        raise InputError(f"--holdout: expected a day before --to {ended:%Y-%m-%d}, found {holdout:%Y-%m-%d}")
    if confirm is not None and holdout is not None and out is None:
        raise InputError("--confirm, --holdout: expected --out, too, where the look is put on record")
    if cluster is not None and jobs is not None:
        raise InputError("--jobs, --cluster: expected one of them, found both")
    if cluster is not None and _ADDRESS.fullmatch(cluster) is None:
        raise InputError(f"--cluster: expected tcp://HOST:PORT or tls://HOST:PORT, found {cluster!r}")
    steps = None if walk is None else walk_of(walk)
    axes = axes_of(sets)
    combinations = grid(axes) if sample_size is None else sample(axes, sample_size, SAMPLE_SEED)
    points, impossible = points_of(strategy, combinations)
    numbers = (
        (0,) if chains is not None else seeds_of(str(DEFAULT_SEED) if seeds is None else seeds, "--seeds")
    )
    return SweepOptions(
        axes=axes,
        points=points,
        impossible=impossible,
        markets=tuple(Market(chains, number, assumptions, columns) for number in numbers),
        span=SweepSpan(
            began=_utc(began),
            ended=_utc(ended if holdout is None else holdout),
            resume_after=None if resume_after_days is None else timedelta(days=resume_after_days),
        ),
        walk=steps,
        holdout=None if holdout is None else Holdout(holdout.replace(tzinfo=UTC), _utc(ended)),
        confirm=confirm,
        out=out,
        json_file=json_file,
        jobs=jobs or len(os.sched_getaffinity(0)),
        cluster=cluster,
    )


def _utc(day: datetime | None) -> datetime | None:
    return None if day is None else day.replace(tzinfo=UTC)
