"""`sweep`: many points of a strategy, run on all cores, and what so many tries prove."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.backtest.market_options import Assumptions, Began, Columns, Ended, ResumeAfterDays, Seeds
from cli.options import DEFAULT_STRATEGY, StrategyFile, day_option, named_path, whole_option

app = typer.Typer(rich_markup_mode=None)
POINTS_MAX = 10_000


@app.command()
def sweep(
    chains: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=named_path, help="Over the recorded chains of this folder."),
    ] = None,
    columns: Columns = None,
    model: Annotated[bool, typer.Option("--model", help="Over the model market of seeds.")] = False,
    seeds: Seeds = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=V,V,…",
            help="An axis; once for each. KEY=V,V;OTHER=V,V moves several settings together.",
        ),
    ] = None,
    grid: Annotated[bool, typer.Option("--grid", help="Run every combination, as without --sample.")] = False,
    sample: Annotated[
        int | None,
        whole_option(1, POINTS_MAX, text="Only so many combinations, drawn the same each time."),
    ] = None,
    began: Began = None,
    ended: Ended = None,
    walk: Annotated[
        str | None,
        typer.Option(
            metavar="train=Nw,test=Nw,step=Nw",
            help="Choose on training weeks, report on the test weeks after them; rolling and anchored.",
        ),
    ] = None,
    holdout: Annotated[
        datetime | None,
        day_option(text="Read nothing from this day (UTC) on, until --confirm."),
    ] = None,
    confirm: Annotated[
        int | None,
        whole_option(1, 100, text="Repeat so many of the best through the actors, and behind the holdout."),
    ] = None,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    assume: Assumptions = None,
    resume_after_days: ResumeAfterDays = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="Keep journal, answer and reports in here; a second run computes only what is missing.",
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", parser=named_path, help="Write the answer as JSON, too."),
    ] = None,
    jobs: Annotated[
        int | None, whole_option(1, 256, text="How many processes; if not given, one a core.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="tcp://HOST:PORT", help="Run on the workers of this scheduler instead (docs/research.md)."
        ),
    ] = None,
) -> None:
    """Run every combination of settings over the same market, and say whether the best proves anything.

    Ctrl-C ends it within two seconds; with --out the same command goes on from there.

    Example: run.py sweep --model --seeds 1:4 --set exits.profit_of_credit=0.4,0.5,0.6 --out swept
    """
    from cli.research.options import options_of
    from cli.research.run import run

    run(
        options_of(
            chains=chains,
            columns=columns,
            model=model,
            seeds=seeds,
            sets=tuple(change or ()),
            whole_grid=grid,
            sample_size=sample,
            began=began,
            ended=ended,
            walk=walk,
            holdout=holdout,
            confirm=confirm,
            strategy=strategy,
            assumptions=tuple(assume or ()),
            resume_after_days=resume_after_days,
            out=out,
            json_file=json_file,
            jobs=jobs,
            cluster=cluster,
        ),
        lambda: datetime.now(UTC),
    )
