"""Requests and answers as values, and what every answer says to a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import attrs
import msgspec

from venuekit.errors import InvalidValue

#: Nothing is kept by the browser, run by the page, framed by another, or told to one.
HEADERS: Sequence[tuple[str, str]] = (
    ("Cache-Control", "no-store"),
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    # With "no-referrer" browsers send forms with the origin "null", which is refused here.
    ("Referrer-Policy", "same-origin"),
)
JSON = "application/json"
HTML = "text/html; charset=utf-8"
_COOKIE = re.compile(r"(?:^|;)\s*([A-Za-z0-9_]+)=([A-Za-z0-9_-]+)\s*(?=;|$)")


@attrs.frozen(kw_only=True)
class Request:
    """What was asked; names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = attrs.field(factory=dict)
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def bearer(self) -> str | None:
        """The token in the Authorization header; empty when there is another kind of credential in it."""
        given = self.headers.get("authorization")
        if given is None:
            return None
        kind, _, token = given.partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def cookie(self, name: str) -> str:
        """The cookie of this name, or an empty text."""
        return next((v for n, v in _COOKIE.findall(self.headers.get("cookie", "")) if n == name), "")

    def form(self) -> Mapping[str, str]:
        """The fields of a form; of one that is no form, none.

        Raises:
            InvalidValue: it is not a form.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise InvalidValue("A form has to be sent as application/x-www-form-urlencoded.", field="content-type")
        try:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=20))
        except ValueError as error:
            raise InvalidValue("This is not a form.", field="body") from error

    def json(self) -> Mapping[str, Any]:
        """The body as a JSON object; an empty body is an empty one.

        Raises:
            InvalidValue: it is none.
        """
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            raise InvalidValue(f"The body has to be sent as {JSON}.", field="content-type")
        try:
            found = msgspec.json.decode(self.body or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidValue("The body is not JSON.", field="body") from error
        if not isinstance(found, dict):
            raise InvalidValue("The body has to be a JSON object.", field="body")
        return found


@attrs.frozen(kw_only=True)
class Response:
    """What is answered, besides `HEADERS`."""

    status: HTTPStatus
    body: bytes = b""
    content_type: str = HTML
    headers: Sequence[tuple[str, str]] = ()


def page(text: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A page."""
    return Response(status=status, body=text.encode())


def data(body: Any, status: HTTPStatus = HTTPStatus.OK, headers: Sequence[tuple[str, str]] = ()) -> Response:
    """A JSON document."""
    return Response(status=status, body=msgspec.json.encode(body), content_type=JSON, headers=headers)


def see(path: str, *headers: tuple[str, str]) -> Response:
    """Go on at another address of ours, by reading it."""
    return Response(status=HTTPStatus.SEE_OTHER, headers=(("Location", path), *headers))
