"""Tests of the choice of a processor, and of the texts about the queue."""

import re
from pathlib import Path

import pytest
from jupyterhub.spawner import SpawnException

from exercises.i18n import LANGUAGES, Language, translator
from hub.spawners.docker.gpus.allocator import Allocator
from hub.spawners.docker.gpus.devices import Device
from hub.spawners.docker.gpus.form import chosen_processor, duration_text, options_form, options_from_form


@pytest.fixture
def allocator(tmp_path: Path) -> Allocator:
    return Allocator(tmp_path / "gpus.json", [Device("0", "Card <1>"), Device("1", "Card 2")], share=2)


def test_the_form_s_answer_becomes_the_choice(allocator: Allocator):
    for processor in ("gpu", "any", "cpu"):
        assert (
            chosen_processor(
                options_from_form({"processor": [processor], "image": ["evil"]}), allocator, "en"
            )
            == processor
        )
    assert options_from_form({"processor": ["gpu"], "image": ["evil"]}) == {"processor": "gpu"}


def test_without_a_choice_a_gpu_is_taken_if_one_is_free(allocator: Allocator):
    assert chosen_processor({}, allocator, "en") == "any"


@pytest.mark.parametrize("value", ["GPU", "", "0", None, 1, ["gpu"], {"gpu": 1}, "<script>"])
def test_another_value_is_refused(allocator: Allocator, value: object):
    with pytest.raises(SpawnException):
        chosen_processor({"processor": value}, allocator, "en")


def test_nobody_may_wait_where_there_is_no_gpu(tmp_path: Path):
    none = Allocator(tmp_path / "gpus.json", [])
    with pytest.raises(SpawnException):
        chosen_processor({"processor": "gpu"}, none, "fr")
    assert chosen_processor({"processor": "any"}, none, "fr") == "any"
    assert options_form(none, "en") == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_has_a_label_for_each_choice_and_shows_what_is_free(
    allocator: Allocator, language: Language
):
    allocator.try_acquire("ana/")
    html = options_form(allocator, language)
    ids = re.findall(r'<input [^>]*id="([^"]+)"', html)
    assert len(ids) == 3
    assert ids == re.findall(r'<label [^>]*for="([^"]+)"', html)
    assert html.count(" checked") == 1
    assert "<legend>" in html
    assert re.search(r"\b3\b.*\b4\b", html)
    assert "Card &lt;1&gt;" in html
    assert "Card <1>" not in html


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "1 min"), (59 * 60, "59 min"), (3600, "1 h 00 min"), (3600 + 300, "1 h 05 min")],
)
def test_times_are_said_in_minutes(seconds: float, expected: str):
    assert duration_text(seconds, translator("hub", "en")) == expected
