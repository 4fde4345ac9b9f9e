"""Two strangers trade at the simulated venue: clients of the real one that nobody here has written."""
