"""The arming of an engine that gave up, for the case that its kill switch was what failed."""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path

from actors.kill_switch import DiskKillFile
from core.kill_file import KILL_FILE_NAME, Arming
from core.messages.arm_cause import ArmCause


def armed_at_the_end(data_dir: Path, why: str, now: datetime) -> str:
    """Lay `KILL` unless it is there, and say whether the next start will be armed."""
    file = DiskKillFile(data_dir)
    if file.read() is None:
        arming = Arming(
            arming_id=secrets.token_hex(16),
            causes=(ArmCause.SUPERVISION,),
            reason=why,
            who="root",
            at=now,
        )
        try:
            file.add(arming)
        except OSError as error:
            return (
                f"{KILL_FILE_NAME} could not be laid in {data_dir} ({error.strerror or error}): arm by hand"
            )
    return "the switch is armed"
