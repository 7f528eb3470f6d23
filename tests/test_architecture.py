"""Packages import downwards only, and what grades or answers `--help` stays light."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("torch", "gradio", "diffusers", "transformers")

IMPORT_ALL = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + "."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
print(*sorted(set(sys.modules) & set(sys.argv[2:])))
"""


def python(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
    ).stdout.strip()


def test_packages_import_downwards_only():
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " 0 broken" in result.stdout


@pytest.mark.parametrize("package", ["exercises", "manifests", "crafts", "grading", "genai_lab"])
def test_importing_loads_nothing_heavy(package: str):
    assert python("-c", IMPORT_ALL, package, *HEAVY) == ""


def test_a_heavy_module_would_be_seen():
    assert python("-c", IMPORT_ALL, "json", "json") == "json"


def test_whatever_a_lab_imports_reaches_the_build_of_its_image():
    """The image is built of what `.dockerignore` lets through, and nothing there fails before it is run."""
    let_through = {
        line.removeprefix("!").strip()
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    own = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    loaded = python("-c", IMPORT_ALL, "lab", *own).split()
    assert {"lab", "manifests", "crafts"} <= set(loaded)
    assert set(loaded) <= let_through
