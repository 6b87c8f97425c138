"""Populations that others recorded, out of their files and into a system."""
