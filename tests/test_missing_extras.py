"""A command whose packages an extra brings says which one, in one line; a fault of our own stays a fault."""

from importlib import import_module as real_import
from pathlib import Path
from types import ModuleType

import pytest

import genai_lab
from exercises.errors import MissingExtra
from exercises.i18n import LANGUAGES
from lab.session.settings import LabSettings
from lab.web import server
from manifests.settings import WorkSettings


def without(monkeypatch: pytest.MonkeyPatch, target: str, missing: str) -> None:
    """Importing the module `target` fails, because the module `missing` is not installed."""

    def importing(name: str) -> ModuleType:
        if name == target:
            raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)
        return real_import(name)

    monkeypatch.setattr(genai_lab, "import_module", importing)


def test_the_hub_without_its_packages_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    without(monkeypatch, "hub.command", "traitlets.config")
    with pytest.raises(MissingExtra) as raised:
        genai_lab.load("hub.command:hub")
    for language in LANGUAGES:
        said = raised.value.in_language(language)
        assert "traitlets.config" in said
        assert "genai-lab[hub]" in said


@pytest.mark.parametrize(
    ("target", "missing"), [("hub.command", "hub.gone"), ("lab.cli.serve", "uvicorn")], ids=["ours", "base"]
)
def test_what_no_extra_brings_is_a_fault_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, target: str, missing: str
):
    without(monkeypatch, target, missing)
    with pytest.raises(ModuleNotFoundError):
        genai_lab.load(f"{target}:command")


def test_a_lab_below_a_hub_without_jupyterhub_says_so_before_anything_slow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(server, "hub_server_settings", lambda: object())
    monkeypatch.setattr(server, "find_spec", lambda _: None)
    monkeypatch.setattr(server, "listen", lambda *_: pytest.fail("the address was taken first"))
    with pytest.raises(server.CannotServe) as raised:
        server.serve(LabSettings(), WorkSettings(work=tmp_path), lambda _: None)
    for language in LANGUAGES:
        assert "genai-lab[below-hub]" in raised.value.in_language(language)
