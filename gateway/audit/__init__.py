"""The audit: rows with keyed codes, sealed into a chain, checkpoints outside of the database."""
