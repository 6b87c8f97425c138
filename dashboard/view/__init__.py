"""What all views share: their life, the choices that they add, and animation."""
