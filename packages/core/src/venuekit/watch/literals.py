"""Secrets that are known, in every way of writing that a venue, a library or a log may give back."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from urllib.parse import quote, quote_plus

#: A shorter one is looked for as it is only: what its bytes come to in another writing may be anything.
_LONG_ENOUGH = 8
#: So many characters of its beginning give a long secret away.
_TELLING = 16
#: A line of a key has at least so many characters; a shorter one may be an ordinary word.
_LINE = 16


@lru_cache(maxsize=64)
def forms(secrets: frozenset[str]) -> tuple[str, ...]:
    """How the secrets may be written, longest first: as they are, escaped, line by line, in base64, in hexadecimal."""
    found: set[str] = set()
    for secret in secrets:
        found |= {secret, secret.strip()}
        if len(secret) >= _LONG_ENOUGH:
            found |= _written(secret)
    return tuple(sorted(found - {""}, key=lambda form: (-len(form), form)))


def _written(secret: str) -> set[str]:
    unescaped = secret.replace("\\n", "\n")
    lines = {line.strip() for line in unescaped.splitlines()}
    found = {line for line in lines if len(line) >= _LINE and not line.startswith("-----")}
    found |= {unescaped, repr(secret)[1:-1], json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    found |= {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    raw = secret.encode("utf-8", "surrogatepass")
    found |= {raw.hex(), raw.hex().upper()}
    for before in range(3):  # wherever in a longer text it stood before that was put into base64
        text = base64.b64encode(b"\0" * before + raw).decode()
        whole = text[-(-before * 8 // 6) : len(text) - (0, 3, 2)[(before + len(raw)) % 3]]
        if len(whole) >= _LONG_ENOUGH:
            found |= {whole, whole.replace("+", "-").replace("/", "_")}
    return found


@lru_cache(maxsize=64)
def _beginnings(secrets: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """How each long secret begins, and the secret: a text may have been cut in the middle of one."""
    return tuple((secret[: min(len(secret) // 2, _TELLING)], secret) for secret in secrets if len(secret) >= _LINE)


def holds(text: str, secrets: frozenset[str]) -> bool:
    """Whether a known secret, or a telling part of its beginning, stands in `text`, however it is written."""
    if not secrets:
        return False
    return any(form in text for form in forms(secrets)) or any(start in text for start, _ in _beginnings(secrets))


def without(text: str, secrets: frozenset[str], hidden: str) -> str:
    """`text` with `hidden` wherever a known secret stood."""
    for form in forms(secrets) if secrets else ():
        if form in text:
            text = text.replace(form, hidden)
    for start, secret in _beginnings(secrets) if secrets else ():
        at = text.find(start)
        while at >= 0:
            text = text[:at] + hidden + text[at + _same(text[at:], secret) :]
            at = text.find(start, at + len(hidden))
    return text


def _same(text: str, secret: str) -> int:
    """How many characters of `secret` the text begins with."""
    return next((n for n, (a, b) in enumerate(zip(text, secret, strict=False)) if a != b), min(len(text), len(secret)))
