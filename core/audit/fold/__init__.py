"""Books = fold(audit): recomputes the rows of the books from the audit log alone.

Nothing here is shared with the code that writes the books, so that a mistake or a change in one of the two
shows as a difference. `tables` says which tables the log proves, and why the others are not among them.
"""
