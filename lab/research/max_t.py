"""One verdict over many points: is the best of them better than no trade, given that it is the best of many?

J. Romano and M. Wolf, "Stepwise Multiple Testing as Formalized Data Snooping", Econometrica 73 (2005), the
first step, studentised: the largest t of the points against its distribution in resamples of whole weeks,
whose mean and deviation are computed anew in each. Trades that reach over more than a week are drawn in
stationary blocks: D. Politis and J. Romano, "The Stationary Bootstrap", JASA 89 (1994).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import InputError

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Matrix = NDArray[numpy.float64]

RESAMPLES: Final = 1_999
SEED: Final = 1
TRADES_MIN: Final = 10
"""A point with fewer trades is not judged."""
LEVEL: Final = 0.05
STANDARD_ERRORS: Final = 2.49
"""So many standard errors a mean must be above zero to be found four times of five at 5 %, one-sided."""
NO_DEVIATION: Final = 1e-12


class MaxT(NamedTuple):
    """The place of the best column by t, its mean a week, p over all columns, and the mean that the sample
    would show."""

    best: int
    mean: float
    p: float
    would_show: float


def require_numpy() -> None:
    """Raises `InputError` without the extra."""
    try:
        import numpy  # noqa: F401
    except ImportError:
        raise InputError(
            "sweep: expected numpy, which the verdict is computed with, found none; "
            "make venv-research, or pip install 'cerbero-bite[research]'"
        ) from None


def max_t(
    columns: Sequence[Sequence[float]], block_weeks: int = 1, resamples: int = RESAMPLES, seed: int = SEED
) -> MaxT:
    """The verdict over columns of equal length, of which each is a point's weeks.

    A resample in which a column does not vary counts against us. Raises `InputError` without a column, or for
    fewer than two weeks.
    """
    import numpy

    if not columns or len(columns[0]) < 2:
        raise InputError("columns: expected at least one, of at least 2 weeks")
    weeks = numpy.asarray(columns, dtype=numpy.float64).T
    count = len(weeks)
    mean, deviation = weeks.mean(axis=0), weeks.std(axis=0, ddof=1)
    root = count**0.5
    moves = deviation > NO_DEVIATION
    # A column that never varies and is above zero is no evidence: nothing says how it could vary.
    t = numpy.where(moves, root * mean / numpy.where(moves, deviation, 1.0), 0.0)
    best = int(t.argmax())
    drawn = _drawn(count, block_weeks, resamples, numpy.random.default_rng(seed))
    means = drawn @ weeks / count
    squares = drawn @ (weeks * weeks) / count
    variances = numpy.maximum(squares - means * means, 0.0) * count / (count - 1)
    deviations = numpy.sqrt(variances)
    still = deviations <= NO_DEVIATION
    z = numpy.where(still, numpy.inf, root * (means - mean) / numpy.where(still, 1.0, deviations))
    largest = numpy.maximum(z[:, moves].max(axis=1, initial=0.0), 0.0)
    reached = int((largest >= max(0.0, float(t[best]))).sum())
    return MaxT(
        best=best,
        mean=float(mean[best]),
        p=(1 + reached) / (resamples + 1),
        would_show=STANDARD_ERRORS * float(deviation[best]) / root,
    )


def _drawn(count: int, block_weeks: int, resamples: int, rng: numpy.random.Generator) -> Matrix:
    """How often each week is drawn, one resample a row."""
    import numpy

    if block_weeks <= 1:
        return rng.multinomial(count, numpy.full(count, 1.0 / count), size=resamples).astype(numpy.float64)
    places = numpy.empty((resamples, count), dtype=numpy.int64)
    starts = rng.integers(count, size=(resamples, count))
    begins = rng.random((resamples, count)) < 1.0 / block_weeks
    places[:, 0] = starts[:, 0]
    for week in range(1, count):
        places[:, week] = numpy.where(begins[:, week], starts[:, week], (places[:, week - 1] + 1) % count)
    rows = numpy.arange(resamples)[:, None] * count
    return (
        numpy.bincount((places + rows).ravel(), minlength=resamples * count)
        .reshape(resamples, count)
        .astype(numpy.float64)
    )
