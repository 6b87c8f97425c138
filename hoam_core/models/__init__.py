"""Trained models: what they are, their files, and when a run of them is plausible."""
