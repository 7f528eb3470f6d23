"""Tests of the image of the chart's hub, as far as they need no registry."""

import re
from pathlib import Path

from jupyterhub.scopes import scope_definitions
from packaging.requirements import Requirement

from tests.hub.spawners.kube.pods import PAGE, mine, together, values

ROOT = Path(__file__).parents[4]
DOCKERFILE = (ROOT / "Dockerfile.hub").read_text("utf-8")
PINS = {
    Requirement(line.partition("#")[0]).name: line.partition("#")[0].strip()
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line.partition("#")[0].strip()
}


def test_the_hub_becomes_the_one_whose_scopes_the_values_name() -> None:
    installed = re.search(r"constraints\.txt \\\s+(.*?) \\\n", DOCKERFILE)
    assert installed
    assert {"jupyterhub", "pydantic-settings"} <= set(installed[1].split())
    assert PINS["jupyterhub"].startswith("jupyterhub==6.")
    assert set(values()["hub"]["loadRoles"]["cohort"]["scopes"]) <= set(scope_definitions)


def test_it_is_of_the_charts_version_and_leaves_no_build_behind() -> None:
    [chart] = set(re.findall(r"--version ([0-9.]+)", PAGE.read_text("utf-8")))
    assert f"k8s-hub:{chart}\n" in DOCKERFILE
    assert "rm -rf /tmp/genai-lab" in DOCKERFILE
    assert DOCKERFILE.strip().endswith("USER ${NB_USER}"), "the hub does not run as root"


def test_the_page_builds_the_images_that_its_example_names() -> None:
    built = set(re.findall(r"docker build -f Dockerfile\.\w+ -t (\S+)", PAGE.read_text("utf-8")))
    used = [together(values(), mine())[part]["image"] for part in ("singleuser", "hub")]
    assert built == {f"{image['name']}:{image['tag']}" for image in used}
