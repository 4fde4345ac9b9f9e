"""How long a read of a running engine's books may last: its checkpoints wait for it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Final

READ_S_MAX: Final = 0.2


def brief(clock: Callable[[], float] = monotonic) -> Callable[[], bool]:
    """Whether the time of a read that begins now is over."""
    until_s = clock() + READ_S_MAX
    return lambda: clock() >= until_s
