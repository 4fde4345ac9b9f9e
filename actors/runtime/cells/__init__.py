"""Cells and the lives in them."""
