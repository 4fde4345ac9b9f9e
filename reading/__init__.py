"""Reads the books, audit log and decisions of an engine from outside, whether it runs or has stopped.

Functions return values and raise typed errors; the caller decides how to show them.
"""
