"""Taking secrets out of anything that is about to be kept or shown: by name of field, by shape, and known ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import attrs

from venuekit.model.codec import to_plain
from venuekit.watch.literals import without
from venuekit.watch.shapes import HIDDEN, taken_out

__all__ = ["HIDDEN", "names_a_secret", "redact", "redact_text"]

#: Names of fields whose values are never kept.
_SECRET_NAME = re.compile(
    r"(?i)(^|[_\-.])(x?api[_\-]?key|access[_\-]?key|(api|client|app|webhook)?secret|passphrase|(pg|db)?password|passwd|"
    r"passcode|pwd|(access|auth|refresh|session|bearer)?[_\-]?token|authorization|private[_\-]?key|signing[_\-]?key|"
    r"encryption[_\-]?key|signature|sign|jwt|mnemonic|(seed|recovery)[_\-]?(phrase|words)|cookie|credential|bearer|otp)"
    r"(s)?($|[_\-.])"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: Digests and ids: hexadecimal, and not secret.
_PUBLIC_NAME = re.compile(
    r"(?i)(digest|hash|head|_id|_ids|_i_d|sha256|cursor)$|^(ids?|subject|instruments?|market|asset|alias|order)$"
)
#: Amounts of tokens, which are no secret.
_AMOUNTS = re.compile(r"(?i)tokens$")
_ADDRESS_NAME = re.compile(r"(?i)(^|_)(address|wallet|funder|beneficiary|recipient|destination|signer)(es|s)?$")
_ADDRESS = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9:]{20,}")
#: An exact amount.
_FRACTION = re.compile(r"-?[0-9]{1,30}\.[0-9]+")
_ANYTHING, _ID, _ADDRESS_OF, _SECRET = range(4)
_DIGITS = frozenset("-0123456789")
#: A field's own name may be so long before anything but a known secret is looked for in it.
_LONG_NAME = 20
#: Holdings are filed by instrument and asset, whose ids may look like keys.
_PLAIN_ID = re.compile(r"(?!eyJ|[spr]k[_\-]|gh[opsru]_)[A-Za-z0-9._:\-]+")
#: Nothing is found in a shorter text: the shortest is ``otp=abcd``.
_SHORTEST = 8

_NAMED = re.compile(r"([A-Za-z][\w\-.]{1,60})(\\*[\"']?\s*(?:=>|[=:]|%3[aAdD])\s*)")
_VALUE = re.compile(
    r"b?(?P<quote>\\*[\"']).*?(?P=quote)|\[[^\]]*\]|\((?!\))[^)]*\)"
    r"|\\*[\"']?(?:[^\s\"'&;,)}\]]|,(?!\s|$)){4,}",
    re.DOTALL,
)


@lru_cache(maxsize=1024)
def names_a_secret(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    words = _CAMEL.sub("_", name)
    return bool(_SECRET_NAME.search(words)) and not _PUBLIC_NAME.search(words)


@lru_cache(maxsize=1024)
def _kind(name: str) -> int:
    """What a field of this name holds."""
    if names_a_secret(name):
        return _SECRET
    words = _CAMEL.sub("_", name)
    return _ADDRESS_OF if _ADDRESS_NAME.search(words) else _ID if _PUBLIC_NAME.search(words) else _ANYTHING


def redact_text(
    text: str, *, also: frozenset[str] = frozenset(), keep_hex: bool = False, keep_wallets: bool = False
) -> str:
    """`text` without keys, tokens, signatures, passwords and PEM blocks; wallet addresses cut to their last six.

    `keep_wallets` leaves those, for an operator who has to compare them.
    `also` holds literal secrets (from the configuration) that are taken out wherever they stand, in base64,
    hexadecimal or escaped too. `keep_hex` leaves a text that, as a whole, may be the id of an order or a transaction.
    """
    text = without(text, also, HIDDEN)
    if len(text) < _SHORTEST:
        return text
    keep_ids = keep_hex and _PLAIN_ID.fullmatch(text) is not None
    text = taken_out(text, keep_ids=keep_ids, keep_wallets=keep_wallets)
    return _without_named(text) if "=" in text or ":" in text or "%3" in text else text


def _without_named(text: str) -> str:
    """The text without what it calls a secret: ``api_key=...``, ``"secret": "..."``, ``X-Api-Key: ...``."""
    out: list[str] = []
    at = 0
    for named in _NAMED.finditer(text):
        if named.start() < at or not names_a_secret(named[1]):
            continue
        value = _VALUE.match(text, named.end())
        if value is not None and value[0][0] in "[(" and _AMOUNTS.search(named[1]):
            continue
        if value is None or value[0].strip("\\\"'") in ("", HIDDEN):
            continue
        quote = value["quote"] or ""
        out += [text[at : named.end()], quote, HIDDEN, quote]
        at = value.end()
    return "".join([*out, text[at:]]) if out else text


def redact(value: Any, *, also: frozenset[str] = frozenset(), name: str = "") -> Any:
    """JSON-ready data without secrets, by the names of fields and by the shapes of values.

    What stands below a field with a secret's name is hidden whole, whatever it is made of.
    """
    if isinstance(value, str):
        return _text(value, also, name)
    if isinstance(value, Mapping):
        below = name if name and names_a_secret(name) else ""
        return {_key(str(k), also): redact(v, also=also, name=below or str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item, also=also, name=name) for item in value]
    if isinstance(value, bytes | bytearray):
        return _text(bytes(value).decode("utf-8", "replace"), also, name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return HIDDEN if name and names_a_secret(name) and not _AMOUNTS.search(name) else value
    return redact(to_plain(value), also=also, name=name) if attrs.has(type(value)) else value


def _text(text: str, also: frozenset[str], name: str) -> str:
    kind = _kind(name)
    if kind == _SECRET and text:
        return HIDDEN
    if len(text) < _SHORTEST:
        return without(text, also, HIDDEN) if also else text
    if text[0] in _DIGITS and _FRACTION.fullmatch(text) and without(text, also, HIDDEN) == text:
        return text  # however many digits it has: what an account holds must read back as it was written
    if kind == _ADDRESS_OF and _ADDRESS.fullmatch(text):
        kept = "0x" if text[:2] in ("0x", "0X") else ""
        return f"{kept}…{text[-6:]}"
    return redact_text(text, also=also, keep_hex=kind == _ID)


def _key(name: str, also: frozenset[str]) -> str:
    """A field's own name, should somebody have put a secret there."""
    if also:
        name = without(name, also, HIDDEN)
    return name if len(name) < _LONG_NAME or _PLAIN_ID.fullmatch(name) else redact_text(name, also=also)
