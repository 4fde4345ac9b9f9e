"""The model market's law: the figures that the strategy page expects of it, within sampling error."""

from __future__ import annotations

from math import exp, sqrt
from statistics import correlation, fmean, pstdev

import pytest

from gateway.paper.model_path import X_MAX, X_MIN, first_state, walk_day

SEEDS, DAYS = 12, 3000


class Path:
    """Daily ln index, ln DVOL and their steps."""

    def __init__(self, seed: int, days: int, steps: int) -> None:
        state = first_state(seed)
        self.ln_s, self.x = [state.ln_s], [state.x]
        for day in range(days):
            path, y = walk_day(seed, day, state, steps)
            state = path.end_state(y)
            self.ln_s.append(state.ln_s)
            self.x.append(state.x)
        self.r = [b - a for a, b in zip(self.ln_s, self.ln_s[1:], strict=False)]
        self.dx = [b - a for a, b in zip(self.x, self.x[1:], strict=False)]

    def volatility(self) -> float:
        return pstdev(self.r) * sqrt(365.0)

    def excess_kurtosis(self) -> float:
        middle, sd = fmean(self.r), pstdev(self.r)
        return fmean(((r - middle) / sd) ** 4 for r in self.r) - 3.0

    def acf_of_size(self, lag: int) -> float:
        size = [abs(r) for r in self.r]
        return correlation(size[:-lag], size[lag:])

    def dvol_quantile(self, q: float) -> float:
        return 100.0 * exp(sorted(self.x)[int(q * len(self.x))])

    def leverage(self, *, up: bool) -> float:
        pairs = [(r, dx) for r, dx in zip(self.r, self.dx, strict=True) if (r > 0) == up]
        return correlation(*zip(*pairs, strict=True))

    def premium_points(self, days: int) -> float:
        gaps = []
        for i in range(len(self.r) - days):
            realised = sqrt(365.0 / days * sum(r * r for r in self.r[i : i + days]))
            gaps.append(100.0 * (exp(self.x[i]) - realised))
        return fmean(gaps)


@pytest.fixture(scope="module")
def paths() -> list[Path]:
    return [Path(seed, DAYS, 1) for seed in range(SEEDS)]


def test_has_the_expected_volatility_tails_and_clustering(paths: list[Path]) -> None:
    assert fmean(p.volatility() for p in paths) == pytest.approx(0.65, abs=0.03)
    assert fmean(p.excess_kurtosis() for p in paths) == pytest.approx(5.0, abs=1.5)
    assert fmean(p.acf_of_size(1) for p in paths) == pytest.approx(0.12, abs=0.03)
    assert fmean(p.acf_of_size(5) for p in paths) == pytest.approx(0.07, abs=0.03)


def test_has_the_expected_range_of_dvol(paths: list[Path]) -> None:
    for q, expected, width in ((0.05, 46.0, 2.0), (0.5, 63.0, 2.0), (0.95, 86.0, 4.0)):
        assert fmean(p.dvol_quantile(q) for p in paths) == pytest.approx(expected, abs=width)


def test_moves_dvol_with_the_index_as_expected(paths: list[Path]) -> None:
    assert fmean(p.leverage(up=False) for p in paths) == pytest.approx(-0.32, abs=0.04)
    assert fmean(p.leverage(up=True) for p in paths) == pytest.approx(0.21, abs=0.04)


def test_pays_the_expected_premium_over_realised_volatility(paths: list[Path]) -> None:
    assert fmean(p.premium_points(7) for p in paths) == pytest.approx(6.3, abs=1.2)
    assert fmean(p.premium_points(30) for p in paths) == pytest.approx(2.3, abs=1.2)


@pytest.mark.parametrize("steps", [4, 24])
def test_the_daily_law_is_the_same_for_any_number_of_steps(paths: list[Path], steps: int) -> None:
    finer = [Path(100 + seed, 1000, steps) for seed in range(6)]
    for measure, width in ((Path.volatility, 0.05), (lambda p: p.dvol_quantile(0.5), 4.0)):
        assert fmean(map(measure, finer)) == pytest.approx(fmean(map(measure, paths)), abs=width)


@pytest.mark.parametrize("steps", [1, 24, 1440])
def test_is_a_function_of_seed_and_day(steps: int) -> None:
    state = first_state(5)
    assert walk_day(5, 40, state, steps) == walk_day(5, 40, state, steps)
    assert walk_day(5, 40, state, steps) != walk_day(5, 41, state, steps)
    assert walk_day(5, 40, state, steps) != walk_day(6, 40, state, steps)


def test_keeps_dvol_between_its_bounds() -> None:
    calm, wild = first_state(1)._replace(x=X_MIN), first_state(1)._replace(x=X_MAX)
    for day in range(200):
        for state in (calm, wild):
            path, _ = walk_day(1, day, state, 24)
            assert X_MIN <= min(path.x) <= max(path.x) <= X_MAX


@pytest.mark.soak
def test_has_the_expected_figures_over_a_long_time() -> None:
    long = [Path(seed, 5000, 1) for seed in range(60)]
    assert fmean(p.volatility() for p in long) == pytest.approx(0.65, abs=0.015)
    assert fmean(p.dvol_quantile(0.5) for p in long) == pytest.approx(63.0, abs=1.0)
    assert fmean(p.leverage(up=False) for p in long) == pytest.approx(-0.32, abs=0.02)
    assert fmean(p.leverage(up=True) for p in long) == pytest.approx(0.21, abs=0.02)
    assert fmean(p.premium_points(7) for p in long) == pytest.approx(6.3, abs=0.5)
    assert fmean(p.premium_points(30) for p in long) == pytest.approx(2.3, abs=0.5)
