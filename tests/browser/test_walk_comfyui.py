"""All of `comfyui` as a student does it: on the bundled model; then its beginning by a ComfyUI server."""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from exercises.assignment import Assignment
from exercises.kinds import Observe, Quiz
from exercises.loader import find_assignment
from grading.checks.quiz_questions import ask_by_itself, place_asked_about
from grading.class_.grade import grade_class
from grading.results import Grade
from tests.browser.conftest import SIZES, RunningLab, StartLab, in_sight, inside, tab, upload
from tests.grading.prompts_work import ABOUT_COMFYUI
from tests.grading.test_kinds_of_prompts import WORTH

OpenPage = Callable[..., Page]

PROMPT = "two small green turtles on a pink background with a soft shadow"
WHY = (
    "The picture of seed 123 is the one I prefer, because both animals are whole and stand apart; "
    "next I would change the background, which is too close to their colour."
)
CONCLUSION = "Ten more steps cost half as much time again, and I see hardly any difference in either row."


@pytest.fixture(scope="module")
def assignment() -> Assignment:
    return find_assignment("comfyui")


@pytest.fixture
def lab(start_lab: StartLab, tiny_mini: Path) -> RunningLab:
    """A lab whose one assignment this is; its model is small, as many pictures are drawn."""
    return start_lab(GENAI_ASSIGNMENT="comfyui", GENAI_MINI_WEIGHTS=str(tiny_mini))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that `genai-lab comfy` started."""
    command = [sys.executable, "-m", "genai_lab", "comfy", "--port", "0", "--folder", str(tmp_path / "comfy")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:[0-9]+", process.stdout.readline())
        assert address
        yield address[0]
        process.send_signal(signal.SIGINT)


def written(page: Page, box: str, text: str) -> None:
    page.locator(f"{box} textarea").fill(text)
    page.locator(f"{box} textarea").blur()


def observe(page: Page, exercise: Observe) -> None:
    """What was seen beside each picture, and both ways to wait in words."""
    boxes = page.locator(f"#tab-{exercise.id} textarea")
    expect(boxes).to_have_count(len(exercise.pictures) * len(exercise.questions) + len(exercise.conclusions))
    for number in range(boxes.count()):
        boxes.nth(number).fill(
            f"Box {number}: the program sends a request and waits; a bar counts the steps, "
            "and then the picture is there."
        )
    boxes.last.blur()
    expect(page.locator(f"#checks-{exercise.id}")).to_contain_text("for a person to judge")


def answer_the_quiz(page: Page, quiz: Quiz) -> None:
    """Each question by its graph, which is drawn beside it."""
    for number, question in enumerate(quiz.questions, 1):
        page.locator("#question-graph").get_by_label(str(number), exact=True).check()
        expect(page.locator("#ask-graph")).to_contain_text(f"Question {number}:")
        asked = ask_by_itself(question, place_asked_about(question, "jane.doe", "comfyui", "graph"))
        assert asked is not None
        assert question.graph is not None
        expect(page.locator("#stage-graph svg[role=img] rect")).to_have_count(len(question.graph.nodes))
        right = question.graph.node(min(asked.right))
        assert right is not None
        page.locator("#choices-graph").get_by_label(f"{right.kind} ({right.id})").check()
        page.locator("#answer-graph").click()
        expect(page.locator("#told-graph")).to_contain_text("Right, at try 1")


def grade(work: Path, out: Path, assignment: Assignment) -> Grade:
    submissions = out / "submissions"
    shutil.copytree(work / assignment.id, submissions / "jane.doe" / assignment.id)
    return next(iter(grade_class(submissions, assignment, out / "grades")))


@pytest.mark.timeout(1500)
def test_the_whole_assignment_with_nothing_installed(
    lab: RunningLab, open_page: OpenPage, assignment: Assignment, tmp_path: Path
) -> None:
    page = open_page(lab.page(), viewport=SIZES["laptop"])
    tab(page, "Set-up")
    in_sight(page, "setup", "2 pictures done")

    tab(page, "Waiting")
    waiting = assignment.exercise("waiting")
    assert isinstance(waiting, Observe)
    observe(page, waiting)

    tab(page, "The graph")
    quiz = assignment.exercise("graph")
    assert isinstance(quiz, Quiz)
    expect(page.locator("#stage-graph svg[role=img]")).to_be_visible()
    assert inside(page, "#stage-graph svg[role=img]")
    answer_the_quiz(page, quiz)
    page.locator("#stage-graph summary").click()
    expect(page.locator("#stage-graph ol")).to_contain_text("latent_image comes from VAEEncode (3)")

    tab(page, "Steps, guidance")
    in_sight(page, "parameters", "7 pictures done")

    tab(page, "Edit")
    upload(page, "edit", lab.work / "comfyui" / "outputs" / "first.png")
    expect(page.locator("#photo-edit")).to_be_visible()
    in_sight(page, "edit", "3 pictures done")

    tab(page, "Trouble")
    in_sight(page, "trouble", "3 pictures done")
    page.locator("#chosen-trouble").get_by_label("safe").check()
    expect(page.locator("#facts-trouble")).to_contain_text("192 × 192")

    tab(page, "Table")
    in_sight(page, "table", "4 pictures done")
    edges = page.locator("#stage-table .shown")
    assert edges.locator(".down").all_text_contents() == ["bicycle", "fish"]
    written(page, "#text-table", CONCLUSION)

    tab(page, "Your own")
    page.locator("#prompt-own textarea").fill(PROMPT)
    page.locator("#negative_prompt-own textarea, #negative_prompt-own input").first.fill(
        "red, black background"
    )
    in_sight(page, "own", "3 pictures done")
    page.locator("#best-own").get_by_label("seed 123").check()
    written(page, "#text-own", WHY)

    tab(page, "Reflection")
    written(page, "#reflection", ABOUT_COMFYUI)
    expect(page.locator("#reflection-saved")).not_to_be_empty()

    tab(page, "Hand in")
    page.locator("#hand-in").click()
    expect(page.locator("#hand-in-status")).to_contain_text(".zip")

    graded = grade(lab.work, tmp_path, assignment)
    assert graded.gradable
    assert [(c.id, c.cause) for c in graded.checks if c.status in ("failed", "unchecked")] == []
    assert {c.id.split("/")[0] for c in graded.checks if c.status == "to_do"} == {"studio"}
    earned, to_judge, on_top = WORTH["comfyui"]
    assert (graded.points, graded.open) == (round(earned - on_top, 2), to_judge)  # without the studio


@pytest.mark.timeout(900)
def test_its_pictures_are_made_by_a_comfyui_server_given_by_its_address(
    server: str, start_lab: StartLab, open_page: OpenPage, assignment: Assignment, tmp_path: Path
) -> None:
    lab = start_lab(GENAI_ASSIGNMENT="comfyui", COMFYUI_API_URL=server, GENAI_MODEL="comfy:mini.safetensors")
    page = open_page(lab.page(), viewport=SIZES["laptop"])
    tab(page, "Set-up")
    in_sight(page, "setup", "2 pictures done")
    page.locator("#chosen-setup").get_by_label("first").check()
    page.get_by_role("tabpanel").get_by_role("button", name="Workflow").click()
    drawn = page.locator("#workflow-setup svg[role=img]")
    expect(drawn).to_contain_text("mini.safetensors")
    expect(drawn).to_contain_text("steps: 20")

    tab(page, "Trouble")
    in_sight(page, "trouble", "3 pictures done")

    tab(page, "Further")
    saved = max((tmp_path / "comfy").rglob("genai-lab_*.png"))
    upload(page, "reader", saved)
    expect(page.locator("#reader-found")).to_contain_text("Made with ComfyUI.")
    expect(page.locator("#reader-found svg[role=img]")).to_contain_text("KSampler")
    page.locator("#reader-take").click()
    expect(page.locator("#studio-prompt textarea")).to_have_value(re.compile("green bicycle"))

    graded = grade(lab.work, tmp_path, assignment)
    made = [c for c in graded.checks if c.id.split("/")[0] in ("setup", "trouble")]
    assert len(made) == 20
    # Whoever grades has no such model: a person decides, and nothing of it is found wrong.
    assert [(c.id, c.cause) for c in made if c.status != "open"] == []
    assert graded.open >= 3.5
