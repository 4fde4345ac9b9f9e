"""What a sweep proves, in one sentence, and what is told beside it without being part of the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.how_many import how_many
from core.statistics.deflated import deflated_sharpe
from core.statistics.overfitting import BLOCKS, overfitting
from lab.research.found import FoundRun
from lab.research.matrix import WeekMatrix, matrix_of
from lab.research.max_t import LEVEL, TRADES_MIN, MaxT, max_t
from lab.research.null_rate import NullRate

PBO_TRADES_MIN = 100


@dataclass(frozen=True)
class SweepVerdict:
    """`best` is the number of the point with the highest t among those that are judged; None: too few trades.

    `mean` is its mean r a week. `deflated` and `pbo` are None where they can't be said.
    """

    points: int
    different: int
    judged: int
    weeks: int
    block_weeks: int
    best: int | None
    mean: float | None
    p: float | None
    would_show: float | None
    tried: int
    deflated: float | None
    pbo: float | None

    @property
    def is_found(self) -> bool:
        return self.p is not None and self.p <= LEVEL

    @property
    def sentence(self) -> str:
        """The first sentence of every answer."""
        points = how_many(self.points, "point")
        if self.mean is None or self.p is None or self.would_show is None:
            return (
                f"{points}, too few to judge: expected a point with at least {TRADES_MIN} closed trades over "
                f"{how_many(self.weeks, 'week')}, found none"
            )
        return (
            f"{points}, best mean r {self.mean:.3f}, p {_p_text(self.p)}; "
            f"this sample would show only ≥ {self.would_show:.3f}"
        )

    def told(self, rate: NullRate | None) -> tuple[str, ...]:
        """What stands beside it, in sentences."""
        return tuple(self._told(rate))

    def _told(self, rate: NullRate | None) -> Sequence[str]:
        lines = []
        if self.p is not None:
            lines.append(
                f"{self.judged} of {how_many(self.different, 'different point')} "
                f"{'has' if self.judged == 1 else 'have'} at least {TRADES_MIN} trades "
                f"and {'is' if self.judged == 1 else 'are'} judged over {how_many(self.weeks, 'week')}"
                + (f", drawn in blocks of {self.block_weeks}" if self.block_weeks > 1 else "")
            )
            lines.append(_found_text(self.p, self.points, self.tried))
        lines.append(_rate_text(rate))
        if self.deflated is not None:
            lines.append(
                f"told, not judged: deflated Sharpe ratio {self.deflated:.2f}, "
                f"for {how_many(self.tried, 'point')} ever run on this market"
            )
        if self.pbo is not None:
            lines.append(
                f"told, not judged: probability of overfitting {self.pbo:.2f}, over {BLOCKS} blocks of weeks"
            )
        return lines


def verdict_of(by_point: Mapping[int, Sequence[FoundRun]], tried: int) -> SweepVerdict:
    """Judge all points together. `tried` counts every point ever run on this market."""
    matrix = matrix_of(by_point)
    different = matrix.merged()
    judged = different.only(place for place, trades in enumerate(different.trades) if trades >= TRADES_MIN)
    found: MaxT | None = None
    if judged.columns and judged.weeks >= 2:
        found = max_t(judged.columns, judged.block_weeks)
    return SweepVerdict(
        points=len(by_point),
        different=len(different.columns),
        judged=len(judged.columns),
        weeks=matrix.weeks,
        block_weeks=matrix.block_weeks,
        best=None if found is None else judged.numbers[found.best],
        mean=None if found is None else found.mean,
        p=None if found is None else found.p,
        would_show=None if found is None else found.would_show,
        tried=tried,
        deflated=None if found is None else deflated_sharpe(judged.columns, found.best, tried),
        pbo=_pbo(judged),
    )


def _pbo(judged: WeekMatrix) -> float | None:
    """Only where trades are many enough that half of them say anything."""
    if len(judged.columns) < 2 or max(judged.trades) < PBO_TRADES_MIN or judged.weeks < BLOCKS:
        return None
    return overfitting(judged.columns)


def _p_text(p: float) -> str:
    return f"{p:.2f}" if p >= 0.01 else f"{p:.4f}"


def _found_text(p: float, points: int, tried: int) -> str:
    """The p is of these points; who has swept others before has had more chances, by Bonferroni's bound."""
    if p > LEVEL:
        return "not found at 5 %: the best of so many tries without any edge often looks as good"
    if tried <= points:
        return "found at 5 %: more than the best of so many tries without any edge would show"
    limit = LEVEL * points / tried
    if p <= limit:
        return f"found at 5 %, and among all {tried} points that were ever tried on this market"
    return (
        f"found at 5 % among these {points} points alone, but {tried} were ever tried on this market: among "
        f"so many it takes p {_p_text(limit)}"
    )


def _rate_text(rate: NullRate | None) -> str:
    if rate is None:
        return "how often this verdict finds what is not there has not been measured: make null-sweeps"
    return (
        f"over {how_many(rate.sweeps, 'market year')} in which no point has an edge, a sweep of "
        f"{how_many(rate.points, 'point')} finds one in {100.0 * rate.found / rate.sweeps:.1f} %"
    )
