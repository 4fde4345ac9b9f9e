"""The arithmetic of restarts: OTP's sliding window and the backoff. Pure; times are whole microseconds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from actors.runtime.policy.spec import Backoff


@dataclass(frozen=True)
class Window:
    """Failures still inside the period, oldest first. At most `intensity` are allowed at any time.

    A failure exactly `period` old is still inside, as in OTP's `supervisor:add_restart/3`.
    """

    intensity: int
    period_us: int
    failures_us: tuple[int, ...] = ()

    def with_failure(self, now_us: int) -> Window:
        """The window after one more failure now."""
        oldest_us = now_us - self.period_us
        inside = tuple(at for at in self.failures_us if at >= oldest_us)
        return replace(self, failures_us=(*inside, now_us))

    def emptied(self) -> Window:
        """The window without any failure."""
        return replace(self, failures_us=())

    @property
    def exhausted(self) -> bool:
        """Whether the last failure was one too many."""
        return len(self.failures_us) > self.intensity


def backoff_delay_s(backoff: Backoff, failures_in_a_row: int, draw: float) -> float:
    """Seconds before the restart after the n-th failure in a row: min(cap, min·2ⁿ⁻¹)·(1 + jitter·draw).

    `draw` is uniform in [0, 1). Raises ValueError for a count below 1.
    """
    if failures_in_a_row < 1:
        raise ValueError(f"failures_in_a_row: expected at least 1, found {failures_in_a_row}")
    # Beyond 2**64 the cap has long been reached; the bound keeps the power from overflowing a float.
    doubled = backoff.min_s * 2.0 ** min(failures_in_a_row - 1, 64)
    return min(backoff.cap_s, doubled) * (1.0 + backoff.jitter * draw)


def failures_in_a_row(before: int, up_since_us: int | None, now_us: int, backoff: Backoff) -> int:
    """The count including this failure; it starts again at 1 after `reset_after_s` of service without one."""
    served_us = 0 if up_since_us is None else now_us - up_since_us
    return 1 if served_us >= backoff.reset_after_s * 1e6 else before + 1
