"""The content of the `KILL` file: one line of JSON for each arming.

A person's command and the kill switch may write it at the same time, without a lock that one could hold while
the other needs it. So armings are only ever added, each with an id of its own, and a disarming names the ids
that it takes away. If the file exists the switch is armed, whatever is in it: what can't be read as an arming
counts as one with the cause `kill_file`.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from hashlib import sha256

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError

from core.messages.arm_cause import ArmCause
from core.values import Value

KILL_FILE_NAME = "KILL"
UNREADABLE_ID = "unreadable"


class Arming(Value):
    """Who armed, why, when. Fields of other versions are ignored: they must not make an arming unreadable."""

    model_config = ConfigDict(extra="ignore")

    arming_id: str = ""
    """Empty if it was written by a version in which armings had no ids."""
    causes: tuple[ArmCause, ...] = Field(min_length=1)
    reason: str
    who: str
    at: AwareDatetime

    @property
    def key(self) -> str:
        """Its id, or else a digest of its content."""
        return self.arming_id or _digest(self.to_bytes())

    def to_bytes(self) -> bytes:
        """One line of JSON."""
        return self.model_dump_json().encode() + b"\n"


@dataclass(frozen=True)
class KillFile:
    """What the file holds: its armings in order, and `rest`, the bytes of all lines that are none.

    `problem` says why the file can't be read; it is there all the same.
    """

    armings: tuple[Arming, ...] = ()
    rest: bytes = b""
    problem: str | None = None

    @property
    def has_more(self) -> bool:
        """True if the file arms by more than its armings, for example because it is empty."""
        return self.problem is not None or bool(self.rest) or not self.armings

    @property
    def named_causes(self) -> frozenset[ArmCause]:
        """The causes that its armings name."""
        return frozenset(cause for arming in self.armings for cause in arming.causes)

    @property
    def causes(self) -> frozenset[ArmCause]:
        """All causes, never none: `kill_file` for what is there beside the armings."""
        return self.named_causes | ({ArmCause.KILL_FILE} if self.has_more else set())

    @property
    def ids(self) -> tuple[str, ...]:
        """What a disarming has to name so that all of this goes."""
        return (*(arming.key for arming in self.armings), *((self._rest_id,) if self.has_more else ()))

    @property
    def _rest_id(self) -> str:
        return UNREADABLE_ID if self.problem is not None else _digest(self.rest)

    def without(self, ids: Set[str]) -> bytes | None:
        """The content without what `ids` name; None if nothing stays."""
        armings = [arming.to_bytes() for arming in self.armings if arming.key not in ids]
        rest_stays = self.has_more and self._rest_id not in ids
        return b"".join([*armings, self.rest if rest_stays else b""]) if armings or rest_stays else None


def parse_kill_file(content: bytes) -> KillFile:
    """Read the file's content, whatever it is."""
    armings, rest = [], []
    for line in content.split(b"\n"):
        if not line.strip():
            continue
        try:
            armings.append(Arming.model_validate_json(line))
        except ValidationError:
            rest.append(line + b"\n")
    return KillFile(tuple(armings), b"".join(rest))


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:16]
