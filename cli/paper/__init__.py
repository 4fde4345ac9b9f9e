"""A paper run, from its options to its report."""
