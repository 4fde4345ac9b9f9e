"""Pricing of inverse options: Black-76, greeks, volatility, payoffs, margin, fees, Kelly's fraction."""
