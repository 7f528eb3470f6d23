"""The official client works against the endpoint: sync and async, streaming and not, texts and pictures."""

import asyncio
import base64
import io
from typing import Any

import pytest
from openai import AsyncOpenAI, BadRequestError, LengthFinishReasonError
from PIL import Image
from pydantic import BaseModel

from lab.endpoint.server import Loopback
from lab.judge.answers import AltText, Description, Missing, Quality
from manifests.pictures import open_picture, xmp_of
from manifests.xmp import read
from tests.lab.endpoint.asked import chat, data_url, items, png

QUICK: dict[str, Any] = {"seed": 7, "steps": 2}
PROMPT = "a red backpack on a gray background"


def image(b64: str | None) -> Image.Image:
    assert b64
    return open_picture(base64.b64decode(b64))


def term(b64: str | None) -> str:
    """What the picture declares of its origin."""
    return read(xmp_of(base64.b64decode(b64 or ""))).source_type


class Telephone(BaseModel):
    """What nobody here can tell."""

    owner: str
    number: int


def test_models_are_listed_and_one_can_be_looked_at(client: Any):
    models = {model.id: model for model in client.models.list()}
    assert {"mini", "analyser"} <= set(models)
    assert client.models.retrieve("mini") == models["mini"]


def test_pictures_are_made_with_a_seed_of_their_own_each(client: Any):
    made = client.images.generate(prompt=PROMPT, n=2, size="64x64", extra_body=QUICK)
    assert made.data
    assert [each.seed for each in made.data] == [7, 8]
    assert {term(each.b64_json) for each in made.data} == {"trainedAlgorithmicMedia"}
    first, second = (image(each.b64_json) for each in made.data)
    assert first.size == (64, 64)
    assert first.tobytes() != second.tobytes()
    assert made.size == "64x64"
    usage = made.usage
    assert usage
    assert (usage.input_tokens, usage.output_tokens) == (7, 2 * 16)
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens


def test_the_same_seed_makes_the_same_picture_and_none_a_random_one(client: Any):
    def make(**options: Any) -> Any:
        made = client.images.generate(prompt=PROMPT, size="64x64", extra_body={"steps": 2} | options)
        assert made.data
        return made.data[0]

    seeded = make(seed=7)
    assert make(seed=7).b64_json == seeded.b64_json
    drawn, other = make(), make()
    assert drawn.seed != other.seed
    assert make(seed=drawn.seed).b64_json == drawn.b64_json


@pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])
def test_a_picture_comes_in_the_format_asked_for_and_without_texts(client: Any, output_format: Any):
    made = client.images.generate(prompt=PROMPT, size="64x64", output_format=output_format, extra_body=QUICK)
    assert made.data
    data = base64.b64decode(made.data[0].b64_json or "")
    starts = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF"}
    assert data.startswith(starts[output_format])
    assert PROMPT.encode() not in data


@pytest.mark.parametrize("as_list", [False, True])
def test_an_edit_begins_with_the_picture_that_was_sent(client: Any, as_list: bool):
    def edit(data: bytes, strength: float) -> bytes:
        file = ("source.png", data, "image/png")
        made = client.images.edit(
            prompt=PROMPT,
            image=[file] if as_list else file,
            size="64x64",
            extra_body={"seed": 7, "steps": 4, "strength": strength},
        )
        assert made.data
        assert made.usage
        assert made.usage.input_tokens_details.image_tokens == 64
        assert term(made.data[0].b64_json) == "compositeWithTrainedAlgorithmicMedia"
        return image(made.data[0].b64_json).tobytes()

    assert edit(png("red"), 0.5) == edit(png("red"), 0.5)
    assert edit(png("red"), 0.5) != edit(png("blue"), 0.5)
    assert edit(png("red"), 0.5) != edit(png("red"), 1.0)


