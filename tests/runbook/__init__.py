"""Entries of the runbook, followed literally against a real engine and a real paper venue."""
