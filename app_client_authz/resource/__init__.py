"""Guarded views: the host's own resources, opened by tokens (see docs/guarding-views.md)."""
