"""Whether a restore has begun to replace the books of a folder, and not ended yet."""

from __future__ import annotations

from pathlib import Path
from typing import Final

RESTORING: Final = "restoring-"
"""How the name of the folder begins in which a restore keeps what it has yet to put in its place."""


def restore_begun(data_dir: Path) -> bool:
    """Until it is over, log and books need not belong together."""
    return any(data_dir.glob(f"{RESTORING}*"))
