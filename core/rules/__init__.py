"""The strategy: one rule a file, the entry and exit decisions, and the record of a decision."""
