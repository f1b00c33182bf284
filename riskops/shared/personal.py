"""Personal data at rest: encrypted with a versioned key, searched by keyed blind index, shown masked.

One AES-256-GCM value holds all personal fields of a person: one encryption a row, and no field leaks by its length.
Layout: key id (2 bytes, big-endian) · nonce (12) · ciphertext with tag. Blind indexes are the top 63 bits of
keyed BLAKE2b over "kind:normalised value": equality only, and worthless without the key. (Keyed BLAKE2b is a MAC as HMAC is,
at a fifth of its cost; an import makes some nine indexes a customer.)
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

_WRITE_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
PERSON_FIELDS: Final = ("name", "phone", "email", "national_id", "address", "device_ids")


class UnknownKey(LookupError):
    """The value was encrypted with a key that PERSONAL_DATA_KEYS does not list."""


@lru_cache(maxsize=4)
def _ciphers(keys: tuple[str, ...]) -> dict[int, AESGCM]:
    pairs = (pair.split(":", 1) for pair in keys)
    return {int(number): AESGCM(hashlib.sha256(bytes.fromhex(secret)).digest()) for number, secret in pairs}


def encrypt(person: dict[str, str]) -> bytes:
    """Return the person encrypted with the newest key (the first of PERSONAL_DATA_KEYS)."""
    ciphers = _ciphers(tuple(settings.PERSONAL_DATA_KEYS))
    key_id, cipher = next(iter(ciphers.items()))
    nonce = os.urandom(12)
    head = key_id.to_bytes(2, "big")
    plain = _WRITE_JSON(person).encode()
    return head + nonce + cipher.encrypt(nonce, plain, head)


def decrypt(value: bytes) -> dict[str, str]:
    """Return the person that `encrypt` hid.

    :raises UnknownKey: the key it names is not configured
    """
    value = bytes(value)
    key_id = int.from_bytes(value[:2], "big")
    cipher = _ciphers(tuple(settings.PERSONAL_DATA_KEYS)).get(key_id)
    if cipher is None:
        raise UnknownKey(f"personal data is encrypted with key {key_id}; add it to PERSONAL_DATA_KEYS")
    person: dict[str, str] = json.loads(cipher.decrypt(value[2:14], value[14:], value[:2]))
    return person


#: What a sealed file begins with. No kind of file that is taken begins with a zero byte.
_SEAL: Final = b"\x00riskops1"


def seal(content: bytes, name: str) -> bytes:
    """Return the bytes of a file encrypted with the newest key and bound to the name it is kept by: swapped, it does not open.

    Layout: seal (9 bytes) · key id (2, big-endian) · nonce (12) · ciphertext with tag.
    """
    key_id, cipher = next(iter(_ciphers(tuple(settings.PERSONAL_DATA_KEYS)).items()))
    nonce, head = os.urandom(12), key_id.to_bytes(2, "big")
    return _SEAL + head + nonce + cipher.encrypt(nonce, content, _SEAL + head + name.encode())


def unseal(sealed: bytes, name: str) -> bytes:
    """Return the bytes that `seal` hid; what was kept before files were sealed comes back as it is.

    :raises UnknownKey: the key it names is not configured
    :raises cryptography.exceptions.InvalidTag: it was changed, or belongs to another name
    """
    if not sealed.startswith(_SEAL):
        return sealed
    key_id = seal_key_id(sealed)
    cipher = _ciphers(tuple(settings.PERSONAL_DATA_KEYS)).get(key_id or 0)
    if cipher is None:
        raise UnknownKey(f"a file is encrypted with key {key_id}; add it to PERSONAL_DATA_KEYS")
    body = sealed[len(_SEAL) :]
    return cipher.decrypt(body[2:14], body[14:], _SEAL + body[:2] + name.encode())


def seal_key_id(sealed: bytes) -> int | None:
    """Return the number of the key a file is encrypted with, None where it is not."""
    return int.from_bytes(sealed[len(_SEAL) : len(_SEAL) + 2], "big") if sealed.startswith(_SEAL) else None


class EncryptedPersonField(models.BinaryField):  # type: ignore[type-arg]  # as in fields.py
    """A dict of personal fields in Python, one encrypted value in the database."""

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> dict[str, str] | None:
        return None if value is None else decrypt(value)

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        if isinstance(value, dict):
            value = encrypt(value)
        return super().get_db_prep_value(value, connection, prepared)


def normalised(text: str) -> str:
    """Return the text as blind indexes compare it: NFKC, case-folded, single spaces."""
    # ASCII is its own NFKC; most cells are, and an import asks millions of times.
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


def digits_of(text: str) -> str:
    """Return the letters and digits alone, as phone and identity numbers are compared."""
    if text.isascii():
        return text.lower() if text.isalnum() else "".join(filter(str.isalnum, text.lower()))
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


@lru_cache(maxsize=4)
def _index_key(secret: str) -> bytes:
    """Return the 64 bytes that key the blind indexes, from a secret of any length."""
    return hashlib.sha512(secret.encode()).digest()


def blind_index(kind: str, value: str) -> int | None:
    """Return the 63-bit keyed hash of a normalised value, None for an empty one."""
    if not value:
        return None
    return keyed_hash(f"{kind}:{value}") >> 1


def keyed_hash(text: str) -> int:
    """Return the 64-bit keyed hash of a text."""
    digest = hashlib.blake2b(text.encode(), digest_size=8, key=_index_key(settings.BLIND_INDEX_KEY)).digest()
    return int.from_bytes(digest, "big")


def person_indexes(person: dict[str, str]) -> dict[str, int | None]:
    """Return the blind indexes of a person, by the name of the customer column that holds each."""
    phone, identity = digits_of(person.get("phone", "")), digits_of(person.get("national_id", ""))
    return {
        "name_index": blind_index("name", normalised(person.get("name", ""))),
        "phone_index": blind_index("phone", phone),
        "phone_last4_index": blind_index("phone4", phone[-4:] if len(phone) >= 4 else ""),
        "email_index": blind_index("email", normalised(person.get("email", ""))),
        "national_id_index": blind_index("id", identity),
        "national_id_last4_index": blind_index("id4", identity[-4:] if len(identity) >= 4 else ""),
    }


def name_token_indexes(name: str) -> set[int]:
    """Return the blind indexes of the words of a name; a Chinese name also gives its family name and given name."""
    words = set(normalised(name).split())
    for word in list(words):
        if len(word) in (2, 3) and all("\u4e00" <= c <= "\u9fff" for c in word):
            words |= {word[:1], word[1:]}
    return {_token_index(settings.BLIND_INDEX_KEY, word) for word in words}


@lru_cache(maxsize=20_000)
def _token_index(secret: str, word: str) -> int:
    """Return the index of a word; most of a book's names are made of a few thousand words."""
    return keyed_hash(f"token:{word}") >> 1


