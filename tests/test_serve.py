"""`hoam serve`: what it starts, to whom it opens, and what it says."""

import io
import ipaddress
import os
import signal
import socket
import subprocess
import sys
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from hoam_core.cli import main, serve


@pytest.fixture
def started(monkeypatch):
    """(command, environment) of each server that would have been started."""
    found = []

    def run(command, environment):
        found.append((command, environment))
        return 3

    monkeypatch.setattr(serve, "run", run)
    monkeypatch.setattr(serve, "check_port", lambda port, address: None)
    return found


def origins(command: list[str]) -> list[str]:
    return [value for option, value in pairwise(command) if option == "--allow-websocket-origin"]


def test_the_server_is_local_unless_shared(started):
    done = CliRunner().invoke(main.app, ["serve", "--port", "5099"])
    command, environment = started[0]
    assert done.exit_code == 3
    assert "http://localhost:5099/app" in done.stderr
    assert command[command.index("--port") + 1] == "5099"
    assert command[command.index("serve") + 1].endswith("app.py")
    assert command[command.index("--address") + 1] == "localhost"
    assert origins(command) == []
    assert not {"--use-xheaders", "--auth-module"} & set(command)
    assert environment[serve.SHARED] == environment[serve.GUARD_FILE] == ""


def test_a_shared_server_is_open_to_the_addresses_of_this_machine_only(started, monkeypatch):
    monkeypatch.setattr(serve, "network_addresses", lambda: ["192.168.7.5", "10.42.0.1"])
    monkeypatch.setattr(serve.socket, "gethostname", lambda: "Laptop")
    told = io.StringIO()
    assert serve.serve(5098, share=True, messages=told) == 3
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
    done = CliRunner().invoke(main.app, ["serve", "--share"])
    assert done.exit_code == 2
    assert "needs a network" in " ".join(done.stderr.split())
    assert started == []


def test_quiet_says_nothing(started):
    assert CliRunner().invoke(main.app, ["serve", "--quiet"]).output == ""


def test_the_addresses_of_this_machine_are_not_its_loopback(monkeypatch):
    monkeypatch.setattr(serve, "NEIGHBOURS", ("127.0.0.1", *serve.NEIGHBOURS))
    found = serve.network_addresses()
    assert len(found) == len(set(found))
    assert not any(ipaddress.ip_address(one).is_loopback for one in found)


def test_a_missing_dashboard_is_told_with_its_cure(monkeypatch):
    monkeypatch.setattr(serve, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'hoam-core\[dashboard\]'"):
        serve.serve(5006, share=False)


def test_behind_a_proxy_only_the_names_that_visitors_see_may_connect(started):
    options = ["--host", "lab.example.org", "--host", "lab.example.org:8443"]
    done = CliRunner().invoke(main.app, ["serve", *options, "--address", "10.0.0.7"])
    command, _ = started[0]
    assert done.exit_code == 3
    assert origins(command) == ["lab.example.org", "lab.example.org:8443"]
    assert command[command.index("--address") + 1] == "10.0.0.7"
    assert "--use-xheaders" in command


@pytest.mark.parametrize("host", ["*", "*:5006", "https://lab.example.org", "", "-x", "lab:port"])
def test_an_origin_for_everybody_is_refused(started, host):
    with pytest.raises(ValueError, match="must be a name such as"):
        serve.serve(5006, share=False, hosts=[host])
    assert started == []


def test_a_password_is_on_no_command_line(started, tmp_path, monkeypatch):
    monkeypatch.delenv(serve.COOKIE_KEY, raising=False)
    file = tmp_path / "password"
    file.write_text("two streams\n")
    for _ in range(2):
        assert serve.serve(5006, share=False, password_file=file) == 3
    (command, first), (_, second) = started
    assert not any("two streams" in word for word in command)
    hooks = command[command.index("--auth-module") + 1]
    assert serve.Path(hooks).is_file()
    assert first[serve.GUARD_FILE] == str(file)
    assert "two streams" not in first.values()
    secrets = [found["BOKEH_COOKIE_SECRET"] for found in (first, second)]
    assert secrets[0] != secrets[1]
    assert not any(secret in command for secret in secrets)
    assert len(secrets[0]) == 64


def test_servers_side_by_side_take_the_same_secret(started, tmp_path, monkeypatch):
    file = tmp_path / "password"
    file.write_text("two streams")
    monkeypatch.setenv(serve.COOKIE_KEY, "k" * 32)
    serve.serve(5006, share=False, password_file=file)
    assert started[0][1]["BOKEH_COOKIE_SECRET"] == "k" * 32
    monkeypatch.setenv(serve.COOKIE_KEY, "short")
    with pytest.raises(ValueError, match=r"`HOAM_COOKIE_SECRET` must have at least 32 .* has 5;"):
        serve.serve(5006, share=False, password_file=file)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe12345678", "cannot be read"),
        (b"1234567\n", "must have at least 8 characters, but has 7;"),
    ],
)
def test_a_password_that_is_missing_or_short_is_told(started, tmp_path, content, sentence):
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    done = CliRunner().invoke(main.app, ["serve", "--password-file", str(file)])
    assert done.exit_code == 2
    assert sentence in " ".join(done.stderr.split())
    assert started == []


@pytest.mark.parametrize("name", ["aa", "B", "7", "ä"])
def test_a_process_is_named_by_a_letter(started, monkeypatch, name):
    monkeypatch.setenv(serve.PROCESS, "b")
    assert serve.process_name() == "b"
    monkeypatch.setenv(serve.PROCESS, name)
    done = CliRunner().invoke(main.app, ["serve"])
    assert done.exit_code == 2
    assert "`HOAM_PROCESS` must be a letter from a to z" in " ".join(done.stderr.split())
    assert started == []


CHILD = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
PARENT = f"""
import os, sys
from hoam_core.cli import serve
raise SystemExit(serve.run([sys.executable, "-c", {CHILD!r}], os.environ))
"""


def test_a_server_ends_with_the_command_that_started_it():
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        child = int(started.stdout.readline())
        os.kill(child, 0)
        started.terminate()
        assert started.wait(20) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_the_exit_code_is_that_of_the_server():
    before = signal.getsignal(signal.SIGTERM)
    assert serve.run([sys.executable, "-c", "raise SystemExit(7)"], os.environ) == 7
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_port_that_is_taken_is_told_before_anything_is_compiled(monkeypatch):
    monkeypatch.setattr(serve, "run", None)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = CliRunner().invoke(main.app, ["serve", "--port", str(port)])
    assert done.exit_code == 2
    sentence = " ".join(done.stderr.split())
    assert f"Port {port} is in use" in sentence
    assert f"`--port`, such as {port + 1}" in sentence


@pytest.mark.parametrize(
    ("port", "address", "sentence"),
    [
        (80_000, "localhost", "`port` must lie from 1 to 65535, but is 80000"),
        (0, "localhost", "`port` must lie from 1 to 65535, but is 0"),
        (5_006, "203.0.113.7", "nobody can listen at '203.0.113.7'"),
        (5_006, "no address", "is no address of this machine"),
    ],
)
def test_what_cannot_be_listened_at_is_one_sentence(port, address, sentence):
    with pytest.raises(ValueError, match=sentence):
        serve.check_port(port, address)


def test_a_port_that_another_server_has_left_can_be_taken():
    with socket.socket() as before:
        before.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        before.bind(("127.0.0.1", 0))
        before.listen()
        port = before.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            before.accept()[0].close()
    serve.check_port(port, "127.0.0.1")
