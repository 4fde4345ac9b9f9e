"""Keys of the table `system`: the tags of labels, and what a new version still has to write into the log."""

from __future__ import annotations

from typing import Final

TAG_KEY: Final = "label_tag"
FOLDER_KEY: Final = "label_folder"
"""The identity of the data folder for which the present tag was drawn."""
FORMER_TAGS_KEY: Final = "former_tags"
"""Tags of labels that were sent before the present tag was drawn, the oldest first, with blanks between."""
RESTORED_KEY: Final = "restored"
RESTORE_PENDING: Final = "pending"
"""The value of `restored` from a restore until the next tag is drawn; then it is the time of that."""
BOOKS_TO_LOG_KEY: Final = "books_to_log"
"""Set by a migration where the log of an older version does not say all that the fold needs."""
