"""Tests of the page: its panels against the books, its door, and what it costs."""
