"""What the runtime tells of itself: events, status, traces, dead letters."""
