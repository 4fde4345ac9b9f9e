"""`page`: what is going on, in a browser."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, DataDir, named_path, whole_option
from cli.views.say import say

if TYPE_CHECKING:
    from page.app import Page
    from page.door.hosts import Hosts

app = typer.Typer(rich_markup_mode=None)
DEFAULT_PORT = 9470


@app.command()
def page(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=named_path,
            help="Show a finished run instead: what `paper --json` or `backtest --json` wrote, or a folder of"
            " `backtest --out` or `sweep --out`.",
        ),
    ] = None,
    port: Annotated[int, whole_option(0, 65535, text="The TCP port; 0 takes a free one.")] = DEFAULT_PORT,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Listen there; another one than this machine's needs a variable, too."
        ),
    ] = "127.0.0.1",
    public_name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The name of the TLS proxy that stands before the page."),
    ] = None,
    links: Annotated[
        int, whole_option(1, 8, text="How many links to print; each lets one browser in, once.")
    ] = 1,
) -> None:
    """Show in a browser what is going on: verdict, position, money, why and health, until Ctrl-C.

    It only reads, apart from ARM, which asks once more and then does what run.py kill-switch arm does. The
    link that it prints works once within 10 minutes; start it again for another one.

    Example: run.py page --data-dir data
    """
    from cli.collector import look_again
    from cli.http_server import listening, serve
    from config.metrics import stays_here
    from config.page import PAGE_EXPOSE, page_host
    from config.page import public_name as checked_name
    from core.errors import InputError
    from page.app import make_app
    from page.door.hosts import Hosts
    from page.memory import one_arena, settle

    one_arena()
    address = page_host(host, os.environ)
    exposed = not stays_here(address)
    hosts = Hosts(checked_name(public_name), exposed)
    if report is None and not data_dir.is_dir():
        raise InputError(f"--data-dir {data_dir}: expected the folder of an engine, found none")
    made = _of_folder(data_dir, hosts) if report is None else _of_run(report, hosts)
    app = make_app(made)
    with listening(address, port, of_host="--host") as listener:
        bound = int(listener.getsockname()[1])
        shown = f"[{address}]" if ":" in address else address
        base = f"http://{shown}:{bound}" if hosts.public_name is None else f"https://{hosts.public_name}"
        say(
            f"page of {data_dir if report is None else report}, on {shown}:{bound}; "
            "once each, within 10 minutes:"
        )
        for _ in range(links):
            say(f"{base}/enter?token={made.access.new_link()}")
        if exposed:
            say(
                f"{PAGE_EXPOSE}: --host {address}: whoever listens on the network can read what the page says"
                " and take over its cookie; keep it in a network of your own, or use ssh -L or TLS"
            )
        sys.stdout.flush()
        settle()
        look_again()
        serve(app, listener)


def _of_folder(data_dir: Path, hosts: Hosts) -> Page:
    from datetime import UTC, datetime

    from config.instance import instance_name_from_env
    from page.compose import page_of_folder

    name = instance_name_from_env(os.environ) or data_dir.resolve().name or "cerbero-bite"
    return page_of_folder(data_dir, name, lambda: datetime.now(UTC), hosts)


def _of_run(file: Path, hosts: Hosts) -> Page:
    """Of a file, or of the folder of a backtest or a sweep."""
    from page.compose import page_of_run, page_of_sweep
    from page.finished import FinishedViews

    of_backtest = file / "run.json"
    if of_backtest.is_file():
        return page_of_run(FinishedViews(of_backtest), file.name, of_backtest, hosts)
    if file.is_dir():
        return page_of_sweep(file, hosts)
    return page_of_run(FinishedViews(file), file.name, file, hosts)
