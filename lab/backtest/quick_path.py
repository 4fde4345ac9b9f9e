"""A day of the model market's path by numpy: the same bits as `walk_day`, in less than half of its time.

Sums run in the order of the loop. Logarithms, sines and cosines are numpy's where they are the standard
library's to the last bit, which is tried, as numpy has ways of its own for some processors.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from math import cos, log, sin, tau
from typing import Any, Final

from gateway.paper.model_path import (
    HOURS_PER_DAY,
    JUMP_INTO_X,
    LEVERAGE,
    NO_JUMP,
    OWN,
    PLAIN_WALK,
    SYMMETRIC,
    SYMMETRIC_MEAN,
    X_MAX,
    X_MIN,
    Z_MAX,
    DayPath,
    DayPlan,
    DayState,
    PathWalk,
    day_plan,
)

FIRST_WORD: Final = 67_108_864.0
WHOLE: Final = 1.0 / 9_007_199_254_740_992.0
"""A number of `Random.random` is 27 bits of one word of 32 and 26 of the next, over 2⁵³."""
TRIED: Final = 8_192
"""So many numbers tell whether two functions are the same: of two logarithms some ten differ."""


def quickest_walk() -> PathWalk:
    """By numpy, if the extra `research` is installed."""
    return WALK_IN_COLUMNS if find_spec("numpy") is not None else PLAIN_WALK


def walk_day_in_columns(seed: int, day: int, state: DayState, steps: int) -> tuple[DayPath, float]:
    """What `walk_day` gives."""
    columns = _columns()
    numpy, (phi, mean) = columns.numpy, columns.of_steps(steps)
    plan = day_plan(seed, day, state, steps)
    drawn = _uniforms(plan, 2 * steps)
    angles = drawn[::2] * tau
    radii = numpy.sqrt(-2.0 * columns.log(1.0 - drawn[1::2]))
    z = (columns.cos(angles) * radii * plan.step_z).cumsum()
    e = (columns.sin(angles) * radii * plan.step_e).cumsum()
    inner = numpy.minimum(numpy.maximum(z, -Z_MAX), Z_MAX)
    u = LEVERAGE * inner + SYMMETRIC * (abs(inner) - mean) + OWN * e
    ln_s = state.ln_s + plan.drift_ln_s * phi + plan.vol_ln_s * z
    x = state.x + plan.drift_x * phi + plan.vol_x * u
    if plan.jump_moment < NO_JUMP:
        jump = numpy.where(phi >= plan.jump_moment, plan.jump_size, 0.0)
        ln_s, x = ln_s + jump, x + JUMP_INTO_X * abs(jump)
    x = numpy.minimum(numpy.maximum(x, X_MIN), X_MAX)
    return DayPath(_with_first(state.ln_s, ln_s.tobytes()), _with_first(state.x, x.tobytes())), plan.next_y


def hourly_bounds_in_columns(values: array[float]) -> list[tuple[float, float]]:
    """What `hourly_bounds` gives."""
    import numpy

    whole = numpy.frombuffer(values)
    hours, ends = whole[:-1].reshape(HOURS_PER_DAY, -1), whole[:: (len(values) - 1) // HOURS_PER_DAY][1:]
    lows = numpy.minimum(numpy.minimum.reduce(hours, 1), ends)
    highs = numpy.maximum(numpy.maximum.reduce(hours, 1), ends)
    return list(zip(lows.tolist(), highs.tolist(), strict=True))


WALK_IN_COLUMNS = PathWalk(walk_day_in_columns, hourly_bounds_in_columns)


class _Columns:
    """What a day is walked with: functions of whole arrays, and what is the same every day."""

    def __init__(self) -> None:
        import numpy

        self.numpy: Any = numpy
        self.log, self.cos, self.sin = (
            _to_the_bit(ours, theirs)
            for ours, theirs in ((log, numpy.log), (cos, numpy.cos), (sin, numpy.sin))
        )
        self._of_steps: dict[int, tuple[Any, Any]] = {}

    def of_steps(self, steps: int) -> tuple[Any, Any]:
        """The part of the day that has passed at each step, and the mean of |Z| then."""
        known = self._of_steps.get(steps)
        if known is None:
            phi = self.numpy.arange(1, steps + 1) / steps
            known = self._of_steps[steps] = phi, SYMMETRIC_MEAN * phi
        return known


@cache
def _columns() -> _Columns:
    return _Columns()


def _to_the_bit(ours: Callable[[float], float], theirs: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Numpy's function, if on this machine it is the standard library's one after the other; else that one.

    Where numpy has a way of its own, the last bit of one number in some hundred is another.
    """
    import numpy

    def one_by_one(values: Any) -> Any:
        return numpy.fromiter(map(ours, values.tolist()), float, len(values))

    tried = numpy.linspace(1.0 / TRIED, tau, TRIED)
    return theirs if (theirs(tried) == one_by_one(tried)).all() else one_by_one


def _uniforms(plan: DayPlan, number: int) -> Any:
    """So many numbers of the plan's generator, as an array."""
    import numpy

    # They are drawn in the order in which `random` would draw them, the lowest word first.
    words = numpy.frombuffer(plan.rng.getrandbits(64 * number).to_bytes(8 * number, "little"), "<u4")
    return ((words[::2] >> 5) * FIRST_WORD + (words[1::2] >> 6)) * WHOLE


def _with_first(first: float, rest: bytes) -> array[float]:
    values = array("d", [first])
    values.frombytes(rest)
    return values
