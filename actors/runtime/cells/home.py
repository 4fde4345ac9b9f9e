"""What a life needs of its cell."""

from __future__ import annotations

import random
from typing import Protocol

from actors.runtime.actor.mail import AnyAddress, Envelope
from actors.runtime.backend.mailbox import Mailbox
from actors.runtime.backend.runtime import HangWatched, Parked, Runtime
from actors.runtime.cells.notices import End
from actors.runtime.cells.post_office import PostOffice
from actors.runtime.policy.spec import ChildSpec


class Life(Parked, Protocol):
    """A life as its cell sees it."""

    @property
    def epoch(self) -> int: ...

    @property
    def served(self) -> bool: ...


class Home(HangWatched, Protocol):
    """A cell as its present life sees it."""

    @property
    def system(self) -> PostOffice: ...

    @property
    def runtime(self) -> Runtime: ...

    @property
    def spec(self) -> ChildSpec: ...

    @property
    def address(self) -> AnyAddress: ...

    @property
    def mailbox(self) -> Mailbox: ...

    @property
    def rng(self) -> random.Random: ...

    def acknowledge(self, life: Life) -> None:
        """Called when a life serves."""

    def ended(self, life: Life, how: End, error: BaseException | None, envelope: Envelope | None) -> None:
        """Called when a life has ended by itself or by order."""

    def hook_failed(self, life: Life, hook: str, error: BaseException) -> None:
        """Called when a part of the end of a life has raised."""

    def worker_left(self, life: Life) -> None:
        """Called when the worker of a life is done."""
