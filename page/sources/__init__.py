"""What the page reads, once for all who look: the engine's status, the folder's books, or a finished run."""
