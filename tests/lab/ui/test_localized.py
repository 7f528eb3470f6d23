"""A page carries its language from the first byte; everything else passes unchanged."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.testclient import TestClient

from lab.ui.gradio_patches import LocalizedPages, localize

TEMPLATE = '<!doctype html><html\n\tlang="en"><head><title>é</title></head><body>lang="en"</body></html>'


def client() -> TestClient:
    app = FastAPI()
    app.add_api_route("/fr/", lambda: HTMLResponse(TEMPLATE))
    app.add_api_route("/fr/data", lambda: PlainTextResponse(TEMPLATE))
    app.add_middleware(LocalizedPages, pages={"/fr/": "fr"})
    return TestClient(app)


def test_the_page_says_its_language_and_answers_for_the_browser() -> None:
    response = client().get("/fr/")
    assert '<html\n\tlang="fr"><head><script>' in response.text
    assert '"language", { get: () => "fr" }' in response.text
    assert '<body>lang="en"</body>' in response.text
    assert int(response.headers["content-length"]) == len(response.content)


def test_a_page_links_to_no_file_at_the_root_which_below_a_hub_is_the_hub_s() -> None:
    from gradio import routes

    template = (Path(routes.__file__).parent / "templates" / "frontend" / "index.html").read_bytes()
    assert b'href="/manifest.json"' in template
    page = localize(template, "fr")
    assert b"manifest.json" not in page
    assert b'rel="icon"' in page


def test_other_answers_are_as_they_were() -> None:
    assert client().get("/fr/data").text == TEMPLATE


def test_what_is_no_template_is_as_it_was() -> None:
    assert localize(b'{"detail": "not found"}', "fr") == b'{"detail": "not found"}'


def test_gradios_template_has_what_is_replaced() -> None:
    from pathlib import Path

    import gradio

    template = Path(gradio.__file__).with_name("templates") / "frontend" / "index.html"
    page = localize(template.read_bytes(), "fr")
    assert b'lang="fr"' in page[:200]
    assert b"window.labTab" in page
