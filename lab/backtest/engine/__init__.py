"""The other road of a backtest: the whole engine, every actor of it, on the same market."""
