"""`start`: the live engine against the upstream host that the environment names."""

from __future__ import annotations

import os

import typer

from cli.options import DEFAULT_DATA_DIR, DEFAULT_STRATEGY, DataDir, StrategyFile

app = typer.Typer(rich_markup_mode=None)


@app.command()
def start(data_dir: DataDir = DEFAULT_DATA_DIR, strategy: StrategyFile = DEFAULT_STRATEGY) -> None:
    """Run the engine against CERBERO_BITE_MCP_URL until it is stopped (run.py stop, SIGTERM or Ctrl-C).

    Strategy mode needs CERBERO_BITE_ENABLE_STRATEGY=true. Example: run.py start --data-dir data
    """
    from cli.refusal import waits_if_refused

    with waits_if_refused(data_dir, os.environ) as begun:
        # Within, for a start may also fail because a module can't be read.
        from cli.live_run import LiveRun

        LiveRun(data_dir, strategy).until_stopped(begun.begins)
