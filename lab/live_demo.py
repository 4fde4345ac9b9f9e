"""The live gateway between the engine and a simulated Deribit, for some market days in one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from config import LoadedStrategy
from core.values import Environment
from gateway.live.events.calendar import read_calendar
from gateway.live.settings import PREFIX, SECRETS, LiveSettings, settings_from
from gateway.paper.ledger import Ledger, LedgerEntry, cash_flows, entry
from gateway.paper.model_market import ModelMarket
from gateway.sim.venue import BALANCE_ETH, EURO_USD
from lab.engine import SimulatedEngine
from lab.gateway_venue import GatewayVenue

STEP: Final = timedelta(hours=1)
GATEWAY_FOLDER: Final = "gateway"
BESIDE_EUR: Final = "150000"
HOLDINGS: Final = f'holdings:\n  - {{asset: EUR, amount: "{BESIDE_EUR}", price: fx}}\n'
"""What the paper venue's account has beside the venue, too."""
URL: Final = "http://127.0.0.1:1"
"""The simulated Deribit's; never connected to."""


class LiveDemo:
    """One run from an empty folder, from the first Monday that the gateway's calendar of events covers.

    The simulated venue is a testnet, and the strategy is made that environment's.
    """

    def __init__(self, loaded: LoadedStrategy, data_dir: Path, seed: int) -> None:
        """Start the gateway and the engine. Raises `InputError` if one of them can't."""
        settings = demo_settings(data_dir)
        self.began = first_monday(read_calendar(settings.calendar).valid_from)
        self._market = f"model seed {seed}, as Deribit behind the live gateway"
        self._venue = GatewayVenue(ModelMarket(seed), settings, self.began, seed)
        self._start = self.account()
        self.loaded = for_testnet(loaded)
        self._engine = SimulatedEngine(
            loaded=self.loaded, venue=self._venue, data_dir=data_dir, seed=seed, begin=self.began
        )

    @property
    def calls(self) -> int:
        """Requests that the gateway has answered."""
        return self._venue.calls

    @property
    def assumptions(self) -> list[str]:
        """What the gateway assumes, in its own words."""
        return self._venue.gateway.sources.assumptions()

    def run(self, until: datetime, goes_on: Callable[[datetime], bool]) -> datetime:
        """Play until then, or until `goes_on`, which is asked every market hour, says no; when it ended."""
        self._engine.start()
        now = self.began
        while now < until and goes_on(now):
            now = min(now + STEP, until)
            self._engine.run_until(now)
        return now

    def stop(self, reason: str) -> None:
        """Stop the engine in order, then the gateway."""
        self._engine.stop(reason)

    def account(self) -> LedgerEntry:
        """The venue's account now."""
        return entry(self._venue.sim.books)

    def ledger(self) -> Ledger:
        """The venue's own, to be held against the books."""
        books = self._venue.sim.books
        return Ledger(
            market=self._market,
            start=self._start,
            end=entry(books),
            assumptions={
                "balance_eth": f"{BALANCE_ETH:f}",
                "beside_eur": BESIDE_EUR,
                "eur_usd": f"{EURO_USD:g}",
            },
            cash_flows=cash_flows(books),
        )


def demo_settings(data_dir: Path) -> LiveSettings:
    """A gateway with a key for the simulated venue; nobody outside of this process can reach either."""
    given = {name: f"nobody-outside-of-this-process-can-use-it-{name}" for name in SECRETS}
    folder = data_dir / GATEWAY_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    holdings = folder / "holdings.yaml"
    holdings.write_text(HOLDINGS, "utf-8")
    given |= {"DERIBIT_URL": URL, "OTHERS_URL": URL, "STATE_DIR": str(folder), "HOLDINGS": str(holdings)}
    # Nobody has calibrated the pressure of forced closes, and the simulated ones would keep entries back.
    given |= {"LIQUIDATIONS": "assume:low"}
    variables = {f"{PREFIX}{name}": value for name, value in given.items()}
    return settings_from(variables, lambda env, name: env.get(name, ""))


def first_monday(begins: date) -> datetime:
    """The first Monday from that day on, 00:00 UTC."""
    return datetime.combine(begins + timedelta(days=-begins.weekday() % 7), time(), UTC)


def for_testnet(loaded: LoadedStrategy) -> LoadedStrategy:
    """The same strategy for the environment that the simulated venue is."""
    execution = loaded.strategy.execution.model_copy(update={"environment": Environment.TESTNET})
    return replace(loaded, strategy=loaded.strategy.model_copy(update={"execution": execution}))
