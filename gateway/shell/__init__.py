"""What every gateway is made of: the contract's door, bodies and refusals, its page, and the server."""
