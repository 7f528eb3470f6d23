"""A class draws through a real gateway: in fair turn, each picture once, signed for who asked."""

import base64
import threading
import time
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from openai import AuthenticationError, OpenAI
from pydantic import SecretStr

from gateway.receipt_log import ReceiptLog
from lab.engine.local import LocalEngine
from lab.engine.protocol import Cancelled, Done, Event, Failed, Queued, Step, Unreachable
from lab.engine.remote import RemoteEngine, RemoteJob
from lab.engine.wire import PATH, Asked, as_event
from lab.engine.witnessed import WitnessedEngine
from lab.jobs.generate import PictureSaved, generate
from lab.records.marks import marks_of
from manifests.manifest import Mask
from manifests.masks import mask_bytes, rectangle
from manifests.pictures import open_picture
from manifests.png import pixels_sha256
from manifests.receipts import Envelope, request_digest, verify
from manifests.store import Store
from tests.gateway.conftest import TOKENS, RunningGateway, StartGateway
from tests.lab.engine.asking import JUST_AS_GOOD, asked, failure, likeness, made, photo

LONG = {"steps": 150, "width": 128, "height": 128}


def plain(**changes: object) -> dict[str, object]:
    """A request as it travels."""
    return {k: v for k, v in asked(**changes).model_dump().items() if v is not None}


def receipts_of(gateway: RunningGateway, student: str) -> list[Envelope]:
    from gateway.keys import SigningKeys

    return ReceiptLog(gateway.state / "receipts.sqlite", SigningKeys(gateway.state / "keys")).of(student)


def test_a_picture_is_the_one_that_this_machine_would_have_drawn_with_a_receipt_of_who_asked(
    gateway: RunningGateway, engine: LocalEngine
) -> None:
    picture = made(gateway.engine("ada"), asked(seed=3), film=3)
    assert likeness(made(engine, asked(seed=3)), picture) >= JUST_AS_GOOD
    assert len(picture.film) == 3
    assert picture.drawn.receipt is not None
    receipt, pixels = verify(picture.drawn.receipt, gateway.keys())
    assert (receipt.student, receipt.kind, receipt.model) == ("ada", "drawn", "mini")
    assert pixels == pixels_sha256(picture.image)
    assert receipt.request == request_digest(picture.drawn.request)
    assert receipt.weights_sha256 == picture.drawn.model.weights_sha256


def test_image_to_image_begins_with_the_students_picture(
    gateway: RunningGateway, engine: LocalEngine
) -> None:
    request = asked(mode="img2img", strength=0.6)
    there = made(gateway.engine(), request, source=photo())
    assert likeness(made(engine, request, source=photo()), there) >= JUST_AS_GOOD


def test_a_mask_goes_along_and_its_hash_is_in_the_receipt(
    gateway: RunningGateway, engine: LocalEngine
) -> None:
    data = mask_bytes(rectangle(64, 64, 16, 16, 48, 48))
    mask = Mask(file="m.png", sha256=sha256(data).hexdigest(), padding=4)
    request = asked(mode="inpaint", strength=1.0, mask=mask)
    there = made(gateway.engine(), request, source=photo(), mask=data)
    assert likeness(made(engine, request, source=photo(), mask=data), there) >= JUST_AS_GOOD
    assert there.drawn.receipt is not None
    receipt, _ = verify(there.drawn.receipt, gateway.keys())
    assert receipt.request == request_digest(request)
    assert receipt.request != request_digest(asked(mode="inpaint", strength=1.0))
    assert failure(gateway.engine(), request, source=photo(), mask=b"no picture").code == "bad_mask"


def test_steps_and_previews_arrive_while_it_is_drawn(gateway: RunningGateway) -> None:
    events = list(gateway.engine().submit(asked(steps=40), model="mini").events())
    steps = [event for event in events if isinstance(event, Step)]
    assert [step.step for step in steps] == list(range(1, 41))
    assert sum(step.preview is not None for step in steps) >= 5
    assert isinstance(events[-1], Done)


def test_what_cannot_be_drawn_fails_with_the_engines_own_words(gateway: RunningGateway) -> None:
    failed = failure(gateway.engine(), asked(width=70))
    assert failed.code == "bad_size"
    assert "70" in failed.text("fr")


def test_who_is_not_known_draws_nothing(gateway: RunningGateway) -> None:
    stranger = RemoteEngine(gateway.url, SecretStr("nobody's token at all"))
    assert failure(stranger, asked()).code == "gateway_unknown"
    with gateway.client() as client:
        client.headers.pop("Authorization")
        for method, path in (("POST", PATH), ("GET", "/v1/models"), ("DELETE", f"{PATH}/abcdefgh")):
            assert client.request(method, path, json={}).status_code == 401


def test_stop_stops_at_the_gateway_too(gateway: RunningGateway) -> None:
    engine = gateway.engine("ben")
    job = engine.submit(asked(**LONG), model="mini")
    for event in job.events():
        if isinstance(event, Step):
            job.cancel()
    assert isinstance(job.latest, Cancelled)
    with gateway.client("ben") as client:  # the same key is a new picture now: nothing was kept of it
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and _is_known(client, job):
            time.sleep(0.1)
        assert not _is_known(client, job)


