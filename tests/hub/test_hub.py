"""The hub as `make hub` starts it."""

from tests.hub.conftest import RunningHub


def test_a_student_logs_in_and_lands_on_the_spawn_page_or_in_the_lab(hub: RunningHub) -> None:
    client = hub.login("jane.doe")
    assert client.get("hub/home").status_code == 200
