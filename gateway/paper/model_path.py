"""The model market's index and DVOL: a path that is a function of a seed and of absolute time.

With x = ln DVOL (a fraction) and S the index, each day (from 00:00 UTC, dt = 1/365) draws variance mixers
V = 4/χ²₆ and W = 2/χ²₄ and perhaps a jump (6 a year, N(0, 0.06)). It keeps σ = DVOL·exp(−0.13 + y) constant,
where y reverts daily: dy = −60 y dt + 3.4 √dt·w. Step i of n adds N(0, V/n) to Z and N(0, W/n) to E; with
φ = i/n, from the beginning of the day

    ln S moves by (0.25 − σ²/2)φ dt + σ√dt·Z + jump
    x    moves by 6.5(ln 0.60 − x)φ dt + 0.64 √dt·u + 1.6|jump|,  u = −0.12 Z + 0.40(|Z| − 0.78 φ) + 0.964 E

with |Z| ≤ 6 inside u and DVOL in [25, 200]. Both are functions of the running Z, E and φ, so the law of a day
is the same for any n.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from math import cos, exp, log, sin, sqrt, tau
from random import Random
from typing import Final, NamedTuple

DT: Final = 1.0 / 365.0
DRIFT: Final = 0.25
SIGMA_SHIFT: Final = -0.13
JUMPS_PER_YEAR: Final = 6.0
JUMP_SD: Final = 0.06
JUMP_INTO_X: Final = 1.6
Y_REVERSION: Final = 60.0
Y_VOLATILITY: Final = 3.4
X_REVERSION: Final = 6.5
X_MEAN: Final = log(0.60)
X_VOLATILITY: Final = 0.64
LEVERAGE, SYMMETRIC, SYMMETRIC_MEAN, OWN = -0.12, 0.40, 0.78, 0.964
Z_MAX: Final = 6.0
X_MIN, X_MAX = log(0.25), log(2.00)
NO_JUMP: Final = 2.0
HOURS_PER_DAY: Final = 24
START_INDEX_USD: Final = 3000.0
"""The index on the first day of the path."""


class DayState(NamedTuple):
    """The path at 00:00 UTC: ln index, ln DVOL (fraction), and y = ln σ − ln DVOL + 0.13."""

    ln_s: float
    x: float
    y: float


class DayPath(NamedTuple):
    """One day in n steps: n + 1 values each of ln index and ln DVOL, the first at 00:00 UTC."""

    ln_s: array[float]
    x: array[float]

    def end_state(self, y: float) -> DayState:
        """The next day's beginning, with its own y."""
        return DayState(self.ln_s[-1], self.x[-1], y)


def first_state(seed: int) -> DayState:
    """The first day's beginning: y from its stationary law, DVOL at its mean."""
    keep = 1.0 - Y_REVERSION * DT
    stationary_sd = Y_VOLATILITY * sqrt(DT) / sqrt(1.0 - keep * keep)
    y = Random(f"{seed}:first").gauss(0.0, stationary_sd)
    return DayState(log(START_INDEX_USD), X_MEAN, y)


class DayPlan(NamedTuple):
    """What a day draws before its first step, and what each of its steps is made with."""

    next_y: float
    drift_ln_s: float
    vol_ln_s: float
    drift_x: float
    vol_x: float
    step_z: float
    step_e: float
    jump_size: float
    jump_moment: float
    """As a part of the day; 2 on a day without a jump."""
    rng: Random
    """The generator that the steps go on with: two numbers in [0, 1) each."""


def day_plan(seed: int, day: int, state: DayState, steps: int) -> DayPlan:
    """Day number `day` of the path from its beginning."""
    rng = Random(f"{seed}:day:{day}")
    mixer_z = 4.0 / rng.gammavariate(3.0, 2.0)
    mixer_e = 2.0 / rng.gammavariate(2.0, 2.0)
    jumps = rng.random() < JUMPS_PER_YEAR * DT
    jump_size, jump_moment = rng.gauss(0.0, JUMP_SD), rng.random()
    next_y = state.y * (1.0 - Y_REVERSION * DT) + Y_VOLATILITY * sqrt(DT) * rng.gauss(0.0, 1.0)
    sigma = exp(state.x + SIGMA_SHIFT + state.y)
    return DayPlan(
        next_y,
        drift_ln_s=(DRIFT - 0.5 * sigma * sigma) * DT,
        vol_ln_s=sigma * sqrt(DT),
        drift_x=X_REVERSION * (X_MEAN - state.x) * DT,
        vol_x=X_VOLATILITY * sqrt(DT),
        step_z=sqrt(mixer_z / steps),
        step_e=sqrt(mixer_e / steps),
        jump_size=jump_size,
        jump_moment=jump_moment if jumps else NO_JUMP,
        rng=rng,
    )


def walk_day(seed: int, day: int, state: DayState, steps: int) -> tuple[DayPath, float]:
    """Day number `day` of the path from its beginning, and the next day's y."""
    plan = day_plan(seed, day, state, steps)
    ln_s, x = array("d", [state.ln_s]), array("d", [state.x])
    z = e = 0.0
    uniform, step_z, step_e = plan.rng.random, plan.step_z, plan.step_e
    drift_ln_s, vol_ln_s, drift_x, vol_x = plan.drift_ln_s, plan.vol_ln_s, plan.drift_x, plan.vol_x
    for i in range(1, steps + 1):
        phi = i / steps
        # A pair of normal draws, as two calls of `Random.gauss` make it, to the bit and in half the time.
        angle = uniform() * tau
        radius = sqrt(-2.0 * log(1.0 - uniform()))
        z += cos(angle) * radius * step_z
        e += sin(angle) * radius * step_e
        jump = plan.jump_size if phi >= plan.jump_moment else 0.0
        inner = -Z_MAX if z < -Z_MAX else Z_MAX if z > Z_MAX else z
        u = LEVERAGE * inner + SYMMETRIC * (abs(inner) - SYMMETRIC_MEAN * phi) + OWN * e
        ln_s.append(state.ln_s + drift_ln_s * phi + vol_ln_s * z + jump)
        at_x = state.x + drift_x * phi + vol_x * u + JUMP_INTO_X * abs(jump)
        x.append(X_MIN if at_x < X_MIN else X_MAX if at_x > X_MAX else at_x)
    return DayPath(ln_s, x), plan.next_y


def hourly_bounds(values: array[float]) -> list[tuple[float, float]]:
    """The lowest and the highest value of each hour of a day, both its ends included."""
    per_hour = (len(values) - 1) // HOURS_PER_DAY
    hours = (values[first : first + per_hour + 1] for first in range(0, per_hour * HOURS_PER_DAY, per_hour))
    return [(min(hour), max(hour)) for hour in hours]


class PathWalk(NamedTuple):
    """How days are walked: by the functions above, or by a quicker way to the same numbers."""

    day: Callable[[int, int, DayState, int], tuple[DayPath, float]]
    bounds: Callable[[array[float]], list[tuple[float, float]]]


PLAIN_WALK: Final = PathWalk(walk_day, hourly_bounds)
