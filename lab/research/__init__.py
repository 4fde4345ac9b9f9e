"""The research bench: many points of a strategy, run on all cores or a cluster, and judged as one."""
