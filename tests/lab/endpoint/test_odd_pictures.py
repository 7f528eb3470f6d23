"""Pictures in a request: every way they may stand there, and what is no picture or too large a one."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lab.endpoint.asked import chat, data_url, items, png
from tests.lab.endpoint.refused import (
    CHAT,
    RESPOND,
    SMALL,
    asked,
    client_of,
    error,
    said,
    vision,
)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.org/a.png", "no_address"),
        ("file:///etc/passwd", "no_address"),
        ("http://127.0.0.1:1/a.png", "no_address"),
        ("data:text/html;base64,AAAA", "no_data_url"),
        ("data:image/png;base64,!!!!", "no_data_url"),
        ("data:image/png,AAAA", "no_data_url"),
        ("data:image/png;base64,AAAA", "bad_picture"),
        (data_url(png()[:200]), "bad_picture"),
        (data_url(b"GIF89a"), "bad_picture"),
    ],
)
def test_what_is_no_picture_is_told_with_its_place_and_never_fetched(client: TestClient, url: str, code: str):
    told = error(client.post(f"/v1/{CHAT}", json=vision(messages=chat(url=url))), 400)
    assert (told["code"], told["param"]) == (code, "messages[0].content[1].image_url")
    told = error(client.post(f"/v1/{RESPOND}", json=asked(input=items(url=url))), 400)
    assert (told["code"], told["param"]) == (code, "input[0].content[1].image_url")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of() as client:
        yield client


def test_more_pictures_than_are_looked_at_are_an_error(client: TestClient):
    content: Any = chat()[0]["content"]
    many = vision(messages=[{"role": "user", "content": content * 3}])
    assert error(client.post(f"/v1/{CHAT}", json=many), 400)["code"] == "too_many_pictures"


def test_a_picture_that_is_too_large_is_not_decoded(client: TestClient):
    for large, status in ((base64.b64encode(bytes(SMALL.picture_bytes + 3)).decode(), 413), (None, 400)):
        url = data_url(bomb()) if large is None else f"data:image/png;base64,{large}"
        error(client.post("/v1/chat/completions", json=vision(messages=chat(url=url))), status)


def bomb() -> bytes:
    """A small file of a picture with more pixels than are taken."""
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (2**10, 2**9)).save(buffer, "PNG")
    return buffer.getvalue()


def edit(client: TestClient, files: Any, **fields: Any) -> Any:
    return client.post("/v1/images/edits", data={"prompt": "a cat"} | fields, files=files)


def test_an_edit_takes_one_picture_and_a_mask_with_a_transparent_part(client: TestClient):
    one = ("image", ("a.png", png(), "image/png"))
    assert edit(client, [one]).status_code == 200
    assert error(edit(client, [one, one]), 400)["code"] == "one_picture"
    assert error(edit(client, [one, ("image[]", one[1])]), 400)["code"] == "one_picture"
    assert error(edit(client, [one, ("mask", one[1])]), 400)["code"] == "bad_mask"
    assert error(edit(client, [one, ("mask", ("m.png", b"GIF89a", "image/png"))]), 400)["param"] == "mask"
    assert error(edit(client, [one, ("mask", ("m.png", bomb(), "image/png"))]), 400)["param"] == "mask"
    assert error(edit(client, [("other", one[1])]), 400)["code"] == "one_picture"
    assert error(edit(client, [("image", ("a.png", b"GIF89a", "image/png"))]), 400)["code"] == "bad_picture"
    assert error(edit(client, [("image", ("a.png", bomb(), "image/png"))]), 400)["code"] == "bad_picture"
    assert error(edit(client, [one], strength="2"), 400)["param"] == "strength"
    assert error(edit(client, [one], prompt=""), 400)["param"] == "prompt"


def test_an_edit_that_is_no_form_is_told_so(client: TestClient):
    response = client.post(
        "/v1/images/edits",
        content=b"--x\r\nbroken",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    error(response, response.status_code)
    assert response.status_code == 400


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_in_the_place_of_a_picture_is_an_error_in_the_right_form(client: TestClient, text: str):
    response = client.post("/v1/chat/completions", json=vision(messages=chat(url=text or "x")))
    error(response, response.status_code)
    assert response.status_code in (400, 413)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": data_url()},
        {"type": "image_url", "image_url": {"url": data_url(), "detail": None}},
        {"image_url": {"url": data_url()}},
        {"image_url": data_url()},
    ],
)
def test_a_picture_may_stand_there_in_several_ways(client: TestClient, part: dict[str, Any]):
    system = {"role": "system", "content": "task: describe"}
    question = {"text": "What do you see?"}
    response = client.post(f"/v1/{CHAT}", json=vision(messages=[system, said(question, part)]))
    assert response.status_code == 200, response.text
    assert response.json()["choices"][0]["message"]["content"]
    assert response.json()["usage"]["prompt_tokens"] > 50  # those of the picture
    part = part | {"type": "input_image"} if "type" in part else part
    response = client.post(f"/v1/{RESPOND}", json=asked(input=[said(question, part)]))
    assert response.status_code == 200, response.text
    assert response.json()["usage"]["input_tokens"] > 50


@pytest.mark.parametrize(
    "sent",
    [
        {"image": data_url()},
        {"image": [data_url()]},
        {"images": [{"image_url": data_url()}]},
        {"images": [data_url()]},
    ],
)
def test_an_edit_may_be_json(client: TestClient, sent: dict[str, Any]):
    body = {"prompt": "a cat", "strength": 0.5, **sent}
    made = client.post("/v1/images/edits", json=body)
    assert made.status_code == 200, made.text
    assert len(made.json()["data"]) == 1
    assert error(client.post("/v1/images/edits", json=body | {"mask": data_url()}), 400)["code"] == "bad_mask"
    assert error(client.post("/v1/images/edits", json={"prompt": "a cat"}), 400)["code"] == "one_picture"


def test_a_picture_of_an_edit_that_is_none_is_told_with_its_place(client: TestClient):
    for sent, param in (({"image": "http://a/b.png"}, "image"), ({"images": ["x"]}, "images[0]")):
        told = error(client.post("/v1/images/edits", json={"prompt": "a cat"} | sent), 400)
        assert told["param"] == param
    told = error(client.post("/v1/images/edits", json={"prompt": "a", "images": [{"file_id": "f"}]}), 400)
    assert told["param"] == "images[0]"
