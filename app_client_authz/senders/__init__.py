"""What sends messages to users: one module for each way."""
