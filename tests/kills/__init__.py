"""`kill -9` of the real process against the real venue process, wherever it may hit; `make soak` runs all."""
