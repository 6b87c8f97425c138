"""The page in a real browser; its fixtures end with the last of these tests."""
