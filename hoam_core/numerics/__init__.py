"""Numerical methods without physics: domains, quadrature, derivatives, compiled loops."""
