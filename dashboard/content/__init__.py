"""What people wrote for the page: lessons, scenario cards, the glossary."""
