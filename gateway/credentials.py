"""Content Credentials (C2PA) for the pictures that a gateway drew or saw.

Rule: they are signed with a key of their own, never with that of the receipts: here bytes are signed that a
lab may have chosen, and such a signature must be good for nothing else. What is signed are the pixels that
somebody vouches for (`Origin`); who the student is stands nowhere in it. No address that a picture names is
asked for anything.

https://spec.c2pa.org; needs the extra `c2pa`.
"""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import BaseModel, ConfigDict, Field

from exercises.errors import MissingExtra
from lab.records.content_credentials import NO_ADDRESSES, ORIGIN, library
from manifests.atomic import write_atomic
from manifests.draft import Drawn
from manifests.errors import PictureError
from manifests.pictures import FORMATS, open_picture, picture_extension, xmp_of
from manifests.png import pixels_sha256
from manifests.receipts import Name, Sha256, request_digest
from manifests.xmp import TERMS, Generated, read, source_type_of

LIFE = timedelta(days=20 * 365)  # nobody here stamps times, so the certificates have to last
MOST_ADDED = 1024 * 1024  # bytes that a source's own credentials may add to a picture
_SETTINGS = {
    "builder": {
        "thumbnail": {"enabled": False},
        "created_assertion_labels": ["c2pa.actions", ORIGIN],  # what the signer itself states
    },
    "verify": {"verify_after_sign": False, **NO_ADDRESSES},
}


