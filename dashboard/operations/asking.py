"""The hooks that Bokeh looks for in the file named by `--auth-module`; they live in password.py."""

from dashboard.operations.password import Login as LoginHandler
from dashboard.operations.password import Logout as LogoutHandler
from dashboard.operations.password import visitor as get_user

__all__ = ["LoginHandler", "LogoutHandler", "get_user", "login_url", "logout_url"]

login_url, logout_url = "/login", "/logout"
