"""Tests of the documented proxies in front of the hub: photos pass, answers come as they are made."""

import re
import shutil
import subprocess
import textwrap
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from manifests.pictures import MAX_BYTES
from tests.hub.conftest import free_port, wait_until

PAGE = Path(__file__).parents[2] / "docs" / "hub" / "running.md"
PHOTO = 3 * 2**20
HOUR = 3600
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")


def example(words: str) -> str:
    """The block of the page that holds these words."""
    blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", PAGE.read_text("utf-8"), re.MULTILINE)
    [found] = [block for block in blocks if words in block]
    return textwrap.dedent(found)


def test_every_proxy_on_the_page_lets_photos_through_and_waits() -> None:
    nginx, apache, caddy = example("proxy_pass"), example("ProxyPass /"), example("reverse_proxy")
    limits = [
        int(_value(r"client_max_body_size (\d+)m;", nginx)) * 2**20,
        int(_value(r"LimitRequestBody (\d+)", apache)),
        int(_value(r"max_size (\d+)MB", caddy)) * 10**6,
    ]
    assert min(limits) > 1.5 * MAX_BYTES, "a photo in base64, and some more"
    waits = re.findall(r"_timeout (\d+)s;", nginx) + re.findall(r"(?i:timeout)[= ](\d+)", apache)
    assert len(waits) == 4
    assert min(map(int, waits)) >= HOUR


class Lab(BaseHTTPRequestHandler):
    """A lab that counts what it gets, and answers in two pieces."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        size = len(self.rfile.read(int(self.headers["Content-Length"])))
        self._begin(str(size).encode())

    def do_GET(self) -> None:
        self._begin(b"first ", end=False)
        time.sleep(2)
        self.wfile.write(b"6\r\nsecond\r\n0\r\n\r\n")

    def _begin(self, data: bytes, *, end: bool = True) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        for name in ("X-Forwarded-Proto", "Upgrade", "Connection", "Host"):
            self.send_header(f"Got-{name}", self.headers.get(name, ""))
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) + (b"0\r\n\r\n" if end else b""))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an nginx with the page's example, before a lab. TLS is left to another test."""
    if NGINX is None:
        pytest.skip("nginx is not here; to get it: apt-get install nginx-light")
    folder = tmp_path_factory.mktemp("nginx")
    lab = ThreadingHTTPServer(("127.0.0.1", 0), Lab)
    threading.Thread(target=lab.serve_forever, daemon=True).start()
    port = free_port()
    server = example("proxy_pass").replace("127.0.0.1:8000", f"127.0.0.1:{lab.server_address[1]}")
    server = server.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    server = re.sub(r"ssl_certificate.*\n", "", server)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{server}\n}}\n"
    )
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")])
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(address), "nginx answers")
        yield address
    finally:
        process.terminate()
        process.wait(30)
        lab.shutdown()
        lab.server_close()


def _answers(address: str) -> bool:
    try:
        return httpx2.post(address, content=b"x").status_code == 200
    except httpx2.HTTPError:
        return False


def test_a_photo_passes_nginx(nginx: str) -> None:
    for size in (PHOTO, MAX_BYTES * 4 // 3):
        answer = httpx2.post(nginx, content=bytes(size), timeout=60)
        assert answer.status_code == 200, answer.text
        assert answer.text == str(size)


def test_what_a_lab_says_passes_nginx_piece_by_piece(nginx: str) -> None:
    began = time.monotonic()
    with httpx2.stream("GET", nginx, timeout=30) as answer:
        first = next(answer.iter_raw())
        assert time.monotonic() - began < 1.5
        assert first == b"first "


def test_websockets_and_the_scheme_pass_nginx(nginx: str) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Host": "lab.univ.example"}
    got = httpx2.post(nginx, content=b"x", headers=headers).headers
    assert got["got-upgrade"] == "websocket"
    assert got["got-connection"] == "upgrade"
    assert got["got-host"] == "lab.univ.example"
    assert got["got-x-forwarded-proto"] == "http"
    assert httpx2.post(nginx, content=b"x").headers["got-connection"] == "close"


def _value(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found, (pattern, text)
    return found[1]
