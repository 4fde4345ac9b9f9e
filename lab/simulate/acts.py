"""What may happen to the engine in a simulation: one act each, which can be left out without the others."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from core.values import Value


class ActKind(StrEnum):
    """What is done. `docs/reliability.md` says how each is played."""

    VENUE = "venue"
    """The venue plays faults for a while: `what` is `TARGET:KIND:RATE`."""
    LATE = "late"
    """Requests that change an order are held back, for a while."""
    CRASH = "crash"
    """The actor that reaches this place raises."""
    HANG = "hang"
    """The actor that reaches this place stands for longer than its hang limit."""
    KILL = "kill"
    """The process ends there, as by `kill -9`; `what` says what becomes of writes that were not synced."""
    STOP = "stop"
    """The engine is stopped in order, and started again."""
    FULL_DISK = "full_disk"
    """For a while nothing can be written; `what` is `soft` if giving up the ballast makes room, or `hard`."""
    IO_ERROR = "io_error"
    """One write or sync of the disk fails."""
    CLOCK = "clock"
    """The engine's wall clock is set; `what` is by how many seconds. It is set right after `lasts_s`."""
    PERSON = "person"
    """A person gives a command; `what` is which."""
    SECOND = "second"
    """A second engine with a folder of its own trades the same account, for a while."""
    OTHERS = "others"
    """For a while the account lists positions of others: of a fractional size, and of an unknown kind."""
    TERMS = "terms"
    """The next entry within `lasts_s` is taken for one contract more than was asked for."""
    TELEGRAM = "telegram"
    """The alert channel is down for a while."""


class ActPlace(StrEnum):
    """Where an act happens that does not simply come with time."""

    TIME = "time"
    MESSAGE = "message"
    """When a message of the type `of` is about to be sent."""
    DISK = "disk"
    """Before a change of the disk: a sync, a renaming, a removal, or a commit of the books."""
    REQUEST = "request"
    """When a request of the tool `of` leaves for the venue."""
    ANSWER = "answer"
    """When the venue has carried it out, and nobody has heard of it."""


class Act(Value):
    """`at_s` is true time since the begin; the act is played at the `nth` time from then on that its place is
    reached. `lasts_s` is how long it lasts, or for how long the engine stays down."""

    number: int
    kind: ActKind
    at_s: float
    what: str = ""
    place: ActPlace = ActPlace.TIME
    of: str = ""
    nth: int = 1
    lasts_s: float = 0.0

    @property
    def family(self) -> str:
        """What coverage counts it as."""
        if self.kind is ActKind.VENUE:
            return f"venue {self.what.split(':')[1]}"
        if self.kind is ActKind.CLOCK:
            return "clock ahead" if float(self.what) > 0 else "clock back"
        if self.kind in (ActKind.PERSON, ActKind.FULL_DISK):
            return f"{self.kind.value} {self.what}"
        if self.kind in (ActKind.CRASH, ActKind.HANG, ActKind.KILL):
            return f"{self.kind.value} at {self.place.value}"
        return self.kind.value

    def line(self) -> str:
        """For people."""
        where = "" if self.place is ActPlace.TIME else f" at {self.place.value} {self.of} no. {self.nth}"
        lasts = f" for {self.lasts_s:.0f} s" if self.lasts_s else ""
        return f"#{self.number} {self.at_s:.3f} s: {self.kind.value} {self.what}{where}{lasts}".replace(
            "  ", " "
        )


class Drawn(Value):
    """All that a seed has drawn."""

    seed: int
    market: int
    """The seed of the model market."""
    yield_at_tell: float
    is_on_wire: bool
    """Each answer of the venue comes as JSON; otherwise only those that a fault may hit."""
    acts: tuple[Act, ...]

    def only(self, numbers: frozenset[int]) -> Drawn:
        """The same with these acts alone."""
        return self.model_copy(update={"acts": tuple(act for act in self.acts if act.number in numbers)})


ALL: Final = frozenset(ActKind)
PROFILES: Final[dict[str, frozenset[ActKind]]] = {
    "all": ALL,
    "none": frozenset(),
    "venue": frozenset({ActKind.VENUE, ActKind.LATE, ActKind.OTHERS, ActKind.TERMS}),
    "process": frozenset({ActKind.KILL, ActKind.STOP, ActKind.CRASH, ActKind.HANG}),
    "disk": frozenset({ActKind.FULL_DISK, ActKind.IO_ERROR, ActKind.KILL, ActKind.PERSON}),
    "clock": frozenset({ActKind.CLOCK, ActKind.STOP, ActKind.KILL}),
    "person": frozenset({ActKind.PERSON, ActKind.KILL, ActKind.LATE, ActKind.TELEGRAM, ActKind.STOP}),
    "second": frozenset({ActKind.SECOND, ActKind.VENUE, ActKind.KILL}),
}
"""The kinds of acts that each profile of `--faults` draws."""