def _is_known(client: object, job: RemoteJob) -> bool:
    """Whether the gateway still has that drawing: then its first event is no `queued`, or it has more."""
    from httpx2 import Client

    assert isinstance(client, Client)
    short = job.asked.model_copy(update={"request": asked(steps=1)})
    with client.stream("POST", PATH, json=short.model_dump(mode="json")) as answer:
        events = [as_event(line.encode()) for line in answer.iter_lines() if line]
    client.delete(f"{PATH}/{job.id}")
    return not isinstance(events[-1], Done)


def test_a_request_that_is_sent_twice_is_drawn_once(gateway: RunningGateway) -> None:
    key, before = uuid4().hex, len(receipts_of(gateway, "ben"))
    order = Asked(key=key, model="mini", request=asked(seed=11)).model_dump(mode="json")
    ends: list[Event] = []

    def ask() -> None:
        with gateway.client("ben") as client, client.stream("POST", PATH, json=order) as answer:
            ends.append(as_event([line for line in answer.iter_lines() if line][-1].encode()))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(isinstance(end, Done) for end in ends)
    assert len({end.picture.drawn.receipt for end in ends if isinstance(end, Done)}) == 1
    assert len(receipts_of(gateway, "ben")) == before + 1


def test_a_listener_that_leaves_leaves_no_thread_behind(gateway: RunningGateway) -> None:
    """A paused gateway reports nothing, and labs come and go."""

    def threads() -> int:
        return len(list(Path(f"/proc/{gateway.process.pid}/task").iterdir()))

    with gateway.client("teacher") as client:
        client.post("/class/pause")
    try:
        waiting = Asked(key=uuid4().hex, model="mini", request=asked()).model_dump(mode="json")
        with gateway.client() as client:

            def listen() -> None:
                with client.stream("POST", PATH, json=waiting) as answer:
                    next(answer.iter_lines())

            listen()
            time.sleep(0.5)
            before = threads()
            for _ in range(30):
                listen()
            deadline = time.monotonic() + 60
            while threads() > before + 5:
                assert time.monotonic() < deadline, f"{threads() - before} threads more"
                time.sleep(0.1)
    finally:
        with gateway.client("teacher") as client:
            client.post("/class/resume")


def test_another_persons_key_opens_nothing(gateway: RunningGateway) -> None:
    key = uuid4().hex
    order = Asked(key=key, model="mini", request=asked(seed=12)).model_dump(mode="json")
    students = []
    for name in ("ada", "ben"):
        with gateway.client(name) as client:
            last = [line for line in client.post(PATH, json=order).iter_lines() if line][-1]
        end = as_event(last.encode())
        assert isinstance(end, Done)
        assert end.picture.drawn.receipt
        students.append(verify(end.picture.drawn.receipt, gateway.keys())[0].student)
    assert students == ["ada", "ben"]


