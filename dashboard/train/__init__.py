"""The view "train": plan a model, watch it learn, download it."""
