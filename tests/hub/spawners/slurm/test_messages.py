"""Tests of the texts about the cluster that a student reads, in both languages."""

from datetime import datetime, timedelta

import pytest

from exercises.i18n import LANGUAGES, Language, translator
from hub.spawners.slurm import messages
from hub.spawners.slurm.form import duration, gres_label, options_form
from hub.spawners.slurm.settings import SlurmSettings

SETTINGS = SlurmSettings(
    _env_file=None, partitions="gpu,cpu", minutes="60,90,30", memory="8", gres="none,gpu:1,gpu:a100:2,tpu:1"
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_end_of_a_job_is_explained(language: Language) -> None:
    t = translator("hub", language)
    told = {state: messages.end_message(t, state) for state in messages.END_TEXTS}
    assert all(text and "{" not in text for text in told.values())
    assert len(set(told.values())) == len(set(messages.END_TEXTS.values()))
    assert "STRANGE" in messages.end_message(t, "STRANGE"), "a state that Slurm may add later is shown"


def test_the_place_and_the_expected_start_are_told() -> None:
    t = translator("hub", "en")
    soon = datetime.now().replace(hour=14, minute=5)
    assert messages.queue_message(t, 3, None, "None") == (
        "Your lab is number 3 in the queue. The cluster does not say yet when it will start."
    )
    assert messages.queue_message(t, 1, soon, "Resources") == (
        "Your lab is number 1 in the queue, and is expected to start at 14:05. (Slurm: Resources)"
    )
    assert "on " in messages.queue_message(t, 1, soon + timedelta(days=2), "Priority")
    assert "prévu à 14:05" in messages.queue_message(translator("hub", "fr"), 1, soon, "Resources")


def test_choices_are_named_for_readers() -> None:
    t = translator("hub", "fr")
    assert [duration(t, minutes) for minutes in (60, 90, 30)] == ["1 h", "1 h 30 min", "30 min"]
    labels = [gres_label(t, gres) for gres in SETTINGS.gres]
    assert labels == ["Aucune", "Une carte", "2 cartes (a100)", "tpu:1"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_choice_has_its_label_and_its_help(language: Language) -> None:
    html = options_form(SETTINGS, language, "", {})
    assert f'<div lang="{language}">' in html
    for name in ("partition", "gres", "minutes", "memory"):
        assert f'<label class="form-label" for="slurm-{name}">' in html
        assert f'id="slurm-{name}" name="{name}" aria-describedby="slurm-{name}-help"' in html
        assert f'id="slurm-{name}-help"' in html
    assert html.count("<option") == 2 + 4 + 3 + 1
    assert "alert" not in html


def test_the_last_choice_is_chosen_again_and_nothing_is_rendered_as_html() -> None:
    html = options_form(
        SETTINGS, "en", "<script>1</script>", {"gres": "gpu:1", "minutes": 90, "memory": "<b>"}
    )
    assert '<option value="gpu:1" selected>' in html
    assert '<option value="90" selected>' in html
    assert html.count("selected") == 2
    assert "<script>" not in html
    assert '<p class="alert alert-warning" role="status">&lt;script&gt;' in html
