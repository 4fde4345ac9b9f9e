"""`alert test`: does an alert reach the operator?"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import typer

from cli.options import DEFAULT_DATA_DIR, DEFAULT_STRATEGY, AsJson, DataDir, StrategyFile
from cli.sentences import SentenceGroup

app = typer.Typer(
    cls=SentenceGroup, rich_markup_mode=None, no_args_is_help=True, help="The channels that alerts go over."
)


@app.callback()
def _group() -> None:
    """`test` stays a command of its own name while it is the only one."""


@app.command("test")
def send(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    strategy: StrategyFile = DEFAULT_STRATEGY,
    as_json: AsJson = False,
) -> None:
    """Send a test over every alert channel and say whether each has taken it; exit code 1 if one has not.

    A running engine sends it over its own channels, past its queues; without one, the channels are those of
    the environment, and the strategy file says where this engine would trade. Example: run.py alert test
    """
    from pydantic import JsonValue

    from actors.channels import alert_channels, redactor
    from actors.control.wire import RequestName
    from cli.channels import ChannelFound, send_test, sender_of
    from cli.upstream import tls_of
    from cli.views.output import show_json, show_table
    from config import channels_from_env, instance_name_from_env, trust_from_env
    from core.errors import FoundWrongError
    from core.messages.alerting import ChannelsTried
    from reading.control_client import ask_engine, request_of
    from reading.engine_lock import running_engine

    if running_engine(data_dir) is not None:
        tried = ask_engine(data_dir, request_of(RequestName.TRY_CHANNELS), ChannelsTried)
        by, found = "engine", [ChannelFound(one.channel, one.error) for one in tried.channels]
    else:
        settings = channels_from_env(os.environ)
        tls = tls_of(trust_from_env(os.environ), *(channel.goes_to[1] for channel in settings))
        by = "environment"
        sender = sender_of(strategy, instance_name_from_env(os.environ), data_dir)
        channels = alert_channels(settings, sender, tls)
        found = send_test(channels, redactor(None, settings), datetime.now(UTC))
    if as_json:
        told: list[JsonValue] = [
            {"channel": one.channel, "taken": one.error is None, "error": one.error} for one in found
        ]
        show_json({"by": by, "channels": told})
    else:
        show_table(
            ("channel", "by", "taken", "error"),
            ((one.channel, by, "no" if one.error else "yes", one.error or "") for one in found),
            empty="no alert channel is set up: alerts go to the log alone",
        )
    failed = [f"{one.channel}: {one.error}" for one in found if one.error is not None]
    if failed:
        raise FoundWrongError("; ".join(failed))
