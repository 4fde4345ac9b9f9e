"""How everybody opens and writes files: only what a person means by a file, and whole or not at all."""
