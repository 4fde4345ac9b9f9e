"""The probability of backtest overfitting: how often the best half the time is below the middle in the other.

D. Bailey, J. Borwein, M. López de Prado and Q. Zhu, "The Probability of Backtest Overfitting", Journal of
Computational Finance 20 (2017): combinatorially symmetric cross-validation, by the mean of the weeks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, pairwise

from core.errors import InputError

BLOCKS = 8


def overfitting(columns: Sequence[Sequence[float]], blocks: int = BLOCKS) -> float:
    """The share of the splits in which the best of one half ranks in the lower half of the other.

    Each column holds a point's weeks. Blocks are of equal length, but for weeks that are left over, which go
    to the first ones. Equal means share their middle rank; exactly in the middle counts as overfitted, and of
    several best ones in the first half the mean of what they do counts.
    Raises `InputError` for fewer than two columns, blocks that are odd, or fewer weeks than blocks.
    """
    if len(columns) < 2:
        raise InputError(f"columns: expected at least 2, found {len(columns)}")
    weeks = len(columns[0])
    if blocks < 2 or blocks % 2 or weeks < blocks:
        raise InputError(f"blocks: expected an even number up to {weeks} weeks, found {blocks}")
    edges = [number * (weeks // blocks) + min(number, weeks % blocks) for number in range(blocks + 1)]
    sums = [[math.fsum(column[a:b]) for a, b in pairwise(edges)] for column in columns]
    lengths = [b - a for a, b in pairwise(edges)]
    overfitted, splits = 0.0, 0
    for chosen in combinations(range(blocks), blocks // 2):
        others = [block for block in range(blocks) if block not in chosen]
        inside, outside = _means(sums, lengths, chosen), _means(sums, lengths, others)
        best = max(inside)
        firsts = [place for place, mean in enumerate(inside) if mean == best]
        below = sum(_relative_rank(outside, place) <= 0.5 for place in firsts)
        overfitted += below / len(firsts)
        splits += 1
    return overfitted / splits


def _means(sums: Sequence[Sequence[float]], lengths: Sequence[int], chosen: Sequence[int]) -> list[float]:
    weeks = sum(lengths[block] for block in chosen)
    return [math.fsum(column[block] for block in chosen) / weeks for column in sums]


def _relative_rank(means: Sequence[float], place: int) -> float:
    """The rank from below of one of them over their number plus one; equal ones share the middle rank."""
    mine = means[place]
    below, same = sum(mean < mine for mean in means), sum(mean == mine for mean in means)
    return (below + (same + 1) / 2) / (len(means) + 1)
