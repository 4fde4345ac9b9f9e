"""Keeps OpenSSL out of a process that serves HTTP without TLS: it would take 7 MB of it for good.

To be imported before what is hidden from it here. Whoever imports `ssl` afterwards gets it as it is.
"""

from __future__ import annotations

import sys
from types import ModuleType

if not {"ssl", "_hashlib", "hashlib", "asyncio", "uvicorn"} & sys.modules.keys():
    # So Python says that it was built without OpenSSL, which these know; its digests are its own then.
    sys.modules["ssl"] = sys.modules["_hashlib"] = None  # type: ignore[assignment]
    import asyncio  # noqa: F401
    import hashlib  # noqa: F401
    import hmac  # noqa: F401
    import http.client  # noqa: F401

    # uvicorn is not made for it: these are what its options of TLS are if nobody sets them.
    _named = ModuleType("ssl", "Names two constants.")
    vars(_named).update(PROTOCOL_TLS_SERVER=17, CERT_NONE=0)
    sys.modules["ssl"] = _named
    import uvicorn  # noqa: F401

    del sys.modules["ssl"], sys.modules["_hashlib"]
