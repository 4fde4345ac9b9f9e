"""Where the script that draws charts is: a file of the `plotly` distribution, none of which is imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from core.errors import InputError


def plotly_script() -> Path:
    """The path of `plotly.min.js`. Raises InputError, which says what to install, where there is none."""
    found = find_spec("plotly")
    for place in () if found is None else found.submodule_search_locations or ():
        path = Path(place) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path
    raise InputError(
        "plotly: expected the distribution that draws charts, found none: install the extra `page`"
    )
