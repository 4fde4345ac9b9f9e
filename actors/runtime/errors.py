"""The exceptions of the runtime.

RuntimeFault
├── AskTimeout          no reply within the asker's timeout
├── AskFailed           the callee crashed, hung or was stopped while it held the ask (cause attached)
├── MailboxFull         the callee's mailbox was at its bound; the ask was not queued
├── ActorUnavailable    the callee is stopped or parked and takes no mail
├── Deadlock            asks wait for each other in a circle, or nothing can ever run again
├── StartTimeout        `on_start` was not acknowledged within its deadline
├── HandlerHung         a handler was busy for longer than its hang limit
├── ChildExhausted      a nested supervisor ran out of restarts
└── TripwireHit         simulated code touched the real clock, sleep, a socket or unseeded randomness

`Fenced` and `EffectWhileClosing` stand outside: they are BaseExceptions, so that an actor's
`except Exception` can neither keep a replaced incarnation alive nor hide what a closing tried to do.
"""

# ruff: noqa: N818  (these names are usual without the suffix `Error`)

from __future__ import annotations


class Fenced(BaseException):
    """This incarnation was replaced or stopped; it may have no further effect on anything."""


class EffectWhileClosing(BaseException):
    """A conversation that is being closed tried to have an effect: it may only tidy its own values."""


def describe(error: BaseException) -> str:
    """`Type: text` of any error, also of one whose `__str__` raises."""
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException as fault:
        # Reporting a crash must not fail itself, or the crash would go unreported.
        return f"{type(error).__name__}, which has no text ({type(fault).__name__})"


class RuntimeFault(Exception):
    """Base of the exceptions that the runtime raises to its users."""


class AskTimeout(RuntimeFault):
    """No reply came within the timeout."""


class AskFailed(RuntimeFault):
    """The callee failed while it held the ask; `__cause__` is the error that it failed with."""


class MailboxFull(RuntimeFault):
    """The callee's mailbox is at its bound."""


class ActorUnavailable(RuntimeFault):
    """The callee is stopped or parked."""


class Deadlock(RuntimeFault):
    """None of those that wait can ever be answered; the text holds the wait-for graph."""


class StartTimeout(RuntimeFault):
    """`on_start` took longer than the start deadline."""


class HandlerHung(RuntimeFault):
    """A handler was busy for longer than the hang limit."""


class ChildExhausted(RuntimeFault):
    """A nested supervisor used up its restarts and gave up."""


class TripwireHit(RuntimeFault):
    """Guarded code touched the real clock, sleep, a socket or unseeded randomness in a simulation."""
