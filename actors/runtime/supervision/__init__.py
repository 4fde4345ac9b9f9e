"""Supervisors, and the system that is built of them."""
