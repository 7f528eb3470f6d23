"""Tests of values.yaml for Zero to JupyterHub: its names are valid, and its pods equal our own."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from traitlets.config import Config
from traitlets.utils.importstring import import_item

from hub.roles import COHORT
from hub.spawners.kube.pods import profiles
from hub.spawners.kube.settings import KubeSettings
from hub.user_names import USER_NAME
from lab.models.registry import MODELS
from manifests.pictures import MAX_BYTES
from tests.hub.spawners.kube.pods import claim, configuration_of, mine, pod, together, values

# The names that the chart (4.x) accepts; it refuses others. FREE marks maps that it does not check.
FREE = None
SHOWN = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: values
data:
  values: {{ .Values | toYaml | quote }}
"""
IMAGE: dict[str, Any] = {"name": {}, "tag": {}, "pullPolicy": {}, "pullSecrets": {}}
NEEDED = {"name", "tag"}  # the chart demands them of each image
DEFAULTS = {  # of the chart, as far as these values take them away
    "singleuser": {"image": {"name": "quay.io/jupyterhub/k8s-singleuser-sample", "tag": "4.4.0"}},
    "hub": {"image": {"name": "quay.io/jupyterhub/k8s-hub", "tag": "4.4.0"}},
}
RESOURCE: dict[str, Any] = {"limit": {}, "guarantee": {}}
POLICY: dict[str, Any] = {
    "enabled": {},
    "ingress": FREE,
    "egress": FREE,
    "egressAllowRules": {
        "cloudMetadataServer": {},
        "dnsPortsCloudMetadataServer": {},
        "dnsPortsKubeSystemNamespace": {},
        "dnsPortsPrivateIPs": {},
        "nonPrivateIPs": {},
        "privateIPs": {},
    },
    "interNamespaceAccessLabels": {},
    "allowedIngressPorts": {},
}
KNOWN: dict[str, Any] = {
    "singleuser": {
        "image": IMAGE,
        "cmd": FREE,
        "defaultUrl": {},
        "startTimeout": {},
        "uid": {},
        "fsGid": {},
        "allowPrivilegeEscalation": {},
        "serviceAccountName": {},
        "cpu": RESOURCE,
        "memory": RESOURCE,
        "extraResource": {"limits": FREE, "guarantees": FREE},
        "extraPodConfig": FREE,
        "extraEnv": FREE,
        "storage": {
            "type": {},
            "capacity": {},
            "homeMountPath": {},
            "dynamic": {
                "pvcNameTemplate": {},
                "storageAccessModes": {},
                "storageClass": {},
                "volumeNameTemplate": {},
            },
            "extraLabels": FREE,
            "extraVolumes": FREE,
            "extraVolumeMounts": FREE,
            "static": {"pvcName": {}, "subPath": {}},
        },
        "profileList": FREE,
        "networkPolicy": POLICY,
        "networkTools": FREE,
        "cloudMetadata": {"blockWithIptables": {}, "ip": {}},
        "extraTolerations": FREE,
        "nodeSelector": FREE,
    },
    "hub": {
        "concurrentSpawnLimit": {},
        "consecutiveFailureLimit": {},
        "networkPolicy": POLICY,
        "config": FREE,
        "extraConfig": FREE,
        "extraEnv": FREE,
        "services": FREE,
        "loadRoles": FREE,
        "image": IMAGE,
    },
    "proxy": {
        "chp": {"networkPolicy": POLICY, "resources": FREE},
        "service": {"type": {}, "annotations": FREE, "loadBalancerIP": {}},
        "https": FREE,
    },
    "ingress": {"enabled": {}, "hosts": {}, "tls": FREE, "annotations": FREE, "ingressClassName": {}},
    "cull": {
        name: {}
        for name in (
            "enabled",
            "users",
            "adminUsers",
            "removeNamedServers",
            "timeout",
            "every",
            "concurrency",
            "maxAge",
        )
    },
    "prePuller": {"hook": {"enabled": {}}, "continuous": {"enabled": {}}, "extraTolerations": FREE},
    "scheduling": {
        "userScheduler": {"enabled": {}},
        "podPriority": {"enabled": {}},
        "userPlaceholder": {"enabled": {}, "replicas": {}},
    },
}


