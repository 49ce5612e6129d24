"""Use cases: each public method is one unit of work, and nothing else commits."""
