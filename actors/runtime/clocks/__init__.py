"""Clocks: the one of the system, and one that stands still while anything is under way."""
