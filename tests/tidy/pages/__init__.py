"""The tables in the documentation that are made from the code: `make pages` writes them, a test compares."""
