"""Keys in, bytes out: digests, sealing, JWTs and password hashes. Knows no database."""
