"""Bugs that are planted to show that each statement bites: `python -m tests.simulate.planted` tells how soon.

A bug is a patch of the wiring in this process, and the product is as it is. The ones marked with a number of
the hostile campaign had been in the product, and are put back.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import Any
from uuid import uuid4

from actors import tree
from actors.alerting import Taken
from actors.alerting.actor import Alerting
from actors.audit import actor as audit_actor
from actors.audit import files as audit_files
from actors.control import commands
from actors.control.commands import Commands
from actors.control.words import Kind, Word
from actors.execution import entry, order, placing, recovery
from actors.http import ConnectionCut, NoAnswer
from actors.kill_switch import DiskKillFile
from actors.kill_switch import actor as kill_switch_actor
from actors.kill_switch.gate import Gate
from actors.kill_switch.ledger import PermitLedger
from actors.market_data.actor import MarketData
from actors.mcp import PaperTransport
from actors.mcp import orders as mcp_orders
from actors.runtime import GreenRuntime, RestartStrategy
from actors.runtime.cells.cell import Cell
from actors.runtime.cells.context import LiveContext
from actors.runtime.policy.restarts import Window
from actors.scheduler.actor import Scheduler
from actors.state import apply, apply_orders, moves
from config import load_strategy
from core.messages.alerting import SendTestAlert
from core.messages.audit import AuditKind
from core.messages.control import InjectAccepted
from core.orders.lifecycle import PositionState
from core.redaction import Redactor
from lab.engine import TOKEN
from lab.simulate import person
from lab.simulate.channel import LabChannel
from lab.simulate.hunt import Hunt

STRATEGY = Path(__file__).resolve().parents[2] / "strategy.yaml"
SEEDS_MAX = 2000
Patch = Callable[[], Iterator[None]]


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


@contextmanager
def swapped(where: Any, name: str, value: Any) -> Iterator[None]:
    """Another value for a while."""
    own = vars(where).get(name)
    setattr(where, name, value)
    try:
        yield
    finally:
        if own is None:
            delattr(where, name)
        else:
            setattr(where, name, own)


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


def _wrapped(where: Any, name: str, make: Callable[[Any], Any]) -> Callable[[], Any]:
    """A patch that replaces a function by one made of it."""
    return lambda: swapped(where, name, make(where.__dict__[name]))


def _answers(value: Any) -> Callable[[Any], Any]:
    async def answer(*_: object, **__: object) -> Any:
        return value

    return lambda _: answer


def _other_label(real: Any) -> Any:
    return lambda **told: real(**{**told, "label": f"{told['label']}1"})


def _any_exit(real: Any) -> Any:
    return lambda **told: real(**{**told, "reduce_only": False})


def _sent_again(real: Any) -> Any:
    def send(self: Any, method: str, path: str, *rest: Any) -> Any:
        try:
            return real(self, method, path, *rest)
        except NoAnswer:
            if "place_combo" not in path:
                raise
            return real(self, method, path, *rest)

    return send


def _token_in_error(real: Any) -> Any:
    def send(self: Any, method: str, path: str, headers: Any, *rest: Any) -> Any:
        answer = real(self, method, path, headers, *rest)
        if answer.status >= 500:
            raise ConnectionCut(f"{method} {path}: refused with Authorization: Bearer {TOKEN}")
        return answer

    return send


def _never_suspended(real: Any) -> Any:
    def reasons(*told: Any, **named: Any) -> tuple[str, ...]:
        return tuple(each for each in real(*told, **named) if not each.startswith("suspended"))

    return reasons


def _long_permit(real: Any) -> Any:
    return lambda **told: real(**{**told, "expires_at": told["expires_at"] + timedelta(seconds=27)})


def _rounded_fee(real: Any) -> Any:
    def book(db: Any, applied: Any, instruction: Any, fill: Any) -> Any:
        return real(db, applied, instruction, fill.model_copy(update={"fee_eth": round(fill.fee_eth, 3)}))

    return book


def _no_part(real: Any) -> Any:
    async def take(self: Any, found: Any, **named: Any) -> Any:
        if found.state == "cancelled" and found.filled_amount:
            found = found.model_copy(update={"filled_amount": 0 * found.filled_amount, "average_price": None})
        return await real(self, found, **named)

    return take


def _closed_as_cancelled(real: Any) -> Any:
    def move(db: Any, applied: Any, position: Any, to: Any, **named: Any) -> Any:
        to = PositionState.CANCELLED if to is PositionState.CLOSED else to
        return real(db, applied, position, to, **named)

    return move


@contextmanager
def _without_edges() -> Iterator[None]:
    with (
        swapped(moves, "check_position_edge", lambda *_, **__: None),
        swapped(moves, "move", _closed_as_cancelled(moves.move)),
    ):
        yield


def _said_too_soon(real: Any) -> Any:
    def record(self: Any, under_way: Any, body: str) -> None:
        waits, under_way.accepted_by = under_way.accepted_by, None
        real(self, under_way, body)
        if waits is not None:
            name = under_way.item.name
            waits.set(InjectAccepted(request_id=under_way.request_id, message=name, on_disk=True))

    return record


def _new_slot(real: Any) -> Any:
    def take_up(self: Any, item: Any) -> None:
        real(self, item.model_copy(update={"at": self._ctx.now()}))

    return take_up


def _ends_early(real: Any) -> Any:
    def word(answer: Any) -> Word:
        found: Word = real(answer)
        return Word(Kind.END) if found.kind is not Kind.END else found

    return word


def _disk_ignored(real: Any) -> Any:
    def add(self: Any, arming: Any) -> Any:
        try:
            return real(self, arming)
        except OSError:
            return None

    return add


def _flipped(real: Any) -> Any:
    def append(folder: Path, batch: Any) -> None:
        if b'"kind":"ORDER"' in batch.payload:
            batch = batch.model_copy(update={"payload": batch.payload.replace(b"ETH-O", b"ETH-P")})
        real(folder, batch)

    return append


class _NoSync:
    """`os` without `fsync`."""

    def __getattr__(self, name: str) -> Any:
        import os

        return (lambda _: None) if name == "fsync" else getattr(os, name)


def _unsaid(real: Any) -> Any:
    def record(db: Any, request: Any) -> Any:
        applied = real(db, request)
        applied.events = [event for event in applied.events if event.kind is not AuditKind.INSTRUCTION]
        return applied

    return record


def _all_fall(real: Any) -> Any:
    def supervisor(name: str, children: Any, **named: Any) -> Any:
        if name == "desk":
            named["strategy"] = RestartStrategy.REST_FOR_ONE
        return real(name, children, **named)

    return supervisor


def _put_back(real: Any) -> Any:
    def ended(self: Any, life: Any, how: Any, error: Any, envelope: Any) -> None:
        real(self, life, how, error, envelope)
        if envelope is not None:
            self.mailbox.user_lane.appendleft(envelope)

    return ended


def _always_fails(real: Any) -> Any:
    def handle(self: Any, message: Any) -> Any:
        real(self, message)
        raise RuntimeError("planted")

    return handle


@contextmanager
def _without_intensity() -> Iterator[None]:
    with (
        swapped(Window, "exhausted", property(lambda _: False)),
        swapped(MarketData, "handle", _always_fails(MarketData.handle)),
    ):
        yield


@contextmanager
def _without_bound() -> Iterator[None]:
    def slow(self: Any, message: Any) -> Any:
        if isinstance(message, SendTestAlert):
            self.ctx.sleep(15.0)
            return None
        return real(self, message)

    def floods(self: Any, message: Any) -> Any:
        for number in range(300):
            self.ctx.tell(self._alerting, SendTestAlert(request_id=f"flood-{number}", reason="flood"))
        return handle(self, message)

    def unbounded(*told: Any, **named: Any) -> Any:
        return room(*told, **{**named, "mailbox_bound": 10**9})

    real, handle, room = Alerting.handle, MarketData.handle, tree._room
    with (
        swapped(tree, "_room", unbounded),
        swapped(Alerting, "handle", slow),
        swapped(MarketData, "handle", floods),
    ):
        yield


def _counts_as_told(real: Any) -> Any:
    def send(self: Any, letter: Any) -> Any:
        real(self, letter)
        return Taken()

    return send


@contextmanager
def _unmasked() -> Iterator[None]:
    with (
        swapped(Redactor, "__call__", lambda _, text: text),
        swapped(PaperTransport, "send", _token_in_error(PaperTransport.send)),
    ):
        yield


@contextmanager
def _account_unseen() -> Iterator[None]:
    with (
        swapped(placing, "account_allows", _answers(None)(None)),
        swapped(entry, "first_of_two", _answers(None)(None)),
    ):
        yield


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
        _wrapped(mcp_orders, "PlaceComboOrder", _other_label),
        "none",
    ),
    _one(
        2,
        "a placement without an answer is sent again",
        _wrapped(PaperTransport, "send", _sent_again),
        "venue",
    ),
    _one(
        3,
        "an arming waits for no permit",
        lambda: swapped(PermitLedger, "outstanding", lambda *_: frozenset()),
        "person",
    ),
    _one(
        3,
        "an arming without an engine is done at once",
        lambda: swapped(person, "CERTAIN_AFTER_S", 0.0),
        "person",
        was="3",
    ),
    _one(4, "suspended entries are permitted", _wrapped(Gate, "reasons_against", _never_suspended), "venue"),
    _one(5, "a permit lives for half a minute", _wrapped(kill_switch_actor, "Permit", _long_permit), "none"),
    _one(6, "an exit is not reduce-only", _wrapped(mcp_orders, "PlaceComboOrder", _any_exit), "person"),
    _one(7, "a fenced life goes on", lambda: swapped(LiveContext, "check_live", lambda _: None), "process"),
    _one(8, "the account is not looked at", _account_unseen, "second", days=0.3, was="10"),
    _one(
        9,
        "recovery looks at no order",
        lambda: swapped(recovery, "apply_orders", _answers(None)(None)),
        "process",
    ),
    _one(10, "a closed position is called cancelled", _without_edges, "person"),
    _one(11, "fees are rounded", _wrapped(apply_orders, "_book_fill", _rounded_fee), "none"),
    _one(
        12,
        "what was filled of a cancelled order is forgotten",
        _wrapped(order.WorkingOrder, "take", _no_part),
        "venue",
        9,
        11,
        16,
    ),
    _one(
        13, "accepted before it is on disk", _wrapped(Commands, "record", _said_too_soon), "person", was="6"
    ),
    _one(
        13,
        "an arming that no disk has is done",
        _wrapped(DiskKillFile, "add", _disk_ignored),
        "disk",
        was="1",
    ),
    _one(
        13,
        "a command is run again as a new cycle",
        _wrapped(Commands, "_take_up", _new_slot),
        "person",
        was="5",
    ),
    _one(
        13,
        "a transient refusal ends a command",
        _wrapped(commands, "word_of", _ends_early),
        "person",
        was="2",
    ),
    _one(14, "a byte of the log is wrong", _wrapped(audit_actor, "append_bytes", _flipped), "none", 15),
    _one(15, "the log is not synced", lambda: swapped(audit_files, "os", _NoSync()), "disk", 13, 14),
    _one(
        16,
        "an instruction is not recorded",
        _wrapped(apply, "record_instruction", _unsaid),
        "none",
        15,
    ),
    _one(17, "who fails takes the desk along", _wrapped(tree, "Supervisor", _all_fall), "process"),
    _one(18, "what ended a life is tried again", _wrapped(Cell, "ended", _put_back), "process", 17),
    _one(19, "there is no limit of restarts", _without_intensity, "none", 17),
    _one(20, "mail without bound", _without_bound, "none"),
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
        _wrapped(LabChannel, "send", _counts_as_told),
        "person",
    ),
    _one(23, "nothing is masked", _unmasked, "venue"),
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
