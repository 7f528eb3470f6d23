"""What sending grades back needs of the hub: the tool's key, its public half, and who is who.

The hub keeps of each launch where that student's grade goes (`auth_state`, encrypted) and sends nothing
itself: `genai-lab grades push` reads it over the Hub's API, with a token that may read just that, and
signs with the key.
"""

import base64
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

from traitlets.config import Config

from hub.errors import HubError
from hub.secret_files import secret_file
from manifests.atomic import write_atomic

FOLDER, KEY, CRYPT_KEY, TOKEN, TOOL = "lti", "tool-key.pem", "crypt-key", "grades-token", "tool.json"
SCOPES = ["admin:auth_state", "read:users", "list:users"]
CLAIM = "https://purl.imsglobal.org/spec/lti"
BITS = 2048


def configure(c: Config, state: Path, token_url: str) -> None:
    """Keep where grades go, and make what they are sent with."""
    folder = state / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    c.CryptKeeper.keys = [bytes.fromhex(secret_file(folder / CRYPT_KEY, lambda: secrets.token_hex(32)))]
    pem = secret_file(folder / KEY, make_key)
    c.LtiAuthenticator.enable_auth_state = True
    c.LtiAuthenticator.tool_jwks = jwks(pem)
    c.JupyterHub.services.append({"name": "grades", "api_token": secret_file(folder / TOKEN)})
    c.JupyterHub.load_roles.append({"name": "grades", "scopes": SCOPES, "services": ["grades"]})
    write_atomic(folder / TOOL, json.dumps({"token_url": token_url}).encode(), mode=0o600)


def make_key() -> str:
    """A new private key, as PEM."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def jwks(pem: str) -> dict[str, Any]:
    """The public half of the key, as a platform fetches it. Its id is its thumbprint (RFC 7638)."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from jwt.algorithms import RSAAlgorithm

    public = load_pem_private_key(pem.encode(), None).public_key()
    if not isinstance(public, RSAPublicKey):
        raise HubError("lti.bad_key")
    told = RSAAlgorithm.to_jwk(public, as_dict=True)
    own = {name: told[name] for name in ("e", "kty", "n")}
    thumb = hashlib.sha256(json.dumps(own, sort_keys=True, separators=(",", ":")).encode()).digest()
    kid = base64.urlsafe_b64encode(thumb).rstrip(b"=").decode()
    return {"keys": [{**own, "alg": "RS256", "use": "sig", "kid": kid}]}


def where_grades_go(token: dict[str, Any]) -> dict[str, Any] | None:
    """Of a verified launch what a grade's way needs, or None where the platform offers none."""
    endpoint = token.get(f"{CLAIM}-ags/claim/endpoint")
    if not isinstance(endpoint, dict) or not isinstance(endpoint.get("lineitem"), str):
        return None
    link, audience = token.get(f"{CLAIM}/claim/resource_link"), token.get("aud")
    return {
        "issuer": token.get("iss"),
        "client_id": audience[0] if isinstance(audience, list) and audience else audience,
        "user_id": token.get("sub"),
        "lineitem": endpoint["lineitem"],
        "scope": [s for s in endpoint.get("scope") or [] if isinstance(s, str)],
        "title": link.get("title", "") if isinstance(link, dict) else "",
    }
