"""Links that let one browser in once, the sessions that they become, and the tokens of forms.

All of it is in memory: a restart of the page ends every session. Nothing here is a password that a person
would choose or type.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic
from typing import Final

LINK_S: Final = 600.0
"""A printed link may be used for ten minutes, once."""
FORM_S: Final = 600.0
SESSIONS_MAX: Final = 64
FORMS_MAX: Final = 16
"""Open forms of one session; the oldest is forgotten."""
_BYTES: Final = 32


@dataclass
class _Session:
    forms: dict[str, float] = field(default_factory=dict)
    """The tokens of forms that were shown and not sent yet, by when they end."""


class Access:
    """Who was let in. Used by several threads; `clock` counts seconds."""

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._links: dict[str, float] = {}
        self._sessions: dict[str, _Session] = {}

    def new_link(self) -> str:
        """A token for the URL that is printed."""
        token = secrets.token_urlsafe(_BYTES)
        with self._lock:
            self._links[_digest(token)] = self._clock() + LINK_S
        return token

    def enter(self, token: str) -> str | None:
        """The session that a link becomes; None if it is none of ours, was used, or is too old."""
        with self._lock:
            ends_s = self._links.pop(_digest(token), None)
            if ends_s is None or self._clock() >= ends_s or len(self._sessions) >= SESSIONS_MAX:
                return None
            session = secrets.token_urlsafe(_BYTES)
            self._sessions[_digest(session)] = _Session()
            return session

    def is_in(self, session: str | None) -> bool:
        """Whether this cookie is of a session of this page."""
        if not session:
            return False
        with self._lock:
            return _digest(session) in self._sessions

    def new_form(self, session: str) -> str:
        """A token for one sending of one form by this session, which must be one of ours."""
        token = secrets.token_urlsafe(_BYTES)
        with self._lock:
            forms = self._sessions[_digest(session)].forms
            while len(forms) >= FORMS_MAX:
                del forms[next(iter(forms))]
            forms[_digest(token)] = self._clock() + FORM_S
        return token

    def spend_form(self, session: str, token: str) -> bool:
        """Whether this session was shown a form with this token that was not sent before; it then was."""
        with self._lock:
            found = self._sessions.get(_digest(session))
            if found is None:
                return False
            ends_s = found.forms.pop(_digest(token), None)
            return ends_s is not None and self._clock() < ends_s


def cookie_name(instance: str, folder: str, *, secure: bool) -> str:
    """A cookie of its own for each instance: a browser sends cookies to every port of a host.

    `__Host-` makes a browser refuse it without TLS, and keep it from other hosts of the domain.
    """
    word = re.sub(r"[^A-Za-z0-9]+", "-", instance).strip("-")[:40] or "page"
    tag = hashlib.sha256(f"{instance}\0{folder}".encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{'__Host-' if secure else ''}cerbero-{word}-{tag}"


def _digest(token: str) -> str:
    """Tokens are looked up by their digest, so that how long that takes says nothing of them."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
