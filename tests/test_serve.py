"""`hoam serve`: what it starts, to whom it opens, and what it says."""

import io
import ipaddress
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from hoam_core import cli, serve


@pytest.fixture
def started(monkeypatch):
    """(command, environment) of each server that would have been started."""
    found = []

    def run(command, *, check, env):
        found.append((command, env))
        return type("Done", (), {"returncode": 3})

    monkeypatch.setattr(serve.subprocess, "run", run)
    return found


def origins(command: list[str]) -> list[str]:
    return [value for option, value in pairwise(command) if option == "--allow-websocket-origin"]


def test_the_server_is_local_unless_shared(started):
    done = CliRunner().invoke(cli.app, ["serve", "--port", "5099"])
    command, environment = started[0]
    assert done.exit_code == 3
    assert "http://localhost:5099/app" in done.stderr
    assert command[command.index("--port") + 1] == "5099"
    assert command[command.index("serve") + 1].endswith("app.py")
    assert "--address" not in command
    assert origins(command) == []
    assert environment[serve.SHARED] == ""


def test_a_shared_server_is_open_to_the_addresses_of_this_machine_only(started, monkeypatch):
    monkeypatch.setattr(serve, "network_addresses", lambda: ["192.168.7.5", "10.42.0.1"])
    monkeypatch.setattr(serve.socket, "gethostname", lambda: "Laptop")
    told = io.StringIO()
    assert serve.serve(5098, share=True, told=told) == 3
    command, environment = started[0]
    assert command[command.index("--address") + 1] == "0.0.0.0"
    hosts = ["localhost", "127.0.0.1", "192.168.7.5", "10.42.0.1", "laptop", "laptop.local"]
    assert origins(command) == [f"{host}:5098" for host in hosts]
    assert environment[serve.SHARED].split() == [
        "http://192.168.7.5:5098/app", "http://10.42.0.1:5098/app",
    ]  # fmt: skip
    assert "http://192.168.7.5:5098/app or http://10.42.0.1:5098/app" in told.getvalue()
    assert told.getvalue().count("▄") > 20, "a QR code"


def test_without_a_network_nothing_is_shared(started, monkeypatch):
    monkeypatch.setattr(serve, "network_addresses", list)
    done = CliRunner().invoke(cli.app, ["serve", "--share"])
    assert done.exit_code == 2
    assert "needs a network" in " ".join(done.stderr.split())
    assert started == []


def test_quiet_says_nothing(started):
    assert CliRunner().invoke(cli.app, ["serve", "--quiet"]).output == ""


def test_the_addresses_of_this_machine_are_not_its_loopback(monkeypatch):
    monkeypatch.setattr(serve, "NEIGHBOURS", ("127.0.0.1", *serve.NEIGHBOURS))
    found = serve.network_addresses()
    assert len(found) == len(set(found))
    assert not any(ipaddress.ip_address(one).is_loopback for one in found)


def test_a_missing_dashboard_is_told_with_its_cure(monkeypatch):
    monkeypatch.setattr(serve, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'hoam-core\[dashboard\]'"):
        serve.serve(5006, share=False)