def test_an_edit_with_a_mask_changes_its_transparent_part_alone(client: Any):
    source = Image.effect_noise((64, 64), 80).convert("RGB")
    hole = source.convert("RGBA")
    hole.paste((0, 0, 0, 0), (20, 20, 44, 44))
    files = []
    for picture in (source, hole):
        out = io.BytesIO()
        picture.save(out, "PNG")
        files.append(("picture.png", out.getvalue(), "image/png"))
    made = client.images.edit(
        prompt=PROMPT, image=files[0], mask=files[1], size="64x64", extra_body={"seed": 7, "steps": 4}
    )
    picture = image(made.data[0].b64_json)
    frame = [(0, 0, 64, 12), (0, 52, 64, 64), (0, 0, 12, 64), (52, 0, 64, 64)]
    assert all(picture.crop(box).tobytes() == source.crop(box).tobytes() for box in frame)
    inside = (28, 28, 36, 36)
    assert picture.crop(inside).tobytes() != source.crop(inside).tobytes()


def test_pictures_come_as_events_with_previews_on_the_way(client: Any):
    events = list(
        client.images.generate(
            prompt=PROMPT, size="64x64", stream=True, partial_images=2, extra_body={"seed": 7, "steps": 6}
        )
    )
    kinds = [event.type for event in events]
    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    whole = client.images.generate(prompt=PROMPT, size="64x64", extra_body={"seed": 7, "steps": 6})
    assert whole.data
    assert events[-1].b64_json == whole.data[0].b64_json
    assert events[-1].usage.total_tokens == 7 + 16


def test_an_edit_comes_as_events_too(client: Any):
    events = list(client.images.edit(prompt=PROMPT, image=png(), size="64x64", stream=True, extra_body=QUICK))
    assert [event.type for event in events] == ["image_edit.completed"]


DESCRIBE = chat(system="task: describe")


