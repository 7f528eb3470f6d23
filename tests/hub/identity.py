"""Small identity providers on this machine: OpenID Connect, and LTI launches like Moodle's."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import urlencode

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import RedirectResponse

CLIENT = "the-hub"
SECRET = "a-secret-of-the-client"
LTI = "https://purl.imsglobal.org/spec/lti/claim/"


class OpenIdProvider:
    """Logs everyone in with the claims in `person`. A code is valid once, with its PKCE verifier."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {}
        self.verify_as: str | None = None  # if set, replaces the PKCE challenge that was sent
        self.methods: list[str] | None = None  # the client authentication methods it announces
        self.url = ""
        self._codes: dict[str, tuple[str, str]] = {}
        self._tokens: dict[str, dict[str, Any]] = {}

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/.well-known/openid-configuration")
        def describe() -> dict[str, Any]:
            methods = {"token_endpoint_auth_methods_supported": self.methods} if self.methods else {}
            return methods | {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
            }

        @app.get("/authorize")
        def authorize(
            client_id: str, redirect_uri: str, state: str, code_challenge: str, code_challenge_method: str
        ) -> RedirectResponse:
            if client_id != CLIENT or code_challenge_method != "S256":
                raise HTTPException(400)
            code = secrets.token_urlsafe()
            self._codes[code] = (redirect_uri, self.verify_as or code_challenge)
            return RedirectResponse(f"{redirect_uri}?{urlencode({'code': code, 'state': state})}", 302)

        @app.post("/token")
        def token(
            request: Request,
            code: Annotated[str, Form()],
            redirect_uri: Annotated[str, Form()],
            code_verifier: Annotated[str, Form()],
        ) -> dict[str, str]:
            kind, _, given = request.headers.get("authorization", "").partition(" ")
            if kind != "Basic" or base64.b64decode(given).decode() != f"{CLIENT}:{SECRET}":
                raise HTTPException(401)
            digest = hashlib.sha256(code_verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self._codes.pop(code, None) != (redirect_uri, challenge):
                raise HTTPException(400, "wrong code, redirect or verifier")
            access = secrets.token_urlsafe()
            self._tokens[access] = dict(self.person)
            return {"access_token": access, "token_type": "Bearer"}

        @app.get("/userinfo")
        def userinfo(request: Request) -> dict[str, Any]:
            _, _, access = request.headers.get("authorization", "").partition(" ")
            if access not in self._tokens:
                raise HTTPException(401)
            return self._tokens[access]

        return app


class LearningPlatform:
    """Signs launches, and publishes its keys for the hub."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.url = ""

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/jwks")
        def keys() -> dict[str, Any]:
            public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
            return {"keys": [public | {"kid": "one", "alg": "RS256", "use": "sig"}]}

        return app

    def claims(self, its_nonce: str, /, **changed: Any) -> dict[str, Any]:
        """Return a student's claims. `changed` replaces some of them; None removes one."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "user-17",
            "email": "jane.doe@univ.example",
            "iat": now,
            "exp": now + 300,
            "nonce": its_nonce,
            f"{LTI}message_type": "LtiResourceLinkRequest",
            f"{LTI}version": "1.3.0",
            f"{LTI}deployment_id": "1",
            f"{LTI}target_link_uri": "http://127.0.0.1/",
            f"{LTI}roles": [],
            f"{LTI}resource_link": {"id": "lab"},
        }
        return {name: value for name, value in (claims | changed).items() if value is not None}

    def signed(
        self, claims: dict[str, Any], key: Any = None, algorithm: str = "RS256", kid: str = "one"
    ) -> str:
        return jwt.encode(claims, self.key if key is None else key, algorithm=algorithm, headers={"kid": kid})


@contextmanager
def serving(service: OpenIdProvider | LearningPlatform) -> Iterator[None]:
    """Run the service on a free port of 127.0.0.1, and set its `url`."""
    server = uvicorn.Server(uvicorn.Config(service.app(), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the service did not start")
        time.sleep(0.05)
    service.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield
    server.should_exit = True
    thread.join(timeout=20)
