"""What holds for every test: no network beyond this machine, no settings from outside, no silent skip."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from lab.engine.local import LocalEngine

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

os.environ["HF_HUB_OFFLINE"] = "1"  # before any library reads it
# Before torch is imported, here and in the labs that tests start: threads that wait for each other on a
# busy machine cost a hundredfold.
os.environ.setdefault("OMP_NUM_THREADS", "1")


class OutsideConnection(Exception):
    """A test tried to reach something that is not this machine."""


def _is_outside(address: Any) -> bool:
    """Whether a socket address leaves this machine; a path (Unix socket) never does."""
    if not isinstance(address, tuple):
        return False
    host = str(address[0])
    if host in ("", "localhost"):
        return False
    try:
        return not ip_address(host.split("%")[0]).is_loopback
    except ValueError:
        return True  # a name, which would have to be looked up


@pytest.fixture(autouse=True)
def _only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(self: socket.socket, address: Any) -> None:
        if _is_outside(address):
            raise OutsideConnection(f"a test tried to connect to {address!r}")
        connect(self, address)

    def guarded_ex(self: socket.socket, address: Any) -> int:
        if _is_outside(address):
            raise OutsideConnection(f"a test tried to connect to {address!r}")
        return connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_ex)


@pytest.fixture(scope="session")
def _elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, _elsewhere: Path) -> None:
    """Tests neither read the developer's `.env` nor inherit `GENAI_` variables, nor write beside the code."""
    for name in list(os.environ):
        if (name.startswith("GENAI_") and name != "GENAI_TESTS_SKIP_NOTHING") or name == "JUPYTERHUB_USER":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tempfile.mkdtemp(dir=_elsewhere))  # pytest's own numbers them, longer for each


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium, if this machine has one; closed after each module.

    Playwright runs once in a thread, and while it does, no other event loop can.
    """
    from playwright.sync_api import sync_playwright

    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no browser here: none of {', '.join(BROWSERS)} is installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield launched
        launched.close()


# Which tests `make quick` leaves out: by the fixtures that they use, directly or not, ...
MARKED_BY_FIXTURE = {
    "docker": "docker",
    "docker_settings": "docker",
    "cluster": "slurm",
    "start_hub": "hub",
    "start_lab": "browser",
    "browser": "browser",
    "pipeline": "slow",  # the real weights of `mini`
}
# ... and by what takes them long themselves: whole files, or some tests of one. Files go by their names
# alone, so that moving one changes nothing here.
WHOLE = ("*",)
SLOW: dict[str, tuple[str, ...]] = {
    "test_analyse.py": (
        "test_of_what_mini_draws_colours_are_named_rightly_and_an_object_that_is_named_is_mostly_the_one",
    ),
    "test_architecture.py": ("test_packages_import_downwards_only",),  # `make quick` asks the linter itself
    "test_code.py": ("test_the_scripts_make_the_recorded_pixels_again",),
    "test_command.py": WHOLE,  # `genai-lab hub` as a process, again and again
    "test_conftest.py": (
        "test_a_skip_fails_the_run_where_nothing_may_be_skipped_and_its_reason_is_told",
        "test_what_needs_the_one_engine_runs_in_one_process_and_a_file_stays_together",
    ),
    "test_interrupted.py": WHOLE,  # processes that are killed
    "test_ledger_at_once.py": WHOLE,  # many processes and a thousand calls
    "test_local.py": ("test_the_lab_goes_on_after_memory_ran_out",),
    "test_mini.py": WHOLE,  # the real weights of `mini`
    "test_notebooks.py": (
        "test_all_run_offline_and_what_they_made_counts",
        "test_comfyuis_draws_nothing_and_says_so_while_there_is_no_server",
        "test_comfyuis_draws_on_the_bundled_server_and_the_graph_is_in_the_manifest",
        "test_widgets_come_only_where_they_are_wanted",
        "test_a_wrong_parameter_ends_in_words_in_the_notebooks_language",
    ),
    "test_replicas.py": WHOLE,  # a Ray of its own, and the real weights of `mini`
    "test_run.py": (
        "test_a_sweep_makes_its_six_runs_as_planned",
        "test_ctrl_c_stops_at_the_next_step_and_leaves_only_whole_records",
        "test_json_is_one_document_about_every_run",
        "test_the_machines_opinion_is_said_as_such_and_is_in_the_json",
        "test_verify_exits_with_1_where_one_is_different_or_unreadable",
        "test_verify_takes_a_manifest_or_any_folder_of_them",
    ),
    "test_server.py": (
        "test_the_command_says_where_it_answers_and_closes_on_ctrl_c",
        "test_the_lab_opens_in_an_empty_folder_small_and_without_torch_and_closes_on_ctrl_c",
    ),
    "test_stages.py": WHOLE,  # the wide world's training
    "test_evaluate.py": WHOLE,
    "test_stdio.py": WHOLE,  # a process for each
    "test_training.py": WHOLE,
}
# There is one container engine and one cluster. What needs it stands below a folder of its name, and
# runs in one process, one test after the other.
SINGLE = ("docker", "slurm")
# Folders whose tests start many processes: of these groups, no more than so many run at once, whatever the
# number of workers. A third worker has the others meanwhile, as hubs and browsers wait half of their time.
CROWDED = ("hub", "browser")
CROWDED_AT_ONCE = 2
# Containers come and go with network interfaces, and Chromium drops requests that wait when it sees one come
# (ERR_NETWORK_CHANGED), even to this machine: a page then lacks a script. So no browser runs meanwhile.
CHANGES_NETWORK = "docker"
LONGEST_FIRST = ("docker", "slurm", "hub", "browser", "slow")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the test by what it needs."""
    needs = {mark for name, mark in MARKED_BY_FIXTURE.items() if name in getattr(item, "fixturenames", ())}
    slow = SLOW.get(item.path.name, ())
    if slow == WHOLE or getattr(item, "originalname", item.name) in slow:
        needs.add("slow")
    for mark in sorted(needs):
        item.add_marker(mark)
    for single in needs & set(SINGLE):
        if group_of(item.nodeid) != single:
            raise pytest.UsageError(
                f"{item.nodeid} needs the one {single}: it belongs below a folder {single}/"
            )


