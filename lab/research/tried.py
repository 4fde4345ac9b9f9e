"""What was ever tried on a market, in whatever folder: who tries long enough finds something.

One file a market, beside no sweep's folder, to which several sweeps may add at once. It holds every point
that was run, how far sweeps have read, and every look behind a holdout. A record that grows stays one market,
and all seeds of the model market are one: who takes another seed has still tried.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from core.errors import InputError
from core.values import Value
from files.plain import read_plain
from lab.research.identity import PointKey, digest
from lab.research.sweep import HeldMarket

FOLDER: Final = Path("~/.local/state/cerbero-bite/tried").expanduser()
"""Not a cache: what it holds is not known otherwise."""
ALL_SEEDS: Final = "model"


class TriedPoint(Value):
    """One point over these markets. A span is part of what was asked, so another one is another try."""

    kind: Literal["point"] = "point"
    asked: str


class ReadTo(Value):
    """Sweeps have read a market so far."""

    kind: Literal["read_to"] = "read_to"
    at: AwareDatetime


class LookBehind(Value):
    """Somebody has looked behind a holdout."""

    kind: Literal["look"] = "look"
    at: AwareDatetime
    holdout: AwareDatetime
    folder: str


_Line = Annotated[TriedPoint | ReadTo | LookBehind, Field(discriminator="kind")]
_LINE: Final[TypeAdapter[_Line]] = TypeAdapter(_Line)


class Tried:
    """The files of some markets that are swept together. All raise `InputError` if a file can't be read or
    written: a number that is too low would flatter."""

    def __init__(self, markets: Sequence[HeldMarket], folder: Path | None = None) -> None:
        self._folder = FOLDER if folder is None else folder
        self._origins = sorted({each.origin for each in markets})
        self._is_model = all(each.market.chains is None for each in markets)

    def add_points(self, keys: Iterable[PointKey]) -> int:
        """Add these points, and tell how many there are now on their market."""
        data: dict[str, set[str]] = {}
        for key in keys:
            data.setdefault(key.config, set()).add(key.data)
        asked = {digest([config.encode(), *map(str.encode, sorted(over))]) for config, over in data.items()}
        (name,) = [ALL_SEEDS] if self._is_model else self._origins
        known = {line.asked for line in self._read(name) if isinstance(line, TriedPoint)}
        self._append(name, [TriedPoint(asked=each) for each in sorted(asked - known)])
        return len(known | asked)

    def read_to(self) -> datetime | None:
        """How far sweeps have read any of these markets; None: nothing of them."""
        found = (line.at for name in self._origins for line in self._read(name) if isinstance(line, ReadTo))
        return max(found, default=None)

    def add_read(self, at: datetime) -> None:
        """A sweep has read them so far."""
        for name in self._origins:
            if all(not isinstance(line, ReadTo) or line.at < at for line in self._read(name)):
                self._append(name, [ReadTo(at=at)])

    def add_look(self, at: datetime, holdout: datetime, folder: Path) -> tuple[LookBehind, ...]:
        """Put a look on record before anything behind the holdout is read; all looks behind one, with it."""
        look = LookBehind(at=at, holdout=holdout, folder=str(folder.resolve()))
        looks = []
        for name in self._origins:
            looks.append([line for line in self._read(name) if isinstance(line, LookBehind)])
            self._append(name, [look])
        return (*max(looks, key=len), look)

    def _read(self, name: str) -> list[TriedPoint | ReadTo | LookBehind]:
        try:
            with read_plain(self._folder / name) as file:
                content = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable(name, error) from None
        return [line for text in content.splitlines() if (line := _line(text)) is not None]

    def _append(self, name: str, lines: Sequence[Value]) -> None:
        if not lines:
            return
        # By one write, so that two sweeps do not mix their lines, and on a new line, whatever stands there.
        content = "".join(f"\n{line.model_dump_json()}" for line in lines).encode() + b"\n"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with (self._folder / name).open("ab") as file:
                if os.write(file.fileno(), content) < len(content):
                    raise OSError(0, "the disk is full")
        except OSError as error:
            raise self._unusable(name, error) from None

    def _unusable(self, name: str, error: OSError) -> InputError:
        return InputError(
            f"{self._folder / name}: expected a file in which every point that was run is counted: "
            f"{error.strerror}"
        )


def _line(text: bytes) -> TriedPoint | ReadTo | LookBehind | None:
    """None for one that is empty, or that was cut off: whoever wrote it was told so."""
    if not text:
        return None
    try:
        return _LINE.validate_python(json.loads(text), strict=False)
    except (ValueError, ValidationError):
        return None
