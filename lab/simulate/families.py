"""All that a profile may draw, by the names under which coverage counts it: what is not hit can be named."""

from __future__ import annotations

from typing import Final

from gateway.paper.faults import FaultKind
from lab.simulate.acts import PROFILES, ActKind, ActPlace
from lab.simulate.draw import PERSON

_PLACES: Final = (ActPlace.MESSAGE, ActPlace.DISK, ActPlace.REQUEST, ActPlace.ANSWER)


def families_of(profile: str) -> frozenset[str]:
    """Each `Act.family` that a seed of this profile may draw."""
    return frozenset(family for kind in PROFILES[profile] for family in _families(kind))


def _families(kind: ActKind) -> tuple[str, ...]:
    match kind:
        case ActKind.VENUE:
            return tuple(f"{kind.value} {fault.value}" for fault in FaultKind)
        case ActKind.CRASH | ActKind.HANG | ActKind.KILL:
            return tuple(f"{kind.value} at {place.value}" for place in _PLACES)
        case ActKind.CLOCK:
            return "clock ahead", "clock back"
        case ActKind.PERSON:
            return tuple(f"{kind.value} {what}" for what in PERSON)
        case ActKind.FULL_DISK:
            return f"{kind.value} soft", f"{kind.value} hard"
        case _:
            return (kind.value,)