def test_a_question_about_a_picture_is_answered_whole_and_in_pieces(client: Any):
    whole = client.chat.completions.create(model="analyser", messages=DESCRIBE)
    message = whole.choices[0].message
    assert message.content
    assert "red" in message.content
    assert message.refusal is None
    assert whole.choices[0].finish_reason == "stop"
    assert whole.usage
    assert whole.usage.prompt_tokens == 2 + 4 + 64  # words of both turns, and the picture
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens
    stream = client.chat.completions.create(
        model="analyser", messages=DESCRIBE, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == message.content
    assert len(pieces) > 10
    assert [chunk.usage for chunk in chunks if chunk.usage] == [whole.usage]
    assert {chunk.choices[0].finish_reason for chunk in chunks if chunk.choices} == {None, "stop"}


def test_without_being_asked_a_stream_has_no_usage(client: Any):
    stream = client.chat.completions.create(model="analyser", messages=chat(), stream=True)
    assert all(chunk.usage is None for chunk in stream)


@pytest.mark.parametrize("answer_type", [Description, Quality, AltText, Missing])
def test_typed_answers_are_parsed_by_both_protocols(client: Any, answer_type: type[BaseModel]):
    question = "<prompt>a red box on a white background</prompt>"
    parsed = client.chat.completions.parse(
        model="analyser",
        messages=chat(question),
        response_format=answer_type,
    )
    response = client.responses.parse(
        model="analyser",
        input=items(question),
        text_format=answer_type,
    )
    assert isinstance(parsed.choices[0].message.parsed, answer_type)
    assert response.output_parsed == parsed.choices[0].message.parsed


def test_what_cannot_be_answered_is_refused_by_both_protocols(client: Any):
    parsed = client.chat.completions.parse(
        model="analyser",
        messages=chat(),
        response_format=Telephone,
    )
    message = parsed.choices[0].message
    assert message.parsed is None
    assert message.content is None
    assert message.refusal
    assert "owner, number" in message.refusal
    response = client.responses.parse(
        model="analyser",
        input=items(),
        text_format=Telephone,
    )
    assert response.output_parsed is None
    assert response.output[0].content[0].refusal == message.refusal


def test_refusals_come_in_pieces_too(client: Any):
    with client.chat.completions.stream(
        model="analyser",
        messages=chat(),
        response_format=Telephone,
    ) as stream:
        kinds = {event.type for event in stream}
        assert stream.get_final_completion().choices[0].message.refusal
    assert "refusal.delta" in kinds
    assert "content.delta" not in kinds
    with client.responses.stream(model="analyser", input=items(), text_format=Telephone) as events:
        kinds = {event.type for event in events}
    assert {"response.refusal.delta", "response.refusal.done", "response.completed"} <= kinds


def test_a_response_is_the_same_whole_and_as_events(client: Any):
    whole = client.responses.create(model="analyser", instructions="task: describe", input=items())
    assert "red" in whole.output_text
    assert whole.usage
    assert whole.usage.total_tokens == whole.usage.input_tokens + whole.usage.output_tokens
    events = list(
        client.responses.create(model="analyser", instructions="task: describe", input=items(), stream=True)
    )
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == whole.output_text
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == whole.output_text
    assert events[-1].response.usage == whole.usage


def test_instructions_of_a_response_are_read(client: Any):
    said = client.responses.create(
        model="analyser",
        instructions="task: alt_text\nlanguage: fr",
        input=items(),
    )
    assert said.output_text.startswith("Court")


def test_a_free_conversation_is_declined_in_its_language(client: Any):
    for question, words in (
        ("Tell me a joke, please", "I cannot"),
        ("Racontez-moi une blague sur les chats", "Je ne peux"),
    ):
        said = client.chat.completions.create(
            model="analyser", messages=[{"role": "user", "content": question}]
        )
        assert (said.choices[0].message.content or "").startswith(words)
        assert client.responses.create(model="analyser", input=question).output_text.startswith(words)


def test_an_answer_is_cut_where_the_client_wants_and_says_so(client: Any):
    cut = client.chat.completions.create(model="analyser", messages=chat(), max_tokens=5)
    assert cut.choices[0].finish_reason == "length"
    assert len((cut.choices[0].message.content or "").split()) == 5
    with pytest.raises(LengthFinishReasonError):
        client.chat.completions.parse(
            model="analyser",
            messages=chat(),
            response_format=AltText,
            max_completion_tokens=3,
        )
    response = client.responses.create(model="analyser", input=items(), max_output_tokens=5)
    assert response.status == "incomplete"
    assert response.incomplete_details
    assert response.incomplete_details.reason == "max_output_tokens"


def test_a_later_question_is_about_the_picture_of_before(client: Any):
    conversation = [
        *chat("What do you see?", data_url(png("blue", "yellow")), "task: describe"),
        {"role": "assistant", "content": "A box."},
        {"role": "user", "content": "And the background?"},
    ]
    said = client.chat.completions.create(model="analyser", messages=conversation)
    assert "yellow" in (said.choices[0].message.content or "")


def test_the_asynchronous_client_does_the_same(server: Loopback):
    async def ask() -> None:
        client: Any = AsyncOpenAI(base_url=server.url, api_key=server.token, max_retries=0, timeout=120)
        async with client:
            made, said, parsed = await asyncio.gather(
                client.images.generate(prompt=PROMPT, size="64x64", extra_body=QUICK),
                client.chat.completions.create(model="analyser", messages=chat()),
                client.responses.parse(model="analyser", input=items(), text_format=AltText),
            )
            assert made.data
            assert image(made.data[0].b64_json).size == (64, 64)
            assert isinstance(parsed.output_parsed, AltText)
            stream = await client.chat.completions.create(model="analyser", messages=chat(), stream=True)
            pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
            assert "".join(pieces) == said.choices[0].message.content
            edited = await client.images.edit(prompt=PROMPT, image=png(), size="64x64", extra_body=QUICK)
            assert edited.data
            async with client.responses.stream(model="analyser", input=items()) as events:
                async for _ in events:
                    pass
                assert (await events.get_final_response()).output_text == said.choices[0].message.content

    asyncio.run(ask())


@pytest.mark.parametrize(
    "wrong", [{"size": "30000x30000"}, {"n": 0}, {"output_format": "gif"}, {"prompt": ""}]
)
def test_a_bad_value_is_the_error_that_clients_catch(client: Any, wrong: dict[str, Any]):
    with pytest.raises(BadRequestError) as caught:
        client.images.generate(**{"prompt": "a red box", **wrong})
    assert caught.value.param == next(iter(wrong))
