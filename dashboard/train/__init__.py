"""The view "train": plan a model, watch it learn, take it along."""