class Origin(BaseModel):
    """What is signed of a picture's origin, besides its bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal["genai-lab/origin/1"] = Field(default="genai-lab/origin/1", alias="schema")
    kind: Literal["drawn", "witnessed"]  # as in a receipt
    request: Sha256  # the digest of the request as canonical JSON, as in a receipt
    model: Name
    weights_sha256: Sha256 | None = None
    effective_steps: Annotated[int, Field(ge=0)]
    source_type: Generated
    pixels_sha256: Sha256

    @classmethod
    def of(cls, drawn: Drawn, pixels: str, kind: Literal["drawn", "witnessed"] = "drawn") -> "Origin":
        """That of a picture with these pixels, as whoever made it tells."""
        return cls(
            kind=kind,
            request=request_digest(drawn.request),
            model=drawn.model.id,
            weights_sha256=drawn.model.weights_sha256,
            effective_steps=drawn.effective_steps,
            source_type=source_type_of(drawn.request.mode),
            pixels_sha256=pixels,
        )


class CredentialsError(Exception):
    """Why a picture is not signed; it is as good as before.

    `code`: `picture` (it cannot be read), `pixels` (they are not those of its origin), `mark` (it declares
    another origin), `source` (what it was made from cannot be read), or `too_large` (so are that one's own
    credentials).
    """

    def __init__(self, code: Literal["picture", "pixels", "mark", "source", "too_large"]) -> None:
        super().__init__(code)
        self.code = code


class Credentials:
    """Signs pictures with the key and certificates in `folder`, which are made at the first start.

    The root's own key signs the one certificate and is forgotten. For any thread.
    """

    def __init__(self, folder: Path, issuer: str = "GenAI Lab gateway") -> None:
        found = library()
        if found is None:
            raise MissingExtra("c2pa", "c2pa")
        self._c2pa: ModuleType = found
        file = folder / "credentials.pem"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists():
            write_atomic(file, _fresh(issuer), mode=0o600)
        pem = file.read_bytes()
        key = load_pem_private_key(pem, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{file} holds no Ed25519 key")
        self._key = key
        leaf, root = x509.load_pem_x509_certificates(pem)
        self.root = root.public_bytes(Encoding.PEM).decode()  # for everybody: `genai-lab marks --trust`
        self._chain = leaf.public_bytes(Encoding.PEM).decode() + self.root

    def signed(self, png: bytes, origin: Origin, source: bytes | None = None) -> bytes:
        """The same PNG with its credentials in it: pixels and texts stay. Raises CredentialsError.

        `source`: what it was made from, as it was uploaded; its own credentials go along. The signature is
        over the texts too, so the bytes should be those that `png_bytes` makes.
        """
        _check(png, origin)
        if read(xmp_of(png)).source_type not in ("", origin.source_type):
            raise CredentialsError("mark")
        return self._sign(png, origin, source, embed=True)

    def sidecar(self, picture: bytes, origin: Origin, source: bytes | None = None) -> bytes:
        """Credentials for a picture whose bytes stay: a file `.c2pa` beside it. Raises CredentialsError."""
        _check(picture, origin)
        return self._sign(picture, origin, source, embed=False)

    def _sign(self, picture: bytes, origin: Origin, source: bytes | None, *, embed: bool) -> bytes:
        c2pa, out = self._c2pa, io.BytesIO()
        signer = c2pa.Signer.from_callback(self._key.sign, c2pa.C2paSigningAlg.ED25519, self._chain)
        with (
            signer,
            c2pa.Context.from_dict(_SETTINGS) as context,
            c2pa.Builder(json.dumps(_claim(origin)), context=context) as builder,
        ):
            if not embed:
                builder.set_no_embed()
            if source is None:
                builder.set_intent(c2pa.C2paBuilderIntent.CREATE, _source_type(c2pa, origin))
            else:
                self._begin_with(builder, origin, source)
            try:
                manifest = builder.sign(signer, _media(picture), io.BytesIO(picture), out)
            except c2pa.C2paError as error:
                raise CredentialsError("picture") from error
        if len(manifest) > MOST_ADDED:
            raise CredentialsError("too_large")
        return out.getvalue() if embed else bytes(manifest)

    def _begin_with(self, builder: Any, origin: Origin, source: bytes) -> None:
        builder.set_intent(self._c2pa.C2paBuilderIntent.EDIT)
        try:
            ingredient = {"title": "source", "relationship": "parentOf"}
            builder.add_ingredient(ingredient, _media(source), io.BytesIO(source))
        except (self._c2pa.C2paError, PictureError) as error:
            raise CredentialsError("source") from error
        builder.add_action({"action": "c2pa.edited", "digitalSourceType": TERMS + origin.source_type})


def _check(picture: bytes, origin: Origin) -> None:
    try:
        pixels = pixels_sha256(open_picture(picture))
    except PictureError as error:
        raise CredentialsError("picture") from error
    if pixels != origin.pixels_sha256:
        raise CredentialsError("pixels")


def _claim(origin: Origin) -> dict[str, object]:
    told = origin.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {
        "claim_generator_info": [{"name": "GenAI Lab"}],
        "assertions": [{"label": ORIGIN, "data": told}],
    }


def _source_type(c2pa: ModuleType, origin: Origin) -> Any:
    types = c2pa.C2paDigitalSourceType
    if origin.source_type == "trainedAlgorithmicMedia":
        return types.TRAINED_ALGORITHMIC_MEDIA
    return types.COMPOSITE_WITH_TRAINED_ALGORITHMIC_MEDIA


def _media(picture: bytes) -> str:
    return f"image/{FORMATS[picture_extension(picture)].lower()}"


def _fresh(issuer: str) -> bytes:
    """A new key, its certificate, and the root that signed it."""
    root_key, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    root = _certificate(issuer, "root", root_key, root_key)
    leaf = _certificate(issuer, "pictures", key, root_key)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + leaf.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM)


def _certificate(
    issuer: str, name: str, key: Ed25519PrivateKey, root_key: Ed25519PrivateKey
) -> x509.Certificate:
    """One that C2PA takes: the root's if it signs itself, else one that may sign documents."""
    root, now = key is root_key, datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=not root,
        key_cert_sign=root,
        crl_sign=root,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(issuer, name))
        .issuer_name(_name(issuer, "root"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks differ
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=root, path_length=0 if root else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if not root:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(authority, critical=False).add_extension(purposes, critical=False)
    return builder.sign(root_key, None)


def _name(issuer: str, name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, issuer),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{issuer}: {name}"[:64]),
        ]
    )
