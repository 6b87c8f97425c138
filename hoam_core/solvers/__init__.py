"""Integrators of the full models, such as particle-in-cell, SDEs and kinetic Monte Carlo."""
