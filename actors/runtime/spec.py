"""Child specifications in OTP's words: what to start, in which order, and what to do when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.runtime.actor import Actor
    from actors.runtime.address import Address


class Restart(Enum):
    """When an ended child is started again."""

    PERMANENT = "permanent"  # always, also after a normal stop
    TRANSIENT = "transient"  # only after a crash or a hang
    TEMPORARY = "temporary"  # never


class Strategy(Enum):
    """Who is restarted when one child fails."""

    ONE_FOR_ONE = "one_for_one"  # the failed child alone
    REST_FOR_ONE = "rest_for_one"  # the failed child and those started after it


class Exhausted(Enum):
    """What a supervisor does when failures come faster than its intensity allows."""

    ESCALATE = "escalate"  # stop all children and fail upwards
    PARK = "park"  # count per child; park that child alone and retry it later


class OnHang(Enum):
    """What is done with a child that is busy for longer than its hang limit."""

    REPLACE = "replace"  # fence it and start a successor
    ESCALATE = "escalate"  # treat it as if the supervisor's restarts were used up


@dataclass(frozen=True)
class Backoff:
    """Delay before the n-th restart in a row: min(cap, min·2ⁿ⁻¹)·(1 + jitter·u), u seeded in [0, 1).

    The count starts again after `reset_after_s` seconds of service without a failure. Market time.
    """

    min_s: float = 0.1
    cap_s: float = 30.0
    reset_after_s: float = 60.0
    jitter: float = 0.2

    def __post_init__(self) -> None:
        if not (0 <= self.min_s <= self.cap_s < inf and self.reset_after_s >= 0 and self.jitter >= 0):
            raise ValueError(
                f"Backoff: expected 0 <= min_s <= cap_s < inf, reset_after_s, jitter >= 0; found {self}"
            )


@dataclass(frozen=True)
class ChildSpec:
    """One actor: how it is made, restarted, stopped and watched. Deadlines and limits are process time."""

    name: str
    factory: Callable[[Mapping[str, Address]], Actor]
    restart: Restart = Restart.PERMANENT
    shutdown_timeout_s: float = 5.0
    start_deadline_s: float = 2.0
    mailbox_bound: int = 1000
    hang_limit_s: float = 20.0
    on_hang: OnHang = OnHang.REPLACE

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise ValueError(f"ChildSpec.name: expected a non-empty name without '/', found {self.name!r}")
        if self.mailbox_bound < 1:
            raise ValueError(
                f"ChildSpec.mailbox_bound of {self.name}: expected >= 1, found {self.mailbox_bound}"
            )
        for what in ("shutdown_timeout_s", "start_deadline_s", "hang_limit_s"):
            if not getattr(self, what) > 0:
                raise ValueError(
                    f"ChildSpec.{what} of {self.name}: expected > 0, found {getattr(self, what)}"
                )


@dataclass(frozen=True)
class SupervisorSpec:
    """A supervisor and its children in start order. `intensity` failures within `period_s` are allowed, one
    more is not; the window's edge counts as inside, as in OTP. Market time."""

    name: str
    children: tuple[ChildSpec | SupervisorSpec, ...]
    strategy: Strategy = Strategy.ONE_FOR_ONE
    intensity: int = 5
    period_s: float = 60.0
    exhausted: Exhausted = Exhausted.ESCALATE
    park_retry_s: float = 600.0
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        if not self.name or "/" in self.name:
            raise ValueError(
                f"SupervisorSpec.name: expected a non-empty name without '/', found {self.name!r}"
            )
        if self.intensity < 0 or not (0 < self.period_s < inf and 0 < self.park_retry_s < inf):
            raise ValueError(
                f"SupervisorSpec {self.name}: expected intensity >= 0, period_s and park_retry_s > 0, < inf"
            )
        if self.exhausted is Exhausted.PARK:
            if self.strategy is Strategy.REST_FOR_ONE:
                raise ValueError(f"SupervisorSpec {self.name}: PARK counts per child and needs ONE_FOR_ONE")
            if any(isinstance(child, SupervisorSpec) for child in self.children):
                raise ValueError(f"SupervisorSpec {self.name}: PARK is for actors, found a nested supervisor")
        names = [spec.name for spec in self.walk()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"SupervisorSpec {self.name}: names must be unique in the tree, found twice: {twice}"
            )

    def walk(self) -> Iterator[ChildSpec | SupervisorSpec]:
        """This supervisor and everything below it, in start order."""
        yield self
        for child in self.children:
            if isinstance(child, SupervisorSpec):
                yield from child.walk()
            else:
                yield child
