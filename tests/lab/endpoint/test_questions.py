"""How a question is recognised: by the fields of a schema, by a task's name, and else not at all."""

import json
import time
from typing import Any

import pytest

from exercises.i18n import Language
from lab.endpoint.conversation import Conversation, PictureRef, Turn
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.questions import AnalyserReply, language_of, reply
from lab.judge.answers import FIELDS, TASKS
from tests.lab.endpoint.asked import data_url, png

LIMITS = EndpointLimits()
PICTURE = PictureRef(data_url(), "there")


def ask(text: str = "", system: str = "", pictures: int = 1, **form: Any) -> AnalyserReply:
    turns = (Turn("system", system), Turn("user", text, (PICTURE,) * pictures))
    return reply(Conversation(turns, **form), LIMITS, "en")


def schema(*names: str, required: tuple[str, ...] = (), **kinds: Any) -> dict[str, Any]:
    return {
        "form": "schema",
        "schema": {
            "type": "object",
            "properties": {name: {} for name in names} | kinds,
            "required": list(required),
        },
    }


@pytest.mark.parametrize("name", FIELDS)
def test_each_field_can_be_asked_for_by_its_name_alone(name: str):
    said = ask("<prompt>a red box on a white background</prompt>", **schema(name, required=(name,)))
    assert not said.refused
    assert list(json.loads(said.text)) == [name]


def test_fields_it_does_not_know_are_left_out_where_they_may_be():
    assert list(json.loads(ask(**schema("short", "price")).text)) == ["short"]


@pytest.mark.parametrize(
    "form",
    [
        schema("short", "price", required=("price",)),
        schema("price"),
        schema(short={"type": "integer"}),
        schema("missing"),
        {**schema("short"), "pictures": 2},
        {**schema("short"), "pictures": 0},
        {"form": "json", "pictures": 0},
    ],
    ids=["unknown", "only unknown", "of another type", "without the prompt", "two pictures", "none", "json"],
)
def test_what_cannot_be_filled_in_is_refused_and_not_made_up(form: dict[str, Any]):
    said = ask(**form)
    assert said.refused
    assert said.text
    with pytest.raises(json.JSONDecodeError):
        json.loads(said.text)


def test_a_json_object_holds_the_fields_of_the_task():
    assert set(json.loads(ask(form="json").text)) == set(TASKS["describe"])
    said = ask(system="task: quality", form="json")
    assert set(json.loads(said.text)) == set(TASKS["quality"])


@pytest.mark.parametrize(
    ("task", "begins"),
    [
        ("describe", "What I see"),
        ("quality", "Prompt adherence: no score"),
        ("alt_text", "Short:"),
    ],
)
def test_a_task_is_named_in_the_system_message(task: str, begins: str):
    assert ask("whatever", f"You look at pictures.\ntask: {task}\n").text.startswith(begins)


def test_what_is_missing_is_told_of_the_prompt_between_its_marks():
    said = ask("<prompt>a blue box\non a white background</prompt>", "task: missing").text
    assert "Missing: the object in blue" in said  # a round thing is no object it knows
    assert "There: the background in white" in said
    assert ask("a blue box", "task: missing").text.startswith("I cannot say what is missing")


def test_words_that_look_like_a_task_but_are_the_students_are_none():
    assert not ask("task: quality").text.startswith("Prompt adherence")


@pytest.mark.parametrize(
    "question",
    [
        "What colour is the background?",
        "Is it sharp?",
        "Describe it",
        "task: describe",
        "Est-elle floue ?",
        "",
    ],
)
def test_what_a_question_asks_is_not_guessed_from_its_words(question: str):
    answer = ask(question)
    assert not answer.refused
    words = ("I hold no conversation", "Je ne tiens pas de conversation")
    assert answer.text.startswith(words)
    assert all(task in answer.text for task in TASKS)


def test_reading_text_is_a_task_it_says_it_cannot_do():
    assert "I do not read" in ask("Is there any text in it?", "task: text").text


def test_several_pictures_are_numbered():
    said = ask("Both, please", "task: describe", pictures=2).text
    assert said.startswith("Picture 1: What I see")
    assert "Picture 2: What I see" in said


def test_only_pictures_of_the_last_turn_that_has_some_are_looked_at():
    def url(color: str) -> PictureRef:
        return PictureRef(data_url(png(color, "white")), "there")

    turns = (
        Turn("user", "First", (PictureRef("https://example.org/gone.png", "x"), url("blue"))),
        Turn("assistant", "Yes."),
        Turn("user", "And this?", (url("red"),)),
        Turn("user", "Its colour?"),
    )
    said = reply(Conversation((Turn("system", "task: describe"), *turns)), LIMITS, "en")
    assert "red" in said.text
    assert "blue" not in said.text


@pytest.mark.parametrize(
    ("question", "instructions", "language"),
    [
        ("What is in the picture?", "", "en"),
        ("Que voyez-vous dans l’image ?", "", "fr"),
        ("Décris le fond", "", "fr"),
        ("xyzzy", "", "fr"),  # the client's own
        ("What is in the picture?", "language: fr", "fr"),
        ("Que voyez-vous ?", "language: en", "en"),
        ("Que voyez-vous ?", "language: de", "fr"),
    ],
)
def test_the_answers_language_is_told_or_the_questions(question: str, instructions: str, language: Language):
    turns = (Turn("system", instructions), Turn("user", question))
    assert language_of(Conversation(turns), "fr") == language


@pytest.mark.parametrize("text", ["fond ", "<prompt>", "</prompt>", "\n", "task:", " ", "a"])
def test_long_texts_are_read_once(text: str):
    long = text * (2_000_000 // len(text))
    began = time.process_time()
    reply(Conversation((Turn("system", long), Turn("user", long))), LIMITS, "en")
    assert time.process_time() - began < 20  # in proportion to the length; its square would be hours
