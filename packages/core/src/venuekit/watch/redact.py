"""Taking secrets out of anything that is about to be kept or shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

HIDDEN = "[redacted]"

#: Names of fields whose values are never kept.
_SECRET_NAME = re.compile(
    r"(?i)(^|[_\-.])(api[_\-]?key|apikey|secret|passphrase|password|passwd|token|access[_\-]?token|refresh[_\-]?token|"
    r"authorization|private[_\-]?key|signature|sign|jwt|mnemonic|seed[_\-]?phrase|cookie|credential|credentials|"
    r"bearer)(s)?($|[_\-.])"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PEM = re.compile(r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)", re.DOTALL)
_JWT = re.compile(r"\beyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{5,}(?:\.[A-Za-z0-9_\-]*)?")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=\-]{8,}")
_HEX_KEY = re.compile(r"\b(?:0x)?[0-9a-fA-F]{64}(?:[0-9a-fA-F]{2,66})?\b")
_WALLET = re.compile(r"\b0x[0-9a-fA-F]{34}([0-9a-fA-F]{6})\b")
_ASSIGNED = re.compile(
    r"(?i)\b(api[_\-]?key|secret|passphrase|password|token|private[_\-]?key|signature)(\"?\s*[=:]\s*\"?)([^\s\"',;&]{4,})"
)

#: Digests and ids of ours: hexadecimal, and not secret.
_PUBLIC_NAME = re.compile(r"(?i)(digest|hash|head|_id|_ids|sha256)$|^id$")


#: An exact amount.
_FRACTION = re.compile(r"-?[0-9]{1,30}\.[0-9]+")

#: No pattern below matches a shorter text: the shortest is ``token=abcd``.
_SHORTEST = 10


@lru_cache(maxsize=1024)
def names_a_secret(name: str) -> bool:
    """Whether a field of this name holds a secret."""
    words = _CAMEL.sub("_", name)
    return bool(_SECRET_NAME.search(words)) and not _PUBLIC_NAME.search(words)


def redact_text(text: str, *, also: frozenset[str] = frozenset(), keep_hex: bool = False) -> str:
    """`text` without keys, tokens, signatures and PEM blocks; wallet addresses cut to their last six digits.

    `also` holds literal secrets (from the configuration) that are taken out wherever they stand.
    """
    for secret in also:
        if secret and secret in text:
            text = text.replace(secret, HIDDEN)
    if len(text) < _SHORTEST:
        return text
    text = _PEM.sub(HIDDEN, text)
    text = _JWT.sub(HIDDEN, text)
    text = _BEARER.sub(lambda m: f"{m.group(1)} {HIDDEN}", text)
    text = _WALLET.sub(lambda m: f"0x…{m.group(1)}", text)
    if not keep_hex:
        text = _HEX_KEY.sub(HIDDEN, text)
    return _ASSIGNED.sub(lambda m: f"{m.group(1)}{m.group(2)}{HIDDEN}", text)


def redact(value: Any, *, also: frozenset[str] = frozenset(), name: str = "") -> Any:
    """JSON-ready data without secrets, by the names of fields and by the shapes of values."""
    if isinstance(value, str):
        if name and value and names_a_secret(name):
            return HIDDEN
        if _FRACTION.fullmatch(value) and not any(secret and secret in value for secret in also):
            return value  # however many digits it has: what an account holds must read back as it was written
        return redact_text(value, also=also, keep_hex=len(value) >= _SHORTEST and bool(_PUBLIC_NAME.search(name)))
    if isinstance(value, Mapping):
        return {str(k): redact(v, also=also, name=str(k)) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item, also=also, name=name) for item in value]
    return value
