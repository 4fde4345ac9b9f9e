"""The tables, one or a few related ones per file: they write and read rows, and decide nothing."""
