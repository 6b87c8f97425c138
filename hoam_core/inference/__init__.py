"""All values of a parameter at once, and back from measurements to parameters."""
