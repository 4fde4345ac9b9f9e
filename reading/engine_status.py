"""The running engine's status, as it tells it over the control socket."""

from __future__ import annotations

from pathlib import Path

from actors.control.wire import RequestName
from core.messages.engine_status import EngineStatus
from reading.control_client import ANSWER_S, ask_engine, request_of


def engine_status(data_dir: Path, *, answer_s: float = ANSWER_S) -> EngineStatus:
    """Ask for it, for `answer_s` at most.

    Raises CerberoError that says why there is none; ValidationError from an engine of another version.
    """
    return ask_engine(data_dir, request_of(RequestName.STATUS), EngineStatus, answer_s=answer_s)
