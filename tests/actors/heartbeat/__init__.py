"""The heartbeat actor and its file."""
