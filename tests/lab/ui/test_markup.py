"""What the pages write themselves: every value escaped, states in words, numbers in the page's language."""

from hypothesis import given
from hypothesis import strategies as st

from exercises.i18n import translator
from grading.results import Cause, CheckResult
from lab.ui.html import markup

EN, FR = translator("lab", "en"), translator("lab", "fr")


def check(passed: bool | None, title: str = "picture", **values: object) -> CheckResult:
    return CheckResult(id="a/b/c", title=title, passed=passed, points=1, maximum=2, **values)  # type: ignore[arg-type]


def everything_made_of(text: str) -> list[str]:
    cause = Cause(message=text, expected=text, actual=text)
    return [
        markup.masthead(EN, text, text),
        markup.table([text], [[text, text]], text),
        markup.checklist(EN, [check(False, text, cause=cause)]),
        markup.folded_checklist(EN, [check(True, text), check(None, text), check(False, text)]),
        markup.status(text),
        markup.status(text, bad=True),
        markup.note(text),
        markup.hint(text),
        markup.heading(text),
        markup.title(text),
    ]


@given(st.text(min_size=1, max_size=80))
def test_nothing_of_a_text_becomes_markup(text: str) -> None:
    for page, plain in zip(everything_made_of(text), everything_made_of("x"), strict=True):
        assert page.count("<") == plain.count("<")
        assert page.count('"') == plain.count('"')


def test_a_check_says_its_state_in_words_and_its_cause_only_where_it_matters() -> None:
    cause = Cause(message="Too few.", expected="3", actual="1")
    failed = markup.checklist(EN, [check(False, cause=cause)])
    assert "Not right yet:" in failed
    assert "Too few." in failed
    assert "Expected: 3" in failed
    assert "Found: 1" in failed
    begun = markup.checklist(EN, [check(False, cause=cause, begun=False)])
    assert "Not done yet:" in begun
    assert 'class="to_do"' in begun  # looks otherwise than what is wrong
    passed = markup.checklist(EN, [check(True, cause=cause)])
    assert "Done:" in passed
    assert "Too few." not in passed


def test_what_is_to_do_stands_first_and_unfolded() -> None:
    page = markup.folded_checklist(EN, [check(True, "made"), check(False, "missing"), check(None, "unknown")])
    assert page.index("missing") < page.index("<details>") < page.index("unknown") < page.index("made")


def test_points_follow_the_language() -> None:
    assert "1,5" in markup.points(FR, 1.5, 20)


def test_the_switch_marks_the_page_one_is_on() -> None:
    switch = markup.languages(FR, "/user/jane", "fr", "tp2")
    assert 'href="/user/jane/language/en?assignment=tp2"' in switch
    assert switch.count("aria-current") == 1
    assert switch.index('lang="fr"') < switch.index("aria-current") < switch.index("Français")
