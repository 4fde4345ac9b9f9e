"""Decision: owns every cycle from its due slot to its outcome; the rules themselves are pure, in core."""

from __future__ import annotations

from actors.decision.actor import Decision

__all__ = ["Decision"]
