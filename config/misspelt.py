"""Variables that look like ours and that nothing reads: most likely misspelt, and without effect.

They are told of and refuse nothing: another program's may begin the same way, and an engine that holds
positions and is started again at night must not stay down for a name that has no effect. Every command asks
for them, so that what is needed to compare names is imported only if there is one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from config.consequences import OF_VARIABLES
from core.redaction import OWN_VARIABLES
from core.text import shown

READ_ELSEWHERE: Final = frozenset(
    f"{OWN_VARIABLES}{name}"
    for name in (
        # compose.yaml
        "CONFIG_FOLDER",
        # scripts/watchdog.sh
        *("WATCHDOG_KILL", "WATCHDOG_LOOKS", "WATCHDOG_STATE", "WATCHDOG_URL"),
        # The tests and the timed figures.
        *("PEER_PYTHON", "PEER_SCRIPT", "PEER_SWEEP", "TEST_DATA", "W1_CHAINS", "W1_TRADES"),
    )
)
"""What the engine and its commands do not read, and others of the project do."""
TOLD_MAX: Final = 16
NAME_LENGTH_MAX: Final = 80
"""Longer than any name that could be meant."""
_BEGINNING: Final = "CERBERO"
_OTHERS: Final = "CERBERO_GATEWAY_"
"""The gateway's own, which it looks after itself."""
_NEAR: Final = 0.6
_NEAR_WHOLE: Final = 0.85
"""How much has to be the same of a name that does not begin as ours do: it is most likely another's."""


@dataclass(frozen=True)
class UnknownVariable:
    """A variable that nothing reads, and the one that was perhaps meant."""

    name: str
    near: str | None

    def __str__(self) -> str:
        name = self.name if len(self.name) <= NAME_LENGTH_MAX else shown(self.name)
        if self.near is None:
            return f"{name}: no variable of that name is read; run.py config env lists those that are"
        return f"{name}: no variable of that name is read, did you mean {self.near}?"


def unknown_variables(names: Iterable[str]) -> tuple[UnknownVariable, ...]:
    """Those of an environment's names, by name; at most `TOLD_MAX`."""
    looked_at = (_judged(name) for name in sorted(names) if name[: len(_BEGINNING)].upper() == _BEGINNING)
    return tuple(islice((found for found in looked_at if found is not None), TOLD_MAX))


def _judged(name: str) -> UnknownVariable | None:
    if name in OF_VARIABLES or name in READ_ELSEWHERE or name.startswith(_OTHERS):
        return None
    if name.startswith(OWN_VARIABLES):
        # Without what all have in common, which would make any two of them near.
        known = [each.removeprefix(OWN_VARIABLES) for each in _known() if each.startswith(OWN_VARIABLES)]
        near = _nearest(name.removeprefix(OWN_VARIABLES), known, _NEAR)
        return UnknownVariable(name, None if near is None else OWN_VARIABLES + near)
    near = _nearest(name, _known(), _NEAR_WHOLE)
    return None if near is None else UnknownVariable(name, near)


def _known() -> Collection[str]:
    return (*OF_VARIABLES, *READ_ELSEWHERE)


def _nearest(name: str, known: Collection[str], at_least: float) -> str | None:
    if len(name) > NAME_LENGTH_MAX:
        return None
    from difflib import get_close_matches

    return next(iter(get_close_matches(name.upper().replace("-", "_"), known, n=1, cutoff=at_least)), None)
