"""The keys that receipts are signed with, in the gateway's state.

Rule: private keys are files that only the gateway's user may read; one signs, the others were in use before
and stay good for what they signed. `public` is what everybody may know.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from manifests.receipts import Key, Keys, keyid_of


class SigningKeys:
    """The keys of one gateway; made at its first start, turned over by `turn_over`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._private, self._public = folder / "signing.pem", folder / "keys.json"
        if not self._private.exists():
            self.turn_over()
        loaded = load_pem_private_key(self._private.read_bytes(), password=None)
        if not isinstance(loaded, Ed25519PrivateKey):
            raise ValueError(f"{self._private} is no Ed25519 key")
        self.signing = loaded
        if keyid_of(loaded.public_key()) not in {key.keyid for key in self.public.keys}:
            self._announce(loaded, datetime.now(UTC))  # killed between the two files

    @property
    def public(self) -> Keys:
        """All keys there ever were, with their times."""
        if not self._public.exists():
            return Keys(keys=())
        return Keys.model_validate_json(self._public.read_bytes())

    def turn_over(self) -> None:
        """Sign with a new key from now on."""
        fresh, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
        pem = fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._announce(fresh, now)  # first, so that no receipt has a key that nobody knows
        _write(self._private, pem)
        self.signing = fresh

    def _announce(self, key: Ed25519PrivateKey, now: datetime) -> None:
        public = key.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        older = (each if each.until else each.model_copy(update={"until": now}) for each in self.public.keys)
        new = Key(keyid=keyid_of(public), public_key=pem, since=now)
        _write(self._public, Keys(keys=(*older, new)).model_dump_json(by_alias=True).encode())


def _write(file: Path, data: bytes) -> None:
    """The file whole or not at all, for its owner's eyes only."""
    part = file.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
