"""The keyless hosts beside the venue: funding elsewhere, forced closes, the euro."""
