"""Tests that cookies are marked as secure over TLS, which the hub or a proxy in front of it terminates."""

import datetime
import ssl
import tomllib
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.hub.conftest import StartHub, wait_until


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return files


def test_the_hub_s_own_certificate_is_served(start_hub: StartHub, certificate: tuple[Path, Path]) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    cert, key = map(str, certificate)
    hub = start_hub(trusted=trusted, GENAI_HUB_TLS_CERTIFICATE=cert, GENAI_HUB_TLS_KEY=key)
    answer = httpx2.get(f"{hub.url}hub/login", verify=trusted)
    assert answer.status_code == 200
    assert all("; Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert hub.url.replace("localhost", "127.0.0.1") in wait_until(hub.console.read_text, "it said so")


def test_only_the_proxy_that_was_named_says_that_it_came_over_tls(start_hub: StartHub) -> None:
    from_tls = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "lab.univ.example"}
    behind = start_hub(GENAI_HUB_TLS_PROXY="127.0.0.1", GENAI_HUB_INSECURE="1")
    cookies = httpx2.get(f"{behind.url}hub/login", headers=from_tls).headers.get_list("set-cookie")
    assert cookies
    assert all("; Secure" in cookie for cookie in cookies)
    traefik = tomllib.loads((behind.state / "traefik.toml").read_text())
    assert traefik["entryPoints"]["http"]["forwardedHeaders"] == {"trustedIPs": ["127.0.0.1"]}
    patience = traefik["entryPoints"]["http"]["transport"]["respondingTimeouts"]["readTimeout"]
    assert patience == "1h", "a photo over a slow line takes more than traefik's minute"
    assert "GENAI_HUB_INSECURE" in wait_until(behind.console.read_text, "it said so")
    behind.stop()

    open_to_all = start_hub()
    cookies = httpx2.get(f"{open_to_all.url}hub/login", headers=from_tls).headers.get_list("set-cookie")
    assert cookies
    assert not any("; Secure" in cookie for cookie in cookies)
