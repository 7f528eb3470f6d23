"""What one side writes the other reads as the same event; what nobody wrote is refused and harms nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from exercises.errors import CatalogueError
from lab.engine.protocol import (
    Cancelled,
    Done,
    Event,
    Failed,
    Loading,
    Picture,
    Queued,
    Restarted,
    Step,
    Unreachable,
)
from lab.engine.wire import as_event, as_line
from manifests.draft import Drawn
from manifests.errors import PictureError
from manifests.manifest import Model, Request, Versions
from tests.lab.engine.asking import DEFAULTS

SECONDS = st.floats(0, 1e6)
NUMBERS = st.integers(0, 1000)
PLAIN: st.SearchStrategy[Event] = st.one_of(
    st.builds(Queued, NUMBERS, st.none() | SECONDS),
    st.just(Unreachable()),
    st.just(Restarted()),
    st.builds(Loading, st.text(max_size=20)),
    st.builds(Step, NUMBERS, NUMBERS, SECONDS, SECONDS),
    st.builds(
        Failed, st.text(max_size=20), st.dictionaries(st.text(max_size=9), st.text() | NUMBERS | SECONDS)
    ),
    st.just(Cancelled()),
)


def picture() -> Picture:
    drawn = Drawn(
        request=Request(**DEFAULTS),
        effective_steps=6,
        model=Model(id="mini", repository="genai-lab", revision="1", weights_sha256="ab" * 32),
        versions=Versions(python="3", torch="2", diffusers="0", transformers="5", genai_lab="0"),
        device="cpu",
        dtype="float32",
        seconds=1.5,
        batch_size=4,
        batch_index=2,
    )
    image = Image.radial_gradient("L").convert("RGB").resize((64, 48))
    return Picture(image, drawn, [image.rotate(90), image.rotate(180)])


@given(PLAIN)
def test_an_event_arrives_as_it_was_sent(event: Event) -> None:
    line = as_line(event)
    assert line.endswith(b"\n")
    assert b"\n" not in line[:-1]
    assert as_event(line) == event


def test_a_picture_arrives_with_the_same_pixels_and_facts() -> None:
    sent = picture()
    came = as_event(as_line(Done(sent)))
    assert isinstance(came, Done)
    assert came.picture.drawn == sent.drawn
    assert came.picture.image.tobytes() == sent.image.tobytes()
    assert [frame.tobytes() for frame in came.picture.film] == [frame.tobytes() for frame in sent.film]


def test_a_preview_arrives_nearly_as_it_was() -> None:
    came = as_event(as_line(Step(1, 2, 0.1, 0.1, picture().image)))
    assert isinstance(came, Step)
    assert came.preview
    assert came.preview.size == (64, 48)


def test_an_error_keeps_its_words_in_both_languages() -> None:
    class Known(CatalogueError):
        package = "lab"

    reason = Known("engine.line_full", most=7)
    came = as_event(as_line(Failed("not_saved", {"reason": reason})))
    assert isinstance(came, Failed)
    for language in ("en", "fr"):
        assert reason.in_language(language) in came.text(language)  # type: ignore[arg-type]


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@given(st.binary(max_size=500))
def test_what_is_no_line_is_refused(line: bytes) -> None:
    with pytest.raises((ValueError, PictureError)):
        as_event(line)


@given(
    event=st.sampled_from(("done", "step", "failed", "nonsense")),
    fields=st.dictionaries(st.sampled_from(("image", "drawn", "film", "values", "code", "step")), ANYTHING),
)
def test_a_line_of_wrong_fields_is_an_event_or_refused(event: str, fields: dict[str, Any]) -> None:
    import json

    line = json.dumps({"event": event} | fields).encode()
    try:
        as_event(line)
    except (ValueError, PictureError):
        return
    assert event != "nonsense"
