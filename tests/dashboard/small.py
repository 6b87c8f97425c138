"""A page of a line, with everything around it that the real one has, for tests that serve it."""

import os

import panel as pn

from dashboard.operations.server import install

install()
pn.pane.Markdown(f"Served by process {os.getpid()}.").servable()
