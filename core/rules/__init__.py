"""The strategy: one rule per file, the entry and exit decisions, and the record of a decision."""
