"""A person gets their own language: the one they set, else the locale's, else English."""

import errno
import os

import pytest

from exercises.errors import CatalogueError, SystemReason, UserError
from exercises.i18n import (
    catalogue,
    labelled,
    listed,
    money,
    nearest_language,
    number,
    points,
    preferred_language,
    translator,
)
from exercises.settings import ExerciseSettings


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("fr", "fr"),
        ("fr_FR.UTF-8", "fr"),
        ("fr-CA", "fr"),
        ("FR", "fr"),
        ("de_DE", "en"),
        ("C", "en"),
        (None, "en"),
    ],
)
def test_the_nearest_language_of_a_locale(name: str | None, language: str):
    assert nearest_language(name) == language


@pytest.fixture
def locale(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_a_setting_goes_before_the_locale(locale: pytest.MonkeyPatch):
    assert preferred_language() == "en"
    locale.setenv("LANG", "fr_FR.UTF-8")
    assert preferred_language() == "fr"
    locale.setenv("GENAI_LANGUAGE", "en")
    assert preferred_language() == "en"
    assert ExerciseSettings().language == "en"


def test_a_language_that_is_not_spoken_here_becomes_english(locale: pytest.MonkeyPatch):
    locale.setenv("GENAI_LANGUAGE", "de")
    assert ExerciseSettings().language == "en"


def test_values_are_filled_in():
    t = translator("exercises", "fr")
    assert t("error.line", line=3) == "ligne 3"
    assert "error.line" in catalogue("exercises", "en")
    with pytest.raises(KeyError):
        t("no.such.key")


def test_an_error_has_a_wording_per_language(locale: pytest.MonkeyPatch):
    class SomeError(CatalogueError):
        package = "exercises"

    error = SomeError("error.line", line=3)
    assert isinstance(error, UserError)
    assert (error.in_language("en"), error.in_language("fr"), str(error)) == ("line 3", "ligne 3", "line 3")
    locale.setenv("GENAI_LANGUAGE", "fr")
    assert str(error) == "ligne 3"
    assert UserError("plain").in_language("fr") == "plain"


@pytest.mark.parametrize(
    "name", [key.removeprefix("system.") for key in catalogue("exercises", "en") if key.startswith("system.")]
)
def test_what_the_system_calls_an_error_is_said_in_both_languages(name: str) -> None:
    number = getattr(errno, name)
    reason = SystemReason(OSError(number, os.strerror(number)))
    assert reason.in_language("en") == os.strerror(number)
    assert reason.in_language("fr") != reason.in_language("en")


@pytest.mark.parametrize(
    ("error", "words"),
    [(OSError(errno.EXFULL, "Exchange full"), "Exchange full"), (TimeoutError(), "TimeoutError")],
)
def test_an_error_of_the_system_that_has_no_words_here_keeps_its_own(error: OSError, words: str) -> None:
    assert SystemReason(error).in_language("fr") == words


def test_a_value_with_words_of_its_own_is_said_in_the_texts_language() -> None:
    reason = SystemReason(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))
    said = translator("exercises", "fr")("expected.readable", reason=reason)
    assert "ni fichier ni dossier" in said
    assert "No such file" in translator("exercises", "en")("expected.readable", reason=reason)


def test_numbers_follow_the_language() -> None:
    assert number(7.5, "en") == "7.5"
    assert number(7.5, "fr") == "7,5"
    assert number(12.0, "fr") == "12"
    assert number(0.1 + 0.2, "en") == "0.3"


def test_points_have_two_decimals_at_most() -> None:
    assert points(11.254, "fr") == "11,25"
    assert points(20.0, "en") == "20"


def test_money_has_at_least_two_decimals_and_at_most_six() -> None:
    assert money(0.25, "USD", "en") == "0.25\u00a0USD"
    assert money(3, "EUR", "fr") == "3,00\u00a0EUR"
    assert money(0.000012, "USD", "en") == "0.000012\u00a0USD"


def test_a_colon_and_a_semicolon_are_those_of_the_language() -> None:
    assert labelled("Expected", 3, "en") == "Expected: 3"
    assert labelled("Attendu", 3, "fr") == "Attendu\u00a0: 3"
    assert (listed(["a", "b"], "en"), listed(["a", "b"], "fr")) == ("a; b", "a\u00a0; b")
