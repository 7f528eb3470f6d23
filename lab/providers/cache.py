"""Answers that were given before: the same question to the same model with the same pictures.

One JSON file per answer, named by the SHA-256 of what was asked (canonical JSON, pictures by their own
SHA-256). Pictures are kept only where their seed is given and the model keeps to it. A file that
cannot be read, or that is not what was written, is no answer; the oldest files go when there are too
many. The whole folder may be deleted at any time.
"""

import base64
import hashlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from exercises.errors import UserError
from lab.providers.configuration import Work
from lab.providers.protocol import Answer, Call, Cost, Media, Usage
from manifests.strict_json import parse

MAX_BYTES = 64 * 1024 * 1024
_log = logging.getLogger(__name__)

Count = Annotated[int, Field(ge=0, le=2**53)]


class _Picture(BaseModel):
    model_config = ConfigDict(extra="forbid")

    data: Base64Bytes
    media_type: Annotated[str, Field(max_length=100)]


class _Stored(BaseModel):
    """An answer as it is on disk; its cost is not kept, for it is not paid again."""

    model_config = ConfigDict(extra="forbid")

    schema_: Literal["genai-lab/answer/1"] = Field(default="genai-lab/answer/1", alias="schema")
    provider: str
    model: str
    text: str
    pictures: tuple[_Picture, ...]
    seeds: tuple[Count | None, ...]
    input_tokens: Count | None
    output_tokens: Count | None
    images: Count | None
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]


def may_cache(call: Call, work: Work) -> bool:
    """Whether asking again would give the same: never for a picture whose seed is random."""
    return call.kind == "vision" or (call.seed is not None and work.seed)


def fingerprint(call: Call, provider: str, model: str, options: object) -> str:
    """SHA-256 of everything that decides the answer."""
    question = {
        "version": 1,
        "provider": provider,
        "model": model,
        "kind": call.kind,
        "messages": [[m.role, m.text, [_sha256(image) for image in m.images]] for m in call.messages],
        "prompt": call.prompt,
        "images": [_sha256(image) for image in call.images],
        **({"mask": _sha256(call.mask)} if call.mask else {}),
        "size": call.size,
        "n": call.n,
        "seed": call.seed,
        "max_output_tokens": call.max_output_tokens,
        "answer_type": call.answer_type.model_json_schema() if call.answer_type else None,
        "options": [options, dict(call.options)],
    }
    text = json.dumps(question, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _sha256(image: Media) -> str:
    return hashlib.sha256(image.data).hexdigest()


class Cache:
    """Answers in `folder`, at most `max_bytes` of them. Safe in threads and processes."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self.folder, self.max_bytes = folder, max_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = None  # as of the last look at the folder, and what was written since

    def get(self, key: str, call: Call, currency: str) -> Answer | None:
        """The answer kept under that key, free of charge; None where there is none that can be used."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            stored = _Stored.model_validate(parse(data, max_bytes=MAX_BYTES))
            typed = call.answer_type.model_validate_json(stored.text) if call.answer_type else None
            os.utime(path)  # used just now: the oldest go first
        except FileNotFoundError:
            return None
        except (OSError, UserError, ValidationError):
            _log.warning("an answer in the cache cannot be used and is made again: %s", path.name)
            return None
        return Answer(
            provider=stored.provider,
            model=stored.model,
            text=stored.text,
            pictures=tuple(Media(picture.data, picture.media_type) for picture in stored.pictures),
            data=typed,
            seeds=stored.seeds,
            usage=Usage(stored.input_tokens, stored.output_tokens, stored.images),
            cost=Cost(0, currency, "free"),
            seconds=stored.seconds,
            cached=True,
        )

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer. A full or read-only disk costs the cache, not the answer."""
        data = json.dumps(
            {
                "schema": "genai-lab/answer/1",
                "provider": answer.provider,
                "model": answer.model,
                "text": answer.text,
                "pictures": [
                    {"data": base64.b64encode(picture.data).decode(), "media_type": picture.media_type}
                    for picture in answer.pictures
                ],
                "seeds": answer.seeds,
                "input_tokens": answer.usage.input_tokens,
                "output_tokens": answer.usage.output_tokens,
                "images": answer.usage.images,
                "seconds": answer.seconds,
            },
            ensure_ascii=False,
        ).encode("utf-8", "replace")
        if len(data) > min(MAX_BYTES, self.max_bytes):
            return
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, data)
            self._make_room(len(data))
        except OSError as error:
            _log.warning("an answer could not be kept in the cache: %s", error.strerror)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def _make_room(self, added: int) -> None:
        """Delete the oldest files down to nine tenths of the size, once it is exceeded."""
        with self._lock:
            if self._bytes is not None and self._bytes + added <= self.max_bytes:
                self._bytes += added
                return
            files = sorted(self._files())
            total = sum(size for _, size, _ in files)
            if total > self.max_bytes:
                for _, size, path in files:
                    path.unlink(missing_ok=True)
                    total -= size
                    if total <= self.max_bytes * 0.9:
                        break
            self._bytes = total

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        for path in self.folder.glob("*/*"):
            if path.suffix in (".json", ".tmp"):
                try:
                    facts = path.stat()
                except OSError:  # deleted by another process just now
                    continue
                yield facts.st_mtime, facts.st_size, path


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all for readers; not synced, as a record is: what a power cut damages is made again."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
