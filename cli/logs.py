"""Log files: one JSON object a line in the data folder, without secrets; nothing goes to the terminal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

from cli.log_file import DayLog
from reading.log_lines import LOG_FILE

# These log every URL at INFO, and Telegram's URLs hold the bot's token.
_QUIET = ("httpx", "httpcore", "asyncio", "uvicorn")

_Event = MutableMapping[str, Any]


@contextmanager
def logging_to(folder: Path, redact: Callable[[str], str]) -> Iterator[Path]:
    """Send what the process logs, from INFO on, to a file in the folder while the block runs; yields its
    path."""
    path = folder / LOG_FILE
    handler = DayLog(folder, lambda: datetime.now(UTC))
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[add_logger_name, add_log_level, ExtraAdder()],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                _stamped,
                structlog.processors.format_exc_info,
                lambda _logger, _method, event: masked(event, redact),
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield path
    finally:
        root.handlers[:], root.level = before[0], before[1]
        handler.close()


def masked(event: _Event, redact: Callable[[str], str]) -> _Event:
    """The event with every text redacted, however deep; a value that is no plain data becomes text."""
    return {key: _masked(value, redact) for key, value in event.items()}


def _masked(value: object, redact: Callable[[str], str]) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict):
        return {redact(str(key)): _masked(item, redact) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item, redact) for item in value]
    return redact(str(value))


def _stamped(_logger: object, _method: str, event: _Event) -> _Event:
    """Stamp the event with the market time that an actor's record carries, else by the system's clock."""
    event["at"] = event.pop("market_time", None) or datetime.now(UTC).isoformat()
    return event
