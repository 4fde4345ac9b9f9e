"""A person's disarming, which only the running engine can do."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import JsonValue, ValidationError

from actors.control.wire import RequestName
from actors.kill_switch import DiskKillFile
from core.errors import CerberoError, FoundWrongError, NoAnswerError
from reading.control_client import exchange, request_of
from reading.engine_status import engine_status

WAIT_S = 20.0
STATUS_WITHIN_S = 3.0
_STILL = "and may still carry it out; see run.py kill-switch status"
_MEANING = {
    "not_armed": "the switch is not armed, so there is nothing to disarm; what else blocks entries says"
    " run.py status",
    "busy": "an arming or another disarming is under way; try again in a few seconds",
    "kill_switch_row_unknown": "the engine is still starting; try again in a few seconds",
    "audit_break_not_accepted": (
        "the audit log was broken or rolled back; find out why (run.py kill-switch status, evidence/), then"
        " add --accept-audit-break"
    ),
    "armed_again": "somebody armed meanwhile, and that arming stays; see run.py kill-switch status",
    "kill_file_not_removed": (
        "KILL can't be removed from the data folder (run.py status has the alert that says why); the switch"
        " stays armed"
    ),
}
"""The reasons of a refusal, for a person."""


def disarm(data_dir: Path, reason: str, *, accept_audit_break: bool) -> None:
    """Return when the switch is disarmed.

    Only the armings that are in `KILL` now are meant: the engine may take up the request long after this
    command has given up, and then must not take away an arming that came in between.

    Raises EngineNotRunningError, or FoundWrongError that says why it is not, or that nobody knows.
    """
    body: dict[str, JsonValue] = {"reason": reason, "armings": _seen(data_dir)}
    if accept_audit_break:
        body["accept_audit_break"] = True
    request = request_of(RequestName.INJECT, message="DisarmKillSwitch", body=body, wait_s=WAIT_S)
    try:
        *_, last = exchange(data_dir, request)
    except NoAnswerError as error:
        raise FoundWrongError(f"the engine has not confirmed the disarming ({error}) {_STILL}") from None
    if last.answer != "InjectDone" or not isinstance(last.body, dict):
        raise FoundWrongError(f"the engine has not confirmed the disarming within {WAIT_S:g} s {_STILL}")
    if last.body.get("answer") == "Refused":
        reasons = json.loads(str(last.body["body"]))["reasons"]
        raise FoundWrongError("not disarmed: " + "; ".join(_MEANING.get(why, why) for why in reasons))


def _seen(data_dir: Path) -> list[JsonValue]:
    """The ids of the armings in `KILL`, and of those for whose words it has no room."""
    found = DiskKillFile(data_dir).read()
    ids: list[JsonValue] = [] if found is None else list(found.ids)
    try:
        switch = engine_status(data_dir, answer_s=STATUS_WITHIN_S).kill_switch
    except (CerberoError, ValidationError):
        return ids  # If there are such, it refuses to disarm, and may be asked again.
    return ids if switch is None else [*ids, *switch.wordless]
