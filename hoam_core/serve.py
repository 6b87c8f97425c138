"""Serving the dashboard: for this machine alone, or for everybody in its network.

The page is another package and runs in a process of its own. A shared one accepts the addresses of
this machine only, so that no foreign page can speak with it through a visitor's browser, and knows
them from the variable HOAM_SHARED, so that it can show them. Nothing here needs an outside host.
"""

import contextlib
import ipaddress
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

SHARED = "HOAM_SHARED"
# One neighbour in each network that a classroom may be in: the usual private ones, and the hotspots
# of Linux, Windows, macOS and phones. A datagram socket that is connected has not sent anything.
NEIGHBOURS = (
    "10.255.255.254", "172.31.255.254", "192.168.255.254",
    "10.42.0.1", "192.168.137.1", "192.168.2.1", "172.20.10.1", "192.168.43.1",
)  # fmt: skip


def network_addresses() -> list[str]:
    """IPv4 addresses by which others in its networks reach this machine; empty without any."""
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
    """Addresses for everybody in the network. Raises ValueError where there is no network."""
    found = network_addresses()
    if not found:
        raise ValueError(
            "Option `--share` needs a network, but this machine is in none; join one or open a "
            "hotspot, or leave the option out."
        )
    return found


def command(page: Path, port: int, addresses: Sequence[str] = ()) -> list[str]:
    """What starts the server of a page; with addresses, for whoever can reach one of them."""
    made = [sys.executable, "-m", "panel", "serve", str(page), "--port", str(port)]
    made += ["--warm", "--liveness"]
    if addresses:
        name = socket.gethostname().lower()
        made += ["--address", "0.0.0.0"]  # noqa: S104 -- only on request
        for host in ("localhost", "127.0.0.1", *addresses, name, f"{name}.local"):
            made += ["--allow-websocket-origin", f"{host}:{port}"]
    return made


def app_file() -> Path:
    """The page. Raises ValueError where it or what it needs is not installed."""
    spec = find_spec("dashboard")
    if spec is None or not spec.submodule_search_locations or find_spec("panel") is None:
        raise ValueError(
            "The dashboard is not installed; run `pip install 'hoam-core[dashboard]'`."
        )
    return Path(spec.submodule_search_locations[0]) / "app.py"


def serve(port: int, share: bool, told: TextIO | None = None) -> int:
    """Serve until the process is ended; its exit code. `told` hears the addresses."""
    page = app_file()
    addresses = shared_addresses() if share else []
    urls = [f"http://{address}:{port}/app" for address in addresses]
    if told is not None:
        told.write(f"Dashboard: http://localhost:{port}/app (Ctrl-C ends it)\n")
        invite(urls, told)
    environment = os.environ | {SHARED: " ".join(urls)}
    return subprocess.run(  # noqa: S603 -- this interpreter
        command(page, port, addresses), check=False, env=environment
    ).returncode


def invite(urls: Sequence[str], told: TextIO) -> None:
    """Say where others find the page, with a QR code for their phones."""
    if not urls:
        return
    import segno  # a package of the dashboard

    told.write(f"For everybody in this network: {' or '.join(urls)}\n")
    segno.make(urls[0]).terminal(told, compact=True)
    told.flush()
