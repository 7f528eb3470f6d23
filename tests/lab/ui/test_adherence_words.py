"""The opinion in words: whose it is, what was found, and nothing of a manifest becomes markup or an error."""

import pytest

from exercises.i18n import LANGUAGES, Language, translator
from lab.models.mini.vocabulary import vocabulary
from lab.ui.html.adherence import badge, line, summary, table
from manifests.manifest import Adherence, Sought
from tests.manifests.test_chain import CHAIN

OPINION = Adherence(
    judge="mini-judge",
    weights_sha256="0" * 64,
    parts=(
        Sought(kind="object", asked="backpack", probability=0.0004, first="handbag"),
        Sought(kind="color", asked="red", probability=0.9996, first="red"),
        Sought(kind="background", asked="white", probability=0.5, first="white"),
    ),
    found=2,
)


@pytest.mark.parametrize(("language", "words"), [("en", "Machine’s opinion"), ("fr", "Avis de la machine")])
def test_it_says_whose_opinion_it_is_wherever_it_is_told(language: Language, words: str):
    t = translator("lab", language)
    assert all(words in told(t, OPINION) for told in (summary, line, table))


def test_the_table_has_every_part_with_its_probability_and_whether_it_was_found():
    html = table(translator("lab", "en"), OPINION)
    assert html.count("(found)") == 2
    assert html.count("(not found)") == 1
    assert "2 of 3" in html
    for words in ("a backpack", "a handbag", "&lt;\u00a01", "&gt;\u00a099", "50"):
        assert words in html


def test_a_line_names_the_answer_only_where_it_is_another():
    said = line(translator("lab", "en"), OPINION)
    assert said.count("first answer") == 1
    assert "a handbag" in said


def test_a_badge_only_where_there_is_an_opinion():
    t = translator("lab", "en")
    assert badge(t, CHAIN[2]) == "machine 1/2"
    assert badge(t, CHAIN[0]) == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_another_vocabulary_are_shown_as_they_are(language: Language):
    part = Sought(kind="color", asked="ultraviolet", probability=1, first="infra-red")
    strange = Adherence(judge="other", weights_sha256="0" * 64, parts=(part,), found=0)
    for told in (line, table):
        said = told(translator("lab", language), strange)
        assert "ultraviolet" in said
        assert "infra-red" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_the_judge_can_say_fits_a_manifest(language: Language):
    words = vocabulary()
    for token in (*words.objects, *words.colors, *words.backgrounds):
        part = Sought(kind="object", asked=token, probability=1, first=token)
        opinion = Adherence(judge="mini-judge", weights_sha256="0" * 64, parts=(part,), found=1)
        assert ">\u00a099" in line(translator("lab", language), opinion)


def test_a_share_rounded_to_nothing_or_all_is_not_said_to_be_certain():
    for probability, said in (
        (0, "<\u00a01%"),
        (0.0049, "<\u00a01%"),
        (0.006, "1%"),
        (0.994, "99%"),
        (1, ">\u00a099%"),
    ):
        part = Sought(kind="color", asked="red", probability=probability, first="red")
        opinion = Adherence(judge="mini-judge", weights_sha256="0" * 64, parts=(part,), found=1)
        assert line(translator("lab", "en"), opinion).endswith(f"red {said})")
