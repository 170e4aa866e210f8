"""What secrets look like where no field names them: the shapes that are taken out of any text."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

HIDDEN = "[redacted]"

_BASE58 = "[1-9A-HJ-NP-Za-km-z]"
_ALONE = r"(?<![A-Za-z0-9])", r"(?![A-Za-z0-9])"

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
_JWT = re.compile(r"eyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{5,}(?:\.[A-Za-z0-9_\-]*)*")
_BEARER = re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9._~+/=\-]{8,}")
#: A password in an address may hold anything, however wrong that is; what is only a port is none.
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*://[^\s/@:\"']*:)(?![0-9]+(?:/|$))[^\s\"'<>]+@")
_PHRASE = re.compile(r"(?<![A-Za-z])[a-z]{3,8}(?:[ \t\r\n,]+[a-z]{3,8}){11,}(?![a-z])")
_FEWEST_WORDS = 12

#: Keys of 32 bytes or more, signatures, calldata. A number of that many digits is an outcome's token id.
_HEX = re.compile(rf"{_ALONE[0]}(?:0[xX])?(?=[0-9]*[a-fA-F])[0-9a-fA-F]{{64,}}{_ALONE[1]}")
#: 32 and 64 bytes in base64, as Polymarket and Coinbase hand out their secrets.
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_\-])(?:[A-Za-z0-9+/_\-]{43}=|[A-Za-z0-9+/_\-]{86}==)(?![A-Za-z0-9+/=_\-])")
#: Private keys of Bitcoin and Solana, and the tokens that other companies mark as theirs.
_MARKED = re.compile(
    rf"{_ALONE[0]}(?:(?=[0-9]*[A-Za-z]){_BASE58}{{86,88}}|[5KL](?=[0-9]*[A-Za-z]){_BASE58}{{50,51}}"
    rf"|[a-z]prv{_BASE58}{{100,112}}){_ALONE[1]}"
    r"|(?<![A-Za-z0-9])(?:[spr]k[_\-][A-Za-z0-9_\-]{16,}|gh[opsru]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|xox[a-z]-[A-Za-z0-9\-]{10,}|AKIA[A-Z0-9]{16}|AIza[A-Za-z0-9_\-]{35})"
)
_WALLET = re.compile(rf"{_ALONE[0]}0[xX][0-9a-fA-F]{{34}}([0-9a-fA-F]{{6}}){_ALONE[1]}")
_SEGWIT = re.compile(rf"{_ALONE[0]}(bc1|tb1|ltc1)[02-9ac-hj-np-z]{{19,81}}([02-9ac-hj-np-z]{{6}}){_ALONE[1]}")

#: All that is below is at least so many of these in a row, or names what it is, or has eleven spaces.
_RUN = re.compile(r"[A-Za-z0-9_+/=\-]{18}")


def taken_out(text: str, *, keep_ids: bool = False, keep_wallets: bool = False) -> str:
    """`text` without PEM blocks, tokens, keys, signatures, passwords in addresses and recovery phrases.

    Wallet addresses are cut to their last six characters, unless `keep_wallets`. `keep_ids` leaves what may be an
    order's or a transaction's id: a key of 32 bytes looks the same.
    """
    if "-----BEGIN" in text:
        text = _PEM.sub(HIDDEN, text)
    if " " in text:
        text = _BEARER.sub(lambda m: f"{m[1]} {HIDDEN}", text)
        if text.count(" ") >= _FEWEST_WORDS - 1 or "," in text or "\n" in text:
            text = _PHRASE.sub(_unless_prose, text)
    elif text.count(",") + text.count("\n") >= _FEWEST_WORDS - 1:
        text = _PHRASE.sub(_unless_prose, text)
    if "://" in text:
        text = _USERINFO.sub(lambda m: f"{m[1]}{HIDDEN}@", text)
    if _RUN.search(text) is None:
        return text
    if "eyJ" in text:
        text = _JWT.sub(HIDDEN, text)
    if not keep_wallets:
        text = _WALLET.sub(lambda m: f"0x…{m[1]}", text)
        text = _SEGWIT.sub(lambda m: f"{m[1]}…{m[2]}", text)
    text = _MARKED.sub(HIDDEN, text)
    if keep_ids:
        return text
    return _BASE64.sub(HIDDEN, _HEX.sub(HIDDEN, text))


def _unless_prose(match: re.Match[str]) -> str:
    """A run of short words, without those of which a recovery phrase may be made, twelve or more in a row."""
    words, known = re.split(r"([ \t\r\n,]+)", match[0]), _phrase_words()
    out: list[str] = []
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and words[end] in known:
            end += 2
        if end - at >= 2 * _FEWEST_WORDS:
            out.append(HIDDEN)
            out += words[end - 1 : end]
            at = end
        else:
            out += words[at : max(end, at + 2)]
            at = max(end, at + 2)
    return "".join(out)


@lru_cache(maxsize=1)
def _phrase_words() -> frozenset[str]:
    """The 2048 English words of BIP-39."""
    return frozenset(Path(__file__).with_name("mnemonic_words.txt").read_text(encoding="ascii").split())
