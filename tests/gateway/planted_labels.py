"""Bugs that are planted in gateway and engine, to show that what the machine over both holds bites.

Each is a patch in this process. `python -m tests.gateway.planted_labels` tells in how many examples the
machine finds each by itself.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import process_time
from typing import Any

from hypothesis import Phase
from hypothesis import settings as run_settings
from hypothesis.stateful import run_state_machine_as_test

from actors.execution import unknown
from core.contract import MaybeOrder
from gateway.live.errors import OutsideError
from gateway.live.orders import placing, resolver
from gateway.live.orders.changing import Changing
from gateway.live.orders.reads import OrderReads
from gateway.live.orders.registry import Registry
from gateway.live.venue.methods import Method
from gateway.live.venue.sending import DeribitSending
from gateway.sim.faults import Fault
from tests.gateway.mortal import OnTheWay
from tests.gateway.test_labels_stateful import Labels
from tests.simulate.bugs import swapped, wrapped

EXAMPLES_MAX = 3000
STEPS = 12


@contextmanager
def forgotten() -> Iterator[None]:
    """The gateway forgets that it has sent a label."""

    async def nothing(*_: object) -> list[object]:
        return []

    def begin(self: Any, request: Any, *rest: Any) -> None:
        self._folder.db.execute("DELETE FROM orders WHERE label = ?", (request.label,))
        real(self, request, *rest)

    real = Registry.begin
    with ExitStack() as stack:
        stack.enter_context(swapped(Registry, "get", lambda *_: None))
        stack.enter_context(swapped(Registry, "begin", begin))
        stack.enter_context(swapped(OrderReads, "with_label", nothing))
        yield


def repeated(real: Any) -> Any:
    """What nobody knows is sent again."""

    async def send(self: Any, method: Any, params: Any, deadline: Any, **told: Any) -> Any:
        try:
            return await real(self, method, params, deadline, **told)
        except OutsideError:
            return await real(self, method, params, deadline, **told)

    return send


def legged(real: Any) -> Any:
    """A spread that nobody takes is sent leg by leg."""

    async def send(self: Any, method: Any, params: Any, deadline: Any, **told: Any) -> Any:
        if method is Method.SELL and "-PS-" in params["instrument_name"]:
            coin, _, day, strikes = params["instrument_name"].split("-")
            leg = f"{coin}-{day}-{strikes.split('_')[0]}-P"
            params = {**params, "instrument_name": leg, "price": 0.0115}
        return await real(self, method, params, deadline, **told)

    return send


def refused_at_once(real: Any) -> Any:
    """Whatever fails was never placed."""
    return lambda error: real(error) or str(error)


def unlooked(_: Any) -> Any:
    """A look-up asks the venue alone, whatever is under way."""

    async def by_label(self: Any, request: Any, deadline: Any) -> MaybeOrder:
        found = await self._orders.with_label(request.label, deadline)
        return MaybeOrder(order=await self._orders.shown(found[0], deadline) if found else None)

    return by_label


def absent_at_once() -> Any:
    """Not found yet is never there."""
    stack = ExitStack()
    for name, value in (("SURELY_LATE_MS", -60_000), ("LOOKS", 1)):
        stack.enter_context(swapped(resolver, name, value))
    return stack


def unread_is_absent(real: Any) -> Any:
    """The engine takes a look-up that failed for one that found nothing."""

    async def look(line: Any, instruction: Any) -> Any:
        found = await real(line, instruction)
        return unknown._Absent() if isinstance(found, unknown._Unclear) else found

    return look


@dataclass(frozen=True)
class Planted:
    """A bug, and steps that bring it out."""

    name: str
    patch: Callable[[], Any]
    steps: Callable[[Labels], object]


def fault(machine: Labels, *texts: str) -> None:
    machine.mortal.sim.faults.add(*(Fault.parse(text) for text in texts))


def twice(machine: Labels) -> None:
    machine.mortal.on_the_way["place_combo_order"].append((OnTheWay.TWICE, 0.0))
    machine.enter(2, 6)


def answer_lost(machine: Labels) -> None:
    fault(machine, "sell:cut_after")
    machine.enter(2, 6)


def slow_and_looked_for(machine: Labels) -> None:
    """The venue takes it up a second later; the gateway has died meanwhile, and its successor is asked."""
    fault(machine, "sell:slow:1.5")
    machine.the_gateway_will_die_during_a_change("place_combo_order", 0.9)
    machine.enter(2, 6)
    machine.whatever_is_down_begins_anew()
    machine.somebody_looks()
    machine.time_passes(4.0)


def no_look_gets_through(machine: Labels) -> None:
    machine.mortal.on_the_way["get_order_by_label"] += 20 * [(OnTheWay.CUT, 0.0)]
    answer_lost(machine)
    machine.time_passes(240.0)


BUGS = (
    Planted("the registry forgets a label", forgotten, twice),
    Planted("a placement is repeated", wrapped(DeribitSending, "send", repeated), answer_lost),
    Planted("a spread is legged out", wrapped(DeribitSending, "send", legged), lambda of: of.enter(2, 6)),
    Planted("unknown is refused", wrapped(placing, "refusal_of", refused_at_once), answer_lost),
    Planted("a look-up ignores the registry", wrapped(Changing, "by_label", unlooked), slow_and_looked_for),
    Planted("not found yet is final", absent_at_once, slow_and_looked_for),
    Planted("unread is absent", wrapped(unknown, "_look", unread_is_absent), no_look_gets_through),
)


class Counted(Labels):
    """The machine, and how often it has begun."""

    begun = 0

    def __init__(self) -> None:
        type(self).begun += 1
        super().__init__()


def examples_until_found(bug: Planted, examples_max: int = EXAMPLES_MAX) -> int | None:
    """How many examples the machine plays until something no longer holds; None if all hold. The same each
    time, as long as nothing about the machine changes."""
    tries = run_settings(
        max_examples=examples_max,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
    )
    Counted.begun = 0
    try:
        with bug.patch():
            run_state_machine_as_test(Counted, settings=tries)
    except AssertionError:
        # What was found is played once more, to be reported.
        return Counted.begun - 1
    return None


def main(names: list[str]) -> None:
    """A row of the table of `docs/live-gateway.md` for each bug, or for those whose names are given."""
    logging.disable(logging.CRITICAL)
    for bug in BUGS:
        if names and bug.name not in names:
            continue
        began_s = process_time()
        found = examples_until_found(bug)
        sys.stdout.write(f"| {bug.name} | {'not found' if found is None else found} |\n")
        sys.stdout.flush()
        sys.stderr.write(f"{process_time() - began_s:.1f} s\n")


if __name__ == "__main__":
    main(sys.argv[1:])
