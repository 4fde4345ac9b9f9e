"""One file a table, or a few that belong together: rows in, rows out, nothing decided."""
