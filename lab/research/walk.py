"""Walk-forward: the point that was best in training, judged in the weeks after it, again and again."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from core.errors import InputError
from core.how_many import how_many
from core.plain_number import plain_whole
from core.statistics.folds import Fold, Walk, folds_of
from core.statistics.trades import monday_of, weeks_between
from lab.research.found import FoundRun, FoundTrade
from lab.research.matrix import WeekMatrix, matrix_of
from lab.research.max_t import TRADES_MIN, MaxT, max_t
from lab.research.points import Point

TRAINING_TRADES_MIN: Final = 30
WEEKS_MAX: Final = 2_000
_PART = re.compile(r"(train|test|step)=(\d+)w")


@dataclass(frozen=True)
class WalkedFold:
    """One fold: what was chosen in training, and what it made after it. Means are r a week."""

    train_from: date
    train_to: date
    test_from: date
    test_to: date
    chosen: int
    train_trades: int
    train_mean_r: float
    test_trades: int
    test_mean_r: float
    test_pnl_usd: Decimal


@dataclass(frozen=True)
class Walked:
    """All folds of one way to train. `judged` is of the test weeks together; None with too few trades."""

    anchored: bool
    purge_weeks: int
    legs: tuple[WalkedFold, ...]
    train_mean_r: float
    test_mean_r: float
    test_weeks: int
    test_trades: int
    judged: MaxT | None

    @property
    def sentence(self) -> str:
        """What the walk shows, in words."""
        way = "anchored" if self.anchored else "rolling"
        found = (
            f"{way}: {how_many(len(self.legs), 'fold')}, mean r {self.train_mean_r:+.3f} a week in training "
            f"and {self.test_mean_r:+.3f} in the {how_many(self.test_weeks, 'week')} of the tests "
            f"({how_many(self.test_trades, 'trade')})"
        )
        if self.judged is None:
            return f"{found}; too few to judge"
        return f"{found}, p {self.judged.p:.2f}; these weeks would show only ≥ {self.judged.would_show:.3f}"


def walk_of(text: str) -> Walk:
    """`train=26w,test=4w,step=4w`. Raises `InputError`."""
    parts: dict[str, int] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        weeks = None if match is None else plain_whole(match[2])
        if match is None or match[1] in parts or weeks is None or not 1 <= weeks <= WEEKS_MAX:
            raise InputError(
                f"--walk: expected train=Nw,test=Nw,step=Nw, each once and from 1w to {WEEKS_MAX}w, "
                f"found {text!r}"
            )
        parts[match[1]] = weeks
    if set(parts) != {"train", "test", "step"}:
        raise InputError(f"--walk: expected train=Nw,test=Nw,step=Nw, found {text!r}")
    return Walk(**parts)


def purge_weeks(points: Sequence[Point]) -> int:
    """As long as any point may hold a position: its options expire by then."""
    longest_days = max(point.settings.strategy.strikes.dte_max for point in points)
    return math.ceil(longest_days / 7.0)


def walked(walk: Walk, by_point: Mapping[int, Sequence[FoundRun]], purge: int, *, anchored: bool) -> Walked:
    """Walk over the one market of these points. A fold trains on trades that were entered in its weeks.

    Raises `InputError` for several markets, too few weeks, and a fold in which no point has enough trades.
    """
    if any(len(runs) != 1 for runs in by_point.values()):
        raise InputError("--walk: expected one market, found several seeds")
    matrix = matrix_of(by_point)
    began = monday_of(next(iter(by_point.values()))[0].began)
    legs, tested, trained = [], list[float](), list[float]()
    for fold in folds_of(walk, matrix.weeks, purge, anchored=anchored):
        leg, column = _leg(fold, matrix, by_point, began)
        legs.append(leg)
        trained.append(leg.train_mean_r)
        tested += matrix.columns[column][slice(*fold.test)]
    trades = sum(leg.test_trades for leg in legs)
    return Walked(
        anchored=anchored,
        purge_weeks=purge,
        legs=tuple(legs),
        train_mean_r=math.fsum(trained) / len(trained),
        test_mean_r=math.fsum(tested) / len(tested),
        test_weeks=len(tested),
        test_trades=trades,
        judged=max_t([tested], matrix.block_weeks) if trades >= TRADES_MIN else None,
    )


def _leg(
    fold: Fold, matrix: WeekMatrix, by_point: Mapping[int, Sequence[FoundRun]], began: date
) -> tuple[WalkedFold, int]:
    """The fold, and the column that was chosen in it: the best mean of those with enough trades."""
    trades = [_entered(by_point[number][0], began, fold.train) for number in matrix.numbers]
    enough = [place for place, listed in enumerate(trades) if len(listed) >= TRAINING_TRADES_MIN]
    first, last = (began + timedelta(weeks=week) for week in fold.train)
    if not enough:
        raise InputError(
            f"--walk: expected at least {TRAINING_TRADES_MIN} trades of a point in training, found "
            f"at most {max(map(len, trades))} from {first} to {last}; train for longer, or where "
            "there are more trades"
        )
    means = {place: _mean(matrix.columns[place][slice(*fold.train)]) for place in enough}
    chosen = max(enough, key=lambda place: (means[place], -place))
    after = _entered(by_point[matrix.numbers[chosen]][0], began, fold.test)
    leg = WalkedFold(
        train_from=first,
        train_to=last,
        test_from=began + timedelta(weeks=fold.test[0]),
        test_to=began + timedelta(weeks=fold.test[1]),
        chosen=matrix.numbers[chosen],
        train_trades=len(trades[chosen]),
        train_mean_r=means[chosen],
        test_trades=len(after),
        test_mean_r=_mean(matrix.columns[chosen][slice(*fold.test)]),
        test_pnl_usd=sum((trade.pnl_usd for trade in after), Decimal(0)),
    )
    return leg, chosen


def _entered(found: FoundRun, began: date, weeks: tuple[int, int]) -> list[FoundTrade]:
    first, last = weeks
    return [
        trade for trade in found.trades if first < weeks_between(began, monday_of(trade.entered_at)) <= last
    ]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
