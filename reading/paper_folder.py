"""The mark of a folder that a paper run keeps, in which no other engine starts."""

from __future__ import annotations

from pathlib import Path

PAPER_MARKER = "PAPER"


def is_paper_folder(data_dir: Path) -> bool:
    """Whether a paper run keeps its account there."""
    return (data_dir / PAPER_MARKER).exists()
