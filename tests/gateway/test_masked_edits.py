"""A part of a photo drawn anew by a provider, through the gateway: the mask goes on, and into the receipt."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from lab.jobs.analyse import ModelSelection
from lab.jobs.api_pictures import ApiPicture
from lab.jobs.generate import PictureSaved
from manifests.masks import as_transparent, rectangle
from manifests.pictures import open_picture
from manifests.png import pixels_sha256, plain_png
from manifests.receipts import Keys, request_digest, verify
from manifests.store import Store
from tests.gateway.paying import (
    PLANTED,
    Class,
    PayingGateway,
    running,
    school,
    write_budgets,
    write_providers,
)
from tests.lab.providers.server import PlayedProvider

PHOTO = plain_png(Image.new("RGB", (96, 64), "teal"))
MASK = rectangle(96, 64, 8, 8, 24, 24)


@pytest.fixture
def played() -> Iterator[PlayedProvider]:
    with PlayedProvider(PLANTED) as server:
        yield server


@pytest.fixture
def paying(tmp_path: Path, played: PlayedProvider) -> Iterator[PayingGateway]:
    edit = {"edit": {"models": ["model-a"], "masks": True}}
    write_providers(tmp_path, school(played.url, work=edit))
    write_budgets(tmp_path, {"student": 1.0, "class": 10.0, "day": 1.0})
    with running(tmp_path, Class()) as gateway:
        yield gateway


def test_the_provider_gets_the_mask_and_the_receipt_is_of_what_the_lab_records(
    paying: PayingGateway, played: PlayedProvider, tmp_path: Path
) -> None:
    store = Store(tmp_path / "work", "api-analysis", "ada")
    source, mask = store.add_source(PHOTO), store.add_mask(MASK)
    selection = ModelSelection("school", "model-a")
    job = ApiPicture(store, paying.router(), "studio", "studio", "a cup", selection, source=source, mask=mask)
    saved = list(job.events())[-1]
    assert isinstance(saved, PictureSaved)
    assert as_transparent(MASK) in played.calls()[-1].body
    manifest = saved.record.manifest
    assert manifest.request.mask == mask
    assert manifest.receipt is not None
    receipt, pixels = verify(manifest.receipt, Keys.model_validate(paying.get("/receipts/keys").json()))
    assert pixels == pixels_sha256(open_picture(played.picture))
    assert receipt.request == request_digest(manifest.request)


@pytest.mark.parametrize(
    "mask",
    [
        b"no picture",
        plain_png(Image.new("RGB", (96, 64))),  # nothing is transparent
        as_transparent(Image.new("L", (96, 64), 0)),  # nothing is to change
        as_transparent(rectangle(64, 64, 1, 1, 9, 9)),
        as_transparent(rectangle(96, 64, 8, 8, 24, 24))[:-40],
    ],
)
def test_what_is_no_mask_of_the_photo_is_refused_before_anybody_is_asked(
    paying: PayingGateway, played: PlayedProvider, mask: bytes
) -> None:
    client = paying.router()._address
    assert client.key is not None
    answer = httpx2.post(
        f"{client.url}/images/edits",
        headers={"Authorization": f"Bearer {client.key.get_secret_value()}"},
        data={"prompt": "a cup", "model": "school/model-a"},
        files={"image": ("a.png", PHOTO), "mask": ("m.png", io.BytesIO(mask))},
        trust_env=False,
    )
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == "mask"
    assert not any("edits" in call.path for call in played.calls())
