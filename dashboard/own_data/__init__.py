"""The view "data": the visitor's own snapshots."""
