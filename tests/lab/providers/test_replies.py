"""What a provider sends is untrusted: whatever it is, it becomes a reply or a named error."""

import base64
import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from exercises.i18n import LANGUAGES
from lab.providers.errors import MalformedAnswer, ProviderError
from lab.providers.failures import by_status
from lab.providers.protocol import Call, Message
from lab.providers.replies import json_of, plain, read_chat, read_pictures, read_usage
from tests.lab.providers.server import png

LOOK = Call("vision", messages=(Message("user", "?"),))
DRAW = Call("image", prompt="?")

NAMES = ["choices", "message", "content", "refusal", "images", "image_url", "url", "finish_reason", "usage"]
NAMES += ["data", "b64_json", "prompt_tokens", "cost", "error", "type", "text"]
VALUES = [
    "data:image/png;base64,",
    "data:image/png;base64," + base64.b64encode(png(1)).decode(),
    "length",
    "stop",
]

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=25,
)
chats = st.fixed_dictionaries(
    {
        "choices": st.lists(
            st.fixed_dictionaries({"message": documents, "finish_reason": documents}), max_size=2
        )
    }
)


@given(document=documents | chats)
def test_any_chat_is_read_or_named(document: object):
    for call in (LOOK, DRAW):
        reply = read_chat(document, call)
        assert reply.error or reply.text or reply.pictures


@given(document=documents)
def test_any_pictures_are_read_or_named(document: object):
    reply = read_pictures(document)
    assert reply.error or reply.pictures


@given(data=st.binary(max_size=100) | documents.map(lambda d: json.dumps(d).encode()))
def test_any_bytes_are_json_or_named(data: bytes):
    with suppress(MalformedAnswer):
        json_of(data, 1000)


@given(document=documents)
def test_usage_is_what_makes_sense_or_nothing(document: object):
    usage, cost = read_usage({"usage": document})
    assert all(count is None or count >= 0 for count in (usage.input_tokens, usage.output_tokens))
    assert cost is None or 0 <= cost <= 1_000_000


@given(status=st.integers(100, 599), body=documents, code=st.text(max_size=20))
def test_any_status_has_words(status: int, body: object, code: str):
    for each in (body, {"message": body, "code": code, "metadata": body}):
        error: ProviderError = by_status(status, each, {})
        assert all(error.at("one", "m").in_language(language) for language in LANGUAGES)


@given(text=st.text(max_size=500), secret=st.text("abcdef", min_size=8, max_size=20))
def test_a_providers_words_are_one_short_line_without_the_key(text: str, secret: str):
    words = plain(f"{text}{secret}{text}", [secret])
    assert secret not in words
    assert len(words) <= 200
    assert words.isprintable()
