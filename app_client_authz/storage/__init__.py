"""Rows to domain values and back; queries, no rules."""
