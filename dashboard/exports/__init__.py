"""What a visitor takes home: pictures, numbers, films, Python, a hand-out."""
