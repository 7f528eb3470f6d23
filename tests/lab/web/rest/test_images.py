"""The images by the API: the same records as in the gallery, and nothing beside them."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from exercises.parameters import Parameters
from lab.engine.requests import request_for
from lab.jobs.generate import PictureSaved, generate
from lab.session.lab import Lab
from tests.lab.endpoint.engines import QuickEngine
from tests.lab.web.rest.conftest import BASE


def make(lab: Lab, engine: QuickEngine, run: str = "studio", **parameters: Any) -> str:
    request = request_for(Parameters(**({"prompt": "a red car"} | parameters)), "mini")
    *_, saved = generate(lab.store(), engine, "studio", run, request, model="mini").events()
    assert isinstance(saved, PictureSaved)
    return saved.record.stem


def test_images_come_a_page_at_a_time_newest_first(client: TestClient, lab: Lab, engine: QuickEngine):
    made = [make(lab, engine, seed=seed) for seed in range(5)]
    first = client.get("images", params={"size": 2}).json()
    assert [image["id"] for image in first["images"]] == [made[4], made[3]]
    assert (first["page"], first["pages"], first["total"]) == (1, 3, 5)
    beyond = client.get("images", params={"size": 2, "page": 99}).json()
    assert [image["id"] for image in beyond["images"]] == [made[0]]
    assert beyond["page"] == 3
    oldest = client.get("images", params={"size": 1, "order": "oldest"}).json()
    assert oldest["images"][0]["id"] == made[0]


def test_images_are_chosen_by_what_they_are(client: TestClient, lab: Lab, engine: QuickEngine):
    make(lab, engine, run="smoke")
    wanted = make(lab, engine, run="baseline", prompt="a blue MUG")
    for asked in ({"run": "baseline"}, {"text": "mug"}, {"text": "mug", "mode": "text2img"}):
        assert [image["id"] for image in client.get("images", params=asked).json()["images"]] == [wanted]
    assert client.get("images", params={"exercise": "sweep"}).json()["total"] == 0


@pytest.mark.parametrize(
    "asked",
    [{"size": 0}, {"size": 101}, {"page": 0}, {"order": "random"}, {"text": "x" * 201}, {"page": "x"}],
)
def test_a_page_there_cannot_be_is_told(client: TestClient, asked: dict[str, Any]):
    refused = client.get("images", params=asked)
    assert refused.status_code == 422
    assert refused.json()["error"]["param"] == next(iter(asked))


def test_one_image_comes_with_its_manifest_and_its_links_lead_there(
    client: TestClient, lab: Lab, engine: QuickEngine
):
    stem = make(lab, engine)
    shown = client.get(f"images/{stem}").json()
    record = lab.store().find(stem)
    assert record is not None
    assert shown["manifest"] == record.manifest.model_dump(mode="json", by_alias=True)
    assert shown["image"]["links"] == {"self": f"{BASE}/images/{stem}", "file": f"{BASE}/images/{stem}/file"}
    assert client.get(f"http://127.0.0.1{shown['image']['links']['self']}").json() == shown


def test_a_file_is_downloaded_as_it_is_on_disk(client: TestClient, lab: Lab, engine: QuickEngine):
    stem = make(lab, engine)
    record = lab.store().find(stem)
    assert record is not None
    answer = client.get(f"images/{stem}/file")
    assert answer.content == record.image_path.read_bytes()
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f'attachment; filename="{stem}.png"'


def test_deleting_moves_to_the_bin_from_where_it_can_come_back(
    client: TestClient, lab: Lab, engine: QuickEngine
):
    stem = make(lab, engine)
    assert client.delete(f"images/{stem}").status_code == 204
    assert lab.store().records() == []
    assert [record.stem for record in lab.store().binned()] == [stem]
    assert client.delete(f"images/{stem}").status_code == 404
    lab.store().restore(stem)
    assert client.get(f"images/{stem}").status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e%2fsecret", "....//secret", "smoke.json", "x" * 90])
def test_only_records_are_given_out(client: TestClient, lab: Lab, method: str, name: str):
    secret = lab.work / "secret.json"
    secret.write_text("{}")
    answer = client.request(method, f"images/{name}")
    assert answer.status_code in (404, 405, 422, 200)
    assert answer.status_code != 200 or name == ".."  # the client itself makes that the page above
    assert secret.exists()


def test_what_is_no_whole_record_is_not_given_out(client: TestClient, lab: Lab, engine: QuickEngine):
    stem = make(lab, engine)
    record = lab.store().find(stem)
    assert record is not None
    outside = lab.work / "outside.png"
    outside.write_bytes(record.image_path.read_bytes())
    record.image_path.unlink()
    record.image_path.symlink_to(outside)
    assert client.get(f"images/{stem}/file").status_code == 404
    assert client.get("images").json()["total"] == 0


def test_an_empty_work_folder_has_no_images_and_stays_empty(client: TestClient, lab: Lab, tmp_path: Path):
    assert client.get("images").json() == {"images": [], "page": 1, "pages": 1, "total": 0}
    assert list(tmp_path.iterdir()) == []
