"""The view "compare": two to four runs side by side."""
