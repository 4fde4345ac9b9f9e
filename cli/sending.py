"""Sends a person's message to the running engine, after a question where one is due, and shows its end."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import JsonValue

from cli.exit_codes import ExitCode
from cli.questions import needs_yes, question_about
from cli.views.say import say

if TYPE_CHECKING:
    from actors.control.wire import ControlAnswer


def send(
    message: str, body: dict[str, JsonValue], *, data_dir: Path, yes: bool, wait_s: float, as_json: bool
) -> None:
    """Return when the message has ended as asked.

    Raises FoundWrongError if it led to something else, InputError if it has to be confirmed and can't be,
    typer.Abort if the person says no, typer.Exit with the code of what is still under way.
    """
    from actors.control.wire import RequestName
    from core.errors import FoundWrongError
    from reading.control_client import exchange, request_of

    ask_first(message, body, yes=yes)
    last = None
    request = request_of(RequestName.INJECT, message=message, body=body, wait_s=wait_s)
    for last in exchange(data_dir, request):
        if last.more and not as_json:
            say(under_way(last))
    if last is None or not isinstance(last.body, dict):
        raise FoundWrongError("engine: the connection ended without an answer")
    if last.answer == "InjectAccepted":
        outcome: dict[str, JsonValue] = {**last.body, "answer": None}
    else:
        outcome = {**last.body, "body": json.loads(str(last.body["body"]))}
    _show_outcome(outcome, wait_s, as_json)


def ask_first(message: str, body: dict[str, JsonValue], *, yes: bool) -> None:
    """Say what will happen and have the person agree, unless `yes`.

    Raises InputError where nobody can be asked, typer.Abort if they do not agree.
    """
    from core.errors import InputError

    question = question_about(message, body)
    if yes or question is None:
        return
    if sys.stdin is not None and sys.stdin.isatty():
        say(question, err=True)
        typer.confirm("Go on?", default=False, abort=True, err=True)
    elif needs_yes(message):
        raise InputError(f"{message}: expected --yes, because nobody can be asked here. {question}")


def under_way(line: ControlAnswer) -> str:
    """What a line says of a message that has not ended: that it is on disk only if it is."""
    body = line.body if isinstance(line.body, dict) else {}
    if line.answer == "InjectWaits":
        return f"under way: {body.get('text')}"
    if body.get("on_disk") is True:
        return "accepted and on disk, waiting for its end"
    return "taken, and not done before it is answered; waiting for the answer"


def _show_outcome(outcome: dict[str, JsonValue], wait_s: float, as_json: bool) -> None:
    from cli.views.output import show_fields, show_json
    from core.errors import FoundWrongError

    if as_json:
        show_json(outcome)
    answer, body = outcome.get("answer"), outcome.get("body")
    if answer is None:
        name = f"{outcome['message']} {outcome['request_id']}"
        if outcome.get("on_disk") is not True:
            raise FoundWrongError(
                f"{name}: no answer within {wait_s:g} s; it is not known whether it is done"
            )
        if not as_json:
            say(f"{name}: on disk and under way after {wait_s:g} s; an alert will tell its end")
        if wait_s > 0:
            raise typer.Exit(ExitCode.UNDER_WAY)
        return
    fields = body if isinstance(body, dict) else {}
    if not as_json:
        say(f"{outcome['message']} led to {answer}", *_sentence(str(outcome["message"]), str(answer), fields))
        text = fields.get("text")
        show_fields(
            (name, _plain(value))
            for name, value in fields.items()
            if value not in ("", None, []) and name != "text"
        )
        # A line for each rule, indented, so that none is taken for what the command itself says.
        say(*(f"  {line}" for line in str(text or "").split("\n") if line))
    unknown_position = answer == "ExitEnded" and fields.get("state") is None
    not_run = fields.get("outcome") in ("expired", "interrupted")
    if answer == "Refused" or unknown_position or not_run or str(answer).endswith("Failed"):
        reasons = fields.get("reasons")
        raise FoundWrongError("; ".join(map(str, reasons)) if isinstance(reasons, list) else str(answer))
    if answer == "EntriesPaused" and fields.get("not_on_disk") is not None:
        raise FoundWrongError("paused in memory only: the pause ends when the engine or its switch restarts")
    if fields.get("not_on_disk") is not None:
        raise FoundWrongError(f"armed in memory only: KILL could not be laid: {fields['not_on_disk']}")


def _sentence(message: str, answer: str, fields: dict[str, JsonValue]) -> tuple[str, ...]:
    """What the answer means, in one sentence; none for an answer that is no end."""
    from actors.control.injectable import INJECTABLE
    from actors.control.words import said

    kind = next((kind for kind in INJECTABLE[message].answers if kind.__name__ == answer), None)
    if kind is None or not INJECTABLE[message].through_inbox:
        return ()
    return (said(kind.model_validate(fields)),)


def _plain(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)
