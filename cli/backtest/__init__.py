"""What `backtest` shows and writes."""
