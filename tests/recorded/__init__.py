"""Proofs on recorded market data."""
