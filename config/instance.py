"""What a person calls this engine at the head of its messages, and on its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.errors import InputError
from core.text import visible

INSTANCE_NAME: Final = "CERBERO_BITE_INSTANCE_NAME"
NAME_LENGTH_MAX: Final = 40


def instance_name_from_env(env: Mapping[str, str]) -> str | None:
    """What a person calls this engine, on one line and short enough for a phone; None if nothing is said."""
    name = env.get(INSTANCE_NAME, "").strip()
    if not name:
        return None
    if len(name) > NAME_LENGTH_MAX:
        raise InputError(f"{INSTANCE_NAME}: expected at most {NAME_LENGTH_MAX} characters, found {len(name)}")
    if visible(name) != name or not set("[]").isdisjoint(name):
        raise InputError(
            f"{INSTANCE_NAME}: expected a name of characters that can be seen, without brackets, found others"
        )
    return name
