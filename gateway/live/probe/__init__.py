"""What nobody has published of the venue, asked of its testnet once."""
