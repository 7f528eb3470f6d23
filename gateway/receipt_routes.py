"""Receipts over HTTP: `POST /v1/receipts` for a picture that a lab drew itself, `GET /receipts/keys` for all.

A receipt of the first kind says `witnessed`: this student showed pixels of this digest at this time, and said
of them what stands in it. That it was drawn as it says, nobody but the lab knows.
"""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from gateway.gate import person_of
from gateway.keys import SigningKeys
from gateway.receipt_log import ReceiptLog

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Shown(BaseModel):
    """What a lab says of a picture it drew; `request` is its digest (`manifests.receipts.request_digest`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pixels_sha256: Digest
    request: Digest
    model: Annotated[str, Field(min_length=1, max_length=200)]
    weights_sha256: Digest | None = None


def router(receipts: ReceiptLog, keys: SigningKeys) -> APIRouter:
    """The two routes."""
    routes = APIRouter()

    @routes.post("/v1/receipts")
    def witness(shown: Shown, request: Request) -> JSONResponse:
        """Sign that these pixels were shown now by the one who asks; shown twice, the same receipt."""
        envelope = receipts.issue(
            student=person_of(request).name,
            kind="witnessed",
            asked=f"witnessed {shown.pixels_sha256} {shown.request}",
            **shown.model_dump(),
        )
        return JSONResponse(envelope.as_json())

    @routes.get("/receipts/keys")
    def public() -> JSONResponse:
        """The public keys by which receipts are checked; open to all."""
        return JSONResponse(keys.public.model_dump(mode="json", by_alias=True))

    return routes
