"""What an engine records of the market: the form of its files, which everybody can read."""
