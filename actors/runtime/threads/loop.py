"""The one loop of every worker that has a mailbox: take, process, until told to stop."""

from __future__ import annotations

from typing import Any, Protocol


class Source(Protocol):
    """Where mail comes from."""

    def get(self, owner: object = None) -> Any: ...


class Processor(Protocol):
    """What is done with one envelope; False ends the loop."""

    def process_one(self, envelope: Any) -> bool: ...


def run_loop(mailbox: Source, processor: Processor, owner: object = None) -> None:
    """Process envelope by envelope. Ends when the mailbox has another owner or the processor says so."""
    get = mailbox.get
    process_one = processor.process_one
    while (envelope := get(owner)) is not None:
        if not process_one(envelope):
            return
