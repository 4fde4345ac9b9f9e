"""What the phone may do, with whom it speaks, and under which name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actors.phone.bot import PhoneBot


@dataclass(frozen=True)
class PhoneSetup:
    """`may_act`: it arms, pauses and closes, and not only answers questions. Without `secret` it can't close.

    `open_bot` makes the client, each time that the room starts. `label` stands before every answer: the
    environment and the instance's name. `folder` is how commands in answers name the engine's data folder;
    empty if they take it by themselves.
    """

    may_act: bool
    open_bot: Callable[[], PhoneBot]
    secret: bytes | None
    label: str
    folder: str = ""
