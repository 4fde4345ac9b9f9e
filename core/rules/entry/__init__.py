"""The entry rules, one a file, and the decision that puts them in order."""
