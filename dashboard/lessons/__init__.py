"""The view "lessons": steps of text that set up the page and ask questions."""
