"""What a start does that is refused: it ends, or waits so that what restarts containers leaves it alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from core.errors import InputError

ON_REFUSAL: Final = "CERBERO_BITE_ON_REFUSAL"
OnRefusal = Literal["exit", "wait"]


def on_refusal_from_env(env: Mapping[str, str]) -> OnRefusal:
    """End, unless the environment says otherwise. Raises `InputError`."""
    match env.get(ON_REFUSAL, "").strip().lower():
        case "" | "exit":
            return "exit"
        case "wait":
            return "wait"
        case _:
            # Not repeated: it may be a secret, in the wrong line.
            raise InputError(f"{ON_REFUSAL}: expected exit or wait, found something else")
