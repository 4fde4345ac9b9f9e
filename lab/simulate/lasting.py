"""What lasts for a while in a simulation: faults of the venue, late requests, a full disk, a dead channel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from core.contract import CHANGING_TOOLS
from core.permit_times import PERMIT_LIFETIME_MAX_S
from lab.simulate.acts import Act, ActKind
from lab.simulate.disk import LabDisk
from lab.simulate.venue import LabVenue

HOLD_S_MAX: Final = 20.0
LATE_FRAC: Final = 0.5
"""Of the requests that change an order, while requests are late."""


class LastingFaults:
    """Each begins with an act and ends by what `begin` returns; several of a kind may overlap."""

    def __init__(self, venue: LabVenue, disk: LabDisk, chance: Random, held: Callable[[], None]) -> None:
        """`held` is called for each request that is held back."""
        self._venue = venue
        self._disk = disk
        self._chance = chance
        self._held = held
        self._late: set[int] = set()
        self._channel_down: set[int] = set()
        self._full: dict[int, str] = {}

    def begin(self, act: Act) -> Callable[[], None]:
        """Begin; what is returned ends it."""
        match act.kind:
            case ActKind.VENUE:
                self._venue.faults.begin(act.number, act.what)
                return lambda: self._venue.faults.end(act.number)
            case ActKind.LATE:
                self._late.add(act.number)
                return lambda: self._late.discard(act.number)
            case ActKind.OTHERS:
                self._venue.odd.others_hold.add(act.number)
                return lambda: self._venue.odd.others_hold.discard(act.number)
            case ActKind.TERMS:
                self._venue.odd.other_terms[act.number] = None
                return lambda: self._terms_end(act.number)
            case ActKind.TELEGRAM:
                self._channel_down.add(act.number)
                return lambda: self._channel_down.discard(act.number)
            case ActKind.FULL_DISK:
                self._full[act.number] = act.what
                self._fill_disk()
                return lambda: self._disk_has_room(act.number)
            case _:
                raise ValueError(f"{act.kind}: expected an act that lasts")

    def end_all(self, acts: Sequence[Act]) -> None:
        """End whatever lasts."""
        self._late.clear()
        self._channel_down.clear()
        self._full.clear()
        self._fill_disk()
        self._venue.odd.others_hold.clear()
        self._venue.odd.other_terms.clear()
        self._disk.fails_next = False
        for act in acts:
            self._venue.faults.end(act.number)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing disturbs orders and books."""
        return not self._late and not self._venue.faults.are_coming and self._disk.full is None

    def channel_is_down(self) -> bool:
        """Whether alerts can't be sent."""
        return bool(self._channel_down)

    def hold_s(self, tool: str) -> float:
        """How long a request of that tool is held back."""
        if not self._late or tool not in CHANGING_TOOLS or self._chance.random() >= LATE_FRAC:
            return 0.0
        self._held()
        # Half of them are still valid when they arrive.
        longest_s = PERMIT_LIFETIME_MAX_S if self._chance.random() < 0.5 else HOLD_S_MAX
        return self._chance.uniform(0.0, longest_s)

    def _terms_end(self, number: int) -> None:
        """No entry has met them, or one has, with which they ended."""
        self._venue.odd.other_terms.pop(number, None)

    def _disk_has_room(self, number: int) -> None:
        self._full.pop(number, None)
        self._fill_disk()

    def _fill_disk(self) -> None:
        """As the last act says that still lasts."""
        self._disk.full = next(reversed(self._full.values()), None)
