"""What a program can check before an engine goes live: one small function, and one line, for each check."""
