"""The errors raised for a data folder that can't be read as an engine's."""

from __future__ import annotations

from core.errors import InputError


class DataFolderError(InputError):
    """The folder can't be read as an engine's; the message begins with the folder."""


class EmptyBooksError(DataFolderError):
    """There are books, and no cycle has run yet."""
