"""A question goes out as it should, and its answer is in the notebook before anybody sees it."""

import base64
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exercises.errors import UserError
from exercises.i18n import LANGUAGES
from lab.engine.protocol import Cancelled
from lab.jobs.analyse import AnalysisError, AnswerSaved, ModelSelection, Question, QuestionJob
from lab.providers.errors import AllFailed, ProviderError
from lab.providers.protocol import MovedOn, Trying
from lab.providers.router import Router
from manifests.analysis import Analysis
from manifests.notebook import Notebook
from manifests.store import Record, Store
from tests.grading.api_good import api_draft, file_of
from tests.lab.providers.conftest import entry, playing, route
from tests.lab.providers.server import PlayedProvider

__all__ = ["playing", "route"]

KEY = "sk-planted-0123456789abcdef"
PROMPT = "a <b>red</b> backpack"


@pytest.fixture
def picture(tmp_path: Path) -> Record:
    store = Store(tmp_path / "work", "api-analysis", "ada")
    return store.save(api_draft("studio", "studio", PROMPT), file_of(1))


@pytest.fixture
def notebook(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path / "work", "api-analysis", "ada")


@pytest.fixture
def provider(playing: Callable[..., PlayedProvider]) -> PlayedProvider:
    return playing(KEY)


@pytest.fixture
def router(route: Callable[..., Router], provider: PlayedProvider) -> Router:
    return route(entry("played", provider.url, key="A_KEY"), environment={"A_KEY": KEY})


ANY_MODEL = ModelSelection()


def asked(
    notebook: Notebook, router: Router, question: Question, selection: ModelSelection = ANY_MODEL
) -> Analysis:
    *_, last = QuestionJob(notebook, router, "analyse", question, selection).events()
    assert isinstance(last, AnswerSaved)
    return last.analysis


def sent(provider: PlayedProvider) -> dict[str, Any]:
    body: dict[str, Any] = provider.calls()[-1].json()
    return body


def test_the_answer_is_written_down_with_who_gave_it_and_what_it_cost(
    notebook: Notebook, router: Router, picture: Record
):
    answer = asked(notebook, router, Question("describe", "en", picture))
    assert notebook.entries() == [answer]
    assert (answer.provider, answer.model, answer.answered.text) == (
        "played",
        "model-a",
        "A red backpack on white.",
    )
    assert answer.asked.images[0].sha256 == picture.manifest.image.sha256
    assert answer.cost.origin == "price list"
    assert answer.cost.amount == pytest.approx((100 * 1 + 20 * 2) / 1e6)
    assert answer.cost.usage == {"input_tokens": 100, "output_tokens": 20}


def test_the_picture_goes_out_byte_for_byte_with_task_and_language(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record
):
    asked(notebook, router, Question("describe", "fr", picture))
    system, user = sent(provider)["messages"]
    assert "task: describe" in system["content"].splitlines()
    assert "language: fr" in system["content"].splitlines()
    (image,) = [part["image_url"]["url"] for part in user["content"] if part["type"] == "image_url"]
    assert base64.b64decode(image.removeprefix("data:image/png;base64,")) == picture.image_path.read_bytes()


def test_neither_key_nor_address_is_written_down(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record
):
    asked(notebook, router, Question("describe", "en", picture))
    provider.always("401")
    with pytest.raises(UserError) as caught:
        asked(notebook, router, Question("describe", "en", picture))
    written = b"".join(path.read_bytes() for path in notebook.folder.rglob("*") if path.is_file())
    assert b"0123456789abcdef" not in written
    assert provider.url.encode() not in written
    assert all("0123456789abcdef" not in caught.value.in_language(language) for language in LANGUAGES)


@pytest.mark.parametrize("task", ["missing", "quality"])
def test_what_is_compared_with_the_prompt_is_sent_the_prompt(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record, task: Any
):
    with pytest.raises(ProviderError):  # the played answer is of another type
        asked(notebook, router, Question(task, "en", picture))
    body = sent(provider)
    assert f"<prompt>{PROMPT}</prompt>" in body["messages"][-1]["content"][0]["text"]
    assert body["response_format"]["type"] == "json_schema"
    assert notebook.entries() == []


