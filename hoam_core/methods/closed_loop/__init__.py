"""Methods without an integral in time: the field follows from the population as it is now."""
