"""What a visitor can save: pictures, numbers, films, Python, a hand-out."""
