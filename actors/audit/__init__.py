"""Audit: the append-only hash chain on disk."""
