"""What reading a page of accounting records costs, next to what else could read it: ``python -m benchmarks``."""
