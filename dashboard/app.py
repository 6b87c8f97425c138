"""Entry point: `panel serve dashboard/app.py` serves the page at /app and the data at /api."""

from dashboard.operations.server import install
from dashboard.page.visit import page

install()
page().servable()
