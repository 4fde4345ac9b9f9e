"""Power cuts: what was acknowledged is on the disk, and whatever a cut leaves is started from."""
