"""The files of deploy/: nginx with two real processes on this machine, the image and its parts."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import urllib.request
from collections import Counter
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from dashboard.operations.headers import HEADERS
from dashboard.operations.process import COOKIE
from tests.dashboard.serving import serving
from tests.ui.served import answers, free_port

DEPLOY = Path(__file__).parents[1] / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
needs_nginx = pytest.mark.skipif(
    not NGINX, reason="nginx is not installed; try `apt-get install nginx-light`"
)
NAMES = ("a", "b")


def configuration(folder: Path, port: int, ports: dict[str, int]) -> str:
    """The committed file with the addresses and folders of a test in it, and nothing else."""
    text = (DEPLOY / "nginx.conf").read_text()
    changes = {
        "listen 80;": f"listen 127.0.0.1:{port};",
        "pid /run/nginx.pid;": f"pid {folder}/pid; daemon off;",
        "access_log /dev/stdout": f"access_log {folder}/access.log",
        "worker_processes auto;": "worker_processes 2;",
    }
    changes |= {f"hoam-{name}:5006": f"127.0.0.1:{port}" for name, port in ports.items()}
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    return text.replace("http {\n", "http {\n" + folders, 1)


@contextlib.contextmanager
def proxied(folder: Path, port: int, ports: dict[str, int]):
    """nginx before processes at these ports."""
    file = folder / "nginx.conf"
    file.write_text(configuration(folder, port, ports))
    with (folder / "nginx.log").open("w") as log:
        nginx = subprocess.Popen([NGINX, "-p", folder, "-c", file], stderr=log)
        try:
            assert answers(f"http://127.0.0.1:{port}/small", nginx), file.with_suffix(".log")
            yield
        finally:
            nginx.terminate()
            nginx.wait(20)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Two processes behind nginx: its address, and the processes by their letters."""
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    origin = f"127.0.0.1:{port}"
    with serving(folder, *NAMES, origins=(origin,), HOAM_LOG="json") as started:
        ports = {one.name: one.port for one in started}
        with proxied(folder, port, ports):
            yield SimpleNamespace(
                origin=origin, url=f"http://{origin}", folder=folder,
                processes={one.name: one for one in started},
            )  # fmt: skip


class Browser:
    """Opens a page and its websocket with the cookies that it was given."""

    def __init__(self, site):
        self.site, self.cookies = site, SimpleCookie()

    def _headers(self) -> dict[str, str]:
        cookie = "; ".join(f"{name}={one.value}" for name, one in self.cookies.items())
        return {"Cookie": cookie, "Origin": self.site.url}

    async def get(self, path: str):
        request = HTTPRequest(self.site.url + path, headers=self._headers())
        answer = await AsyncHTTPClient().fetch(request, raise_error=False)
        for text in answer.headers.get_list("Set-Cookie"):
            self.cookies.load(text)
        return answer

    async def open(self, query: str = "") -> tuple[str, str]:
        """The letter of the process that made the page, and the number of the process itself."""
        page = await self.get("/small" + query)
        assert page.code == 200
        self.token = page.body.decode().partition('"token":"')[2].partition('"')[0]
        address = f"ws://{self.site.origin}/small/ws{query}"
        request = HTTPRequest(address, headers=self._headers())
        self.socket = await websocket_connect(request, subprotocols=["bokeh", self.token])
        assert json.loads(await self.socket.read_message())["msgtype"] == "ACK"
        # A session that its process did not make would be made anew, by another process.
        self.socket.write_message(json.dumps({"msgid": "1", "msgtype": "PULL-DOC-REQ"}))
        self.socket.write_message("{}")
        self.socket.write_message("{}")
        found = ""
        while "Served by process" not in found:
            found = str(await self.socket.read_message())
        return self.cookies[COOKIE].value, re.search(r"Served by process (\d+)", found)[1]

    async def close(self) -> None:
        self.socket.close()
        while await self.socket.read_message() is not None:
            pass


async def sessions(site) -> dict[str, int]:
    """Open pages by process, as each of them says."""
    found = {}
    for name, process in site.processes.items():
        answer = await AsyncHTTPClient().fetch(f"{process.url}/metrics")
        found[name] = int(float(re.search(rb"^hoam_sessions (\S+)", answer.body, re.M)[1]))
    return found


