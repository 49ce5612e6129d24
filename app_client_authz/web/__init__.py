"""What the faces share of HTTP."""
