"""The fast road of a backtest: the pure rules over a market, with the venue's own matching, and no actor."""
