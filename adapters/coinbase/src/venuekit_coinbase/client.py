"""The official SDK as a builder of requests: it names endpoints, shapes bodies and reads keys, and opens no socket.

Only this file imports it. Source for the seam: coinbase-advanced-py 1.8.4, `RESTBase.prepare_and_send_request` and
`jwt_generator`, read 2026-11; a test fails when either moves.
"""

from __future__ import annotations

import base64
import logging
import secrets
import ssl
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import msgspec
import requests
from coinbase import jwt_generator  # type: ignore[import-untyped]
from coinbase.rest import RESTClient  # type: ignore[import-untyped]
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from venuekit.adapter import NANOS, Clock, ConfigError
from venuekit_coinbase.config import PLACE, CoinbaseOptions
from venuekit_wire import calls

#: How long a token is valid, in seconds; the venue takes no more.
_TOKEN_SECONDS = 120
#: What ES256 is: the curve's numbers have so many bits.
_ECDSA, _BITS = ec.ECDSA(SHA256()), 256
_encode = msgspec.json.Encoder().encode
#: The library's loggers come with a handler of their own each, which would print beside the program's logging.
for _name in ("coinbase.RESTClient", "coinbase.WSClient"):
    logging.getLogger(_name).handlers.clear()
    logging.getLogger(_name).setLevel(logging.NOTSET)


@attrs.frozen
class Call(calls.Call):
    """One request as the SDK would make it. A public one needs no key, and gets no token."""

    public: bool = attrs.field(kw_only=True)


class _Planned(Exception):
    def __init__(self, call: Call) -> None:
        self.call = call


class Requests(RESTClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's client, whose every method ends in the request that it would send."""

    def __init__(self) -> None:
        # Any key does: none is used here, and its own default would be whatever was in the environment at import.
        super().__init__(api_key="unused", api_secret="unused")  # noqa: S106

    def prepare_and_send_request(
        self,
        http_method: str,
        url_path: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        public: bool = False,
    ) -> Any:
        """End the call here."""
        body = {k: v for k, v in data.items() if v is not None} if data is not None else None
        query = {k: v for k, v in (params or {}).items() if v is not None}
        raise _Planned(Call(http_method, url_path, query, body, public=public))


def plan(method: Callable[..., Any], *arguments: Any, **named: Any) -> Call:
    """The request that a method of `Requests` would send."""
    try:
        method(*arguments, **named)
    except _Planned as planned:
        return planned.call
    raise AssertionError(f"{method.__name__} made no request")


class _Trusting(HTTPAdapter):
    """Connections that trust what they are told to: the client's own way is to replace the system's certificates."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """As the library makes its pool, with our certificates."""
        super().init_poolmanager(*arguments, ssl_context=self._context, **named)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verify, by nothing else than the context."""
        del url, verify, cert
        conn.cert_reqs = "CERT_REQUIRED"


class Official(RESTClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's client as it is shipped, its session and its tokens; only the answer is left unread.

    Reading it is ours: its own makes binary floats of JSON numbers, and one error of every failure.
    """

    def __init__(self, options: CoinbaseOptions, trusted: ssl.SSLContext) -> None:
        """`trusted` verifies the venue's certificates, in place of the SDK's own list."""
        secret = options.api_secret.encode().decode("unicode_escape")
        super().__init__(
            api_key=options.api_key or None,
            api_secret=secret or None,
            base_url=options.host,
            timeout=(options.connect_timeout_seconds, options.timeout_seconds),
        )
        # Neither proxies nor certificates come from the environment.
        self.session.trust_env = False
        self.session.mount("https://", _Trusting(trusted))

    def send_request(
        self, http_method: str, url_path: str, params: Any, headers: Mapping[str, str], data: Any = None
    ) -> requests.Response:
        """The answer as it came."""
        answer: requests.Response = self.session.request(
            http_method,
            f"https://{self.base_url}{url_path}",
            params=params,
            json=data if data is not None else {},
            headers=dict(headers),
            timeout=self.timeout,
            allow_redirects=False,
        )
        return answer

    def carry_out(self, call: Call) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer to a request; blocks.

        Raises:
            ConnectionRefusedError: nothing was sent. OSError: no whole answer came.
        """
        try:
            found = self.prepare_and_send_request(
                call.method, call.path, dict(call.query), call.body, public=call.public
            )
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise ConnectionRefusedError(_line(error)) from None
        except requests.ConnectionError as error:
            reason = getattr(error.args[0] if error.args else None, "reason", None)
            if isinstance(reason, NewConnectionError):
                raise ConnectionRefusedError("no connection could be made") from None
            raise ConnectionAbortedError(_line(error)) from None
        except requests.RequestException as error:
            raise ConnectionAbortedError(_line(error)) from None
        return found.status_code, found.headers, found.content


def _line(error: Exception) -> str:
    return type(error).__name__


class Signer:
    """Makes tokens: one for each request, since the venue takes none twice. The key is read once."""

    def __init__(self, key: str, secret: str, clock: Clock) -> None:
        """Raises ConfigError when the secret is no key; its text is in no message."""
        self._key_name = key
        self._clock = clock
        try:
            self._key, self._algorithm = _read(secret)
        except (ValueError, TypeError, UnicodeDecodeError):
            raise ConfigError(
                f"{PLACE}.api_secret is not a private key.",
                fix="Give the PEM block or the base64 text from the key's file, whole, in quotes.",
                field=f"{PLACE}.api_secret",
            ) from None

    def for_request(self, method: str, host: str, path: str) -> str:
        """A token for one request; the query is not part of what it is for."""
        return self._token(f"{method} {host}{path}")

    def for_socket(self) -> str:
        """A token for one message to a stream."""
        return self._token(None)

    def _token(self, uri: str | None) -> str:
        now = self._clock.now_ns() // NANOS
        claims: dict[str, Any] = {"sub": self._key_name, "iss": "cdp", "nbf": now, "exp": now + _TOKEN_SECONDS}
        if uri is not None:
            claims["uri"] = uri
        head = {"alg": self._algorithm, "kid": self._key_name, "nonce": secrets.token_hex(), "typ": "JWT"}
        # As PyJWT does it for the SDK, in half the time: every request waits for it.
        text = _base64(_encode(head)) + b"." + _base64(_encode(claims))
        return (text + b"." + _base64(self._sign(text))).decode()

    def _sign(self, text: bytes) -> bytes:
        if not isinstance(self._key, ec.EllipticCurvePrivateKey):
            return bytes(self._key.sign(text))
        return b"".join(number.to_bytes(_BITS // 8) for number in decode_dss_signature(self._key.sign(text, _ECDSA)))


def _read(secret: str) -> tuple[Any, str]:
    """The key, and its algorithm. Raises ValueError, TypeError when it is none that the venue has."""
    # As the SDK does it: \n may stand for a line's end, as .env files have it.
    key = jwt_generator._load_private_key(secret.encode().decode("unicode_escape"))  # noqa: SLF001 - pinned by a test
    algorithm = jwt_generator._algorithm_for(key)  # noqa: SLF001
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.key_size != _BITS:
        raise ValueError("another curve")
    return key, algorithm


def _base64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
