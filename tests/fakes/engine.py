"""An engine for control: cells as the test sets them, and what was asked of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from actors.runtime import CellState, CellStatus


def cell(name: str, state: CellState = CellState.UP, last_error: str | None = None) -> CellStatus:
    return CellStatus(
        name=name,
        path=f"root/{name}",
        state=state,
        restarts=0,
        epoch=1,
        mailbox_depth=0,
        overflowed=0,
        busy_with=None,
        busy_for_s=0.0,
        last_error=last_error,
    )


class FakeEngine:
    """`operations` counts requests under way; `stops` lists the reasons given."""

    def __init__(self) -> None:
        self.cell_list: tuple[CellStatus, ...] = (cell("state"), cell("execution"))
        self.stops: list[str] = []
        self.restarts: list[str] = []
        self.operations = 0

    def cells(self) -> tuple[CellStatus, ...]:
        return self.cell_list

    def dead_letters(self) -> int:
        return 0

    def dump(self) -> str:
        return "root/state up"

    def trace(self, correlation: str) -> tuple[str, ...]:
        return (f"envelope under {correlation}",)

    def restart(self, name: str) -> None:
        self.restarts.append(name)

    def request_stop(self, reason: str) -> None:
        self.stops.append(reason)

    @contextmanager
    def operation(self) -> Iterator[None]:
        self.operations += 1
        try:
            yield
        finally:
            self.operations -= 1
