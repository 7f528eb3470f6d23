"""A learning platform on 127.0.0.1: tokens and checks by lti1p3platform, an implementation that is not ours.

It takes a score as the standard says: with a time later than the last one, else 409. `behave` may make it do
something else with the next requests.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request, Response
from lti1p3platform.exceptions import LineItemNotFoundException
from lti1p3platform.ltiplatform import LTI1P3PlatformConfAbstract
from lti1p3platform.registration import Registration
from lti1p3platform.request import Request as LtiRequest
from lti1p3platform.score import UpdateScoreStatus
from lti1p3platform.service_connector import AssignmentsGradesService

CLIENT = "client-7"


def pem_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


class _Config(LTI1P3PlatformConfAbstract):  # type: ignore[misc]
    def init_platform_config(self, **kwargs: Any) -> None:
        private, public = pem_pair()
        registration = Registration()
        registration.set_iss("https://moodle.example").set_client_id(CLIENT)
        registration.set_platform_private_key(private).set_platform_public_key(public)
        self._registration = registration

    def get_registration_by_params(self, **kwargs: Any) -> Registration:
        return self._registration


class _Asked(LtiRequest):  # type: ignore[misc]
    def build_metadata(self, request: Any) -> Any:
        return request


class _Service(AssignmentsGradesService):  # type: ignore[misc]
    def __init__(self, platform: "Platform", request: Any) -> None:
        super().__init__(request, platform.config, f"{platform.url}/items", None, True, True, True)
        self.platform = platform

    def update_score(self, line_item_id: str, score: Any) -> UpdateScoreStatus:
        if line_item_id == "none":
            raise LineItemNotFoundException
        self.platform.scores.append((line_item_id, score))
        return UpdateScoreStatus.SUCCESS

    def _not_here(self, *arguments: Any, **named: Any) -> Any:
        raise NotImplementedError

    find_lineitems = find_lineitem = create_lineitem = update_lineitem = delete_lineitem = get_results = (
        _not_here
    )


class Platform:
    """`scores`: what it took; `tokens`: how many it gave."""

    def __init__(self) -> None:
        self.config = _Config()
        self.scores: list[tuple[str, dict[str, Any]]] = []
        self.tokens = 0
        self.behave: Callable[[str], Response | None] = lambda what: None
        self.app = FastAPI()
        self.app.post("/token")(self._token)
        self.app.post("/items/{item}/scores")(self._score)
        self.url = ""

    def trust(self, jwks: dict[str, Any]) -> None:
        self.config.get_registration_by_params().set_tool_key_set(jwks)

    async def _token(self, request: Request) -> Any:
        if (other := self.behave("token")) is not None:
            return other
        self.tokens += 1
        try:
            return self.config.get_access_token(dict(await request.form()))
        except Exception as error:  # as its views do: whatever is wrong is refused
            return Response(type(error).__name__, 400)

    async def _score(self, item: str, request: Request) -> Response:
        if (other := self.behave("score")) is not None:
            return other
        told = await request.json()
        times = [s["timestamp"] for i, s in self.scores if i == item and s["userId"] == told["userId"]]
        if times and told["timestamp"] <= max(times):
            return Response("a score of that time is there", 409)
        asked = _Asked(
            {"method": "POST", "headers": request.headers, "json": told, "get_data": {}, "form_data": {}}
        )
        service = _Service(self, asked)
        answer = service.handle_resp(service.handle_update_score, line_item_id=item)
        return Response(answer.message, answer.code)


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The application on a free port of this machine; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
