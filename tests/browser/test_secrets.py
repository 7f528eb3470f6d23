"""A key that the lab really uses shows up nowhere: not in its pages, answers, files or log."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Request, Response, expect

from tests.browser.conftest import StartLab, tab
from tests.lab.providers.server import PlayedProvider

OpenPage = Callable[..., Page]

PLANTED = "sk-planted-9f27c1d4a8b35e60"
PROVIDERS = """
currency = "USD"
[[providers]]
name = "school"
base_url = "{url}"
key = "SCHOOL_KEY"
[providers.work.image]
models = ["model-a"]
seconds = 60
[providers.prices]
"model-a" = {{ picture = 0.01 }}
"""


def draw(page: Page, prompt: str, said: str) -> None:
    page.locator("#studio-prompt textarea").fill(prompt)
    page.locator("#generate-studio").click()
    expect(page.locator("#status-studio")).to_contain_text(said)
    expect(page.locator("#generate-studio")).to_be_enabled()


def test_a_key_in_use_is_in_no_page_answer_file_or_log(
    start_lab: StartLab, open_page: OpenPage, tmp_path: Path
) -> None:
    providers = tmp_path / "providers.toml"
    with PlayedProvider(PLANTED) as school:
        providers.write_text(PROVIDERS.format(url=school.url))
        lab = start_lab(GENAI_ASSIGNMENT="api-analysis", GENAI_PROVIDERS=str(providers), SCHOOL_KEY=PLANTED)
        page = open_page(lab.page())
        asked: list[Request] = []
        page.on("requestfinished", lambda request: asked.append(request))

        tab(page, "Studio")
        page.locator("#studio-model input").click()
        page.get_by_role("option").filter(has_text="school").first.click()
        draw(page, "a red mug", "Saved as studio.png")
        for fault in ("400", "401", "500"):  # whose messages repeat the key
            school.always(fault)
            draw(page, f"a {fault} mug", "school")
        seen = [page.content()]
        for name, shown in (("Costs", "school"), ("Gallery", "a red mug"), ("Health", "Keys")):
            tab(page, name)
            expect(page.get_by_role("tabpanel").filter(visible=True)).to_contain_text(shown)
            seen.append(page.content())
        for path in ("api/v1/models", "api/v1/images", "api/v1/openapi.json"):
            seen.append(page.request.get(f"{lab.url}{path}").text())
        seen += [answer.text() for request in asked if (answer := request.response()) and _is_text(answer)]

    assert any(request.headers.get("authorization") == f"Bearer {PLANTED}" for request in school.seen)
    assert any("school" in text for text in seen)
    assert not [text[:200] for text in seen if PLANTED in text]
    kept = [file for file in lab.work.rglob("*") if file.is_file()]
    assert any(file.suffix == ".sqlite" for file in kept)  # the ledger is among them
    assert not [file for file in kept if PLANTED.encode() in file.read_bytes()]


def _is_text(answer: Response) -> bool:
    """A whole answer in words; of a stream the browser keeps nothing, but what it told stands in the page."""
    kind = answer.headers.get("content-type", "")
    return kind.startswith(("text/html", "application/json"))
