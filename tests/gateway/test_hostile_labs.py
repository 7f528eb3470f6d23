"""Budgets hold through the gateway, whatever labs do: 200 schedules of students who try to spend too much."""

import itertools
import json
import random
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.gateway.paying import PLANTED, Class, PayingGateway, running, school, wait_until, write_providers
from tests.lab.providers.faults import UNCHARGED
from tests.lab.providers.server import PlayedProvider

SCHEDULES = 200
STUDENTS = ("ann", "bob", "eve")
GROUPS = {"ann": frozenset({"m1"}), "bob": frozenset({"m1", "m2"}), "eve": frozenset({"m2"})}
FAULTS = (
    *("ok", "no usage") * 6,
    *("cost", "cut", "refusal", "empty", "500", "401", "404 model", "429", "hang"),
    *("reset", "reset in the middle", "truncated json", "wrong types", "embedded error"),
)
CHAT = 140  # micros that the provider takes for a chat that it answered: 100 tokens read, 20 written
COST = 500  # where it names its price
PICTURE = 10_140


@pytest.fixture
def played() -> Iterator[PlayedProvider]:
    with PlayedProvider(PLANTED) as server:
        yield server


@pytest.fixture
def gateway(tmp_path: Path, played: PlayedProvider) -> Iterator[PayingGateway]:
    work = {
        "vision": {"models": ["model-a"], "seconds": 0.3},
        "image": {"models": ["model-a"], "seconds": 0.3},
    }
    write_providers(tmp_path, school(played.url, work=work), school(played.url, "second", work=work))
    with running(tmp_path, Class(groups=GROUPS)) as started:
        yield started


def limits_near(gateway: PayingGateway, rng: random.Random) -> dict[str, Any]:
    """Budgets that a few calls use up, in the currency's unit; some are lower than what was spent."""

    def near(counted: int) -> float:
        return max(0, counted + rng.choice((-100, 0, 700, 2_000, 15_000, 40_000))) / 1e6

    def counted_of(student: str, name: str, group: str = "") -> int:
        budgets = gateway.ledger.budgets(student, GROUPS[student])
        return next((b.counted for b in budgets if (b.name, b.group) == (name, group)), 0)

    written: dict[str, Any] = {}
    if rng.random() < 0.7:
        written["students"] = {name: near(counted_of(name, "student")) for name in STUDENTS}
    if rng.random() < 0.7:
        written["class"] = near(counted_of("ann", "class"))
    if rng.random() < 0.3:
        written["day"] = near(max(counted_of(name, "day") for name in STUDENTS))
    if rng.random() < 0.7:
        written["groups"] = {
            "m1": near(spent_by_group(gateway, "m1")),
            "m2": near(spent_by_group(gateway, "m2")),
        }
    return written


def spent_by_group(gateway: PayingGateway, group: str) -> int:
    """What its members have spent, by their names."""
    spent = gateway.ledger.spent_by_student()
    return sum(spent.get(name, 0) for name, groups in GROUPS.items() if group in groups)


def hostile(client: httpx2.Client, student: str, text: str, rng: random.Random) -> None:
    """One attempt: honest, or with a lie in it, or leaving in the middle."""
    other = rng.choice(STUDENTS)
    headers = {
        "Authorization": f"Bearer {student}-token",
        "X-Forwarded-User": other,
        "X-Genai-Student": other,
        "Idempotency-Key": "always the same",
    }
    body: dict[str, Any] = {
        "model": rng.choice(("school/model-a", "second/model-a", "auto")),
        "user": other,
        "student": other,
        "genai_cost": {"amount": 0},
        "max_completion_tokens": rng.choice((1, 50, 10**6)),
        "best_of": 20,
    }
    if rng.random() < 0.25:
        path = "/v1/images/generations"
        body |= {"prompt": text, "n": rng.choice((1, 1, 3)), "quality": "high", "size": "auto"}
    elif rng.random() < 0.3:
        path = "/v1/responses"
        body |= {"input": text, "max_output_tokens": rng.choice((1, 100)), "stream": rng.random() < 0.5}
    else:
        path = "/v1/chat/completions"
        body |= {
            "messages": [{"role": "user", "content": text}],
            "max_tokens": rng.choice((1, 100)),
            "stream": rng.random() < 0.5,
        }
    if rng.random() < 0.15:
        leave(str(client.base_url), path, headers, body, rng.random() * 0.02)
        return
    with suppress(httpx2.HTTPError):
        client.post(path, headers=headers, json=body)


def leave(url: str, path: str, headers: dict[str, str], body: dict[str, Any], after: float) -> None:
    """Ask, and be gone before the answer."""
    place = urlsplit(url)
    data = json.dumps(body).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((place.hostname or "", place.port or 0)) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\n{head}Content-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        connection.settimeout(after + 0.001)
        with suppress(TimeoutError):
            connection.recv(1)


def charged(played: PlayedProvider) -> Counter[str]:
    """The least that the provider will put on the bill, by whoever really asked."""
    bill: Counter[str] = Counter()
    for seen in played.calls():
        begun = seen.fault == "embedded error" and seen.json().get("stream")  # a part of it came
        if begun or seen.fault not in UNCHARGED:
            taken = COST if seen.fault == "cost" else PICTURE if seen.path.endswith("generations") else CHAT
            bill[seen.text.split()[0]] += taken
    return bill


def test_none_of_200_schedules_of_hostile_labs_passes_a_budget(
    gateway: PayingGateway, played: PlayedProvider
) -> None:
    rng, numbers = random.Random(13), itertools.count()
    played.at_random(13, FAULTS)
    ledger = gateway.ledger
    refused = 0
    with (
        ThreadPoolExecutor(6) as pool,
        httpx2.Client(base_url=gateway.url, timeout=30, trust_env=False) as client,
    ):
        for _ in range(SCHEDULES):
            budgets = limits_near(gateway, rng)
            gateway.budgets(**budgets)
            # `budgets` waits for whoever reserves now, as one may who left before and is only heard here
            before = {name: ledger.budgets(name, GROUPS[name]) for name in STUDENTS}
            groups = {name: spent_by_group(gateway, name) for name in ("m1", "m2")}
            asked = [(rng.choice(STUDENTS), rng.randrange(2**32)) for _ in range(rng.randint(3, 8))]
            attempts = [
                pool.submit(hostile, client, who, f"{who} {next(numbers)}", random.Random(seed))
                for who, seed in asked
            ]
            for attempt in attempts:
                attempt.result()
            wait_until(lambda: not [row for row in ledger.entries(newest=30) if row.state == "reserved"])
            for name in STUDENTS:
                for now, then in zip(ledger.budgets(name, GROUPS[name]), before[name], strict=True):
                    assert now.limit is None or now.counted <= max(now.limit, then.counted)
            for name, limit in budgets.get("groups", {}).items():
                assert spent_by_group(gateway, name) <= max(round(limit * 1e6), groups[name])
            refused += any(b.limit is not None and b.left is not None and b.left < 700 for b in before["ann"])
    rows = ledger.entries(newest=10**6)
    spent = ledger.spent_by_student()
    assert set(spent) <= set(STUDENTS)
    for name, bill in charged(played).items():
        assert bill <= spent[name]  # what the provider takes was counted, against who asked
    assert refused > SCHEDULES // 10
    assert sum(row.outcome == "answered" for row in rows) > SCHEDULES // 5
