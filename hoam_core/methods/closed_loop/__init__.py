"""Methods without an integral in time: the field follows from the current population."""
