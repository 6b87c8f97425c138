"""Plain files: shipped assets, JSON and CSV text, and the natural order of names."""
