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
from gateway.paper.instruments import ListedOption, option, parse_instrument
from gateway.paper.smile import ExpirySmile, quote_of
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

    def stress(self, at: datetime) -> float:
        """How many times wider than in calm half spreads are."""


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

    __slots__ = ("_anomalies", "_at", "_built_quotes", "_built_sides", "_smiles", "_stress", "_strikes")

    def __init__(
        self,
        at: datetime,
        smiles: dict[datetime, ExpirySmile],
        strikes: dict[datetime, Sequence[int]],
        stress: float,
        anomalies: AnomalySection,
    ) -> None:
        """`strikes` are at least one for each expiry."""
        total = 2 * sum(map(len, strikes.values()))
        super().__init__(_NO_COLUMNS, anomalies, quotes_total=total, broken_total=0, expiries=list(strikes))
        self._at, self._smiles, self._strikes, self._stress = at, smiles, strikes, stress
        self._anomalies = anomalies
        self._built_sides: dict[tuple[datetime, OptionType], tuple[Quote, ...]] = {}
        self._built_quotes: dict[str, Quote | None] = {}

    def side(self, expiration: datetime, option_type: OptionType) -> tuple[Quote, ...]:
        known = self._built_sides.get((expiration, option_type))
        if known is None:
            strikes = self._strikes.get(expiration, ())
            known = self._built([option(expiration, strike, option_type) for strike in strikes])
            self._built_sides[expiration, option_type] = known
        return known

    def quote(self, instrument_name: str) -> Quote | None:
        if instrument_name not in self._built_quotes:
            instrument = parse_instrument(instrument_name)
            is_listed = instrument.strike_usd in self._strikes.get(instrument.expiration, ())
            self._built_quotes[instrument_name] = self._built([instrument])[0] if is_listed else None
        return self._built_quotes[instrument_name]

    def sound_levels(self, expiration: datetime) -> list[tuple[float, float, float]]:
        smile = self._smiles[expiration]
        forward_usd = float(forward_text(smile.forward_usd))
        levels = [(float(strike), forward_usd, smile.iv_pct(strike)) for strike in self._strikes[expiration]]
        return [level for level in levels for _ in OptionType]

    def _built(self, instruments: Sequence[ListedOption]) -> tuple[Quote, ...]:
        if not instruments:
            return ()
        smile = self._smiles[instruments[0].expiration]
        quotes = [
            quote_of(smile, self._stress, instrument, smile.at_strike(instrument.strike_usd))
            for instrument in instruments
        ]
        judged = OptionChain(chain_columns(quotes, self._at), self._anomalies)
        found = (judged.quote(instrument.name) for instrument in instruments)
        return tuple(quote for quote in found if quote is not None)


def smile_chain(
    market: Smiled, at: datetime, expiries: Sequence[datetime], anomalies: AnomalySection
) -> SmileChain | None:
    """The chain of these expiries; None if there is none of them, or a quote may be broken."""
    smiles = {expiry: market.smile(at, expiry) for expiry in expiries}
    strikes = {expiry: market.strikes(at, expiry) for expiry in expiries}
    if (
        not strikes
        or not all(strikes.values())
        or not all(is_sound(smile, anomalies) for smile in smiles.values())
    ):
        return None
    return SmileChain(at, smiles, strikes, market.stress(at), anomalies)
