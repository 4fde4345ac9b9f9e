"""Checks what must never happen, whenever the simulation comes to a moment at which it can be checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from lab.invariants import Breach, Moment, breaches
from lab.invariants.folder import FolderBooks
from lab.simulate.outcome import BreachFoundError
from lab.simulate.station import Station
from lab.simulate.watching import RequestWatch

NOTHING_READ: Final[Mapping[str, FolderBooks]] = MappingProxyType({})


class Judge:
    """Keeps the first breach that it finds: what follows from it is not checked any more."""

    def __init__(
        self, watch: RequestWatch, stations: Callable[[], list[Station]], now: Callable[[], datetime]
    ) -> None:
        self._watch = watch
        self._stations = stations
        self._now = now
        self._breach: Breach | None = None
        self.broken: frozenset[int] = frozenset()
        """The numbers of all that was found at the moment of the first breach."""
        self.is_looking = False
        """What the check itself reads is no access of an engine."""
        self.has_alien = False
        """The venue holds a position that no engine has opened."""

    def check(self, moment: Moment, books: Mapping[str, FolderBooks] = NOTHING_READ) -> None:
        """Between two lives of an engine, or while one runs: raises nothing.

        `books`: what was read of engines' books at this moment already, by name.
        """
        if self._breach is not None:
            return
        self.is_looking = True
        try:
            engines = [station.seen for station in self._stations()]
            seen = self._watch.seen(self._now(), engines, has_alien=self.has_alien, books=books)
            found = tuple(breaches(seen, moment))
        finally:
            self.is_looking = False
        self._breach = found[0] if found else None
        self.broken = frozenset(breach.number for breach in found)

    def check_inside(self, station: Station, moment: Moment) -> None:
        """In an engine that runs: at a breach it does not go on."""
        self.check(moment)
        if self._breach is not None:
            station.halt()

    def raise_found(self) -> None:
        """Raises `BreachFoundError` if there is a breach."""
        if self._breach is not None:
            raise BreachFoundError(self._breach)
