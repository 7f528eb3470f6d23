"""The class's wall in the lab: by consent, voted for, remixed with its origin told, hidden, taken down."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.loader import find_assignment
from manifests.wall import remixes
from tests.browser.conftest import SIZES, RunningLab, StartLab
from tests.browser.test_accessibility import AXE, LOOKS, needs_axe, violations
from tests.gateway.conftest import TOKENS, RunningGateway, StartGateway
from tests.gateway.conftest import start_gateway as start_gateway
from tests.grading.good import make_work

OpenPage = Callable[..., Page]
WALL = "#tab-class-wall-button"


@dataclass
class Class:
    """A gateway, and the lab of each of three who know it."""

    gateway: RunningGateway
    labs: dict[str, RunningLab]


@pytest.fixture(scope="module")
def people(
    start_gateway: StartGateway, start_lab: StartLab, tmp_path_factory: pytest.TempPathFactory
) -> Class:
    gateway = start_gateway()
    work: Path = tmp_path_factory.mktemp("ada")
    make_work(work, find_assignment("tp2"), "ada")
    labs = {
        who: start_lab(
            work if who == "ada" else None,
            GENAI_GATEWAY=gateway.url,
            GENAI_GATEWAY_TOKEN=TOKENS[who],
            GENAI_STUDENT=who,
        )
        for who in TOKENS
    }
    return Class(gateway, labs)


def open_wall(people: Class, who: str, open_page: OpenPage) -> Page:
    page = open_page(people.labs[who].page(), viewport=SIZES["laptop"])
    page.locator(WALL).click()
    return page


def test_from_consent_to_a_remix_and_off_the_wall_again(people: Class, open_page: OpenPage) -> None:
    ada = open_wall(people, "ada", open_page)
    expect(ada.locator("#wall-works")).to_contain_text("Nothing to see here yet")
    ada.locator("#wall-form button").first.click()
    ada.get_by_label("Picture", exact=True).click()
    ada.get_by_role("option", name="studio").first.click()
    expect(ada.locator("#wall-preview img")).to_be_visible()
    ada.locator("#wall-title textarea, #wall-title input").fill("<b>Fox</b>")
    ada.locator("#wall-shown-as textarea, #wall-shown-as input").fill("Ada")
    ada.locator("#wall-show").click()
    expect(ada.locator("#wall-said")).to_contain_text("Tick the box")
    ada.locator("#wall-consent input").check()
    ada.locator("#wall-show").click()
    expect(ada.locator("#wall-said")).to_contain_text("is on the wall")
    expect(ada.locator("#wall-works h3")).to_have_text("<b>Fox</b>")

    ben = open_wall(people, "ben", open_page)
    card = ben.locator("#wall-works li")
    expect(card.locator("img")).to_have_js_property("complete", True)
    expect(card).to_contain_text("by Ada")
    card.get_by_role("button", name="Vote for it").click()
    expect(card.get_by_role("button", name="Take your vote back")).to_have_attribute("aria-pressed", "true")
    card.get_by_role("button", name="Remix").click()
    expect(ben.locator("#tab-studio")).to_be_visible()
    expect(ben.locator("#studio-prompt textarea")).not_to_have_value("")
    expect(ben).to_have_url(re.compile("#studio$"))
    (told,) = remixes(people.labs["ben"].work / "tp2")
    assert (told.title, told.shown_as) == ("<b>Fox</b>", "Ada")
    assert told.prompt == ben.locator("#studio-prompt textarea").input_value()

    teacher = open_wall(people, "teacher", open_page)
    teacher.get_by_role("button", name="Hide from the class").click()
    expect(teacher.locator("#wall-works")).to_contain_text("Hidden from the class")
    ben.locator(WALL).click()
    expect(ben.locator("#wall-works")).to_contain_text("Nothing to see here yet")

    ada.get_by_role("button", name="Look again").click()
    expect(ada.locator("#wall-works")).to_contain_text("Hidden from the class by a teacher")
    ada.get_by_role("button", name="Take it down").click()
    expect(ada.locator("#wall-said")).to_contain_text("off the wall")
    expect(ada.locator("#wall-works")).to_contain_text("Nothing to see here yet")


@needs_axe
def test_axe_finds_nothing_on_the_wall(people: Class, open_page: OpenPage) -> None:
    page = open_wall(people, "ada", open_page)
    page.locator("#wall-form button").first.click()
    page.get_by_label("Picture", exact=True).click()
    page.get_by_role("option", name="studio").first.click()
    page.locator("#wall-title textarea, #wall-title input").fill("A fox")
    page.locator("#wall-consent input").check()
    page.locator("#wall-show").click()
    expect(page.locator("#wall-works li img")).to_be_visible()
    page.add_script_tag(path=AXE)
    found = [each for scheme, size in LOOKS for each in violations(page, scheme, size)]
    assert found == []


def test_without_a_gateway_there_is_no_wall(start_lab: StartLab, open_page: OpenPage) -> None:
    page = open_page(start_lab().page())
    expect(page.locator("#tab-gallery-button")).to_be_visible()
    expect(page.locator(WALL)).to_have_count(0)
