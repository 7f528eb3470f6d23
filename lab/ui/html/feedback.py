"""Feedback as HTML: points and causes by exercise, a person's words beside what they are about."""

from collections.abc import Callable

from markupsafe import Markup

from exercises.i18n import Language, Translator, number
from grading.feedback.document import ExerciseFeedback, Feedback, LookAgain, OwnFeedback, Remark
from lab.ui.html import markup

PictureUrl = Callable[[str], str | None]  # by the SHA-256 of its file: where the browser finds the picture


def page(t: Translator, language: Language, own: OwnFeedback, picture_url: PictureUrl) -> Markup:
    """All of it."""
    told = own.feedback
    asked = {each.exercise: each for each in own.requests}
    parts = Markup("").join(
        exercise(t, language, each, picture_url, asked.get(each.id)) for each in told.exercises
    )
    return summary(t, told) + parts


def summary(t: Translator, told: Feedback) -> Markup:
    """The points, the sum in one line, and since when it is there; or why it could not be graded."""
    if not told.gradable:
        reasons = Markup("").join(Markup("<li>{}</li>").format(reason) for reason in told.reasons)
        return Markup("<p><strong>{}</strong></p><ul>{}</ul>").format(t("feedback.not_gradable"), reasons)
    points = t(
        "check.points", points=number(told.total, t.language), maximum=number(told.maximum, t.language)
    )
    return Markup('<p class="feedback-points"><strong>{}</strong></p><p>{}</p><p>{} {}</p>').format(
        points, told.explained, t("feedback.since"), markup.local_time(told.time)
    )


def exercise(
    t: Translator,
    language: Language,
    told: ExerciseFeedback,
    picture_url: PictureUrl,
    asked: LookAgain | None,
) -> Markup:
    """One exercise, folded open where somebody wrote something."""
    words = Markup("").join(_remark(t, remark, picture_url) for remark in told.remarks)
    reasons = [
        (check, words)
        for check in told.checks
        for words in (*check.items, *filter(None, [told.reasons.get(check.id)]))
    ]
    words += Markup("").join(
        Markup('<li class="remark"><p><strong>{}</strong></p><p>{}</p></li>').format(check.title, said)
        for check, said in reasons
    )
    if words:
        words = Markup('<ul class="remarks">{}</ul>').format(words)
    answer = told.answer.get(language, "")
    points = t(
        "check.points", points=number(told.points, t.language), maximum=number(told.maximum, t.language)
    )
    if told.open:
        points += " " + t("start.to_be_read", points=number(told.open, t.language))
    return Markup(
        '<details class="feedback"{}><summary>{} <span class="worth">{}</span></summary>{}{}{}{}</details>'
    ).format(
        Markup(" open") if words or asked else "",
        told.title.get(language) or told.id,
        points,
        words,
        markup.folded_checklist(t, told.checks),
        Markup('<h4>{}</h4><div class="said">{}</div>').format(t("feedback.answer"), answer)
        if answer
        else "",
        _request(t, asked) if asked else "",
    )


def _remark(t: Translator, remark: Remark, picture_url: PictureUrl) -> Markup:
    """A person's words, below the passage or the picture that they are about."""
    about = Markup("")
    if remark.quote:
        about = Markup("<blockquote>{}</blockquote>").format(remark.quote)
    elif remark.picture:
        about = _spot(t, remark, picture_url(remark.picture))
    return Markup('<li class="remark">{}<p>{}</p></li>').format(about, remark.text)


def _spot(t: Translator, remark: Remark, url: str | None) -> Markup:
    """The picture with a ring around the place."""
    if url is None:
        return Markup("<p>{}</p>").format(t("feedback.picture_gone"))
    words = t("feedback.place", across=round(100 * remark.x), down=round(100 * remark.y))
    return Markup(
        '<svg class="spot" viewBox="0 0 100 100" role="img" aria-label="{words}">'
        '<image href="{url}" width="100" height="100"/>'
        '<circle cx="{x}" cy="{y}" r="6"/><circle class="inner" cx="{x}" cy="{y}" r="6"/></svg>'
    ).format(words=words, url=url, x=round(100 * remark.x, 1), y=round(100 * remark.y, 1))


def _request(t: Translator, asked: LookAgain) -> Markup:
    """What was asked to be looked at again, and what came of it."""
    answer = (
        Markup("<p><strong>{}</strong></p><p>{}</p>").format(t("feedback.answered"), asked.answer)
        if asked.answer
        else Markup("<p>{}</p>").format(t("feedback.waits"))
    )
    return Markup(
        '<div class="look-again"><p><strong>{}</strong></p><blockquote>{}</blockquote>{}</div>'
    ).format(t("feedback.you_asked"), asked.reason, answer)
