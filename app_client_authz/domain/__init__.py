"""The rules, pure: standard library only, no Flask, no database, no clock, no chance."""
