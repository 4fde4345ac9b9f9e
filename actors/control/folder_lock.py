"""The port through which control looks after the engine's locks on its data folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class LockLoss:
    """What a look at the locks found wrong. Of whatever is None nothing is wrong."""

    lock: str | None = None
    """What became of the file `lock`."""
    error: str | None = None
    """Why the file could not be laid again; None if it was."""
    folder: str | None = None
    """What became of the folder itself."""


class FolderLock(Protocol):
    """One per process: it outlives every incarnation of control, whose thread that looks at the socket uses
    it."""

    def look(self) -> LockLoss | None:
        """Lay the file again if it is gone or another's, and say so; None if all is well."""
