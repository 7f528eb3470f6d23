"""The graphs that the assignment `comfyui` asks about are those that the lab sends."""

import json

import pytest

from exercises.loader import find_assignment
from lab.models.comfyui.workflows import built_in


@pytest.mark.parametrize("mode", ["text2img", "img2img"])
def test_the_quiz_is_about_the_workflow_that_the_lab_sends(mode: str) -> None:
    asked = json.loads((find_assignment("comfyui").folder / f"{mode}.json").read_text())
    workflow = next(each for each in built_in() if each.id == "checkpoint")
    assert asked == workflow.graphs[mode]  # type: ignore[index]