def group_of(nodeid: str) -> str:
    """What runs in one process: a file, for its fixtures, or all that needs the same single thing."""
    file = nodeid.partition("::")[0]
    return next((single for single in SINGLE if single in PurePosixPath(file).parts), file)


def is_crowded(group: str) -> bool:
    """Whether a group's tests start hubs, browsers, containers or jobs."""
    parts = PurePosixPath(group).parts
    return any(folder in parts for folder in (*CROWDED, *SINGLE))


def disturbs(group: str, other: str) -> bool:
    """Whether one of two groups changes the network while the other may have a browser open."""
    may_browse = any(folder in PurePosixPath(other).parts for folder in CROWDED)
    return group == CHANGES_NETWORK and may_browse


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several processes each takes the next group: the long ones come first, so that none is left at the
    end with one of them. In a single process tests keep their order."""
    if not hasattr(config, "workerinput"):
        return
    costs: dict[str, int] = {}
    for item in items:
        group = group_of(item.nodeid)
        cost = next((n for n, mark in enumerate(LONGEST_FIRST) if item.get_closest_marker(mark)), 99)
        costs[group] = min(cost, costs.get(group, cost))
    places = {group: (cost, number) for number, (group, cost) in enumerate(costs.items())}
    items.sort(key=lambda item: places[group_of(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n`, hand tests out by these groups and in this order.

    pytest-xdist's own `loadgroup` does nothing with pytest 9.2 (its issue 1386).
    """
    if config.getoption("dist") != "load":  # another one was asked for
        return None
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

        def _reschedule(self, node: Any) -> None:
            """A worker for which nothing is left that it may do now is done."""
            if self.workqueue and not self._suiting(node):
                node.shutdown()
            else:
                super()._reschedule(node)

        def _assign_work_unit(self, node: Any) -> None:
            """The next group that this worker may do goes to the front of the queue."""
            suiting = self._suiting(node)
            if suiting:
                self.workqueue.move_to_end(suiting, last=False)
                super()._assign_work_unit(node)

        def _suiting(self, node: Any) -> str | None:
            """The first waiting group that keeps to CROWDED_AT_ONCE and disturbs none, nor is disturbed."""
            running = [
                [group for group, tests in groups.items() if not all(tests.values())]
                for other, groups in self.assigned_work.items()
                if other is not node
            ]
            room = sum(any(map(is_crowded, groups)) for groups in running) < CROWDED_AT_ONCE
            others = [group for groups in running for group in groups]
            return next(
                (
                    group
                    for group in self.workqueue
                    if (room or not is_crowded(group))
                    and not any(disturbs(group, each) or disturbs(each, group) for each in others)
                ),
                None,
            )

    config.option.loadscopereorder = False
    return ByGroup(config, log)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With GENAI_TESTS_SKIP_NOTHING=1 (as `.ci/run` sets it) a skipped test fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = len(reporter.stats.get("skipped", [])) if reporter else 0
    if reporter and os.environ.get("GENAI_TESTS_SKIP_NOTHING") == "1" and skipped and exitstatus == 0:
        reporter.write_line(f"{skipped} skipped, and here nothing may be skipped", red=True)
        session.exitstatus = 1


@pytest.fixture(scope="session")
def tiny_mini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A diffusers folder in the shape of `mini`: random weights, the real judge, a ControlNet beside."""
    from lab.judge import analyse
    from lab.models.settings import ModelSettings
    from tests.lab.engine.tiny import build_controlnet, build_mini

    folder = build_mini(tmp_path_factory.mktemp("mini") / "weights")
    build_controlnet(folder)
    (folder / analyse.WEIGHTS).symlink_to(ModelSettings().mini_weights / analyse.WEIGHTS)
    return folder


@pytest.fixture
def mini_is_tiny(tiny_mini: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """For this test `mini` is the tiny model; hashes are remembered in a folder of the test's own."""
    monkeypatch.setenv("GENAI_MINI_WEIGHTS", str(tiny_mini))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tiny_mini


@pytest.fixture(scope="session")
def _shared_engine() -> Iterator["LocalEngine"]:
    from lab.engine.local import LocalEngine

    engine = LocalEngine()
    yield engine
    engine.close()


@pytest.fixture
def engine(_shared_engine: "LocalEngine", mini_is_tiny: Path) -> "LocalEngine":
    """An engine on the tiny model, which keeps it in memory between tests."""
    return _shared_engine


@pytest.fixture
def own_engine(mini_is_tiny: Path) -> Iterator["LocalEngine"]:
    """An engine for a test that breaks or closes it."""
    from lab.engine.local import LocalEngine

    engine = LocalEngine()
    yield engine
    engine.close()
