"""How full models are integrated: particle-in-cell and stochastic differential equations."""
