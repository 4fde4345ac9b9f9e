"""Orders at the venue: combos, placing, changing, and what became of a label."""
