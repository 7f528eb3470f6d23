"""Tests of a hub with pods as labs, without a cluster: it starts and offers the profiles."""

import re
from pathlib import Path

from tests.hub.conftest import StartHub, free_port

NO_CLUSTER = """\
apiVersion: v1
kind: Config
clusters: [{{name: none, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
contexts: [{{name: none, context: {{cluster: none, user: nobody}}}}]
users: [{{name: nobody, user: {{}}}}]
current-context: none
"""


def test_a_student_is_offered_the_profiles_in_their_language(start_hub: StartHub, tmp_path: Path) -> None:
    configuration = tmp_path / "kubeconfig"
    configuration.write_text(NO_CLUSTER.format(port=free_port()))
    hub = start_hub(
        GENAI_HUB_SPAWNER="kube",
        GENAI_HUB_KUBE_IMAGE="registry.example.org/genai-lab:0.1.0",
        GENAI_HUB_KUBE_PROFILES="cpu,gpu",
        KUBECONFIG=str(configuration),
    )
    student = hub.login("jane")
    english = student.get("hub/spawn", headers={"Accept-Language": "en"}).text
    french = student.get("hub/spawn", headers={"Accept-Language": "fr"}).text
    assert "A whole graphics card" in english
    assert "Une carte graphique entière" in french
    for page in (english, french):
        assert re.findall(r'name="profile"[^>]*value="(\w+)"|value="(\w+)"[^>]*name="profile"', page)
        assert "nvidia" not in page, "how a profile is made is nobody's business"
