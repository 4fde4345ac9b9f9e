"""pydantic without plugins: nothing that happens to be installed beside the engine takes part in its checks.

To be imported before the first model is made. pydantic would read the metadata of every installed package to
look for them, which takes a tenth of a small command's time.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Final

_LOADER: Final = "pydantic.plugin._loader"

if _LOADER not in sys.modules:
    # The module from which pydantic takes them, while it makes the first model.
    _no_loader = ModuleType(_LOADER, "Knows no plugins.")
    vars(_no_loader)["get_plugins"] = tuple
    sys.modules[_LOADER] = _no_loader
