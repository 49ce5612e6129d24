"""What the token paths cost: ``python -m benchmarks``."""
