"""The account at the venue: what it holds, its trades and deliveries, and all that its owner has."""
