"""Macroscopic stochastic dynamics learned from patches of a lattice (arXiv 2511.12842)."""
