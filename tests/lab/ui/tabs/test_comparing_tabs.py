"""What the tabs for comparisons, pictures by API and costs show, and what is said while a call goes on."""

from dataclasses import replace

import gradio as gr
import pytest

from exercises.errors import UserError
from exercises.i18n import LANGUAGES, Language, translator
from exercises.kinds.compare import COMPARISON_RUN
from exercises.loader import find_assignment
from lab.engine.protocol import Loading, Restarted, Step
from lab.jobs.analyse import AnswerSaved
from lab.jobs.protocol import Stored
from lab.jobs.running import Running, Task
from lab.providers.protocol import Alert, MovedOn, Piece, Retrying, Tried, Trying, Waiting
from lab.session.lab import Lab
from lab.ui.html import answers as answer_markup
from lab.ui.html import picture as facts
from lab.ui.page import Page
from lab.ui.tabs import costs, details, side_by_side
from lab.ui.tabs.generation import Watch
from manifests.analysis import Analysis, Conclusion
from manifests.manifest import ApiRequest
from tests.grading.api_good import REASON
from tests.grading.good import draft_of, noise
from tests.lab.providers.server import PlayedProvider
from tests.lab.ui.tabs.conftest import bare_page, notes, tab_of, words
from tests.manifests.conftest import ADHERENCE

# --- compare


def test_two_models_are_the_least(full: Lab):
    tab = tab_of(full, "compare")
    two = ["here/mini", "played/model-a"]
    for prompt, names in (
        ("", two),
        ("x" * 2001, two),
        ("a", two[1:]),
        ("a", None),
        ("a", ["here/x", "y/z"]),
    ):
        with pytest.raises(UserError):
            tab._tasks(prompt, names)
    (task,) = tab._tasks("a bag", ["here/mini", "played/model-a"])
    assert task.run_id == "comparison"


def test_a_comparison_stands_side_by_side_with_time_and_cost(full: Lab):
    pictures, told, *_ = tab_of(full, "compare").show()
    assert pictures.count("<figure>") == 2
    for html in (pictures, told):
        assert "mini (this machine)" in html
        assert "mini (bundled)" in html
        assert html.count("Time:") == 2
    assert "Cost: free" in told


