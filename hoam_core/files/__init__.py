"""Plain files: what ships, and text as JSON, as CSV and as names in their order."""
