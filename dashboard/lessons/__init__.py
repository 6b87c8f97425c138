"""The view "lessons": steps of text that set the page and ask."""
