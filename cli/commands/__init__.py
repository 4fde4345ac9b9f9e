"""One file a command: its arguments and its help. What it does is imported when it runs."""
