"""Benchmarks: every figure is a ratio of two timings of one run, on the machine that ran it."""
