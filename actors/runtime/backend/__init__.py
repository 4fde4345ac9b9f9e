"""The parts of a backend: mailboxes, futures, timers, and the interface that cells use."""
