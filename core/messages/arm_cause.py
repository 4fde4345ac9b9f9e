"""What arms the kill switch. Apart from all else that is said of it: laying KILL must wait for no imports."""

from __future__ import annotations

from enum import StrEnum


class ArmCause(StrEnum):
    """Why it is armed. The causes in `BLOCKS_EXITS` block exits too, whatever the setting says."""

    OPERATOR = "operator"
    KILL_FILE = "kill_file"
    ENVIRONMENT = "environment"
    AUDIT = "audit"
    RECOVERY = "recovery"
    SUPERVISION = "supervision"
    PROBES = "probes"
    DATABASE = "database"


BLOCKS_EXITS: frozenset[ArmCause] = frozenset(
    {ArmCause.ENVIRONMENT, ArmCause.AUDIT, ArmCause.RECOVERY, ArmCause.DATABASE}
)
