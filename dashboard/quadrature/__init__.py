"""The view "quadrature": rules in time, their errors and what they do to training."""
