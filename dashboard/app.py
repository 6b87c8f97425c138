"""Entry point: `panel serve dashboard/app.py` serves the page at /app."""

from dashboard.shell import page

page().servable()
