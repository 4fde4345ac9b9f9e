"""State: the books in one SQLite database, and the order in which the audit chain grows."""

from actors.state.actor import State

__all__ = ["State"]
