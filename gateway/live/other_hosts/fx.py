"""Euro and dollar: the European Central Bank's reference rate of each working day, about 16:00 in Frankfurt.

Source: `eurofxref-daily.xml`; the rate is how many dollars one euro costs.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from time import monotonic
from typing import Final
from xml.etree import ElementTree

from core.contract import FxRate, GetFxRate
from gateway.live.deadline import Deadline
from gateway.live.errors import AnomalyError, OutsideError, StaleError
from gateway.live.fields import as_positive
from gateway.live.kept import Kept
from gateway.live.other_hosts.outside import Host, Outside
from gateway.live.store import StateFolder
from gateway.shell.refusals import MalformedRequestError

logger = logging.getLogger(__name__)
PATH: Final = "/stats/eurofxref/eurofxref-daily.xml"
BYTES_MAX: Final = 64 * 1024
KEPT_S: Final = 6 * 3600.0
PUBLISHED_AT: Final = time(15, 0, tzinfo=UTC)
AGE_MAX: Final = timedelta(days=6)
"""Easter: from Thursday to Tuesday there is no new rate."""
OFF_MAX: Final = 0.02
"""Further from the venue's own index, one of the two is wrong."""
FACT: Final = "eur_usd"
_CUBE: Final = "{http://www.ecb.int/vocabulary/2002-08-01/eurofxref}Cube"
_PAIR: Final = frozenset({"EUR", "USD"})


class Fx:
    """The rate of the day, kept on disk too: a start on a Sunday without the bank still has Friday's."""

    def __init__(
        self,
        outside: Outside,
        folder: StateFolder,
        now: Callable[[], datetime],
        index: Callable[[str, Deadline], Awaitable[Decimal]],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`index` is the venue's own index by name, to hold the rate against."""
        self._outside = outside
        self._folder = folder
        self._now = now
        self._index = index
        self._kept: Kept[str, tuple[date, Decimal]] = Kept(self._ask, KEPT_S, clock)

    async def rate(self, request: GetFxRate, deadline: Deadline) -> FxRate:
        """How many `quote` one `base` costs. Raises `StaleError` and `AnomalyError`."""
        if request.base == request.quote:
            return FxRate(rate=1.0, timestamp=self._now())
        if {request.base, request.quote} != _PAIR:
            raise MalformedRequestError(
                f"quote: expected EUR and USD, found {request.base} and {request.quote}"
            )
        day, dollars = await self._known(deadline)
        at = datetime.combine(day, PUBLISHED_AT)
        if self._now() - at > AGE_MAX:
            raise StaleError(f"EUR/USD: expected a rate of the last {AGE_MAX.days} days, found one of {day}")
        await self._check(float(dollars), deadline)
        rate = float(dollars) if request.base == "EUR" else 1.0 / float(dollars)
        return FxRate(rate=rate, timestamp=min(at, self._now()))

    async def _known(self, deadline: Deadline) -> tuple[date, Decimal]:
        try:
            return await self._kept.get(FACT, deadline)
        except OutsideError as error:
            stored = self._folder.fact(FACT)
            if stored is None:
                raise
            logger.warning("the rate of %s stands in: %s", stored, error)
            day, dollars = stored.split()
            return date.fromisoformat(day), Decimal(dollars)

    async def _ask(self, name: str, deadline: Deadline) -> tuple[date, Decimal]:
        found = parsed_rate(await self._outside.get(Host.ECB, PATH, deadline))
        tomorrow = (self._now() + timedelta(days=1)).date()
        if found[0] > tomorrow:
            raise AnomalyError(f"{PATH}.time: expected a day up to {tomorrow}, found {found[0]}")
        self._folder.put_fact(name, f"{found[0].isoformat()} {found[1]}")
        return found

    async def _check(self, dollars: float, deadline: Deadline) -> None:
        try:
            index = float(await self._index("eurr_usdc", deadline))
        except OutsideError as error:
            logger.info("EUR/USD is not compared with the venue: %s", error)
            return
        if abs(index / dollars - 1.0) > OFF_MAX:
            raise AnomalyError(
                f"EUR/USD: expected within 2 % of the venue's {index:.4f}, found {dollars:.4f}"
            )


def parsed_rate(document: bytes) -> tuple[date, Decimal]:
    """Day and dollars a euro. Raises `AnomalyError`; without a document type nothing can be expanded."""
    try:
        # In another encoding a document type would not be seen.
        text = document.decode("utf-8")
        if len(document) > BYTES_MAX or re.search("<!DOCTYPE|<!ENTITY", text, re.IGNORECASE):
            raise AnomalyError(f"{PATH}: expected at most {BYTES_MAX:,} bytes without a document type")
        root = ElementTree.fromstring(text)  # noqa: S314
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise AnomalyError(f"{PATH}: expected XML in UTF-8, found {error}") from error
    for dated in root.iter(_CUBE):
        for cube in dated.iter(_CUBE):
            if cube.get("currency") == "USD" and dated.get("time") is not None:
                return _day(dated.get("time", "")), as_positive(cube.get("rate"), "eurofxref USD")
    raise AnomalyError(f"{PATH}: expected the rate of USD with its day, found none")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise AnomalyError(f"{PATH}.time: expected a day, found {text[:40]!r}") from error
