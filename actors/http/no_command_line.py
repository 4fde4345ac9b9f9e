"""httpx without its own command line, which would load click, rich and pygments into each process.

To be imported before httpx, which does without it as where these are not installed.
"""

from __future__ import annotations

import sys

if "httpx" not in sys.modules:
    # None is how the import system is told that there is no such module.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
