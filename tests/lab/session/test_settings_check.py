"""The doctor knows every setting there is, names a mistyped or wrong one, and shows no key."""

import json
import re
from pathlib import Path

import pytest

from lab.session import doctor
from lab.session.doctor import State, examine
from lab.session.settings import LabSettings
from lab.session.settings_check import SETTINGS, setting_names
from manifests.settings import WorkSettings
from tests.lab.session.examined import case, findings, only


def test_a_mistyped_setting_is_named_with_the_one_that_was_meant(tmp_path: Path) -> None:
    found = findings(
        case(tmp_path, GENAI_WROK="/x", GENAI_XYZZY="1", GENAI_HUB_INSTRUCTORS="ada"), "settings"
    )
    said = {f.finding.split()[0]: f.fix for f in found if f.state is State.WARNING}
    assert set(said) == {"GENAI_WROK", "GENAI_XYZZY"}
    assert "GENAI_WORK" in said["GENAI_WROK"]


def test_a_setting_of_a_wrong_value_is_a_problem_and_its_value_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAI_PORT", "sixty-five")
    wrong = [f for f in findings(case(tmp_path), "settings") if f.state is State.PROBLEM]
    assert len(wrong) == 1
    assert "GENAI_PORT" in wrong[0].finding
    assert "sixty-five" not in wrong[0].finding


@pytest.mark.parametrize("address", ["http://[", "nonsense", "http://here:99999", "ftp://here", "http://a b"])
@pytest.mark.parametrize("name", ["COMFYUI_API_URL", "STABLE_DIFFUSION_URL"])
def test_what_is_no_address_of_a_server_is_a_problem_in_the_students_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(name, address)
    (wrong,) = [f for f in findings(case(tmp_path, "fr"), "settings") if f.state is State.PROBLEM]
    assert name in wrong.finding
    assert "une adresse telle que http://127.0.0.1:" in wrong.finding
    assert address not in wrong.finding


def test_a_language_that_there_is_not_is_a_warning(tmp_path: Path) -> None:
    found = findings(case(tmp_path, GENAI_LANGUAGE="de"), "settings")
    assert [f.finding for f in found if f.state is State.WARNING] == [
        "GENAI_LANGUAGE is “de”, a language there is not: everything is in English."
    ]
    for good in ("en", "fr_FR.UTF-8", ""):
        found = findings(case(tmp_path, GENAI_LANGUAGE=good), "settings")
        assert [f.finding for f in found if f.state is State.WARNING] == []


def test_settings_go_by_the_names_the_libraries_read_them_by() -> None:
    assert setting_names(WorkSettings) == {"GENAI_WORK", "GENAI_STUDENT", "JUPYTERHUB_USER"}
    assert {"GENAI_PORT", "GENAI_HOST"} <= setting_names(LabSettings)


def test_keys_are_named_and_never_shown(tmp_path: Path) -> None:
    given = case(tmp_path, OPENAI_API_KEY="sk-very-secret", HF_TOKEN="")
    assert only(given, "keys").finding.startswith("Set: OPENAI_API_KEY.")
    assert "sk-very-secret" not in json.dumps([vars(f) for f in examine(given)])


def test_only_keys_that_something_reads_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = only(case(tmp_path, COMFYUI_API_URL="http://127.0.0.1:8188", HF_TOKEN="hf_x"), "keys")
    assert "HF_TOKEN" in finding.finding
    assert "COMFYUI_API_URL" not in finding.finding
    providers = tmp_path / "providers.toml"
    providers.write_text(
        '[[providers]]\nname = "own"\nbase_url = "https://example.org/v1"\nkey = "OUR_SCHOOL_KEY"\n'
        '[providers.work.vision]\nmodels = ["m"]\n'
    )
    monkeypatch.setenv("GENAI_PROVIDERS", str(providers))
    found = only(case(tmp_path, OUR_SCHOOL_KEY="x", OPENAI_API_KEY="y"), "keys").finding
    assert ("OUR_SCHOOL_KEY" in found, "OPENAI_API_KEY" in found) == (True, False)


def test_a_key_that_others_can_read_is_a_problem_with_its_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("sk-very-secret")
    (tmp_path / "key").chmod(0o644)
    monkeypatch.setenv("OPENAI_API_KEY_FILE", str(tmp_path / "key"))
    found = [finding for finding in examine(case(tmp_path)) if finding.check == "keys"]
    assert found[0].state is State.PROBLEM
    assert f"chmod 600 {tmp_path / 'key'}" in found[0].finding
    assert "sk-very-secret" not in found[0].finding


def test_no_class_of_settings_is_forgotten() -> None:
    root = Path(doctor.__file__).parents[2]
    sources = [
        p
        for name in ("exercises", "manifests", "crafts", "grading", "lab")
        for p in (root / name).rglob("*.py")
    ]
    classes = {
        name
        for path in sources
        for name in re.findall(r"class (\w+)\(BaseSettings\)", path.read_text("utf-8"))
    }
    classes -= {"HubServerSettings"}  # what the Hub tells a lab it starts; nobody sets it by hand
    assert classes == {settings.__name__ for settings in SETTINGS}
