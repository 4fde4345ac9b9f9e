"""The page in a browser: what is going on, from the books and the control socket, which it only reads."""
