"""A file or a folder that this process may not read; an administrator, as whom tests may run, reads whatever
its mode forbids."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest


def forbid_reading(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let its opening, or its listing, fail as it does for another user. Raises FileNotFoundError."""
    path.stat()

    def forbidding(really: Any) -> Any:
        def refused(asked: Any, *args: Any, **more: Any) -> Any:
            if not isinstance(asked, int) and Path(asked) == path:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return really(asked, *args, **more)

        return refused

    for name in ("open", "listdir", "scandir"):
        monkeypatch.setattr(os, name, forbidding(getattr(os, name)))
