"""Benchmarks: each is a command that prints a table; none asserts seconds, for machines are noisy."""
