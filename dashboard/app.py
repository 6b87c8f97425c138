"""Entry point: `panel serve dashboard/app.py` serves the page at /app and the data at /api."""

from dashboard.operations.server import install
from dashboard.shell import page

install()
page().servable()
