"""Every point that was ever run on a market: who tries long enough finds something, in whatever folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from core.errors import InputError
from lab.research.identity import PointKey

FOLDER: Final = Path("~/.local/state/cerbero-bite/tried").expanduser()
"""Not a cache: what it holds is not known otherwise."""
_LENGTH: Final = 32


class Tried:
    """One file a market, one line a point. Several sweeps may add to it at once."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = FOLDER if folder is None else folder

    def add(self, keys: Iterable[PointKey]) -> int:
        """Add these points, and tell how many there are now on their markets together.

        Raises `InputError` if they can't be put on record: a number that is too low would flatter.
        """
        by_data: dict[str, set[str]] = {}
        for key in keys:
            by_data.setdefault(key.data, set()).add(key.config)
        every: set[str] = set()
        for data, configs in by_data.items():
            every |= self._with(self._folder / data, configs)
        return len(every)

    def _with(self, path: Path, configs: set[str]) -> set[str]:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab+") as file:
                file.seek(0)
                known = {line.decode("ascii", "replace") for line in file.read().splitlines()}
                new = sorted(configs - known)
                if new:
                    # Appended by one write, so that two sweeps do not mix their lines.
                    os.write(file.fileno(), "".join(f"\n{config}" for config in [*new, ""]).encode())
        except OSError as error:
            raise InputError(
                f"{path}: expected a file in which every point that was run is counted: {error.strerror}"
            ) from None
        return {each for each in known | configs if len(each) == _LENGTH}
