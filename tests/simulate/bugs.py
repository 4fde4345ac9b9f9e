"""The patches that plant bugs into the wiring of this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from actors import tree
from actors.alerting import Taken
from actors.alerting.actor import Alerting
from actors.control.words import Kind, Word
from actors.execution import entry, order, placing
from actors.http import ConnectionCut, NoAnswer
from actors.market_data.actor import MarketData
from actors.mcp import PaperTransport
from actors.runtime import RestartStrategy
from actors.runtime.policy.restarts import Window
from actors.state import moves
from core.messages.alerting import SendTestAlert
from core.messages.audit import AuditKind
from core.messages.control import InjectAccepted
from core.orders import reconcile
from core.orders.armed import Leaves
from core.orders.lifecycle import PositionState
from core.redaction import Redactor
from lab.in_process import TOKEN


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


def wrapped(where: Any, name: str, make: Callable[[Any], Any]) -> Callable[[], Any]:
    """A patch that replaces a function by one made of it."""
    return lambda: swapped(where, name, make(where.__dict__[name]))


def unkept(patch: Callable[[], Any], *kept: Any) -> Callable[[], Any]:
    """The same patch; what the process keeps of values made before is forgotten at its begin and its end."""

    @contextmanager
    def patched() -> Iterator[None]:
        for each in kept:
            each.cache_clear()
        try:
            with patch():
                yield
        finally:
            for each in kept:
                each.cache_clear()

    return patched


def answers(value: Any) -> Callable[[Any], Any]:
    async def answer(*_: object, **__: object) -> Any:
        return value

    return lambda _: answer


def other_label(real: Any) -> Any:
    return lambda **told: real(**{**told, "label": f"{told['label']}1"})


def any_exit(real: Any) -> Any:
    return lambda **told: real(**{**told, "reduce_only": False})


def sent_again(real: Any) -> Any:
    def send(self: Any, method: str, path: str, *rest: Any) -> Any:
        try:
            return real(self, method, path, *rest)
        except NoAnswer:
            if "place_combo" not in path:
                raise
            return real(self, method, path, *rest)

    return send


def token_in_error(real: Any) -> Any:
    def send(self: Any, method: str, path: str, headers: Any, *rest: Any) -> Any:
        answer = real(self, method, path, headers, *rest)
        if answer.status >= 500:
            raise ConnectionCut(f"{method} {path}: refused with Authorization: Bearer {TOKEN}")
        return answer

    return send


def never_suspended(real: Any) -> Any:
    def reasons(*told: Any, **named: Any) -> tuple[str, ...]:
        return tuple(each for each in real(*told, **named) if not each.startswith("suspended"))

    return reasons


def long_permit(real: Any) -> Any:
    return lambda **told: real(**{**told, "expires_at": told["expires_at"] + timedelta(seconds=27)})


def rounded_fee(real: Any) -> Any:
    def book(db: Any, applied: Any, instruction: Any, fill: Any) -> Any:
        return real(db, applied, instruction, fill.model_copy(update={"fee_eth": round(fill.fee_eth, 3)}))

    return book


def as_asked(real: Any) -> Any:
    """A position that has filled in part is as large as was asked for."""

    def sizes(position_id: Any, plan: Any, fills: Any, booked: Any) -> Any:
        held = real(position_id, plan, fills, booked)
        missing = plan.contracts - held.opened if held.opened else 0
        return held.model_copy(update={"opened": held.opened + missing, "left": held.left + missing})

    return sizes


def closed_as_cancelled(real: Any) -> Any:
    def move(db: Any, applied: Any, position: Any, to: Any, **named: Any) -> Any:
        to = PositionState.CANCELLED if to is PositionState.CLOSED else to
        return real(db, applied, position, to, **named)

    return move


@contextmanager
def without_edges() -> Iterator[None]:
    with (
        swapped(moves, "check_position_edge", lambda *_, **__: None),
        swapped(moves, "move", closed_as_cancelled(moves.move)),
    ):
        yield


def said_too_soon(real: Any) -> Any:
    def record(self: Any, under_way: Any, body: str) -> None:
        waits, under_way.accepted_by = under_way.accepted_by, None
        real(self, under_way, body)
        if waits is not None:
            name = under_way.item.name
            waits.set(InjectAccepted(request_id=under_way.request_id, message=name, on_disk=True))

    return record


def new_slot(real: Any) -> Any:
    def take_up(self: Any, item: Any) -> None:
        real(self, item.model_copy(update={"at": self._ctx.now()}))

    return take_up


def ends_early(real: Any) -> Any:
    def word(answer: Any) -> Word:
        found: Word = real(answer)
        return Word(Kind.END) if found.kind is not Kind.END else found

    return word


def disk_ignored(real: Any) -> Any:
    def add(self: Any, arming: Any) -> Any:
        try:
            return real(self, arming)
        except OSError:
            return None

    return add


def flipped(real: Any) -> Any:
    def append(folder: Path, batch: Any) -> None:
        if b'"kind":"ORDER"' in batch.payload:
            batch = batch.model_copy(update={"payload": batch.payload.replace(b"ETH-O", b"ETH-P")})
        real(folder, batch)

    return append


class NoSync:
    """`os` without `fsync`."""

    def __getattr__(self, name: str) -> Any:
        import os

        return (lambda _: None) if name == "fsync" else getattr(os, name)


def unsaid(real: Any) -> Any:
    def record(db: Any, request: Any) -> Any:
        applied = real(db, request)
        applied.events = [event for event in applied.events if event.kind is not AuditKind.INSTRUCTION]
        return applied

    return record


def all_fall(real: Any) -> Any:
    def supervisor(name: str, children: Any, **named: Any) -> Any:
        if name == "desk":
            named["strategy"] = RestartStrategy.REST_FOR_ONE
        return real(name, children, **named)

    return supervisor


def put_back(real: Any) -> Any:
    def ended(self: Any, life: Any, how: Any, error: Any, envelope: Any) -> None:
        real(self, life, how, error, envelope)
        if envelope is not None:
            self.mailbox.user_lane.appendleft(envelope)

    return ended


def always_fails(real: Any) -> Any:
    def handle(self: Any, message: Any) -> Any:
        real(self, message)
        raise RuntimeError("planted")

    return handle


@contextmanager
def without_intensity() -> Iterator[None]:
    with (
        swapped(Window, "exhausted", property(lambda _: False)),
        swapped(MarketData, "handle", always_fails(MarketData.handle)),
    ):
        yield


@contextmanager
def without_bound() -> Iterator[None]:
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


def counts_as_told(real: Any) -> Any:
    def send(self: Any, letter: Any) -> Any:
        real(self, letter)
        return Taken()

    return send


@contextmanager
def unmasked() -> Iterator[None]:
    with (
        swapped(Redactor, "__call__", lambda _, text: text),
        swapped(PaperTransport, "send", token_in_error(PaperTransport.send)),
    ):
        yield


def no_exit_while_armed(real: Any) -> Any:
    """Another answer than the switch's to what it lets through."""
    return lambda causes, setting: Leaves.NO_ORDER if causes else real(causes, setting)


def whole_sizes_alone(real: Any) -> Any:
    def compare(books: Any, tag: str, positions: Any, *rest: Any, **named: Any) -> Any:
        for position in positions.positions:
            if position.size % 1:
                raise ValueError(f"{position.instrument_name}: expected a whole size, found {position.size}")
        return real(books, tag, positions, *rest, **named)

    return compare


@contextmanager
def any_terms() -> Iterator[None]:
    """Whatever stands under a label of ours is ours."""
    with (
        swapped(order, "disagreements", lambda *_: ()),
        swapped(reconcile, "disagreements", lambda *_: ()),
    ):
        yield


@contextmanager
def account_unseen() -> Iterator[None]:
    with (
        swapped(placing, "account_allows", answers(None)(None)),
        swapped(entry, "first_of_two", answers(None)(None)),
    ):
        yield
