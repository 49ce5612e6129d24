"""The pages that people see: sign in, sign up, confirm, reset a password, choose a new one, sign out, errors."""
