"""The kill switch from outside the engine: what file and books say of it, and a person's arming."""
