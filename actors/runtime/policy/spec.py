"""Child specifications in OTP's words: what to start, in which order, and what to do when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import inf

from actors.runtime.actor.base import Actor
from actors.runtime.actor.mail import AnyAddress


class Restart(Enum):
    """When an ended child is started again."""

    PERMANENT = "permanent"  # always, also after a normal stop
    TRANSIENT = "transient"  # only after a crash or a hang
    TEMPORARY = "temporary"  # never


class RestartStrategy(Enum):
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


def _expect(holds: bool, what: str, expected: str, found: object) -> None:
    """Raise ValueError unless `holds`. Conditions state what is allowed, so that NaN never passes."""
    if not holds:
        raise ValueError(f"{what}: expected {expected}, found {found!r}")


def _expect_name(name: str, what: str) -> None:
    _expect(bool(name) and "/" not in name, what, "a non-empty name without '/'", name)


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
        _expect(0 <= self.min_s < inf, "Backoff.min_s", "0 <= min_s < inf", self.min_s)
        _expect(self.min_s <= self.cap_s < inf, "Backoff.cap_s", f"{self.min_s} <= cap_s < inf", self.cap_s)
        _expect(self.reset_after_s >= 0, "Backoff.reset_after_s", ">= 0", self.reset_after_s)
        _expect(0 <= self.jitter < inf, "Backoff.jitter", "0 <= jitter < inf", self.jitter)


@dataclass(frozen=True)
class ChildSpec:
    """One actor: how it is made, restarted, stopped and watched. Deadlines and limits are process time."""

    name: str
    factory: Callable[[Mapping[str, AnyAddress]], Actor]
    restart: Restart = Restart.PERMANENT
    shutdown_timeout_s: float = 5.0
    start_deadline_s: float = 2.0
    mailbox_bound: int = 1000
    hang_limit_s: float = 20.0
    on_hang: OnHang = OnHang.REPLACE

    def __post_init__(self) -> None:
        _expect_name(self.name, "ChildSpec.name")
        of = f"of {self.name}"
        _expect(self.mailbox_bound >= 1, f"ChildSpec.mailbox_bound {of}", ">= 1", self.mailbox_bound)
        for what in ("shutdown_timeout_s", "start_deadline_s", "hang_limit_s"):
            _expect(getattr(self, what) > 0, f"ChildSpec.{what} {of}", "> 0", getattr(self, what))


@dataclass(frozen=True)
class SupervisorSpec:
    """A supervisor and its children in start order. `intensity` failures within `period_s` are allowed, one
    more is not; the window's edge counts as inside, as in OTP. Market time."""

    name: str
    children: tuple[ChildSpec | SupervisorSpec, ...]
    strategy: RestartStrategy = RestartStrategy.ONE_FOR_ONE
    intensity: int = 5
    period_s: float = 60.0
    exhausted: Exhausted = Exhausted.ESCALATE
    park_retry_s: float = 600.0
    backoff: Backoff = field(default_factory=Backoff)

    def __post_init__(self) -> None:
        _expect_name(self.name, "SupervisorSpec.name")
        of = f"of {self.name}"
        _expect(self.intensity >= 0, f"SupervisorSpec.intensity {of}", ">= 0", self.intensity)
        for what in ("period_s", "park_retry_s"):
            found = getattr(self, what)
            _expect(0 < found < inf, f"SupervisorSpec.{what} {of}", "> 0 and < inf", found)
        if self.exhausted is Exhausted.PARK:
            if self.strategy is RestartStrategy.REST_FOR_ONE:
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
