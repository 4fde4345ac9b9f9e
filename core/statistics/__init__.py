"""The figures of closed trades, and how much so few of them prove: for reports, summaries and backtests."""
