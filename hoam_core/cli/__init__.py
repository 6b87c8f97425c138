"""The command `hoam`: what a terminal asks of the library."""
