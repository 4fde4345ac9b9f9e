"""For tests of actors: fakes to call their handlers without a thread, and tripwires around whole runs."""

from __future__ import annotations

from actors.runtime.testing.addresses import FakeAddress
from actors.runtime.testing.contexts import DEFAULT_NOW, FakeContext, FakeReply, FakeTimer
from actors.runtime.tripwires import tripwires

__all__ = ["DEFAULT_NOW", "FakeAddress", "FakeContext", "FakeReply", "FakeTimer", "tripwires"]
