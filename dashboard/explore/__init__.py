"""The view "explore": learned model, full model and their difference."""
