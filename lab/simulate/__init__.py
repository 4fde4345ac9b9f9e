"""Hunts for faults nobody has thought of: whole engines in virtual time, disturbed by what a seed draws."""
