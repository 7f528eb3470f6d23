"""A lab with the API alone, below a prefix, over engines that draw nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from exercises.loader import find_assignment
from lab.session.lab import Lab
from lab.session.settings import LabSettings
from lab.web.rest.app import PATH, build_rest
from tests.lab.endpoint.engines import QuickEngine

BASE = f"/user/jane{PATH}"


def lab_of(work: Path, engine: QuickEngine) -> Lab:
    return Lab(LabSettings(prefix="/user/jane"), find_assignment("tp2"), work, "jane", engine)


def client_of(lab: Lab) -> TestClient:
    """It asks below the API's address, or at a whole one."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount(BASE, build_rest(lab))
    return TestClient(app, base_url=f"http://127.0.0.1{BASE}/")


@pytest.fixture(autouse=True)
def judge(fixed_judge: list[Image.Image]) -> None:
    """No test of the API waits for a real one."""


@pytest.fixture
def engine() -> QuickEngine:
    return QuickEngine()


@pytest.fixture
def lab(tmp_path: Path, engine: QuickEngine) -> Iterator[Lab]:
    lab = lab_of(tmp_path, engine)
    yield lab
    lab.runs.stop()


@pytest.fixture
def client(lab: Lab) -> Iterator[TestClient]:
    with client_of(lab) as client:
        yield client
