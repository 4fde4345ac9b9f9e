"""The environment in which a benchmark starts a program."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def kept_bytecode() -> dict[str, str]:
    """That of this process, in which bytecode is kept: a person's second command finds it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / f"bench-bytecode-{os.getuid()}")}
