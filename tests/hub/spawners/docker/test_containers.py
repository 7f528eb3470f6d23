"""Tests with two students in containers of a real engine: a lab's rights and limits, and lasting files."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from docker import APIClient

from gateway.keys import SigningKeys
from lab.web.app import build_app
from manifests.receipts import Envelope, verify
from tests.hub.conftest import RunningHub, StartHub, free_port
from tests.hub.labs import api, enter, instructor, path, token_of
from tests.hub.routes import METHODS, all_routes
from tests.hub.spawners.docker.conftest import Container
from tests.hub.spawners.docker.steps import until, usable
from tests.lab.web.test_app import make_lab

MIB = 2**20
LIMITS = {
    "GENAI_HUB_DOCKER_MEMORY": "2GiB",
    "GENAI_HUB_DOCKER_PROCESSES": "128",
    "GENAI_HUB_DOCKER_OPEN_FILES": "1024",
    "GENAI_HUB_DOCKER_FILE_SIZE": "32MiB",
    "GENAI_HUB_DOCKER_TEMPORARY": "64MiB",
}
# Defines a function that runs code and returns the name of the error that ended it, or None.
TRY = """
import json, os, resource, socket, subprocess, sys
def attempt(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__ + ":" + str(error.errno)
    return None
"""


@pytest.fixture(scope="module")
def settings(docker_settings: dict[str, str]) -> dict[str, str]:
    gateway = {"GENAI_HUB_GATEWAY": "1", "GENAI_HUB_GATEWAY_PORT": str(free_port())}
    return docker_settings | LIMITS | gateway | {"GENAI_ACCESS_SECONDS": "1"}


@pytest.fixture(scope="module")
def hub(settings: dict[str, str], start_hub: StartHub) -> RunningHub:
    return start_hub(**settings)


@pytest.fixture(scope="module")
def prefix(settings: dict[str, str]) -> str:
    return settings["GENAI_HUB_DOCKER_PREFIX"]


@pytest.fixture(scope="module")
def students(hub: RunningHub) -> dict[str, httpx2.Client]:
    """Clients of ana and bob, whose labs both run."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(("ana", "bob"), pool.map(lambda name: enter(hub, name), ("ana", "bob")), strict=True))


@pytest.fixture(scope="module")
def ana(students: dict[str, httpx2.Client], docker: APIClient, prefix: str) -> Container:
    return Container(docker, f"{prefix}-ana")


@pytest.fixture(scope="module")
def bob(students: dict[str, httpx2.Client], docker: APIClient, prefix: str) -> Container:
    return Container(docker, f"{prefix}-bob")


def test_the_lab_has_no_rights_beyond_a_plain_accounts(ana: Container) -> None:
    status = ana.python(
        "import json; print(json.dumps(dict(line.split(':', 1) for line in open('/proc/1/status'))))"
    )
    assert status["Uid"].split() == ["1000"] * 4
    assert status["Gid"].split() == ["1000"] * 4
    for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb"):
        assert int(status[f"Cap{kind}"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"


def test_the_lab_writes_nowhere_but_at_home_and_in_tmp(ana: Container) -> None:
    code = """
tried = {place: attempt(lambda: open(place + "/x", "w").close()) for place in
         ("/", "/opt/genai-lab", "/etc", "/models", "/sys", "/home/student", "/tmp", "/dev/shm")}
print(json.dumps([place for place, error in tried.items() if error is None]))
"""
    assert ana.python(TRY + code) == ["/home/student", "/tmp", "/dev/shm"]  # noqa: S108


def test_the_image_holds_no_compiler_no_pip_of_its_own_and_no_caches(ana: Container) -> None:
    code = """
import importlib.util, pathlib, shutil
caches = [str(p) for p in pathlib.Path("/opt/genai-lab").rglob("*.whl")]
home = [p.name for p in pathlib.Path("/home/student").iterdir() if p.name == ".cache"]
print(json.dumps([shutil.which("gcc"), shutil.which("cc"), importlib.util.find_spec("pip"), caches, home]))
"""
    assert ana.python(TRY + code) == [None, None, None, [], []]


def test_the_lab_is_told_what_it_needs_and_nothing_of_the_hubs(ana: Container, hub: RunningHub) -> None:
    environment = ana.python("import json, os; print(json.dumps(dict(os.environ)))")
    ours = {name for name in environment if name.startswith("GENAI_")}
    assert ours == {"GENAI_ACCESS_SECONDS", "GENAI_DEVICE", "GENAI_GATEWAY", "GENAI_HOST", "GENAI_WORK"}
    told = " ".join(environment.values())
    tokens = [(hub.state / name).read_text().strip() for name in ("cohort-token", "gateway-token")]
    secrets = [*hub.passwords.values(), *tokens]
    assert not [secret for secret in secrets if secret in told]


@pytest.fixture
def listeners() -> Iterator[dict[str, int]]:
    """Services of the host: one on all addresses, and one on loopback. Gives their ports by name."""
    addresses = {"all": "0.0.0.0", "loopback": "127.0.0.1"}  # noqa: S104
    servers = {name: socket.create_server((host, 0)) for name, host in addresses.items()}

    def serve(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connection.close()

    for server in servers.values():
        threading.Thread(target=serve, args=(server,), daemon=True).start()
    yield {name: server.getsockname()[1] for name, server in servers.items()}
    for server in servers.values():
        server.close()


def test_from_a_lab_the_hubs_api_and_the_gateway_are_reached_and_nothing_else(
    ana: Container, bob: Container, settings: dict[str, str], listeners: dict[str, int]
) -> None:
    for port in listeners.values():  # the services do answer on the host
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    gateway = settings["GENAI_HUB_DOCKER_SUBNET"].replace(".0/24", ".1")
    api_port = int(settings["GENAI_HUB_API_PORT"])
    targets = {
        "hub": (gateway, api_port),
        "gateway": (gateway, int(settings["GENAI_HUB_GATEWAY_PORT"])),
        "own lab": (ana.ip, 8888),
        "other lab": (bob.ip, 8888),
        "all": (gateway, listeners["all"]),
        "host's loopback by the gateway": (gateway, listeners["loopback"]),
        "host's loopback": ("127.0.0.1", listeners["loopback"]),
        "proxy": (gateway, int(settings["GENAI_HUB_PORT"])),
        "metadata": ("169.254.169.254", 80),
        "internet": ("1.1.1.1", 443),
        "broadcast": (gateway.replace(".1", ".255"), 80),
    }
    code = f"""
targets = {targets!r}
def connect(target):
    socket.create_connection(target, timeout=3).close()
print(json.dumps([name for name, target in targets.items() if attempt(lambda: connect(target)) is None]))
"""
    assert ana.python(TRY + code) == ["hub", "gateway", "own lab"]


def test_no_name_is_looked_up_outside_and_there_is_no_second_family_of_addresses(ana: Container) -> None:
    code = """
names = ("example.org", "metadata.google.internal")
found = [name for name in names if attempt(lambda: socket.getaddrinfo(name, 80)) is None]
inet6 = open("/proc/net/if_inet6").read().split() if os.path.exists("/proc/net/if_inet6") else []
print(json.dumps([found, "eth0" in inet6]))
"""
    assert ana.python(TRY + code) == [[], False]


def test_the_engines_socket_and_other_peoples_files_are_not_there(ana: Container, bob: Container) -> None:
    code = """
import pathlib
sockets = [place for place in ("/var/run/docker.sock", "/run/docker.sock") if os.path.exists(place)]
processes = [p.name for p in pathlib.Path("/proc").iterdir() if p.name.isdigit()]
print(json.dumps([sockets, len(processes)]))
"""
    sockets, processes = ana.python(TRY + code)
    assert sockets == []
    assert processes < 20  # a lab sees only its own processes
    bob.run("sh", "-c", "echo secret > /home/student/work/bobs-secret")
    assert ana.run("sh", "-c", "find / -name bobs-secret 2>/dev/null")[1] == ""
    assert "bobs-secret" in bob.run("find", "/home/student", "-name", "bobs-secret")[1]


def test_a_fork_bomb_ends_at_the_limit_and_the_lab_goes_on(
    ana: Container, hub: RunningHub, students: dict[str, httpx2.Client]
) -> None:
    code = """
children = []
def bomb():
    while len(children) < 500:
        children.append(subprocess.Popen(["sleep", "60"]))
error = attempt(bomb)
for child in children:
    child.kill()
print(json.dumps([len(children), error]))
"""
    started, error = ana.python(TRY + code)
    assert started < 128
    assert error == "BlockingIOError:11"
    assert usable(students["ana"], "ana")


def test_a_memory_hog_is_killed_and_the_lab_goes_on(
    ana: Container, hub: RunningHub, students: dict[str, httpx2.Client]
) -> None:
    hog = "held = [b'x' * 2**20 for _ in range(4096)]; print(len(held))"
    exit_code, said = ana.run("python", "-c", hog)
    assert exit_code == 137, said
    usage = ana.inspect()["HostConfig"]
    assert usage["Memory"] == usage["MemorySwap"] == 2048 * MIB
    assert usable(students["ana"], "ana")


def test_a_disk_hog_ends_at_the_limits(ana: Container) -> None:
    code = """
import signal
def fill(file):
    with open(file, "wb", buffering=0) as stream:
        for _ in range(200):
            stream.write(bytes(2**20))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
places = ("/tmp/hog", "/home/student/hog", "/dev/shm/hog")
errors = [attempt(lambda: fill(place)) for place in places]
sizes = [os.path.getsize(place) // 2**20 for place in places]
for place in places:
    os.unlink(place)
print(json.dumps([errors, sizes]))
"""
    errors, sizes = ana.python(TRY + code)
    assert errors == ["OSError:27"] * 3  # "file too large"
    assert sizes == [32] * 3
    many = """
def fill():
    for number in range(10):
        with open(f"/tmp/hog{number}", "wb", buffering=0) as stream:
            for _ in range(20):
                stream.write(bytes(2**20))
error = attempt(fill)
total = sum(os.path.getsize(f"/tmp/{name}") for name in os.listdir("/tmp") if name.startswith("hog"))
for name in os.listdir("/tmp"):
    if name.startswith("hog"):
        os.unlink(f"/tmp/{name}")
print(json.dumps([error, total]))
"""
    error, total = ana.python(TRY + many)
    assert error == "OSError:28"  # "no space left on device"
    assert total <= 64 * MIB


def test_there_is_a_limit_of_open_files(ana: Container) -> None:
    code = """
held = []
error = attempt(lambda: held.extend(open("/dev/null") for _ in range(5000)))
print(json.dumps([error, resource.getrlimit(resource.RLIMIT_NOFILE)]))
"""
    assert ana.python(TRY + code) == ["OSError:24", [1024, 1024]]


def test_two_labs_without_a_way_out_draw_through_the_gateway(
    ana: Container, bob: Container, hub: RunningHub
) -> None:
    """On a network of their own: no GPU, no torch in memory, and a receipt of each one's own."""
    keys = SigningKeys(hub.state / "gateway" / "keys").public
    for lab, name in ((ana, "ana"), (bob, "bob")):
        exit_code, said = lab.run("genai-lab", "run", "tp2/smoke", "--set", "steps=4", "--json")
        assert exit_code == 0, said
        (made,) = lab.python(
            "import json, pathlib; print(json.dumps([json.loads(p.read_text()) "
            "for p in pathlib.Path('/home/student/work/tp2/outputs').glob('*.json')]))"
        )
        receipt, pixels = verify(Envelope.model_validate(made["receipt"]), keys)
        assert (receipt.student, made["student"], receipt.kind) == (name, name, "drawn")
        assert pixels == made["image"]["pixels_sha256"]


def test_no_route_is_open_through_docker(
    hub: RunningHub, students: dict[str, httpx2.Client], tmp_path_factory: pytest.TempPathFactory
) -> None:
    routes = all_routes(build_app(make_lab(tmp_path_factory.mktemp("work"), prefix=f"/{path('ana')}")))
    assert len(routes) > 150
    token = token_of(api(hub, students["bob"]))
    nobody = httpx2.Client(base_url=hub.url, timeout=60)
    questions = [(method, route.path) for route in routes for method in sorted({*METHODS, *route.methods})]

    def status(question: tuple[str, str], headers: dict[str, str]) -> int:
        return nobody.request(*question, headers=headers).status_code

    for headers, expected in (({}, 401), (token, 403)):
        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda question, sent=headers: status(question, sent), questions))
        open_ones = [q for q, answer in zip(questions, answers, strict=True) if answer != expected]
        assert open_ones == []
    assert usable(students["ana"], "ana")  # a lab that refuses everybody would pass otherwise


def test_the_health_check_says_that_the_lab_answers(ana: Container) -> None:
    assert ana.run("python", "-m", "lab.web.health")[0] == 0


def test_a_hub_that_is_killed_finds_the_labs_running(
    hub: RunningHub,
    students: dict[str, httpx2.Client],
    ana: Container,
    settings: dict[str, str],
    start_hub: StartHub,
) -> None:
    before = ana.inspect()
    hub.process.send_signal(signal.SIGKILL)
    hub.process.wait()
    start_hub(hub.state, **settings)
    until(lambda: usable(students["ana"], "ana"))
    assert instructor(hub).get("users/ana").json()["servers"][""]["ready"]
    after = ana.inspect()
    assert (after["Id"], after["State"]["StartedAt"]) == (before["Id"], before["State"]["StartedAt"])


def test_files_last_over_a_stop_and_a_new_start(
    hub: RunningHub, students: dict[str, httpx2.Client], ana: Container, docker: APIClient, prefix: str
) -> None:
    ana.run("sh", "-c", "echo kept > /home/student/work/kept")
    before = ana.inspect()["Id"]
    prof = instructor(hub)
    assert prof.delete("users/ana/server").status_code in (202, 204)
    names = {"label": f"genai-lab.hub={prefix}", "name": f"^/{ana.name}$"}
    until(lambda: not docker.containers(all=True, filters=names))
    assert docker.inspect_volume(f"{prefix}-ana")
    until(lambda: "" not in prof.get("users/ana").json()["servers"])
    enter(hub, "ana")
    assert ana.inspect()["Id"] != before
    assert ana.run("cat", "/home/student/work/kept") == (0, "kept\n")
    assert json.dumps(ana.inspect()["Mounts"]).count("/home/student") == 1
