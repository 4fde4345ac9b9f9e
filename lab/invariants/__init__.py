"""What must never happen, as one piece of code: 24 statements, each checked by what an outsider can see.

An outsider sees the venue's account, the books (read only), the audit files, `KILL`, the answers that were
given, the messages that passed, and the state of the actors. The simulator and the tests share it.
"""

from __future__ import annotations

from lab.invariants.registry import INVARIANTS, Breach, Invariant, Moment, breaches

__all__ = ["INVARIANTS", "Breach", "Invariant", "Moment", "breaches"]
