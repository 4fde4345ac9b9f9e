"""The engine in figures, for Prometheus: what is told, where it is read, and in which form."""
