"""The production backend: daemon threads."""
