"""What an outsider can read of an engine that runs or has stopped: its books, its audit log, its decisions.

Values and typed errors only. How they are shown, on a terminal or elsewhere, is the caller's business.
"""