def test_words_that_a_model_of_this_machine_will_skip_are_told_before_it_is_asked(lab: Lab):
    tab = tab_of(lab, "compare")
    for here in ("here/mini", "bundled/mini"):
        said = tab._unknown_words("a wobbly red bag", ["played/model-a", here])
        assert said.count("wobbly") == 1
        assert "mini" in said.lower()
    assert tab._unknown_words("a wobbly red bag", ["here/mini", "bundled/mini"]).count("wobbly") == 1
    assert tab._unknown_words("a wobbly red bag", ["played/model-a"]) == ""
    assert tab._unknown_words("a red bag", ["here/mini"]) == ""
    assert tab._unknown_words(None, None) == ""
    assert "<b>" not in tab._unknown_words("<b>wobbly</b>", ["here/mini"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_compared_picture_has_the_machines_opinion_where_there_is_one(lab: Lab, language: Language):
    plan = find_assignment("tp2").planned_runs()[0][1].model_copy(update={"id": COMPARISON_RUN})
    tab = tab_of(lab, "compare", language)
    whose, worth = tab.page.t("adherence.summary", found=1, asked=2), tab.page.t("comparing.opinion")
    lab.store().save(draft_of("compare", plan), noise(1))
    _, html, *_ = tab.show()
    assert whose not in html
    assert worth not in html
    lab.store().save(replace(draft_of("compare", plan), adherence=ADHERENCE), noise(2))
    pictures, html, *_ = tab.show()
    assert pictures.count("<figure>") == 2
    assert html.count(whose) == 1
    assert html.count(worth) == 1
    for part in ADHERENCE.parts:
        assert tab.page.t(f"adherence.{part.kind}") in html


def test_a_conclusion_names_one_of_the_pictures(full: Lab):
    tab = tab_of(full, "compare")
    assert 'role="alert"' in tab._save("product", REASON)
    assert 'role="alert"' in tab._save(None, REASON)
    assert 'role="alert"' in tab._save("comparison", "It is free.")
    assert "alert" not in tab._save("comparison", REASON)
    assert notes(full)[-1] == Conclusion(
        pictures=("comparison", "comparison-2"), chosen="comparison", reason=REASON
    )


# --- studio by API


def test_the_studio_draws_by_api_what_the_form_says(full: Lab, provider: PlayedProvider):
    tab = tab_of(full, "studio")
    form = dict.fromkeys(tab.fields) | {
        "mode": "text2img", "model": "api:played/model-a", "prompt": "a red bag", "seed": 7
    }  # fmt: skip
    (task,) = tab._tasks(*form.values(), None)
    list(task.start().events())
    newest = full.store().newest("studio")
    assert newest
    assert isinstance(newest.manifest.request, ApiRequest)
    assert newest.image_path.read_bytes() == provider.picture
    recalled = dict(zip(tab.fields, tab._recall((newest.stem, 0.0)), strict=False))
    assert (recalled["model"], recalled["prompt"]) == ("api:played/model-a", "a red bag")
    for change in ({"prompt": " "}, {"prompt": "x" * 2001}, {"mode": "img2img"}):
        with pytest.raises(UserError):
            tab._tasks(*(form | change).values(), None)


def test_the_studio_tells_what_mini_will_skip_also_where_a_provider_asks_it(full: Lab):
    tab = tab_of(full, "studio")
    for model in ("mini", "api:bundled/mini"):
        assert "wobbly" in tab._unknown_words("a wobbly bag", model)
    for model in ("sd15", "api:played/model-a", "api:bundled/other"):
        assert tab._unknown_words("a wobbly bag", model) == ""


def test_a_provider_hides_what_it_takes_no_part_in(full: Lab):
    tab = tab_of(full, "studio")
    *_, first, second = tab._choose_model("api:played/model-a")
    assert (first["visible"], second["visible"]) == (False, False)
    *_, first, second = tab._choose_model("mini")
    assert (first["visible"], second["visible"]) == (True, True)
    values = [value for _, value in tab._offer("api:played/model-a")["choices"]]
    assert values[-1] == "api:played/model-a"


# --- while a call is under way, and when it has ended


UNDER_WAY = {
    "waits": Waiting(),
    "asks": Trying("played", "model-a"),
    "asks again": Retrying("played", "model-a", "rate_limited", 2.5),
    "moves on": MovedOn(Tried("openai", "m", "wrong_key")),
    "answers": Piece("A red"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_call_is_doing_is_said_for_each_thing_in_its_own_words(lab: Lab, language: Language):
    with gr.Blocks():
        watch = Watch(lab, Page(lab, language), "analyse", [])
    said = {
        name: watch._progress(Running("analyse", [], event=event), "product")
        for name, event in {**UNDER_WAY, "starts": None}.items()
    }
    assert len(set(said.values())) == len(said)
    assert "model-a" in said["asks"]
    assert "openai" in said["moves on"]
    assert ("2.5" if language == "en" else "2,5") in said["asks again"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_picture_that_is_drawn_anew_says_so_until_it_is_done(lab: Lab, language: Language):
    with gr.Blocks():
        watch = Watch(lab, Page(lab, language), "sweep", [])
    again, other = Task("run-a", lambda: None), Task("run-b", lambda: None)  # type: ignore[arg-type,return-value]
    running = Running("sweep", [again, other], restarted={"run-a"}, under_way=(again, other))
    said = translator("lab", language)("generation.restarted")
    for running.event in (Restarted(), Loading("mini"), Step(3, 10, 1.0, 2.0)):
        assert said in watch._progress(running, "product")
    running.under_way = (other,)
    assert said not in watch._progress(running, "product")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_end_says_who_answered_and_which_budget_is_nearly_used(full: Lab, language: Language):
    answer = next(e for e in full.notebook().entries() if isinstance(e, Analysis))
    stored: list[Stored] = [AnswerSaved(answer, alerts=(Alert("student", 80),)) for _ in range(2)]
    with gr.Blocks():
        watch = Watch(full, Page(full, language), "analyse", [])
    for kept in (stored[:1], stored):
        html = watch._ended(Running("analyse", [], event=kept[-1], stored=kept))
        assert "analyser" in html
        assert html.count("80") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_providers_picture_has_its_facts_and_can_be_laid_beside_another(full: Lab, language: Language):
    page = bare_page(full, language)
    by_api, here = full.store().newest("studio"), full.store().newest("product")
    assert by_api
    assert here
    every = details.all_fields(page, by_api.manifest)
    assert "bundled" in every
    assert page.t("field.cost.origin") in every
    made = facts.made(page.t, by_api.manifest)
    assert page.t("provider.origin.free") in made
    assert "2.5" in made or "2,5" in made
    assert "EulerA" in side_by_side.changes(page, here, by_api)


# --- costs


@pytest.fixture
def spent(full: Lab) -> Lab:
    """Two calls that were paid for."""
    tab = tab_of(full, "analyse")
    for names in (["api-analysis/product"], ["api-analysis/poor"]):
        for task in tab._ask(names, "describe", "", ""):
            list(task.start().events())
    return full


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_spent_is_shown_by_budget_day_call_and_model(spent: Lab, language: Language):
    page = bare_page(spent, language)
    spending, calls, metrics = costs.look(spent, page)
    assert words(spending).count("<tr>") >= 6
    amount = "0.00028" if language == "en" else "0,00028"
    assert amount in words(spending)
    assert words(calls).count("model-a (played)") == 2
    assert "model-a (played)" in words(metrics)
    assert 'class="bar"' in words(metrics)


def test_an_answer_tells_its_source_and_who_was_skipped(full: Lab):
    entry_ = next(e for e in full.notebook().entries() if isinstance(e, Analysis))
    tried = {"provider": "openai", "model": "m", "reason": "wrong_key"}
    answer = Analysis.model_validate(entry_.model_dump() | {"tried": (tried,)})
    said = answer_markup.source(translator("lab", "en"), answer)
    assert "analyser (bundled)" in said
    assert "openai (key not accepted)" in said
