"""The keys of the table `system` under which the books keep the tags of their labels."""

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
