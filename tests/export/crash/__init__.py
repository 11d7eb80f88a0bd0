"""Exports whose workers are killed at random instants, and what is left of them held against Brex and the books."""
