"""The wall: by consent, taken back at any time, one vote each; a teacher hides; nobody acts for others."""

import io
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image, PngImagePlugin

from gateway.wall_store import MOST_EACH, SIDE
from manifests.pictures import xmp_of
from manifests.xmp import read
from tests.gateway.conftest import RunningGateway, StartGateway

MADE_BY = {
    "assignment": "tp2",
    "model": "mini",
    "mode": "text2img",
    "prompt": "a red fox",
    "request": {
        "mode": "text2img",
        "prompt": "a red fox",
        "negative_prompt": "",
        "width": 256,
        "height": 256,
        "steps": 30,
        "guidance_scale": 7.5,
        "scheduler": "EulerA",
        "seed": 7,
    },
}


def png(side: int = 64, color: str = "red") -> bytes:
    """A picture that bears a text, as the lab's do."""
    told, out = PngImagePlugin.PngInfo(), io.BytesIO()
    told.add_text("genai-lab", json.dumps({"student": "ada.lovelace"}))
    Image.new("RGB", (side, side), color).save(out, "PNG", pnginfo=told)
    return out.getvalue()


@pytest.fixture(scope="module")
def running(start_gateway: StartGateway) -> RunningGateway:
    return start_gateway()


@pytest.fixture
def gateway(running: RunningGateway) -> RunningGateway:
    """The wall is empty."""
    for who in ("ada", "ben", "teacher"):
        for work in works(running, who):
            if work["mine"]:
                ask(running, who, "DELETE", f"/v1/wall/{work['id']}")
    return running


def ask(gateway: RunningGateway, who: str, method: str, path: str, **more: Any) -> httpx2.Response:
    with gateway.client(who) as client:
        return client.request(method, path, **more)


