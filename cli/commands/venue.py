"""`venue`: the embedded venue's model market alone, in real time, its account kept on disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.options import SEED_MAX, named_path, whole_option
from cli.views.say import say

app = typer.Typer(rich_markup_mode=None)


@app.command()
def venue(
    port: Annotated[int, whole_option(0, 65535, text="The TCP port on loopback; 0 takes a free one.")] = 9000,
    seed: Annotated[
        int, whole_option(-SEED_MAX, SEED_MAX, text="The seed that the market's path is drawn from.")
    ] = 7,
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
    data_dir: Annotated[
        Path,
        typer.Option(
            "--data-dir", metavar="DIR", parser=named_path, help="The folder of the venue's own account."
        ),
    ] = Path("data-venue"),
) -> None:
    """Serve the model market in real time, so that `start` runs against it as against the real thing.

    The token is CERBERO_BITE_MCP_TOKEN, or a new one that is shown.

    Example: run.py venue --port 9000 --seed 7
    """
    from cli.data_folder import private_files
    from config import secret_from_env
    from gateway.paper.launch import Listening, PaperVenueConfig, new_token
    from gateway.paper.process import main

    given = secret_from_env(os.environ, "CERBERO_BITE_MCP_TOKEN").strip()
    token = given or new_token()

    def announce(ready: Listening) -> None:
        say(f"CERBERO_BITE_MCP_URL=http://127.0.0.1:{ready.port}")
        say(f"CERBERO_BITE_MCP_TOKEN={'(as in the environment)' if given else token}")
        say(f"# {ready.market}, account in {data_dir}; assumes {ready.assumptions}")
        sys.stdout.flush()

    config = PaperVenueConfig(
        seed=seed,
        faults=tuple(fault or ()),
        assumptions=tuple(assume or ()),
        token=token,
        data_dir=data_dir,
        driven=False,
        port=port,
        end_with_parent=False,
    )
    with private_files():
        main(config, announce)
