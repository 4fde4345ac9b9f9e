"""The envelopes of one correlation as a tree: what led to what, who told whom, and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

ENDS = ("├─ ", "└─ ")
BELOW = ("│  ", "   ")


@dataclass(frozen=True)
class Traced:
    """One envelope, read from the line that `core.messages.control.Trace` gives of it."""

    at: datetime
    id: str
    cause: str
    sender: str
    kind: str
    to: str
    message: str


def read_line(line: str) -> Traced | None:
    """The envelope in a line: time, id, cause, correlation, sender, kind, receiver, message. None if it is
    none."""
    parts = line.split(" ", 7)
    if len(parts) != 8:
        return None
    at, own, cause, _, sender, kind, to, message = parts
    try:
        return Traced(datetime.fromisoformat(at), own, cause, sender, kind, to, message)
    except ValueError:
        return None


def tree_lines(lines: Sequence[str]) -> Iterator[str]:
    """The tree, each message below the one that led to it, with the seconds since the first.

    A message whose cause is not kept any more stands at the left. A line that can't be read stays as it is.
    """
    read = [(line, read_line(line)) for line in lines]
    traced = [envelope for _, envelope in read if envelope is not None]
    yield from (line for line, envelope in read if envelope is None)
    if not traced:
        return
    first = min(envelope.at for envelope in traced)
    known = {envelope.id for envelope in traced}
    below: dict[str, list[Traced]] = {}
    roots = []
    for envelope in traced:
        if envelope.cause in known and envelope.cause != envelope.id:
            below.setdefault(envelope.cause, []).append(envelope)
        else:
            roots.append(envelope)
    yield f"envelopes since {first:%Y-%m-%d %H:%M:%S.%f}Z, in seconds"
    for root in roots:
        yield from _branch(root, below, first)


def _branch(root: Traced, below: Mapping[str, Iterable[Traced]], first: datetime) -> Iterator[str]:
    """One message and all that it led to. Without recursion: a chain may be longer than the stack."""
    waiting = [(root, "", "")]
    while waiting:
        envelope, lead, under = waiting.pop()
        offset_s = (envelope.at - first).total_seconds()
        way = f"{_name(envelope.sender)} {envelope.kind} {_name(envelope.to)}"
        yield f"{offset_s:+10.3f}  {lead}{way}  {_message_name(envelope)}"
        children = list(below.get(envelope.id, ()))
        ends = [False] * (len(children) - 1) + [True] * bool(children)
        waiting += reversed(
            [
                (child, under + ENDS[end], under + BELOW[end])
                for child, end in zip(children, ends, strict=True)
            ]
        )


def _name(path: str) -> str:
    """An actor's name, the last part of its path."""
    return "outside" if path == "-" else path.rsplit("/", 1)[-1]


def _message_name(envelope: Traced) -> str:
    """The message's name alone: `--json` has its fields."""
    return envelope.message.split("(", 1)[0]