def works(gateway: RunningGateway, who: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(gateway, who, "GET", "/v1/wall").json()["works"]
    return found


def show(gateway: RunningGateway, who: str, picture: bytes | None = None, **change: Any) -> httpx2.Response:
    shown = {"title": "A fox", "shown_as": "", "made_by": MADE_BY} | change
    files = {"picture": ("picture", picture or png())}
    return ask(gateway, who, "POST", "/v1/wall", files=files, data={"shown": json.dumps(shown)})


def test_what_one_shows_all_see_with_its_settings_and_no_name_that_was_not_given(
    gateway: RunningGateway,
) -> None:
    work = show(gateway, "ada").json()["id"]
    (seen,) = works(gateway, "ben")
    assert (seen["id"], seen["title"], seen["made_by"]["prompt"]) == (work, "A fox", "a red fox")
    assert (seen["mine"], seen["author"], seen["shown_as"]) == (False, None, "")
    assert "ada" not in json.dumps(seen)
    assert works(gateway, "ada")[0]["mine"]
    assert works(gateway, "teacher")[0]["author"] == "ada"


def test_the_picture_on_the_wall_is_a_small_copy_that_says_it_is_a_models_and_nothing_else(
    gateway: RunningGateway,
) -> None:
    work = show(gateway, "ada", png(1500)).json()["id"]
    answer = ask(gateway, "ben", "GET", f"/v1/wall/{work}/picture")
    picture = Image.open(io.BytesIO(answer.content))
    assert (answer.headers["content-type"], picture.format, picture.size) == (
        "image/webp",
        "WEBP",
        (SIDE, SIDE),
    )
    assert read(xmp_of(answer.content)).generated
    assert b"lovelace" not in answer.content


def test_taken_down_it_is_gone_with_its_picture_and_a_remix_keeps_its_name(gateway: RunningGateway) -> None:
    work = show(gateway, "ada", shown_as="Ada").json()["id"]
    remix = show(gateway, "ben", title="Another fox", remix_of=work).json()["id"]
    assert ask(gateway, "ben", "DELETE", f"/v1/wall/{work}").status_code == 404
    assert ask(gateway, "teacher", "DELETE", f"/v1/wall/{work}").status_code == 404  # a teacher hides
    assert ask(gateway, "ada", "DELETE", f"/v1/wall/{work}").status_code == 204
    (left,) = works(gateway, "ada")
    assert left["id"] == remix
    assert left["remix_of"] == {"id": work, "title": "A fox", "shown_as": "Ada"}
    assert ask(gateway, "ben", "GET", f"/v1/wall/{work}/picture").status_code == 404
    assert [path.stem for path in (gateway.state / "wall").iterdir()] == [remix]


def test_everybody_has_one_vote_and_none_for_themselves(gateway: RunningGateway) -> None:
    work = show(gateway, "ada").json()["id"]
    for who in ("ben", "ben", "teacher"):
        assert ask(gateway, who, "PUT", f"/v1/wall/{work}/vote").status_code == 204
    assert ask(gateway, "ada", "PUT", f"/v1/wall/{work}/vote").status_code == 404
    assert [(w["votes"], w["voted"]) for w in works(gateway, "ben")] == [(2, True)]
    assert [(w["votes"], w["voted"]) for w in works(gateway, "ada")] == [(2, False)]
    ask(gateway, "ben", "DELETE", f"/v1/wall/{work}/vote")
    assert works(gateway, "ben")[0]["votes"] == 1


def test_what_a_teacher_hides_only_its_author_and_teachers_see(gateway: RunningGateway) -> None:
    work = show(gateway, "ada").json()["id"]
    assert ask(gateway, "ben", "PUT", f"/class/wall/{work}", json={"hidden": True}).status_code == 403
    assert ask(gateway, "teacher", "PUT", f"/class/wall/{work}", json={"hidden": True}).status_code == 204
    assert works(gateway, "ben") == []
    for method, path in (("GET", "picture"), ("PUT", "vote")):
        assert ask(gateway, "ben", method, f"/v1/wall/{work}/{path}").status_code == 404
    assert show(gateway, "ben", remix_of=work).status_code == 404
    assert [w["hidden"] for who in ("ada", "teacher") for w in works(gateway, who)] == [True, True]
    ask(gateway, "teacher", "PUT", f"/class/wall/{work}", json={"hidden": False})
    assert len(works(gateway, "ben")) == 1


def test_the_wall_outlives_a_kill(start_gateway: StartGateway) -> None:
    first = start_gateway()
    work = show(first, "ada").json()["id"]
    ask(first, "ben", "PUT", f"/v1/wall/{work}/vote")
    first.kill()
    again = start_gateway(first.state, first.port)
    assert [(w["id"], w["votes"]) for w in works(again, "ada")] == [(work, 1)]


def test_nobody_fills_the_wall(gateway: RunningGateway) -> None:
    answers = [show(gateway, "ada", title=f"Fox {n}").status_code for n in range(MOST_EACH + 1)]
    assert answers == [201] * MOST_EACH + [409]
    assert show(gateway, "ben").status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"title": " "},
        {"title": "x" * 81},
        {"shown_as": "x" * 61},
        {"remix_of": "../../keys"},
        {"made_by": MADE_BY | {"assignment": "../up"}},
        {"made_by": MADE_BY | {"request": {"seed": 1e99}}},
        {"author": "ben"},
    ],
)
def test_what_is_no_work_is_refused(gateway: RunningGateway, change: dict[str, Any]) -> None:
    assert show(gateway, "ada", **change).status_code == 400
    assert works(gateway, "ada") == []


@pytest.mark.parametrize("data", [b"<svg onload='alert(1)'/>", b"\x89PNG\r\n\x1a\n" + b"0" * 100, b""])
def test_what_is_no_picture_is_refused_and_leaves_nothing(gateway: RunningGateway, data: bytes) -> None:
    files = {"picture": ("picture", data)}
    shown = {"shown": json.dumps({"title": "A fox", "made_by": MADE_BY})}
    answer = ask(gateway, "ada", "POST", "/v1/wall", files=files, data=shown)
    assert answer.status_code == 400
    assert works(gateway, "ada") == []
    assert list(Path(gateway.state / "wall").iterdir()) == []
