"""Receipts: what somebody other than the student signed about a picture.

Rule: a receipt is a DSSE envelope around an in-toto Statement, signed with Ed25519. Exactly the bytes that
came are verified, and only then read; the algorithm is that of the key we know, whatever an envelope says of
itself; a key is good for what it signed while it was in use. A receipt proves who spoke and when, and that
the picture with these pixels was drawn by the signer (`drawn`) or shown to it (`witnessed`).

DSSE: https://github.com/secure-systems-lab/dsse, in-toto Statement v1: https://in-toto.io/Statement/v1
"""

import base64
import binascii
import hashlib
import json
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:genai-lab:receipt:1"
LARGEST = 16 * 1024  # bytes of an envelope; an honest one has about a thousand

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1, max_length=255)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Receipt(_Part):
    """What is signed, besides the hash of the pixels: the predicate of the statement."""

    issuer: Name
    student: Name  # as the Hub knows them
    time: AwareDatetime
    kind: Literal["drawn", "witnessed"]
    request: Sha256  # the digest of the request, see `request_digest`
    model: Name
    weights_sha256: Sha256 | None = None
    sequence: Annotated[int, Field(ge=1)]  # of this student's receipts
    previous: Sha256 | None = None  # the digest of the student's receipt before


class _Digest(_Part):
    sha256: Sha256


class _Subject(_Part):
    name: Literal["pixels"] = "pixels"
    digest: _Digest


class _Statement(_Part):
    type_: Literal["https://in-toto.io/Statement/v1"] = Field(STATEMENT_TYPE, alias="_type")
    subject: Annotated[tuple[_Subject, ...], Field(min_length=1, max_length=1)]
    predicate_type: Literal["urn:genai-lab:receipt:1"] = Field(PREDICATE_TYPE, alias="predicateType")
    predicate: Receipt


class _Signature(_Part):
    keyid: Name
    sig: Annotated[str, Field(max_length=200)]


class Envelope(_Part):
    """As it stands in a manifest's `receipt` and in the gateway's answers."""

    payload: Annotated[str, Field(max_length=LARGEST)]
    payload_type: Literal["application/vnd.in-toto+json"] = Field(PAYLOAD_TYPE, alias="payloadType")
    signatures: Annotated[tuple[_Signature, ...], Field(min_length=1, max_length=4)]

    def as_json(self) -> dict[str, Any]:
        """The fields under their own names."""
        return self.model_dump(mode="json", by_alias=True)


class Key(_Part):
    """One key of an issuer, and when it was in use."""

    keyid: Name
    public_key: Annotated[str, Field(max_length=2000)]  # PEM
    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime | None = None

    def in_use(self, time: datetime) -> bool:
        """Whether it was in use at that time."""
        return self.since <= time and (self.until is None or time <= self.until)


class Keys(_Part):
    """What `GET <gateway>/receipts/keys` answers, and `grade --receipts` takes."""

    keys: Annotated[tuple[Key, ...], Field(max_length=1000)]


class ReceiptError(Exception):
    """Why a receipt is not believed.

    `code`: `malformed`, `unknown_key`, `forged` (the signature does not fit), `key_not_in_use`, or `foreign`
    (signed, but no receipt of this form).
    """

    def __init__(self, code: Literal["malformed", "unknown_key", "forged", "key_not_in_use", "foreign"]):
        super().__init__(code)
        self.code = code


def request_digest(request: BaseModel) -> str:
    """SHA-256, in hexadecimal, over the request as canonical JSON (keys sorted, no spaces, no nulls)."""
    fields = request.model_dump(mode="json", exclude_none=True)
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def keyid_of(key: Ed25519PublicKey) -> str:
    """A name that only this key has: the SHA-256 of its PEM."""
    return hashlib.sha256(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def sign(receipt: Receipt, pixels_sha256: str, key: Ed25519PrivateKey) -> Envelope:
    """The receipt for a picture, signed."""
    statement = _Statement(subject=(_Subject(digest=_Digest(sha256=pixels_sha256)),), predicate=receipt)
    payload = json.dumps(
        statement.model_dump(mode="json", by_alias=True, exclude_none=True), separators=(",", ":")
    ).encode()
    signature = key.sign(_to_sign(payload))
    return Envelope(
        payload=base64.b64encode(payload).decode(),
        signatures=(_Signature(keyid=keyid_of(key.public_key()), sig=base64.b64encode(signature).decode()),),
    )


def digest_of(envelope: Envelope) -> str:
    """What the next receipt of the same student names as `previous`: the SHA-256 of the payload."""
    return hashlib.sha256(envelope.payload.encode()).hexdigest()


def verify(envelope: Envelope, keys: Keys) -> tuple[Receipt, str]:
    """The receipt, and the hash of the pixels that it speaks of. Raises ReceiptError."""
    known = {key.keyid: key for key in keys.keys}
    named = [signature for signature in envelope.signatures if signature.keyid in known]
    if not named:
        raise ReceiptError("unknown_key")
    try:
        payload = base64.b64decode(envelope.payload, validate=True)
        signatures = [base64.b64decode(signature.sig, validate=True) for signature in named]
    except (binascii.Error, ValueError):
        raise ReceiptError("malformed") from None
    signer = next(
        (
            known[signature.keyid]
            for signature, raw in zip(named, signatures, strict=True)
            if _fits(known[signature.keyid], raw, payload)
        ),
        None,
    )
    if signer is None:
        raise ReceiptError("forged")
    try:
        statement = _Statement.model_validate_json(payload)
    except ValidationError:
        raise ReceiptError("foreign") from None
    if not signer.in_use(statement.predicate.time):
        raise ReceiptError("key_not_in_use")
    return statement.predicate, statement.subject[0].digest.sha256


def unverified(envelope: Envelope) -> Receipt | None:
    """What an envelope says, without asking who signed it: for its owner alone, proof of nothing."""
    try:
        return _Statement.model_validate_json(base64.b64decode(envelope.payload, validate=True)).predicate
    except (binascii.Error, ValueError):
        return None


def _fits(key: Key, signature: bytes, payload: bytes) -> bool:
    """Whether this key made this signature of this payload; a key of another kind makes none."""
    try:
        public = load_pem_public_key(key.public_key.encode())
    except ValueError:
        return False
    if not isinstance(public, Ed25519PublicKey):
        return False
    try:
        public.verify(signature, _to_sign(payload))
    except InvalidSignature:
        return False
    return True


def _to_sign(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: type and payload, each with its length before it."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
