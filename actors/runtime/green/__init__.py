"""The simulated backends: one loop, virtual time."""
