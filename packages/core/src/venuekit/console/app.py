"""The routes: a page for people, JSON for programs, and the same rules for both."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from venuekit.console import pages
from venuekit.console.access import Access, NotSignedIn
from venuekit.console.outcome import outcome, shown
from venuekit.console.web import Request, Response, data, page, see
from venuekit.desk.decisions import decide
from venuekit.errors import (
    InternalError,
    InvalidValue,
    JournalUnavailable,
    PermissionRefused,
    Refused,
    UnknownApproval,
    UsageError,
    VenuekitError,
)
from venuekit.journal.story import story
from venuekit.model.action import Action
from venuekit.model.codec import to_plain
from venuekit.model.order import Order
from venuekit.protocols.approver import Operator
from venuekit.protocols.clock import Clock
from venuekit.protocols.journal import Approval, ApprovalState, Store
from venuekit.settings.credentials import BY_TOKEN
from venuekit.watch.redact import redact_text

log = logging.getLogger("venuekit.console")

LONGEST_NOTE = 500
_WAIT_SECONDS = 3.0
_MOST = 200
_ID = r"(?P<id>[A-Za-z0-9_]{1,64})"
_APPROVAL_PATH = re.compile(rf"/approvals(/{_ID})?")
_OPEN = (ApprovalState.PENDING, ApprovalState.APPROVED)
_STATUS = (
    (NotSignedIn, HTTPStatus.UNAUTHORIZED),
    (PermissionRefused, HTTPStatus.FORBIDDEN),
    (UnknownApproval, HTTPStatus.NOT_FOUND),
    (JournalUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (Refused, HTTPStatus.CONFLICT),
    (UsageError, HTTPStatus.BAD_REQUEST),
)
Handler = Callable[[Request, str], Awaitable[Response]]


class Console:
    """Answers requests about the approvals of one store. `secrets` are taken out of notes."""

    def __init__(self, store: Store, access: Access, clock: Clock, secrets: frozenset[str] = frozenset()) -> None:
        self._store = store
        self._access = access
        self._clock = clock
        self._secrets = secrets
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(pattern), handler)
            for method, pattern, handler in (
                ("GET", r"/", self._home),
                ("GET", r"/style\.css", self._style),
                ("GET", r"/login", self._ask_token),
                ("POST", r"/login", self._sign_in),
                ("POST", r"/logout", self._sign_out),
                ("GET", r"/approvals", self._list),
                ("GET", rf"/approvals/{_ID}", self._one),
                ("POST", rf"/approvals/{_ID}", self._decide),
                ("GET", r"/api/approvals", self._api_list),
                ("GET", rf"/api/approvals/{_ID}", self._api_one),
                ("POST", rf"/api/approvals/{_ID}/approve", self._api_approve),
                ("POST", rf"/api/approvals/{_ID}/reject", self._api_reject),
            )
        ]

    async def answer(self, request: Request) -> Response:
        """The answer; our errors become a status with their words, in the form that was asked for."""
        try:
            self._access.admit(request)
            return await self._routed(request)
        except VenuekitError as error:
            return self._failed(request, error)
        except Exception:  # the edge of the process: a bug becomes an answer, and is told where the operator looks
            log.exception("The console failed.")
            return self._failed(request, InternalError("Something went wrong inside the console."))

    async def _routed(self, request: Request) -> Response:
        allowed = []
        for method, pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match is None:
                continue
            if method == request.method:
                return await handler(request, match.groupdict().get("id", ""))
            allowed.append(method)
        if allowed:
            message = "This address does not do that."
            return data(
                {"error": {"message": message}}, HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", ", ".join(allowed)),)
            )
        raise UnknownApproval("There is nothing at this address.", fix="See /approvals.")

    def _failed(self, request: Request, error: VenuekitError) -> Response:
        status = next((s for kind, s in _STATUS if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)
        if request.path.startswith("/api/"):
            challenge = (("WWW-Authenticate", 'Bearer realm="venuekit operators"'),)
            return data({"error": error.to_dict()}, status, challenge if status is HTTPStatus.UNAUTHORIZED else ())
        return page(pages.failure(str(error)), status)

    # -- pages

    async def _home(self, _: Request, __: str) -> Response:
        return see("/approvals")

    async def _style(self, _: Request, __: str) -> Response:
        return Response(status=HTTPStatus.OK, body=pages.STYLE.encode(), content_type="text/css; charset=utf-8")

    async def _ask_token(self, request: Request, _: str) -> Response:
        return page(pages.login(_ours(request.query.get("to", ""))))

    async def _sign_in(self, request: Request, _: str) -> Response:
        self._access.own_form(request)
        form = request.form()
        to = _ours(form.get("to", ""))
        try:
            operator = self._access.operator(form.get("token", "").strip())
        except NotSignedIn as error:
            return page(pages.login(to, error.message), HTTPStatus.UNAUTHORIZED)
        return see(to, ("Set-Cookie", self._access.sign_in(operator)))

    async def _sign_out(self, request: Request, _: str) -> Response:
        self._access.own_form(request)
        return see("/login", ("Set-Cookie", self._access.sign_out(request)))

    async def _list(self, request: Request, _: str) -> Response:
        name = self._access.looking(request)
        if name is None:
            return see("/login")
        found = self._store.approvals(states=_OPEN, limit=_MOST)
        return page(pages.listed(found, self._clock.now_ns(), name))

    async def _one(self, request: Request, approval_id: str) -> Response:
        name = self._access.looking(request)
        if name is None:
            return see(f"/login?to=/approvals/{approval_id}")
        return page(self._shown(self._get(approval_id), name))

    def _shown(self, approval: Approval, name: str, message: str = "") -> str:
        return pages.one(approval, story(self._store, approval), self._clock.now_ns(), name, message)

    async def _decide(self, request: Request, approval_id: str) -> Response:
        self._access.own_form(request)
        form = request.form()
        approval = self._get(approval_id)
        try:
            operator = self._access.operator(form.get("token", "").strip())
            if form.get("order_hash") != approval.order_hash:
                raise InvalidValue("The page showed something else.", fix="Look at it again.", field="order_hash")
            if form.get("decision") not in ("approve", "reject"):
                raise InvalidValue("decision must be approve or reject.", field="decision")
            await self._decided(approval, operator, form.get("note", ""), approve=form["decision"] == "approve")
        except (Refused, UsageError) as error:
            status = next(s for kind, s in _STATUS if isinstance(error, kind))
            name = self._access.looking(request)
            if name is None:
                raise
            return page(self._shown(self._get(approval_id), name, str(error)), status)
        return see(f"/approvals/{approval_id}")

    # -- JSON

    async def _api_list(self, request: Request, _: str) -> Response:
        self._access.operator(request.bearer)
        word = request.query.get("state", "pending")
        accepted = ["all", *(s.value.lower() for s in ApprovalState)]
        if word not in accepted:
            raise InvalidValue(
                f"state is none of {', '.join(accepted)}.", field="state", details={"accepted": accepted}
            )
        states = () if word == "all" else (ApprovalState(word.upper()),)
        return data({"approvals": [to_plain(a) for a in self._store.approvals(states=states, limit=_MOST)]})

    async def _api_one(self, request: Request, approval_id: str) -> Response:
        self._access.operator(request.bearer)
        approval = self._get(approval_id)
        chapters = [
            {"sequence": r.sequence, "time_ns": r.time_ns, "kind": r.kind.value, "subject": r.subject}
            | {"what": pages.what(r)}
            for r in story(self._store, approval)
        ]
        return data({"approval": to_plain(approval), "story": chapters})

    async def _api_approve(self, request: Request, approval_id: str) -> Response:
        return await self._api_decide(request, approval_id, approve=True)

    async def _api_reject(self, request: Request, approval_id: str) -> Response:
        return await self._api_decide(request, approval_id, approve=False)

    async def _api_decide(self, request: Request, approval_id: str, *, approve: bool) -> Response:
        operator = self._access.operator(request.bearer)
        note = _only_note(request.json())
        found = await self._decided(self._get(approval_id), operator, note, approve=approve)
        return data({"approval": to_plain(self._get(approval_id)), **shown(found)})

    # -- both

    def _get(self, approval_id: str) -> Approval:
        found = self._store.approval(approval_id)
        if found is None:
            raise UnknownApproval(f"No approval {approval_id}.", fix="See /approvals.")
        return found

    async def _decided(
        self, approval: Approval, operator: Operator, note: str, *, approve: bool
    ) -> Order | Action | None:
        if len(note) > LONGEST_NOTE:
            raise InvalidValue(f"note may have {LONGEST_NOTE} characters.", field="note")
        words = redact_text(note, also=self._secrets | {operator.token})
        after = await decide(
            self._store, approval, operator, proof=BY_TOKEN, approve=approve, note=words, clock=self._clock
        )
        return await outcome(self._store, after, _WAIT_SECONDS, self._clock)


def _ours(path: str) -> str:
    """An address of ours to go on at; nobody else's."""
    return path if _APPROVAL_PATH.fullmatch(path) else "/approvals"


def _only_note(body: Any) -> str:
    note = body.get("note", "")
    strange = sorted(set(body) - {"note"})
    if strange or not isinstance(note, str):
        field = strange[0][:40] if strange else "note"
        raise InvalidValue("The body may have a note, which is text, and nothing else.", field=field)
    return note
