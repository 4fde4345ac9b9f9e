"""Asks the engine how it is: once a second at most, over one connection, however many look at the page."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from time import monotonic
from typing import Final

from pydantic import ValidationError

from core.errors import CerberoError, NoAnswerError
from core.messages.engine_status import EngineStatus
from reading.control_client import is_refusal

AGAIN_AFTER_S: Final = 1.0
"""The engine is asked no more often, however many ask."""
WAIT_S: Final = 1.2
"""A page waits no longer for an answer: within 2 s it says that the engine does not answer."""


@dataclass(frozen=True, slots=True)
class EngineSaid:
    """The last status, and how old it is; `problem` is why there is no newer one, None if there is.

    `status` is None if the engine has never answered, or is known not to run. `refuses` if the problem is the
    engine's own word.
    """

    status: EngineStatus | None
    age_s: float
    problem: str | None
    refuses: bool = False


@dataclass(frozen=True, slots=True)
class _Asking:
    """One asking; it `ended_s` with a status or a problem; `silent` if an engine runs and did not answer,
    `refuses` if it has said why."""

    asked_s: float
    ended_s: float
    status: EngineStatus | None
    problem: str | None
    silent: bool
    refuses: bool

    @property
    def good_for_s(self) -> float:
        """An engine of which a part is silent takes seconds for each answer, and is not dead meanwhile."""
        took_s = self.ended_s - self.asked_s
        return 2.0 * took_s if self.status is not None and took_s > WAIT_S else 0.0


class EngineWatch:
    """The status of one engine, for many threads. `ask` may take long; it has a thread of its own."""

    def __init__(self, ask: Callable[[], EngineStatus], *, clock: Callable[[], float] = monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._changed = Condition()
        self._asking_since_s: float | None = None
        self._last: _Asking | None = None
        self._status: tuple[EngineStatus, float] | None = None

    def look(self) -> EngineSaid:
        """What the engine says now; returns within `WAIT_S`."""
        with self._changed:
            began_s = self._clock()
            if self._asking_since_s is None and not self._is_fresh(began_s):
                self._asking_since_s = began_s
                try:
                    Thread(target=self._run, args=(began_s,), name="page-asks", daemon=True).start()
                except RuntimeError as error:
                    self._ended(began_s, None, f"the engine could not be asked: {error}", silent=True)
            while not self._is_fresh(began_s) and (left_s := began_s + WAIT_S - self._clock()) > 0:
                self._changed.wait(left_s)
            return self._said(began_s)

    def forget(self) -> None:
        """What was answered counts as old: the next look asks anew."""
        with self._changed:
            self._last = None

    def _is_fresh(self, at_s: float) -> bool:
        if self._last is None:
            return False
        return at_s - self._last.asked_s < AGAIN_AFTER_S or at_s - self._last.ended_s < self._last.good_for_s

    def _said(self, at_s: float) -> EngineSaid:
        status, age_s = None, 0.0
        if self._status is not None:
            status, age_s = self._status[0], max(self._clock() - self._status[1], 0.0)
        if self._last is not None and self._is_fresh(at_s):
            # Whoever is known not to run is not shown as it was; who is silent is, with the problem.
            known = self._last.problem is None or self._last.silent
            return EngineSaid(status if known else None, age_s, self._last.problem, self._last.refuses)
        since_s = at_s if self._asking_since_s is None else self._asking_since_s
        waited_s = math.ceil(self._clock() - since_s)
        return EngineSaid(status, age_s, f"the engine has not answered for {waited_s} s")

    def _run(self, asked_s: float) -> None:
        status, problem, silent, refuses = None, None, False, False
        try:
            status = self._ask()
        except NoAnswerError as error:
            problem, silent = str(error), True
        except CerberoError as error:
            problem, refuses = str(error), is_refusal(error)
        except ValidationError as error:
            problem = (
                f"the engine is of another version: its status has {error.error_count()} parts that this one"
                " does not know; restart both with the same"
            )
        except Exception as error:  # Whatever it is: the next look must be able to ask again.
            problem, silent = f"the engine could not be asked: {str(error) or type(error).__name__}", True
        self._ended(asked_s, status, problem, silent=silent, refuses=refuses)

    def _ended(
        self,
        asked_s: float,
        status: EngineStatus | None,
        problem: str | None,
        *,
        silent: bool,
        refuses: bool = False,
    ) -> None:
        with self._changed:
            ended_s = self._clock()
            self._last = _Asking(asked_s, ended_s, status, problem, silent, refuses)
            if status is not None:
                self._status = (status, ended_s)
            self._asking_since_s = None
            self._changed.notify_all()
