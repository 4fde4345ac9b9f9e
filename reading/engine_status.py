"""The running engine's status, as it tells it over the control socket."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from actors.control.wire import RequestName
from core.messages.engine_status import EngineStatus
from reading.control_client import ask_engine, request_of

STATUS_S: Final = 9.0
"""The engine waits up to 8 s for rooms that are silent; Prometheus, a browser and a person wait for 10 s."""


def engine_status(data_dir: Path, *, answer_s: float | None = None) -> EngineStatus:
    """Ask for it, for `answer_s` at most, or for `STATUS_S`.

    Raises CerberoError that says why there is none; ValidationError from an engine of another version.
    """
    answer_s = STATUS_S if answer_s is None else answer_s
    return ask_engine(data_dir, request_of(RequestName.STATUS), EngineStatus, answer_s=answer_s)
