"""Whether a restore has begun to replace the books of a folder, and not ended yet."""

from __future__ import annotations

from pathlib import Path
from typing import Final

RESTORING: Final = "restoring-"
"""With this the name of a folder begins in which what is put back waits for its place."""


def restore_begun(data_dir: Path) -> bool:
    """Until it is over, log and books need not belong together."""
    return any(data_dir.glob(f"{RESTORING}*"))
