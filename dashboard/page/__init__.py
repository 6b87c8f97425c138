"""The page as a whole: arriving visitors, the frame around the views, and the views by name."""
