"""What is asked of the analyser, and what it answers. It does not understand language; the rules are these.

1. A schema says by its fields' names what is wanted (`lab.judge.answers.FIELDS`): each is filled in, or
   the answer is a refusal that names those it does not have.
2. Else a line `task: describe|quality|missing|text|alt_text|improve` in the system message says it, as
   `language: en|fr` says the answer's language.
3. Else, and without a picture, it declines and says which tasks there are.

The prompt of a picture, where it matters, is what stands between `<prompt>` and `</prompt>`.
"""

import json
import re
from dataclasses import dataclass
from typing import get_args

from exercises.i18n import LANGUAGES, Language, Translator, translator
from lab.endpoint.conversation import Conversation
from lab.endpoint.errors import ApiError
from lab.endpoint.limits import EndpointLimits
from lab.endpoint.pictures import data_url_bytes, picture_of
from lab.endpoint.schemas import BadSchema, check_schema, misfit, names_asked
from lab.endpoint.usage import picture_tokens, text_tokens
from lab.judge.analyse import analyse
from lab.judge.answers import FIELDS as KNOWN
from lab.judge.answers import TASKS, NoPrompt, Task, fields, text
from lab.judge.wording import Look
from lab.models.mini.vocabulary import vocabulary

_FRENCH = """
le la les un une des du de et est que qui quoi quel quelle quels quelles dans sur il elle ce cette ces je tu
vous nous mon ma mes votre vos pas plus avec pour par au aux où y en bonjour merci couleur fond
"""
_ENGLISH = """
the a an of and is are what which who where how in it this that these i you we my your not with for by to from
do does can please hello thanks picture colour color background
"""
FRENCH, ENGLISH = frozenset(_FRENCH.split()), frozenset(_ENGLISH.split())


@dataclass(frozen=True)
class AnalyserReply:
    """`refused`: the text says why there is no answer. Tokens as `lab.endpoint.usage` counts them."""

    text: str
    refused: bool
    input_tokens: int


class _Declined(Exception):
    """Carries the words."""


def reply(conversation: Conversation, limits: EndpointLimits, language: Language) -> AnalyserReply:
    """The analyser's answer. Takes the time of looking at the pictures. Raises ApiError.

    `language` is spoken where the conversation does not show one.
    """
    language = language_of(conversation, language)
    t = translator("lab", language)
    if conversation.schema is not None:
        try:
            check_schema(conversation.schema)
        except BadSchema as error:
            raise _unread(conversation, error) from error
    looks = _looks(conversation, limits, language)
    read = sum(text_tokens(turn.text) for turn in conversation.turns)
    read += sum(picture_tokens(look.findings.width, look.findings.height) for look in looks)
    try:
        return AnalyserReply(_answered(conversation, looks, t), refused=False, input_tokens=read)
    except _Declined as declined:
        return AnalyserReply(str(declined), refused=conversation.form != "text", input_tokens=read)


def language_of(conversation: Conversation, otherwise: Language) -> Language:
    """That of the line `language:`, else the one the question has more words of."""
    wanted = _line("language", conversation.instructions)
    if wanted in LANGUAGES:
        return wanted  # type: ignore[return-value]
    words = re.findall(r"[^\W\d_]+", conversation.question.lower()[:5000])
    french, english = (sum(word in known for word in words) for known in (FRENCH, ENGLISH))
    if french == english:
        return otherwise
    return "fr" if french > english else "en"


def _looks(conversation: Conversation, limits: EndpointLimits, language: Language) -> list[Look]:
    if len(conversation.pictures) > limits.pictures:
        raise ApiError(400, "too_many_pictures", param=conversation.pictures[0].param, most=limits.pictures)
    looks = []
    for sent in conversation.pictures:
        picture = picture_of(data_url_bytes(sent.url, limits, sent.param), limits, sent.param)
        looks.append(Look(analyse(picture), language, conversation.prompt))
    return looks


def _answered(conversation: Conversation, looks: list[Look], t: Translator) -> str:
    """The answer's text. Raises _Declined, and ApiError for a schema that cannot be read."""
    if not looks:
        raise _Declined(t("analyser.decline", objects=len(vocabulary().objects)))
    try:
        if conversation.form == "text":
            return _in_words(conversation, looks, t)
        if len(looks) > 1:
            raise _Declined(t("analyser.decline_several", count=len(looks)))
        return json.dumps(_in_fields(conversation, looks[0], t), ensure_ascii=False)
    except NoPrompt:
        raise _Declined(t("analyser.decline_prompt")) from None
    except BadSchema as error:
        raise _unread(conversation, error) from error


def _in_words(conversation: Conversation, looks: list[Look], t: Translator) -> str:
    """The task's answer for each picture. Raises _Declined where no task is named."""
    task = _task(conversation)
    if task is None:
        raise _Declined(
            t("analyser.decline_question", objects=len(vocabulary().objects), tasks=", ".join(TASKS))
        )
    said = [text(look, task) for look in looks]
    if len(said) > 1:
        said = [f"{t('analyser.picture', number=i)} {each}" for i, each in enumerate(said, start=1)]
    return "\n\n".join(said)


def _in_fields(conversation: Conversation, look: Look, t: Translator) -> dict[str, object]:
    """The JSON object asked for. Raises _Declined, NoPrompt, BadSchema."""
    if conversation.schema is None:
        return fields(look, TASKS[_task(conversation) or "describe"])
    names, required = names_asked(conversation.schema)
    unknown = [name for name in names if name not in KNOWN]
    if any(name in required for name in unknown) or len(unknown) == len(names):
        raise _Declined(t("analyser.decline_fields", fields=", ".join(name[:60] for name in unknown[:10])))
    values = fields(look, [name for name in names if name in KNOWN])
    where = misfit(values, conversation.schema)
    if where is not None:
        raise _Declined(t("analyser.decline_shape", reason=where))
    return values


def _task(conversation: Conversation) -> Task | None:
    wanted = _line("task", conversation.instructions)
    if wanted is None:
        return None
    if wanted not in get_args(Task):
        raise ApiError(400, "unknown_task", task=wanted[:40], tasks=", ".join(get_args(Task)))
    return wanted  # type: ignore[return-value]


def _line(name: str, instructions: str) -> str | None:
    """The value of a line `name: value` of the system message."""
    found = re.search(rf"^[ \t]*{name}:[ \t]*([a-z_]+)[ \t\r]*$", instructions, re.MULTILINE)
    return found.group(1) if found else None


def _unread(conversation: Conversation, error: BadSchema) -> ApiError:
    return ApiError(400, "bad_schema", param=conversation.param, reason=error)
