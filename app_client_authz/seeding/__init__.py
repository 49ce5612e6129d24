"""Pools as files describe them: a seed file of ours, or what the aws command line printed of a real pool.

A file is read whole, everything in it is checked against what there is, and only then is anything written.
"""
