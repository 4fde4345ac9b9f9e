"""What a cell needs of the mailbox of any backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

Record = Callable[[Any], None]
OnRefused = Callable[[Any, str], None]
Deliver = Callable[[Any], str | None]
UNBOUNDED = 2**62
FULL = "full"


class Mailbox(Protocol):
    """Two lanes of mail, of which one owner takes; whoever owns it no more is given None."""

    bound: int
    overflowed: int
    current: Any
    busy_since: float

    def put(self, envelope: Any) -> str | None:
        """Queue in the user lane; None, or why it was refused: FULL or what `close` was told."""

    def deliverer(self, record: Record, refused: OnRefused) -> Deliver:
        """A function that records an envelope and puts it, and hands it to `refused` if it was refused."""

    def put_system(self, envelope: Any) -> None:
        """Queue ahead of all user mail, past the bound."""

    def put_last(self, envelope: Any) -> None:
        """Queue behind all user mail, past the bound and past a refusal."""

    def put_own(self, envelope: Any, owner: object) -> bool:
        """Queue what the owner's own timer or watch tells, past the bound; False if it owns no more."""

    def get(self, owner: object = None) -> Any:
        """Done with the current one, wait for the next; None if `owner` is not the owner (any more)."""

    def attach(self, owner: object) -> list[Any]:
        """A new owner prepares. What was meant for its predecessor goes: left-over system mail, and what the
        predecessor's timers and watches had told it already, which is handed back."""

    def activate(self, owner: object) -> bool:
        """The owner begins to serve; False if it is not the owner any more."""

    def detach(self, owner: object, holding: object = None) -> tuple[bool, Any]:
        """End `owner`'s ownership: whether it had it, and the mail it had in hand. With `holding`, only if
        that is what it has in hand."""

    def pause(self, owner: Any) -> None:
        """The owner's handler parks."""

    def resume(self, owner: Any) -> None:
        """The owner's handler goes on."""

    def close(self, why: str) -> list[Any]:
        """Refuse all mail from now on and hand back what was queued."""

    def reopen(self) -> None:
        """Accept mail again."""

    def __len__(self) -> int: ...