def schema(known: dict[str, Any] | None) -> dict[str, Any]:
    """Return the names as a JSON Schema, by which Helm checks the values."""
    if known is FREE or not known:
        return {}
    return {
        "type": "object",
        "additionalProperties": False,
        **({"required": sorted(NEEDED)} if known.keys() >= NEEDED else {}),
        "properties": {name: schema(inner) for name, inner in known.items()},
    }


@pytest.mark.parametrize("profile", [None, "cpu", "gpu", "mig"])
def test_zero_to_jupyterhub_runs_the_same_pods(ours: Config, profile: str | None) -> None:
    image = {"singleuser": {"image": mine()["singleuser"]["image"]}}
    theirs = configuration_of(together(values(), image))
    assert _comparable(pod(theirs, profile)) == _comparable(pod(ours, profile))
    assert claim(theirs) == claim(ours)


def test_zero_to_jupyterhub_offers_the_same_profiles_and_waits_as_long() -> None:
    lab = values()["singleuser"]
    settings = KubeSettings(_env_file=None, image="lab:1")
    assert lab["profileList"] == profiles(settings, "en")
    assert lab["startTimeout"] == settings.wait_minutes * 60


def test_the_cohort_tools_have_the_same_scopes() -> None:
    hub = values()["hub"]
    assert hub["loadRoles"]["cohort"] == {"services": ["cohort"], "scopes": COHORT}
    assert list(hub["services"]) == ["cohort"]


def test_the_image_is_pulled_wherever_a_lab_may_run() -> None:
    puller = values()["prePuller"]
    assert puller["hook"]["enabled"]
    assert puller["continuous"]["enabled"]
    for profile in values()["singleuser"]["profileList"]:
        assert profile["kubespawner_override"].get("tolerations", []) in ([], puller["extraTolerations"])


def test_labs_reach_the_hub_and_names_only() -> None:
    policy = values()["singleuser"]["networkPolicy"]
    assert policy["enabled"] is True
    assert policy["egress"] == []
    open_rules = {name for name, allowed in policy["egressAllowRules"].items() if allowed}
    assert open_rules == {name for name in policy["egressAllowRules"] if name.startswith("dnsPorts")}


def test_logins_are_proven_and_no_secret_stands_in_the_file() -> None:
    config = values()["hub"]["config"]
    assert config["JupyterHub"]["oauth_require_pkce"] is True
    assert config["OidcAuthenticator"]["enable_pkce"] is True
    names = {name.lower() for name in _names(values())}
    assert not {name for name in names if "secret" in name or "password" in name or "apitoken" in name}


def test_helm_reads_the_file_and_finds_no_name_that_the_chart_does_not_know(tmp_path: Path) -> None:
    chart, files = _chart(tmp_path), _files(tmp_path, values(), mine())
    linted = _helm("lint", "--strict", str(chart), *files, check=False)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    rendered = _helm("template", "genai-lab", str(chart), *files).stdout
    shown = yaml.safe_load(yaml.safe_load(rendered)["data"]["values"])
    assert shown == together(values(), mine()), "Helm reads numbers and words as we do"

    mistaken = _files(tmp_path, {"singleuser": {"fsGID": 1000}})
    refused = _helm("template", "genai-lab", str(chart), *files, *mistaken, check=False)
    assert refused.returncode != 0
    assert "fsGID" in refused.stderr


@pytest.mark.parametrize("missing", ["singleuser", "hub", "both"])
def test_without_images_of_ones_own_the_values_are_refused(tmp_path: Path, missing: str) -> None:
    parts = {"singleuser", "hub"} - {missing} if missing != "both" else set()
    own = {part: {"image": mine()[part]["image"]} for part in parts}
    files = _files(tmp_path, values(), own)
    refused = _helm("template", "genai-lab", str(_chart(tmp_path)), *files, check=False)
    assert refused.returncode != 0
    assert "image" in refused.stderr


