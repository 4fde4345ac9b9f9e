"""The calendar of events: the file that is shipped, and how it is taken further."""
