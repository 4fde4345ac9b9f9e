"""The venue's market in the contract's words: what is, and what was."""
