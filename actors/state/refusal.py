"""The refusal of one request that the books can't take: only its changes are rolled back, and the refusal is
its answer, stored like any other."""

from __future__ import annotations

from core.errors import CerberoError


class BooksRefusalError(CerberoError):
    """`code` is stable; the message says what was expected and what was found."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
