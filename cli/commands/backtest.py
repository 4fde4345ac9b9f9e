"""`backtest`: a strategy over a recorded market or the model market, without an engine."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.backtest.market_options import Assumptions, Began, Columns, Ended, ResumeAfterDays, Seeds
from cli.options import DEFAULT_STRATEGY, StrategyFile, named_path, number_option, whole_option

app = typer.Typer(rich_markup_mode=None)


class RoadName(StrEnum):
    """As `Road`, which is imported when it is run."""

    CORE = "core"
    ACTORS = "actors"


class ScheduleName(StrEnum):
    """As `Schedule`, which is imported when it is run."""

    PRODUCTION = "production"
    SPARSE = "sparse"


@app.command()
def backtest(
    chains: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=named_path, help="Replay the recorded chains of this folder."),
    ] = None,
    columns: Columns = None,
    model: Annotated[bool, typer.Option("--model", help="Run on the model market of a seed.")] = False,
    seed: Seeds = None,
    began: Began = None,
    ended: Ended = None,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a setting of the file; once for each."),
    ] = None,
    assume: Assumptions = None,
    resume_after_days: ResumeAfterDays = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=named_path, help="Write report, trades and account in here."),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", parser=named_path, help="Write the run as JSON (docs/backtest.md)."
        ),
    ] = None,
    jobs: Annotated[
        int, whole_option(1, 64, text="How many seeds to run at the same time, each in a process.")
    ] = 1,
    road: Annotated[
        RoadName,
        typer.Option(help="The rules alone (core), or every actor of the engine on that market (actors)."),
    ] = RoadName.CORE,
    schedule: Annotated[
        ScheduleName,
        typer.Option(help="With the stored snapshots of an engine (production), or without them (sparse)."),
    ] = ScheduleName.PRODUCTION,
    latency_ms: Annotated[
        float,
        number_option(
            0, 5000, text="Milliseconds of market time that each answer takes; with --road actors only."
        ),
    ] = 0.0,
    check: Annotated[
        bool, typer.Option("--check", help="Run both roads, and name the first difference if there is one.")
    ] = False,
) -> None:
    """Run the strategy's own rules over months of market in seconds; Ctrl-C ends it with the same summary.

    Example: run.py backtest --model --seed 7 --to 2026-07-01
    """
    from cli.backtest.options import options_of
    from cli.backtest.run import run
    from lab.backtest.result import Road
    from lab.backtest.schedule import Schedule

    run(
        options_of(
            chains=chains,
            columns=columns,
            model=model,
            seed=seed,
            began=began,
            ended=ended,
            strategy=strategy,
            changes=tuple(change or ()),
            assumptions=tuple(assume or ()),
            resume_after_days=resume_after_days,
            out=out,
            json_file=json_file,
            jobs=jobs,
            road=Road(road),
            schedule=Schedule(schedule),
            latency_ms=latency_ms,
            checks=check,
        )
    )
