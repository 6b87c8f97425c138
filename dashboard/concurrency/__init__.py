"""Threads, and what passes between them."""
