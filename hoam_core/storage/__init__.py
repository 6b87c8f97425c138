"""Files: where what ships lies, and how data are written and read."""