def link_indexes(person: dict[str, str]) -> dict[str, set[int]]:
    """Return the blind indexes of what people may share and customers have no column for: address and devices (`;` between)."""
    address = digits_of(person.get("address", ""))
    devices = {digits_of(device) for device in person.get("device_ids", "").split(";")} - {""}
    return {
        "address": {keyed_hash(f"address:{address}") >> 1} if address else set(),
        "device": {keyed_hash(f"device:{device}") >> 1 for device in devices},
    }


def token_indexes(person: dict[str, str]) -> set[int]:
    """Return what is kept of a person in the table of tokens: the words of the name, the address, the devices."""
    return name_token_indexes(person.get("name", "")).union(*link_indexes(person).values())


#: Public mail providers, by whose domain nobody is known. Any other may be a person's own, or a workplace of few.
MAIL_PROVIDERS: Final = frozenset(
    {
        "126.com", "139.com", "163.com", "189.cn", "aliyun.com", "foxmail.com", "gmail.com", "hotmail.com", "icloud.com",
        "live.com", "outlook.com", "proton.me", "protonmail.com", "qq.com", "sina.cn", "sina.com", "sohu.com", "tom.com",
        "vip.163.com", "vip.qq.com", "wo.cn", "yahoo.com", "yeah.net",
    }
)  # fmt: skip


def masked(value: str, *, shown: int = 4) -> str:
    """Return the value with all but its last characters hidden.

    Of an e-mail address the first character is left, and none where there are two at most; and the domain of a public provider,
    of another one its end alone.
    """
    if not value:
        return ""
    local, _at, domain = value.partition("@")
    if local and "." in domain and " " not in value:
        first = local[:1] if len(local) > 2 else ""
        known = domain if domain.casefold() in MAIL_PROVIDERS else f"•••.{domain.rpartition('.')[2]}"
        return f"{first}•••@{known}"
    return "•" * 4 + value[-shown:] if len(value) > shown else "•" * len(value)


def masked_name(name: str) -> str:
    """Return a name with all but its first character hidden."""
    return name[:1] + "•" * 2 if name else ""
