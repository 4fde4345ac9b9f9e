"""`sweep`: many points of a strategy, run on all cores, and what so many tries prove."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_STRATEGY, StrategyFile, named_path, number_option, whole_option

app = typer.Typer(rich_markup_mode=None)
DAY = ["%Y-%m-%d"]
POINTS_MAX = 10_000


@app.command()
def sweep(
    chains: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=named_path, help="Over the recorded chains of this folder."),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            metavar="MAP",
            parser=named_path,
            help="The columns of a file of snapshots, which --chains names then (docs/backtest.md).",
        ),
    ] = None,
    model: Annotated[bool, typer.Option("--model", help="Over the model market of seeds.")] = False,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="N|A:B", help="The seed of the model market, or each from A to B."),
    ] = None,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=V,V,…",
            help="An axis; once for each. KEY=V,V;OTHER=V,V moves several settings together.",
        ),
    ] = None,
    grid: Annotated[
        bool, typer.Option("--grid", help="Every combination; so it is without --sample, too.")
    ] = False,
    sample: Annotated[
        int | None,
        whole_option(1, POINTS_MAX, text="Only so many combinations, drawn the same each time."),
    ] = None,
    began: Annotated[
        datetime | None,
        typer.Option("--from", formats=DAY, help="Begin on this day (UTC); if not given, with the market."),
    ] = None,
    ended: Annotated[
        datetime | None,
        typer.Option(
            "--to", formats=DAY, help="End before this day (UTC); if not given, with the record or a year."
        ),
    ] = None,
    walk: Annotated[
        str | None,
        typer.Option(
            metavar="train=Nw,test=Nw,step=Nw",
            help="Choose on training weeks, report on the test weeks after them; rolling and anchored.",
        ),
    ] = None,
    holdout: Annotated[
        datetime | None,
        typer.Option(formats=DAY, help="Read nothing from this day (UTC) on, until --confirm."),
    ] = None,
    confirm: Annotated[
        int | None,
        whole_option(1, 100, text="Repeat so many of the best through the actors, and behind the holdout."),
    ] = None,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    assume: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Set an assumption of the venue; give it once for each."),
    ] = None,
    resume_after_days: Annotated[
        float | None,
        number_option(
            0, 3650, text="Have a person resume entries so long after a protection has stopped them."
        ),
    ] = None,
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
