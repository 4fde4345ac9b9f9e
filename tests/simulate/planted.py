"""Bugs that are planted to show that each statement bites: `python -m tests.simulate.planted` tells how soon.

A bug is a patch of the wiring in this process, and the product is as it is. The ones marked with a number of
the hostile campaign had been in the product, and are put back.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any
from uuid import uuid4

from actors import tree
from actors.audit import files as audit_files
from actors.audit import log_file
from actors.control import commands
from actors.control.commands import Commands
from actors.execution import account, recovery
from actors.kill_switch import DiskKillFile
from actors.kill_switch import actor as kill_switch_actor
from actors.kill_switch.gate import Gate
from actors.kill_switch.ledger import PermitLedger
from actors.mcp import PaperTransport
from actors.mcp import orders as mcp_orders
from actors.runtime import GreenRuntime
from actors.runtime.cells.cell import Cell
from actors.runtime.cells.context import LiveContext
from actors.scheduler.actor import Scheduler
from actors.state import apply, apply_orders
from actors.state.tables import positions
from config import load_strategy
from lab.simulate import person
from lab.simulate.channel import LabChannel
from lab.simulate.hunt import Hunt
from tests.simulate.bugs import (
    NoSync,
    account_unseen,
    all_fall,
    answers,
    any_exit,
    any_terms,
    as_asked,
    counts_as_told,
    disk_ignored,
    ends_early,
    flipped,
    long_permit,
    never_suspended,
    new_slot,
    no_exit_while_armed,
    other_label,
    put_back,
    rounded_fee,
    said_too_soon,
    sent_again,
    swapped,
    unkept,
    unmasked,
    unsaid,
    whole_sizes_alone,
    without_bound,
    without_edges,
    without_intensity,
    wrapped,
)

STRATEGY = Path(__file__).resolve().parents[2] / "strategy.yaml"
SEEDS_MAX = 2000


@dataclass(frozen=True)
class Planted:
    """One bug: which statements may notice it, and where to look for it."""

    name: str
    statement: int
    """The one that it is planted for."""
    statements: frozenset[int]
    patch: Callable[[], Any]
    profile: str
    days: float = 1.2
    was: str = ""
    """Its number in the hostile campaign, if it had been there."""


@dataclass(frozen=True)
class Noticed:
    """How soon it was found."""

    planted: Planted
    seeds: int
    statement: int | None
    text: str
    took_s: float


def notice(planted: Planted, seeds: range) -> Noticed:
    """Run seeds until one notices it."""
    began_s = process_time()
    hunt = Hunt(days=planted.days, profile=planted.profile, is_sparse=True, loaded=load_strategy(STRATEGY))
    run = hunt.run_twice if planted.statement == 24 else hunt.run
    with planted.patch():
        for count, seed in enumerate(seeds, start=1):
            found = run(hunt.drawn(seed)).found
            if found is not None and found.numbers & planted.statements:
                took_s = process_time() - began_s
                number = planted.statement if planted.statement in found.numbers else found.breach.number
                return Noticed(planted, count, number, found.breach.text, took_s)
    return Noticed(planted, len(seeds), None, "", process_time() - began_s)


def _one(
    number: int,
    name: str,
    patch: Callable[[], Any],
    profile: str,
    *others: int,
    days: float = 1.2,
    was: str = "",
) -> Planted:
    return Planted(name, number, frozenset({number, *others}), patch, profile, days, was)


PLANTED: tuple[Planted, ...] = (
    _one(
        1,
        "an order leaves under another label",
        wrapped(mcp_orders, "PlaceComboOrder", other_label),
        "none",
    ),
    _one(
        2,
        "a placement without an answer is sent again",
        wrapped(PaperTransport, "send", sent_again),
        "venue",
    ),
    _one(
        3,
        "an arming waits for no permit",
        lambda: swapped(PermitLedger, "outstanding", lambda *_: frozenset()),
        "person",
        days=0.3,
    ),
    _one(
        3,
        "an arming without an engine is done at once",
        lambda: swapped(person, "CERTAIN_AFTER_S", 0.0),
        "person",
        days=0.3,
        was="3",
    ),
    _one(
        4,
        "suspended entries are permitted",
        wrapped(Gate, "reasons_against", never_suspended),
        "clock",
        days=0.3,
    ),
    _one(
        5,
        "an order on other terms is taken",
        any_terms,
        "venue",
        days=0.3,
        was="12",
    ),
    _one(5, "a permit lives for half a minute", wrapped(kill_switch_actor, "Permit", long_permit), "none"),
    _one(6, "an exit is not reduce-only", wrapped(mcp_orders, "PlaceComboOrder", any_exit), "person"),
    _one(7, "a fenced life goes on", lambda: swapped(LiveContext, "check_live", lambda _: None), "process"),
    _one(8, "the account is not looked at", account_unseen, "second", days=0.3, was="10"),
    _one(
        9,
        "recovery looks at no order",
        lambda: swapped(recovery, "apply_orders", answers(None)(None)),
        "process",
        days=0.3,
    ),
    _one(10, "a closed position is called cancelled", without_edges, "person"),
    _one(11, "fees are rounded", wrapped(apply_orders, "_book_fill", rounded_fee), "none"),
    _one(
        12,
        "a partial fill is a position of what was asked",
        unkept(wrapped(positions, "_sizes", as_asked), positions._made, positions._sums),
        "venue",
        days=0.3,
    ),
    _one(13, "accepted before it is on disk", wrapped(Commands, "record", said_too_soon), "person", was="6"),
    _one(
        13,
        "an arming that no disk has is done",
        wrapped(DiskKillFile, "add", disk_ignored),
        "disk",
        was="1",
    ),
    _one(
        13,
        "a command is run again as a new cycle",
        wrapped(Commands, "_take_up", new_slot),
        "person",
        was="5",
    ),
    _one(
        13,
        "a transient refusal ends a command",
        wrapped(commands, "word_of", ends_early),
        "person",
        was="2",
    ),
    _one(
        13,
        "no exit leaves while it is armed",
        wrapped(mcp_orders, "what_leaves", no_exit_while_armed),
        "person",
        was="4",
    ),
    _one(14, "a byte of the log is wrong", wrapped(log_file, "append_bytes", flipped), "none", 15),
    _one(15, "the log is not synced", lambda: swapped(audit_files, "os", NoSync()), "disk", 13, 14),
    _one(
        16,
        "an instruction is not recorded",
        wrapped(apply, "record_instruction", unsaid),
        "none",
        15,
    ),
    _one(17, "who fails takes the desk along", wrapped(tree, "Supervisor", all_fall), "process"),
    _one(
        17,
        "a position of another's ends the room",
        wrapped(account, "compare", whole_sizes_alone),
        "venue",
        9,
        days=0.3,
        was="11",
    ),
    _one(18, "what ended a life is tried again", wrapped(Cell, "ended", put_back), "process", 17),
    _one(19, "there is no limit of restarts", without_intensity, "none", 17),
    _one(20, "mail without bound", without_bound, "none"),
    _one(
        21,
        "a next run far ahead is believed",
        lambda: swapped(Scheduler, "_plan_anew", lambda _: None),
        "clock",
        was="9",
    ),
    _one(
        22,
        "an alert that was not taken is delivered",
        wrapped(LabChannel, "send", counts_as_told),
        "person",
    ),
    _one(23, "nothing is masked", unmasked, "venue"),
    _one(
        24, "ids are random", lambda: swapped(GreenRuntime, "uuid", lambda _: uuid4().hex), "none", days=0.3
    ),
)


def main(names: list[str], seeds: int = SEEDS_MAX) -> None:
    """A row of the table of `docs/reliability.md` for each bug, or for those whose names are given."""
    logging.getLogger("actors").setLevel(logging.CRITICAL + 1)
    for planted in PLANTED:
        if names and planted.name not in names:
            continue
        found = notice(planted, range(seeds))
        seen = "not found" if found.statement is None else str(found.statement)
        where = f"{planted.profile}, {planted.days:g} days"
        row = f"| {planted.statement} | {planted.name} | {planted.was} | {where} | {found.seeds} | {seen} |"
        sys.stdout.write(f"{row}\n")
        sys.stderr.write(f"{found.took_s:.1f} s: {found.text[:200]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
