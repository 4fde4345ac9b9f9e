"""What a backend is made of: mailboxes, futures, timers, and the interface that cells know it by."""
