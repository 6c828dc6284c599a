"""Every key of a centre, derived from its one root key.

Pure. HKDF-SHA256 (RFC 5869) with one `info` per purpose, so that no key tells anything about
another. The site Orthanc's plugin is given `SiteKeys` only; what makes national identities stays
with the gateway service.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.errors import ConfigError

ROOT_KEY_BYTES: Final = 32
SEAL_KEY_BYTES: Final = 64
"""AES-SIV takes two 256-bit keys."""


@dataclass(frozen=True)
class SiteKeys:
    """What the first stage needs: it can make site identities and cannot make national ones."""

    key_id: str
    lookup: bytes = field(repr=False)
    pseudonym: bytes = field(repr=False)
    uid: bytes = field(repr=False)
    date: bytes = field(repr=False)
    term: bytes = field(repr=False)
    seal: bytes = field(repr=False)
    former_seals: tuple[bytes, ...] = field(default=(), repr=False)
    """By which terms were sealed under earlier root keys: for reading. The plugin has none."""

    @property
    def identities(self) -> str:
        """Names what pseudonyms, UIDs and dates come from: other keys would split every patient."""
        made_of = self.lookup + self.pseudonym + self.uid + self.date
        return hashlib.sha256(b"identities" + made_of).hexdigest()[:16]

    def to_json(self) -> str:
        """Text for a secret file that only Orthanc's user can read."""
        values = asdict(self)
        del values["former_seals"]
        return json.dumps(
            {
                name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
                for name, value in values.items()
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "SiteKeys":
        """Read what `to_json` wrote.

        Raises
        ------
        ConfigError
            When the text is not such a file.
        """
        try:
            return cls._from_mapping(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                "The site key file is damaged. Write it again with `python -m gateway site-keys`."
            ) from error

    @classmethod
    def _from_mapping(cls, values: Mapping[str, str]) -> "SiteKeys":
        secret: dict[str, Any] = {
            item.name: base64.b64decode(values[item.name], validate=True)
            for item in fields(cls)
            if item.name not in ("key_id", "former_seals")
        }
        return cls(key_id=values["key_id"], **secret)


@dataclass(frozen=True)
class KeyRing:
    """All keys of one centre. `key_id` names the root key without telling anything about it.

    After a rotation identities still come from the first root key, since they must stay as they
    are; what protects (vault, sealed terms, signature) comes from the newest.
    """

    key_id: str
    centre: str
    vault_key: bytes = field(repr=False)
    national_id_key: bytes = field(repr=False)
    national_uid_key: bytes = field(repr=False)
    signing_key: Ed25519PrivateKey = field(repr=False)
    _site: SiteKeys = field(repr=False)
    former_vault_keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Key id to the vault's key under an earlier root key: for reading."""

    @classmethod
    def from_roots(cls, roots: Sequence[bytes], centre: str) -> "KeyRing":
        """Derive every key of a centre that has changed its root key; the oldest comes first."""
        rings = [cls.from_root(root, centre) for root in roots]
        first, newest, earlier = rings[0], rings[-1], rings[-2::-1]
        if not earlier:
            return newest
        site = replace(
            first.site_keys(),
            key_id=newest.key_id,
            seal=newest.site_keys().seal,
            former_seals=tuple(ring.site_keys().seal for ring in earlier),
        )
        return replace(
            newest,
            national_id_key=first.national_id_key,
            national_uid_key=first.national_uid_key,
            _site=site,
            former_vault_keys={ring.key_id: ring.vault_key for ring in earlier},
        )

    @classmethod
    def from_root(cls, root: bytes, centre: str) -> "KeyRing":
        """Derive every key.

        Raises
        ------
        ConfigError
            When the root key has fewer than 32 bytes or all of them are equal.
        """
        if len(root) < ROOT_KEY_BYTES or len(set(root)) < ROOT_KEY_BYTES // 4:
            raise ConfigError(
                "root_key_file: the root key needs 32 random bytes. Make one with "
                "`head -c 32 /dev/urandom > FILE` and keep a copy in a safe."
            )
        key_id = _derive(root, centre, "key-id", 8).hex()
        site = SiteKeys(
            key_id=key_id,
            lookup=_derive(root, centre, "site-lookup"),
            pseudonym=_derive(root, centre, "site-pseudonym"),
            uid=_derive(root, centre, "site-uid"),
            date=_derive(root, centre, "date-shift"),
            term=_derive(root, centre, "redacted-term"),
            seal=_derive(root, centre, "sealed-term", SEAL_KEY_BYTES),
        )
        return cls(
            key_id=key_id,
            centre=centre,
            vault_key=_derive(root, centre, "vault"),
            national_id_key=_derive(root, centre, "national-id"),
            national_uid_key=_derive(root, centre, "national-uid"),
            signing_key=Ed25519PrivateKey.from_private_bytes(_derive(root, centre, "signing")),
            _site=site,
        )

    def site_keys(self) -> SiteKeys:
        return self._site

    def public_key_base64(self) -> str:
        """The key by which the archive checks this centre's certificates: 32 raw bytes."""
        return base64.b64encode(self._public_bytes()).decode()

    @property
    def public_key_id(self) -> str:
        return hashlib.sha256(self._public_bytes()).hexdigest()[:16]

    def _public_bytes(self) -> bytes:
        return self.signing_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _derive(root: bytes, centre: str, purpose: str, length: int = 32) -> bytes:
    info = f"kasari/1/{purpose}/{centre}".encode()
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=info).derive(root)
