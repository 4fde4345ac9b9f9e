"""The 24 statements, by number: which code checks each, and when it can be checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from lab.invariants import audit, books, life, orders
from lab.invariants.seen import SeenOutside


class Moment(Enum):
    """When a statement can be checked: from a look on each moment includes those before it, up to the end."""

    SENDING = 1
    """An order or an edit was just handed over by execution."""
    REQUEST = 2
    """A placement or an edit has just been answered by the venue."""
    ANSWER = 3
    """A person has just been told that something is done or accepted."""
    LOOK = 4
    """Any time; nothing has to be at rest."""
    CALM = 5
    """Nothing has been done to it for so long that whatever was under way has had its time."""
    REST = 6
    """The same; the engine has recovered, and nothing is under way."""
    END = 7
    """The same, after an orderly stop."""


Check = Callable[[SeenOutside], Iterator[str]]


@dataclass(frozen=True)
class Invariant:
    """One statement of what must never happen; several checks where a part of it has to wait for rest."""

    number: int
    name: str
    checks: tuple[tuple[Moment, Check], ...]


@dataclass(frozen=True)
class Breach:
    """A statement that does not hold."""

    number: int
    name: str
    text: str


def _one(number: int, name: str, moment: Moment, check: Check, *more: tuple[Moment, Check]) -> Invariant:
    return Invariant(number, name, ((moment, check), *more))


INVARIANTS: tuple[Invariant, ...] = (
    _one(1, "recorded before sent", Moment.REQUEST, orders.recorded_before_sent),
    _one(2, "one label, one order", Moment.LOOK, orders.one_label_one_order),
    _one(3, "nothing after an arming", Moment.LOOK, orders.nothing_after_arming),
    _one(4, "no permit, no order", Moment.SENDING, orders.granted_by_a_live_switch),
    _one(
        5,
        "a permit for one order",
        Moment.SENDING,
        orders.permit_for_one_order,
        (Moment.REQUEST, orders.permit_for_one_order),
        (Moment.CALM, orders.other_terms_arm),
    ),
    _one(
        6,
        "inside the limits",
        Moment.SENDING,
        orders.inside_the_limits,
        (Moment.REQUEST, orders.inside_the_limits),
    ),
    _one(7, "fenced is silent", Moment.LOOK, orders.fenced_is_silent),
    _one(
        8,
        "not too many positions",
        Moment.REQUEST,
        orders.not_too_many_positions,
        (Moment.LOOK, orders.not_too_many_positions),
    ),
    _one(
        9,
        "the books are the venue",
        Moment.REST,
        books.books_are_the_venue,
        (Moment.CALM, books.all_is_looked_up),
    ),
    _one(10, "only allowed edges", Moment.LOOK, books.only_allowed_edges),
    _one(11, "cash adds up", Moment.REST, books.cash_adds_up),
    _one(12, "a partial fill is a position", Moment.CALM, books.partly_filled_is_a_position),
    _one(
        13,
        "promises hold",
        Moment.LOOK,
        books.promises_hold,
        (Moment.ANSWER, books.promises_hold),
        (Moment.CALM, books.closes_are_done),
        (Moment.END, books.promises_end),
    ),
    _one(14, "the chain is whole", Moment.REST, audit.chain_is_whole),
    _one(15, "the books are the log", Moment.REST, audit.books_are_the_log),
    _one(
        16,
        "everything is recorded once",
        Moment.LOOK,
        audit.everything_is_recorded_once,
        (Moment.REST, audit.all_fills_are_recorded),
        (Moment.REST, audit.armings_are_recorded),
    ),
    _one(17, "others keep running", Moment.LOOK, life.others_keep_running),
    _one(18, "poison is dropped", Moment.LOOK, life.poison_is_dropped),
    _one(19, "intensity is kept", Moment.LOOK, life.intensity_is_kept),
    _one(20, "mail is bounded", Moment.LOOK, life.mail_is_bounded),
    _one(21, "slots run once", Moment.LOOK, life.slots_run_once, (Moment.REST, life.no_slot_is_missed)),
    _one(22, "loud alerts arrive", Moment.REST, life.loud_alerts_arrive),
    _one(23, "no secret is told", Moment.END, life.no_secret_is_told),
    Invariant(24, "the same seed, the same trace", ()),
)
"""The last one compares two runs (`lab.invariants.life.same_trace`), so whoever runs them checks it."""

_INCLUDES = {
    Moment.SENDING: {Moment.SENDING},
    Moment.REQUEST: {Moment.REQUEST},
    Moment.ANSWER: {Moment.ANSWER},
    Moment.LOOK: {Moment.LOOK},
    Moment.CALM: {Moment.LOOK, Moment.CALM},
    Moment.REST: {Moment.LOOK, Moment.CALM, Moment.REST},
    Moment.END: {Moment.LOOK, Moment.CALM, Moment.REST, Moment.END},
}


def breaches(seen: SeenOutside, moment: Moment) -> Iterator[Breach]:
    """Everything that does not hold, of what can be checked at this moment."""
    for invariant in INVARIANTS:
        for when, check in invariant.checks:
            if when in _INCLUDES[moment]:
                for text in check(seen):
                    yield Breach(invariant.number, invariant.name, text)
