"""The `KILL` file's content: written by the kill switch, or by a person's command while no engine runs.

A KILL file with any other content counts too: it blocks every order until the kill switch has read it and
written it anew.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from core.messages.kill_switch import ArmCause
from core.values import Value

KILL_FILE_NAME = "KILL"


class KillFile(Value):
    """Who armed, why, when. `exits_blocked` is False only if reduce-only exits may still leave."""

    causes: tuple[ArmCause, ...]
    reason: str
    who: str
    at: datetime
    exits_blocked: bool = True

    def to_bytes(self) -> bytes:
        """One line of JSON."""
        return self.model_dump_json().encode() + b"\n"


def parse_kill_file(content: bytes) -> KillFile | None:
    """Parse the file's content; None if it has another form (a bare `touch KILL`, for instance)."""
    try:
        return KillFile.model_validate_json(content)
    except ValidationError:
        return None
