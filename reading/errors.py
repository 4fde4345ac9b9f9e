"""The error of a data folder that lacks what is to be read."""

from __future__ import annotations

from core.errors import InputError


class DataFolderError(InputError):
    """The folder can't be read as an engine's; the message begins with the folder."""
