"""The market as data: option chain, quote faults, instrument names, observations, their statistics."""