def test_a_draft_is_asked_for_with_purpose_and_use(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record
):
    question = Question("alt_text", "en", picture, purpose="complex", use="page of a shop")
    with pytest.raises(ProviderError):
        asked(notebook, router, question)
    text = sent(provider)["messages"][-1]["content"][0]["text"]
    assert "complex" in text
    assert "page of a shop" in text


def test_a_follow_up_carries_picture_and_words_so_far(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record
):
    first = asked(notebook, router, Question("describe", "en", picture))
    second = asked(notebook, router, Question("question", "en", picture, "Is it old?", follows=first))
    third = asked(notebook, router, Question("question", "en", picture, "And new?", follows=second))
    assert (third.asked.follows, third.asked.text) == (second.sequence, "And new?")
    roles = [message["role"] for message in sent(provider)["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    texts = json.dumps(sent(provider)["messages"])
    assert texts.count("data:image/png;base64,") == 1
    assert "Is it old?" in texts


def test_who_was_asked_before_and_why_is_told_and_written_down(
    notebook: Notebook, route: Callable[..., Router], playing: Callable[..., PlayedProvider], picture: Record
):
    tired, willing = playing(), playing()
    tired.always("402")
    router = route(entry("tired", tired.url), entry("willing", willing.url))
    events = list(QuestionJob(notebook, router, "analyse", Question("describe", "en", picture)).events())
    assert [type(event) for event in events if isinstance(event, Trying | MovedOn)] == [
        Trying,
        MovedOn,
        Trying,
    ]
    (answer,) = notebook.entries()
    assert isinstance(answer, Analysis)
    assert answer.provider == "willing"
    assert [(t.provider, t.model, t.reason) for t in answer.tried] == [
        ("tired", "model-a", "quota_exhausted")
    ]


def test_a_wish_is_kept_and_nobody_else_is_asked(
    notebook: Notebook, route: Callable[..., Router], playing: Callable[..., PlayedProvider], picture: Record
):
    tired, willing = playing(), playing()
    tired.always("402")
    router = route(entry("tired", tired.url), entry("willing", willing.url))
    with pytest.raises(ProviderError):
        asked(notebook, router, Question("describe", "en", picture), ModelSelection("tired", "model-a"))
    assert willing.calls() == []
    assert notebook.entries() == []


def test_where_nobody_answers_nothing_is_written_and_every_reason_is_said(
    notebook: Notebook, route: Callable[..., Router], playing: Callable[..., PlayedProvider], picture: Record
):
    one, other = playing(), playing()
    one.always("402")
    other.always("401")
    router = route(entry("one", one.url), entry("other", other.url))
    with pytest.raises(AllFailed) as caught:
        asked(notebook, router, Question("describe", "en", picture))
    for language in LANGUAGES:
        assert "one" in caught.value.in_language(language)
        assert "other" in caught.value.in_language(language)
    assert notebook.entries() == []


def test_stop_ends_a_call_that_hangs_and_writes_nothing(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record
):
    provider.always("hang")
    asking = QuestionJob(notebook, router, "analyse", Question("describe", "en", picture))
    events = []
    for event in asking.events():
        events.append(event)
        if isinstance(event, Trying):
            threading.Timer(0.1, asking.cancel).start()
    assert isinstance(events[-1], Cancelled)
    assert notebook.entries() == []


def test_a_file_that_is_not_the_recorded_one_is_not_sent(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record
):
    picture.image_path.write_bytes(file_of(2))
    with pytest.raises(AnalysisError):
        asked(notebook, router, Question("describe", "en", picture))
    assert provider.calls() == []


def test_an_empty_question_is_not_sent(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record
):
    with pytest.raises(AnalysisError):
        asked(notebook, router, Question("question", "en", picture, "  "))
    assert provider.calls() == []


def test_an_answer_with_half_a_character_is_written_down(
    notebook: Notebook, router: Router, provider: PlayedProvider, picture: Record
):
    provider.pieces = ["A red \ud83d bag, ", "x" * 30_000]
    answer = asked(notebook, router, Question("describe", "en", picture))
    assert answer.answered.text.startswith("A red")
    assert len(answer.answered.text) == 20_000
    assert notebook.entries() == [answer]
