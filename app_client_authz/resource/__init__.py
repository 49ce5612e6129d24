"""Guarded views: the host's own resources, opened by tokens (see docs/how-to/guarding-views.md)."""
