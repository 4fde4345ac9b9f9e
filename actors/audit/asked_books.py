"""The books as state has them stored, asked for table by table."""

from __future__ import annotations

from actors.audit.proof import UnreadableBooksError
from actors.runtime import Address, Context
from core.errors import CerberoError
from core.messages.base import Refused
from core.messages.protocols import StateProtocol
from core.messages.state import GetTable, TableRead

READ_TIMEOUT_S = 20.0
"""State reads every row of a table."""


class MovedOnError(CerberoError):
    """State has committed records after the one at which the books were to be read."""


class AskedBooks:
    """The books right after record `seq`."""

    def __init__(self, ctx: Context, state: Address[StateProtocol], seq: int) -> None:
        self._ctx = ctx
        self._state = state
        self._seq = seq

    def table(self, name: str, *, digest: int, skip: int, limit: int) -> TableRead:
        """As `GetTable` says. Raises UnreadableBooksError, MovedOnError."""
        query = GetTable(table=name, digest=digest, skip=skip, limit=limit)
        found = self._ctx.ask(query.to(self._state), timeout_s=READ_TIMEOUT_S)
        if isinstance(found, Refused):
            raise UnreadableBooksError("; ".join(found.reasons))
        if found.seq != self._seq:
            raise MovedOnError(f"expected the books at record {self._seq}, found them at {found.seq}")
        return found
