"""Clocks: the system's, and one that stands still while anything is under way."""
