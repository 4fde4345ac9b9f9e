"""What outlives the simulated venue's process: its account, its combos, and the time of both.

One JSON file in a folder, put in its place as a whole before an answer leaves that has changed something, so
that a venue that is killed comes back as it was after its last answer. Tokens, nonces and credits are new
with each start.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from core.contract import Settlement, Trade
from core.errors import InputError
from core.values import Value
from gateway.paper.account import HeldPosition, VenueOrder
from gateway.shell.alone import AloneIn
from gateway.sim.combos import Combo, SimCombos
from gateway.sim.desk import Placed, SimDesk
from gateway.sim.fills import SimFill

FILE: Final = "sim.json"
LOCK: Final = "sim.lock"


class SimState(Value):
    """Everything that requests and deliveries have changed. `market` is what it traded in."""

    market: str
    clock: datetime
    balance_eth: Decimal
    last_number: int
    orders: tuple[VenueOrder, ...]
    trades: dict[str, Trade]
    settlements: dict[str, Settlement]
    positions: dict[str, HeldPosition]
    fills: tuple[SimFill, ...]
    placed: dict[str, Placed]
    combos: tuple[Combo, ...]


class SimFolder:
    """The folder of one simulated venue, open in this process alone."""

    def __init__(self, folder: Path, market: str) -> None:
        """Raises `InputError` if it can't be used, another process has it, or it is of another market."""
        self._market = market
        self._path = folder / FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = AloneIn(folder, LOCK)
        except BlockingIOError as error:
            raise InputError(f"simulated venue: another process is using {folder}") from error
        except OSError as error:
            raise InputError(f"simulated venue: {folder} can't be written: {error.strerror}") from error
        try:
            self._kept = self._load()
        except OSError as error:
            self._lock.close()
            raise InputError(f"simulated venue: {self._path} can't be read: {error.strerror}") from error
        except BaseException:
            self._lock.close()
            raise

    def save(self, desk: SimDesk, combos: SimCombos) -> None:
        """Keep them as they are now."""
        account = desk.account
        state = SimState(
            market=self._market,
            clock=desk.books.clock,
            balance_eth=account.balance_eth,
            last_number=account.last_number,
            orders=tuple(account.orders.values()),
            trades=account.trades,
            settlements=account.settlements,
            positions=account.positions,
            fills=tuple(account.fills),
            placed=desk.placed,
            combos=combos.known(),
        )
        new = self._path.with_suffix(".new")
        new.write_text(state.model_dump_json(), "utf-8")
        new.replace(self._path)

    def put_back(self, desk: SimDesk, combos: SimCombos) -> None:
        """What was kept, into a venue that has just been made; nothing if nothing was."""
        kept = self._kept
        if kept is None:
            return
        account = desk.account
        account.balance_eth, account.last_number = kept.balance_eth, kept.last_number
        account.restore_all(kept.orders, kept.trades, kept.settlements, kept.positions, kept.fills)
        desk.books.clock = kept.clock
        desk.placed |= kept.placed
        combos.restore(kept.combos)

    def close(self) -> None:
        """Let another process in."""
        self._lock.close()

    def _load(self) -> SimState | None:
        if not self._path.exists():
            return None
        try:
            kept = SimState.model_validate_json(self._path.read_bytes())
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise InputError(
                f"simulated venue: {self._path}: {where}: {first['msg']}; begin anew with another --data-dir"
            ) from error
        if kept.market != self._market:
            raise InputError(
                f"simulated venue: {self._path} was kept on {kept.market!r}, found {self._market!r}; go on "
                "with the same --seed, or begin anew with another --data-dir"
            )
        return kept
