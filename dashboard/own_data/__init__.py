"""The view "data": snapshots of the visitor's own."""
