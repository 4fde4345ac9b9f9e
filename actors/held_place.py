"""Whether the data folder is still where the engine was started on it.

Books and log are opened by their names. If the folder's name leads elsewhere, or nowhere, nothing is made or
written there: a second log, begun where the first one was, would divide the chain.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final, Protocol


class PlaceGoneError(OSError):
    """The name of the data folder leads to another folder than at the start, or to none."""


class DataPlace(Protocol):
    """Asked before anything is opened by its name."""

    def require(self) -> None:
        """Raises PlaceGoneError."""


class HeldPlace:
    """The folder that the name leads to when this is made."""

    def __init__(self, data_dir: Path) -> None:
        """Raises OSError if there is none."""
        self._data_dir = data_dir
        self._found = data_dir.stat()

    def require(self) -> None:
        """As `DataPlace.require`."""
        try:
            found = self._data_dir.stat()
        except OSError as error:
            raise PlaceGoneError(
                errno.ENOENT, f"the data folder is not there any more ({error.strerror})", str(self._data_dir)
            ) from error
        if not os.path.samestat(found, self._found):
            said = "expected the data folder that the engine was started on, found another"
            raise PlaceGoneError(errno.ESTALE, said, str(self._data_dir))


class AnyPlace:
    """Of a folder that nobody else can move, or of one that lasts no longer than a run."""

    def require(self) -> None:
        """As `DataPlace.require`: never."""


ANY_PLACE: Final = AnyPlace()