@pytest.mark.parametrize(
    "change",
    [
        {"student": "ben"},
        {"key": "short"},
        {"key": "../../../../etc/passwd"},
        {"film": 10_000},
        {"source": "no base64!"},
        {"request": plain() | {"steps": 10**9}},
        {"request": plain() | {"prompt": "x" * 10**6}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_no_request_is_refused(gateway: RunningGateway, change: dict[str, object]) -> None:
    good: dict[str, object] = {"key": uuid4().hex, "model": "mini", "request": plain()}
    with gateway.client() as client:
        assert client.post(PATH, json=good | change).status_code == 400


def test_any_openai_client_draws_and_gets_receipts(gateway: RunningGateway) -> None:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=TOKENS["ada"], timeout=120) as client:
        assert "mini" in [model.id for model in client.models.list()]
        answer = client.images.generate(
            model="mini", prompt="a red cup", n=2, size="64x64", extra_body={"steps": 4, "seed": 5}
        )
    receipts = [Envelope.model_validate(each) for each in answer.model_dump()["genai_receipts"]]
    assert answer.data
    for picture, envelope in zip(answer.data, receipts, strict=True):
        assert picture.b64_json
        receipt, pixels = verify(envelope, gateway.keys())
        assert pixels == pixels_sha256(open_picture(base64.b64decode(picture.b64_json)))
        assert receipt.student == "ada"


def test_an_openai_client_without_a_token_is_told_so(gateway: RunningGateway) -> None:
    with (
        OpenAI(base_url=f"{gateway.url}/v1", api_key="wrong", max_retries=0) as client,
        pytest.raises(AuthenticationError),
    ):
        client.models.list()


def test_one_picture_is_not_held_up_by_who_sent_twenty(gateway: RunningGateway) -> None:
    greedy, newcomer = gateway.engine("ada"), gateway.engine("ben")
    many = [greedy.submit(asked(seed=seed, steps=100), model="mini") for seed in range(20)]
    next(each for each in many[0].events() if isinstance(each, Step))
    assert isinstance(made(newcomer, asked(seed=99, steps=100)).image.width, int)
    assert sum(isinstance(job.latest, Done) for job in many) < 15
    greedy.close()


def test_those_who_wait_are_told_their_place(gateway: RunningGateway) -> None:
    engine = gateway.engine("ada")
    jobs = [engine.submit(asked(seed=seed, steps=30), model="mini") for seed in range(24)]
    places = [[event.position for event in job.events() if isinstance(event, Queued)] for job in jobs]
    assert max(max(each, default=0) for each in places) >= 4
    assert all(each == sorted(each, reverse=True) for each in places)


def test_a_gateway_that_is_killed_and_comes_back_draws_what_was_not_done(
    gateway: RunningGateway, start_gateway: StartGateway, engine: LocalEngine
) -> None:
    """It comes back with its state and at its address, so the tests that follow find it as it was."""
    lab, requests = gateway.engine(), [asked(seed=seed, steps=79) for seed in range(3)]
    jobs = [lab.submit(request, model="mini") for request in requests]
    next(each for each in jobs[0].events() if isinstance(each, Step))
    gateway.kill()
    gateway.process = start_gateway(gateway.state, gateway.port).process
    pictures = []
    for request, job in zip(requests, jobs, strict=True):
        *events, last = job.events()
        assert isinstance(last, Done)
        assert any(isinstance(event, Unreachable) for event in events)
        pictures.append(last.picture)
        assert likeness(made(engine, request), last.picture) >= JUST_AS_GOOD
    receipts = [verify(each, gateway.keys()) for each in receipts_of(gateway, "ada")]
    ours = {request_digest(request) for request in requests}
    issued = [pixels for receipt, pixels in receipts if receipt.request in ours]
    assert sorted(issued) == sorted(pixels_sha256(picture.image) for picture in pictures)


def test_a_gateway_that_stays_away_is_told_as_such() -> None:
    gone = RemoteEngine("http://127.0.0.1:1", SecretStr(TOKENS["ada"]), give_up=1.0)
    events = list(gone.submit(asked(), model="mini").events())
    assert isinstance(events[0], Unreachable)
    assert isinstance(events[-1], Failed)
    assert events[-1].code == "gateway_gone"


def test_the_state_is_for_its_owner_alone(gateway: RunningGateway) -> None:
    made(gateway.engine(), asked())
    kept = ("people.csv", "keys", "finished", "receipts.sqlite")
    modes = {name: oct((gateway.state / name).stat().st_mode & 0o077) for name in kept[1:]}
    assert set(modes.values()) == {"0o0"}
    log = (gateway.state / "gateway.log").read_text()
    assert not any(token in log for token in TOKENS.values())


def test_what_was_drawn_says_who_drew_it_and_the_courses_root_vouches_for_it(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    picture = made(gateway.engine(), asked(seed=21))
    assert picture.file
    root = httpx2.get(f"{gateway.url}/marks/root.pem", trust_env=False).text
    found = marks_of(picture.file, root=root)
    assert found.hold
    assert found.credentials
    assert found.credentials.trusted
    assert "ada" not in picture.file.decode("latin-1")


def test_the_lab_keeps_the_signed_file_as_it_came(gateway: RunningGateway, tmp_path: Path) -> None:
    store = Store(tmp_path, "tp2", "ada")
    *_, last = generate(store, gateway.engine(), "smoke", "smoke", asked(seed=22), model="mini").events()
    assert isinstance(last, PictureSaved)
    assert last.picture
    assert last.record.image_path.read_bytes() == last.picture.file
    assert last.record.manifest.image.pixels_sha256 == pixels_sha256(last.picture.image)
    assert last.record.manifest.receipt


def test_a_picture_that_a_lab_drew_itself_is_witnessed(gateway: RunningGateway, engine: LocalEngine) -> None:
    lab = WitnessedEngine(engine, gateway.url, SecretStr(TOKENS["ben"]))
    picture = made(lab, asked(seed=31))
    assert picture.drawn.receipt
    receipt, pixels = verify(picture.drawn.receipt, gateway.keys())
    assert (receipt.student, receipt.kind, receipt.model) == ("ben", "witnessed", "mini")
    assert pixels == pixels_sha256(picture.image)
    assert made(lab, asked(seed=31)).drawn.receipt == picture.drawn.receipt  # shown twice, signed once


def test_a_gateway_that_is_away_costs_a_lab_that_draws_itself_no_picture(engine: LocalEngine) -> None:
    lab = WitnessedEngine(engine, "http://127.0.0.1:1", SecretStr(TOKENS["ben"]))
    assert made(lab, asked()).drawn.receipt is None


@pytest.mark.parametrize(
    "shown",
    [
        {"kind": "drawn"},
        {"student": "ada"},
        {"pixels_sha256": "no digest"},
        {"model": "x" * 1000},
    ],
)
def test_what_a_lab_says_of_itself_makes_no_drawn_receipt(
    gateway: RunningGateway, shown: dict[str, str]
) -> None:
    honest = {"pixels_sha256": "ab" * 32, "request": "cd" * 32, "model": "mini"}
    with gateway.client() as client:
        assert client.post("/v1/receipts", json=honest | shown).status_code == 400
