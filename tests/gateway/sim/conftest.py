"""The recorded answers, for these tests too."""

from __future__ import annotations

from tests.gateway.live.conftest import deribit_responses, reference

__all__ = ["deribit_responses", "reference"]
