"""How the running engine is, asked so that a person does not wait long for one that is silent."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from actors.control.wire import RequestName
from core.messages.engine_status import EngineStatus
from reading.control_client import ask_engine, request_of

STATUS_S: Final = 9.0
"""The engine waits up to 8 s for rooms that are silent. Prometheus and a person wait for 10 s."""


def ask_status(data_dir: Path) -> EngineStatus:
    """The whole engine on one page. Raises as `ask_engine` does."""
    return ask_engine(data_dir, request_of(RequestName.STATUS), EngineStatus, answer_s=STATUS_S)
