"""What visitors bring and make is kept for them on the server, within bounds."""
