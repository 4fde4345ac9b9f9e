"""The venue's clock as seen from here, from what each of its answers says of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

SAMPLES: Final = 9
"""The median of so many calls: one answer that was held up on its way moves nothing."""
OFF_AT_ALL_MAX_S: Final = 30.0
"""Further off, the venue would soon refuse what is signed: a signature is good for a minute."""
_US: Final = 1_000_000


class VenueClock:
    """Keeps the offset of the venue's clock against the machine's."""

    def __init__(self, wall_s: Callable[[], float]) -> None:
        self._wall_s = wall_s
        self._offsets_s: deque[float] = deque(maxlen=SAMPLES)

    def note(self, sent_s: float, received_s: float, us_in: int, us_out: int) -> None:
        """One call: when it was sent and answered by our clock; when it came and left by the venue's (us).

        Both clocks are taken in the middle of the call, so that equal ways there and back cancel out.
        """
        self._offsets_s.append((us_in + us_out) / 2 / _US - (sent_s + received_s) / 2)

    def take_last(self) -> None:
        """Forget all calls but the last: one of the two clocks has jumped."""
        while len(self._offsets_s) > 1:
            self._offsets_s.popleft()

    @property
    def offset_s(self) -> float:
        """The venue's clock less ours; 0 while nothing was heard of it."""
        return median(self._offsets_s) if self._offsets_s else 0.0

    def now(self) -> datetime:
        """The time at the venue."""
        return datetime.fromtimestamp(self._wall_s(), UTC) + timedelta(seconds=self.offset_s)

    def now_ms(self) -> int:
        """The time at the venue, ms since 1970, rounded down."""
        return int((self._wall_s() + self.offset_s) * 1000)
