"""What an author may write of kind `outlines`: runs that differ in how much outlines lead, and no prompts."""

import pytest

from exercises.kinds import Outlines
from exercises.loader import ExerciseError, load_assignment
from tests.exercises.conftest import WriteAssignment, write_texts

TOML = """
points = 2
title = { en = "Led", fr = "Guidée" }
[parameters]
prompt = "a bag"
[[exercises]]
id = "led"
kind = "outlines"
points = 2
title = { en = "Led", fr = "Guidée" }
[exercises.runs]
fully = { control_scale = 1.0 }
free = { control_scale = 0.0 }
"""


def test_the_runs_have_mode_control_and_no_prompt(write_assignment: WriteAssignment) -> None:
    folder = write_assignment(TOML)
    write_texts(folder, "led")
    led = load_assignment(folder).exercise("led")
    assert isinstance(led, Outlines)
    assert [(r.parameters.mode, r.parameters.prompt, r.parameters.control_scale) for r in led.runs] == [
        ("control", "", 1.0),
        ("control", "", 0.0),
    ]
    assert [run.id for run in led.least_and_most] == ["free", "fully"]


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("free = { control_scale = 0.0 }", "free = { steps = 9 }", "exercises[1].runs.free"),
        ("free = { control_scale = 0.0 }", "free = { control_scale = 3.0 }", "control_scale"),
        ("free = { control_scale = 0.0 }", "", "exercises[1].runs"),
        (
            '[parameters]\nprompt = "a bag"',
            '[parameters]\nprompt = "a"\nstrength = 0.5',
            "parameters.strength",
        ),
        ("points = 2\ntitle", 'points = 2\nparameters = { prompt = "x" }\ntitle', "parameters.prompt"),
        ('kind = "outlines"', 'kind = "generate"', "control_scale"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    write_assignment: WriteAssignment, before: str, after: str, field: str
) -> None:
    place = TOML.rfind(before)
    assert place >= 0
    folder = write_assignment(TOML[:place] + after + TOML[place + len(before) :])
    write_texts(folder, "led")
    with pytest.raises(ExerciseError) as caught:
        load_assignment(folder)
    assert field in (caught.value.field or "") or any(field in (e.field or "") for e in caught.value.others)
