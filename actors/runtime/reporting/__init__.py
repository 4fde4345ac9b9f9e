"""What the runtime tells about itself: events, status, traces, dead letters."""
