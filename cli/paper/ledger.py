"""The paper venue's own ledger, read over HTTP: the account at the start, day by day, and at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from actors.http import HTTP_DEADLINE_S, HttpTransport, TransportError
from actors.mcp import McpCredentials
from actors.runtime import Runtime, to_us
from core.errors import FoundWrongError
from gateway.paper.ledger import LEDGER_PATH, Ledger, LedgerEntry

ONE_DAY = timedelta(days=1)

logger = logging.getLogger("cli.ledger")


class LedgerReader:
    """Asks the venue for its ledger; it changes nothing there, not even the clock."""

    def __init__(self, url: str, token: str) -> None:
        self._transport = HttpTransport(url, monotonic=time.monotonic)
        self._credentials = McpCredentials(token)
        self.last: Ledger | None = None
        """The ledger as last read, which is all that is known once the venue is gone."""

    def read(self) -> Ledger:
        """The whole ledger. Raises FoundWrongError if the venue does not give it."""
        headers = self._credentials.headers("report")
        try:
            answer = self._transport.send("GET", LEDGER_PATH, headers, None, HTTP_DEADLINE_S)
        except TransportError as error:
            raise FoundWrongError(f"paper venue: no ledger: {error}") from error
        if answer.status != 200:
            raise FoundWrongError(f"paper venue: no ledger: HTTP {answer.status}")
        self.last = Ledger.model_validate_json(answer.body)
        return self.last

    def close(self) -> None:
        self._transport.close()


class DailyEquity:
    """Records the account at the end of every market day, while market time stands still."""

    def __init__(
        self, runtime: Runtime, reader: LedgerReader, told: Callable[[datetime, LedgerEntry], None]
    ) -> None:
        """`told` gets each midnight with the account of the day that ends there."""
        self._runtime = runtime
        self._reader = reader
        self._told = told
        self.entries: dict[str, LedgerEntry] = {}

    def start(self, now: datetime) -> None:
        """Begin with the midnight after `now`."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + ONE_DAY
        self._runtime.add_timer(to_us(midnight), lambda: self._note(midnight))

    def end(self, began: datetime, now: datetime, entry: LedgerEntry) -> None:
        """Record the last day if the run ends at midnight: time is held before that day's own timer fires."""
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if began < now == midnight:
            day = (now - ONE_DAY).date().isoformat()
            if day not in self.entries:
                self.entries[day] = entry
                self._told(now, entry)

    def _note(self, midnight: datetime) -> None:
        day = (midnight - ONE_DAY).date().isoformat()
        try:
            self.entries[day] = self._reader.read().end
            self._told(midnight, self.entries[day])
        except FoundWrongError as error:
            # The day is missing from the report, and the log says so; the run goes on.
            logger.warning("equity of %s is not noted: %s", day, error)
        following = midnight + ONE_DAY
        self._runtime.add_timer(to_us(following), lambda: self._note(following))
