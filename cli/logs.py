"""Log files: one JSON object a line in the data folder, without secrets; nothing goes to the terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name

LOG_FILE = "cerbero-bite.jsonl"
FILE_BYTES_MAX = 20 * 1024 * 1024
FILES_KEPT = 10
# These log every URL at INFO, and Telegram's URLs hold the bot's token.
_QUIET = ("httpx", "httpcore", "asyncio", "uvicorn")

_Event = MutableMapping[str, Any]


@contextmanager
def logging_to(folder: Path, redact: Callable[[str], str], level: int = logging.INFO) -> Iterator[Path]:
    """Send every log record of the process to a file in the folder while the block runs; yields its path."""
    path = folder / LOG_FILE
    handler = _LogFile(path, maxBytes=FILE_BYTES_MAX, backupCount=FILES_KEPT, encoding="utf-8")
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
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield path
    finally:
        root.handlers[:], root.level = before[0], before[1]
        handler.close()


class _LogFile(RotatingFileHandler):
    """Reports once on stderr that the log can't be written; the engine goes on without it."""

    _is_told = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (the standard library's name)
        """Report an OSError of the write, in whose `except` this is called; other errors are bugs."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self._tell(error)
        else:
            super().handleError(record)

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        if not self._is_told:
            self._is_told = True
            sys.stderr.write(f"log: {self.baseFilename} can't be written: {error.strerror or error}\n")


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
