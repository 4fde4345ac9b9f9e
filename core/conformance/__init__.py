"""Whether a server keeps the contract: what it is asked, and how its answers differ."""
