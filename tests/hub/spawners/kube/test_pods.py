"""Tests of the pods of the hub's own configuration, as manifests for the cluster's API."""

from typing import Any

import pytest
from pydantic import ValidationError
from traitlets.config import Config

from exercises.i18n import LANGUAGES, Language
from hub.cohort.lab_client import WITHOUT_GPU
from hub.settings import HubSettings
from hub.spawners.kube import configuration
from hub.spawners.kube.pods import profiles
from hub.spawners.kube.settings import KubeSettings
from tests.hub.spawners.kube.pods import claim, pod

PROFILES = ("cpu", "gpu", "mig")
HOME, MODELS, TEMPORARY = "/home/student", "/models", "/tmp"  # noqa: S108


def container(c: Config, profile: str | None, student: str = "jane.doe") -> dict[str, Any]:
    only: dict[str, Any]
    (only,) = pod(c, profile, student)["spec"]["containers"]
    return only


@pytest.mark.parametrize("profile", PROFILES)
def test_a_lab_has_no_rights_beyond_its_processes(ours: Config, profile: str) -> None:
    made = pod(ours, profile)
    spec = made["spec"]
    rights = container(ours, profile)["securityContext"]
    assert rights == {
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert spec["securityContext"]["fsGroup"] == 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert "serviceAccountName" not in spec
    assert spec["enableServiceLinks"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec)


@pytest.mark.parametrize("profile", PROFILES)
def test_only_the_student_s_home_and_a_bounded_tmp_can_be_written(ours: Config, profile: str) -> None:
    volumes = {volume["name"]: volume for volume in pod(ours, profile)["spec"]["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container(ours, profile)["volumeMounts"]}
    assert set(mounts) == {HOME, MODELS, TEMPORARY}
    assert mounts[MODELS]["readOnly"] is True
    assert volumes["models"]["persistentVolumeClaim"] == {"claimName": "genai-lab-models", "readOnly": True}
    assert volumes["tmp"]["emptyDir"] == {"sizeLimit": "2Gi"}
    assert not [volume for volume in volumes.values() if "hostPath" in volume]
    assert container(ours, profile)["resources"]["limits"]["ephemeral-storage"] == "4Gi"


def test_every_student_has_a_volume_of_their_own(ours: Config) -> None:
    names = {
        student: claim(ours, student)["metadata"]["name"] for student in ("jane.doe", "jane-doe", "jane@doe")
    }
    assert len(set(names.values())) == 3, "names that look alike are still different volumes"
    for student, name in names.items():
        volume = pod(ours, "cpu", student)["spec"]["volumes"][0]
        assert volume == {"name": "home", "persistentVolumeClaim": {"claimName": name}}
    spec = claim(ours)["spec"]
    assert spec["accessModes"] == ["ReadWriteOnce"]
    assert spec["resources"]["requests"]["storage"] == "10Gi"


@pytest.mark.parametrize(
    ("profile", "cores", "gigabytes", "cards"),
    [
        ("cpu", 2, 4, {}),
        ("gpu", 4, 16, {"nvidia.com/gpu": "1"}),
        ("mig", 4, 16, {"nvidia.com/mig-1g.10gb": "1"}),
    ],
)
def test_each_profile_has_its_limits(
    ours: Config, profile: str, cores: int, gigabytes: int, cards: dict[str, str]
) -> None:
    lab = container(ours, profile)
    limits, requests = lab["resources"]["limits"], lab["resources"]["requests"]
    assert limits["cpu"] == cores
    assert limits["memory"] == gigabytes * 2**30
    assert {name: count for name, count in limits.items() if name.startswith("nvidia.com/")} == cards
    assert 0 < requests["cpu"] < cores
    assert 0 < requests["memory"] < limits["memory"]
    spec = pod(ours, profile)["spec"]
    assert ("nodeSelector" in spec) == bool(cards)
    assert bool(spec.get("tolerations")) == bool(cards)
    variables = {variable["name"]: variable["value"] for variable in lab["env"]}
    assert variables["OMP_NUM_THREADS"] == str(cores)
    assert variables.get("NVIDIA_VISIBLE_DEVICES") == (None if cards else "void")


def test_the_lab_runs_and_finds_the_hub(ours: Config) -> None:
    lab = container(ours, None)
    assert lab["args"] == ["genai-lab", "serve"]
    assert "command" not in lab
    variables = {variable["name"]: variable["value"] for variable in lab["env"]}
    assert variables["JUPYTERHUB_SERVICE_URL"].startswith("http://0.0.0.0:8888/")
    assert variables["GENAI_WORK"] == "/home/student/work"
    assert variables["HF_HUB_CACHE"] == "/models"
    assert variables["JUPYTERHUB_API_URL"] == "http://hub:8081/hub/api"
    assert ours.JupyterHub.cleanup_servers is False


def test_without_a_choice_a_lab_takes_no_card_from_others(ours: Config) -> None:
    without = pod(ours, "cpu")
    assert pod(ours) == without
    assert pod(ours, **WITHOUT_GPU) == without, "which is how the cohort tools start one"


def test_a_class_on_the_bundled_model_needs_no_volume_of_weights(
    ours: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENAI_HUB_KUBE_MODELS", "none")
    c = Config()
    configuration.configure(c, HubSettings(_env_file=None, spawner="kube"))
    assert [volume["name"] for volume in pod(c)["spec"]["volumes"]] == ["home", "tmp"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_profiles_are_offered_in_the_student_s_language(language: Language) -> None:
    offered = profiles(KubeSettings(_env_file=None, image="lab:1", profiles="gpu,cpu"), language)
    assert [profile["slug"] for profile in offered] == ["gpu", "cpu"]
    assert [profile.get("default") for profile in offered] == [True, None]
    assert offered[1]["display_name"] == {"en": "Processor", "fr": "Processeur"}[language]


@pytest.mark.parametrize(
    "values",
    [
        {"image": "lab 1"},
        {"image": "lab", "profiles": "tpu"},
        {"image": "lab", "profiles": ""},
        {"image": "lab", "home": "10"},
        {},
    ],
)
def test_a_wrong_setting_stops_the_hub(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        KubeSettings(_env_file=None, **values)