@needs_nginx
def test_visitors_are_spread_and_each_stays_with_the_process_of_his_page(site):
    async def visit() -> None:
        before = await sessions(site)
        visitors = [Browser(site) for _ in range(8)]
        opened = [await one.open() for one in visitors]
        spread = Counter(name for name, _ in opened)
        assert min(spread["a"], spread["b"]) >= 3
        numbers = {name: str(one.process.pid) for name, one in site.processes.items()}
        assert all(number == numbers[name] for name, number in opened)
        after = await sessions(site)
        # A websocket that reached another process would have made a second session there.
        assert {name: after[name] - before[name] for name in NAMES} == spread
        for one, (name, _) in zip(visitors, opened, strict=True):
            for path in ("/api/systems", "/small"):
                await one.get(path)
                assert one.cookies[COOKIE].value == name
            await one.close()

    asyncio.run(visit())


@needs_nginx
def test_who_follows_a_lecture_comes_to_the_process_of_the_teacher(site):
    async def follow() -> None:
        for code in ("b2xyz9", "a2xyz9", "B2xyz9"):
            for known in ("", "a", "b"):
                student = Browser(site)
                if known:
                    student.cookies[COOKIE] = known
                name, number = await student.open(f"?follow={code}")
                assert name == (known if known == code[0].lower() else code[0].lower())
                assert number == str(site.processes[name].process.pid)
                await student.close()

    asyncio.run(follow())


@needs_nginx
def test_headers_pass_and_what_is_for_operators_does_not(site):
    async def look() -> None:
        page = await Browser(site).get("/small")
        assert {name: page.headers[name] for name in HEADERS} == HEADERS
        assert "nginx/" not in page.headers["Server"]
        assert page.headers.get_list("Set-Cookie")[0].endswith("Path=/; HttpOnly; SameSite=Lax")
        for path in ("/metrics", "/liveness", "/liveness?endpoint=/small", "/components/a/b/c/d"):
            assert (await Browser(site).get(path)).code == 404
        elsewhere = HTTPRequest(
            f"ws://{site.origin}/small/ws", headers={"Origin": "http://evil.example"}
        )
        with pytest.raises(HTTPClientError, match="403"):
            await websocket_connect(elsewhere, subprotocols=["bokeh", "token"])

    asyncio.run(look())


@needs_nginx
def test_the_log_of_the_proxy_names_no_query(site):
    urllib.request.urlopen(f"{site.url}/small?mu=1.75", timeout=30).close()
    lines = (site.folder / "access.log").read_text().splitlines()
    assert "mu=1.75" not in "".join(lines)
    assert {"path", "status", "process", "seconds"} <= set(json.loads(lines[-1]))


@needs_nginx
def test_the_other_process_helps_out(site, tmp_path):
    port, process = free_port(), site.processes["a"]
    with proxied(tmp_path, port, {"a": process.port, "b": free_port()}):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/small", headers={"Cookie": f"{COOKIE}=b"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.headers["Set-Cookie"].startswith(f"{COOKIE}=a;")
            assert answer.status == 200


def test_the_image_is_locked_and_runs_as_nobody_special():
    text = (DEPLOY / "Dockerfile").read_text()
    final = text.split("FROM ")[-1]
    assert "--require-hashes -r requirements/serve.txt" in text
    assert final.index("USER hoam") < final.index("ENTRYPOINT")
    assert "/liveness" in re.search(r"HEALTHCHECK.*\n.*", final)[0]
    lock = (DEPLOY.parent / "requirements" / "serve.txt").read_text()
    pinned = re.findall(r"^[\w.-]+==", lock, re.M)
    assert len(pinned) > 50
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_compose_starts_the_processes_that_nginx_knows():
    text = (DEPLOY / "compose.yaml").read_text()
    services = yaml.safe_load(text)["services"]
    nginx = (DEPLOY / "nginx.conf").read_text()
    known = set(re.findall(r"server (hoam-[a-z]):5006", nginx))
    processes = {name: one for name, one in services.items() if name != "proxy"}
    assert set(processes) == known
    for name, one in processes.items():
        assert one["environment"]["HOAM_PROCESS"] == name[-1]
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert "--password-file=/run/secrets/password" in one["command"]
    assert "ports" not in processes["hoam-a"], "reached through nginx only"
