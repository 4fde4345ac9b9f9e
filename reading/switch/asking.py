"""What a person's arming asks of the running engine, after `KILL` is on disk."""

from __future__ import annotations

import json
from pathlib import Path

from actors.control.wire import RequestName
from core.errors import FoundWrongError
from core.messages.kill_switch import KillSwitchArmed
from core.permit_times import CERTAIN_AFTER_S
from reading.control_client import exchange, request_of


def armed_by_engine(data_dir: Path, reason: str) -> KillSwitchArmed:
    """Ask the engine to arm; its answer. Raises CerberoError that says why there is none."""
    request = request_of(
        RequestName.INJECT, message="ArmKillSwitch", body={"reason": reason}, wait_s=CERTAIN_AFTER_S + 1.0
    )
    for answer in exchange(data_dir, request):
        if answer.answer == "InjectDone" and isinstance(answer.body, dict):
            if answer.body["answer"] != "KillSwitchArmed":
                refused = json.loads(str(answer.body["body"]))
                raise FoundWrongError("; ".join(map(str, refused["reasons"])))
            return KillSwitchArmed.model_validate_json(str(answer.body["body"]))
    raise FoundWrongError("it has accepted the request and not answered it")
