"""`stop`: end the running engine in good order."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DEFAULT_DATA_DIR, DataDir
from cli.views.say import say

ANSWER_S = 10.0
"""An engine that has not answered by then may still stop, for which it is given its time afterwards."""

app = typer.Typer(rich_markup_mode=None)


@app.command()
def stop(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    reason: Annotated[
        str, typer.Option(help="Say why; it is written to the audit log.")
    ] = "asked by the operator",
) -> None:
    """Stop the running engine in good order; returns when it has let the data folder go.

    Example: run.py stop --reason "maintenance"
    """
    from actors.control.wire import RequestName
    from cli.data_folder import wait_until_free
    from core.errors import FoundWrongError, NoAnswerError
    from core.messages.control import EngineStopping
    from reading.control_client import ask_engine, request_of

    try:
        request = request_of(RequestName.STOP, reason=reason)
        ask_engine(data_dir, request, EngineStopping, answer_s=ANSWER_S)
        unanswered = None
    except NoAnswerError as error:
        # An engine that stops at once may close its socket before it has answered.
        unanswered = error
    if not wait_until_free(data_dir, timeout_s=15.0):
        raise unanswered or FoundWrongError("the engine accepted the stop but still runs after 15 s")
    say("stopped")
