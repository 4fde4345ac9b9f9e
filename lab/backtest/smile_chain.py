"""Chains of a market that is made by a smile: of its quotes only those that a rule looks at are ever built.

No quote of such a chain is broken, as long as the bounds of the settings are wide enough (`is_sound`); then
nobody need build them all to count those that are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import sqrt
from typing import Final, Protocol, runtime_checkable

from core.market.chain_columns import recorded_columns
from core.market.option_chain import OptionChain, Quote
from core.strategy import AnomalySection
from core.values import OptionType
from gateway.paper.instruments import option, parse_instrument
from gateway.paper.quotes import PaperQuote
from gateway.paper.smile import ExpirySmile
from gateway.paper.source import MarketSource
from gateway.paper.typed_chain import chain_columns, forward_text

TOLD_DELTA: Final = 1e-5
"""More than a delta loses as the venue tells it, with five decimals."""
TOLD_FORWARD_USD: Final = 1e-4
"""More than a forward loses, with four; the delta by that over the price's standard deviation."""
_NO_COLUMNS: Final = recorded_columns(())


@runtime_checkable
class Smiled(Protocol):
    """A market whose quotes are made by a smile and nothing else."""

    def smile(self, at: datetime, expiry: datetime) -> ExpirySmile:
        """That of an expiry which is listed."""

    def strikes(self, at: datetime, expiry: datetime) -> Sequence[int]:
        """The strikes listed for such an expiry, ascending, USD."""


def is_sound(smile: ExpirySmile, anomalies: AnomalySection) -> bool:
    """Whether it is certain that no quote of the expiry is broken.

    Prices lie on the grid, around a mark that Black-76 makes of the IV; so only the IV and our own delta,
    of what the venue tells, could leave their bounds.
    """
    low_pct, high_pct = smile.iv_bounds_pct
    sd_usd = smile.forward_usd * low_pct / 100.0 * sqrt(smile.t_years)
    return (
        anomalies.iv_min_pct <= low_pct
        and high_pct <= anomalies.iv_max_pct
        and (TOLD_DELTA + TOLD_FORWARD_USD / sd_usd if sd_usd > 0.0 else 1.0) <= anomalies.delta_gap_max
    )


class SmileChain(OptionChain):
    """All quotes of some expiries at one moment, none of them broken."""

    __slots__ = ("_anomalies", "_at", "_built_quotes", "_built_sides", "_market", "_smiles", "_strikes")

    def __init__(
        self,
        market: MarketSource,
        strikes: dict[datetime, Sequence[int]],
        smiles: dict[datetime, ExpirySmile],
        at: datetime,
        anomalies: AnomalySection,
    ) -> None:
        """`strikes` are at least one for each expiry."""
        total = 2 * sum(map(len, strikes.values()))
        super().__init__(_NO_COLUMNS, anomalies, quotes_total=total, broken_total=0, expiries=list(strikes))
        self._market, self._at, self._anomalies = market, at, anomalies
        self._strikes, self._smiles = strikes, smiles
        self._built_sides: dict[tuple[datetime, OptionType], tuple[Quote, ...]] = {}
        self._built_quotes: dict[str, Quote | None] = {}

    def side(self, expiration: datetime, option_type: OptionType) -> tuple[Quote, ...]:
        known = self._built_sides.get((expiration, option_type))
        if known is None:
            found = (
                self._market.quote(self._at, option(expiration, strike, option_type))
                for strike in self._strikes.get(expiration, ())
            )
            known = self._built([quote for quote in found if quote is not None])
            self._built_sides[expiration, option_type] = known
        return known

    def quote(self, instrument_name: str) -> Quote | None:
        if instrument_name not in self._built_quotes:
            instrument = parse_instrument(instrument_name)
            found = (
                self._market.quote(self._at, instrument) if instrument.expiration in self._strikes else None
            )
            self._built_quotes[instrument_name] = None if found is None else self._built([found])[0]
        return self._built_quotes[instrument_name]

    def sound_levels(self, expiration: datetime) -> list[tuple[float, float, float]]:
        smile = self._smiles[expiration]
        forward_usd = float(forward_text(smile.forward_usd))
        levels = [(float(strike), forward_usd, smile.iv_pct(strike)) for strike in self._strikes[expiration]]
        return [level for level in levels for _ in OptionType]

    def _built(self, quotes: Sequence[PaperQuote]) -> tuple[Quote, ...]:
        if not quotes:
            return ()
        judged = OptionChain(chain_columns(quotes, self._at), self._anomalies)
        found = (judged.quote(quote.instrument.name) for quote in quotes)
        return tuple(quote for quote in found if quote is not None)


def smile_chain(
    market: MarketSource, at: datetime, expiries: Sequence[datetime], anomalies: AnomalySection
) -> SmileChain | None:
    """The chain of these expiries; None if the market is not made by a smile, or a quote may be broken."""
    if not isinstance(market, Smiled):
        return None
    smiles = {expiry: market.smile(at, expiry) for expiry in expiries}
    strikes = {expiry: market.strikes(at, expiry) for expiry in expiries}
    if not all(strikes.values()) or not all(is_sound(smile, anomalies) for smile in smiles.values()):
        return None
    return SmileChain(market, strikes, smiles, at, anomalies)
