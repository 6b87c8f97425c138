"""Plasmas of electrons on a fixed ion background, by particle-in-cell codes."""
