"""Mathematics that knows no physics: domains, quadrature, derivatives, compiled loops."""
