"""Pykka's own test suite against our backends; run by `make pykka-suite`, not by default."""
