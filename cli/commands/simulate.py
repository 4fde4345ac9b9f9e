"""`simulate`: whole engines in virtual time, disturbed by what seeds draw, checked all the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_STRATEGY, StrategyFile, named_path, number_option, whole_option

app = typer.Typer(rich_markup_mode=None)


@app.command()
def simulate(
    seeds: Annotated[str, typer.Option(metavar="A:B", help="The seeds from A to B, B left out.")] = "0:20",
    days: Annotated[float, number_option(0.5, 400, text="How many market days each seed runs.")] = 7,
    faults: Annotated[
        str,
        typer.Option(
            metavar="PROFILE",
            help="What is drawn: all, none, or one of venue, process, disk, clock, person, second.",
        ),
    ] = "all",
    schedule: Annotated[
        str,
        typer.Option(
            metavar="production|sparse",
            help="Run the jobs that trade nothing as set, or seldom: probes hourly, backup, snapshot daily.",
        ),
    ] = "sparse",
    only: Annotated[
        str | None, typer.Option(metavar="N,N…", help="Play only these of the drawn acts, by their numbers.")
    ] = None,
    shrink: Annotated[
        bool, typer.Option("--shrink", help="Find fewer acts that give the same breach.")
    ] = False,
    jobs: Annotated[
        int | None, whole_option(1, 256, text="How many processes; if not given, one a core.")
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", parser=named_path, help="Note each seed here, and leave out those noted already."
        ),
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option("--json", metavar="FILE", parser=named_path, help="Write every seed's outcome as JSON."),
    ] = None,
    strategy: StrategyFile = DEFAULT_STRATEGY,
) -> None:
    """Hunt for faults: crashes, kills, late requests, full disks, clocks that are set, a person's commands.

    A breach of what must never happen is shown with the command that replays it, and the exit code is 1.

    Example: run.py simulate --seeds 0:20 --days 2
    """
    from cli.simulating import Simulation

    Simulation(
        seeds=seeds,
        days=days,
        faults=faults,
        schedule=schedule,
        only=only,
        shrink=shrink,
        jobs=jobs,
        journal=journal,
        json_file=json_file,
        strategy=strategy,
    ).run()
