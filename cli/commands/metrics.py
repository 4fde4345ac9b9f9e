"""`metrics`: the engine in figures, for Prometheus."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, DataDir, whole_option
from cli.views.say import say

if TYPE_CHECKING:
    from core.messages.arm_cause import ArmCause

app = typer.Typer(rich_markup_mode=None)
DEFAULT_PORT = 9464


@app.command()
def metrics(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    port: Annotated[int, whole_option(0, 65535, text="The TCP port; 0 takes a free one.")] = DEFAULT_PORT,
) -> None:
    """Serve the figures of an engine at /metrics, for Prometheus, until Ctrl-C; an engine that is dead is one
    of them.

    It listens on this machine alone, unless CERBERO_BITE_METRICS_HOST names another address. It only reads,
    and asks the engine at most once a second.

    Example: run.py metrics --data-dir data --port 9464
    """
    from cli.http_server import listening, serve
    from cli.metrics_server import PATH, make_app
    from config.metrics import METRICS_HOST, metrics_host, stays_here
    from core.errors import InputError
    from reading.metrics.reader import MetricsReader

    host = metrics_host(os.environ)
    if not data_dir.is_dir():
        raise InputError(f"--data-dir {data_dir}: expected the folder of an engine, found none")
    reader = MetricsReader(data_dir, armed_by=_armed_by)
    with listening(host, port, of_host=METRICS_HOST) as listener:
        bound = int(listener.getsockname()[1])
        say(f"metrics of {data_dir}: http://{f'[{host}]' if ':' in host else host}:{bound}{PATH}")
        if not stays_here(host):
            say(
                f"{METRICS_HOST}: {host}: whoever reaches this port over the network reads equity, positions "
                "and P&L, without a password; keep it behind a firewall or in a network of containers"
            )
        sys.stdout.flush()
        serve(make_app(reader.figures, local=stays_here(host)), listener)


def _armed_by(folder: Path) -> Collection[ArmCause] | None:
    from reading.switch.stored import stored_status

    switch = stored_status(folder)
    return switch.causes if switch.armed else None