def test_the_documented_login_leaves_the_rosters_groups_alone() -> None:
    """`manage_groups` would replace them at each login, and with them the deadlines."""
    config = together(values(), mine())["hub"]["config"]
    name = config["JupyterHub"]["authenticator_class"]
    kind = import_item(name)
    section = config[kind.__name__]
    assert set(section) <= set(kind.class_trait_names())
    authenticator = kind(config=Config({kind.__name__: section}))
    assert authenticator.manage_groups is False
    assert authenticator.enable_pkce is True
    assert authenticator.admitted_groups == {"ai-course"}
    assert authenticator.allow_existing_users is True
    for groups, allowed in ((["ai-course"], True), (["others"], False)):
        model = {"name": "jane", "admin": None, "auth_state": {"oauth_user": {"groups": groups}}}
        assert asyncio.run(authenticator.check_allowed("jane", model)) is allowed


def test_the_charts_hub_gets_the_lab_passes_and_the_rule_of_names() -> None:
    c = Config()
    exec(together(values(), mine())["hub"]["extraConfig"]["genai-lab"], {"c": c})  # noqa: S102
    handlers = c.JupyterHub.extra_handlers.to_dict()["extend"]
    assert [path for path, _ in handlers] == [r"/api/users/([^/]+)/lab-pass"]
    assert c.Authenticator.username_pattern == USER_NAME


def test_a_large_model_on_a_processor_has_the_memory_it_needs() -> None:
    lab = together(values(), mine())["singleuser"]
    needed = MODELS[lab["extraEnv"]["GENAI_MODEL"]].memory_gib * 2**30
    assert int(lab["memory"]["guarantee"].removesuffix("G")) * 10**9 > needed
    (processor,) = (profile for profile in lab["profileList"] if profile["slug"] == "cpu")
    assert "mem_limit" not in processor["kubespawner_override"]


def test_photos_pass_the_ingress_and_pages_may_wait() -> None:
    annotations = values()["ingress"]["annotations"]
    told = {name.removeprefix("nginx.ingress.kubernetes.io/"): value for name, value in annotations.items()}
    assert int(told["proxy-body-size"].removesuffix("m")) * 2**20 >= 2 * MAX_BYTES
    assert int(told["proxy-read-timeout"]) >= 600
    assert told["proxy-buffering"] == "off"
    assert all(isinstance(value, str) for value in annotations.values())


def _chart(folder: Path) -> Path:
    """Write a chart with the values, the schema of their names, and a template that prints them."""
    chart = folder / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 0.1.0\n")
    (chart / "values.yaml").write_text(yaml.safe_dump(DEFAULTS))
    (chart / "values.schema.json").write_text(json.dumps(schema(KNOWN)))
    (chart / "templates" / "values.yaml").write_text(SHOWN)
    return chart


def _files(folder: Path, *tables: dict[str, Any]) -> list[str]:
    """Write files of values, and return the options that name them in that order."""
    options = []
    for table in tables:
        file = folder / f"{len(list(folder.iterdir()))}.yaml"
        file.write_text(yaml.safe_dump(table))
        options += ["--values", str(file)]
    return options


def _helm(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    helm = shutil.which("helm", path=str(Path(sys.executable).parent))
    assert helm, "helm-binary is one of the packages for development"
    return subprocess.run([helm, *arguments], capture_output=True, text=True, check=check, timeout=120)


def _comparable(made: dict[str, Any]) -> dict[str, Any]:
    """Return the pod without the one variable that only our hub sets."""
    (lab,) = made["spec"]["containers"]
    lab["env"] = [variable for variable in lab["env"] if variable["name"] != "JUPYTERHUB_ACTIVITY_INTERVAL"]
    return made


def _names(table: Any) -> set[str]:
    if isinstance(table, list):
        return set().union(*map(_names, table)) if table else set()
    if isinstance(table, dict):
        return set(table) | set().union(*map(_names, table.values()))
    return set()
