"""Why the start that waits on a data folder was refused, as it wrote it there itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

from core.text import visible

REFUSED_FILE: Final = "start-refused"
_BYTES_MAX: Final = 8192


def why_refused(data_dir: Path) -> str | None:
    """The reason; None if no start waits, or it can't be read.

    One that was killed leaves its reason until the next start.
    """
    try:
        handle = os.open(data_dir / REFUSED_FILE, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            return visible(str(json.loads(os.read(handle, _BYTES_MAX))["reason"]))
        finally:
            os.close(handle)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
