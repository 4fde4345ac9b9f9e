"""Speaking to the venue: the wire, who signs, how often, and what a key may do."""
