"""The entry rules, one per file, and the decision that runs them in order."""
