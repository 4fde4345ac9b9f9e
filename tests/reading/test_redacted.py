"""Secrets of the environment are masked whatever other threads do to it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from reading.redacted import redacted


class _Vanishing(dict[str, str]):
    """An environment out of which another thread takes a variable after its name was read."""

    def __iter__(self) -> Iterator[str]:
        yield from ("TAKEN_OUT_MEANWHILE", *super().__iter__())

    def items(self) -> Iterator[tuple[str, str]]:  # type: ignore[override]
        return ((name, self[name]) for name in self)


def test_a_variable_that_is_taken_out_meanwhile_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    token = "n0t-for-your-eyes-0123456789"
    monkeypatch.setattr(os, "environ", _Vanishing(CERBERO_BITE_MCP_TOKEN=token))
    assert token not in redacted(f"sent {token}")
