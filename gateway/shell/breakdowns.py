"""The log of errors that nobody expected."""

from __future__ import annotations

import logging
from collections import Counter

logger = logging.getLogger(__name__)


class Breakdowns:
    """Logs each distinct unexpected error with its traceback once, then its count at 10, 100, …"""

    def __init__(self) -> None:
        self._times: Counter[tuple[type[BaseException], str, int]] = Counter()

    def log(self, error: Exception, what: str) -> None:
        """Log or count an error. Errors of one type that were raised by the same line are the same."""
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        place = ("", 0) if traceback is None else (traceback.tb_frame.f_code.co_filename, traceback.tb_lineno)
        key = type(error), *place
        self._times[key] += 1
        times = self._times[key]
        if times == 1:
            logger.error("%s broke down", what, exc_info=error)
        elif str(times).strip("0") == "1":
            logger.error("%s broke down as before, %d times by now: %r", what, times, error)
