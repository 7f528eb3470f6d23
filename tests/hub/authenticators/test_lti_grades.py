"""Grades go back to the platform that a student came from: from the launch to the platform's gradebook."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from grading.gradebook.push import SCORE
from tests.grading.gradebook.platform import Platform
from tests.grading.gradebook.platform import serving as serving_scores
from tests.hub.authenticators.test_lti import Launch
from tests.hub.conftest import RunningHub, StartHub
from tests.hub.identity import CLIENT, LTI, LearningPlatform, serving

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"


@pytest.fixture(scope="module")
def scores() -> Iterator[Platform]:
    platform = Platform()
    with serving_scores(platform.app) as url:
        platform.url = url
        yield platform


@pytest.fixture(scope="module")
def platform() -> Iterator[LearningPlatform]:
    platform = LearningPlatform()
    with serving(platform):
        yield platform


@pytest.fixture(scope="module")
def hub(start_hub: StartHub, platform: LearningPlatform, scores: Platform) -> RunningHub:
    return start_hub(
        GENAI_HUB_AUTHENTICATOR="lti",
        GENAI_HUB_LTI_ISSUER=platform.url,
        GENAI_HUB_LTI_AUTHORIZE_URL=f"{platform.url}/authorize",
        GENAI_HUB_LTI_JWKS_URL=f"{platform.url}/jwks",
        GENAI_HUB_LTI_CLIENT_IDS=CLIENT,
        GENAI_HUB_LTI_TOKEN_URL=f"{scores.url}/token",
    )


def test_from_a_launch_to_the_gradebook(
    hub: RunningHub, platform: LearningPlatform, scores: Platform, tmp_path: Path
) -> None:
    public = httpx2.get(f"{hub.url}hub/lti13/jwks").json()
    assert {"kty", "n", "e", "kid", "alg", "use"} == set(public["keys"][0])
    scores.trust(public)
    launch = Launch(hub, platform)
    endpoint = {"scope": [SCORE], "lineitem": f"{scores.url}/items/5"}
    link = {"id": "lab", "title": "TP 2"}
    claims = platform.claims(launch.nonce, **{AGS: endpoint, f"{LTI}resource_link": link})
    launch.answer(platform.signed(claims))
    assert launch.name == "jane.doe@univ.example"
    for name in ("jane.doe@univ.example", "nobody"):
        (tmp_path / name).mkdir()
        grade = {"student": name, "assignment": "tp2", "gradable": True, "points": 12.5, "maximum": 20}
        (tmp_path / name / "grade.json").write_text(json.dumps(grade))
    options = ["--grades", str(tmp_path), "--state", str(hub.state), "--hub", hub.url, "--column", "TP 2"]
    command = [sys.executable, "-m", "genai_lab", "grades", "push", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "  nobody" in done.stderr
    ((_, score),) = scores.scores
    assert (score["userId"], score["scoreGiven"], score["scoreMaximum"]) == ("user-17", 12.5, 20)
    subprocess.run(command, capture_output=True, check=True)
    assert len(scores.scores) == 1


def test_the_keys_are_their_owner_s_and_nobody_else_reads_where_grades_go(
    hub: RunningHub, platform: LearningPlatform
) -> None:
    for name in ("tool-key.pem", "crypt-key", "grades-token", "tool.json"):
        assert stat.S_IMODE((hub.state / "lti" / name).stat().st_mode) == 0o600
    launch = Launch(hub, platform)
    launch.answer(platform.signed(platform.claims(launch.nonce)))
    own = launch.client.get("hub/api/user", headers={"Referer": f"{launch.client.base_url}hub/"}).json()
    assert not own.get("auth_state")
    assert "PRIVATE" not in httpx2.get(f"{hub.url}hub/lti13/jwks").text
    assert (hub.state / "jupyterhub.sqlite").read_bytes().find(b"lineitem") == -1  # it is encrypted
