"""Entry point: `panel serve dashboard/app.py` serves the page at /app and the data at /api."""

from dashboard.api import install
from dashboard.shell import page

install()
page().servable()
