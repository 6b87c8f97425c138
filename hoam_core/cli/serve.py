"""Serve the dashboard: for this machine alone, for its network, or behind a proxy.

The page is another package and runs in a process of its own. By default it listens on this machine
only, and accepts browser connections from the page's own addresses only, so that no foreign page
can connect through a visitor's browser. Besides its command line, the page reads environment
variables: HOAM_SHARED, the addresses by which others reach it; HOAM_PASSWORD_FILE, the path of its
password file; HOAM_PROCESS, its letter where a proxy serves several processes.
Nothing here needs an outside host.
"""

import contextlib
import errno
import ipaddress
import os
import re
import secrets
import signal
import socket
import subprocess  # nosec B404 -- without a shell
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from hoam_core.checks import check_within

SHARED = "HOAM_SHARED"
GUARD_FILE = "HOAM_PASSWORD_FILE"
COOKIE_KEY = "HOAM_COOKIE_SECRET"
PROCESS = "HOAM_PROCESS"
SHORTEST_PASSWORD, SHORTEST_SECRET = 8, 32
EVERYWHERE = "0.0.0.0"  # noqa: S104 # nosec B104 -- only on request
# One neighbour in each network that a classroom may be in: the usual private ones, and the hotspots
# of Linux, Windows, macOS and phones. Connecting a datagram socket does not send anything.
NEIGHBOURS = (
    "10.255.255.254", "172.31.255.254", "192.168.255.254",
    "10.42.0.1", "192.168.137.1", "192.168.2.1", "172.20.10.1", "192.168.43.1",
)  # fmt: skip


def network_addresses() -> list[str]:
    """IPv4 addresses by which others in its networks reach this machine; empty if there is none."""
    found = []
    for neighbour in NEIGHBOURS:
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with probe, contextlib.suppress(OSError):
            probe.connect((neighbour, 9))
            found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    return [one for one in dict.fromkeys(found) if not ipaddress.ip_address(one).is_loopback]


def shared_addresses() -> list[str]:
    """Addresses of this machine for others in its networks. ValueError if there is no network."""
    found = network_addresses()
    if not found:
        raise ValueError(
            "Option `--share` needs a network, but this machine is in none; join one or open a "
            "hotspot, or leave the option out."
        )
    return found


def check_port(port: int, address: str) -> None:
    """Raises ValueError unless a server can listen there; the server itself would fail later."""
    check_within("port", port, 1, 65_535)
    try:
        found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ValueError(
            f"Option `--address` is {address!r}, which is no address of this machine "
            f"({error.strerror}); leave it out, or give one that is."
        ) from error
    for family, kind, _, _, place in found:
        with socket.socket(family, kind) as probe:
            # As the server does, so that sockets of an earlier server are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(place)
            except OSError as error:
                if error.errno == errno.EAFNOSUPPORT:
                    continue
                raise ValueError(_cannot_listen(port, address, error)) from error


def _cannot_listen(port: int, address: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} is in use, perhaps by a dashboard that is open already; give another one "
            f"with `--port`, such as {port + 1}."
        )
    if error.errno == errno.EACCES:
        return f"Port {port} is for the system's own services; give one of 1024 or more."
    return (
        f"Option `--address`: nobody can listen at {address!r} ({error.strerror}); leave it out, "
        "or give an address of this machine."
    )


def own_names(addresses: Sequence[str]) -> list[str]:
    """Every name and address by which a browser may reach this machine."""
    name = socket.gethostname().lower()
    return ["localhost", "127.0.0.1", *addresses, name, f"{name}.local"]


def check_host(host: str) -> str:
    """A host name, perhaps with a port, unchanged. Raises ValueError for anything else."""
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?", host):
        raise ValueError(
            "Option `--host` must be a name such as lab.example.org or lab.example.org:8443, "
            f"but is {host!r}; give the one that visitors see in their browsers."
        )
    return host


def read_password(path: Path) -> str:
    """The password in a file, without its line end. ValueError if unreadable or too short."""
    try:
        password = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(
            f"Option `--password-file`: {str(path)!r} cannot be read ({error}); name a text file "
            "that holds the password."
        ) from error
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(
            f"Option `--password-file`: the password in {str(path)!r} must have at least "
            f"{SHORTEST_PASSWORD} characters, but has {len(password)}; write a longer one."
        )
    return password


