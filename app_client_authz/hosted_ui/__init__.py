"""The pages that people see: sign in, choose a new password, sign out, errors."""
