"""The root of the language: commands ask for something, events tell what happened, queries read.

A message is data only. Who sent it, when, and under which correlation and causation stands on the
envelope that the runtime makes.
"""

from __future__ import annotations

from core.values import Value


class Message(Value):
    """Base of every message."""


class Command(Message):
    """An imperative: the receiver acts, or refuses with a typed answer."""


class Event(Message):
    """Something that happened, in the past tense."""


class Query(Message):
    """A read: answered, changes nothing."""


class Refused(Event):
    """A typed no to a command or query, with every reason as a stable code."""

    request_id: str
    reasons: tuple[str, ...]