def cookie_secret() -> str:
    """The secret that signs cookies: the variable HOAM_COOKIE_SECRET, or a new random one."""
    found = os.environ.get(COOKIE_KEY, "")
    if found and len(found) < SHORTEST_SECRET:
        raise ValueError(
            f"Variable `{COOKIE_KEY}` must have at least {SHORTEST_SECRET} characters, but has "
            f"{len(found)}; make one with `openssl rand -hex 32`."
        )
    return found or secrets.token_hex(32)


def process_name() -> str:
    """The variable HOAM_PROCESS: the letter of this process, or empty if there is only one."""
    name = os.environ.get(PROCESS, "")
    if not re.fullmatch(r"[a-z]?", name):
        raise ValueError(f"Variable `{PROCESS}` must be a letter from a to z, but is {name!r}.")
    return name


def command(
    page: Path, port: int, *, address: str, origins: Sequence[str] = (), behind_proxy: bool = False
) -> list[str]:
    """The command that starts a page's server; without `origins` for local browsers only."""
    made = [sys.executable, "-m", "panel", "serve", str(page), "--port", str(port)]
    made += ["--warm", "--address", address]
    for origin in origins:
        made += ["--allow-websocket-origin", origin]
    return [*made, "--use-xheaders"] if behind_proxy else made


def guard(page: Path, password_file: Path | None) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment variables with which the page asks for a password.

    The secret is in the environment, not in the command, which every user of the machine can see.
    """
    if password_file is None:
        return [], {GUARD_FILE: ""}
    read_password(password_file)
    asks = page.parent / "operations" / "asking.py"
    environment = {
        GUARD_FILE: str(password_file.resolve()),
        "BOKEH_COOKIE_SECRET": cookie_secret(),
    }
    return ["--auth-module", str(asks)], environment


def app_file() -> Path:
    """The file of the page. Raises ValueError where the page or Panel is not installed."""
    spec = find_spec("dashboard")
    if spec is None or not spec.submodule_search_locations or find_spec("panel") is None:
        raise ValueError(
            "The dashboard is not installed; run `pip install 'hoam-core[dashboard]'`."
        )
    return Path(spec.submodule_search_locations[0]) / "app.py"


def serve(
    port: int,
    share: bool,
    messages: TextIO | None = None,
    *,
    address: str | None = None,
    hosts: Sequence[str] = (),
    password_file: Path | None = None,
) -> int:
    """Serve until the process ends, and return its exit code; addresses are written to `messages`.

    `hosts` are the names that visitors see when the server is behind a proxy, whose X-headers it
    then trusts. `address` is where to listen; the default is everywhere if shared, else localhost.
    """
    page = app_file()
    process_name()
    listening = address or (EVERYWHERE if share else "localhost")
    check_port(port, listening)
    origins = [check_host(host) for host in hosts]
    found = shared_addresses() if share else []
    if share:
        origins += [f"{name}:{port}" for name in own_names(found)]
    urls = [f"http://{one}:{port}/app" for one in found]
    asking, secret = guard(page, password_file)
    started = command(page, port, address=listening, origins=origins, behind_proxy=bool(hosts))
    if messages is not None:
        messages.write(
            f"Dashboard: http://localhost:{port}/app (Ctrl-C ends it). Its models are being "
            "compiled; it answers in about half a minute.\n"
        )
        messages.flush()
        invite(urls, messages)
    environment = os.environ | {SHARED: " ".join(urls)} | secret
    return run([*started, *asking], environment)


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command until it ends or this process receives SIGTERM; return its exit code."""
    with subprocess.Popen(command, env=environment) as child:  # noqa: S603 # nosec B603
        # Otherwise the server would outlive this process if a service manager or container ends it.
        before = signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        try:
            code = child.wait()
        finally:
            signal.signal(signal.SIGTERM, before)
    return code if code >= 0 else 128 - code


def invite(urls: Sequence[str], messages: TextIO) -> None:
    """Write where others find the page, with a QR code for their phones."""
    if not urls:
        return
    import segno  # a package of the dashboard

    messages.write(f"For everybody in this network: {' or '.join(urls)}\n")
    segno.make(urls[0]).terminal(messages, compact=True)
    messages.flush()
