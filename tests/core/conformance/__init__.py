"""Whether a server keeps the contract."""
