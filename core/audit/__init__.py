"""The audit log as data: the hash chain."""
