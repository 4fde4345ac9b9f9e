"""Which right of a key each method of an account wants."""

from __future__ import annotations

from typing import Final

from gateway.sim.errors import RpcError, unauthorized
from gateway.sim.keys import SimKey

PUBLIC: Final = "public/"
TRADES: Final = frozenset(
    f"private/{name}" for name in ("buy", "sell", "edit", "cancel", "cancel_all_by_currency", "create_combo")
)
ACCOUNT: Final = frozenset(
    f"private/{name}" for name in ("get_account_summary", "get_account_summaries", "get_transaction_log")
)


def require_right(method: str, caller: SimKey | None) -> None:
    """Raise 13009 for a stranger and 13021 for a key that may not."""
    if method.startswith(PUBLIC):
        return
    if caller is None:
        raise unauthorized("no credentials")
    area = "account" if method in ACCOUNT else "trade"
    wanted = {f"{area}:read_write"} if method in TRADES else {f"{area}:read", f"{area}:read_write"}
    if not wanted & set(caller.scope.split()):
        raise RpcError(13021, "forbidden")
