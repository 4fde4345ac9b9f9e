"""Orders and books: plan, price ladder, limits at the gate, rows, state machines, reconciliation."""
