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
    """Two lanes of mail for one owner at a time; a former owner that asks for mail gets None."""

    bound: int
    overflowed: int
    current: Any
    busy_since: float

    def put(self, envelope: Any) -> str | None:
        """Queue in the user lane. Returns None, or why it was refused: FULL or the text given to `close`."""

    def deliverer(self, record: Record, refused: OnRefused) -> Deliver:
        """Return a function that records an envelope, puts it, and calls `refused` if it was refused."""

    def put_system(self, envelope: Any) -> None:
        """Queue ahead of all user mail, past the bound."""

    def put_last(self, envelope: Any) -> None:
        """Queue behind all user mail, past the bound and past a refusal."""

    def put_own(self, envelope: Any, owner: object) -> bool:
        """Queue a message of the owner's own timer or watch, past the bound. False if it no longer owns the
        mailbox, or mail is refused."""

    def get(self, owner: object = None) -> Any:
        """Finish with the current envelope and wait for the next; None if `owner` is no longer the owner."""

    def attach(self, owner: object) -> list[Any]:
        """Make `owner` the owner, which prepares. Removes what was meant for its predecessor: left-over
        system mail, and messages of the predecessor's timers and watches, which are returned."""

    def activate(self, owner: object) -> bool:
        """The owner begins to serve; False if it is not the owner any more."""

    def detach(self, owner: object, holding: object = None) -> tuple[bool, Any]:
        """End `owner`'s ownership. Returns whether it was the owner, and the envelope that it was handling.
        With `holding`, only if it is handling that envelope."""

    def pause(self, owner: Any) -> None:
        """The owner's handler parks."""

    def resume(self, owner: Any) -> None:
        """The owner's handler goes on."""

    def close(self, why: str) -> list[Any]:
        """Refuse all mail from now on and return what was queued."""

    def reopen(self) -> None:
        """Accept mail again."""

    def __len__(self) -> int: ...
