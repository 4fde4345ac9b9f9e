"""What a backtest was asked for, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cli.backtest.market_options import require_one_market, require_places
from cli.options import SEED_MAX
from core.errors import InputError
from core.plain_number import plain_whole
from lab.backtest.result import Plan, Road
from lab.backtest.schedule import Schedule
from lab.backtest.settings import load_settings
from lab.backtest.sources import Market

SEEDS_MAX: Final = 10_000
DEFAULT_SEED: Final = 7


@dataclass(frozen=True)
class BacktestOptions:
    """One plan a seed, and where to write what they found."""

    plans: tuple[Plan, ...]
    out: Path | None
    json_file: Path | None
    jobs: int
    checks: bool
    """Run each plan on both roads and compare them."""


def options_of(
    *,
    chains: Path | None,
    columns: Path | None,
    model: bool,
    seed: str | None,
    began: datetime | None,
    ended: datetime | None,
    strategy: Path,
    changes: tuple[str, ...],
    assumptions: tuple[str, ...],
    resume_after_days: float | None,
    out: Path | None,
    json_file: Path | None,
    jobs: int,
    road: Road,
    schedule: Schedule,
    latency_ms: float,
    checks: bool,
) -> BacktestOptions:
    """Raises `InputError` or `ConfigError`, naming the option, what was found and what was expected."""
    require_one_market(
        chains=chains,
        columns=columns,
        model=model,
        seeds=seed,
        seeds_option="--seed",
        began=began,
        ended=ended,
    )
    read = {"--strategy": strategy, "--chains": chains, "--columns": columns}
    require_places(out=out, json_file=json_file, read=read)
    if checks and (out is not None or latency_ms):
        found = "--out" if out is not None else "--latency-ms"
        raise InputError(f"--check: expected without {found}; it runs both roads, each answer at once")
    if latency_ms and out is not None:
        raise InputError("--out: expected without --latency-ms, which runs twice; --json takes both runs")
    if latency_ms and road is Road.CORE:
        raise InputError("--latency-ms: expected --road actors too; the core road waits for no answer")
    settings = load_settings(strategy, changes)
    seeds = (0,) if chains is not None else seeds_of(str(DEFAULT_SEED) if seed is None else seed, "--seed")
    if out is not None and len(seeds) > 1:
        raise InputError("--out: expected one seed; --json takes the figures of several")
    resume_after = None if resume_after_days is None else timedelta(days=resume_after_days)
    plans = tuple(
        Plan(
            market=Market(chains, number, assumptions, columns),
            settings=settings,
            began=None if began is None else began.replace(tzinfo=UTC),
            ended=None if ended is None else ended.replace(tzinfo=UTC),
            resume_after=resume_after,
            road=road,
            schedule=schedule,
            latency_s=latency_ms / 1000.0,
        )
        for number in seeds
    )
    return BacktestOptions(plans, out, json_file, jobs, checks)


def seeds_of(text: str, option: str) -> tuple[int, ...]:
    """`7`, or `1:20` for each from 1 to 20. Raises `InputError` that names the option."""
    first_text, colon, last_text = text.partition(":")
    first = plain_whole(first_text)
    last = plain_whole(last_text) if colon else first
    if first is None or last is None or max(abs(first), abs(last)) > SEED_MAX:
        raise InputError(f"{option}: expected a whole number, or two such as 1:20, found {text!r}")
    if not 0 <= last - first < SEEDS_MAX:
        raise InputError(
            f"{option}: expected A:B, at most {SEEDS_MAX:,} seeds from A to B and B not before A, "
            f"found {text!r}"
        )
    return tuple(range(first, last + 1))
