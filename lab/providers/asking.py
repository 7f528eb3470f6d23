"""One request to one provider: what is sent for a call, and the reply.

Everything that speaks OpenAI's protocol goes through the `openai` client, Hugging Face's pictures
through `huggingface_hub`. The clients only carry: retries, limits and reading are this package's.
"""

import asyncio
import base64
import json
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from lab.providers import loop
from lab.providers.address import Address, Asked
from lab.providers.errors import BrokenOff, Cancelled, MalformedAnswer
from lab.providers.failures import embedded, failure
from lab.providers.http import bounded_client
from lab.providers.hugging_face import hugging_face_picture
from lab.providers.protocol import Call, Media
from lab.providers.replies import (
    MAX_BYTES,
    Reply,
    embedded_error,
    extras_of,
    finished,
    json_of,
    read_chat,
    read_picture,
    read_pictures,
    read_usage,
)

if TYPE_CHECKING:
    import httpx2
    import openai

Pieces = Callable[[str], None]
_NO_KEY = "none"  # what a server that asks for no key gets


class Clients:
    """The clients of a process, one per address and size of answer. Close it when done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._openai: dict[tuple[str, str, int], openai.AsyncOpenAI] = {}
        self._plain: dict[int, httpx2.AsyncClient] = {}

    def openai(self, address: Address, max_bytes: int) -> "openai.AsyncOpenAI":
        import openai

        secret = address.key.get_secret_value() if address.key else _NO_KEY
        with self._lock:
            known = self._openai.get((address.url, secret, max_bytes))
            if known is None:
                known = self._openai[address.url, secret, max_bytes] = openai.AsyncOpenAI(
                    api_key=secret,
                    base_url=address.url,
                    organization="",  # nothing from the environment beside the key
                    project="",
                    max_retries=0,
                    http_client=bounded_client(max_bytes),
                )
            return known

    def plain(self, max_bytes: int) -> "httpx2.AsyncClient":
        with self._lock:
            if max_bytes not in self._plain:
                self._plain[max_bytes] = bounded_client(max_bytes)
            return self._plain[max_bytes]

    def close(self) -> None:
        with self._lock:
            clients = [*self._openai.values()]
            plain = [*self._plain.values()]
            self._openai, self._plain = {}, {}
        for client in clients:
            loop.run(client.close())
        for each in plain:
            loop.run(each.aclose())


@dataclass
class _Streamed:
    """A streamed text so far, and what its last chunks said."""

    text: list[str] = field(default_factory=list)
    refusal: list[str] = field(default_factory=list)
    bytes: int = 0
    reason: str | None = None
    usage: Any = None
    extras: dict[str, Any] = field(default_factory=dict)


class _Delta(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _ChunkChoice(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None


class _Chunk(BaseModel):
    choices: list[_ChunkChoice] = []


def ask(
    clients: Clients,
    asked: Asked,
    call: Call,
    *,
    seconds: float,
    cancel: threading.Event | None = None,
    pieces: Pieces | None = None,
) -> Reply:
    """Send the call once and read the reply; blocks at most `seconds`.

    `pieces` gets the parts of a text as they come (`vision` without `answer_type` only). Raises
    ProviderError where there is no reply; where there is one that is no use, it says so itself.
    """
    limit = MAX_BYTES[call.kind]
    try:
        if asked.protocol == "hugging_face":
            data = _within(seconds, hugging_face_picture(clients.plain(limit), asked, call), cancel)
            picture = read_picture(data)
            return Reply(pictures=(picture,), usage=replace(Reply().usage, images=1))
        client = clients.openai(asked.address, limit)
        if asked.protocol == "images":
            document = json_of(_within(seconds, _pictures(client, asked, call), cancel), limit)
            reader: Callable[[Any], Reply] = read_pictures
        elif pieces and call.kind == "vision" and not call.answer_type:
            return _read_stream(client, asked, call, seconds, cancel, pieces, limit)
        else:
            document = json_of(_within(seconds, _chat(client, asked, call), cancel), limit)
            reader = lambda document: read_chat(document, call)  # noqa: E731
        if error := embedded_error(document):
            raise embedded(error, asked.secret)
        return reader(document)
    except loop.Stopped:
        problem: Exception = Cancelled()
    except Exception as error:
        problem = failure(error, asked.secret)
    raise problem  # outside the handler, so that the client's exception is not in its context


def _within(seconds: float, sending: Coroutine[Any, Any, Any], cancel: threading.Event | None) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(seconds):
            return await sending

    return loop.run(bounded(), cancel)


async def _chat(client: "openai.AsyncOpenAI", asked: Asked, call: Call) -> bytes:
    create: Any = client.chat.completions.with_streaming_response.create
    async with create(**_chat_body(asked, call)) as response:
        data: bytes = await response.read()
        return data


def _read_stream(
    client: "openai.AsyncOpenAI",
    asked: Asked,
    call: Call,
    seconds: float,
    cancel: threading.Event | None,
    pieces: Pieces,
    limit: int,
) -> Reply:
    streamed = _Streamed()
    problem: Exception | None = None
    try:
        _within(seconds, _stream(client, asked, call, streamed, pieces, limit), cancel)
    except loop.Stopped:
        problem = Cancelled()
    except Exception as error:
        problem = failure(error, asked.secret)
    usage, reported = read_usage({"usage": streamed.usage})
    reply = Reply(text="".join(streamed.text), usage=usage, reported=reported, extras=streamed.extras)
    if problem is None and streamed.reason is None:
        problem = BrokenOff()
    if problem is None:
        return finished(reply, call, streamed.reason, "".join(streamed.refusal) or None)
    if not streamed.text:
        raise problem
    broken = failure(problem)
    broken.maybe_charged = True  # a part of the answer came
    return replace(reply, error=broken)


async def _stream(
    client: "openai.AsyncOpenAI", asked: Asked, call: Call, streamed: _Streamed, pieces: Pieces, limit: int
) -> None:
    create: Any = client.chat.completions.create
    stream = await create(**_chat_body(asked, call), stream=True, stream_options={"include_usage": True})
    async with stream:
        if not stream.response.headers.get("content-type", "").startswith("text/event-stream"):
            document = json_of(await stream.response.aread(), limit)
            if error := embedded_error(document):
                raise embedded(error, asked.secret)
            raise MalformedAnswer(variant=".types")
        async for event in stream:
            document = event.to_dict(warnings=False)
            streamed.usage = document.get("usage") or streamed.usage
            streamed.extras |= extras_of(document)
            try:
                choice = next(iter(_Chunk.model_validate(document).choices), None)
            except ValidationError:
                raise MalformedAnswer(variant=".types") from None
            if choice is None:
                continue
            streamed.reason = choice.finish_reason or streamed.reason
            if choice.delta.refusal:
                streamed.refusal.append(choice.delta.refusal)
            if choice.delta.content:
                streamed.text.append(choice.delta.content)
                pieces(choice.delta.content)


def _chat_body(asked: Asked, call: Call) -> dict[str, Any]:
    """The request's fields; those of the call itself win over options of the same name.

    All but the model go as extra fields: the client would walk through every part of the others.
    """
    fields: dict[str, Any] = {}
    if call.kind == "vision":
        fields["messages"] = [
            {"role": message.role, "content": _content(message.text, message.images)}
            for message in call.messages
        ]
        fields[asked.work.length] = call.max_output_tokens
    else:
        fields["messages"] = [{"role": "user", "content": _content(call.prompt, call.images)}]
    if call.seed is not None and asked.work.seed:
        fields["seed"] = call.seed
    if call.answer_type:
        fields["response_format"] = _response_format(call.answer_type)
    options = {**asked.work.options, **call.options}
    reserved = ("model", "stream", "stream_options")
    extra = {key: value for key, value in options.items() if key not in reserved}
    return {"model": asked.model, "messages": [], "extra_body": {**extra, **fields}}


def _content(text: str, images: tuple[Media, ...]) -> str | list[dict[str, Any]]:
    text = _sound(text)
    if not images:
        return text
    parts: list[dict[str, Any]] = [{"type": "text", "text": text}]
    return parts + [{"type": "image_url", "image_url": {"url": _url(image)}} for image in images]


def _sound(text: str) -> str:
    """A browser can send half of a surrogate pair, which no request can carry."""
    return text.encode("utf-8", "replace").decode()


def _url(image: Media) -> str:
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"


def _response_format(answer_type: type[BaseModel]) -> dict[str, Any]:
    """The strict JSON schema of a type, as the openai client makes it."""
    import openai

    function: Any = openai.pydantic_function_tool(answer_type)["function"]
    schema = {"name": function["name"], "schema": function["parameters"], "strict": True}
    return {"type": "json_schema", "json_schema": schema}


async def _pictures(client: "openai.AsyncOpenAI", asked: Asked, call: Call) -> bytes:
    fields: dict[str, Any] = {"model": asked.model, "prompt": _sound(call.prompt), "n": call.n}
    if call.size:
        fields["size"] = call.size
    options = {**asked.work.options, **call.options}
    if call.seed is not None and asked.work.seed:
        options["seed"] = call.seed
    options = {key: value for key, value in options.items() if key not in (*fields, "stream")}
    send: Any = client.images.with_streaming_response.generate
    if call.kind == "edit":
        send = client.images.with_streaming_response.edit
        fields["image"] = [
            (f"image{number}.{image.media_type.rpartition('/')[2]}", image.data, image.media_type)
            for number, image in enumerate(call.images, 1)
        ]
        if call.mask is not None:
            fields["mask"] = ("mask.png", call.mask.data, call.mask.media_type)
        options = {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in options.items()
        }
    async with send(**fields, extra_body=options) as response:
        data: bytes = await response.read()
        return data
