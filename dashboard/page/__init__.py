"""The page as a whole: who comes, the frame around the views, and the views by name."""
