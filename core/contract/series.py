"""The lists of an answer: each row once and in order, whatever pages the server made them of.

Pages overlap, and a row may stand in two of them; a row may have changed between two pages. A copy is left
out. Of two rows about the same thing the newer one holds if the rows say when they are of; if they do not,
the list contradicts itself and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import TypeVar

from pydantic.functional_validators import AfterValidator

RowT = TypeVar("RowT")
_NAME_SHOWN = 80


def once(
    rows: Iterable[RowT],
    identity: Callable[[RowT], Hashable],
    dated: Callable[[RowT], datetime] | None = None,
) -> tuple[RowT, ...]:
    """Each row once, in the order in which they came; of two that differ, the one `dated` later.

    Raises `ValueError` if two rows of one identity differ and neither is newer.
    """
    kept: dict[Hashable, RowT] = {}
    for row in rows:
        name = identity(row)
        known = kept.setdefault(name, row)
        if known is row or known == row:
            continue
        if dated is None or dated(known) == dated(row):
            raise ValueError(f"{str(name)[:_NAME_SHOWN]} is listed twice, and the two differ")
        if dated(row) > dated(known):
            kept[name] = row
    return tuple(kept.values())


def rows(
    identity: Callable[[RowT], Hashable],
    *,
    dated: Callable[[RowT], datetime] | None = None,
    order: Callable[[RowT], datetime] | None = None,
) -> AfterValidator:
    """The validator of a list of such rows: `once` each, sorted by `order` where rows have one."""

    def checked(listed: tuple[RowT, ...]) -> tuple[RowT, ...]:
        found = once(listed, identity, dated)
        return found if order is None else tuple(sorted(found, key=order))

    return AfterValidator(checked)
