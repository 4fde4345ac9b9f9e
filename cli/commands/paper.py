"""`paper`: the embedded venue and the engine in one command, on a market clock that jumps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import (
    DEFAULT_STRATEGY,
    SEED_MAX,
    StrategyFile,
    named_path,
    number_option,
    whole_option,
)
from cli.views.say import DATA_DIR_VARIABLE

app = typer.Typer(rich_markup_mode=None)
DEFAULT_PAPER_DIR = Path("data-paper")


@app.command()
def paper(
    days: Annotated[float, number_option(0.01, 3650, text="How many market days to run.")] = 28,
    speed: Annotated[
        float | None,
        number_option(
            1, 1e9, text="Run so many market seconds in a second, for the eye; without it as fast as it goes."
        ),
    ] = None,
    seed: Annotated[
        int,
        whole_option(
            -SEED_MAX, SEED_MAX, text="The seed that the model market and its faults are drawn from."
        ),
    ] = 7,
    chains: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=named_path, help="Replay the recorded chains of this folder."),
    ] = None,
    between: Annotated[
        str,
        typer.Option(
            metavar="move|hold", help="What quotes do between two recorded snapshots; hold needs --chains."
        ),
    ] = "move",
    strategy: StrategyFile = DEFAULT_STRATEGY,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TARGET:KIND[:RATE]", help="Have the venue play this fault; give it once for each."
        ),
    ] = None,
    assume: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Set an assumption of the venue; give it once for each."),
    ] = None,
    no_ui: Annotated[
        bool, typer.Option("--no-ui", help="Show no live view, but one line a market day and the summary.")
    ] = False,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json", metavar="FILE", parser=named_path, help="Write the run as JSON (docs/report.md)."
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Go on with the account of the last run.")] = False,
    data_dir: Annotated[
        Path,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            parser=named_path,
            envvar=DATA_DIR_VARIABLE,
            help="The folder of the paper account, which a new run empties.",
        ),
    ] = DEFAULT_PAPER_DIR,
    svg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", parser=named_path, help="Draw the last screen of the view that held a position."
        ),
    ] = None,
    send_alerts: Annotated[
        bool,
        typer.Option(
            "--telegram",
            help="Send alerts over Telegram or the webhook, if set up; otherwise they stay in the log.",
        ),
    ] = False,
) -> None:
    """Trade the embedded venue and show the engine at work; Ctrl-C ends it with the same summary.

    Example: run.py paper --days 28 --seed 1 --json out.json
    """
    from cli.paper.options import PaperOptions
    from cli.paper.start import run_paper
    from cli.result_files import require_apart, require_file, text_beside
    from core.errors import InputError

    if between not in ("move", "hold"):
        raise InputError(f"--between: expected move or hold, found {between!r}")
    if between == "hold" and chains is None:
        raise InputError("--between hold: expected --chains too; the model market has no snapshots to hold")
    for option, path in (("--json", json_file), ("--svg", svg)):
        require_file(option, path)
    text = None if svg is None else text_beside(svg)
    require_apart(
        {"--json": json_file, "--svg": svg, "the text of --svg": text}, read={"--strategy": strategy}
    )
    run_paper(
        PaperOptions(
            days=days,
            speed=speed,
            seed=seed,
            chains=chains,
            hold_between=between == "hold",
            strategy=strategy,
            faults=tuple(fault or ()),
            assumptions=tuple(assume or ()),
            show_view=not no_ui,
            json_file=json_file,
            keep=keep,
            data_dir=data_dir,
            svg=svg,
            send_alerts=send_alerts,
        )
    )
