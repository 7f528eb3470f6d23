"""A receipt is believed if, and only if, a known key signed exactly what was received."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from securesystemslib.dsse import Envelope as IndependentEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from manifests.receipts import (
    Envelope,
    Key,
    Keys,
    Receipt,
    ReceiptError,
    digest_of,
    keyid_of,
    request_digest,
    sign,
    verify,
)
from tests.manifests.conftest import make_draft

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
PIXELS = "ab" * 32
MINE = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
ANOTHERS = Ed25519PrivateKey.from_private_bytes(b"2" * 32)


def pem(key: Any) -> str:
    text: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return text.decode()


def known(*keys: Ed25519PrivateKey, since: datetime = NOW, until: datetime | None = None) -> Keys:
    return Keys(
        keys=tuple(
            Key(keyid=keyid_of(key.public_key()), public_key=pem(key), since=since, until=until)
            for key in keys
        )
    )


def receipt(**changes: Any) -> Receipt:
    fields: dict[str, Any] = {
        "issuer": "gateway",
        "student": "ada",
        "time": NOW,
        "kind": "drawn",
        "request": request_digest(make_draft().request),
        "model": "mini",
        "sequence": 1,
    }
    return Receipt(**(fields | changes))


def code(envelope: Envelope, keys: Keys) -> str:
    with pytest.raises(ReceiptError) as caught:
        verify(envelope, keys)
    return caught.value.code


def test_what_was_signed_is_read_back() -> None:
    said = receipt(weights_sha256="cd" * 32, previous="ef" * 32, sequence=2)
    through_json = Envelope.model_validate_json(json.dumps(sign(said, PIXELS, MINE).as_json()))
    assert verify(through_json, known(ANOTHERS, MINE)) == (said, PIXELS)


def test_an_independent_library_verifies_it_too() -> None:
    """securesystemslib, which sigstore and in-toto use, with nothing of ours."""
    envelope = sign(receipt(), PIXELS, MINE)
    theirs = IndependentEnvelope.from_dict(envelope.as_json())
    (keyid,) = (signature.keyid for signature in envelope.signatures)
    key = SSlibKey(keyid, "ed25519", "ed25519", {"public": MINE.public_key().public_bytes_raw().hex()})
    assert set(theirs.verify([key], 1)) == {keyid}
    other = SSlibKey(keyid, "ed25519", "ed25519", {"public": ANOTHERS.public_key().public_bytes_raw().hex()})
    with pytest.raises(VerificationError):
        theirs.verify([other], 1)


def test_the_form_is_that_of_dsse_and_in_toto() -> None:
    document = sign(receipt(), PIXELS, MINE).as_json()
    assert document["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(document["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": "pixels", "digest": {"sha256": PIXELS}}]
    assert len(json.dumps(document)) < 1500


@given(at=st.integers(0, 5000), change=st.integers(1, 255))
def test_one_changed_byte_of_what_was_signed_shows(at: int, change: int) -> None:
    envelope = sign(receipt(), PIXELS, MINE)
    payload = bytearray(base64.b64decode(envelope.payload))
    payload[at % len(payload)] ^= change
    changed = envelope.model_copy(update={"payload": base64.b64encode(payload).decode()})
    assert code(changed, known(MINE)) == "forged"


def test_a_signature_of_another_key_under_a_known_name_is_forged() -> None:
    theirs = sign(receipt(), PIXELS, ANOTHERS)
    (signature,) = theirs.signatures
    renamed = signature.model_copy(update={"keyid": keyid_of(MINE.public_key())})
    assert code(theirs.model_copy(update={"signatures": (renamed,)}), known(MINE)) == "forged"


def test_a_key_that_nobody_knows_is_said() -> None:
    assert code(sign(receipt(), PIXELS, ANOTHERS), known(MINE)) == "unknown_key"


@pytest.mark.parametrize(
    ("time", "believed"),
    [
        (NOW - timedelta(seconds=1), False),
        (NOW, True),
        (NOW + timedelta(days=30), True),
        (NOW + timedelta(days=31), False),
    ],
)
def test_a_key_is_good_for_its_time_only(time: datetime, believed: bool) -> None:
    envelope = sign(receipt(time=time), PIXELS, MINE)
    keys = known(MINE, until=NOW + timedelta(days=30))
    if believed:
        assert verify(envelope, keys)[0].time == time
    else:
        assert code(envelope, keys) == "key_not_in_use"


def test_an_envelope_cannot_choose_its_algorithm() -> None:
    """A key of another kind under the name asked for verifies nothing, and a header is no field."""
    envelope = sign(receipt(), PIXELS, MINE)
    rsa = pem(generate_private_key(public_exponent=65537, key_size=2048))
    keys = Keys(keys=(Key(keyid=envelope.signatures[0].keyid, public_key=rsa, since=NOW),))
    assert code(envelope, keys) == "forged"
    with pytest.raises(ValidationError):
        Envelope.model_validate(envelope.as_json() | {"alg": "none"})


def signed(payload: bytes) -> Envelope:
    """Any bytes, rightly signed."""
    text = b"DSSEv1 28 application/vnd.in-toto+json %d %s" % (len(payload), payload)
    envelope = sign(receipt(), PIXELS, MINE)
    (signature,) = envelope.signatures
    fresh = signature.model_copy(update={"sig": base64.b64encode(MINE.sign(text)).decode()})
    return envelope.model_copy(update={"payload": base64.b64encode(payload).decode(), "signatures": (fresh,)})


@given(payload=st.binary(max_size=200) | st.just(b'{"_type": "https://in-toto.io/Statement/v1"}'))
def test_signed_bytes_that_are_no_receipt_are_none(payload: bytes) -> None:
    assert code(signed(payload), known(MINE)) == "foreign"


@given(text=st.text(max_size=60))
def test_any_text_in_the_place_of_payload_or_signature_ends_in_a_reason(text: str) -> None:
    envelope = sign(receipt(), PIXELS, MINE)
    (signature,) = envelope.signatures
    for changed in (
        envelope.model_copy(update={"payload": text}),
        envelope.model_copy(update={"signatures": (signature.model_copy(update={"sig": text}),)}),
    ):
        assert code(changed, known(MINE)) in ("malformed", "forged")


def test_an_envelope_is_bounded() -> None:
    document = sign(receipt(), PIXELS, MINE).as_json()
    with pytest.raises(ValidationError):
        Envelope.model_validate(document | {"payload": "A" * 20_000})
    with pytest.raises(ValidationError):
        Envelope.model_validate(document | {"signatures": document["signatures"] * 5})


def test_requests_that_ask_for_the_same_have_one_digest_and_others_another() -> None:
    request = make_draft().request
    assert request_digest(request) == request_digest(request.model_copy())
    assert request_digest(request) != request_digest(request.model_copy(update={"seed": 4711}))


def test_a_chain_of_receipts_is_tied_by_digests() -> None:
    first = sign(receipt(), PIXELS, MINE)
    second = sign(receipt(sequence=2, previous=digest_of(first)), "cd" * 32, MINE)
    assert verify(second, known(MINE))[0].previous == digest_of(first) != digest_of(second)
