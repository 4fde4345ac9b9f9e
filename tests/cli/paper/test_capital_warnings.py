"""A person hears before trading that one contract is too much for the capital."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from cli.commands.config import capital_warnings
from cli.dry_cycle import equity_warnings
from config import LoadedStrategy
from core.strategy import EntrySection, SizingSection, Strategy
from tests.core.example_market import entry_facts


def loaded(capital_min_usd: float, planning_spot_usd: float) -> LoadedStrategy:
    strategy = Strategy(
        entry=EntrySection(capital_min_usd=capital_min_usd),
        sizing=SizingSection(planning_spot_usd=planning_spot_usd),
    )
    return cast(LoadedStrategy, SimpleNamespace(strategy=strategy))


def test_validate_warns_below_five_planning_spots_only() -> None:
    """At exactly five spots there is nothing to say."""
    assert capital_warnings(loaded(20_000.0, 4000.0)) == ()
    (warning,) = capital_warnings(loaded(20_000.0, 4000.2))
    assert warning.startswith("equity_thin_for_one_contract")


def test_dry_run_warns_at_the_spot_and_volatility_of_now() -> None:
    """High volatility raises what is enough: 5 x 3,000 x 72/60."""
    assert equity_warnings(entry_facts(equity_usd=18_000.0, dvol=72.0), Strategy()) == ()
    assert len(equity_warnings(entry_facts(equity_usd=17_999.0, dvol=72.0), Strategy())) == 1
