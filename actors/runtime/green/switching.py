"""How the simulated runtimes change from one piece of work to another: greenlets, or a passed baton."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from typing import Protocol

import greenlet


class Fiber(Protocol):
    """Something that can be switched to; the one that switches is suspended until it is switched back to."""

    def switch(self) -> None: ...

    def close(self) -> None:
        """Unwind it with GreenletExit; not for the current one."""

    def stack(self) -> str:
        """The Python stack on which it is suspended, or ''."""


class Switching(Protocol):
    """Makes fibers of one kind."""

    def new(self, work: Callable[[], None]) -> Fiber: ...

    def current(self) -> Fiber: ...


class _GreenFiber(greenlet.greenlet):
    """A greenlet as a `Fiber`."""

    def close(self) -> None:
        """Unwind it. A greenlet that ends switches to its parent, so the caller is made its parent."""
        if self.dead:
            return
        self.parent = greenlet.getcurrent()
        self.throw()

    def stack(self) -> str:
        """The stack on which it is suspended."""
        return "" if self.gr_frame is None else "".join(traceback.format_stack(self.gr_frame))


class _MainFiber:
    """The greenlet that the simulation was started from: it can be switched back to, but not closed."""

    def __init__(self) -> None:
        self._greenlet = greenlet.getcurrent()

    def switch(self) -> None:
        """Return to it."""
        self._greenlet.switch()

    def close(self) -> None:
        """Nothing to do: it ends with its thread."""

    def stack(self) -> str:
        """The stack on which it is suspended."""
        frame = self._greenlet.gr_frame
        return "" if frame is None else "".join(traceback.format_stack(frame))


class Greenlets:
    """Fibers as greenlets: a switch costs well under a microsecond."""

    def new(self, work: Callable[[], None]) -> Fiber:
        """A fiber that runs `work` when it is first switched to."""
        return _GreenFiber(work)

    def current(self) -> Fiber:
        """The running fiber."""
        running = greenlet.getcurrent()
        return running if isinstance(running, _GreenFiber) else _MainFiber()


class _BatonFiber:
    """A thread that runs only while it holds the baton, which is its semaphore."""

    def __init__(self, kind: Batons, work: Callable[[], None] | None) -> None:
        self._kind = kind
        self._baton = threading.Semaphore(0)
        self._closing = False
        self._work = work
        self._thread: threading.Thread | None = None
        if work is None:
            kind.local.fiber = self

    def switch(self) -> None:
        """Hand the baton over and wait to get it back."""
        me = self._kind.current()
        assert isinstance(me, _BatonFiber)
        if self._work is not None and self._thread is None:
            self._thread = threading.Thread(target=self._run, args=(self._work,), daemon=True)
            self._thread.start()
        else:
            self._baton.release()
        me.pause()

    def pause(self) -> None:
        """Wait for the baton."""
        self._baton.acquire()
        if self._closing:
            raise greenlet.GreenletExit

    def close(self) -> None:
        """Let the thread unwind, and wait until it has."""
        if self._thread is not None and self._thread.is_alive():
            self._closing = True
            self._baton.release()
            self._thread.join()

    def stack(self) -> str:
        """The stack on which it is suspended."""
        ident = None if self._thread is None else self._thread.ident
        frame = None if ident is None else sys._current_frames().get(ident)
        return "" if frame is None else "".join(traceback.format_stack(frame))

    def _run(self, work: Callable[[], None]) -> None:
        self._kind.local.fiber = self
        try:
            work()
        except greenlet.GreenletExit:
            return


class Batons:
    """Fibers as threads of which one runs at a time; only to check the greenlets against."""

    def __init__(self) -> None:
        self.local = threading.local()

    def new(self, work: Callable[[], None]) -> Fiber:
        """A fiber that runs `work` when it is first switched to."""
        return _BatonFiber(self, work)

    def current(self) -> Fiber:
        """The running fiber."""
        fiber: Fiber | None = getattr(self.local, "fiber", None)
        return _BatonFiber(self, None) if fiber is None else fiber
