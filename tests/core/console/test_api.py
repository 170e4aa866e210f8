"""The operators' HTTP API: an operator's token decides, an agent's is refused everywhere, nobody's is none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from venuekit.protocols.journal import ApprovalState, EntryKind, RowQuery, Store

pytestmark = pytest.mark.anyio
TOKENS = {name: f"the-token-of-{name}" for name in ("ann", "bob", "bot")}
ROUTES = [
    ("GET", "/"),
    ("GET", "/style.css"),
    ("GET", "/login"),
    ("POST", "/login"),
    ("POST", "/logout"),
    ("GET", "/approvals"),
    ("GET", "/approvals/apr_1"),
    ("POST", "/approvals/apr_1"),
    ("GET", "/api/approvals"),
    ("GET", "/api/approvals/apr_1"),
    ("POST", "/api/approvals/apr_1/approve"),
    ("POST", "/api/approvals/apr_1/reject"),
]


async def test_an_agents_token_is_forbidden_on_every_route_and_moves_nothing(
    browser: Any, store: Store, waiting: Callable[..., Any]
) -> None:
    approval = await waiting()
    for method, path in ROUTES:
        refused = await browser.api(method, path, TOKENS["bot"], {} if method == "POST" else None)
        assert refused.status == 403, (method, path)
        assert "agent bot" in refused.text
    assert store.approval("apr_1") == approval


def test_every_route_is_tried_above() -> None:
    from venuekit.console.app import Console

    routes = Console(None, None, None)._routes  # type: ignore[arg-type]
    tried = {(m, pattern.pattern) for m, pattern, _ in routes for method, path in ROUTES if pattern.fullmatch(path)}
    assert tried == {(m, pattern.pattern) for m, pattern, _ in routes}


@pytest.mark.parametrize("token", [None, "", "a-guess", "THE-TOKEN-OF-ANN"])
async def test_without_an_operators_token_the_api_says_what_it_needs(
    browser: Any, store: Store, waiting: Callable[..., Any], token: str | None
) -> None:
    approval = await waiting()
    for method, path in (r for r in ROUTES if r[1].startswith("/api")):
        refused = await browser.api(method, path, token, {} if method == "POST" else None)
        assert refused.status == 401, (method, path)
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert refused.json["error"]["code"] == "PERMISSION_REFUSED"
    assert store.approval("apr_1") == approval


async def test_what_waits_is_listed_and_shown_with_its_story(browser: Any, waiting: Callable[..., Any]) -> None:
    await waiting()
    await waiting("apr_2", state=ApprovalState.USED)
    listed = await browser.api("GET", "/api/approvals", TOKENS["ann"])
    assert [a["id"] for a in listed.json["approvals"]] == ["apr_1"]
    everything = await browser.api("GET", "/api/approvals?state=all", TOKENS["ann"])
    assert {a["id"] for a in everything.json["approvals"]} == {"apr_1", "apr_2"}
    shown = (await browser.api("GET", "/api/approvals/apr_1", TOKENS["ann"])).json
    assert shown["approval"]["state"] == "PENDING"
    assert [c["what"][:5] for c in shown["story"]] == ["asked"]
    assert (await browser.api("GET", "/api/approvals?state=open", TOKENS["ann"])).status == 400
    assert (await browser.api("GET", "/api/approvals/apr_9", TOKENS["ann"])).status == 404


async def test_two_operators_approve_over_http_and_one_of_them_twice_is_one(
    browser: Any, store: Store, waiting: Callable[..., Any]
) -> None:
    await waiting(people=2)

    async def approve(name: str) -> Any:
        return await browser.api("POST", "/api/approvals/apr_1/approve", TOKENS[name], {"note": f"{name} says yes"})

    first = await approve("ann")
    assert (first.status, first.json["approval"]["state"], first.json["order"]) == (200, "PENDING", None)
    again = await approve("ann")
    assert (again.status, again.json["error"]["code"]) == (409, "APPROVAL_REFUSED")
    second = await approve("bob")
    assert (second.status, second.json["approval"]["state"]) == (200, "APPROVED")
    assert second.json["approval"]["decided_by"] == "ann (http), bob (http)"
    assert [d["proof"] for d in second.json["approval"]["decisions"]] == ["token", "token"]
    assert len(store.rows(RowQuery(kinds=(EntryKind.APPROVAL,)))) == 3
    assert store.verify().ok


async def test_a_rejection_over_http_has_its_words(browser: Any, store: Store, waiting: Callable[..., Any]) -> None:
    await waiting()
    note = f"no; by the way, my token is {TOKENS['bob']}"
    ran = await browser.api("POST", "/api/approvals/apr_1/reject", TOKENS["bob"], {"note": note})
    assert ran.json["approval"]["state"] == "REJECTED"
    assert ran.json["approval"]["note"].startswith("no; by the way")
    assert TOKENS["bob"] not in ran.text + str(store.rows(RowQuery()))


async def test_many_answers_at_once_have_one_outcome(browser: Any, store: Store, waiting: Callable[..., Any]) -> None:
    await waiting()
    calls = [("ann", "approve"), ("bob", "reject"), ("bob", "approve"), ("ann", "approve")] * 3
    answers = await asyncio.gather(
        *(browser.api("POST", f"/api/approvals/apr_1/{verb}", TOKENS[name], {}) for name, verb in calls)
    )
    after = store.approval("apr_1")
    assert after is not None
    assert {a.status for a in answers} <= {200, 409}
    approvals = [a for a, (_, verb) in zip(answers, calls, strict=True) if a.status == 200 and verb == "approve"]
    rejections = [a for a, (_, verb) in zip(answers, calls, strict=True) if a.status == 200 and verb == "reject"]
    assert len(approvals) <= 1
    assert len(rejections) == 1, "a rejection counts also after an approval that was not used"
    assert after.state is ApprovalState.REJECTED
    assert len(store.rows(RowQuery(kinds=(EntryKind.APPROVAL,)))) == 1 + len(approvals) + len(rejections)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"confirm": True}, {}),
        ({"note": 5}, {}),
        ({"note": "x" * 501}, {}),
        ([], {}),
        ({}, {"Content_Type": "text/plain"}),
        ({}, {"Content_Type": "application/x-www-form-urlencoded"}),
    ],
)
async def test_a_body_that_is_none_of_ours_decides_nothing(
    browser: Any, store: Store, waiting: Callable[..., Any], body: Any, headers: dict[str, str]
) -> None:
    approval = await waiting()
    given = {"Authorization": f"Bearer {TOKENS['ann']}", "Content_Type": "application/json", **headers}
    import json

    refused = await browser.ask("POST", "/api/approvals/apr_1/approve", body=json.dumps(body).encode(), **given)
    assert refused.status == 400
    assert store.approval("apr_1") == approval


async def test_an_expired_approval_is_not_decided_any_more(
    browser: Any, store: Store, waiting: Callable[..., Any]
) -> None:
    await waiting(created_ns=1, expires_ns=2)
    refused = await browser.api("POST", "/api/approvals/apr_1/approve", TOKENS["ann"], {})
    assert (refused.status, refused.json["error"]["details"]["state"]) == (409, "EXPIRED")
    after = store.approval("apr_1")
    assert after is not None
    assert after.state is ApprovalState.EXPIRED
