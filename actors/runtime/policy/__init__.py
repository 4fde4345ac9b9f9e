"""What to start and what to do when it ends, as data and arithmetic."""
